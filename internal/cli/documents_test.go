package cli

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kingsnake/internal/config"
)

var (
	// shown is a command in a block of code, and named is one in a sentence.
	shown = regexp.MustCompile(`^(?:\$ |sudo -u kingsnake |printf [^|]*\| )?kingsnake (.*)$`)
	named = regexp.MustCompile("`(?:sudo -u kingsnake )?kingsnake ([^`]+)`")
	word  = regexp.MustCompile(`'[^']*'|"[^"]*"|[^\s'"]+`)
)

// commands are those that a page shows, without the program's name. The complete ones stand in blocks of code.
func commands(page string) (complete, mentioned []string) {
	code := false
	for line := range strings.Lines(strings.ReplaceAll(page, "\\\n", " ")) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "```") {
			code = !code
			continue
		}
		if !code {
			for _, m := range named.FindAllStringSubmatch(line, -1) {
				mentioned = append(mentioned, m[1])
			}
			continue
		}
		if m := shown.FindStringSubmatch(line); m != nil {
			// What it is for stands some spaces behind it.
			command, _, _ := strings.Cut(m[1], "  ")
			complete = append(complete, command)
		}
	}
	return complete, mentioned
}

// TestDocumentsShowCommands parses every command that the documents show: there is such a command, it has such flags and,
// where it is shown whole, takes so many arguments. The transcripts are made by running what they show.
func TestDocumentsShowCommands(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) < 20 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	seen := 0
	for _, page := range append(pages, "../../README.md", "../../CONTRIBUTING.md") {
		if filepath.Base(page) == "transcripts.md" {
			continue
		}
		text, err := os.ReadFile(filepath.Clean(page))
		if err != nil {
			t.Fatal(err)
		}
		complete, mentioned := commands(string(text))
		for i, c := range append(complete, mentioned...) {
			seen++
			if problem := wrongCommand(c, i < len(complete)); problem != "" {
				t.Errorf("%s: kingsnake %s: %s", filepath.Base(page), c, problem)
			}
		}
	}
	if seen < 150 {
		t.Errorf("%d commands found, want more", seen)
	}
}

// wrongCommand says what is wrong with the words behind the program's name, of which complete ones have all arguments.
func wrongCommand(text string, complete bool) string {
	var words []string
	for _, w := range word.FindAllString(text, -1) {
		if strings.HasPrefix(w, "#") || slices.Contains([]string{"|", ">", "<", "&&", ";"}, w) {
			break
		}
		words = append(words, strings.Trim(strings.TrimRight(w, ";"), `'"`))
	}
	root := New(Deps{Serve: func(context.Context, config.Config, *slog.Logger) error { return nil }})
	root.InitDefaultHelpCmd()
	cmd, rest, err := root.Find(words)
	if err != nil {
		return err.Error()
	}
	if err := cmd.ParseFlags(rest); err != nil {
		return err.Error()
	}
	args := cmd.Flags().Args()
	if len(args) == 0 && !complete {
		return ""
	}
	if err := cmd.ValidateArgs(args); err != nil {
		return err.Error()
	}
	return ""
}
