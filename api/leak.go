package api

import "time"

// TokenLeak is what is known of a string of a token that somebody found where it should not be.
type TokenLeak struct {
	// ReportedAt is when the string was reported.
	ReportedAt time.Time `json:"reported_at"`
	// Fingerprint names the string that was found.
	Fingerprint string `json:"fingerprint"`
	// URL and Source say where it was found, in the words of the finder, shortened; they may be empty.
	URL string `json:"url"`
	// Source is what sort of place it was found in, in the words of the finder, shortened; it may be empty.
	Source string `json:"source"`
	// ReportedFrom is the IP address of the finder.
	ReportedFrom string `json:"reported_from"`
	// LastUsedAt is when the string was last used before it was reported; null if it never was.
	LastUsedAt *time.Time `json:"last_used_at"`
	// LastUsedAddress is the IP address of that use.
	LastUsedAddress string `json:"last_used_address"`
}

// MaxLeakReport is how many strings POST /tokens/revoke-leaked takes at once.
const MaxLeakReport = 100

// LeakedToken is one element of the body of POST /tokens/revoke-leaked in the form of GitHub's secret scanning, which is
// an array. Fields that are not here are passed over.
type LeakedToken struct {
	// Token is the string that was found.
	Token string `json:"token"`
	// Type is what the finder calls strings of this kind; the answer repeats it.
	Type string `json:"type,omitempty"`
	// URL and Source say where it was found, such as the address of a file and the word "commit".
	URL string `json:"url,omitempty"`
	// Source is what sort of place it was found in, such as "commit".
	Source string `json:"source,omitempty"`
}

// LeakReport is the other body that POST /tokens/revoke-leaked takes.
type LeakReport struct {
	// Tokens are the strings that were found.
	Tokens []string `json:"tokens" minItems:"1" maxItems:"100"`
}

// LeakStatus says what became of a string that was reported.
type LeakStatus string

// What becomes of reported strings.
const (
	// LeakRevoked means that the string was issued by this server and works no longer, since now or since before.
	LeakRevoked LeakStatus = "revoked"
	// LeakReported means that the string was issued by this server and still works, because of a setting of the site; its
	// owner has been told.
	LeakReported LeakStatus = "reported"
	// LeakUnknown means that the string has the right form, and that this server did not issue it or has forgotten it.
	LeakUnknown LeakStatus = "unknown"
	// LeakMalformed means that the string is no token of a server like this one.
	LeakMalformed LeakStatus = "malformed"
)

// LeakResult says what became of one reported string. It does not repeat the string.
type LeakResult struct {
	// Fingerprint is the first 12 hexadecimal digits of the string's SHA-256.
	Fingerprint string `json:"fingerprint"`
	// Status is what became of the string.
	Status LeakStatus `json:"status" enum:"revoked,reported,unknown,malformed"`
	// TokenHash (the whole SHA-256, hexadecimal), TokenType and Label ("true_positive" or "false_positive") are what
	// GitHub's secret scanning reads of an answer.
	TokenHash string `json:"token_hash"`
	// TokenType is what the finder calls strings of this kind, as it was sent.
	TokenType string `json:"token_type"`
	// Label is true_positive for a string that this server issued, else false_positive.
	Label string `json:"label" enum:"true_positive,false_positive"`
}

// LeakResults answers a LeakReport, in the order of its strings. An array of LeakedToken is answered by the bare array.
type LeakResults struct {
	// Results has one for each string, in the order of the request.
	Results []LeakResult `json:"results"`
}
