package notify

import (
	"fmt"
	"strings"

	"kingsnake/internal/registry"
)

// subject is the first thing that a reader sees. It holds no name that somebody chose.
func subject(d registry.Digest) string {
	if d.Test {
		return "Kingsnake: a test"
	}
	ended := 0
	for _, e := range d.Endings {
		if e.Lead == 0 {
			ended++
		}
	}
	switch soon := d.Total - ended; {
	case soon == 0:
		return fmt.Sprintf("Kingsnake: %s ended", tokens(ended))
	case ended == 0:
		return fmt.Sprintf("Kingsnake: %s ending soon", tokens(soon))
	default:
		return fmt.Sprintf("Kingsnake: %s ending soon, %d ended", tokens(soon), ended)
	}
}

func tokens(n int) string {
	if n == 1 {
		return "1 access token"
	}
	return fmt.Sprintf("%d access tokens", n)
}

// text is a digest in words.
func text(d registry.Digest, site string) string {
	var b strings.Builder
	if d.Test {
		fmt.Fprintf(&b, "This is a test of the notices of %s. They arrive.\n", site)
		return b.String()
	}
	fmt.Fprintf(&b, "Access tokens of %s that end, of yours or for channels that you manage:\n", site)
	for _, e := range d.Endings {
		fmt.Fprintf(&b, "\n* %s: %s\n", printable(e.Name), when(e, d))
		fmt.Fprintf(&b, "  owner: %s\n", e.Owner)
		if len(e.Channels) > 0 {
			fmt.Fprintf(&b, "  channels: %s\n", few(e.Channels))
		}
		fmt.Fprintf(&b, "  id: %s\n", e.PublicID)
	}
	if more := d.Total - len(d.Endings); more > 0 {
		fmt.Fprintf(&b, "\nand %d more.\n", more)
	}
	b.WriteString("\nThe owner of a token issues a new string for it, best with an overlap in which both work:\n\n" +
		"    kingsnake token reissue ID --overlap 24h\n\n" +
		"Tokens of service accounts: kingsnake service-account --help. What is not needed any more can be deleted.\n")
	return b.String()
}

func when(e registry.Ending, d registry.Digest) string {
	at := e.Ends.UTC().Format("2006-01-02 15:04 UTC")
	if e.Lead == 0 {
		return "ended on " + at
	}
	switch left := registry.DaysLeft(e.Ends, d.At); left {
	case 0:
		return "ends within a day, on " + at
	case 1:
		return "ends in 1 day, on " + at
	default:
		return fmt.Sprintf("ends in %d days, on %s", left, at)
	}
}

// few names the first of many.
func few(names []string) string {
	const shown = 10
	if len(names) <= shown {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:shown], ", "), len(names)-shown)
}

// printable leaves out what could make one line look like several, or end a line's direction.
func printable(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, name)
}
