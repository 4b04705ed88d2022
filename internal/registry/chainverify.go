package registry

import (
	"crypto/ed25519"
	"fmt"
	"iter"
	"time"
)

// FaultKind says what is wrong with a place of the audit.
type FaultKind string

// The kinds of faults.
const (
	// FaultContent: a column is not what it was when the row was written.
	FaultContent FaultKind = "content"
	// FaultLink: the row does not follow the one before it.
	FaultLink FaultKind = "link"
	// FaultGap: rows are missing, or there are more than the audit knows of.
	FaultGap FaultKind = "gap"
	// FaultHead: a signed head is not genuine, or says otherwise than the rows.
	FaultHead FaultKind = "head signature"
)

// Fault is one place at which the audit is not what it was.
type Fault struct {
	Kind FaultKind
	// Seq is the row's number; At and Event are what stands in it now, or in the nearest row where it is missing.
	Seq     int64
	At      time.Time
	Event   EventType
	Message string
}

// maxFaults bounds the faults that a report describes; all are counted.
const maxFaults = 20

// AuditReport is what a verification found.
type AuditReport struct {
	// Rows and Heads count what was read; Seq and Hash are the last row.
	Rows, Heads int64
	Seq         int64
	Hash        Link
	// SignedSeq is the last row that a good head covers. What follows it is tied together, but signed by nobody yet.
	SignedSeq int64
	// Faults are the first faults in the order of the rows; FaultCount counts all.
	Faults     []Fault
	FaultCount int64
}

// Sound tells whether nothing is wrong.
func (r *AuditReport) Sound() bool { return r.FaultCount == 0 }

// AuditState is what the store says of the audit as a whole: the row that it was told to have written last, and the
// greatest number that there is.
type AuditState struct {
	Seq  int64
	Hash Link
	Last int64
}

// AuditEvidence is what a verification reads. Rows and Heads come in the order of their numbers and are read once.
type AuditEvidence struct {
	Rows  iter.Seq2[Event, error]
	Heads iter.Seq2[Head, error]
	// Key is the public key of the heads.
	Key ed25519.PublicKey
	// State is what the store says of the end; nil when it is not known, as for an audit that was exported.
	State *AuditState
	// Progress is told after each row.
	Progress func(rows int64)
}

// VerifyAudit computes the chain anew and compares it with what the rows and the signed heads say. It keeps one row and
// one head in memory at a time. The error is of reading; what is wrong with the audit is in the report.
func VerifyAudit(in AuditEvidence) (AuditReport, error) {
	next, stop := iter.Pull2(in.Heads)
	defer stop()
	v := &chainVerifier{key: in.Key, heads: next}
	if err := v.nextHead(); err != nil {
		return v.AuditReport, err
	}
	for e, err := range in.Rows {
		if err != nil {
			return v.AuditReport, err
		}
		v.row(e)
		if err := v.compareHeads(e); err != nil {
			return v.AuditReport, err
		}
		if in.Progress != nil {
			in.Progress(v.Rows)
		}
	}
	if err := v.uncovered(); err != nil {
		return v.AuditReport, err
	}
	if in.State != nil {
		v.end(*in.State)
	}
	return v.AuditReport, nil
}

// chainVerifier walks along the chain.
type chainVerifier struct {
	AuditReport
	key   ed25519.PublicKey
	heads func() (Head, error, bool)
	// head is the next head to compare, nil after the last one; before is the one that preceded it.
	head, before *Head
	genuine      bool
	last         Event
}

func (v *chainVerifier) fault(kind FaultKind, seq int64, e Event, format string, args ...any) {
	v.FaultCount++
	if len(v.Faults) < maxFaults {
		v.Faults = append(v.Faults, Fault{Kind: kind, Seq: seq, At: e.At, Event: e.Type, Message: fmt.Sprintf(format, args...)})
	}
}

