package server

import "testing"

func TestEnvironmentSaysWhenToCollectGarbage(t *testing.T) {
	for _, c := range []struct {
		environ map[string]string
		want    int
	}{
		{nil, headroom},
		{map[string]string{"GOGC": "50"}, 0},
		{map[string]string{"GOMEMLIMIT": "300MiB"}, 0},
	} {
		got := ballast(func(name string) string { return c.environ[name] })
		if len(got) != c.want {
			t.Errorf("with %v: %d bytes, want %d", c.environ, len(got), c.want)
		}
	}
}
