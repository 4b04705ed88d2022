package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"kingsnake/bench/largesite"
	"kingsnake/internal/access"
	"kingsnake/internal/config"
	"kingsnake/internal/identity"
	"kingsnake/internal/server"
)

// coldTokens is how many tokens a round asks with for the first time.
const coldTokens = 400

// judge decides as the server does, without the network.
type judge struct {
	site     *server.Site
	resolver *identity.Resolver
}

// openJudge opens a site whose memory is empty.
func openJudge(ctx context.Context, dir string) (*judge, error) {
	cfg := config.Default()
	cfg.DataDir = dir
	o := quiet()
	site, err := server.OpenSite(ctx, cfg, o)
	if err != nil {
		return nil, err
	}
	return &judge{site, identity.NewResolver(site.Keys, site.Service.Directory, site.Service.Trail, site.Service.Tokens.PolicyFor, site.Feed, identity.NewLimiter(), o.Log, time.Now)}, nil
}

// caller finds out who sends a token.
func (j *judge) caller(ctx context.Context, token string) (*access.Caller, error) {
	c := &access.Caller{}
	return c, j.resolver.Identify(ctx, c, identity.Credential{Kind: identity.TokenCredential, Secret: token})
}

// decide asks, as for an index file, who sends the token and whether that reads the channel.
func (j *judge) decide(ctx context.Context, h largesite.Held) (*access.Caller, error) {
	c, err := j.caller(ctx, h.String)
	if err != nil {
		return nil, err
	}
	return c, j.site.Service.Indexes.Readable(ctx, c, h.Channel)
}

// decisions measures what it costs to decide on a site with a great many tokens and groups: with a token, an owner and a
// channel that were never asked for before, and with those that were.
func (b *bench) decisions(ctx context.Context) (rerr error) {
	size := largesite.ManyHolders()
	j, held, err := b.holders(ctx, size)
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, j.site.Store.Close(), os.RemoveAll(filepath.Join(b.dir, "holders"))) }()
	cold := row{What: fmt.Sprintf("cold decision with %d tokens and %d groups", size.Tokens, size.Groups), Target: atMost(300, "µs")}
	warm := row{What: "warm decision there, the channel's lookup included, processor time", Target: atMost(1, "µs")}
	allocations := row{What: "its allocations", Target: atMost(0, "")}
	var p95, whole []float64
	for round := range b.rounds {
		callers, took, err := j.cold(ctx, held[round*coldTokens:][:coldTokens])
		if err != nil {
			return err
		}
		cold.Rounds[embedded] = append(cold.Rounds[embedded], percentile(took, 0.5))
		p95 = append(p95, percentile(took, 0.95))
		decision, both, err := j.warm(ctx, held[round*coldTokens:][:coldTokens], callers)
		if err != nil {
			return err
		}
		warm.Rounds[embedded] = append(warm.Rounds[embedded], decision.took)
		allocations.Rounds[embedded] = append(allocations.Rounds[embedded], decision.allocations)
		whole = append(whole, both.took)
	}
	cold.Numbers = fmt.Sprintf("median; p95 %s; of %d tokens, owners and channels not asked for before", number(middle(p95), "µs"), b.rounds*coldTokens)
	warm.Numbers = "with the token's string, its HMAC and who it stands for " + number(middle(whole), "µs")
	for _, r := range []row{cold, warm, allocations} {
		b.table.add(r)
	}
	return nil
}

// holders makes the site and opens it.
func (b *bench) holders(ctx context.Context, size largesite.Holders) (*judge, []largesite.Held, error) {
	dir := filepath.Join(b.dir, "holders")
	j, err := openJudge(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	_, err = j.site.Service.Accounts.Bootstrap(ctx, identity.Local(time.Now()), largesite.Password)
	if err := errors.Join(err, j.site.Store.Close()); err != nil {
		return nil, nil, err
	}
	begun := time.Now()
	held, err := largesite.FillHolders(ctx, filepath.Join(dir, "kingsnake.db"), size, b.rounds*coldTokens, j.site.Keys)
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintf(os.Stderr, "%d tokens made in %s\n", size.Tokens, time.Since(begun).Round(time.Second))
	j, err = openJudge(ctx, dir)
	return j, held, err
}

// cold gives the callers, and how many microseconds each decision took, sorted.
func (j *judge) cold(ctx context.Context, held []largesite.Held) (callers []*access.Caller, took []float64, err error) {
	for _, h := range held {
		begun := time.Now()
		c, err := j.decide(ctx, h)
		if err != nil {
			return nil, nil, fmt.Errorf("a token that reads %s: %w", h.Channel, err)
		}
		took = append(took, time.Since(begun).Seconds()*1e6)
		callers = append(callers, c)
	}
	slices.Sort(took)
	return callers, took, nil
}

// warmDecisions is how often a round decides again.
const warmDecisions = 200_000

// warmth is what a decision takes that was made before: processor time in microseconds, which on a quiet machine is the
// time, and allocations.
type warmth struct{ took, allocations float64 }

// warm measures the decision of callers that are known, and the whole way from the token's string.
func (j *judge) warm(ctx context.Context, held []largesite.Held, callers []*access.Caller) (decision, whole warmth, err error) {
	decision, err = measureWarm(len(held), func(i int) error { return j.site.Service.Indexes.Readable(ctx, callers[i], held[i].Channel) })
	if err != nil {
		return decision, whole, err
	}
	whole, err = measureWarm(len(held), func(i int) error {
		_, err := j.decide(ctx, held[i])
		return err
	})
	return decision, whole, err
}

// measureWarm asks in turns.
func measureWarm(turns int, ask func(i int) error) (warmth, error) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	begun := used()
	for n := range warmDecisions {
		if err := ask(n % turns); err != nil {
			return warmth{}, err
		}
	}
	took := used() - begun
	runtime.ReadMemStats(&after)
	// What the rest of the process allocates meanwhile is a few in all.
	allocations := (after.Mallocs - before.Mallocs) / warmDecisions
	return warmth{took.Seconds() * 1e6 / warmDecisions, float64(allocations)}, nil
}
