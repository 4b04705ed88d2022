package web

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"kingsnake/internal/access"
)

// moment is a time as pages show it: how long ago or how far ahead, with the exact one on hover.
type moment struct {
	Words, Exact, Machine string
}

// newMoment words a time: {{template "time" (ago . .CreatedAt)}}. The zero time is "never".
func newMoment(v *view, at time.Time) moment {
	if at.IsZero() {
		return moment{Words: "never"}
	}
	at = at.UTC()
	return moment{Words: relative(v.Now, at), Exact: at.Format("Monday, 2 January 2006, 15:04:05 UTC"), Machine: at.Format(time.RFC3339)}
}

// relative words the distance of a time from now. Months and years are rounded, so that 90 days are 3 months.
func relative(now, at time.Time) string {
	d, ahead := now.Sub(at), false
	if d < 0 {
		d, ahead = -d, true
	}
	const day = 24 * time.Hour
	var words string
	switch {
	case d < time.Minute && !ahead:
		return "just now"
	case d < time.Minute:
		words = "less than a minute"
	case d < time.Hour:
		words = plural(int64(d/time.Minute), "minute")
	case d < day:
		words = plural(int64(d/time.Hour), "hour")
	case d < 60*day:
		words = plural(int64(d/day), "day")
	case d < 730*day:
		words = plural(int64((d+15*day)/(30*day)), "month")
	default:
		words = plural(int64((d+182*day)/(365*day)), "year")
	}
	if ahead {
		return "in " + words
	}
	return words + " ago"
}

// plural counts: "no packages", "1 package", "1,204 packages".
func plural(n int64, noun string) string {
	switch n {
	case 0:
		return "no " + noun + "s"
	case 1:
		return "1 " + noun
	}
	return thousands(n) + " " + noun + "s"
}

// ending counts what ends with something else: "1 token, which ends at once".
func ending(n int64, noun string) string {
	if n == 1 {
		return plural(n, noun) + ", which ends at once"
	}
	return plural(n, noun) + ", which end at once"
}

func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// humanSize words a number of bytes.
func humanSize(n int64) string {
	const unit = 1024
	if n < unit {
		return strconv.FormatInt(n, 10) + " B"
	}
	value, prefix := float64(n)/unit, 0
	for value >= unit && prefix < 5 {
		value, prefix = value/unit, prefix+1
	}
	return fmt.Sprintf("%.1f %ciB", value, "KMGTPE"[prefix])
}

// privacyWords is a privacy as pages show it.
type privacyWords struct{ Label, Icon, Sentence string }

// privacyOf words a privacy.
func privacyOf(p access.Privacy) privacyWords {
	switch p {
	case access.Public:
		return privacyWords{"Public", "globe", "Everybody can read it, without signing in."}
	case access.Authenticated:
		return privacyWords{"Signed in", "users", "Everybody with an account can read it."}
	}
	return privacyWords{"Private", "lock", "Only its groups can read it."}
}

// capital begins a word with a capital letter.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
