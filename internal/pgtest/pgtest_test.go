package pgtest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5"

	"kingsnake/internal/pgtest"
)

func query(t *testing.T, url, sql string) (answer int, err error) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		return 0, err
	}
	err = conn.QueryRow(t.Context(), sql).Scan(&answer)
	return answer, errors.Join(err, conn.Close(t.Context()))
}

// TestCopies: each test has a database of its own, which is gone when the test is.
func TestCopies(t *testing.T) {
	prepared := 0
	prepare := func(ctx context.Context, url string) error {
		prepared++
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			return err
		}
		_, err = conn.Exec(ctx, `CREATE TABLE pets AS SELECT 1 AS number`)
		return errors.Join(err, conn.Close(ctx))
	}
	var gone string
	t.Run("one", func(t *testing.T) {
		gone = pgtest.Copy(t, "pets", prepare)
		if _, err := query(t, gone, `DELETE FROM pets RETURNING number`); err != nil {
			t.Error(err)
		}
	})
	if _, err := query(t, gone, `SELECT 1`); err == nil {
		t.Error("the database outlives its test")
	}
	if n, err := query(t, pgtest.Copy(t, "pets", prepare), `SELECT number FROM pets`); n != 1 || err != nil || prepared != 1 {
		t.Errorf("a copy has %d, %v after %d preparations", n, err, prepared)
	}
	if _, err := query(t, pgtest.New(t), `SELECT number FROM pets`); err == nil {
		t.Error("a new database is not empty")
	}
}

func TestDoor(t *testing.T) {
	door := pgtest.NewDoor(t, pgtest.New(t))
	for _, open := range []bool{true, false, true} {
		if door.Shut(); open {
			door.Open()
		}
		if _, err := query(t, door.URL, `SELECT 1`); (err == nil) != open {
			t.Errorf("open %t: %v", open, err)
		}
	}
}

// TestCrash: a server that crashes has what it acknowledged when it returns.
func TestCrash(t *testing.T) {
	pgtest.Require(t)
	s := pgtest.Start(t)
	for want := range 3 {
		if want > 0 {
			if n, err := query(t, s.URL, `INSERT INTO pets VALUES (1) RETURNING 1`); n != 1 || err != nil {
				t.Fatal(err)
			}
			if err := s.Crash(); err != nil {
				t.Fatal(err)
			}
			if _, err := query(t, s.URL, `SELECT 1`); err == nil {
				t.Error("it answers after its crash")
			}
			if err := s.Return(t.Context()); err != nil {
				t.Fatal(err)
			}
		} else if _, err := query(t, s.URL, `CREATE TABLE pets AS SELECT number FROM generate_series(1, 0) AS list (number)`); !errors.Is(err, pgx.ErrNoRows) {
			t.Fatal(err)
		}
		if n, err := query(t, s.URL, `SELECT COUNT(*) FROM pets`); n != want || err != nil {
			t.Errorf("%d rows, %v, want %d", n, err, want)
		}
	}
}
