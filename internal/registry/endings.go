package registry

import (
	"fmt"
	"strconv"
	"time"

	"kingsnake/internal/access"
)

// leadDays are how many days before its end notice is given of a token, the first notice first. A lead that is more than
// half of a string's life does not count: who makes a token for a week knows that it ends soon.
var leadDays = [...]int{30, 7, 1}

// NoticeWithin is how long before a token's end the first notice of it is given.
const NoticeWithin = 30 * day

// minNoticed is the shortest life of which notice can be given: twice the last lead.
const minNoticed = 2 * day

// noLead says that it is too early for a notice.
const noLead = -1

// leadOf tells which notice is due of a string that was made at one time and stops working at another: the lead of it in
// days, 0 when the end is past, noLead when none is due.
func leadOf(since, end, now time.Time) int {
	due := noLead
	if end.IsZero() {
		return due
	}
	left, life := end.Sub(now), end.Sub(since)
	for _, days := range leadDays {
		if lead := time.Duration(days) * day; left <= lead && 2*lead <= life {
			due = days
		}
	}
	if due != noLead && left <= 0 {
		return 0
	}
	return due
}

// DaysLeft counts the whole days that are left until an end, 0 once it is past.
func DaysLeft(end, now time.Time) int { return int(max(end.Sub(now), 0) / day) }

// EndWarning says that the token string which the caller came with stops working soon, or has a newer one in its place;
// empty where there is nothing to say. It holds only what the holder of the string may know, in ASCII, for a header.
func EndWarning(c *access.Caller) string {
	life := c.String
	switch {
	case c.Token == nil || c.EffectiveProblem() != access.ProblemNone:
		return ""
	case life.Replaced:
		return fmt.Sprintf("Token %s has a newer string. This old one stops working %s.", strconv.QuoteToASCII(c.Token.Name), whenEnds(life.Ends, c.Now))
	case leadOf(life.Since, life.Ends, c.Now) != noLead:
		return fmt.Sprintf("Token %s stops working %s. Issue a new string before then: kingsnake token reissue.",
			strconv.QuoteToASCII(c.Token.Name), whenEnds(life.Ends, c.Now))
	}
	return ""
}

// whenEnds says how far off an end is, and when it comes.
func whenEnds(end, now time.Time) string {
	left := max(end.Sub(now), 0)
	n, unit := int(left/day), "day"
	if left < day {
		n, unit = int(left/time.Hour), "hour"
	}
	if left < time.Hour {
		n, unit = int(left/time.Minute), "minute"
	}
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("in %d %s, on %s", n, unit, end.UTC().Format("2006-01-02 15:04 UTC"))
}
