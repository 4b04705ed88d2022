package cli

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/internal/tokenscan"
)

// errFound is why a search that found something fails.
var errFound = errors.New("whoever can read these places can use the tokens until they are revoked")

// scanned is the answer of token scan.
type scanned struct {
	Found []scannedToken `json:"found"`
	// Files counts what was read; Failed are the messages about what could not be.
	Files  int      `json:"files"`
	Failed []string `json:"failed"`
}

// scannedToken is one place with a string, without the string.
type scannedToken struct {
	Path        string         `json:"path"`
	Line        int64          `json:"line"`
	Column      int64          `json:"column"`
	Kind        api.TokenKind  `json:"kind"`
	Masked      string         `json:"masked"`
	Fingerprint string         `json:"fingerprint"`
	Status      api.LeakStatus `json:"status,omitempty"`
}

func (a *app) tokenScanCommand() *cobra.Command {
	var report, yes bool
	cmd := &cobra.Command{
		Use:   "scan PATH...",
		Short: "Find strings of tokens in files and folders, without a server",
		Long: "Find strings of tokens in files, folders and, for -, the standard input, by their form and checksum. Nothing is\n" +
			"sent anywhere unless --report is given. Symbolic links in folders and the objects of Git repositories are passed\n" +
			"over, and archives are not unpacked.\n\n" +
			"The exit code is 0 when nothing was found, 1 when something was, and 7 when nothing was found and something could\n" +
			"not be read.",
		Example: "  kingsnake token scan .\n  git log -p --all | kingsnake token scan -\n  kingsnake token scan --report ci/",
		Args:    args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			s := tokenscan.Scanner{Stdin: a.Stdin, Workers: min(4, runtime.GOMAXPROCS(0))}
			result, err := s.Scan(cmd.Context(), given)
			if err != nil {
				return fail(err, "the search did not come to its end")
			}
			var statuses map[string]api.LeakStatus
			if report && len(result.Finds) > 0 {
				statuses, err = a.reportLeaks(cmd.Context(), result.Finds, yes)
			}
			return errors.Join(err, a.emitScan(result, statuses), scanFailure(result, statuses))
		},
	}
	cmd.Flags().BoolVar(&report, "report", false, "have the server revoke what was found; takes no login")
	addYes(cmd, &yes)
	return cmd
}

// reportLeaks sends each string that was found to the server, once, and gives what became of it.
func (a *app) reportLeaks(ctx context.Context, finds []tokenscan.Find, yes bool) (map[string]api.LeakStatus, error) {
	c, err := a.stranger()
	if err != nil {
		return nil, err
	}
	statuses := map[string]api.LeakStatus{}
	var leaked []api.LeakedToken
	for _, f := range finds {
		if _, twice := statuses[f.Token]; twice {
			continue
		}
		statuses[f.Token] = ""
		leaked = append(leaked, api.LeakedToken{Token: f.Token, Type: "kingsnake", URL: place(f), Source: "kingsnake token scan"})
	}
	if err := a.confirm(yes, "Send %s to %s, with the places where they were found? What uses them stops working at once.", plural(len(leaked), "token"), c.BaseURL()); err != nil {
		return nil, err
	}
	results, err := c.RevokeLeaked(ctx, leaked)
	for i, r := range results {
		statuses[leaked[i].Token] = r.Status
	}
	return statuses, fail(err, "could not report what was found")
}

// stranger is a client of the server without a credential.
func (a *app) stranger() (*client.Client, error) {
	saved, err := loadCredentials()
	if err != nil {
		return nil, err
	}
	return a.client(saved.Current)
}

func place(f tokenscan.Find) string {
	return fmt.Sprintf("%s:%d:%d", f.Path, f.Line, f.Column)
}

// kindOfLetter is what the letter in a string says of its token.
func kindOfLetter(letter byte) api.TokenKind {
	switch letter {
	case 'r':
		return api.TokenKindResource
	case 's':
		return api.TokenKindScope
	case 'a':
		return api.TokenKindService
	case 'o':
		return api.TokenKindMinted
	case 'b':
		return api.TokenKindOneTime
	}
	return api.TokenKind(letter)
}

// emitScan prints what was found, and what could not be read.
func (a *app) emitScan(result tokenscan.Result, statuses map[string]api.LeakStatus) error {
	out := scanned{Found: []scannedToken{}, Files: result.Files, Failed: []string{}}
	for _, f := range result.Finds {
		out.Found = append(out.Found, scannedToken{
			Path: f.Path, Line: f.Line, Column: f.Column, Kind: kindOfLetter(f.Letter()), Masked: f.Masked(), Fingerprint: f.Fingerprint(), Status: statuses[f.Token],
		})
	}
	for _, err := range result.Failed {
		a.note("%s could not be read: %v", "A file", err)
		out.Failed = append(out.Failed, err.Error())
	}
	return a.emit(out, func(t *table) {
		for _, f := range out.Found {
			cells := []string{
				f.Path + ":" + strconv.FormatInt(f.Line, 10) + ":" + strconv.FormatInt(f.Column, 10),
				string(f.Kind) + " token", f.Masked, "fingerprint " + f.Fingerprint,
			}
			if f.Status != "" {
				cells = append(cells, string(f.Status))
			}
			t.row(cells...)
		}
	})
}

// scanFailure is the error of a search that found something, or could not read everything.
func scanFailure(result tokenscan.Result, statuses map[string]api.LeakStatus) error {
	switch {
	case len(result.Finds) > 0:
		next := "kingsnake token scan --report has the server revoke them"
		if statuses != nil {
			next = "kingsnake token reissue gives a revoked token a new string"
		}
		return &failure{what: plural(len(result.Finds), "string") + " of tokens found", err: errFound, next: next}
	case len(result.Failed) > 0:
		return &partlyError{failed: len(result.Failed), total: result.Files}
	}
	return nil
}

// leakRow tells that a string of a token was found where it should not be.
func (a *app) leakRow(t *table, l *api.TokenLeak) {
	if l == nil {
		return
	}
	text := l.Fingerprint + ", reported " + a.when(l.ReportedAt) + " from " + l.ReportedFrom
	if l.URL != "" {
		text += ", found at " + l.URL
	}
	if l.LastUsedAt != nil {
		text += "; last used " + a.when(*l.LastUsedAt) + " from " + l.LastUsedAddress
	}
	t.row("Found in public", text)
}
