package notifytest

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Call is a webhook that arrived with a good signature.
type Call struct {
	ID   string
	Body []byte
	Type string
	// User is the recipient that the body names, Tokens the names of the tokens.
	User   string
	Tokens []string
}

// Receiver takes webhooks.
type Receiver struct {
	URL    string
	secret string
	now    func() time.Time

	mu     sync.Mutex
	calls  []Call
	bad    []string
	status int
	header http.Header
}

// NewReceiver starts a receiver that ends with the test. It knows the secret as its sender writes it, with whsec_.
func NewReceiver(t testing.TB, secret string, now func() time.Time) *Receiver {
	t.Helper()
	r := &Receiver{secret: secret, now: now, status: http.StatusNoContent}
	web := httptest.NewServer(r)
	t.Cleanup(web.Close)
	r.URL = web.URL + "/hook"
	return r
}

// Answer makes the receiver answer with a status and a header.
func (r *Receiver) Answer(status int, header http.Header) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status, r.header = status, header
}

// Calls gives what has arrived, those that were answered with a failure included, and what was wrong with others.
func (r *Receiver) Calls() (good []Call, bad []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.calls), slices.Clone(r.bad)
}

// ServeHTTP takes a webhook.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err == nil {
		err = r.verify(req, body)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err != nil {
		r.bad = append(r.bad, err.Error())
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c := Call{ID: req.Header.Get("webhook-id"), Body: body}
	var in struct {
		Type string
		Data struct {
			Recipient struct{ Username string }
			Tokens    []struct{ Name string }
		}
	}
	if err := json.Unmarshal(body, &in); err != nil {
		r.bad = append(r.bad, err.Error())
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.Type, c.User = in.Type, in.Data.Recipient.Username
	for _, t := range in.Data.Tokens {
		c.Tokens = append(c.Tokens, t.Name)
	}
	r.calls = append(r.calls, c)
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.WriteHeader(r.status)
}

// verify checks a webhook as the Standard Webhooks specification has it: any of the signatures in the header may be the
// right one, and the time must be near.
func (r *Receiver) verify(req *http.Request, body []byte) error {
	if req.Method != http.MethodPost || !strings.HasPrefix(req.Header.Get("Content-Type"), "application/json") {
		return errors.New("no POST of JSON")
	}
	id, stamp := req.Header.Get("webhook-id"), req.Header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || id == "" {
		return errors.New("no id or no time")
	}
	if off := r.now().Sub(time.Unix(seconds, 0)).Abs(); off > 5*time.Minute {
		return errors.New("the time is off by " + off.String())
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(r.secret, "whsec_"))
	if err != nil {
		return err
	}
	hash := hmac.New(sha256.New, key)
	hash.Write([]byte(strings.Join([]string{id, stamp, string(body)}, ".")))
	want := hash.Sum(nil)
	for entry := range strings.FieldsSeq(req.Header.Get("webhook-signature")) {
		version, encoded, _ := strings.Cut(entry, ",")
		got, err := base64.StdEncoding.DecodeString(encoded)
		if version == "v1" && err == nil && subtle.ConstantTimeCompare(got, want) == 1 {
			return nil
		}
	}
	return errors.New("no signature is right")
}
