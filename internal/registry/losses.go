package registry

import (
	"context"

	"kingsnake/internal/access"
)

// Losses counts what goes with a channel when it is deleted, that of its subchannels included.
type Losses struct {
	// Files are package files, hidden ones too; Packages their names and Size their bytes together.
	Packages, Files, Size int64
	Subchannels           int64
	// Tokens are those that name one of the channels; ServiceTokens, which end, those of their service accounts. The
	// tokens of jobs, which end soon in any case, do not count.
	Tokens, ServiceTokens int64
	TrustRules            int64
	// Virtual counts the virtual channels that draw on them.
	Virtual int64
}

// Losses counts what would go with a channel, for whoever may delete it.
func (s *Channels) Losses(ctx context.Context, caller *access.Caller, path string) (Losses, error) {
	c, _, err := s.deletable(ctx, caller, path)
	if err != nil {
		return Losses{}, err
	}
	return s.channels.ChannelLosses(ctx, c.ID)
}
