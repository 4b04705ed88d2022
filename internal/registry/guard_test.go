package registry_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"kingsnake/internal/access"
	"kingsnake/internal/blob"
	"kingsnake/internal/blob/fsblob"
	"kingsnake/internal/identity"
	"kingsnake/internal/index"
	"kingsnake/internal/registry"
	"kingsnake/internal/store"
	"kingsnake/internal/upkeep"
)

// hiddenChannel is a private channel of the administrator's.
const hiddenChannel = "hidden"

// open lists the methods that take a caller and refuse nobody with CodeDenied, each with what they do instead.
func open() map[string]string {
	return map[string]string{
		"Channels.List":              "an empty list: it holds only what the caller may see",
		"Channels.Mine":              "an empty list: nobody in particular was granted anything",
		"Jobs.List":                  "an empty list: nobody in particular asked for no job",
		"Accounts.Me":                "not found: nobody in particular has no account",
		"Accounts.Logout":            "refused: there is no session",
		"Accounts.ChangeOwnPassword": "refused: there is no session",
		"Accounts.SetOwnEmail":       "refused: there is no session",
		"Accounts.Login":             "refused: it is what makes somebody of nobody",
		"External.Login":             "refused: it is what makes somebody of nobody, and here no provider vouches",
		"Trust.Mint":                 "refused: it takes an assertion, and here is none",
		"Trust.Refused":              "nothing: it notes a job that got no token",
		"External.Refused":           "nothing: it notes a login that failed",
		"Tokens.ReportLeaks":         "no verdicts on no strings: whoever holds a string may have it ended",
		"Tokens.Info":                "refused: there is no token",
		"Tokens.Grantable":           "nothing: nobody in particular can grant nothing",
		"Audit.AccountHistory":       "an empty list: nobody in particular did nothing",
		"Accounts.Home":              "the name itself: nobody in particular has no default channel",
		"Usage.Token":                "nothing: it counts a use of a token that was judged before",
	}
}

