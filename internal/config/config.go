// Package config holds the settings of the server: their defaults, the TOML file and environment variables that change
// them, their validation, and the list that says what each is and where it came from.
//
// Out of scope: the settings of the command line's client side (package cli), and site settings that live in the database.
package config

import (
	"log/slog"
	"net/netip"
	"time"
)

// EnvPrefix begins the name of every environment variable of the server: data_dir is KINGSNAKE_DATA_DIR.
const EnvPrefix = "KINGSNAKE_"

// LogFormat is the form of log lines.
type LogFormat string

// The log formats.
const (
	LogJSON LogFormat = "json"
	LogText LogFormat = "text"
)

// BlobDownloads is a way for packages from S3 to clients.
type BlobDownloads string

// The ways.
const (
	BlobProxy    BlobDownloads = "proxy"
	BlobRedirect BlobDownloads = "redirect"
)

// Config is what the server is started with. The tag of a field is its key in the file; in upper case and with EnvPrefix
// it is the environment variable.
type Config struct {
	// DataDir holds the database, the packages and the keys; an empty directory becomes a new site.
	DataDir string `toml:"data_dir"`
	// Database is the URL of a PostgreSQL database, postgres://user:password@host/name; empty keeps the records in a file
	// in DataDir.
	Database     Secret `toml:"database"`
	DatabaseFile string `toml:"database_file"`
	// DatabaseConnections bounds how many connections read from PostgreSQL at once, 0 meaning four for each processor and
	// at least eight.
	DatabaseConnections int `toml:"database_connections"`
	// Blobs is where packages and index files are, s3://bucket/prefix?endpoint=…&region=…; empty keeps them in DataDir.
	Blobs string `toml:"blobs"`
	// BlobDownloads says how clients get package files that are in S3: through the server, or by a redirect.
	BlobDownloads BlobDownloads `toml:"blob_downloads"`
	// BlobCache bounds the copies in DataDir of files in S3 that are read often; 0 keeps none.
	BlobCache Size `toml:"blob_cache"`
	// Listen is the host:port to listen on.
	Listen string `toml:"listen"`
	// PublicURL is the address under which clients reach the server; empty goes by each request's Host header.
	PublicURL string `toml:"public_url"`
	// TrustedProxies are the networks whose X-Forwarded-* headers count.
	TrustedProxies []netip.Prefix `toml:"trusted_proxies"`
	// TLSCertFile and TLSKeyFile are PEM files; without them the server speaks plain HTTP.
	TLSCertFile string `toml:"tls_cert_file"`
	TLSKeyFile  string `toml:"tls_key_file"`
	// ACMEHosts are the names for which certificates are got by ACME (RFC 8555); none switches that off.
	ACMEHosts []string `toml:"acme_hosts"`
	// ACMEEmail is where the authority writes about certificates that end.
	ACMEEmail string `toml:"acme_email"`
	// ACMEDirectory is the address of the authority, and ACMECAFile a PEM file of whom to trust when it is asked; empty
	// trusts whom the machine trusts.
	ACMEDirectory string `toml:"acme_directory"`
	ACMECAFile    string `toml:"acme_ca_file"`
	// ACMEHTTPListen is a host:port, seen from outside as port 80, where challenges are answered and browsers are sent on to
	// https; empty answers challenges within TLS alone.
	ACMEHTTPListen string `toml:"acme_http_listen"`

	// AdminPassword is the password of the first administrator of a new site; empty makes one up and prints it once.
	AdminPassword     Secret `toml:"admin_password"`
	AdminPasswordFile string `toml:"admin_password_file"`

	LogLevel  slog.Level `toml:"log_level"`
	LogFormat LogFormat  `toml:"log_format"`

	// MaxUploadSize bounds one package file.
	MaxUploadSize Size `toml:"max_upload_size"`

	// StrictTokens answers 401 to a bad token even where the channel is public.
	StrictTokens bool `toml:"strict_tokens"`
	// SessionLifetime is how long a login lasts.
	SessionLifetime Duration `toml:"session_lifetime"`
	// SessionIdle is how long a browser stays signed in without opening a page.
	SessionIdle Duration `toml:"session_idle"`
	// TokenDefaultLifetime is the life of a token whose creator names no end; 0 makes it endless.
	TokenDefaultLifetime Duration `toml:"token_default_lifetime"`
	// TokenMaxLifetime bounds the life of every token string, existing ones included; 0 sets no bound.
	TokenMaxLifetime Duration `toml:"token_max_lifetime"`
	// ServiceAccountMaxLifetime bounds the life of the token strings of service accounts besides; 0 leaves it to
	// TokenMaxLifetime.
	ServiceAccountMaxLifetime Duration `toml:"service_account_max_lifetime"`

	// OIDCIssuer is the address of the OpenID Connect provider that people sign in at; empty switches that off.
	OIDCIssuer string `toml:"oidc_issuer"`
	// OIDCName is what the provider is called in front of people.
	OIDCName             string `toml:"oidc_name"`
	OIDCClientID         string `toml:"oidc_client_id"`
	OIDCClientSecret     Secret `toml:"oidc_client_secret"`
	OIDCClientSecretFile string `toml:"oidc_client_secret_file"`
	// OIDCScopes are asked of the provider; openid must be among them.
	OIDCScopes []string `toml:"oidc_scopes"`
	// OIDCGroupsClaim names the claim whose values the maps below read. A dotted name leads into nested claims.
	OIDCGroupsClaim string `toml:"oidc_groups_claim"`
	// OIDCRoleMap gives roles to who has a value in the groups claim, each written "value=role".
	OIDCRoleMap []string `toml:"oidc_role_map"`
	// OIDCGroupMap puts who has a value into a group, each written "value=group"; "*" stands for all groups whose name
	// is a value.
	OIDCGroupMap []string `toml:"oidc_group_map"`
	// OIDCAllowedDomains and OIDCAllowedGroups let only those in whose verified e-mail address is in one of the domains,
	// and who have one of the values in the groups claim; empty lets everybody in whom the provider knows.
	OIDCAllowedDomains []string `toml:"oidc_allowed_domains"`
	OIDCAllowedGroups  []string `toml:"oidc_allowed_groups"`
	// OIDCClaimsLifetime is how long after a login what it brought by the maps is held.
	OIDCClaimsLifetime Duration `toml:"oidc_claims_lifetime"`

	// TrustedIssuers are the OpenID Connect issuers whose word about CI jobs channels may take.
	TrustedIssuers []string `toml:"trusted_issuers"`

	// NoticeHour is the hour of the day, in UTC, from which on people are told of tokens that end.
	NoticeHour int `toml:"notice_hour"`
	// SMTPAddress is the host:port of the mail server that sends such notices; empty sends no mail.
	SMTPAddress string `toml:"smtp_address"`
	// SMTPTLS is "starttls", "tls" (from the first byte) or "none".
	SMTPTLS          string `toml:"smtp_tls"`
	SMTPUsername     string `toml:"smtp_username"`
	SMTPPassword     Secret `toml:"smtp_password"`
	SMTPPasswordFile string `toml:"smtp_password_file"`
	// SMTPFrom is the sender's address.
	SMTPFrom string `toml:"smtp_from"`
	// WebhookURL is where such notices are posted; empty posts none.
	WebhookURL string `toml:"webhook_url"`
	// WebhookSecret signs them: "whsec_" and base64 of 24 to 64 random bytes.
	WebhookSecret     Secret `toml:"webhook_secret"`
	WebhookSecretFile string `toml:"webhook_secret_file"`
	// WebhookAllowedNetworks are networks beyond the public internet to which webhooks may go.
	WebhookAllowedNetworks []netip.Prefix `toml:"webhook_allowed_networks"`

	// HeaderTimeout bounds how long a client may take to send its request headers.
	HeaderTimeout Duration `toml:"header_timeout"`
	// ProgressTimeout ends a transfer in which nothing moves.
	ProgressTimeout Duration `toml:"progress_timeout"`
	// PasswordConcurrency bounds how many passwords are hashed at once; each takes tens of megabytes and one processor. 0 is
	// half the processors.
	PasswordConcurrency int `toml:"password_concurrency"`
	// IndexDebounce is how long repodata.json waits for further changes before it is built again.
	IndexDebounce Duration `toml:"index_debounce"`

	// sources says for each key where its value came from; a key that is missing has its default.
	sources map[string]string
}

