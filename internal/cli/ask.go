package cli

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/term"
)

// maxSecretBytes bounds a password or token read from standard input.
const maxSecretBytes = 4096

// confirm asks before something is destroyed. Without a terminal nobody can answer, and only --yes will do.
func (a *app) confirm(yes bool, format string, values ...any) error {
	question := printable(fmt.Sprintf(format, values...))
	if yes {
		return nil
	}
	if !isTerminal(a.Stdin) {
		return usagef("%s Nobody can answer without a terminal: use --yes", question)
	}
	_, _ = fmt.Fprintf(a.Stderr, "%s [y/N] ", question)
	answer, err := bufio.NewReader(a.Stdin).ReadString('\n')
	if err != nil && err != io.EOF {
		return fmt.Errorf("read the answer: %w", err)
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return fmt.Errorf("%s Answered no; nothing was changed", question)
}

// askLine asks for a line that may be seen.
func (a *app) askLine(prompt, flag string) (string, error) {
	if !isTerminal(a.Stdin) {
		return "", usagef("%s is missing: use %s", strings.ToLower(prompt), flag)
	}
	_, _ = fmt.Fprintf(a.Stderr, "%s: ", prompt)
	line, err := bufio.NewReader(a.Stdin).ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("read the %s: %w", strings.ToLower(prompt), err)
	}
	return strings.TrimSpace(line), nil
}

// secret reads a password or token: all of standard input if fromStdin says so, and otherwise from the terminal without
// showing it.
func (a *app) secret(fromStdin bool, prompt, flag string) (string, error) {
	if fromStdin {
		lines, err := a.stdinLines(1)
		if err != nil {
			return "", err
		}
		return lines[0], nil
	}
	in, ok := a.Stdin.(*os.File)
	if !ok || !isTerminal(in) {
		return "", usagef("%s is missing: use %s", strings.ToLower(prompt), flag)
	}
	_, _ = fmt.Fprintf(a.Stderr, "%s: ", prompt)
	text, err := term.ReadPassword(int(in.Fd()))
	_, _ = fmt.Fprintln(a.Stderr)
	if err != nil {
		return "", fmt.Errorf("read the %s: %w", strings.ToLower(prompt), err)
	}
	return string(text), nil
}

// twoLines reads an old and a new password from standard input.
func (a *app) twoLines() (first, second string, err error) {
	lines, err := a.stdinLines(2)
	if err != nil {
		return "", "", err
	}
	return lines[0], lines[1], nil
}

// stdinLines reads all of standard input, which must be n lines that are not empty.
func (a *app) stdinLines(n int) ([]string, error) {
	text, err := io.ReadAll(io.LimitReader(a.Stdin, maxSecretBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read standard input: %w", err)
	}
	lines := strings.Split(strings.ReplaceAll(strings.TrimRight(string(text), "\r\n"), "\r\n", "\n"), "\n")
	if len(text) > maxSecretBytes || len(lines) != n || slices.Contains(lines, "") {
		return nil, usagef("standard input must be %s, none of them empty", plural(n, "line"))
	}
	return lines, nil
}
