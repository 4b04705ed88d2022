package hostile

import (
	"fmt"
	"slices"
	"strings"
)

// member is a tar member without any restriction on its header.
type member struct {
	name string
	typ  byte // '0' when zero
	link string
	data []byte
	// claim is the size in the header if it is not that of data.
	claim int64
	// pax are the records of an extended header in front of the member.
	pax map[string]string
	// spoil changes the finished header block.
	spoil func([]byte)
}

// tarOf packs members into a tar archive with its end marker. Names beyond
// 100 bytes go into an extended header.
func tarOf(members []member) []byte {
	var out []byte
	for _, m := range members {
		out = append(out, m.render()...)
	}
	return append(out, make([]byte, 1024)...)
}

func (m member) render() []byte {
	pax := m.pax
	if len(m.name) > 100 {
		pax = map[string]string{"path": m.name}
		m.name = m.name[:100]
	}
	var out []byte
	if len(pax) > 0 {
		x := member{name: "pax", typ: 'x', data: paxRecords(pax)}
		out = x.render()
	}
	typ := m.typ
	if typ == 0 {
		typ = '0'
	}
	size := int64(len(m.data))
	if m.claim != 0 {
		size = m.claim
	}
	h := make([]byte, 512)
	copy(h, m.name)
	copy(h[100:], "0000644\x000000000\x000000000\x00")
	copy(h[124:], fmt.Sprintf("%011o\x00%011o\x00", size, 1577836800))
	h[156] = typ
	copy(h[157:], m.link)
	copy(h[257:], "ustar\x0000")
	if m.spoil != nil {
		m.spoil(h)
	}
	copy(h[148:], "        ")
	sum := 0
	for _, b := range h {
		sum += int(b)
	}
	copy(h[148:], fmt.Sprintf("%06o\x00 ", sum))
	out = append(out, h...)
	out = append(out, m.data...)
	return append(out, make([]byte, (512-len(m.data)%512)%512)...)
}

// paxRecords renders extended header records, which carry their own length.
func paxRecords(records map[string]string) []byte {
	keys := make([]string, 0, len(records))
	for k := range records {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	var out strings.Builder
	for _, k := range keys {
		body := " " + k + "=" + records[k] + "\n"
		n := len(body) + 1
		for len(fmt.Sprint(n))+len(body) != n {
			n = len(fmt.Sprint(n)) + len(body)
		}
		fmt.Fprintf(&out, "%d%s", n, body)
	}
	return []byte(out.String())
}
