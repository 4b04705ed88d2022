package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"kingsnake/client"
	"kingsnake/internal/cli/wholefile"
)

// credentials is the content of the credentials file.
type credentials struct {
	// Current is the server that was logged into last.
	Current string `json:"current,omitempty"`
	// Servers are the logins by the address of their server.
	Servers map[string]login `json:"servers"`
	// Conda holds, by the address of the server, the SHA-256 of the token that conda setup gave to other tools, so that
	// conda remove knows it again.
	Conda map[string]string `json:"conda,omitempty"`
}

// rememberConda notes which token the tools were given for a server; an empty one forgets it.
func rememberConda(address, token string) error {
	saved, err := loadCredentials()
	if err != nil {
		return err
	}
	if saved.Conda == nil {
		saved.Conda = map[string]string{}
	}
	if sum := sumOf(token); token != "" && saved.Conda[address] != sum {
		saved.Conda[address] = sum
	} else if _, known := saved.Conda[address]; token == "" && known {
		delete(saved.Conda, address)
	} else {
		return nil
	}
	return saved.save()
}

func sumOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// login is what one server knows the user by: a session or an access token.
type login struct {
	Username  string    `json:"username,omitempty"`
	Session   string    `json:"session,omitempty"`
	Token     string    `json:"token,omitempty"`
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

func (l login) credential() client.Credential {
	if l.Token != "" {
		return client.Token(l.Token)
	}
	return client.Session(l.Session)
}

// credentialsPath is kingsnake/credentials.json in the user's configuration directory.
func credentialsPath() (string, error) {
	dir := os.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(dir) {
		var err error
		if dir, err = os.UserConfigDir(); err != nil {
			return "", fmt.Errorf("find the place for credentials: %w", err)
		}
	}
	return filepath.Join(dir, "kingsnake", "credentials.json"), nil
}

// loadCredentials reads the file; one that is not there holds nothing.
func loadCredentials() (credentials, error) {
	c := credentials{Servers: map[string]login{}}
	path, err := credentialsPath()
	if err != nil {
		return c, err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("read the credentials: %w", err)
	}
	if err := json.Unmarshal(text, &c); err != nil {
		// The decoder's error may quote what it read.
		return c, fmt.Errorf("the credentials file %s is damaged: delete it and log in again", path)
	}
	if c.Servers == nil {
		c.Servers = map[string]login{}
	}
	return c, nil
}

// save replaces the file; only its owner can read it.
func (c credentials) save() error {
	path, err := credentialsPath()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("save the credentials: %w", err)
	}
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return fmt.Errorf("save the credentials: %w", err)
	}
	if err := wholefile.Replace(path, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("save the credentials: %w", err)
	}
	return nil
}
