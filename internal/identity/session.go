package identity

import (
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// sessionIssuer marks the session tokens of this program.
const sessionIssuer = "kingsnake"

// SignSession makes the bearer string of a session: a signed JWT that names the session's row. The row decides at each
// request whether the session still is.
func (k *Keys) SignSession(publicID, subject string, expires time.Time) (string, error) {
	claims := jwt.RegisteredClaims{Issuer: sessionIssuer, ID: publicID, Subject: subject, ExpiresAt: jwt.NewNumericDate(expires)}
	return jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString(k.session)
}

// errNotOurs says that a JWT is not a session of this site.
var errNotOurs = errors.New("not a session of this site")

// ReadSession gives the session that a bearer string names, when its signature and its expiry hold.
func (k *Keys) ReadSession(bearer string, now time.Time) (publicID string, err error) {
	claims, err := k.readSession(bearer, now)
	return claims.ID, err
}

func (k *Keys) readSession(bearer string, now time.Time) (claims jwt.RegisteredClaims, err error) {
	_, err = jwt.ParseWithClaims(bearer, &claims, func(*jwt.Token) (any, error) { return k.session, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithIssuer(sessionIssuer), jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(func() time.Time { return now }))
	if err == nil && claims.ID == "" {
		err = errNotOurs
	}
	if err != nil {
		return jwt.RegisteredClaims{}, err
	}
	return claims, nil
}

// RenewSession gives a bearer string that is good for idle from now on, in place of one whose time is a good part over.
// It renews nothing that has ended, and moves no end of the session itself, which its row knows.
func (k *Keys) RenewSession(bearer string, now time.Time, idle time.Duration) (renewed string, ok bool) {
	claims, err := k.readSession(bearer, now)
	if err != nil || claims.ExpiresAt.Sub(now) > idle*3/4 {
		return "", false
	}
	renewed, err = k.SignSession(claims.ID, claims.Subject, now.Add(idle))
	return renewed, err == nil
}
