package registry

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"kingsnake/internal/access"
)

// AccountStore keeps users, their roles and sessions.
type AccountStore interface {
	InsertUser(ctx context.Context, tx Tx, u User) (int64, error)
	UpdateUser(ctx context.Context, tx Tx, u User) error
	DeleteUser(ctx context.Context, tx Tx, id int64) error
	UserByID(ctx context.Context, tx Tx, id int64) (User, error)
	UserByName(ctx context.Context, tx Tx, name string) (User, error)
	UserByPublicID(ctx context.Context, tx Tx, publicID string) (User, error)
	ListUsers(ctx context.Context, f UserFilter, p Page) ([]User, int64, error)
	ListRoles(ctx context.Context, tx Tx) ([]Role, error)
	InsertRole(ctx context.Context, tx Tx, r Role) (int64, error)
	SetRoles(ctx context.Context, tx Tx, principal int64, roles []int64) error
	CountAdmins(ctx context.Context, tx Tx, except int64) (int64, error)
	SessionStore
}

// SessionStore keeps sessions.
type SessionStore interface {
	InsertSession(ctx context.Context, tx Tx, s Session) (int64, error)
	SessionByPublicID(ctx context.Context, tx Tx, publicID string) (Session, error)
	DeleteSession(ctx context.Context, tx Tx, publicID string) error
	// DeleteSessions ends all sessions of a principal, and says which they were.
	DeleteSessions(ctx context.Context, tx Tx, principal int64) ([]string, error)
}

// Passwords turns passwords into what may be kept of them. Both calls are slow on purpose and bounded in number.
type Passwords interface {
	Hash(ctx context.Context, password string) (string, error)
	// Verify also spends its time when hash is empty, so that an unknown user costs the same.
	Verify(ctx context.Context, hash, password string) (bool, error)
}

// Accounts is the service for users, roles and sessions.
type Accounts struct {
	*core
	accounts  AccountStore
	ownings   OwningStore
	tokens    *Tokens
	channels  *Channels
	settings  *Settings
	directory *Directory
	passwords Passwords
	sessions  SessionPolicy
}

// UserInput is what somebody asks of a new account.
type UserInput struct {
	Name, Email string
	// Password may be empty: one is then made and returned once.
	Password string
	// Roles may be nil: the account then gets those that the site's settings give to everybody.
	Roles []string
}

// NewUser is a new account with the password that was made for it, if one was.
type NewUser struct {
	User     User
	Password string
}

// CreateUser makes an account.
func (s *Accounts) CreateUser(ctx context.Context, caller *access.Caller, in UserInput) (NewUser, error) {
	if err := s.allow(ctx, caller, access.UserEdit, access.OnSystem()); err != nil {
		return NewUser{}, err
	}
	if in.Roles == nil {
		settings, err := s.settings.Current(ctx)
		if err != nil {
			return NewUser{}, err
		}
		in.Roles = settings.NewRoles()
	}
	out := NewUser{User: User{PublicID: uuid.NewString(), Kind: access.KindUser, Name: in.Name, Email: in.Email, CreatedAt: s.now(), UpdatedAt: s.now()}}
	if err := errors.Join(validateUsername(in.Name), validateEmail(in.Email)); err != nil {
		return NewUser{}, err
	}
	password, err := s.choose(ctx, &out.User, in.Password)
	if err != nil {
		return NewUser{}, err
	}
	out.Password = password
	err = s.write(ctx, caller, func(w *work) error {
		if out.User.ID, err = s.accounts.InsertUser(ctx, w.tx, out.User); err != nil {
			return err
		}
		if out.User.Roles, err = s.assign(ctx, w, out.User, in.Roles); err != nil {
			return err
		}
		return w.recordAbout(ctx, out.User.ID, EventUserCreated, 0, out.User.Name, map[string]any{"roles": out.User.Roles})
	})
	if errors.Is(err, ErrTaken) {
		return NewUser{}, conflict("a user named %q exists already", in.Name)
	}
	return out, err
}

// choose gives an account a password: the one asked for, or a new one, which is returned.
func (s *Accounts) choose(ctx context.Context, u *User, password string) (made string, err error) {
	if password == "" {
		made = rand.Text()
		password = made
	} else if err := validatePassword(password, u.Name); err != nil {
		return "", err
	}
	u.PasswordIssued = made != ""
	u.PasswordHash, err = s.passwords.Hash(ctx, password)
	return made, err
}

