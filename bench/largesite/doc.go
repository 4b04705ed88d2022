// Package largesite fills a new site with as much as a large company has, or one channel with as much as conda-forge has,
// for benchmarks. It writes records by way of the store, many in each transaction, without the packages themselves: all
// that pages and indexes are made of is there, only downloads have nothing to send. What it makes is a function of a seed.
package largesite

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"kingsnake/internal/registry"
	"kingsnake/internal/server"
	"kingsnake/internal/store"
)

// Size says how much a site holds.
type Size struct {
	Channels, Subchannels, Users, Groups, Tokens, Packages, Events int
}

// Large is the site that the pages are measured on.
func Large() Size {
	return Size{Channels: 9_000, Subchannels: 1_000, Users: 5_000, Groups: 3_000, Tokens: 100_000, Packages: 1_000_000, Events: 500_000}
}

// Part is a site of a part of the size, for a first look.
func (s Size) Part(f float64) Size {
	for _, n := range []*int{&s.Channels, &s.Subchannels, &s.Users, &s.Groups, &s.Tokens, &s.Packages, &s.Events} {
		*n = max(20, int(f*float64(*n)))
	}
	return s
}

// The accounts that pages are measured as, beside the first administrator, all with the same password. Author manages
// many channels and reads more of them, and has many tokens; Outsider is in no group.
const (
	Author   = "author"
	Outsider = "outsider"
	Password = "a password for the benchmark only"
)

// BigChannel is the path of the channel with the most packages, and BigPackage the one of its packages with the most files.
const (
	BigChannel = "team-0000"
	BigPackage = "numerics"
)

// start is when the first thing was made.
var start = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // A constant, but for the language.

// maker fills a site.
type maker struct {
	site  *server.Site
	store *store.Store
	rng   *rand.Rand
	say   func(string)

	users    []int64
	names    map[int64]string
	groups   []int64
	channels []registry.Channel
	author   int64
	// bytes are the sizes of the files of each channel, which are written at the end.
	bytes map[int64]int64
}

func newMaker(site *server.Site, seed uint64, say func(string)) *maker {
	m := &maker{site: site, rng: rand.New(rand.NewPCG(seed, 11)), say: say, names: map[int64]string{}, bytes: map[int64]int64{}} //nolint:gosec // Repeatable on purpose.
	if site != nil {
		m.store = site.Store
	}
	return m
}

// How many things are written in one transaction: with many, SQLite spends its time in the journal that lets a part of the
// transaction be undone.
const (
	batch = 50
	few   = 5
)

// each runs fn for every number below n, many in one transaction.
func (m *maker) each(ctx context.Context, what string, n int, fn func(tx registry.Tx, i int) error) error {
	return m.some(ctx, what, n, batch, fn)
}

// some is each with so many in one transaction.
func (m *maker) some(ctx context.Context, what string, n, batch int, fn func(tx registry.Tx, i int) error) error {
	begun := time.Now()
	for at := 0; at < n; at += batch {
		err := m.store.Write(ctx, func(tx registry.Tx) error {
			for i := at; i < min(n, at+batch); i++ {
				if err := fn(tx, i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	m.say(fmt.Sprintf("%d %s in %s", n, what, time.Since(begun).Round(time.Millisecond)))
	return nil
}

// id makes a public id.
func (m *maker) id() string {
	var b [16]byte
	binary.LittleEndian.PutUint64(b[:8], m.rng.Uint64())
	binary.LittleEndian.PutUint64(b[8:], m.rng.Uint64())
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return uuid.UUID(b).String()
}

// hash makes the hash of something that is not there.
func (m *maker) hash() (h [32]byte) {
	for i := 0; i < len(h); i += 8 {
		binary.LittleEndian.PutUint64(h[i:], m.rng.Uint64())
	}
	return h
}

// time makes a time between the beginning and the present.
func (m *maker) time() time.Time {
	return start.Add(time.Duration(m.rng.Int64N(int64(1000 * 24 * time.Hour)))).Truncate(time.Millisecond)
}

// countBytes writes how many bytes each channel holds.
func (m *maker) countBytes(ctx context.Context) error {
	ids := slices.Sorted(maps.Keys(m.bytes))
	return m.each(ctx, "channels with packages", len(ids), func(tx registry.Tx, i int) error {
		return m.store.AddChannelBytes(ctx, tx, ids[i], m.bytes[ids[i]])
	})
}
