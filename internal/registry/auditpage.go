package registry

import (
	"context"

	"kingsnake/internal/access"
)

// Search reads one page of the rows that match, newest first, and counts all of them.
func (s *Audit) Search(ctx context.Context, caller *access.Caller, f AuditFilter, p Page) ([]Event, int64, error) {
	if err := s.allow(ctx, caller, access.AuditLogsView, access.OnSystem()); err != nil {
		return nil, 0, err
	}
	if err := p.Validate(); err != nil {
		return nil, 0, err
	}
	f, err := s.prepared(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	events, err := s.audit.FindAudit(ctx, f, p.Offset, p.Limit)
	if err != nil {
		return nil, 0, err
	}
	f.Enough = p.Enough
	total, err := s.audit.CountAudit(ctx, f)
	return events, total, err
}

// ChainEnd is where the audit stands: its last row, and the head that was signed last, the zero Head for none.
type ChainEnd struct {
	State AuditState
	Head  Head
}

// Unsigned is how many rows no head covers yet.
func (c ChainEnd) Unsigned() int64 { return max(0, c.State.Seq-c.Head.Seq) }

// End tells where the audit stands, without looking whether it is sound; Verify does that.
func (s *Audit) End(ctx context.Context, caller *access.Caller) (ChainEnd, error) {
	if err := s.allow(ctx, caller, access.AuditLogsView, access.OnSystem()); err != nil {
		return ChainEnd{}, err
	}
	head, err := s.audit.LastHead(ctx, nil)
	if err != nil && !errorIsGone(err) {
		return ChainEnd{}, err
	}
	state, err := s.audit.AuditState(ctx, nil)
	return ChainEnd{state, head}, err
}
