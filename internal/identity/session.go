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
	var claims jwt.RegisteredClaims
	_, err = jwt.ParseWithClaims(bearer, &claims, func(*jwt.Token) (any, error) { return k.session, nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithIssuer(sessionIssuer), jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(func() time.Time { return now }))
	if err != nil {
		return "", err
	}
	if claims.ID == "" {
		return "", errNotOurs
	}
	return claims.ID, nil
}
