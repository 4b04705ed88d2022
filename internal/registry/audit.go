package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"kingsnake/internal/access"
)

// EventType names what happened, in the words of the products whose scripts read them where such a word exists.
type EventType string

// The events of the audit.
const (
	EventDenied           EventType = "access_denied"
	EventGrantRefused     EventType = "grant_refused"
	EventChannelCreated   EventType = "channel_created"
	EventChannelUpdated   EventType = "channel_updated"
	EventChannelDeleted   EventType = "channel_deleted"
	EventChannelQuota     EventType = "channel_quota_updated"
	EventArtifactAdded    EventType = "artifact_registered"
	EventArtifactReplaced EventType = "artifact_replaced"
	EventArtifactRemoved  EventType = "artifact_removed"
	EventArtifactStaged   EventType = "artifact_staged"
	EventArtifactReceived EventType = "artifact_received"
	EventLabelsChanged    EventType = "artifact_labels_changed"
	EventArtifactCopied   EventType = "artifact_copied"
	EventArtifactEdited   EventType = "artifact_metadata_updated"
	EventJobQueued        EventType = "job_queued"
	EventJobCanceled      EventType = "job_canceled"
	EventJobFinished      EventType = "job_finished"
	EventTokenCreated     EventType = "user_token_created"
	EventTokenUpdated     EventType = "user_token_updated"
	EventTokenReissued    EventType = "user_token_reissued"
	EventTokenRevoked     EventType = "user_token_revoked"
	EventTokenMetadata    EventType = "user_token_metadata_updated"
	EventDeadTokenUsed    EventType = "dead_token_used"
	EventTokenLeaked      EventType = "user_token_leaked"
	EventUserCreated      EventType = "user_created"
	EventUserUpdated      EventType = "user_updated"
	EventUserDeleted      EventType = "user_deleted"
	EventPasswordChanged  EventType = "password_changed"
	EventRolesChanged     EventType = "user_roles_changed"
	EventRoleCreated      EventType = "role_created"
	EventRoleUpdated      EventType = "role_updated"
	EventRoleDeleted      EventType = "role_deleted"
	EventTrustCreated     EventType = "trust_rule_created"
	EventTrustUpdated     EventType = "trust_rule_updated"
	EventTrustDeleted     EventType = "trust_rule_deleted"
	EventTokenMinted      EventType = "token_minted"
	EventMintRefused      EventType = "token_mint_refused"
	EventClaimsChanged    EventType = "user_claims_changed"
	EventSettingsUpdated  EventType = "settings_updated"
	EventDefaultChannel   EventType = "default_channel_updated"
	EventLogin            EventType = "login"
	EventLoginFailed      EventType = "login_failed"
	EventLogout           EventType = "logout"
	EventBlobsCleaned     EventType = "blobs_cleaned"
	EventNoticesChanged   EventType = "channel_notices_changed"
	EventChannelReindexed EventType = "channel_reindex"
)

// Outcome says how an attempt ended.
type Outcome string

// The outcomes.
const (
	Done   Outcome = "done"
	Denial Outcome = "denied"
)

// Event is one row of the audit.
type Event struct {
	// ID is the row's number. The rows are numbered from 1 without gaps.
	ID          int64
	At          time.Time
	Type        EventType
	Outcome     Outcome
	PrincipalID int64
	Principal   string
	// Via is how the principal came in.
	Via string
	// TokenID is the public id of the token that was used, empty for none.
	TokenID string
	// SubjectID is the account to which it was done, 0 for none.
	SubjectID int64
	ChannelID int64
	Target    string
	Scope     string
	Reason    string
	Address   string
	Client    string
	RequestID string
	// Data is a JSON object of further facts. It never holds a secret.
	Data string
	// Format is the form in which the row was hashed, Prev the hash of the row before it, Hash its own. The store fills
	// them in, and ID, when the row is written.
	Format     int64
	Prev, Hash Link
}

// newEvent fills in who acted.
func newEvent(t EventType, caller *access.Caller, at time.Time) (Event, error) {
	e := Event{At: at, Type: t, Outcome: Done, Data: "{}"}
	if caller == nil || caller.Principal == nil {
		return e, fmt.Errorf("event %s has no caller", t)
	}
	e.PrincipalID, e.Principal, e.Via = caller.Principal.ID, caller.Principal.Name, caller.Via.String()
	if caller.Token != nil {
		e.TokenID = caller.Token.PublicID
	}
	if caller.Address.IsValid() {
		e.Address = caller.Address.String()
	}
	e.Client, e.RequestID = clip(caller.Client, 200), caller.RequestID
	return e, nil
}