// UserFilter narrows a list of users.
type UserFilter struct {
	// Query finds a part of the name or the e-mail address.
	Query string
	// Role keeps those who have the role of this name, be it by claims that have not lapsed at Now.
	Role string
	Now  time.Time
	// Disabled keeps the disabled accounts, or the others; nil keeps both.
	Disabled *bool
}

// ListUsers gives the users of the site.
func (s *Accounts) ListUsers(ctx context.Context, caller *access.Caller, f UserFilter, p Page) ([]User, int64, error) {
	if err := s.allow(ctx, caller, access.UserView, access.OnSystem()); err != nil {
		return nil, 0, err
	}
	if err := p.Validate("username", "created_at", "last_login_at"); err != nil {
		return nil, 0, err
	}
	f.Now = s.now()
	return s.accounts.ListUsers(ctx, f, p)
}

// GetUser gives an account by its public id or its name.
func (s *Accounts) GetUser(ctx context.Context, caller *access.Caller, ref string) (User, error) {
	u, err := s.lookUp(ctx, nil, ref)
	if aerr := s.allow(ctx, caller, access.UserView, access.OnAccount(u.ID)); aerr != nil {
		return User{}, aerr
	}
	return u, err
}

// lookUp finds a user by public id or name. A service account is none: it belongs to its channel.
func (s *Accounts) lookUp(ctx context.Context, tx Tx, ref string) (User, error) {
	u, err := s.accounts.UserByPublicID(ctx, tx, ref)
	if errors.Is(err, ErrNoRecord) {
		u, err = s.accounts.UserByName(ctx, tx, ref)
	}
	if errors.Is(err, ErrNoRecord) || err == nil && u.Kind != access.KindUser {
		return User{}, notFound("there is no user %s", ref)
	}
	return u, err
}

// UserChange is an edit of an account; nil leaves a field as it is.
type UserChange struct {
	Email    *string
	Disabled *bool
}

// EditUser changes an account's e-mail address, or disables or enables it. Disabling ends its sessions; its tokens stop
// until it is enabled again.
func (s *Accounts) EditUser(ctx context.Context, caller *access.Caller, ref string, change UserChange) (User, error) {
	return s.change(ctx, caller, access.UserEdit, ref, EventUserUpdated, func(w *work, u *User) (any, error) {
		if change.Email != nil {
			if err := validateEmail(*change.Email); err != nil {
				return nil, err
			}
			u.Email = *change.Email
		}
		if change.Disabled != nil {
			if *change.Disabled && !u.Disabled {
				if err := s.keepAnAdmin(ctx, w, *u); err != nil {
					return nil, err
				}
				if err := s.endSessions(ctx, w, u.ID); err != nil {
					return nil, err
				}
			}
			u.Disabled = *change.Disabled
		}
		return map[string]any{"disabled": u.Disabled}, nil
	})
}

// change asks for a scope and runs one edit of an account in a transaction.
func (s *Accounts) change(ctx context.Context, caller *access.Caller, scope access.Scope, ref string, event EventType, fn func(*work, *User) (any, error)) (User, error) {
	u, err := s.lookUp(ctx, nil, ref)
	if aerr := s.allow(ctx, caller, scope, access.OnSystem()); aerr != nil {
		return User{}, aerr
	}
	if err != nil {
		return User{}, err
	}
	err = s.write(ctx, caller, func(w *work) error {
		if u, err = s.accounts.UserByID(ctx, w.tx, u.ID); err != nil {
			return err
		}
		data, err := fn(w, &u)
		if err != nil {
			return err
		}
		u.UpdatedAt = s.now()
		if err := s.accounts.UpdateUser(ctx, w.tx, u); err != nil {
			return err
		}
		w.changed(ChangedPrincipal, u.ID, "")
		return w.recordAbout(ctx, u.ID, event, 0, u.Name, data)
	})
	if errors.Is(err, ErrNoRecord) {
		return User{}, notFound("user %s was deleted meanwhile", ref)
	}
	return u, err
}

