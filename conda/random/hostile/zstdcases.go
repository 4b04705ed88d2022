package hostile

import (
	"bytes"

	"kingsnake/conda/random"
)

// zstdFrame writes a frame whose header says what it likes and whose content
// is stored. The descriptor's size and dictionary bits must fit the fields.
func zstdFrame(descriptor byte, fields []byte, content []byte) []byte {
	out := append([]byte{0x28, 0xb5, 0x2f, 0xfd, descriptor}, fields...)
	const chunk = 64 << 10
	for {
		n := min(len(content), chunk)
		head := uint32(n) << 3
		if n == len(content) {
			head |= 1
		}
		out = append(out, byte(head), byte(head>>8), byte(head>>16))
		out = append(out, content[:n]...)
		if content = content[n:]; len(content) == 0 {
			return out
		}
	}
}

// zstdBomb writes start, followed by n blocks of 128 KiB of zeros that take
// four bytes each.
func zstdBomb(start []byte, n int) []byte {
	out := []byte{0x28, 0xb5, 0x2f, 0xfd, 0, 10 << 3} // a window of 1 MiB
	head := uint32(len(start)) << 3
	out = append(out, byte(head), byte(head>>8), byte(head>>16))
	out = append(out, start...)
	for i := range n {
		head := uint32(128<<10)<<3 | 1<<1
		if i == n-1 {
			head |= 1
		}
		out = append(out, byte(head), byte(head>>8), byte(head>>16), 0)
	}
	return out
}

// zstdCases spoil the compressed parts; their CRC-32 fits what they became.
func zstdCases() []mutation {
	info := func(f func(tar []byte) []byte) func(*parts) { return func(p *parts) { p.infoZstd = f } }
	pkg := func(f func(tar []byte) []byte) func(*parts) { return func(p *parts) { p.pkgZstd = f } }
	after := func(tail string) func(tar []byte) []byte {
		return func(tar []byte) []byte { return append(random.Zstd(tar), tail...) }
	}
	return []mutation{
		{"info part that is empty", "not_zstd", info(func([]byte) []byte { return nil })},
		{"pkg part that is empty", "not_zstd", pkg(func([]byte) []byte { return nil })},
		{"info part of three bytes", "not_zstd", info(func([]byte) []byte { return []byte{0x28, 0xb5, 0x2f} })},
		{"info part of only a signature", "truncated", info(func([]byte) []byte { return []byte{0x28, 0xb5, 0x2f, 0xfd} })},
		{"info part that is a bare tar", "not_zstd", info(func(tar []byte) []byte { return tar })},
		{"pkg part that is bzip2", "not_zstd", pkg(random.Bzip2)},
		{"info part cut off", "truncated", info(func(tar []byte) []byte { return cut(0)(random.Zstd(tar)) })},
		{"pkg part cut off", "truncated", pkg(func(tar []byte) []byte { return cut(0)(random.Zstd(tar)) })},
		{"pkg part without its last byte", "truncated", pkg(func(tar []byte) []byte { return cut(1)(random.Zstd(tar)) })},
		{"pkg part with a stray byte behind it", "trailing_data", pkg(after("x"))},
		{"pkg part with two stray bytes behind it", "trailing_data", pkg(after("\x28\xb5"))},
		{"skippable frame behind the part", "trailing_data", pkg(after("\x50\x2a\x4d\x18\x04\x00\x00\x00evil"))},
		{"skippable frame before the part", "not_zstd", info(func(tar []byte) []byte {
			return append([]byte("\x50\x2a\x4d\x18\x04\x00\x00\x00evil"), random.Zstd(tar)...)
		})},
		{"part of two frames", "trailing_data", info(func(tar []byte) []byte {
			return append(random.Zstd(tar[:512]), random.Zstd(tar[512:])...)
		})},
		{"window of 2 GiB", "zstd_window", pkg(func(tar []byte) []byte { return zstdFrame(0, []byte{21 << 3}, tar) })},
		{"window of 32 MiB", "zstd_window", info(func(tar []byte) []byte { return zstdFrame(0, []byte{15 << 3}, tar) })},
		{"single segment of 40 MiB", "zstd_window", pkg(func(tar []byte) []byte {
			return zstdFrame(2<<6|1<<5, le.AppendUint32(nil, 40<<20), tar)
		})},
		{"dictionary", "zstd_dictionary", pkg(func(tar []byte) []byte { return zstdFrame(1, []byte{10 << 3, 7}, tar) })},
		{"reserved header bit", "corrupt", pkg(func(tar []byte) []byte { return zstdFrame(1<<3, []byte{10 << 3}, tar) })},
		{"reserved block type", "corrupt", pkg(func(tar []byte) []byte {
			b := zstdFrame(0, []byte{10 << 3}, tar)
			b[6] |= 3 << 1
			return b
		})},
		{"content longer than announced", "corrupt", pkg(func(tar []byte) []byte {
			return zstdFrame(2<<6|1<<5, le.AppendUint32(nil, uint32(len(tar)-512)), tar)
		})},
		{"content shorter than announced", "corrupt", pkg(func(tar []byte) []byte {
			return zstdFrame(2<<6|1<<5, le.AppendUint32(nil, uint32(len(tar)+512)), tar)
		})},
		{"damaged block in the info part", "corrupt", info(func(tar []byte) []byte { return flip(200)(random.Zstd(tar)) })},
		{"damaged block in the pkg part", "corrupt", pkg(func(tar []byte) []byte { return flip(100)(random.Zstd(tar)) })},
		{"info part that does not decode", "corrupt", info(func(tar []byte) []byte {
			const start = 700 // inside of index.json
			b := zstdFrame(0, []byte{10 << 3}, tar[:start])
			b[6] &^= 1 // not the last block
			return append(append(b, 10<<3|2<<1|1, 0, 0), bytes.Repeat([]byte{0xff}, 10)...)
		})},
		{"wrong content checksum", "corrupt", pkg(func(tar []byte) []byte { return append(zstdFrame(1<<2, []byte{10 << 3}, tar), 1, 2, 3, 4) })},
		{"block longer than its window", "corrupt", pkg(func(tar []byte) []byte {
			return zstdFrame(0, []byte{0}, append(tar, make([]byte, 64<<10)...))
		})},
	}
}

