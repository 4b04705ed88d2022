package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/client"
)

// The exit codes, for scripts to rely on.
const (
	exitOK          = 0
	exitError       = 1
	exitUsage       = 2 // The command line makes no sense, or a question cannot be asked without a terminal.
	exitLogin       = 3 // Not logged in, or the server does not accept the credential (401).
	exitForbidden   = 4 // The credential lacks a right (403).
	exitNotFound    = 5 // The thing does not exist, or may not be seen (404).
	exitConflict    = 6 // The name is taken, or another file is there (409).
	exitPartly      = 7 // Some of several things failed.
	exitInterrupted = 130
)

// usageError is a mistake in the command line.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, values ...any) error { return usageError{fmt.Errorf(format, values...)} }

// failure is an error with what was tried and, where the usual advice does not fit, what to do next.
type failure struct {
	what string
	err  error
	next string
}

func (e *failure) Error() string { return e.what + ": " + e.err.Error() }
func (e *failure) Unwrap() error { return e.err }

// fail says what was tried when err is not nil.
func fail(err error, format string, values ...any) error {
	if err == nil {
		return nil
	}
	return &failure{what: fmt.Sprintf(format, values...), err: err}
}

// partlyError says that some of several things failed; each was printed when it happened.
type partlyError struct{ failed, total int }

func (e *partlyError) Error() string { return fmt.Sprintf("%d of %d failed", e.failed, e.total) }

// errNotLoggedIn is the state before a login.
var errNotLoggedIn = errors.New("you are not logged in")

func exitCode(err error) int {
	var usage usageError
	var partly *partlyError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &partly):
		return exitPartly
	case errors.Is(err, errNotLoggedIn):
		return exitLogin
	case errors.Is(err, errDenied):
		return exitForbidden
	case errors.Is(err, errNoFile), errors.Is(err, errNoUser):
		return exitNotFound
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	switch client.StatusOf(err) {
	case http.StatusUnauthorized:
		return exitLogin
	case http.StatusForbidden:
		return exitForbidden
	case http.StatusNotFound:
		return exitNotFound
	case http.StatusConflict:
		return exitConflict
	}
	return exitError
}

// printError says what happened, why, and what to do next.
func (a *app) printError(cmd *cobra.Command, err error) {
	var usage usageError
	if errors.As(err, &usage) {
		_, _ = fmt.Fprintf(a.Stderr, "%s %s\n  next: see %s --help\n", a.red("error:"), printable(err.Error()), cmd.CommandPath())
		return
	}
	what, why, next := explain(err)
	writeProblem(a.Stderr, a.red("error:"), what, why, next)
}

func writeProblem(w io.Writer, label, what, why, next string) {
	_, _ = fmt.Fprintf(w, "%s %s\n", label, printable(what))
	if why != "" {
		_, _ = fmt.Fprintf(w, "  why:  %s\n", printable(why))
	}
	if next != "" {
		_, _ = fmt.Fprintf(w, "  next: %s\n", printable(next))
	}
}

// explain takes an error apart for its reader.
func explain(err error) (what, why, next string) {
	what = err.Error()
	if f, ok := errors.AsType[*failure](err); ok {
		what, why, next = f.what, f.err.Error(), f.next
	}
	if refusal, ok := errors.AsType[*client.Error](err); ok {
		why = refusal.Error()
		if id := refusal.Problem.RequestID; id != "" {
			why += " (request " + id + ")"
		}
		if next == "" {
			next = advice(refusal)
		}
	}
	if next == "" && errors.Is(err, errNotLoggedIn) {
		next = "kingsnake login URL, or set KINGSNAKE_URL and KINGSNAKE_TOKEN"
	}
	return what, why, next
}

// advice says what usually helps against a refusal.
func advice(e *client.Error) string {
	p := e.Problem
	switch {
	case p.Code == api.CodeBadCredentials:
		return "check the user name and the password"
	case e.Status == http.StatusUnauthorized && os.Getenv("KINGSNAKE_TOKEN") != "":
		return "check KINGSNAKE_TOKEN, or unset it and use kingsnake login"
	case e.Status == http.StatusUnauthorized:
		return "log in again: kingsnake login"
	case p.Code == api.CodeSessionRequired:
		return "log in with user name and password: kingsnake login"
	case e.Status == http.StatusForbidden:
		return "kingsnake access explain says what is missing; a manager of the channel or an administrator can give it"
	case e.Status == http.StatusNotFound:
		return "check the spelling; what you may see: kingsnake channel list"
	case p.Code == api.CodeFileExists:
		return "use --force to replace it, or build with a new version or build number"
	case e.RetryAfter > 0:
		return fmt.Sprintf("try again in %s", e.RetryAfter)
	case e.Status >= 500 && p.RequestID != "":
		return "the server's log has more under the request id"
	}
	return ""
}

// printable makes text from elsewhere safe for a terminal: control characters could move the cursor or worse.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t' || r == '\r':
			return ' '
		case r < 0x20 || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069:
			return '\uFFFD'
		}
		return r
	}, s)
}
