package requestlog_test

import (
	"bytes"
	"context"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"kingsnake/internal/requestlog"
)

// theirs gives a line as both handlers of log/slog write it.
func theirs(t testing.TB, l *requestlog.Line) (text, json string) {
	t.Helper()
	var a, b bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&a, nil), slog.NewJSONHandler(&b, nil)} {
		if err := h.Handle(context.Background(), l.Record()); err != nil {
			t.Fatal(err)
		}
	}
	return a.String(), b.String()
}

// compare holds the lines of this package against those of log/slog, and tells which of them there were.
func compare(t testing.TB, l *requestlog.Line) (text, json bool) {
	t.Helper()
	wantText, wantJSON := theirs(t, l)
	const before = "what came before\n"
	got, text := l.AppendText([]byte(before))
	if !text {
		wantText = ""
	}
	if diff := cmp.Diff(before+wantText, string(got)); diff != "" {
		t.Errorf("text (-slog +ours) of %+v:\n%s", l, diff)
	}
	got, json = l.AppendJSON([]byte(before))
	if !json {
		wantJSON = ""
	}
	if diff := cmp.Diff(before+wantJSON, string(got)); diff != "" {
		t.Errorf("JSON (-slog +ours) of %+v:\n%s", l, diff)
	}
	return text, json
}

func address(s string) netip.Addr { return netip.MustParseAddr(s) }

// TestOrdinaryLinesAreOurs: the lines of ordinary requests do not need log/slog, and are what it would have written.
func TestOrdinaryLinesAreOurs(t *testing.T) {
	at := time.Date(2026, 11, 22, 14, 3, 5, 7_000_000, time.FixedZone("", 5*3600+1800))
	for _, client := range []string{"", "curl/8", "conda/25.1 requests/2.32 CPython/3.12 Linux/6.1", "a=b", `with a \ and no quote`} {
		for _, took := range []time.Duration{0, 1, 999, 1500, 2 * time.Millisecond, time.Minute + 1} {
			l := &requestlog.Line{
				At: at.Add(took), Method: "GET", Path: "/team/noarch/a-1-0.conda", Status: 200, Bytes: 1 << 40, Took: took,
				Address: address("2001:db8::1"), Client: client, ID: "0123456789-z",
			}
			text, json := compare(t, l)
			if !text || json != (client != `with a \ and no quote`) {
				t.Errorf("client %q: text %v, JSON %v", client, text, json)
			}
		}
	}
}

// TestStrangeLinesAreLeftToSlog: what ordinary requests do not have is written by log/slog, whose rules for it are its own.
func TestStrangeLinesAreLeftToSlog(t *testing.T) {
	good := requestlog.Line{At: time.Unix(0, 0).UTC(), Method: "GET", Path: "/", Address: address("127.0.0.1"), ID: "x"}
	for name, change := range map[string]func(*requestlog.Line){
		"no time":            func(l *requestlog.Line) { l.At = time.Time{} },
		"a far time":         func(l *requestlog.Line) { l.At = time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC) },
		"a time before Rome": func(l *requestlog.Line) { l.At = time.Date(-900, 1, 1, 0, 0, 0, 0, time.UTC) },
		"no address":         func(l *requestlog.Line) { l.Address = netip.Addr{} },
		"a zone":             func(l *requestlog.Line) { l.Address = address("fe80::1%eth0") },
		"a line break":       func(l *requestlog.Line) { l.Client = "a\nlevel=ERROR" },
		"other letters":      func(l *requestlog.Line) { l.Client = "Käse" },
		"no letters":         func(l *requestlog.Line) { l.Path = "/\xff" },
		"a separator":        func(l *requestlog.Line) { l.Path = "/\u2028" },
		"delete":             func(l *requestlog.Line) { l.Path = "/\x7f" },
	} {
		l := good
		change(&l)
		if text, json := compare(t, &l); text || json {
			t.Errorf("%s: text %v, JSON %v", name, text, json)
		}
	}
}

// TestLinesAreSlogs compares lines of any content.
func TestLinesAreSlogs(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		word := rapid.OneOf(rapid.StringMatching(`[ -~]{0,40}`), rapid.StringMatching(`[a-z0-9/.-]{0,40}`), rapid.String())
		var addr [16]byte
		for i := range addr {
			addr[i] = rapid.Byte().Draw(r, "address")
		}
		ip := netip.AddrFrom16(addr)
		if rapid.Bool().Draw(r, "IPv4") {
			ip = netip.AddrFrom4([4]byte(addr[:4]))
		}
		zone := time.FixedZone("here", rapid.IntRange(-14*60, 14*60).Draw(r, "zone")*60)
		compare(t, &requestlog.Line{
			At:     time.Unix(rapid.Int64Range(-70_000_000_000, 300_000_000_000).Draw(r, "second"), rapid.Int64Range(0, 999_999_999).Draw(r, "nanosecond")).In(zone),
			Method: word.Draw(r, "method"), Path: word.Draw(r, "path"), Status: rapid.Int().Draw(r, "status"), Bytes: rapid.Int64().Draw(r, "bytes"),
			Took: time.Duration(rapid.Int64().Draw(r, "took")), Address: ip, Client: word.Draw(r, "client"), ID: word.Draw(r, "id"),
		})
	})
}

func FuzzLines(f *testing.F) {
	f.Add("GET", "/team/noarch/a-1-0.conda", "conda/25.1 requests/2.32", int64(1_700_000_000_123_456_789))
	f.Add("PUT", "/\xff%20\u2028", "a=b \"c\"", int64(0))
	f.Fuzz(func(t *testing.T, method, path, client string, nanos int64) {
		rng := rand.New(rand.NewPCG(uint64(nanos), 1))
		compare(t, &requestlog.Line{
			At: time.Unix(0, nanos).UTC(), Method: method, Path: path, Status: rng.IntN(1000), Bytes: rng.Int64(), Took: time.Duration(rng.Int64()),
			Address: netip.AddrFrom4([4]byte{byte(rng.Uint32()), 0, 0, 1}), Client: client, ID: "x",
		})
	})
}

// TestNothingIsAllocated for an ordinary line.
func TestNothingIsAllocated(t *testing.T) {
	l := &requestlog.Line{
		At: time.Now(), Method: "GET", Path: "/team/noarch/a-1-0.conda", Status: 200, Took: 123456, Address: address("10.1.2.3"),
		Client: "conda/25.1 requests/2.32", ID: "0123456789-z",
	}
	b := make([]byte, 0, 1000)
	if n := testing.AllocsPerRun(100, func() { b, _ = l.AppendText(b[:0]) }); n != 0 {
		t.Errorf("text: %v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { b, _ = l.AppendJSON(b[:0]) }); n != 0 {
		t.Errorf("JSON: %v allocations", n)
	}
}
