package memo

import (
	"context"
	"errors"
	"testing"
)

func TestGetKeepsAndDrops(t *testing.T) {
	c := New[string, int](10)
	loads := 0
	load := func(context.Context) (int, error) { loads++; return loads, nil }
	for range 3 {
		if got, err := c.Get(t.Context(), "a", load); got != 1 || err != nil {
			t.Fatalf("Get = %d, %v; want 1, nil", got, err)
		}
	}
	c.Drop("a")
	if got, _ := c.Get(t.Context(), "a", load); got != 2 {
		t.Fatalf("Get after Drop = %d, want a new load", got)
	}
	c.DropAll()
	if _, ok := c.Peek("a"); ok {
		t.Fatal("a value outlived DropAll")
	}
}

func TestErrorsAreNotKept(t *testing.T) {
	c := New[string, int](10)
	boom := errors.New("boom")
	if _, err := c.Get(t.Context(), "a", func(context.Context) (int, error) { return 0, boom }); !errors.Is(err, boom) {
		t.Fatalf("err = %v, want boom", err)
	}
	if _, ok := c.Peek("a"); ok {
		t.Fatal("a failed load was kept")
	}
}

func TestLoadThatOverlapsADropIsNotKept(t *testing.T) {
	c := New[string, string](10)
	got, err := c.Get(t.Context(), "a", func(context.Context) (string, error) {
		// The record is read, and then changed by somebody else before the reader could keep it.
		c.Drop("a")
		return "stale", nil
	})
	if got != "stale" || err != nil {
		t.Fatalf("Get = %q, %v", got, err)
	}
	if v, ok := c.Peek("a"); ok {
		t.Fatalf("the stale value %q was kept", v)
	}
}
