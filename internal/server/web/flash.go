package web

import (
	"encoding/base64"
	"encoding/json"
)

// flash is a message about what was just done. It is shown on the next page and then forgotten.
type flash struct {
	// Kind is "success", "info", "warning" or "error".
	Kind string `json:"k"`
	Text string `json:"t"`
}

// maxFlash bounds a message, in bytes, so that it fits into a cookie.
const maxFlash = 1000

// setFlash leaves a message for the next page. It is kept by the browser, so it never holds a secret.
func (p *page) setFlash(f flash) {
	if len(f.Text) > maxFlash {
		f.Text = f.Text[:maxFlash]
	}
	text, err := json.Marshal(f)
	if err != nil {
		// Texts always marshal; a message that does not is left out.
		return
	}
	p.setCookie(flashCookie, base64.RawURLEncoding.EncodeToString(text))
}

// takeFlash gives the message that the last page left, and takes it away.
func (p *page) takeFlash() *flash {
	value := p.cookie(flashCookie)
	if value == "" {
		return nil
	}
	p.dropCookie(flashCookie)
	text, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		return nil
	}
	var f flash
	if err := json.Unmarshal(text, &f); err != nil || f.Text == "" {
		return nil
	}
	switch f.Kind {
	case "success", "info", "warning", "error":
		return &f
	}
	return nil
}
