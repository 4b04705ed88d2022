package registry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/pprof"
	"runtime/trace"
	"slices"
	"strings"
	"time"

	"kingsnake/internal/access"
)

// EventProfiled is that somebody had the server say what it spends its time or memory on.
const EventProfiled EventType = "server_profiled"

// The profiles that take time. The others are what the runtime knows at the moment.
const (
	ProfileCPU   = "profile"
	ProfileTrace = "trace"
)

// momentary are the profiles of the moment.
var momentary = [...]string{"allocs", "goroutine", "heap", "threadcreate"}

// The bounds of a profile, in seconds and bytes.
const (
	MaxProfileSeconds   = 60
	defaultCPUSeconds   = 30
	defaultTraceSeconds = 5
	maxProfileBytes     = 64 << 20
)

// Profile has the process that is asked say what it does: what functions take its time for some seconds ("profile"), what
// happens in it for some seconds ("trace"), or what holds its memory and what its goroutines are at just now ("heap", "allocs",
// "goroutine", "threadcreate"). 0 seconds are 30 for a profile and 5 for a trace. The answer is for "go tool pprof" or "go tool
// trace"; it has names of functions and no data.
func (s *System) Profile(ctx context.Context, caller *access.Caller, name string, seconds int) ([]byte, error) {
	if err := s.allow(ctx, caller, access.SystemSettingsEdit, access.OnSystem()); err != nil {
		return nil, err
	}
	length, err := profileLength(name, seconds)
	if err != nil {
		return nil, err
	}
	if length > 0 {
		if !s.profiling.TryLock() {
			return nil, conflict("another profile of this server is being taken; try again in a minute")
		}
		defer s.profiling.Unlock()
	}
	err = s.write(ctx, caller, func(w *work) error {
		return w.record(ctx, EventProfiled, 0, name, map[string]any{"seconds": int(length / time.Second)})
	})
	if err != nil {
		return nil, err
	}
	out := &bounded{room: maxProfileBytes}
	if err := takeProfile(ctx, out, name, length); err != nil {
		return nil, err
	}
	if out.full {
		return nil, conflict("the profile is larger than %d MB; take it for fewer seconds", maxProfileBytes>>20)
	}
	return out.Bytes(), nil
}

// profileLength tells how long a profile takes, 0 for one of the moment.
func profileLength(name string, seconds int) (time.Duration, error) {
	if seconds < 0 || seconds > MaxProfileSeconds {
		return 0, invalid("seconds", "a profile is taken for at most %d seconds", MaxProfileSeconds)
	}
	switch {
	case name == ProfileCPU && seconds == 0:
		seconds = defaultCPUSeconds
	case name == ProfileTrace && seconds == 0:
		seconds = defaultTraceSeconds
	case name == ProfileCPU || name == ProfileTrace:
	case !slices.Contains(momentary[:], name):
		return 0, invalid("profile", "the profiles are %s, %s and %s", strings.Join(momentary[:], ", "), ProfileCPU, ProfileTrace)
	case seconds != 0:
		return 0, invalid("seconds", "the profile %s is one of the moment", name)
	}
	return time.Duration(seconds) * time.Second, nil
}

// takeProfile writes a profile. One that takes time ends early when ctx does.
func takeProfile(ctx context.Context, to io.Writer, name string, length time.Duration) error {
	start, stop := pprof.StartCPUProfile, pprof.StopCPUProfile
	switch name {
	case ProfileCPU:
	case ProfileTrace:
		start, stop = trace.Start, trace.Stop
	default:
		p := pprof.Lookup(name)
		if p == nil {
			return fmt.Errorf("the runtime has no profile %s", name)
		}
		return p.WriteTo(to, 0)
	}
	if err := start(to); err != nil {
		return &Error{Code: CodeConflict, Message: "the process is being profiled in another way", Err: err}
	}
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	stop()
	return ctx.Err()
}

// errFull says that there is no room for a profile.
var errFull = errors.New("the profile is too large")

// bounded keeps what is written to it as long as there is room. The runtime does not stop when a write fails.
type bounded struct {
	bytes.Buffer
	room int
	full bool
}

// Write implements io.Writer.
func (b *bounded) Write(p []byte) (int, error) {
	if b.full || len(p) > b.room-b.Len() {
		b.full = true
		return 0, errFull
	}
	return b.Buffer.Write(p)
}