// newService is the domain on a real database, wired as the server does it.
func newService(t *testing.T) *registry.Service {
	t.Helper()
	dir, log, feed, gate := t.TempDir(), slog.New(slog.DiscardHandler), &registry.Feed{}, &upkeep.Gate{}
	keys, err := identity.LoadKeys(filepath.Join(dir, "site.key"))
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.OpenSQLite(t.Context(), filepath.Join(dir, "kingsnake.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	blobs, err := fsblob.Open(filepath.Join(dir, "blobs"), fsblob.Options{NoSync: true})
	if err != nil {
		t.Fatal(err)
	}
	return registry.New(registry.Options{
		Store: db, Blobs: blobs, Feed: feed, Gate: gate, Mint: keys, Heads: keys, Log: log,
		Index:     index.New(index.Options{Store: db, Blobs: blobs, Feed: feed, Gate: gate, Log: log, Now: time.Now}),
		Passwords: identity.NewPasswords(identity.Argon2{Memory: 64, Time: 1, Threads: 1}, 1, nil),
		Limits:    registry.UploadLimits{MaxSize: 1 << 20},
	})
}

// TestEveryMethodDenies calls each method of each service that takes a caller as nobody in particular, about a private
// channel, with arguments that nothing else is wrong with.
func TestEveryMethodDenies(t *testing.T) {
	svc := newService(t)
	local := identity.Local(time.Now())
	admin, err := svc.Accounts.Bootstrap(t.Context(), local, "correct horse battery staple")
	if err != nil {
		t.Fatal(err)
	}
	principal, err := svc.Directory.Principal(t.Context(), admin.User.ID)
	if err != nil {
		t.Fatal(err)
	}
	owner := &access.Caller{Principal: principal, Via: access.ViaSession}
	if _, err := svc.Channels.Create(t.Context(), owner, registry.Channel{Name: hiddenChannel}); err != nil {
		t.Fatal(err)
	}
	exempt, called := open(), 0
	for name, method := range methods(svc) {
		args, takesCaller := arguments(t, method.Type())
		if !takesCaller {
			continue
		}
		called++
		err := failure(method.Call(args))
		e, _ := registry.AsError(err)
		_, isExempt := exempt[name]
		delete(exempt, name)
		switch denied := e != nil && e.Code == registry.CodeDenied; {
		case isExempt && denied:
			t.Errorf("%s denies nobody in particular, and is on the list of those that do not", name)
		case !isExempt && !denied:
			t.Errorf("%s = %v, want a denial", name, err)
		case denied && (e.Denied == nil || e.Denied.Decision.Allowed):
			t.Errorf("%s: denied without a decision that says so: %+v", name, e)
		}
	}
	for name := range exempt {
		t.Errorf("%s is on the list of methods that refuse nobody, and there is no such method", name)
	}
	t.Logf("%d methods take a caller", called)
}

// methods are the exported methods of all services, named "Service.Method".
func methods(svc *registry.Service) map[string]reflect.Value {
	all := map[string]reflect.Value{}
	v := reflect.ValueOf(svc).Elem()
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if !field.IsExported() {
			continue
		}
		service := v.Field(i)
		for j := range service.NumMethod() {
			all[field.Name+"."+service.Type().Method(j).Name] = service.Method(j)
		}
	}
	return all
}

var callerType = reflect.TypeFor[*access.Caller]()

// arguments makes what a method is called with, and tells whether a caller is among it.
func arguments(t *testing.T, method reflect.Type) (args []reflect.Value, takesCaller bool) {
	nobody := &access.Caller{Principal: access.Anonymous()}
	for i := range method.NumIn() {
		in := method.In(i)
		v := reflect.New(in).Elem()
		switch {
		case in == reflect.TypeFor[context.Context]():
			v.Set(reflect.ValueOf(t.Context()))
		case in == callerType:
			v.Set(reflect.ValueOf(nobody))
			takesCaller = true
		default:
			fill(v)
			if f, ok := holder(v); ok {
				f.Set(reflect.ValueOf(nobody))
				takesCaller = true
			}
		}
		args = append(args, v)
	}
	return args, takesCaller
}

// holder finds a caller among the fields of an argument.
func holder(v reflect.Value) (reflect.Value, bool) {
	if v.Kind() != reflect.Struct {
		return v, false
	}
	for i := range v.NumField() {
		if v.Type().Field(i).IsExported() && v.Type().Field(i).Type == callerType {
			return v.Field(i), true
		}
	}
	return v, false
}

// fill gives an argument a value that passes every check of inputs.
func fill(v reflect.Value) {
	switch v.Interface().(type) {
	case registry.Page:
		v.Set(reflect.ValueOf(registry.Page{Limit: 10}))
		return
	case registry.Question:
		v.Set(reflect.ValueOf(registry.Question{Action: "channel:view", Channel: hiddenChannel}))
		return
	case registry.Channel:
		v.Set(reflect.ValueOf(registry.Channel{Name: "another"}))
		return
	case registry.TokenInput:
		v.Set(reflect.ValueOf(registry.TokenInput{Name: "x", Scopes: []string{"channel:view"}}))
		return
	case *registry.Error:
		v.Set(reflect.ValueOf(&registry.Error{Code: registry.CodeCredential}))
		return
	case registry.UserInput:
		v.Set(reflect.ValueOf(registry.UserInput{Name: "x"}))
		return
	case registry.BulkRequest:
		v.Set(reflect.ValueOf(registry.BulkRequest{Action: registry.BulkCopy, Target: "another", All: true}))
		return
	case registry.IndexKind:
		v.Set(reflect.ValueOf(registry.IndexRepodata))
		return
	case blob.Hash, registry.AuditFilter, registry.HistoryFilter:
		return
	case json.RawMessage:
		v.SetBytes([]byte("{}"))
		return
	}
	if v.Kind() == reflect.Int {
		// How many.
		v.SetInt(10)
	}
	if v.Kind() == reflect.String {
		// A channel, the one thing that most texts name; elsewhere it is as good a name as any.
		v.SetString(hiddenChannel)
	}
}

// failure is the error among a method's results, nil for none.
func failure(results []reflect.Value) error {
	for _, r := range results {
		if err, ok := r.Interface().(error); ok {
			return err
		}
	}
	return nil
}

// TestDenialsNameTheQuestion: a denial holds what was asked, so that each protocol can word its answer.
func TestDenialsNameTheQuestion(t *testing.T) {
	svc := newService(t)
	nobody := &access.Caller{Principal: access.Anonymous()}
	_, err := svc.Indexes.Open(t.Context(), nobody, hiddenChannel, "noarch", registry.IndexRepodata)
	e, ok := registry.AsError(err)
	if !ok || e.Denied == nil || e.Denied.Scope != access.ChannelViewArtifacts || e.Denied.Target.Channel.Path != hiddenChannel {
		t.Fatalf("error = %+v, want a denial of channel:view-artifacts on %s", err, hiddenChannel)
	}
	if strings.Contains(err.Error(), hiddenChannel) {
		t.Errorf("error = %q, which names what was asked for; only the answer of a protocol may", err)
	}
}
