// Package memo keeps loaded values in memory until they are dropped. It exists for one guarantee that plain caches do
// not give: a value whose loading overlaps a drop is never kept, so what a change made stale cannot come back.
package memo

import (
	"context"
	"sync"
	"sync/atomic"
)

// Cache holds at most a given number of values. It is safe for concurrent use.
type Cache[K comparable, V any] struct {
	values Bounded[K, V]
	epoch  atomic.Uint64
	mu     sync.Mutex
}

// New makes a cache for at most size values.
func New[K comparable, V any](size int) *Cache[K, V] {
	return &Cache[K, V]{values: NewBounded[K, V](size, nil)}
}

// Peek gives the kept value, if there is one.
func (c *Cache[K, V]) Peek(key K) (V, bool) { return c.values.GetIfPresent(key) }

// Get gives the kept value, or loads and keeps it. Errors are not kept.
func (c *Cache[K, V]) Get(ctx context.Context, key K, load func(context.Context) (V, error)) (V, error) {
	if v, ok := c.values.GetIfPresent(key); ok {
		return v, nil
	}
	epoch := c.epoch.Load()
	v, err := load(ctx)
	if err != nil {
		return v, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch.Load() == epoch {
		c.values.Set(key, v)
	}
	return v, nil
}

// Drop forgets the values of the given keys.
func (c *Cache[K, V]) Drop(keys ...K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch.Add(1)
	for _, k := range keys {
		c.values.Invalidate(k)
	}
}

// DropAll forgets everything.
func (c *Cache[K, V]) DropAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch.Add(1)
	c.values.InvalidateAll()
}

// Put keeps a value that is known to be current.
func (c *Cache[K, V]) Put(key K, value V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch.Add(1)
	c.values.Set(key, value)
}
