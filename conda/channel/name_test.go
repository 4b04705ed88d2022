package channel

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"kingsnake/internal/pyoracle"
)

// nameTests lists for each validator good names, and bad ones with the rule that they break.
var nameTests = []struct {
	what     string
	validate func(string) error
	good     []string
	bad      map[string]Rule
}{
	{
		what: "package name", validate: ValidatePackageName,
		good: []string{
			"a", "0", "7zip", "numpy", "_libgcc_mutex", "_", "r-base", "x264", "backports.zstd", "ruamel.yaml.clib",
			"a-b_c.d", "a-", "a.", "a_", "gcc_linux-64", strings.Repeat("a", 64),
		},
		bad: map[string]Rule{
			"": RuleEmpty, strings.Repeat("a", 65): RuleLength, "-a": RuleStart, ".a": RuleStart, "..": RuleStart,
			"Numpy": RuleCharacter, "a b": RuleCharacter, "a+b": RuleCharacter, "a/b": RuleCharacter, "é": RuleCharacter,
			"a\x00": RuleCharacter, "a\n": RuleCharacter,
			"__glibc": RuleForm, "__": RuleForm, "_-a": RuleForm, "_.": RuleForm, "a--b": RuleForm, "a._b": RuleForm, "a..": RuleForm,
		},
	},
	{
		what: "version", validate: ValidateVersion,
		good: []string{"1", "1.0", "1.2.3rc4", "1!2.0", "2.1+sirius6.0.3", "1.0.1_", "20230101", strings.Repeat("1", 64)},
		bad: map[string]Rule{
			"": RuleEmpty, strings.Repeat("1", 65): RuleLength, "1.0RC1": RuleCharacter, "1-0": RuleCharacter, "1 0": RuleCharacter,
			"1.*": RuleCharacter, "1/0": RuleCharacter, "1..0": RuleForm, "1!": RuleForm, "+1": RuleForm, "1+2+3": RuleForm, "_": RuleForm,
		},
	},
	{
		what: "build string", validate: ValidateBuild,
		good: []string{"0", "py311h5e241af_0", "H.+_", strings.Repeat("Z", 64)},
		bad: map[string]Rule{
			"": RuleEmpty, strings.Repeat("0", 65): RuleLength, "a-0": RuleCharacter, "a!0": RuleCharacter, "a/0": RuleCharacter, "ü": RuleCharacter,
		},
	},
	{
		what: "subdir", validate: ValidateSubdir,
		good: []string{"noarch", "linux-64", "haiku-64", "0-0", strings.Repeat("a", 16) + "-" + strings.Repeat("b", 15)},
		bad: map[string]Rule{
			"": RuleEmpty, strings.Repeat("a", 16) + "-" + strings.Repeat("b", 16): RuleLength, "Linux-64": RuleCharacter,
			"linux_64": RuleCharacter, "linux/64": RuleCharacter, "..": RuleCharacter,
			"linux": RuleForm, "-64": RuleForm, "linux-": RuleForm, "-": RuleForm, "linux-64-x": RuleForm, "linux--64": RuleForm,
		},
	},
	{
		what: "label", validate: ValidateLabel,
		good: []string{"main", "dev", "A", "a/b", "rc-1.0_x", "cf202003", "a.", "a/.b", strings.Repeat("a", 128)},
		bad: map[string]Rule{
			"": RuleEmpty, strings.Repeat("a", 129): RuleLength, "1a": RuleStart, "_a": RuleStart, "/a": RuleStart, ".a": RuleStart,
			"a b": RuleCharacter, "a+b": RuleCharacter, "a\\b": RuleCharacter, "aä": RuleCharacter,
			"a/": RuleForm, "a//b": RuleForm, "a/../b": RuleForm, "a/.": RuleForm,
			"nolabel": RuleReserved, "noarch": RuleReserved, "a/linux-64": RuleReserved, "win-64/a": RuleReserved,
		},
	},
	{
		what: "channel name", validate: ValidateName,
		good: []string{
			"a", "team", "team/dev", "conda-forge", "a_b", "a-", "r2d2", "my-team", "t2", "labels", "team/main",
			strings.Repeat("a", 128), strings.Repeat("a", 128) + "/" + strings.Repeat("b", 128),
		},
		bad: map[string]Rule{
			"": RuleEmpty, "/": RuleEmpty, "team/": RuleEmpty, "/team": RuleEmpty,
			strings.Repeat("a", 129): RuleLength, "team/" + strings.Repeat("a", 129): RuleLength, strings.Repeat("a", 300): RuleLength,
			"1team": RuleStart, "_team": RuleStart, "-team": RuleStart, "team/1": RuleStart, "Team": RuleStart, ".team": RuleStart,
			"teAm": RuleCharacter, "te.am": RuleCharacter, "te am": RuleCharacter, "te\\am": RuleCharacter, "tëam": RuleCharacter,
			"a/b/c": RuleForm, "a//b": RuleForm,
			"t": RuleReserved, "api": RuleReserved, "conda": RuleReserved, "repo": RuleReserved, "label": RuleReserved, "get": RuleReserved,
			"healthz": RuleReserved, "readyz": RuleReserved, "metrics": RuleReserved, "-": RuleStart, ".well-known": RuleStart,
			"noarch": RuleReserved, "linux-64": RuleReserved, "zos-z": RuleReserved, "t/team": RuleReserved,
			"team/t": RuleReserved, "team/label": RuleReserved, "team/osx-arm64": RuleReserved,
		},
	},
}

