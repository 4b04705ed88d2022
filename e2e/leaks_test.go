package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kingsnake/internal/servertest"
)

// TestLeaks checks the check that ends every run: it finds a secret in the log and in a file, and nothing where there
// is none.
func TestLeaks(t *testing.T) {
	const secret = "ks-s-something-that-nobody-may-see"
	for _, c := range []struct{ name, log, file, want string }{
		{name: "nowhere", log: "ks-s", file: "some"},
		{name: "in the log", log: "x " + secret, want: "the log holds a secret"},
		{name: "in a file", file: secret + "\n", want: "found.txt holds a secret"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &server{data: t.TempDir(), out: &servertest.Log{}}
			s.keep(secret)
			if _, err := s.out.Write([]byte(c.log)); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(s.data, "found.txt"), []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			err := s.leaks()
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("the error repeats the secret: %v", err)
			}
		})
	}
	if err := (&server{out: &servertest.Log{}}).leaks(); err == nil {
		t.Error("a run that kept no secret passes")
	}
}
