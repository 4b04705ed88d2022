package config

import (
	"net"
	"net/mail"
	"net/url"
	"strings"
)

// validateNotices judges by which ways people are told of tokens that end.
func (c *Config) validateNotices(require func(ok bool, key, want string)) {
	require(c.NoticeHour >= 0 && c.NoticeHour <= 23, "notice_hour", "write an hour of the day, 0 to 23")
	switch c.SMTPTLS {
	case "starttls", "tls", "none":
	default:
		require(false, "smtp_tls", `write "starttls", "tls" or "none"`)
	}
	if c.SMTPAddress != "" {
		host, _, err := net.SplitHostPort(c.SMTPAddress)
		require(err == nil && host != "" && validListen(c.SMTPAddress), "smtp_address", `write host:port, such as "mail.example.org:587"`)
		from, err := mail.ParseAddress(c.SMTPFrom)
		require(err == nil && from.Address == c.SMTPFrom, "smtp_from", `write the sender's address alone, such as "kingsnake@example.org"`)
		require((c.SMTPUsername == "") == (c.SMTPPassword == ""), "smtp_username", "set smtp_password together with it, or neither")
	}
	if c.WebhookURL != "" {
		u, err := url.Parse(c.WebhookURL)
		require(err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil, "webhook_url",
			"write an http or https address without user")
		require(strings.HasPrefix(string(c.WebhookSecret), "whsec_"), "webhook_secret", "write whsec_ and then base64 of 24 to 64 random bytes")
	}
}