// clip bounds a text that a client chose. What is no UTF-8 in it, which databases do not take, is marked.
func clip(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func encodeData(data any) (string, error) {
	if data == nil {
		return "{}", nil
	}
	b, err := json.Marshal(data)
	if err != nil {
		return "", fmt.Errorf("event data: %w", err)
	}
	return string(b), nil
}

// TrailStore is where denials are kept.
type TrailStore interface {
	Write(ctx context.Context, fn func(Tx) error) error
	InsertAudit(ctx context.Context, tx Tx, e Event) error
}

// trailBuffer bounds the denials that wait to be written; a flood beyond it is counted, not kept.
const trailBuffer = 4096

// Trail writes denials to the audit without making a refused request wait for the disk.
type Trail struct {
	store   TrailStore
	log     *slog.Logger
	queue   chan Event
	dropped atomic.Int64
	// told is how many of the dropped ones the audit tells of. Only flush uses it.
	told int64
}

// NewTrail makes a trail; Run writes what it is given.
func NewTrail(store TrailStore, log *slog.Logger) *Trail {
	return &Trail{store: store, log: log, queue: make(chan Event, trailBuffer)}
}

// Dropped counts the denials that could not be kept.
func (t *Trail) Dropped() int64 { return t.dropped.Load() }

// maxNoted bounds what is kept of names and reasons in a refusal, in bytes: nobody has looked at the names yet.
const maxNoted = 300

// denied notes a refusal.
func (t *Trail) denied(caller *access.Caller, scope access.Scope, target access.Target, d access.Decision, at time.Time) {
	e, err := newEvent(EventDenied, caller, at)
	if err != nil {
		t.log.Error("denial without a caller", "error", err)
		return
	}
	e.Outcome, e.Scope = Denial, scope.String()
	e.ChannelID, e.Target = target.Channel.ID, clip(target.Channel.Path, maxNoted)
	e.Reason = d.Reason().Code()
	t.Note(e)
}

// refused notes rights that could not be given.
func (t *Trail) refused(caller *access.Caller, v access.Verdict, at time.Time) {
	e, err := newEvent(EventGrantRefused, caller, at)
	if err != nil {
		t.log.Error("refusal without a caller", "error", err)
		return
	}
	e.Outcome, e.Scope = Denial, v.Decision.Scope.String()
	if len(v.Refusals) > 0 {
		e.Target, e.Reason = clip(v.Refusals[0].Item, maxNoted), clip(v.Refusals[0].Reason, maxNoted)
	}
	t.Note(e)
}

// Note queues an event, or counts it as dropped when the queue is full.
func (t *Trail) Note(e Event) {
	select {
	case t.queue <- e:
	default:
		t.dropped.Add(1)
	}
}

// Run writes queued events until ctx ends, and then those still queued.
func (t *Trail) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			t.flush(context.WithoutCancel(ctx), nil)
			return
		case e := <-t.queue:
			t.flush(ctx, []Event{e})
		}
	}
}

// flush writes the given events and all that are queued behind them in one transaction. Where some were dropped before,
// one row says how many.
func (t *Trail) flush(ctx context.Context, batch []Event) {
	for len(batch) < trailBuffer {
		select {
		case e := <-t.queue:
			batch = append(batch, e)
			continue
		default:
		}
		break
	}
	if len(batch) == 0 {
		return
	}
	dropped := t.dropped.Load()
	if lost := dropped - t.told; lost > 0 {
		batch = append(batch, lostDenials(lost, batch[len(batch)-1].At))
	}
	err := t.store.Write(ctx, func(tx Tx) error {
		for _, e := range batch {
			if err := t.store.InsertAudit(ctx, tx, e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.dropped.Add(int64(len(batch)))
		t.log.Error("denials could not be recorded", "error", err, "count", len(batch))
		return
	}
	t.told = dropped
}

// lostDenials is the row that stands for denials which could not be kept.
func lostDenials(n int64, at time.Time) Event {
	system := access.System("audit")
	return Event{
		At: at, Type: EventDenialsLost, Outcome: Denial, PrincipalID: system.ID, Principal: system.Name, Via: access.ViaSystem.String(),
		Data: fmt.Sprintf(`{"count":%d}`, n),
	}
}

// Clip bounds what a client says of itself, for the audit.
func Clip(client string) string { return clip(client, 200) }
