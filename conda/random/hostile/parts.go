package hostile

import (
	"math/rand/v2"
	"strings"

	"kingsnake/conda/random"
)

// parts is a package taken apart, so that each layer can be spoilt on its own
// and all others stay consistent with it.
type parts struct {
	filename, stem string
	bz2            bool
	info, pkg      []member

	// The layers below are applied to the rendered bytes; nil changes nothing.
	infoTar, pkgTar   func([]byte) []byte // tar archive; in a .tar.bz2, pkgTar gets the one archive
	infoZstd, pkgZstd func([]byte) []byte // compressed part, the argument being the tar archive
	zip               func(*archive)
	file              func([]byte) []byte
}

// newParts returns the valid package, which has every optional feature.
func newParts(bz2 bool) *parts {
	c := random.Compose(rand.New(rand.NewPCG(1, 2)), random.Options{
		Name: "victim", Version: "1.0", Build: "h1234567_0", TarBz2: bz2, Prefix: true, Scripts: true,
		Depends: []string{"python >=3.9", "zlib"}, RunExports: map[string][]string{"weak": {"victim >=1.0,<2"}},
		TrackFeatures: "fast", Readme: "# Victim\n",
	})
	p := &parts{filename: c.Info.Filename, stem: c.Info.Stem(), bz2: bz2}
	for _, f := range c.Meta {
		p.info = append(p.info, member{name: f.Path, data: f.Data})
	}
	for _, f := range c.Payload {
		p.pkg = append(p.pkg, member{name: f.Path, data: f.Data})
	}
	return p
}

// render packs the parts.
func (p *parts) render() []byte {
	var out []byte
	if p.bz2 {
		all := append(append([]member(nil), p.info...), p.pkg...)
		out = random.Bzip2(apply(p.pkgTar, tarOf(all)))
	} else {
		a := newArchive(
			newZipMember("metadata.json", []byte(`{"conda_pkg_format_version": 2}`)),
			newZipMember("pkg-"+p.stem+".tar.zst", compress(p.pkgZstd, apply(p.pkgTar, tarOf(p.pkg)))),
			newZipMember("info-"+p.stem+".tar.zst", compress(p.infoZstd, apply(p.infoTar, tarOf(p.info)))),
		)
		if p.zip != nil {
			p.zip(a)
		}
		out = a.render()
	}
	return apply(p.file, out)
}

func apply(f func([]byte) []byte, b []byte) []byte {
	if f == nil {
		return b
	}
	return f(b)
}

func compress(f func([]byte) []byte, tar []byte) []byte {
	if f == nil {
		f = random.Zstd
	}
	return f(tar)
}

// edit returns the member of that name.
func (p *parts) find(name string) *member {
	for _, list := range [][]member{p.info, p.pkg} {
		for i := range list {
			if list[i].name == name {
				return &list[i]
			}
		}
	}
	panic("hostile: the valid package has no " + name)
}

// set replaces the content of a member.
func set(name, content string) func(*parts) {
	return func(p *parts) { p.find(name).data = []byte(content) }
}

// swap replaces the first occurrence of a text in a member, which has to be there.
func swap(name, from, to string) func(*parts) {
	return func(p *parts) {
		m := p.find(name)
		if !strings.Contains(string(m.data), from) {
			panic("hostile: " + name + " does not hold " + from)
		}
		m.data = []byte(strings.Replace(string(m.data), from, to, 1))
	}
}

// insert adds text behind the opening brace of a JSON object.
func insert(name, text string) func(*parts) { return swap(name, "{", "{"+text+",") }

// addInfo and addPayload append a member to one of the parts.
func addInfo(m member) func(*parts)    { return func(p *parts) { p.info = append(p.info, m) } }
func addPayload(m member) func(*parts) { return func(p *parts) { p.pkg = append(p.pkg, m) } }

// remove drops a member.
func remove(name string) func(*parts) {
	return func(p *parts) {
		p.find(name)
		keep := func(list []member) (out []member) {
			for _, m := range list {
				if m.name != name {
					out = append(out, m)
				}
			}
			return out
		}
		p.info, p.pkg = keep(p.info), keep(p.pkg)
	}
}

// wrap turns a function of bytes into a mutation of the finished file.
func wrap(f func([]byte) []byte) func(*parts) { return func(p *parts) { p.file = f } }

// cut drops the last n bytes, or half of them for n 0.
func cut(n int) func([]byte) []byte {
	return func(b []byte) []byte {
		if n == 0 {
			n = len(b) / 2
		}
		return b[:len(b)-n]
	}
}

func appended(text string) func([]byte) []byte {
	return func(b []byte) []byte { return append(b, text...) }
}

func replaced(text string) func([]byte) []byte {
	return func([]byte) []byte { return []byte(text) }
}

// flip changes one bit of the byte at i, counted from the end if negative.
func flip(i int) func([]byte) []byte {
	return func(b []byte) []byte {
		at := i
		if at < 0 {
			at += len(b)
		}
		b[at] ^= 0x10
		return b
	}
}
