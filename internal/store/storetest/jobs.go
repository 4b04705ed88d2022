package storetest

import (
	"encoding/json"
	"errors"
	"net/netip"
	"time"

	"kingsnake/internal/registry"
)

// job adds a job that a session of a principal asked for.
func (s *suite) job(name string, principal, token int64, due time.Time) registry.Job {
	s.Helper()
	j := registry.Job{
		PublicID: name, Kind: "k", Title: "do " + name, Arguments: json.RawMessage(`{"a":1}`), State: registry.JobQueued,
		Asker: registry.Asker{
			Via: "token", PrincipalID: principal, Principal: "ada", TokenID: token, Token: "t", SecretID: 9, Address: netip.MustParseAddr("192.0.2.1"), Client: "c", RequestID: "r",
		},
		DueAt: due, CreatedAt: at(0), UpdatedAt: at(0),
	}
	s.write(func(tx registry.Tx) (err error) { j.ID, err = s.InsertJob(s.ctx(), tx, j); return err })
	return j
}

func (s *suite) claim(now, until time.Time) (j registry.Job, err error) {
	err = s.Store.Write(s.ctx(), func(tx registry.Tx) (err error) { j, err = s.ClaimJob(s.ctx(), tx, now, until); return err })
	return j, err
}

// read gives a job as it is now.
func (s *suite) read(name string) registry.Job {
	s.Helper()
	return must[registry.Job](s, "read job")(s.JobByPublicID(s.ctx(), nil, name))
}

func (s *suite) jobs() {
	_, err := s.NextJob(s.ctx())
	s.fails("no job", err, registry.ErrNoRecord)
	second, first := s.job("second", 1, 5, at(2)), s.job("first", 1, 0, at(1))
	s.job("later", 2, 0, at(60))
	same(s, "next", must[time.Time](s, "next")(s.NextJob(s.ctx())), at(1))
	_, err = s.claim(at(0), at(5))
	s.fails("nothing is due", err, registry.ErrNoRecord)

	got, err := s.claim(at(3), at(5))
	s.fails("claim", err, nil)
	first.State, first.Attempts, first.Failures, first.DueAt, first.StartedAt, first.UpdatedAt = registry.JobRunning, 1, 1, at(5), at(3), at(3)
	same(s, "the job due for longest", got, first)
	first.Arguments = nil
	same(s, "as others see it", s.read("first"), first)
	got, err = s.claim(at(3), at(5))
	if s.fails("claim", err, nil); got.PublicID != second.PublicID {
		s.Errorf("claimed %s, want second", got.PublicID)
	}
	_, err = s.claim(at(4), at(9))
	s.fails("all due ones have a runner", err, registry.ErrNoRecord)
	s.leases(first)
	s.listJobs()
	s.endJobs(first)
}

// leases: a lease that is not prolonged lapses, and who lost a job can write nothing.
func (s *suite) leases(first registry.Job) {
	extend := func(attempts int64, until time.Time) error {
		return s.Store.Write(s.ctx(), func(tx registry.Tx) error { return s.ExtendJob(s.ctx(), tx, first.ID, attempts, until) })
	}
	s.fails("extend", extend(1, at(7)), nil)
	_, err := s.claim(at(6), at(9)) // second, whose lease was not prolonged.
	s.fails("a lapsed lease", err, nil)
	again, err := s.claim(at(7), at(12))
	if s.fails("a lapsed lease", err, nil); again.PublicID != "first" || again.Attempts != 2 || again.Failures != 2 || !again.StartedAt.Equal(at(3)) {
		s.Errorf("claimed %+v, want first for the second time", again)
	}
	s.fails("extend what is lost", extend(1, at(20)), registry.ErrNoRecord)
	save := func(j registry.Job) (canceled bool, err error) {
		err = s.Store.Write(s.ctx(), func(tx registry.Tx) (err error) { canceled, err = s.SaveJob(s.ctx(), tx, j); return err })
		return canceled, err
	}
	stale := again
	stale.Attempts = 1
	_, err = save(stale)
	s.fails("save what is lost", err, registry.ErrNoRecord)

	again.Position, again.Failures, again.DueAt, again.UpdatedAt = json.RawMessage(`{"p":2}`), 0, at(15), at(8)
	again.Progress = registry.Progress{Total: 9, Done: 3, Failed: 1, Skipped: 2, Errors: []registry.ItemError{{Item: "x", Code: "c", Message: "m"}}}
	if canceled, err := save(again); canceled || err != nil {
		s.Errorf("save: %t, %v", canceled, err)
	}
	again.Arguments = nil
	same(s, "progress", s.read("first"), again)
	s.write(func(tx registry.Tx) error { return s.CancelJob(s.ctx(), tx, again.ID, at(9)) })
	canceled, err := save(again)
	if !canceled || err != nil {
		s.Errorf("save a job that is to be canceled: %t, %v", canceled, err)
	}
	again.State, again.FinishedAt, again.Error = registry.JobCanceled, at(10), "why"
	_, err = save(again)
	s.fails("finish", err, nil)
	_, err = save(again)
	s.fails("finish twice", err, registry.ErrNoRecord)
	again.Canceled = true
	same(s, "a finished job", s.read("first"), again)
}

