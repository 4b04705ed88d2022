package pkgfile

import (
	"hash/crc32"
	"io"
)

const zstdMagic = 0xfd2fb528

// frame follows the structure of a zstd stream (RFC 8878, section 3.1)
// without decoding it. The decoder is made for useful input: it passes over
// skippable frames, joins several frames into one, and takes a stray byte at
// the end for the end. Clients differ in all three, so one frame that ends
// where the member ends is all that is accepted.
type frame struct {
	member    string
	maxWindow uint64
	maxOutput uint64

	window uint64 // what decoding needs, once the header has been read
	state  frameState
	header []byte
	need   int
	skip   int64
	last   bool
	check  bool
}

type frameState int

const (
	inHeader frameState = iota
	inBlockHeader
	inBlock
	inChecksum
	afterFrame
)

func newFrame(member string, lim Limits, maxOutput int64) *frame {
	return &frame{member: member, maxWindow: uint64(lim.MaxWindow), maxOutput: uint64(maxOutput), need: 5}
}

// scan takes the next bytes of the stream.
func (f *frame) scan(p []byte) error {
	for len(p) > 0 {
		switch f.state {
		case inHeader, inBlockHeader:
			n := min(f.need-len(f.header), len(p))
			f.header, p = append(f.header, p[:n]...), p[n:]
			if len(f.header) < f.need {
				continue
			}
			if err := f.step(); err != nil {
				return err
			}
		case inBlock, inChecksum:
			n := min(f.skip, int64(len(p)))
			f.skip, p = f.skip-n, p[n:]
			if f.skip == 0 {
				f.leave()
			}
		case afterFrame:
			return refuse(CodeTrailingData, f.member, "there is data after the first zstd frame; compress the part as one frame")
		}
	}
	return nil
}

// step consumes a complete header.
func (f *frame) step() error {
	if f.state == inBlockHeader {
		return f.block()
	}
	if len(f.header) == 5 {
		if le.Uint32(f.header) != zstdMagic {
			return refuse(CodeNotZstd, f.member, "the part is not a zstd frame")
		}
		if f.need = 5 + headerTail(f.header[4]); f.need > 5 {
			return nil
		}
	}
	return f.parseHeader()
}

// headerTail is how many bytes of the frame header follow its descriptor.
func headerTail(descriptor byte) int {
	n := []int{0, 1, 2, 4}[descriptor&3]
	single := descriptor&(1<<5) != 0
	if !single {
		n++
	}
	switch size := descriptor >> 6; {
	case size > 0:
		n += 1 << size
	case single:
		n++
	}
	return n
}

// parseHeader judges the complete frame header.
func (f *frame) parseHeader() error {
	descriptor, rest := f.header[4], f.header[5:]
	single := descriptor&(1<<5) != 0
	f.check = descriptor&(1<<2) != 0
	window := uint64(0)
	if !single {
		base := uint64(1) << (10 + rest[0]>>3)
		window, rest = base+base/8*uint64(rest[0]&7), rest[1:]
	}
	dict := []int{0, 1, 2, 4}[descriptor&3]
	for _, b := range rest[:dict] {
		if b != 0 {
			return refuse(CodeZstdDictionary, f.member, "the part needs a zstd dictionary, which no conda client has")
		}
	}
	if content, known := contentSize(rest[dict:]); known {
		if single {
			window = content
		}
		if content > f.maxOutput {
			return refuse(CodeBomb, f.member, "announces %d bytes of content, more than its compressed size can explain or this server accepts", content)
		}
	}
	f.window = window
	if window > f.maxWindow {
		return refuse(CodeZstdWindow, f.member, "needs a zstd window of %d bytes, and %d are allowed; compress at level 19 or lower, or ask the operator to raise the limit",
			window, f.maxWindow)
	}
	f.expect(inBlockHeader, 3)
	return nil
}

// contentSize decodes the frame content size field.
func contentSize(b []byte) (uint64, bool) {
	switch len(b) {
	case 1:
		return uint64(b[0]), true
	case 2:
		return uint64(le.Uint16(b)) + 256, true
	case 4:
		return uint64(le.Uint32(b)), true
	case 8:
		return le.Uint64(b), true
	}
	return 0, false
}

// block judges a block header.
func (f *frame) block() error {
	h := uint32(f.header[0]) | uint32(f.header[1])<<8 | uint32(f.header[2])<<16
	f.last, f.skip = h&1 != 0, int64(h>>3)
	switch h >> 1 & 3 {
	case 1:
		f.skip = 1 // one byte, repeated
	case 3:
		return refuse(CodeCorrupt, f.member, "the zstd stream has a block of an unknown type; upload the file again")
	}
	f.state, f.header = inBlock, f.header[:0]
	if f.skip == 0 {
		f.leave()
	}
	return nil
}

// leave goes on after a block or the checksum.
func (f *frame) leave() {
	switch {
	case f.state == inBlock && !f.last:
		f.expect(inBlockHeader, 3)
	case f.state == inBlock && f.check:
		f.state, f.skip = inChecksum, 4
	default:
		f.state = afterFrame
	}
}

func (f *frame) expect(state frameState, need int) {
	f.state, f.need, f.header = state, need, f.header[:0]
}

// close tells whether the stream may end here.
func (f *frame) close() error {
	if f.state == inHeader && len(f.header) < 4 {
		return refuse(CodeNotZstd, f.member, "the part is not a zstd frame")
	}
	if f.state != afterFrame {
		return refuse(CodeTruncated, f.member, "the zstd stream ends in the middle; the package was cut off when it was built, build it again")
	}
	return nil
}

// windowOf returns the window that decoding a member needs, 0 if that cannot
// be told. Nothing is judged here, for the member is scanned again as it is
// decoded.
func windowOf(src *source, m zipMember, lim Limits) uint64 {
	const longest = 18 // bytes of a frame header
	head, err := src.bytes(m.data, min(longest, int64(m.csize)))
	f := newFrame(m.name, lim, lim.MaxUnpacked)
	if err != nil || f.scan(head) != nil {
		return 0
	}
	return f.window
}

// checkStored verifies a member's CRC-32 and frame structure without decoding.
func checkStored(src *source, m zipMember, lim Limits) error {
	f := newFrame(m.name, lim, lim.unpackedLimit(int64(m.csize), lim.MaxUnpacked))
	sum := newSummed(io.NewSectionReader(src, m.data, int64(m.csize)), f.scan)
	if _, err := io.Copy(io.Discard, sum); err != nil {
		return err
	}
	return finishPart(src, m, sum, f)
}

func finishPart(src *source, m zipMember, sum *summed, f *frame) error {
	if src.err != nil {
		return src.err
	}
	if err := f.close(); err != nil {
		return err
	}
	if sum.crc.Sum32() != m.crc {
		return refuse(CodeCRCMismatch, m.name, "the bytes do not have the CRC-32 that the ZIP records; the file was damaged, upload it again")
	}
	return nil
}

func checkCRC(b []byte, m zipMember) error {
	if crc32.ChecksumIEEE(b) != m.crc {
		return refuse(CodeCRCMismatch, m.name, "the bytes do not have the CRC-32 that the ZIP records; the file was damaged, upload it again")
	}
	return nil
}
