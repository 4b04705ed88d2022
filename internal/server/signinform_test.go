package server_test

import (
	"bytes"
	"net/http"
	"net/url"
	"testing"
)

// TestSignInFormWritesNothing: who has not signed in cannot fill the database with forms that are remembered as sent.
func TestSignInFormWritesNothing(t *testing.T) {
	s := newStage(t)
	form := url.Values{"username": {"ada"}, "password": {"wrong"}, "form_nonce": {"0123456789abcdef0123456789abcdef"}}
	c := call{method: http.MethodPost, path: "/-/sign-in", body: []byte(form.Encode())}.with("Content-Type", "application/x-www-form-urlencoded")
	for n := range 2 {
		if a := c.do(t, s.Site); a.status != http.StatusUnprocessableEntity || !bytes.Contains(a.body, []byte("is wrong")) {
			t.Errorf("try %d = %d, want that the password is wrong, and nothing about an earlier try", n, a.status)
		}
	}
}