// row judges a row by itself and by the one before it. What follows a bad row is judged by the hash that the row bears,
// so that one change is one fault.
func (v *chainVerifier) row(e Event) {
	v.Rows++
	want := v.last.ID + 1
	switch {
	case e.ID < want:
		v.fault(FaultGap, e.ID, e, "row %d comes after row %d", e.ID, v.last.ID)
	case e.ID == want+1:
		v.fault(FaultGap, want, e, "row %d is missing", want)
	case e.ID > want:
		v.fault(FaultGap, want, e, "rows %d to %d are missing", want, e.ID-1)
	}
	switch {
	case e.Format != chainFormat:
		v.fault(FaultContent, e.ID, e, "the row says that it is of form %d, which is not known", e.Format)
	case e.digest() != e.Hash:
		v.fault(FaultContent, e.ID, e, "the row is not what was written: its hash does not fit its columns")
	case e.ID == want && e.Prev != v.last.Hash:
		v.fault(FaultLink, e.ID, e, "the row does not follow row %d, which stands before it", v.last.ID)
	}
	v.last, v.Seq, v.Hash = e, e.ID, e.Hash
}

// nextHead reads and judges the next head by itself.
func (v *chainVerifier) nextHead() error {
	v.before, v.head = v.head, nil
	h, err, ok := v.heads()
	if !ok || err != nil {
		return err
	}
	v.Heads++
	var before Head
	var link Link
	if v.before != nil {
		before, link = *v.before, v.before.link()
	}
	v.head = &h
	at := Event{At: h.SignedAt}
	switch {
	case h.Number != before.Number+1:
		v.fault(FaultHead, h.Seq, at, "signed head %d comes after head %d; one between them is missing", h.Number, before.Number)
	case h.Key != KeyFingerprint(v.key):
		v.fault(FaultHead, h.Seq, at, "head %d was signed with another key, %s", h.Number, clip(h.Key, 64))
	case !ed25519.Verify(v.key, h.Message(), h.Signature):
		v.fault(FaultHead, h.Seq, at, "the signature of head %d is not genuine", h.Number)
	case h.Prev != link:
		v.fault(FaultHead, h.Seq, at, "head %d does not follow head %d", h.Number, before.Number)
	case h.Seq < before.Seq, h.Rows != h.Seq-before.Seq:
		v.fault(FaultHead, h.Seq, at, "head %d miscounts the rows since the head before", h.Number)
	default:
		v.genuine = true
		return nil
	}
	v.genuine = false
	return nil
}

// compareHeads compares the heads that are about a row with it.
func (v *chainVerifier) compareHeads(e Event) error {
	for v.head != nil && v.head.Seq <= e.ID {
		switch {
		case !v.genuine || v.head.Seq < e.ID: // Said already, of the head or of the gap in which its row was.
		case v.head.Hash != e.Hash:
			v.fault(FaultHead, e.ID, e, "row %d and those before it were rewritten after head %d was signed", e.ID, v.head.Number)
		default:
			v.SignedSeq = e.ID
		}
		if err := v.nextHead(); err != nil {
			return err
		}
	}
	return nil
}

// uncovered reports heads beyond the last row: the end was cut off.
func (v *chainVerifier) uncovered() error {
	for v.head != nil {
		if v.genuine {
			v.fault(FaultGap, v.Seq+1, Event{At: v.head.SignedAt}, "the audit ends at row %d, and head %d was signed at row %d", v.Seq, v.head.Number, v.head.Seq)
		}
		if err := v.nextHead(); err != nil {
			return err
		}
	}
	return nil
}

// end compares the last row with what the store was told to have written last.
func (v *chainVerifier) end(state AuditState) {
	switch {
	case state.Last > state.Seq:
		v.fault(FaultGap, state.Seq+1, v.last, "there are rows up to %d, and the last one that was written is %d", state.Last, state.Seq)
	case v.Seq < state.Seq:
		v.fault(FaultGap, v.Seq+1, v.last, "the audit ends at row %d, and the last one that was written is %d", v.Seq, state.Seq)
	case v.Hash != state.Hash:
		v.fault(FaultLink, v.Seq, v.last, "the last row is not the one that was written last")
	}
}
