package registry

import (
	"context"
	"errors"
	"time"

	"kingsnake/internal/access"
)

// Digest is what one recipient is told on one day of the tokens that end.
type Digest struct {
	// ID is the same when the digest is sent again after a failure.
	ID string
	At time.Time
	To Recipient
	// Endings are the tokens, the first to end first, at most maxDigest of them; Total counts all.
	Endings []Ending
	Total   int
	// Test says that it is sent only to see that it arrives, and lists nothing.
	Test bool
}

// Recipient is who is told.
type Recipient struct {
	ID                    int64
	PublicID, Name, Email string
}

// Ending is a token that ends soon, or has ended.
type Ending struct {
	TokenID                              int64
	PublicID, Name, OwnerPublicID, Owner string
	OwnerID                              int64
	OwnerKind                            PrincipalKind
	Kind                                 access.TokenKind
	OneTime                              bool
	// Since is when the current string was made, Ends when it stops working.
	Since, Ends time.Time
	// Home is the channel whose service account owns the token, empty for a token of a person.
	Home string
	// Channels are those that a resource token reaches, as far as the recipient is told of the token because of them.
	Channels []string
	// Lead is which notice this is: how many days ahead, 0 when the token has ended.
	Lead int
}

// Way is a way by which digests reach people, such as e-mail.
type Way interface {
	// Name tells the ways of a site apart.
	Name() string
	// Reaches tells whether the way leads to somebody.
	Reaches(Recipient) bool
	// Send takes a digest there, in bounded time. After an error that wraps ErrUncertain it may have arrived; one that wraps
	// ErrWayDown is about the way and not about the recipient.
	Send(context.Context, Digest) error
}

// ErrUncertain says of something sent that it may have arrived, so that it is not to be sent again.
var ErrUncertain = errors.New("it may have arrived")

// ErrWayDown says that a way leads to nobody just now: its server does not answer, or turns everybody away.
var ErrWayDown = errors.New("no answer of any use")

// maxDigest bounds the tokens that one digest lists.
const maxDigest = 200

// endedWithin is how long after its end a token is still told of as ended, to bridge a day on which no digest went out.
const endedWithin = 48 * time.Hour

// EndingFilter chooses tokens by when their current string stops working.
type EndingFilter struct {
	From, Until time.Time
	// MaxPeople and MaxServices end the strings of tokens at that age, those of people and of service accounts; 0 at none.
	MaxPeople, MaxServices time.Duration
	// MinLife leaves out tokens that were to live for less.
	MinLife time.Duration
	// After continues behind an Ending that was the last of a page; nil begins.
	After *Ending
	Limit int
}

// TokenChannel is a channel that a resource token reaches.
type TokenChannel struct {
	TokenID int64
	Path    string
}

// Told is of which notice of a token somebody was told last.
type Told struct {
	TokenID int64
	Ends    time.Time
	Lead    int
}

// DigestDay is how far the digests of one day are. Days are counted from 1970 on, in UTC.
type DigestDay struct {
	Day      int64
	Attempts int64
	// DueAt is when another attempt is to be made, the zero time for never.
	DueAt time.Time
}

// DigestState is how far the digest of a recipient is on its last day.
type DigestState string

// The states of a digest. One that is being sent when the server dies stays so, and is not sent again: nobody gets two on
// one day, and what it would have told is told the next.
const (
	DigestSending DigestState = "sending"
	DigestSent    DigestState = "sent"
	DigestFailed  DigestState = "failed"
)

// DigestStore keeps what is known of tokens that end and of who was told.
type DigestStore interface {
	// EndingTokens gives a page of tokens by their ends. Those of disabled accounts are left out.
	EndingTokens(ctx context.Context, f EndingFilter) ([]Ending, error)
	TokenChannels(ctx context.Context, tokens []int64) ([]TokenChannel, error)
	UserByID(ctx context.Context, tx Tx, id int64) (User, error)
	ToldNotices(ctx context.Context, principal int64, way string) ([]Told, error)
	SetTold(ctx context.Context, tx Tx, principal int64, way string, told Told) error
	// BeginDigest claims the digest of a recipient for a day; ErrNoRecord when it was claimed before and did not fail.
	BeginDigest(ctx context.Context, tx Tx, principal int64, way string, day int64, at time.Time) error
	EndDigest(ctx context.Context, tx Tx, principal int64, way string, state DigestState, at time.Time) error
	DigestDayOf(ctx context.Context, tx Tx, day int64) (DigestDay, error)
	SetDigestDay(ctx context.Context, tx Tx, d DigestDay) error
}
