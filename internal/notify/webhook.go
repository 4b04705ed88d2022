package notify

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"kingsnake/internal/registry"
)

// SecretPrefix begins the secret that webhooks are signed with; base64 of 24 to 64 bytes follows.
const SecretPrefix = "whsec_"

// ParseSecret gives the key of a webhook's secret.
func ParseSecret(secret string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(secret, SecretPrefix)
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || err != nil || len(key) < 24 || len(key) > 64 {
		// What was there is not repeated: it may be a secret all the same.
		return nil, errors.New("write " + SecretPrefix + " and then base64 of 24 to 64 random bytes")
	}
	return key, nil
}

// WebhookOptions are what webhooks are sent with.
type WebhookOptions struct {
	URL string
	// Key signs, see ParseSecret.
	Key []byte
	// Allowed are networks beyond the public internet to which webhooks may go.
	Allowed []netip.Prefix
	// Site is the address of the site, for people to read.
	Site string
	// Agent is the User-Agent.
	Agent string
	Now   func() time.Time
	// Roots are trusted in place of the system's authorities where they are not nil.
	Roots *x509.CertPool
	// Whole bounds one request with its answer, 0 meaning 15 seconds.
	Whole time.Duration
}

// Webhook posts digests to an address of the site's administrators.
type Webhook struct {
	o      WebhookOptions
	client *http.Client
}

// webhookTime bounds one request with its answer.
const webhookTime = 15 * time.Second

// NewWebhook makes the way by webhook.
func NewWebhook(o WebhookOptions) *Webhook {
	dialer := &net.Dialer{Timeout: 10 * time.Second, Control: newNetwork(o.Allowed).control}
	return &Webhook{o: o, client: &http.Client{
		Timeout: cmp.Or(o.Whole, webhookTime),
		// No proxy: it would be dialled in place of the address that is judged.
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: 10 * time.Second, MaxResponseHeaderBytes: 64 << 10, DisableKeepAlives: true,
			TLSClientConfig: &tls.Config{RootCAs: o.Roots, MinVersion: tls.VersionTLS12},
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Name is "webhook".
func (w *Webhook) Name() string { return "webhook" }

// Reaches is true for everybody: it is one address for the site.
func (w *Webhook) Reaches(registry.Recipient) bool { return true }

// payload is the body of a webhook.
type payload struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

type data struct {
	Site      string        `json:"site"`
	Recipient person        `json:"recipient"`
	Text      string        `json:"text"`
	Total     int           `json:"total_count"`
	Tokens    []endingToken `json:"tokens"`
}

type person struct {
	UserID   string `json:"user_id"`
	Username string `json:"username"`
	Email    string `json:"email,omitempty"`
}

type endingToken struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Type  string `json:"type"`
	Owner string `json:"owner"`
	// Channels are at most maxChannels of those that the recipient is concerned with; ChannelCount counts all.
	Channels     []string  `json:"channels"`
	ChannelCount int       `json:"channel_count"`
	ExpiresAt    time.Time `json:"expires_at"`
	DaysLeft     int       `json:"days_left"`
	Expired      bool      `json:"expired"`
}

// maxChannels bounds the channels that are named of one token.
const maxChannels = 20

// The types of webhooks.
const (
	typeDigest = "token.expiry_digest"
	typeTest   = "test"
)

func (w *Webhook) payload(d registry.Digest) payload {
	p := payload{Type: typeDigest, Timestamp: d.At.UTC(), Data: data{
		Site: w.o.Site, Recipient: person{UserID: d.To.PublicID, Username: d.To.Name, Email: d.To.Email},
		Text: subject(d), Total: d.Total, Tokens: []endingToken{},
	}}
	if d.Test {
		p.Type = typeTest
	}
	for _, e := range d.Endings {
		p.Data.Tokens = append(p.Data.Tokens, endingToken{
			ID: e.PublicID, Name: e.Name, Type: e.Kind.String(), Owner: e.Owner, ChannelCount: len(e.Channels),
			Channels:  append([]string{}, e.Channels[:min(len(e.Channels), maxChannels)]...),
			ExpiresAt: e.Ends, DaysLeft: registry.DaysLeft(e.Ends, d.At), Expired: e.Lead == 0,
		})
	}
	return p
}

// Send posts a digest. Any answer but one of success is a failure; a redirect is followed nowhere.
func (w *Webhook) Send(ctx context.Context, d registry.Digest) (rerr error) {
	body, err := json.Marshal(w.payload(d))
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.o.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	stamp := strconv.FormatInt(w.o.Now().Unix(), 10)
	for name, value := range map[string]string{
		"Content-Type": "application/json", "User-Agent": w.o.Agent,
		"webhook-id": d.ID, "webhook-timestamp": stamp, "webhook-signature": sign(w.o.Key, d.ID, stamp, body),
	} {
		req.Header.Set(name, value)
	}
	resp, err := w.client.Do(req)
	var ue *url.Error
	if errors.As(err, &ue) {
		// The address may hold what is as good as a password, and goes into no log.
		err = ue.Err
	}
	if err != nil {
		return fmt.Errorf("webhook: %w: %w", registry.ErrWayDown, err)
	}
	defer func() { rerr = errors.Join(rerr, resp.Body.Close()) }()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)); err != nil {
		return fmt.Errorf("webhook: reading the answer: %w: %w", registry.ErrWayDown, err)
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("webhook: the receiver answered %s", resp.Status)
	}
	return nil
}

// sign is the signature over id, time and body, by the Standard Webhooks scheme.
func sign(key []byte, id, stamp string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte(id + "." + stamp + ".")) // A hash never fails.
	_, _ = mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