func (s *suite) listJobs() {
	for what, c := range map[string]struct {
		filter registry.JobFilter
		want   []string
	}{
		"everybody's":   {registry.JobFilter{All: true}, []string{"later", "first", "second"}},
		"somebody's":    {registry.JobFilter{PrincipalID: 1}, []string{"first", "second"}},
		"a token's":     {registry.JobFilter{PrincipalID: 1, TokenID: 5}, []string{"second"}},
		"in a state":    {registry.JobFilter{All: true, States: []registry.JobState{registry.JobQueued, registry.JobDone}}, []string{"later"}},
		"of nobody":     {registry.JobFilter{PrincipalID: 8}, nil},
		"not another's": {registry.JobFilter{PrincipalID: 2, TokenID: 5}, nil},
	} {
		list, total, err := s.ListJobs(s.ctx(), c.filter, registry.Page{Limit: 9})
		var names []string
		for _, j := range list {
			names = append(names, j.PublicID)
		}
		if same(s, what, names, c.want); err != nil || total != int64(len(c.want)) {
			s.Errorf("%s: %d jobs, %v", what, total, err)
		}
	}
	if n := must[int64](s, "count")(s.CountJobs(s.ctx(), nil, 1)); n != 1 {
		s.Errorf("%d jobs of one account are not over, want 1", n)
	}
}

// endJobs: a job that waits is canceled at once, one that is over stays as it is, and old ones are forgotten.
func (s *suite) endJobs(first registry.Job) {
	later := s.read("later")
	s.write(func(tx registry.Tx) error { return s.CancelJob(s.ctx(), tx, later.ID, at(20)) })
	later.State, later.Canceled, later.FinishedAt, later.UpdatedAt = registry.JobCanceled, true, at(20), at(20)
	same(s, "a canceled job", s.read("later"), later)
	for _, id := range []int64{first.ID, later.ID} {
		err := s.Store.Write(s.ctx(), func(tx registry.Tx) error { return s.CancelJob(s.ctx(), tx, id, at(21)) })
		s.fails("cancel what is over", err, registry.ErrNoRecord)
	}
	s.write(func(tx registry.Tx) error { return s.PruneJobs(s.ctx(), tx, at(20)) })
	_, err := s.JobByPublicID(s.ctx(), nil, "first")
	s.fails("a job that was over long ago", err, registry.ErrNoRecord)
	for _, name := range []string{"second", "later"} {
		_, err := s.JobByPublicID(s.ctx(), nil, name)
		s.fails(name, err, nil)
	}
}

