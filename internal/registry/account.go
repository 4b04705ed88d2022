package registry

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"kingsnake/internal/access"
)

// User is somebody with an account.
type User struct {
	ID           int64
	PublicID     string
	Kind         access.PrincipalKind
	Name         string
	Email        string
	PasswordHash string
	// PasswordIssued tells that the server made the password and nobody has chosen another one yet.
	PasswordIssued     bool
	Disabled           bool
	DefaultChannelID   int64
	DefaultChannelPath string
	LastLoginAt        time.Time
	CreatedAt          time.Time
	UpdatedAt          time.Time
	Roles              []string
}

// Role is a named set of levels.
type Role struct {
	ID       int64
	PublicID string
	// Persistent roles come with the program and stay as they are.
	Persistent bool
	access.Role
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Session is one login.
type Session struct {
	ID          int64
	PublicID    string
	PrincipalID int64
	// Username is known to the login only, and so is First: that the account never signed in before.
	Username  string
	First     bool
	Address   string
	Client    string
	CreatedAt time.Time
	ExpiresAt time.Time
}

// The bounds of passwords, in bytes.
const (
	minPassword = 10
	maxPassword = 1024
)

// reservedUsers are names that would be mistaken for something else.
var reservedUsers = map[string]bool{"anonymous": true, "everyone": true, "system": true, "local": true, "tokens": true}

// validateUsername allows letters, digits and . _ - @ +, beginning with a letter or digit.
func validateUsername(name string) error {
	if name == "" || len(name) > 100 {
		return invalid("username", "a user name has 1 to 100 characters")
	}
	for i, r := range name {
		alnum := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
		if !alnum && (i == 0 || !strings.ContainsRune("._-@+", r)) {
			return invalid("username", "user name %q: letters, digits and . _ - @ + are allowed, and the first is a letter or a digit", clip(name, 100))
		}
	}
	if reservedUsers[strings.ToLower(name)] || strings.HasPrefix(name, "service-account-") {
		return invalid("username", "the name %q is reserved", name)
	}
	return nil
}

func validatePassword(password, username string) error {
	switch {
	case len(password) < minPassword:
		return invalid("password", "a password has at least %d characters", minPassword)
	case len(password) > maxPassword:
		return invalid("password", "a password has at most %d bytes", maxPassword)
	case !utf8.ValidString(password):
		return invalid("password", "the password is not valid UTF-8")
	case strings.EqualFold(password, username):
		return invalid("password", "the password must not be the user name")
	}
	return nil
}

func validateEmail(email string) error {
	if email == "" {
		return nil
	}
	at := strings.LastIndexByte(email, '@')
	if at < 1 || at == len(email)-1 || len(email) > 254 || strings.ContainsFunc(email, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
		return invalid("email", "%q is not an e-mail address", clip(email, 254))
	}
	return nil
}
