package registry

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"kingsnake/internal/access"
)

// SessionPolicy is what the site demands of sessions.
type SessionPolicy struct {
	// Lifetime is how long a login lasts.
	Lifetime time.Duration
}

// LoginInput is a password login, and where it came from.
type LoginInput struct {
	Username, Password string
	// Origin is the request's caller before the login: its address, client and request id.
	Origin *access.Caller
}

// Login opens a session for a user with the right password. Whether the user exists shows neither in the answer nor in
// the time it takes.
func (s *Accounts) Login(ctx context.Context, in LoginInput) (Session, error) {
	u, err := s.accounts.UserByName(ctx, nil, in.Username)
	if err != nil && !errors.Is(err, ErrNoRecord) {
		return Session{}, err
	}
	ok, err := s.passwords.Verify(ctx, u.PasswordHash, clip(in.Password, maxPassword+1))
	if err != nil {
		return Session{}, err
	}
	if !ok || u.Disabled || u.Kind != access.KindUser {
		s.loginFailed(in, u)
		return Session{}, errLogin()
	}
	var session Session
	err = s.write(ctx, loginCaller(in.Origin, u), func(w *work) (err error) {
		if u, err = s.unchanged(ctx, w, u); err != nil {
			return err
		}
		session, err = s.open(ctx, w, u, nil)
		return err
	})
	if e, known := AsError(err); known && e.Code == CodeCredential {
		s.loginFailed(in, u)
	}
	if err == nil && session.First {
		s.welcome(ctx, in.Origin, u.ID)
	}
	return session, err
}

func errLogin() error {
	return &Error{Code: CodeCredential, Reason: string(access.ProblemPassword), Message: "the user name or the password is wrong, or the account is disabled"}
}

// unchanged reads an account again whose password was right. Hashing takes long, and the account may have been disabled
// meanwhile, or its password replaced: that must not be undone, and the old password opens nothing any more.
func (s *Accounts) unchanged(ctx context.Context, w *work, verified User) (User, error) {
	u, err := s.accounts.UserByID(ctx, w.tx, verified.ID)
	if errors.Is(err, ErrNoRecord) || err == nil && (u.Disabled || u.PasswordHash != verified.PasswordHash) {
		return verified, errLogin()
	}
	return u, err
}

// open makes a session for the account that the write's caller is.
func (s *Accounts) open(ctx context.Context, w *work, u User, facts map[string]any) (session Session, err error) {
	session = Session{
		PublicID: uuid.NewString(), PrincipalID: u.ID, Username: u.Name, Client: clip(w.caller.Client, 200),
		First: u.LastLoginAt.IsZero(), CreatedAt: s.now(), ExpiresAt: s.now().Add(s.sessions.Lifetime),
	}
	if w.caller.Address.IsValid() {
		session.Address = w.caller.Address.String()
	}
	if session.ID, err = s.accounts.InsertSession(ctx, w.tx, session); err != nil {
		return Session{}, err
	}
	u.LastLoginAt = s.now()
	if err := s.accounts.UpdateUser(ctx, w.tx, u); err != nil {
		return Session{}, err
	}
	if facts == nil {
		return session, w.recordAbout(ctx, u.ID, EventLogin, 0, u.Name, nil)
	}
	return session, w.recordAbout(ctx, u.ID, EventLogin, 0, u.Name, facts)
}

// loginFailed notes a refused password. An unknown name is not kept: people type passwords into the wrong field.
func (s *Accounts) loginFailed(in LoginInput, u User) {
	e, err := newEvent(EventLoginFailed, in.Origin, s.now())
	if err != nil {
		s.log.Error("failed login without an origin", "error", err)
		return
	}
	e.Outcome, e.SubjectID, e.Target, e.Reason = Denial, u.ID, u.Name, string(access.ProblemPassword)
	s.trail.Note(e)
}

// Logout ends the caller's session.
func (s *Accounts) Logout(ctx context.Context, caller *access.Caller) error {
	if caller.SessionID == "" {
		return &Error{Code: CodeWrongKind, Reason: "session_required", Message: "there is no session to end; a token is ended by deleting it"}
	}
	return s.write(ctx, caller, func(w *work) error {
		if err := s.accounts.DeleteSession(ctx, w.tx, caller.SessionID); err != nil && !errors.Is(err, ErrNoRecord) {
			return err
		}
		w.changed(ChangedSession, 0, caller.SessionID)
		return w.recordAbout(ctx, caller.Principal.ID, EventLogout, 0, caller.Principal.Name, nil)
	})
}

