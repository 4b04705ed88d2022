package registry

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"
)

// StagedStore counts what is staged.
type StagedStore interface {
	// StagedBytes gives the bytes of the files that were sent for a channel, are in it no more than when they came, and can
	// still be put into it at a time.
	StagedBytes(ctx context.Context, tx Tx, channel int64, now time.Time) (int64, error)
}

// underWay counts the bytes of uploads that this process is receiving, by channel: of those whose size was told and whose
// channel has a quota. They are on its disk before any record tells of them, and gone with it when it dies.
type underWay struct {
	mu    sync.Mutex
	bytes map[int64]int64
}

// reserve takes room for an upload, if there is as much besides what others have taken. It gives what they have.
func (u *underWay) reserve(channel, bytes, room int64) (others int64, ok bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	others = u.bytes[channel]
	if others+bytes > room {
		return others, false
	}
	if bytes > 0 {
		if u.bytes == nil {
			u.bytes = map[int64]int64{}
		}
		u.bytes[channel] = others + bytes
	}
	return others, true
}

// release gives room back.
func (u *underWay) release(channel, bytes int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.bytes[channel] -= bytes; u.bytes[channel] == 0 {
		delete(u.bytes, channel)
	}
}

// expected is what an upload was told to expect before its bytes came.
type expected struct {
	// reserved is the room that it has taken.
	reserved int64
	// bounded tells that it may have no more than most bytes; channel and other are what it was judged by.
	bounded bool
	most    int64
	channel Channel
	other   int64
}

// Expect refuses a file that cannot fit into the channel before any of it is read, as far as what is said of it tells:
// size is -1 for unknown. What others stage or send at the same time counts too. Whether it fits is decided when it is
// published. The room that it takes until then is given back with the bytes; Receive must follow.
func (u *Upload) Expect(ctx context.Context, in UploadInput, size int64) error {
	s := u.packages
	u.leave()
	if size == 0 || u.channel.QuotaBytes == 0 {
		return nil
	}
	c, err := s.channels.ChannelByPath(ctx, nil, u.channel.Path)
	if errors.Is(err, ErrNoRecord) {
		return notFound("channel %s was deleted meanwhile", u.channel.Path)
	}
	if err != nil || c.QuotaBytes == 0 {
		return err
	}
	had, err := s.had(ctx, c, in)
	if err != nil {
		return err
	}
	if had.ID != 0 && !in.Force {
		// It is the same file, which is no news, or another one, which is refused in any case.
		return nil
	}
	staged, err := s.stagings.StagedBytes(ctx, nil, c.ID, s.now())
	if err != nil {
		return err
	}
	// Of an unknown size there is one byte at least.
	more, room := max(size, 1)-had.Size, c.QuotaBytes-c.UsedBytes-staged
	reserve := max(more, 0)
	if size < 0 {
		reserve = 0
	}
	others, ok := s.underWay.reserve(c.ID, reserve, room)
	if more > 0 && (!ok || others+more > room) {
		return overQuota(c, staged+others, more)
	}
	if ok {
		u.expected.reserved = reserve
	}
	u.expected.bounded, u.expected.most = true, max(room-others, 0)+had.Size
	u.expected.channel, u.expected.other = c, staged+others
	return nil
}

// leave gives the room back that an upload has taken.
func (u *Upload) leave() {
	if n := u.expected.reserved; n > 0 {
		u.packages.underWay.release(u.channel.ID, n)
	}
	u.expected = expected{}
}

// bound ends the body of an upload where the channel has no more room.
func (u *Upload) bound(body io.Reader) io.Reader {
	if !u.expected.bounded {
		return body
	}
	return &roomReader{r: body, left: u.expected.most, refusal: overQuota(u.expected.channel, u.expected.other, u.expected.most+1)}
}

// roomReader reads so many bytes and then refuses.
type roomReader struct {
	r       io.Reader
	left    int64
	refusal error
	over    bool
}

func (b *roomReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		b.over = true
		return 0, b.refusal
	}
	return n, err
}

// refused gives the refusal of a body that went on too long, else err.
func refused(body io.Reader, err error) error {
	if b, ok := body.(*roomReader); ok && b.over {
		return b.refusal
	}
	return err
}

// fits refuses a staged file that the channel has no room for. It is called before and after the file is noted, in the
// transaction that does so, and gives what is staged.
func (s *Packages) fits(ctx context.Context, tx Tx, g Staging, before int64) (int64, error) {
	c, err := s.channels.ChannelByPath(ctx, tx, g.Path)
	if err != nil || c.QuotaBytes == 0 {
		return 0, err
	}
	staged, err := s.stagings.StagedBytes(ctx, tx, g.ChannelID, s.now())
	if more := staged - before; err == nil && before >= 0 && more > 0 && c.UsedBytes+staged > c.QuotaBytes {
		return 0, overQuota(c, before, more)
	}
	return staged, err
}
