package pass

import "testing"

func TestOne(t *testing.T) {
	t.Log("must not be shown")
	t.Run("sub", func(t *testing.T) {})
}

func FuzzSeeds(f *testing.F) {
	f.Add(1)
	f.Fuzz(func(t *testing.T, _ int) {})
}
