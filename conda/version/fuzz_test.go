package version

import (
	"testing"
)

func FuzzParse(f *testing.F) {
	for _, step := range ladder {
		for _, text := range step {
			f.Add(text)
		}
	}
	for _, text := range []string{"", "_", "1__", "1+a_", "1!", "+", "1-_", "1.*", "1\xff", "İ", "1 ", "1!2!3", "1+2+3"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v, err := Parse(text)
		if err != nil {
			return
		}
		if got := v.String(); got != text || got == "" || len(got) > MaxLength {
			t.Fatalf("Parse(%q).String() = %q, want the same of 1 to %d bytes", text, got, MaxLength)
		}
		checkLaws(t, v, mustParse(t, text), Version{})
		if got := Compare(v, mustParse(t, text)); got != 0 {
			t.Errorf("Compare(%q, itself) = %d, want 0", text, got)
		}
	})
}

func FuzzCompare(f *testing.F) {
	for i := range ladder[2:] {
		f.Add(ladder[i][0], ladder[i+1][0], ladder[i+2][0])
	}
	f.Fuzz(func(t *testing.T, a, b, c string) {
		var parsed [3]Version
		for i, text := range []string{a, b, c} {
			v, err := Parse(text)
			if err != nil {
				return
			}
			parsed[i] = v
		}
		checkLaws(t, parsed[0], parsed[1], parsed[2])
	})
}
