package memo

import "github.com/maypok86/otter/v2"

// Bounded is a bounded map that forgets what is used least. It is an interface so that only the package that makes one
// compiles the generic code behind it, and not every package that merely knows somebody who holds one.
type Bounded[K comparable, V any] interface {
	GetIfPresent(key K) (V, bool)
	Set(key K, value V) (V, bool)
	SetIfAbsent(key K, value V) (V, bool)
	Invalidate(key K) (V, bool)
	InvalidateAll()
}

// NewBounded makes a map for at most size values or, where weigh is given, for values of that weight together.
func NewBounded[K comparable, V any](size int, weigh func(K, V) uint32) Bounded[K, V] {
	if weigh == nil {
		return otter.Must(&otter.Options[K, V]{MaximumSize: size})
	}
	return otter.Must(&otter.Options[K, V]{MaximumWeight: uint64(size), Weigher: weigh})
}