func TestValidate(t *testing.T) {
	for _, tt := range nameTests {
		for _, name := range tt.good {
			if err := tt.validate(name); err != nil {
				t.Errorf("%s %q: got %v, want none", tt.what, name, err)
			}
		}
		for name, want := range tt.bad {
			err := tt.validate(name)
			var nerr *NameError
			if !errors.As(err, &nerr) {
				t.Errorf("%s %q: got %v, want a *NameError", tt.what, name, err)
				continue
			}
			if nerr.Rule != want || nerr.What != tt.what {
				t.Errorf("%s %q: got %s rule %q in %v, want rule %q", tt.what, name, nerr.What, nerr.Rule, err, want)
			}
		}
	}
}

func TestValidateLevel(t *testing.T) {
	for level, want := range map[string]Rule{"team": "", "": RuleEmpty, "team/dev": RuleCharacter, "t": RuleReserved, "1": RuleStart} {
		var got Rule
		var nerr *NameError
		if err := ValidateLevel(level); errors.As(err, &nerr) {
			got = nerr.Rule
		}
		if got != want {
			t.Errorf("ValidateLevel(%q) breaks rule %q, want %q", level, got, want)
		}
	}
}

func TestNameErrorText(t *testing.T) {
	tests := []struct {
		err  error
		want string
	}{
		{ValidateSubdir("Linux-64"), `invalid subdir "Linux-64": it has 'L' at byte 0; allowed are "noarch" and <os>-<arch> in lower-case ASCII letters and digits, of at most 32 bytes`},
		{ValidateName("team/1dev"), `invalid channel name "1dev": it begins with '1'; allowed are at most 128 lower-case ASCII letters, digits, '_' and '-', beginning with a letter`},
		{ValidateName("linux-64"), `invalid channel name "linux-64": it is a subdir, which conda would cut out of the channel's URL; allowed are at most 128 lower-case ASCII letters, digits, '_' and '-', beginning with a letter`},
		{ValidateBuild("a\xff"), `invalid build string "a\xff": it has the byte 0xff at byte 1; allowed are at most 64 ASCII letters, digits, '_', '.' and '+'`},
		{ValidateBuild(""), `invalid build string "": it is empty; allowed are at most 64 ASCII letters, digits, '_', '.' and '+'`},
		{ValidateBuild(strings.Repeat("x", 9999)), `invalid build string "` + strings.Repeat("x", 128) + `": it has 9999 bytes, more than 64; allowed are at most 64 ASCII letters, digits, '_', '.' and '+'`},
		{ValidateVersion("1..0"), `invalid version "1..0": it has an empty segment; exactly one '.' or '_' must stand between two segments; allowed are at most 64 lower-case ASCII letters, digits, '.', '_', '+' and '!', in the form of CEP 33`},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.err.Error(), tt.want); diff != "" {
			t.Errorf("error text (-got +want):\n%s", diff)
		}
	}
}

