package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// Validate says everything that is wrong with the settings, one error for each.
func (c *Config) Validate() error {
	var errs []error
	require := func(ok bool, key, want string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s (from %s): %s", key, c.source(key), want))
		}
	}
	require(c.DataDir != "", "data_dir", "name a directory")
	require(validDatabase(string(c.Database)), "database", "write postgres://user:password@host:port/name, or leave it empty for a file in data_dir")
	require(c.DatabaseConnections >= 0 && c.DatabaseConnections <= maxConnections, "database_connections", fmt.Sprintf("must be at most %d", maxConnections))
	require(c.Blobs == "" || strings.HasPrefix(c.Blobs, "s3://"), "blobs", "write s3://bucket/prefix?endpoint=https://host&region=name, or leave it empty for a folder in data_dir")
	require(c.BlobDownloads == BlobProxy || c.BlobDownloads == BlobRedirect, "blob_downloads", `write "proxy" or "redirect"`)
	require(validListen(c.Listen), "listen", `write host:port, such as "127.0.0.1:8080" or ":8080"`)
	require(validPublicURL(c.PublicURL), "public_url", "write an http or https address without user, path, query or fragment")
	require((c.TLSCertFile == "") == (c.TLSKeyFile == ""), "tls_cert_file", "set tls_key_file together with it, or neither")
	c.validateACME(require)
	require(c.LogFormat == LogJSON || c.LogFormat == LogText, "log_format", `write "json" or "text"`)
	require(c.MaxUploadSize > 0, "max_upload_size", "must be more than 0")
	require(c.SessionLifetime > 0, "session_lifetime", "must be more than 0")
	require(c.SessionIdle > 0, "session_idle", "must be more than 0")
	require(c.HeaderTimeout > 0, "header_timeout", "must be more than 0")
	require(c.ProgressTimeout > 0, "progress_timeout", "must be more than 0")
	require(c.PasswordConcurrency >= 0, "password_concurrency", "must not be negative")
	if bound := c.TokenMaxLifetime; bound > 0 {
		require(c.TokenDefaultLifetime > 0 && c.TokenDefaultLifetime <= bound, "token_default_lifetime",
			fmt.Sprintf("must lie within token_max_lifetime (%s)", bound))
	}
	c.validateOIDC(require)
	c.validateNotices(require)
	return errors.Join(errs...)
}

func (c *Config) source(key string) string {
	if s := c.sources[key]; s != "" {
		return s
	}
	return "default"
}

// maxConnections bounds database_connections; a PostgreSQL that takes more is not known.
const maxConnections = 10_000

// validDatabase wants a URL; what is in it is judged when it is opened.
func validDatabase(s string) bool {
	return s == "" || strings.HasPrefix(s, "postgres://") || strings.HasPrefix(s, "postgresql://")
}

func validListen(s string) bool {
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return err == nil
}

// validPublicURL wants no path, because conda's clients recognise a token in a URL only as the first path segment.
func validPublicURL(s string) bool {
	if s == "" {
		return true
	}
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && u.User == nil &&
		strings.Trim(u.Path, "/") == "" && u.RawQuery == "" && u.Fragment == ""
}
