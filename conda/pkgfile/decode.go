package pkgfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// unpack decodes one tar.zst and hands the tar stream to walk. Whatever fails
// first, in the order file, frame, limit, tar, is what is reported.
func (rd *Reader) unpack(src *source, m zipMember, dec *zstd.Decoder, limit int64, walk func(io.Reader) error) error {
	// A frame with an unusual window, which the limits may allow, gets a
	// decoder of its own and waits until it is the only one of its kind.
	if window := windowOf(src, m, rd.lim); window > uint64(usualWindow) && window <= uint64(rd.lim.MaxWindow) {
		rd.wide.Lock()
		defer rd.wide.Unlock()
		wide, err := newDecoder(window)
		if err != nil {
			return err
		}
		defer wide.Close()
		dec = wide
	}
	limit = rd.lim.unpackedLimit(int64(m.csize), limit)
	f := newFrame(m.name, rd.lim, limit)
	sum := newSummed(io.NewSectionReader(src, m.data, int64(m.csize)), f.scan)
	packed := bufio.NewReaderSize(sum, int(min(m.csize, 32<<10)))
	out := &bounded{member: m.name, left: limit}
	err := dec.Reset(packed)
	if err == nil {
		out.r = dec
		err = walk(out)
	}
	err = settle(out, err)
	var refused *Error
	switch {
	case src.err != nil:
		return src.err
	case sum.err != nil:
		return sum.err
	case out.err != nil:
		return out.err
	case errors.As(err, &refused) && refused.Code != CodeBadTar:
		return refused
	}
	// The rest of the member tells whether it was cut off, or damaged on its
	// way here, which is better advice than what the decoder says.
	_, rest := io.Copy(io.Discard, packed)
	if src.err != nil {
		return src.err
	}
	if rest != nil {
		return rest
	}
	if done := finishPart(src, m, sum, f); done != nil {
		return done
	}
	if refused != nil {
		return refused
	}
	if err != nil {
		return refuse(CodeCorrupt, m.name, "the zstd stream is damaged (%v); build the package again", err)
	}
	return nil
}

// settle finds out why a tar stream is bad. Checksums come at the end of a
// block or frame, so rubbish may have met the tar reader first: if the rest of
// the stream cannot be decoded either, that is the reason.
func settle(out *bounded, err error) error {
	var refused *Error
	if errors.As(err, &refused) && refused.Code == CodeBadTar {
		if _, rest := io.Copy(io.Discard, out); rest != nil {
			return rest
		}
	}
	return err
}

// decoder returns a decoder for one read, and what gives it back.
func (rd *Reader) decoder() (*zstd.Decoder, func(), error) {
	dec, ok := rd.decoders.Get().(*zstd.Decoder)
	if !ok {
		var err error
		if dec, err = newDecoder(uint64(usualWindow)); err != nil {
			return nil, nil, err
		}
	}
	return dec, func() {
		// Without its input, a decoder keeps no reference to the package.
		if err := dec.Reset(nil); err == nil {
			rd.decoders.Put(dec)
		}
	}, nil
}

// newDecoder returns a decoder that works in the caller's goroutine and holds
// little more than one window.
func newDecoder(window uint64) (*zstd.Decoder, error) {
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(window), zstd.WithDecoderMaxMemory(window))
	if err != nil {
		return nil, fmt.Errorf("create zstd decoder: %w", err)
	}
	return dec, nil
}
