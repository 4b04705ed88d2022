package api

import "time"

// NoticeLevel is how urgent a notice is.
type NoticeLevel string

// The levels of CEP 6.
const (
	NoticeInfo     NoticeLevel = "info"
	NoticeWarning  NoticeLevel = "warning"
	NoticeCritical NoticeLevel = "critical"
)

// Notice is what a channel tells its users; conda shows it when it installs from the channel (CEP 6).
type Notice struct {
	// ID is the id of the notice.
	ID string `json:"id"`
	// Message is what is told, 1 to 600 characters.
	Message string `json:"message"`
	// Level is info, warning or critical.
	Level NoticeLevel `json:"level"`
	// CreatedAt and ExpiresAt are exact to the second.
	CreatedAt time.Time `json:"created_at"`
	// ExpiresAt is from when on it is not shown any more, to the second.
	ExpiresAt time.Time `json:"expires_at"`
}

// Notices is the answer of GET, PUT and POST /channels/{channel}/notices, also with notices that are over.
type Notices struct {
	// Notices are those of the channel, in the order in which they are shown.
	Notices []Notice `json:"notices"`
}

// NoticesUpdate is the body of PUT /channels/{channel}/notices: all notices that the channel is to have from then on.
type NoticesUpdate struct {
	// Notices are all that the channel is to tell, at most 20, in the order in which they are shown.
	Notices []NoticeUpdate `json:"notices" maxItems:"20"`
}

// NoticeUpdate is one of them, and the body of POST /channels/{channel}/notices, which adds it to those that there are.
type NoticeUpdate struct {
	// ID is that of a notice that is there, left out for a new one and with POST.
	ID string `json:"id,omitempty" maxLength:"64"`
	// Message is what is told, 1 to 600 characters.
	Message string `json:"message" minLength:"1" maxLength:"600"`
	// Level is info when it is left out.
	Level NoticeLevel `json:"level,omitempty" enum:"info,warning,critical"`
	// ExpiresAt is 30 days ahead when it is left out.
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// Reindexed is the answer of PUT /channels/{channel}/artifacts/{artifact_family}.
type Reindexed struct {
	// Subdirs is how many subdirs are built anew.
	Subdirs int `json:"subdirs"`
}
