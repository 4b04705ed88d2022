package repodata

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tinylib/msgp/msgp"
	"pgregory.net/rapid"
)

// packTree is the obvious conversion by way of a tree, to compare the packer
// with. It takes what decodeObject returns.
func packTree(out []byte, v any, depth int) ([]byte, error) {
	if depth > maxDepth {
		return nil, errors.New("too deep")
	}
	switch v := v.(type) {
	case map[string]any:
		out = msgp.AppendMapHeader(out, uint32(len(v)))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			out = msgp.AppendString(out, key)
			var err error
			if size := map[string]int{"md5": 16, "sha256": 32}[key]; size > 0 && depth == 0 && v[key] != nil {
				text, ok := v[key].(string)
				sum, err := hex.DecodeString(text)
				if !ok || err != nil || len(sum) != size {
					return nil, fmt.Errorf("%s is not a hash", key)
				}
				out = msgp.AppendBytes(out, sum)
			} else if out, err = packTree(out, v[key], depth+1); err != nil {
				return nil, err
			}
		}
		return out, nil
	case []any:
		out = msgp.AppendArrayHeader(out, uint32(len(v)))
		for _, element := range v {
			var err error
			if out, err = packTree(out, element, depth+1); err != nil {
				return nil, err
			}
		}
		return out, nil
	case json.Number:
		return packNumber(out, string(v))
	default:
		return msgp.AppendIntf(out, v)
	}
}

func packNumber(out []byte, text string) ([]byte, error) {
	if !strings.ContainsAny(text, ".eE") {
		if i, err := strconv.ParseInt(text, 10, 64); err == nil && i < 0 {
			return msgp.AppendInt64(out, i), nil
		}
		if u, err := strconv.ParseUint(strings.TrimPrefix(text, "-"), 10, 64); err == nil && (u == 0 || text[0] != '-') {
			return msgp.AppendUint64(out, u), nil
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	return msgp.AppendFloat64(out, f), err
}

// checkPack compares the packer with packTree on one text, and takes the
// result back to JSON.
func checkPack(t interface{ Fatalf(string, ...any) }, text []byte) {
	var p packer
	err := p.record(text, nil)
	tree, treeErr := decodeObject(text)
	var want []byte
	if treeErr == nil {
		want, treeErr = packTree(nil, tree, 0)
	}
	if err != nil && treeErr == nil {
		// The packer also refuses a value that a later one of the same key
		// replaces, which is gone from the canonical form.
		var canonical bytes.Buffer
		_ = json.NewEncoder(&canonical).Encode(tree)
		p = packer{}
		err = p.record(canonical.Bytes(), nil)
	}
	if (err == nil) != (treeErr == nil) {
		t.Fatalf("packing %q: %v, by way of a tree: %v", text, err, treeErr)
	}
	if err != nil {
		if !errors.Is(err, ErrInvalid) {
			t.Fatalf("packing %q: %v, want ErrInvalid", text, err)
		}
		return
	}
	if !bytes.Equal(p.out, want) {
		t.Fatalf("packing %q: %x, by way of a tree: %x", text, p.out, want)
	}
	u := unpacker{src: p.out}
	if err := u.value(0); err != nil || len(u.src) > 0 {
		t.Fatalf("unpacking %x: %v, %d bytes left", p.out, err, len(u.src))
	}
	canonical, err := Canonicalize(u.out)
	if err != nil || !bytes.Equal(canonical, u.out) {
		t.Fatalf("unpacked %s, in canonical form %s, %v", u.out, canonical, err)
	}
	var again packer
	if err := again.record(u.out, nil); err != nil || !bytes.Equal(again.out, p.out) {
		t.Fatalf("packing %s again: %x, %v, want %x", u.out, again.out, err, p.out)
	}
}

func FuzzPack(f *testing.F) {
	for _, seed := range []string{
		`{}`, ` { } `, `{"b":1,"a":2}`, `{"a":1,"a":2}`, `{"a":{"b":[1,2,{"c":null}],"a":true}}`,
		`{"x":-0,"y":-1,"z":1e3,"u":1.0,"v":-129,"w":18446744073709551616}`,
		`{"md5":"000102030405060708090A0B0C0D0E0F","sha256":null}`, `{"md5":"00"}`, `{"sha256":7}`,
		`{"a":{"md5":"00"}}`, `{"e":"\ud800\u00e9\n\"\\"}`, "{\"\xff\":1,\"\xfe\":2}", `{"x":1e999}`, `[]`, `{"a":1}}`,
		`{"a" : [ ] , "b" : [ 1 , 2 ] }`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) { checkPack(t, text) })
}

// jsonText generates JSON texts, with white space, odd numbers and escapes.
func jsonText(depth int) *rapid.Generator[string] {
	space := rapid.SampledFrom([]string{"", "", "", " ", "\n\t"})
	str := rapid.Custom(func(t *rapid.T) string {
		raw, err := json.Marshal(rapid.String().Draw(t, "s"))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	})
	scalars := []*rapid.Generator[string]{
		str,
		rapid.SampledFrom([]string{"true", "false", "null", "0", "-0", "1.50", "-1e-7", "9007199254740993"}),
		rapid.Map(rapid.Int64(), func(i int64) string { return strconv.FormatInt(i, 10) }),
		rapid.Map(rapid.Uint64(), func(u uint64) string { return strconv.FormatUint(u, 10) }),
		rapid.Map(rapid.Float64(), func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }),
	}
	return rapid.Custom(func(t *rapid.T) string {
		if depth == 0 || rapid.IntRange(0, 2).Draw(t, "kind") == 0 {
			return rapid.OneOf(scalars...).Draw(t, "scalar")
		}
		sep := space.Draw(t, "space")
		parts := rapid.SliceOfN(jsonText(depth-1), 0, 20).Draw(t, "parts")
		if rapid.Bool().Draw(t, "list") {
			return "[" + sep + strings.Join(parts, sep+","+sep) + sep + "]"
		}
		return object(t, parts, str, sep)
	})
}

