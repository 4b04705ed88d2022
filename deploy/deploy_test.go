// Package deploy_test checks what this folder offers for running Kingsnake: that it names only settings, metrics and files
// that there are, and that the proxies, set up as told here, carry requests as they came and keep tokens out of their logs.
// nginx, HAProxy and Caddy run for real.
package deploy_test

import (
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/internal/cli"
	"kingsnake/internal/config"
)

// read gives a file of this folder.
func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.FromSlash(path))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// program finds a program that the tests run. Where nothing may be missing, as in CI, its lack is a failure.
func program(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		// Debian has it where only root looks.
		if path, err = exec.LookPath("/usr/sbin/" + name); err == nil {
			return path
		}
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed; make test-deps installs it", name)
		}
		t.Skipf("%s is not installed; make test-deps installs it", name)
	}
	return path
}

// edit replaces what must be there exactly as often as it says in pairs.
func edit(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for pair := range slices.Chunk(pairs, 2) {
		if !strings.Contains(text, pair[0]) {
			t.Fatalf("%q is not there any more", pair[0])
		}
		text = strings.ReplaceAll(text, pair[0], pair[1])
	}
	return text
}

// texts are the files of this folder but the tests, and the page about it, by path.
func texts(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{"../docs/deploying.md": read(t, "../docs/deploying.md")}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && filepath.Ext(path) != ".go" {
			all[path] = read(t, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var (
	variable = regexp.MustCompile(`KINGSNAKE_[A-Z0-9_]+`)
	longFlag = regexp.MustCompile(`--([a-z][a-z-]*)`)
)

// TestSettings looks for every variable among the settings of the server.
func TestSettings(t *testing.T) {
	known := map[string]bool{"KINGSNAKE_CONFIG": true}
	defaults := config.Default()
	for _, s := range defaults.Settings() {
		known[config.EnvPrefix+strings.ToUpper(s.Key)] = true
	}
	seen := 0
	for path, text := range texts(t) {
		for _, name := range variable.FindAllString(text, -1) {
			seen++
			if !known[name] {
				t.Errorf("%s: there is no setting %s", path, name)
			}
		}
	}
	if seen < 10 {
		t.Errorf("%d variables found, want more", seen)
	}
}

// TestCommands looks for the commands and flags of the program, as far as they are named.
func TestCommands(t *testing.T) {
	command := regexp.MustCompile("kingsnake ([a-z]+(?:[ -][a-z]+)*)([^\n`]*)")
	seen := 0
	for path, text := range texts(t) {
		for _, m := range command.FindAllStringSubmatch(text, -1) {
			cmd, _, err := cli.New(cli.Deps{}).Find(strings.Fields(strings.TrimPrefix(m[1], "kingsnake ")))
			if err != nil || !cmd.HasParent() {
				continue // A sentence, or the name of a user or an image.
			}
			seen++
			for _, f := range longFlag.FindAllStringSubmatch(m[2], -1) {
				if cmd.Flag(f[1]) == nil && cmd.InheritedFlags().Lookup(f[1]) == nil {
					t.Errorf("%s: %s has no flag --%s", path, cmd.CommandPath(), f[1])
				}
			}
		}
	}
	if seen < 3 {
		t.Errorf("%d commands found, want more", seen)
	}
}

// TestUnitFile loads the settings that are offered with the unit.
func TestUnitFile(t *testing.T) {
	c, err := config.Load("systemd/kingsnake.toml", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	if got := len(c.TrustedProxies); got != 1 {
		t.Errorf("%d trusted proxies, want the one on the same machine", got)
	}
}

// TestContainerfile checks what a build needs: that what it copies is there, that the stamps are those of the Makefile, and
// that what comes out is nothing but the program, run by nobody in particular.
func TestContainerfile(t *testing.T) {
	text := strings.ReplaceAll(read(t, "Containerfile"), "\\\n", " ")
	stages := strings.Split(text, "\nFROM ")
	if len(stages) != 3 || !strings.HasPrefix(stages[2], "scratch\n") {
		t.Fatalf("%d stages, want one that builds and one from scratch:\n%s", len(stages)-1, text)
	}
	ignored := read(t, "../.dockerignore")
	for _, line := range strings.Split(stages[1], "\n") {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != "COPY" {
			continue
		}
		for _, source := range words[1 : len(words)-1] {
			if _, err := os.Stat(filepath.Join("..", source)); err != nil {
				t.Errorf("it copies what is not there: %v", err)
			}
			if !strings.Contains(ignored, "\n!"+strings.TrimSuffix(source, "/")+"\n") {
				t.Errorf(".dockerignore keeps %s away", source)
			}
		}
	}
	stamp := regexp.MustCompile(`-X (\S+)=`)
	makefile := strings.ReplaceAll(read(t, "../Makefile"), "$(STAMP)", "kingsnake/internal/version")
	var got, want []string
	for _, m := range stamp.FindAllStringSubmatch(stages[1], -1) {
		got = append(got, m[1])
	}
	for _, m := range stamp.FindAllStringSubmatch(makefile, -1) {
		want = append(want, m[1])
	}
	if diff := cmp.Diff(got, want); diff != "" || len(got) == 0 {
		t.Errorf("stamps in the Containerfile and the Makefile (-container +make):\n%s", diff)
	}
	release := regexp.MustCompile(`(?m)^go (\d+\.\d+)`).FindStringSubmatch(read(t, "../go.mod"))
	if len(release) != 2 || !strings.HasPrefix(stages[1], "golang:"+release[1]+" AS build\n") {
		t.Errorf("it builds with %q, want the Go of go.mod, %q", strings.SplitN(stages[1], "\n", 2)[0], release)
	}
	if !regexp.MustCompile(`(?m)^USER [1-9][0-9]*:[1-9][0-9]*$`).MatchString(stages[2]) {
		t.Error("it does not run as a user that is a number and not 0, as Kubernetes wants it")
	}
}

// TestEveryFileIsTold looks for every file of this folder in the page about it.
func TestEveryFileIsTold(t *testing.T) {
	all := texts(t)
	page := all["../docs/deploying.md"]
	for _, path := range slices.Sorted(maps.Keys(all)) {
		if !strings.Contains(page, filepath.ToSlash(path)) && !strings.HasPrefix(path, "..") {
			t.Errorf("docs/deploying.md does not tell of %s", path)
		}
	}
}