// bombCases expand to far more than they weigh.
func bombCases() []mutation {
	huge := member{name: "info/test/zeros", claim: 1 << 33}.render()
	payload := member{name: "share/zeros", claim: 1 << 33}.render()
	return []mutation{
		{"info part of zeros", "bomb", func(p *parts) { p.infoZstd = func([]byte) []byte { return zstdBomb(huge, 600) } }},
		{"pkg part of zeros", "bomb", func(p *parts) { p.pkgZstd = func([]byte) []byte { return zstdBomb(payload, 600) } }},
		{"zeros behind the end of the tar", "bomb", func(p *parts) {
			p.pkgZstd = func(tar []byte) []byte { return zstdBomb(tar, 600) }
		}},
		{"announced terabyte", "bomb", func(p *parts) {
			p.pkgZstd = func(tar []byte) []byte {
				return zstdFrame(3<<6, append([]byte{10 << 3}, le.AppendUint64(nil, 1<<40)...), tar)
			}
		}},
	}
}

// tarBytes spoils the tar archive of the payload, or the one archive of a .tar.bz2.
func tarBytes(f func([]byte) []byte) func(*parts) { return func(p *parts) { p.pkgTar = f } }

// tarCases spoil a tar archive; its compression is sound.
func tarCases() []mutation {
	return []mutation{
		{"tar that is a text", "bad_tar", tarBytes(func([]byte) []byte { return bytes.Repeat([]byte("not a tar archive\n"), 200) })},
		{"tar of less than a block", "bad_tar", tarBytes(func([]byte) []byte { return []byte("short") })},
		{"tar of no bytes", "bad_tar", tarBytes(func([]byte) []byte { return nil })},
		{"tar cut inside a member", "bad_tar", tarBytes(func(b []byte) []byte { return b[:512+10] })},
		{"tar without its end marker", "bad_tar", tarBytes(cut(1024))},
		{"tar with half an end marker", "bad_tar", tarBytes(cut(512))},
		{"data behind the end of the tar", "trailing_data", tarBytes(appended("hidden"))},
		{"second tar behind the first", "trailing_data", tarBytes(func(b []byte) []byte {
			return append(b, tarOf([]member{{name: "share/hidden", data: []byte("x")}})...)
		})},
		{"tar header with a wrong checksum", "bad_tar", tarBytes(flip(3))},
		{"tar size that is no number", "bad_tar", tarBytes(func(b []byte) []byte {
			m := member{name: "x", spoil: func(h []byte) { copy(h[124:], "zzzzzzzzzzz") }}
			return append(m.render(), b...)
		})},
		{"tar size that is negative", "bad_tar", tarBytes(func(b []byte) []byte {
			m := member{name: "x", spoil: func(h []byte) { copy(h[124:], bytes.Repeat([]byte{0xff}, 12)) }}
			return append(m.render(), b...)
		})},
		{"tar member larger than the archive", "bad_tar", tarBytes(func(b []byte) []byte {
			return append(member{name: "share/x", claim: 1 << 40}.render(), b...)
		})},
	}
}

// bz2TarCases spoil what only a .tar.bz2 has.
func bz2TarCases() []mutation {
	return []mutation{
		{"extra directory on top", "missing_member", func(p *parts) {
			for i := range p.info {
				p.info[i].name = p.stem + "/" + p.info[i].name
			}
		}},
		{"info that is a symbolic link", "not_regular", func(p *parts) {
			p.info = append([]member{{name: "info", typ: '2', link: "share"}}, p.info...)
		}},
		{"info that is a file", "not_regular", func(p *parts) {
			p.info = append([]member{{name: "info", data: []byte("x")}}, p.info...)
		}},
	}
}