// TestPackageNamePattern compares with the regular expression of CEP 26, whose lookahead Go's engine does not know and
// which is written here as a condition, and with the sentence beside it that forbids two separators in a row.
func TestPackageNamePattern(t *testing.T) {
	pattern := regexp.MustCompile(`^[a-z0-9_][._-]?([a-z0-9]+(\.|-|_|$))*$`)
	doubled := regexp.MustCompile(`[._-][._-]`)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-bA0_.-]{1,8}`).Draw(t, "name")
		want := pattern.MatchString(name) && !strings.HasPrefix(name, "__") && !doubled.MatchString(name)
		if err := ValidatePackageName(name); (err == nil) != want {
			t.Errorf("ValidatePackageName(%q) = %v, want valid %v", name, err, want)
		}
	})
}

// TestPatterns compares the other checkers with the regular expressions of CEP 26 and of the server. Some rules go
// beyond the pattern; the names that they refuse match it.
func TestPatterns(t *testing.T) {
	tests := []struct {
		what, names string
		validate    func(string) error
		pattern     *regexp.Regexp
		beyond      []Rule
	}{
		{"build string", `[a-zA-Z0-9_.+!-]{0,8}`, ValidateBuild, regexp.MustCompile(`^[a-zA-Z0-9_\.+]+$`), nil},
		{"subdir", `(noarch|[a-b0A_-]{0,8})`, ValidateSubdir, regexp.MustCompile(`^(noarch|[a-z0-9]+-[a-z0-9]+)$`), nil},
		{"label", `(a/win-64|[a-b0A_./-]{0,8})`, ValidateLabel, regexp.MustCompile(`^[a-zA-Z][0-9a-zA-Z_\-\./]*$`), []Rule{RuleForm, RuleReserved}},
		{"channel name", `(t|win-64|[a-b0A_.-]{0,8})`, ValidateName, regexp.MustCompile(`^[a-z][a-z0-9_-]*$`), []Rule{RuleReserved}},
	}
	for _, tt := range tests {
		t.Run(tt.what, rapid.MakeCheck(func(t *rapid.T) {
			name := rapid.StringMatching(tt.names).Draw(t, "name")
			err := tt.validate(name)
			var nerr *NameError
			got := err == nil || errors.As(err, &nerr) && slices.Contains(tt.beyond, nerr.Rule)
			if want := tt.pattern.MatchString(name); got != want {
				t.Errorf("%s %q: %v, want match of the pattern %v", tt.what, name, err, want)
			}
		}))
	}
}

func TestIsReserved(t *testing.T) {
	words := append(KnownSubdirs(), "t", "api", "conda", "repo", "label", "get", "healthz", "readyz", "metrics", "-", ".well-known")
	for _, word := range words {
		if !IsReserved(word) {
			t.Errorf("IsReserved(%q) = false, want true", word)
		}
	}
	for _, word := range []string{"", "T", "team", "linux-128", "main"} {
		if IsReserved(word) {
			t.Errorf("IsReserved(%q) = true, want false", word)
		}
	}
}

func TestKnownSubdirs(t *testing.T) {
	subdirs := KnownSubdirs()
	if !slices.IsSorted(subdirs) {
		t.Errorf("KnownSubdirs() = %q, which is not sorted as the binary search needs it", subdirs)
	}
	for _, subdir := range subdirs {
		if err := ValidateSubdir(subdir); err != nil || !IsKnownSubdir(subdir) {
			t.Errorf("known subdir %q: valid %v, known %v; want both", subdir, err, IsKnownSubdir(subdir))
		}
	}
	for _, subdir := range []string{"", "linux-128", "noarch-", "a", "zzz"} {
		if IsKnownSubdir(subdir) {
			t.Errorf("IsKnownSubdir(%q) = true, want false", subdir)
		}
	}
	subdirs[0] = "changed"
	if got := KnownSubdirs()[0]; got == "changed" {
		t.Error("KnownSubdirs returns its own table, which callers can change")
	}
}

// TestKnownSubdirsOfRattler notices when the ecosystem gains a platform.
func TestKnownSubdirsOfRattler(t *testing.T) {
	const script = "import typing\nfrom rattler.platform.subdir import SubdirLiteral\nprint(*typing.get_args(SubdirLiteral))"
	subdirs := strings.Fields(string(pyoracle.Run(t, script, nil)))
	if len(subdirs) < 20 {
		t.Fatalf("rattler names only %q", subdirs)
	}
	for _, subdir := range subdirs {
		if !IsKnownSubdir(subdir) {
			t.Errorf("rattler knows the subdir %q, we do not", subdir)
		}
	}
}

func FuzzValidate(f *testing.F) {
	for _, tt := range nameTests {
		for _, name := range tt.good {
			f.Add(name)
		}
		for name := range tt.bad {
			f.Add(name)
		}
	}
	f.Fuzz(func(t *testing.T, name string) {
		for _, tt := range nameTests {
			err := tt.validate(name)
			var nerr *NameError
			switch {
			case err == nil && (name == "" || len(name) > 2*MaxName+1 || !utf8.ValidString(name)):
				t.Errorf("%s %q is accepted", tt.what, name)
			case err != nil && (!errors.As(err, &nerr) || nerr.Rule == "" || nerr.Problem == "" || len(err.Error()) > 5000):
				t.Errorf("%s %q: error %v does not say what is wrong", tt.what, name, err)
			}
		}
	})
}