// keepAnAdmin refuses what would leave the site without an admin who can sign in.
func (s *Accounts) keepAnAdmin(ctx context.Context, w *work, u User) error {
	if !slices.Contains(u.Roles, access.RoleAdmin) || u.Disabled {
		return nil
	}
	others, err := s.accounts.CountAdmins(ctx, w.tx, u.ID)
	if err != nil {
		return err
	}
	if others == 0 {
		e := conflict("%s is the last admin who can sign in; make somebody else an admin first", u.Name)
		e.Reason = "last_admin"
		return e
	}
	return nil
}

// DeleteUser removes an account. Its tokens and sessions end at once; its channels stay, with their other owners. Where there
// is no other, it takes force.
func (s *Accounts) DeleteUser(ctx context.Context, caller *access.Caller, ref string, force bool) error {
	u, err := s.lookUp(ctx, nil, ref)
	if aerr := s.allow(ctx, caller, access.UserEdit, access.OnSystem()); aerr != nil {
		return aerr
	}
	if err != nil {
		return err
	}
	return s.write(ctx, caller, func(w *work) error {
		if u, err = s.accounts.UserByID(ctx, w.tx, u.ID); err != nil {
			return err
		}
		if err := s.keepAnAdmin(ctx, w, u); err != nil {
			return err
		}
		if !force {
			if err := s.keepOwners(ctx, w, u); err != nil {
				return err
			}
		}
		if err := s.tokens.revokeAll(ctx, w, u.ID); err != nil {
			return err
		}
		if err := s.endSessions(ctx, w, u.ID); err != nil {
			return err
		}
		if err := s.accounts.DeleteUser(ctx, w.tx, u.ID); err != nil {
			return err
		}
		w.changed(ChangedPrincipal, u.ID, "")
		return w.recordAbout(ctx, u.ID, EventUserDeleted, 0, u.Name, nil)
	})
}

// Me gives the caller's own account, cut down to what its credential may show.
func (s *Accounts) Me(ctx context.Context, caller *access.Caller) (User, error) {
	u, err := s.accounts.UserByID(ctx, nil, caller.Principal.ID)
	if errors.Is(err, ErrNoRecord) {
		return User{}, notFound("this account was deleted")
	}
	if err != nil {
		return User{}, err
	}
	u.DefaultChannelPath = s.visibleDefault(ctx, caller, u)
	if caller.Token == nil {
		// Roles may be lent by claims besides.
		u.Roles = slices.DeleteFunc(slices.Clone(caller.Principal.Roles), func(r string) bool { return r == access.RoleEveryone })
		return u, nil
	}
	return User{PublicID: u.PublicID, Name: u.Name, Kind: u.Kind, DefaultChannelPath: u.DefaultChannelPath}, nil
}

// SetOwnEmail changes the caller's e-mail address; an empty one forgets it. It takes a session: a token is not to send its
// owner's mail elsewhere.
func (s *Accounts) SetOwnEmail(ctx context.Context, caller *access.Caller, email string) (User, error) {
	if caller.Via != access.ViaSession || !caller.LoggedIn() {
		return User{}, &Error{Code: CodeWrongKind, Reason: "session_required", Message: "an e-mail address is changed by somebody who has signed in; a token cannot do it"}
	}
	if err := validateEmail(email); err != nil {
		return User{}, err
	}
	err := s.write(ctx, caller, func(w *work) error {
		u, err := s.accounts.UserByID(ctx, w.tx, caller.Principal.ID)
		if err != nil {
			return err
		}
		u.Email, u.UpdatedAt = email, s.now()
		if err := s.accounts.UpdateUser(ctx, w.tx, u); err != nil {
			return err
		}
		return w.recordAbout(ctx, u.ID, EventUserUpdated, 0, u.Name, map[string]any{"email": "changed"})
	})
	if err != nil {
		return User{}, err
	}
	return s.Me(ctx, caller)
}

// visibleDefault is the account's default channel if the caller may see it.
func (s *Accounts) visibleDefault(ctx context.Context, caller *access.Caller, u User) string {
	if u.DefaultChannelPath == "" {
		return ""
	}
	c, err := s.tokens.lookup.find(ctx, u.DefaultChannelPath)
	if err != nil || !access.MayRead(caller, access.OnChannel(c.Access())) {
		return ""
	}
	return u.DefaultChannelPath
}
