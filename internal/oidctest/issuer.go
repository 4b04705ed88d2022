package oidctest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Issuer signs what the test wants, with real keys that it publishes over HTTP, and trades codes for ID tokens.
type Issuer struct {
	URL string
	// Now is the clock of what it signs.
	Now func() time.Time
	// Job is what it says of the job that it believes to run, to who asks as a job.
	Job Claims

	audiences []string
	t         testing.TB
	rsa       *rsa.PrivateKey
	ecdsa     *ecdsa.PrivateKey
	mu        sync.Mutex
	tokens    map[string]string
}

// NewIssuer starts an issuer that ends with the test.
func NewIssuer(t testing.TB) *Issuer {
	t.Helper()
	i := &Issuer{t: t, Now: time.Now, tokens: map[string]string{}}
	var err error
	if i.rsa, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	if i.ecdsa, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", i.describe)
	mux.HandleFunc("GET /keys", i.keys)
	mux.HandleFunc("POST /token", i.token)
	mux.HandleFunc("GET /job", i.job)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	i.URL = server.URL
	return i
}

func (i *Issuer) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		i.t.Errorf("the issuer's answer: %v", err)
	}
}

func (i *Issuer) describe(w http.ResponseWriter, _ *http.Request) {
	i.answer(w, http.StatusOK, map[string]any{
		"issuer": i.URL, "authorization_endpoint": i.URL + "/auth", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"RS256", "ES256"},
	})
}

func (i *Issuer) keys(w http.ResponseWriter, _ *http.Request) {
	b64 := base64.RawURLEncoding.EncodeToString
	point, err := i.ecdsa.PublicKey.Bytes()
	if err != nil {
		i.t.Error(err)
		return
	}
	i.answer(w, http.StatusOK, map[string]any{"keys": []map[string]string{
		{"kty": "RSA", "kid": "rsa", "alg": "RS256", "use": "sig", "n": b64(i.rsa.N.Bytes()), "e": b64(big.NewInt(int64(i.rsa.E)).Bytes())},
		{"kty": "EC", "kid": "ec", "alg": "ES256", "use": "sig", "crv": "P-256", "x": b64(point[1:33]), "y": b64(point[33:])},
	}})
}

// token trades a code, once.
func (i *Issuer) token(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	code := r.PostFormValue("code")
	token, known := i.tokens[code]
	delete(i.tokens, code)
	if !known || r.PostFormValue("code_verifier") == "" {
		i.answer(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant"})
		return
	}
	i.answer(w, http.StatusOK, map[string]any{"access_token": "an access token", "token_type": "Bearer", "expires_in": 60, "id_token": token})
}

// JobToken is what a job shows to get an assertion about itself.
const JobToken = "the token of a job"

// job answers a job's request for an assertion, as GitHub's runners do.
func (i *Issuer) job(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.Header.Get("Authorization"), "Bearer "+JobToken) {
		i.answer(w, http.StatusUnauthorized, map[string]string{"message": "no job"})
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	audience := r.URL.Query().Get("audience")
	i.audiences = append(i.audiences, audience)
	claims := maps.Clone(i.Job)
	claims["aud"] = audience
	i.answer(w, http.StatusOK, map[string]string{"value": i.Sign(claims)})
}

// Audiences are those for which jobs have asked for assertions.
func (i *Issuer) Audiences() []string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.audiences)
}

// Claims are what an issuer says.
type Claims map[string]any

// Sign makes a token of claims, with iss, iat and exp unless they are among them; a claim that is nil is left out.
func (i *Issuer) Sign(claims Claims) string {
	return i.sign(jwt.SigningMethodRS256, "rsa", i.rsa, claims)
}

// SignES is Sign with the other key.
func (i *Issuer) SignES(claims Claims) string {
	return i.sign(jwt.SigningMethodES256, "ec", i.ecdsa, claims)
}

// Forge signs with a key that the issuer does not publish under the name that it does.
func (i *Issuer) Forge(claims Claims) string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		i.t.Fatal(err)
	}
	return i.sign(jwt.SigningMethodRS256, "rsa", key, claims)
}

// Unsigned makes a token of the algorithm "none".
func (i *Issuer) Unsigned(claims Claims) string {
	return i.sign(jwt.SigningMethodNone, "rsa", jwt.UnsafeAllowNoneSignatureType, claims)
}

func (i *Issuer) sign(method jwt.SigningMethod, kid string, key any, claims Claims) string {
	i.t.Helper()
	all := jwt.MapClaims{"iss": i.URL, "iat": i.Now().Unix(), "exp": i.Now().Add(5 * time.Minute).Unix()}
	maps.Copy(all, claims)
	maps.DeleteFunc(all, func(_ string, v any) bool { return v == nil })
	t := jwt.NewWithClaims(method, all)
	t.Header["kid"] = kid
	s, err := t.SignedString(key)
	if err != nil {
		i.t.Fatal(err)
	}
	return s
}

// Asked are the claims that answer a sign-in: who asked for them, and for which one.
func Asked(t testing.TB, authorize string) (claims Claims, state, redirectURI string) {
	t.Helper()
	u, err := url.Parse(authorize)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	return Claims{"aud": q.Get("client_id"), "nonce": q.Get("nonce")}, q.Get("state"), q.Get("redirect_uri")
}

// Answer gives the address to which the issuer sends a browser that signed in: a code that it trades for an ID token.
func (i *Issuer) Answer(authorize, idToken string) string {
	i.t.Helper()
	_, state, redirectURI := Asked(i.t, authorize)
	code := rand.Text()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.tokens[code] = idToken
	return fmt.Sprintf("%s?%s", redirectURI, url.Values{"code": {code}, "state": {state}}.Encode())
}
