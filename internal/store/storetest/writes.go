package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"kingsnake/internal/registry"
)

// set writes a setting.
func (s *suite) set(tx registry.Tx, name, value string) error {
	return s.SetSetting(s.ctx(), tx, name, value, at(0))
}

// hasSettings compares settings, read outside any transaction, with what they should be; "" is for one never set.
func (s *suite) hasSettings(want map[string]string) {
	s.Helper()
	for name, value := range want {
		got, err := s.Setting(s.ctx(), nil, name)
		if value == "" && errors.Is(err, registry.ErrNoRecord) {
			continue
		}
		if err != nil || got != value {
			s.Errorf("setting %s = %q, %v, want %q", name, got, err, value)
		}
	}
}

// durable writes from many goroutines and sees each write, as soon as it returned, through another connection.
func (s *suite) durable() {
	other := s.open(s.T, "site")
	defer func() {
		if err := other.Close(); err != nil {
			s.Error(err)
		}
	}()
	const writers, each = 20, 15
	want := map[string]string{}
	var all sync.WaitGroup
	for w := range writers {
		for i := range each {
			want[fmt.Sprintf("w%d-%d", w, i)] = fmt.Sprint(w * i)
		}
		all.Go(func() {
			for i := range each {
				name := fmt.Sprintf("w%d-%d", w, i)
				if err := s.Store.Write(s.ctx(), func(tx registry.Tx) error { return s.set(tx, name, fmt.Sprint(w*i)) }); err != nil {
					s.Errorf("write %s: %v", name, err)
				}
				if got, err := other.Setting(s.ctx(), nil, name); err != nil || got != fmt.Sprint(w*i) {
					s.Errorf("setting %s = %q, %v after its write", name, got, err)
				}
			}
		})
	}
	all.Wait()
	s.hasSettings(want)
}

// mixed runs many writes at once, of which every third ends as bad says, and expects the others to hold.
func (s *suite) mixed(bad func(tx registry.Tx) error, judge func(error)) {
	want := map[string]string{}
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range 60 {
		name := fmt.Sprintf("m%d", i)
		all.Go(func() {
			if i%3 != 0 {
				if err := s.Store.Write(s.ctx(), func(tx registry.Tx) error { return s.set(tx, name, "good") }); err != nil {
					s.Errorf("a good write beside bad ones: %v", err)
				}
				mu.Lock()
				defer mu.Unlock()
				want[name] = "good"
				return
			}
			mu.Lock()
			want[name] = ""
			mu.Unlock()
			judge(s.Store.Write(s.ctx(), func(tx registry.Tx) error {
				if err := s.set(tx, name, "bad"); err != nil {
					return err
				}
				return bad(tx)
			}))
		})
	}
	all.Wait()
	s.hasSettings(want)
}

func (s *suite) failedWrite() {
	broken := errors.New("broken")
	s.mixed(func(registry.Tx) error { return broken }, func(err error) { s.fails("a write whose function fails", err, broken) })
	s.user("taken")
	s.mixed(func(tx registry.Tx) error {
		_, err := s.InsertUser(s.ctx(), tx, newUser("taken"))
		return err
	}, func(err error) { s.fails("a name that is taken", err, registry.ErrTaken) })
}

func (s *suite) panicInWrite() {
	var all sync.WaitGroup
	for i := range 30 {
		all.Go(func() {
			defer func() {
				if v := recover(); (v != nil) != (i%3 == 0) {
					s.Errorf("write %d panicked with %v", i, v)
				}
			}()
			err := s.Store.Write(s.ctx(), func(tx registry.Tx) error {
				if err := s.set(tx, fmt.Sprintf("p%d", i), "x"); err != nil {
					return err
				}
				if i%3 == 0 {
					panic("on purpose")
				}
				return nil
			})
			if err != nil {
				s.Errorf("write %d beside panics: %v", i, err)
			}
		})
	}
	all.Wait()
	s.write(func(tx registry.Tx) error { return s.set(tx, "after", "x") })
	s.hasSettings(map[string]string{"p0": "", "p1": "x", "p2": "x", "p3": "", "p28": "x", "after": "x"})
}

func (s *suite) cancelledWrite() {
	ctx, cancel := context.WithCancel(s.ctx())
	err := s.Store.Write(ctx, func(tx registry.Tx) error {
		cancel()
		// What began is finished: a statement that is interrupted would take other writes along.
		return s.SetSetting(ctx, tx, "begun", "x", at(0))
	})
	if err != nil {
		s.Errorf("a write during which the context ended: %v", err)
	}
	ran := false
	err = s.Store.Write(ctx, func(registry.Tx) error { ran = true; return nil })
	s.fails("a write whose context had ended", err, context.Canceled)
	if ran {
		s.Error("it ran all the same")
	}
	s.hasSettings(map[string]string{"begun": "x"})
}

func (s *suite) readsInside() {
	s.write(func(tx registry.Tx) error {
		if err := s.set(tx, "inside", "x"); err != nil {
			return err
		}
		if got, err := s.Setting(s.ctx(), tx, "inside"); err != nil || got != "x" {
			s.Errorf("a write reads %q, %v of its own, want x", got, err)
		}
		if _, err := s.Setting(s.ctx(), nil, "inside"); !errors.Is(err, registry.ErrNoRecord) {
			s.Errorf("others see a write before its end: %v", err)
		}
		return nil
	})
	s.hasSettings(map[string]string{"inside": "x"})
	if err := s.Ping(s.ctx()); err != nil {
		s.Error(err)
	}
}
