package server

import (
	"fmt"
	"strings"

	"kingsnake/internal/config"
	"kingsnake/internal/notify"
	"kingsnake/internal/registry"
	"kingsnake/internal/version"
)

// notifications are the ways by which people are told of tokens that end, as configured.
func notifications(cfg config.Config, o Options) (registry.NotificationPolicy, error) {
	p := registry.NotificationPolicy{Hour: cfg.NoticeHour}
	site := strings.TrimSuffix(cfg.PublicURL, "/")
	if site == "" {
		site = "this Kingsnake server"
	}
	if cfg.SMTPAddress != "" {
		p.Ways = append(p.Ways, notify.NewMail(notify.MailOptions{
			Address: cfg.SMTPAddress, TLS: notify.TLSMode(cfg.SMTPTLS), Username: cfg.SMTPUsername, Password: string(cfg.SMTPPassword),
			From: cfg.SMTPFrom, Site: site,
		}))
	}
	if cfg.WebhookURL != "" {
		key, err := notify.ParseSecret(string(cfg.WebhookSecret))
		if err != nil {
			return p, fmt.Errorf("webhook_secret: %w", err)
		}
		p.Ways = append(p.Ways, notify.NewWebhook(notify.WebhookOptions{
			URL: cfg.WebhookURL, Key: key, Allowed: cfg.WebhookAllowedNetworks, Site: site, Agent: "kingsnake/" + version.Get().Version, Now: o.Now,
		}))
	}
	return p, nil
}
