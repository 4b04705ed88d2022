package blob_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"kingsnake/internal/blob"
)

// The first test vector of FIPS 180-2.
const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

func TestSum(t *testing.T) {
	if got := blob.Sum([]byte("abc")).String(); got != abc {
		t.Errorf("Sum(abc) = %s, want %s", got, abc)
	}
}

func TestParseHashRejects(t *testing.T) {
	for name, in := range map[string]string{
		"empty":      "",
		"short":      abc[:63],
		"long":       abc + "0",
		"upper case": strings.ToUpper(abc),
		"not hex":    strings.Repeat("g", 64),
		"a path":     "../" + abc[3:],
	} {
		if h, err := blob.ParseHash(in); err == nil {
			t.Errorf("%s: ParseHash(%q) = %s, want an error", name, in, h)
		}
	}
}

func TestParseHashReadsString(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := blob.Hash(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash"))
		got, err := blob.ParseHash(want.String())
		if err != nil || got != want {
			t.Fatalf("ParseHash(%s) = %s, %v", want, got, err)
		}
	})
}
