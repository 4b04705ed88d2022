package cli

import (
	"fmt"
	"log/slog"
	"os"

	"kingsnake/client"
	"kingsnake/internal/version"
)

// connection is a client with what is known of its credential.
type connection struct {
	*client.Client
	login login
	// how says where the credential came from, for people.
	how string
}

// connect makes a client of the chosen server with the credential that the user has there, or none.
func (a *app) connect() (*connection, error) {
	saved, err := loadCredentials()
	if err != nil {
		return nil, err
	}
	c, err := a.client(saved.Current)
	if err != nil {
		return nil, err
	}
	if token := os.Getenv("KINGSNAKE_TOKEN"); token != "" {
		return &connection{Client: c.As(client.Token(token)), login: login{Token: token}, how: "token in KINGSNAKE_TOKEN"}, nil
	}
	known, ok := saved.Servers[c.BaseURL()]
	if !ok {
		return &connection{Client: c, how: "nobody"}, nil
	}
	if end := known.ExpiresAt; known.Session != "" && !end.IsZero() && !end.After(a.Now()) {
		return nil, &failure{
			what: "your session at " + c.BaseURL() + " ended " + relative(end.Sub(a.Now())),
			err:  errNotLoggedIn, next: "kingsnake login " + c.BaseURL(),
		}
	}
	how := "session"
	if known.Token != "" {
		how = "saved token"
	}
	return &connection{Client: c.As(known.credential()), login: known, how: how}, nil
}

// connectAs is connect for commands that make no sense without a credential.
func (a *app) connectAs() (*connection, error) {
	c, err := a.connect()
	if err != nil {
		return nil, err
	}
	if c.login == (login{}) {
		return nil, &failure{what: "this needs a login at " + c.BaseURL(), err: errNotLoggedIn, next: "kingsnake login " + c.BaseURL()}
	}
	return c, nil
}

// client makes a client without a credential, of the server that the flag, the environment or otherwise names.
func (a *app) client(otherwise string) (*client.Client, error) {
	address := firstOf(a.url, os.Getenv("KINGSNAKE_URL"), otherwise)
	if address == "" {
		return nil, fail(errNotLoggedIn, "no server is known")
	}
	opts := []client.Option{client.WithUserAgent("kingsnake/" + version.Get().Version)}
	if file := firstOf(a.caFile, os.Getenv("KINGSNAKE_CA_FILE")); file != "" {
		opts = append(opts, client.WithCAFile(file))
	}
	if a.verbose {
		opts = append(opts, client.WithLogger(slog.New(slog.NewTextHandler(a.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	}
	c, err := client.New(address, opts...)
	if err != nil {
		return nil, usageError{fmt.Errorf("connect: %w", err)}
	}
	return c, nil
}

// firstOf is the first string that is not empty.
func firstOf(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}