// endSessions ends all sessions of an account.
func (s *Accounts) endSessions(ctx context.Context, w *work, principal int64) error {
	ended, err := s.accounts.DeleteSessions(ctx, w.tx, principal)
	if err != nil {
		return err
	}
	for _, id := range ended {
		w.changed(ChangedSession, 0, id)
	}
	return nil
}

// SetPassword gives an account a new password, made here and returned when none is given. Its sessions end.
func (s *Accounts) SetPassword(ctx context.Context, caller *access.Caller, ref, password string) (made string, err error) {
	if err := s.allow(ctx, caller, access.UserEdit, access.OnSystem()); err != nil {
		return "", err
	}
	if caller.Token != nil {
		// Whoever knows a password can sign in with it, and no token can be exchanged for a session.
		return "", &Error{Code: CodeWrongKind, Reason: "session_required", Message: "passwords are set only by somebody who has signed in; a token cannot do it"}
	}
	u, err := s.lookUp(ctx, nil, ref)
	if err != nil {
		return "", err
	}
	made, err = s.choose(ctx, &u, password)
	if err != nil {
		return "", err
	}
	return made, s.storePassword(ctx, caller, u, nil)
}

// justSignedIn is how long a session shows by itself that its owner knows the password.
const justSignedIn = 10 * time.Minute

// ChangeOwnPassword replaces the caller's password, which a session only can, and only who knows the old one. Who has
// just signed in need not say again one that the server made: it is empty then. All sessions of the account end, this
// one too.
func (s *Accounts) ChangeOwnPassword(ctx context.Context, caller *access.Caller, current, password string) error {
	if caller.Via != access.ViaSession || !caller.LoggedIn() {
		return &Error{Code: CodeWrongKind, Reason: "session_required", Message: "a password can be changed only after signing in with it; a token cannot do it"}
	}
	u, err := s.accounts.UserByID(ctx, nil, caller.Principal.ID)
	if err != nil {
		return err
	}
	if err := s.knowsPassword(ctx, caller, u, current); err != nil {
		return err
	}
	if password == "" {
		return invalid("new_password", "the new password is empty")
	}
	verified := u
	if _, err := s.choose(ctx, &u, password); err != nil {
		return err
	}
	return s.storePassword(ctx, caller, u, &verified)
}

// knowsPassword refuses who does not know the password of the account that the caller is.
func (s *Accounts) knowsPassword(ctx context.Context, caller *access.Caller, u User, current string) error {
	if current == "" && u.PasswordIssued {
		session, err := s.accounts.SessionByPublicID(ctx, nil, caller.SessionID)
		if err != nil {
			return err
		}
		if s.now().Sub(session.CreatedAt) < justSignedIn {
			return nil
		}
		return invalid("current_password", "you signed in a while ago; enter the password once more")
	}
	ok, err := s.passwords.Verify(ctx, u.PasswordHash, clip(current, maxPassword+1))
	if err == nil && !ok {
		err = invalid("current_password", "the current password is wrong")
	}
	return err
}

// storePassword writes the hash and ends all sessions. verified, where it is given, is the account as it was when its old
// password was found to be right, which must still be so.
func (s *Accounts) storePassword(ctx context.Context, caller *access.Caller, u User, verified *User) error {
	hash, issued := u.PasswordHash, u.PasswordIssued
	return s.write(ctx, caller, func(w *work) error {
		if verified != nil {
			if _, err := s.unchanged(ctx, w, *verified); err != nil {
				return err
			}
		}
		u, err := s.accounts.UserByID(ctx, w.tx, u.ID)
		if err != nil {
			return err
		}
		u.PasswordHash, u.PasswordIssued, u.UpdatedAt = hash, issued, s.now()
		if err := s.accounts.UpdateUser(ctx, w.tx, u); err != nil {
			return err
		}
		if err := s.endSessions(ctx, w, u.ID); err != nil {
			return err
		}
		w.changed(ChangedPrincipal, u.ID, "")
		return w.recordAbout(ctx, u.ID, EventPasswordChanged, 0, u.Name, nil)
	})
}
