package fail

import "testing"

func TestGood(t *testing.T) { t.Log("must not be shown") }

func TestBad(t *testing.T) {
	t.Run("case", func(t *testing.T) { t.Error("got 1, want 2") })
}