// letsEncrypt is the directory of the authority that most people use.
const letsEncrypt = "https://acme-v02.api.letsencrypt.org/directory"

// TLS tells whether the server speaks TLS itself.
func (c *Config) TLS() bool { return c.TLSCertFile != "" || len(c.ACMEHosts) > 0 }

// Default is the configuration of a server that was told nothing.
func Default() Config {
	return Config{
		DataDir:                   "data",
		BlobDownloads:             BlobProxy,
		BlobCache:                 4 << 30,
		Listen:                    "127.0.0.1:8080",
		LogLevel:                  slog.LevelInfo,
		LogFormat:                 LogText,
		MaxUploadSize:             10 << 30,
		SessionLifetime:           Duration(12 * time.Hour),
		SessionIdle:               Duration(2 * time.Hour),
		TokenDefaultLifetime:      Duration(90 * day),
		ACMEDirectory:             letsEncrypt,
		ServiceAccountMaxLifetime: Duration(365 * day),
		OIDCName:                  "single sign-on",
		OIDCScopes:                []string{"openid", "profile", "email"},
		OIDCGroupsClaim:           "groups",
		OIDCClaimsLifetime:        Duration(30 * day),
		NoticeHour:                6,
		SMTPTLS:                   "starttls",
		HeaderTimeout:             Duration(10 * time.Second),
		ProgressTimeout:           Duration(time.Minute),
		IndexDebounce:             Duration(500 * time.Millisecond),
	}
}