// chores: the last job of a kind is found, and those that went well are forgotten by their kind.
func (s *suite) chores() {
	queue := func(name string, kind registry.JobKind, state registry.JobState, over time.Time) {
		s.write(func(tx registry.Tx) error {
			id, err := s.InsertJob(s.ctx(), tx, registry.Job{PublicID: name, Kind: kind, State: registry.JobQueued, CreatedAt: at(1), UpdatedAt: at(1), DueAt: at(1)})
			if err != nil || state == registry.JobQueued {
				return err
			}
			j, err := s.ClaimJob(s.ctx(), tx, at(2), at(3))
			if err == nil && j.ID != id {
				err = errors.New("another job is due: " + j.PublicID)
			}
			if err != nil {
				return err
			}
			j.State, j.FinishedAt = state, over
			_, err = s.SaveJob(s.ctx(), tx, j)
			return err
		})
	}
	_, err := s.LatestJob(s.ctx(), nil, "sweep")
	s.fails("the last of none", err, registry.ErrNoRecord)
	queue("sweep well", "sweep", registry.JobDone, at(10))
	queue("sweep failed", "sweep", registry.JobFailed, at(10))
	queue("sweep young", "sweep", registry.JobDone, at(30))
	queue("other", "dust", registry.JobDone, at(10))
	queue("sweep waits", "sweep", registry.JobQueued, at(0))
	s.write(func(tx registry.Tx) error {
		j, err := s.LatestJob(s.ctx(), tx, "sweep")
		if err == nil && (j.PublicID != "sweep waits" || j.State != registry.JobQueued) {
			s.Errorf("the last job is %q, %s", j.PublicID, j.State)
		}
		return errors.Join(err, s.ForgetJobs(s.ctx(), tx, "sweep", at(20)))
	})
	for name, want := range map[string]error{
		"sweep well": registry.ErrNoRecord, "sweep failed": nil, "sweep young": nil, "other": nil, "sweep waits": nil,
	} {
		_, err := s.JobByPublicID(s.ctx(), nil, name)
		s.fails(name, err, want)
	}
}

// parts: a part of a write that fails is undone alone.
func (s *suite) parts() {
	boom := errors.New("boom")
	s.write(func(tx registry.Tx) error {
		if err := s.set(tx, "before", "1"); err != nil {
			return err
		}
		s.fails("a part", s.Savepoint(s.ctx(), tx, func() error { return s.set(tx, "good", "1") }), nil)
		s.fails("a part that fails", s.Savepoint(s.ctx(), tx, func() error {
			return errors.Join(s.set(tx, "bad", "1"), boom)
		}), boom)
		s.fails("a part whose statement fails", s.Savepoint(s.ctx(), tx, func() error {
			if err := s.set(tx, "bad too", "1"); err != nil {
				return err
			}
			_, err := s.FileByKey(s.ctx(), tx, 1, "noarch", "none")
			return err
		}), registry.ErrNoRecord)
		return s.set(tx, "after", "1")
	})
	s.hasSettings(map[string]string{"before": "1", "good": "1", "bad": "", "bad too": "", "after": "1"})
}

// ranges: a channel's files in the order in which they came.
func (s *suite) ranges() {
	c, other := s.channel("team", private), s.channel("other", private)
	if n := must[int64](s, "last")(s.LastFile(s.ctx(), nil)); n != 0 {
		s.Errorf("the last of no files is %d", n)
	}
	b1, a1 := s.file(c, "noarch", "b", "1.0", 0), s.file(c, "linux-64", "a", "1.0", 0)
	s.file(other, "noarch", "b", "1.0", 0)
	b2 := s.file(c, "linux-64", "b", "2.0", 0)
	last := must[int64](s, "last")(s.LastFile(s.ctx(), nil))
	if last != b2.ID {
		s.Errorf("the last file is %d, want %d", last, b2.ID)
	}
	s.file(c, "noarch", "c", "1.0", 0)
	all := registry.FileRange{ChannelID: c.ID, Through: last}
	after, named := all, all
	after.After, named.Name = b1.ID, "b"
	for what, x := range map[string]struct {
		r    registry.FileRange
		n    int
		want []registry.File
	}{
		"all": {all, 9, []registry.File{b1, a1, b2}}, "the first": {all, 2, []registry.File{b1, a1}},
		"after one": {after, 9, []registry.File{a1, b2}}, "of a package": {named, 9, []registry.File{b1, b2}},
	} {
		same(s, what, must[[]registry.File](s, what)(s.FilesAfter(s.ctx(), nil, x.r, x.n)), x.want)
	}
	for want, names := range map[int64][]string{3: nil, 2: {"b", "zz"}, 1: {"a"}} {
		if n := must[int64](s, "count")(s.CountFiles(s.ctx(), all, names)); n != want {
			s.Errorf("%d files of %v, want %d", n, names, want)
		}
	}
}