func object(t *rapid.T, values []string, keys *rapid.Generator[string], sep string) string {
	parts := make([]string, len(values))
	for i, value := range values {
		parts[i] = keys.Draw(t, "key") + sep + ":" + sep + value
	}
	return "{" + sep + strings.Join(parts, sep+","+sep) + sep + "}"
}

func TestPackProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SampledFrom([]string{`"a"`, `"b"`, `"md5"`, `"name"`, `"é"`, `"\u0061"`, `""`})
		values := rapid.SliceOfN(jsonText(3), 0, 20).Draw(t, "values")
		checkPack(t, []byte(object(t, values, keys, "")))
	})
}

func TestPackLong(t *testing.T) {
	for _, n := range []int{15, 16, 31, 32, 255, 256, 65535, 65536} {
		checkPack(t, []byte(`{"`+strings.Repeat("k", n)+`":"`+strings.Repeat("v", n)+`"}`))
		checkPack(t, []byte(`{"k":[`+strings.Repeat("0,", n)+`0]}`))
		var members strings.Builder
		for i := range n {
			fmt.Fprintf(&members, `"%d":0,`, i%60000) // not sorted, and with duplicates
		}
		checkPack(t, []byte(`{`+members.String()+`"k":0}`))
	}
}

func TestPackRunExports(t *testing.T) {
	for _, test := range []struct{ record, runExports, want string }{
		{`{"a":1,"z":2}`, `{"weak":["x"]}`, `{"a":1,"run_exports":{"weak":["x"]},"z":2}`},
		{`{"run_exports":7}`, `{}`, `{"run_exports":{}}`},
		{`{}`, `{}`, `{"run_exports":{}}`},
	} {
		var p packer
		if err := p.record([]byte(test.record), []byte(test.runExports)); err != nil {
			t.Fatal(err)
		}
		u := unpacker{src: p.out}
		if err := u.value(0); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(u.out), test.want); diff != "" {
			t.Errorf("record (-got +want):\n%s", diff)
		}
	}
}

func TestUnpackRefuses(t *testing.T) {
	deep := bytes.Repeat([]byte{0x91}, maxDepth+2)
	for _, test := range []struct {
		name string
		data []byte
	}{
		{"nothing", nil},
		{"a list that is cut", []byte{0x92, 0x01}},
		{"a list of 4 billion", []byte{0xdd, 0xff, 0xff, 0xff, 0xff}},
		{"a map of 4 billion", []byte{0xdf, 0xff, 0xff, 0xff, 0xff}},
		{"text that is cut", []byte{0xa5, 'a'}},
		{"text that is not UTF-8", []byte{0xa1, 0xff}},
		{"a key that is a number", []byte{0x81, 0x01, 0x01}},
		{"an extension", []byte{0xd4, 0x05, 0x00}},
		{"a time", msgp.AppendTime(nil, testTime())},
		{"NaN", msgp.AppendFloat64(nil, math.NaN())},
		{"infinity", msgp.AppendFloat32(nil, float32(math.Inf(-1)))},
		{"too deep", append(deep, 0xc0)},
		{"a byte that starts nothing", []byte{0xc1}},
	} {
		u := unpacker{src: test.data}
		if err := u.value(0); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %s, %v, want ErrInvalid", test.name, u.out, err)
		}
	}
}

func TestUnpackNumbers(t *testing.T) {
	for _, test := range []struct {
		data []byte
		want string
	}{
		{msgp.AppendInt64(nil, math.MinInt64), "-9223372036854775808"},
		{msgp.AppendUint64(nil, math.MaxUint64), "18446744073709551615"},
		{msgp.AppendFloat64(nil, 1), "1.0"},
		{msgp.AppendFloat64(nil, 1e300), "1e+300"},
		{msgp.AppendFloat32(nil, 0.5), "0.5"},
		{msgp.AppendBytes(nil, []byte{0, 0xab}), `"00ab"`},
	} {
		u := unpacker{src: test.data}
		if err := u.value(0); err != nil || string(u.out) != test.want {
			t.Errorf("%x: %s, %v, want %s", test.data, u.out, err, test.want)
		}
	}
}
