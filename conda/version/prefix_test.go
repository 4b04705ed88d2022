package version

import (
	"testing"

	"pgregory.net/rapid"
)

func TestHasPrefix(t *testing.T) {
	tests := []struct {
		version, prefix string
		want            bool
	}{
		{"1.2", "1.2", true},
		{"1.2.7", "1.2", true},
		{"1.2rc1", "1.2", true},
		{"1.2dev", "1.2", true},
		{"1.2_", "1.2", true},
		{"1.2+cuda", "1.2", true},
		{"1.20", "1.2", false},
		{"1!1.2", "1.2", false},
		{"1!1.2", "1!1", true},
		{"1", "1.0.0", true},
		{"1", "1.0.1", false},
		{"1.0a1", "1.0a", true},
		{"1.0alpha", "1.0a", false},
		{"1.0.5", "1.0a", false},
		{"1.2a.3", "1.2.3", false},
		{"1.2.0+l.3", "1.2+l", true},
		{"1.2+l1", "1.2+l", true},
		{"1.2+lm", "1.2+l", false},
		{"1.2.1+l", "1.2+l", false},
		{"1.2", "1.2+0", true},
	}
	for _, tt := range tests {
		if got := mustParse(t, tt.version).HasPrefix(mustParse(t, tt.prefix)); got != tt.want {
			t.Errorf("%s.HasPrefix(%s) = %v, want %v", tt.version, tt.prefix, got, tt.want)
		}
	}
	if !mustParse(t, "3").HasPrefix(Version{}) {
		t.Error("the zero Version is not a prefix of 3")
	}
}

func TestCompatible(t *testing.T) {
	tests := []struct {
		version, limit string
		want           bool
	}{
		{"1.2.3", "1.2.3", true},
		{"1.2.9", "1.2.3", true},
		{"1.2.2", "1.2.3", false},
		{"1.3.0", "1.2.3", false},
		{"1.9", "1.2", true},
		{"2.0", "1.2", false},
		{"2", "1", true},
		{"1!1", "1", false},
		{"1.2", "1.2.0", true},
		{"1.0post", "1.0.0", true},
		{"1.0a1", "1.0a.0", true},
		{"1.2+3.5", "1.2+3.4", true},
		{"1.2+4", "1.2+3.4", false},
		{"1.2+4", "1.2+3", true},
		{"1.3", "1.2+3", false},
	}
	for _, tt := range tests {
		if got := mustParse(t, tt.version).Compatible(mustParse(t, tt.limit)); got != tt.want {
			t.Errorf("%s.Compatible(%s) = %v, want %v", tt.version, tt.limit, got, tt.want)
		}
	}
	if !(Version{}).Compatible(Version{}) {
		t.Error("the zero Version is not compatible with itself")
	}
}

// TestPrefixProperties checks that prefixes agree with the order.
func TestPrefixProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := versions().Draw(t, "a"), versions().Draw(t, "b")
		if !a.HasPrefix(a) || !a.Compatible(a) {
			t.Errorf("%s is not a prefix of itself, or not compatible with itself", a)
		}
		if Compare(a, b) == 0 && !a.HasPrefix(b) {
			t.Errorf("%s equals %s but does not begin with it", a, b)
		}
		if a.Compatible(b) && Compare(a, b) < 0 {
			t.Errorf("%s is compatible with %s but below it", a, b)
		}
		if a.HasPrefix(b) && Compare(a, b) >= 0 && !a.Compatible(b) {
			t.Errorf("%s begins with %s and is not below it, but not compatible with it", a, b)
		}
	})
}
