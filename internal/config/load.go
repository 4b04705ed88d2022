package config

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// Load starts from the defaults and applies the TOML file, unless its name is empty, and then the environment, which has
// the form of os.Environ. An unknown key is an error. The caller applies its flags with Set and then calls Validate.
func Load(file string, environ []string) (Config, error) {
	c := Default()
	c.sources = map[string]string{}
	if file != "" {
		if err := c.loadFile(file); err != nil {
			return Config{}, err
		}
	}
	if err := c.loadEnv(environ); err != nil {
		return Config{}, err
	}
	if err := c.readSecrets(); err != nil {
		return Config{}, err
	}
	return c, nil
}

func (c *Config) loadFile(file string) error {
	meta, err := toml.DecodeFile(file, c)
	if err != nil {
		// The error names line and key and never the line's text, which may hold a secret.
		return fmt.Errorf("configuration file %s: %w", file, err)
	}
	var unknown []string
	for _, key := range meta.Undecoded() {
		unknown = append(unknown, key.String())
	}
	if len(unknown) > 0 {
		return fmt.Errorf("configuration file %s: unknown keys: %s", file, strings.Join(unknown, ", "))
	}
	for _, key := range meta.Keys() {
		c.sources[key.String()] = "file " + file
	}
	return nil
}

func (c *Config) loadEnv(environ []string) error {
	known := keys()
	var unknown []string
	var failed []error
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		key, ours := strings.CutPrefix(name, EnvPrefix)
		if !ours || foreign(name) {
			continue
		}
		if key = strings.ToLower(key); !slices.Contains(known, key) {
			unknown = append(unknown, name)
			continue
		}
		if err := c.Set(key, value, "environment "+name); err != nil {
			failed = append(failed, fmt.Errorf("environment variable %s: %w", name, err))
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		failed = append(failed, fmt.Errorf("unknown environment variables: %s", strings.Join(unknown, ", ")))
	}
	return errors.Join(failed...)
}

// serviceLink matches the variables that Kubernetes sets for a service whose name begins with "kingsnake".
var serviceLink = regexp.MustCompile(`^KINGSNAKE_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)$`)

// foreign reports whether a variable with our prefix is none of the server's business: those of the command line's
// client side, of the tests, and of Kubernetes.
func foreign(name string) bool {
	switch name {
	case "KINGSNAKE_URL", "KINGSNAKE_TOKEN", "KINGSNAKE_CA_FILE", "KINGSNAKE_CONFIG":
		return true
	}
	return strings.HasPrefix(name, "KINGSNAKE_TEST_") || serviceLink.MatchString(name)
}

// readSecrets reads each secret that was given as the name of a file.
func (c *Config) readSecrets() error {
	for _, s := range []struct {
		key  string
		dest *Secret
		file string
	}{
		{"admin_password", &c.AdminPassword, c.AdminPasswordFile},
		{"database", &c.Database, c.DatabaseFile},
		{"oidc_client_secret", &c.OIDCClientSecret, c.OIDCClientSecretFile},
		{"smtp_password", &c.SMTPPassword, c.SMTPPasswordFile},
		{"webhook_secret", &c.WebhookSecret, c.WebhookSecretFile},
	} {
		if s.file == "" {
			continue
		}
		if *s.dest != "" {
			return fmt.Errorf("%s and %s_file are both set: keep one", s.key, s.key)
		}
		text, err := os.ReadFile(s.file)
		if err != nil {
			return fmt.Errorf("%s_file: %w", s.key, err)
		}
		*s.dest = Secret(strings.TrimRight(string(text), "\r\n"))
		if *s.dest == "" {
			return fmt.Errorf("%s_file: %s is empty", s.key, s.file)
		}
		c.sources[s.key] = "file " + s.file
	}
	return nil
}
