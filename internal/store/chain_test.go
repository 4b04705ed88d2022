package store

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"

	"kingsnake/internal/identity"
	"kingsnake/internal/registry"
)

// auditSite is a database with an audit of twelve rows, of which a head covers ten.
func auditSite(t *testing.T, path string) (*Store, *registry.Service) {
	t.Helper()
	s := openTest(t, path)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	keys, err := identity.NewKeys(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	svc := registry.New(registry.Options{Store: s, Feed: &registry.Feed{}, Heads: keys, Log: slog.New(slog.DiscardHandler)})
	for i := range 12 {
		if i == 9 {
			// It records the tenth row itself.
			if _, err := svc.Audit.Sign(t.Context(), identity.Local(time.Now())); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := auditedWrite(t.Context(), s, i); err != nil {
			t.Fatal(err)
		}
	}
	return s, svc
}

// tamper changes the database behind the program's back.
func (s *Store) tamper(t *testing.T, statements ...string) {
	t.Helper()
	for _, q := range statements {
		if _, err := s.writer.pool.db.ExecContext(t.Context(), q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

func verifyAudit(t *testing.T, svc *registry.Service) registry.AuditReport {
	t.Helper()
	r, err := svc.Audit.Verify(t.Context(), identity.Local(time.Now()), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestTampering changes an audit in many ways, of which each is found and named by its row.
func TestTampering(t *testing.T) {
	type fault struct {
		kind registry.FaultKind
		seq  int64
	}
	tests := map[string]struct {
		statements []string
		want       fault
	}{
		"nothing":        {nil, fault{}},
		"a deleted row":  {[]string{`DELETE FROM audit WHERE id = 5`}, fault{registry.FaultGap, 5}},
		"the first row":  {[]string{`DELETE FROM audit WHERE id = 1`}, fault{registry.FaultGap, 1}},
		"a swapped pair": {[]string{`UPDATE audit SET id = -1 WHERE id = 5`, `UPDATE audit SET id = 5 WHERE id = 6`, `UPDATE audit SET id = 6 WHERE id = -1`}, fault{registry.FaultContent, 5}},
		"a cut tail":     {[]string{`DELETE FROM audit WHERE id > 11`}, fault{registry.FaultGap, 12}},
		"a cut tail and the end of the chain": {[]string{
			`DELETE FROM audit WHERE id > 8`, `UPDATE audit_chain SET seq = 8, hash = (SELECT hash FROM audit WHERE id = 8)`,
		}, fault{registry.FaultGap, 9}},
		"an added row": {[]string{
			`INSERT INTO audit SELECT 13, at, event, outcome, principal_id, principal, via, token_id, subject_id, channel_id, target, scope, reason, address,
				client, request_id, data, format, hash, hash FROM audit WHERE id = 12`,
		}, fault{registry.FaultGap, 13}},
		"another end":         {[]string{`UPDATE audit_chain SET hash = x'00'`}, fault{registry.FaultLink, 12}},
		"a forged signature":  {[]string{`UPDATE audit_heads SET signature = x'00'`}, fault{registry.FaultHead, 9}},
		"a head moved":        {[]string{`UPDATE audit_heads SET seq = 8, row_count = 8`}, fault{registry.FaultHead, 8}},
		"a head of no number": {[]string{`UPDATE audit_heads SET number = 2`}, fault{registry.FaultHead, 9}},
	}
	for _, column := range []string{
		"event", "outcome", "principal", "via", "token_id", "target", "scope", "reason", "address", "client", "request_id", "data",
	} {
		tests["column "+column] = struct {
			statements []string
			want       fault
		}{[]string{`UPDATE audit SET ` + column + ` = ` + column + ` || ' ' WHERE id = 4`}, fault{registry.FaultContent, 4}}
	}
	for _, column := range []string{"at", "principal_id", "subject_id", "channel_id", "format"} {
		tests["column "+column] = struct {
			statements []string
			want       fault
		}{[]string{`UPDATE audit SET ` + column + ` = ` + column + ` + 1 WHERE id = 7`}, fault{registry.FaultContent, 7}}
	}
	for _, column := range []string{"prev", "hash"} {
		tests["column "+column] = struct {
			statements []string
			want       fault
		}{[]string{`UPDATE audit SET ` + column + ` = (SELECT hash FROM audit WHERE id = 2) WHERE id = 7`}, fault{registry.FaultContent, 7}}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, svc := auditSite(t, filepath.Join(t.TempDir(), "db"))
			s.tamper(t, test.statements...)
			r := verifyAudit(t, svc)
			var got fault
			if len(r.Faults) > 0 {
				got = fault{r.Faults[0].Kind, r.Faults[0].Seq}
			}
			if got != test.want {
				t.Errorf("first fault = %v, want %v; all: %v", got, test.want, r.Faults)
			}
			if r.Sound() != (test.want == fault{}) {
				t.Errorf("sound = %v with faults %v", r.Sound(), r.Faults)
			}
		})
	}
}

// TestRewrittenAudit chains a changed row and all after it anew, as somebody could who knows how: what a head has
// covered shows all the same.
func TestRewrittenAudit(t *testing.T) {
	s, svc := auditSite(t, filepath.Join(t.TempDir(), "db"))
	s.tamper(t, `UPDATE audit SET principal = 'somebody else' WHERE id = 3`, `UPDATE audit_chain SET seq = 0, old = 12`)
	if err := s.chainOld(t.Context()); err != nil {
		t.Fatal(err)
	}
	r := verifyAudit(t, svc)
	if r.FaultCount != 1 || r.Faults[0].Kind != registry.FaultHead || r.Faults[0].Seq != 9 {
		t.Errorf("faults = %v, want that of the head of row 9", r.Faults)
	}
	// What came after the head is signed by nobody.
	s.tamper(t, `DELETE FROM audit_heads`)
	if r := verifyAudit(t, svc); !r.Sound() || r.SignedSeq != 0 {
		t.Errorf("without heads: signed up to %d, faults %v", r.SignedSeq, r.Faults)
	}
}

// TestDaysAreSigned signs at most one head for each day that holds something.
func TestDaysAreSigned(t *testing.T) {
	s, svc := auditSite(t, filepath.Join(t.TempDir(), "db"))
	heads := func() []registry.Head {
		t.Helper()
		list, err := svc.Audit.Heads(t.Context(), identity.Local(time.Now()), 0, 10)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	for range 3 {
		if err := svc.Audit.SignDay(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// The rows before the first head tell of 2023 and the tenth of today; the two after it are of 2023 again, but row 10
	// comes first and is of today.
	if got := heads(); len(got) != 1 {
		t.Fatalf("%d heads, want the one that was asked for: %v", len(got), got)
	}
	s.tamper(t, `DELETE FROM audit_heads`)
	for range 3 {
		if err := svc.Audit.SignDay(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	got := heads()
	if len(got) != 1 || got[0].Seq != 12 || got[0].Rows != 12 || got[0].Day != time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly) {
		t.Fatalf("heads = %+v, want one of 12 rows, of yesterday", got)
	}
	if r := verifyAudit(t, svc); !r.Sound() || r.SignedSeq != 12 {
		t.Errorf("signed up to %d, faults %v", r.SignedSeq, r.Faults)
	}
}

// TestOldAuditIsChained opens a database whose audit is from before rows were hashed.
func TestOldAuditIsChained(t *testing.T) {
	path := filepath.Join(t.TempDir(), "db")
	s := openTest(t, path)
	for i := range 2*oldChunk + 5 {
		if i%500 == 0 {
			// Nothing: a number that the older audit skipped.
			continue
		}
		if err := auditedWrite(t.Context(), s, i); err != nil {
			t.Fatal(err)
		}
	}
	files, err := s.d.migrations()
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(database.Dialect(s.d.name), s.writer.pool.db, files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.DownTo(context.Background(), 5); err != nil {
		t.Fatal(err)
	}
	s.tamper(t, `UPDATE audit SET client = CAST(x'61ff62' AS TEXT) WHERE id = 3`, fmt.Sprintf(`DELETE FROM audit WHERE id = %d`, oldChunk))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, svc := auditSite(t, path)
	r := verifyAudit(t, svc)
	if want := int64(2*oldChunk + 5 - 5 - 1 + 12); !r.Sound() || r.Rows != want {
		t.Errorf("%d rows, want %d; faults %v", r.Rows, want, r.Faults)
	}
	// A second start has nothing to chain.
	if err := s.chainOld(t.Context()); err != nil {
		t.Fatal(err)
	}
	if again := verifyAudit(t, svc); again.Hash != r.Hash {
		t.Errorf("the chain ends in %s after a second start, and in %s before it", again.Hash, r.Hash)
	}
}
