package e2e

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/pyoracle"
)

var update = flag.Bool("update", false, "rewrite docs/transcripts.md")

// scene is one thing that people do with a tool.
type scene struct {
	tool, title string
	// lines are what is typed, for a shell that knows URL, TOKEN and FILE.
	lines string
	// file is the package that FILE names, or that has been uploaded before when uploaded is set.
	file     string
	uploaded bool
	// level suffices on the channel, and lesser does not; none is a token for another channel.
	level, lesser api.Level
	// forgiving tells that the tool itself reports success whatever it was told.
	forgiving bool
}

// scenes are what the document shows, in its order.
func scenes() []scene {
	const none = api.Level("")
	python := func(module, call string) string { return "python -c '" + module + "\n" + call + "'" }
	upload := func(tool, title, lines, file string) scene {
		return scene{tool: tool, title: title, lines: lines, file: file, level: api.LevelWrite, lesser: api.LevelRead}
	}
	build := func(name, call string) scene {
		return upload("rattler-build and pixi", "Upload: "+name, python("import os, rattler_build", call), "by-"+name)
	}
	client := func(title, lines, file string, level, lesser api.Level) scene {
		return scene{tool: "anaconda-client", title: title, lines: "export ANACONDA_API_TOKEN=$TOKEN\n" + lines, file: file, uploaded: true, level: level, lesser: lesser}
	}
	fresh := client("Upload", "anaconda upload --user team --no-progress $FILE", "by-anaconda-client", api.LevelWrite, api.LevelRead)
	fresh.uploaded = false
	move := client("Move to another label", "anaconda move --from-label main --to-label stable team/steady/1.0", "steady", api.LevelManage, api.LevelWrite)
	who := client("Who am I", "anaconda org whoami", "me", api.LevelRead, none)
	move.forgiving, who.forgiving = true, true
	return []scene{
		fresh,
		client("Upload what is there", "anaconda upload --user team --skip-existing $FILE", "by-skip", api.LevelRead, none),
		client("Upload with force", "anaconda upload --user team --force --no-progress $FILE", "by-force", api.LevelManage, api.LevelWrite),
		client("Show", "anaconda show team/shown/1.0", "shown", api.LevelRead, none),
		move,
		client("Remove", "anaconda remove --force team/old/1.0", "old", api.LevelManage, api.LevelWrite),
		who,
		build("prefix", `rattler_build.upload_package_to_prefix([os.environ["FILE"]], os.environ["URL"], "team", api_key=os.environ["TOKEN"])`),
		build("quetz", `rattler_build.upload_package_to_quetz([os.environ["FILE"]], os.environ["URL"], "team", api_key=os.environ["TOKEN"])`),
		build("artifactory", `rattler_build.upload_package_to_artifactory([os.environ["FILE"]], os.environ["URL"], "team", token=os.environ["TOKEN"])`),
		build("anaconda", `rattler_build.upload_package_to_anaconda([os.environ["FILE"]], "team", url=os.environ["URL"], api_key=os.environ["TOKEN"])`),
		upload("quetz-client", "Upload", python("import os, pathlib\nfrom quetz_client.client import QuetzClient",
			`QuetzClient.from_token(os.environ["URL"], os.environ["TOKEN"]).post_file_to_channel("team", pathlib.Path(os.environ["FILE"]))`), "by-quetz-client"),
		upload("curl", "Upload", `curl --silent --show-error --fail-with-body --header "X-Auth: $TOKEN" --output answer --upload-file $FILE $URL/team/noarch/`+"\n"+
			`status=$?; python -c 'import json; a = json.load(open("answer")); print(a.get("message", a.get("ckey")))'; exit $status`, "by-curl"),
		{
			tool: "curl", title: "Download, with a netrc file", file: "fetched", uploaded: true, level: api.LevelRead, lesser: none,
			lines: `echo "machine 127.0.0.1 login anybody password $TOKEN" > netrc` + "\n" +
				`curl --silent --show-error --fail --netrc-file netrc --remote-name $URL/team/noarch/$(basename $FILE)`,
		},
		upload("kingsnake", "Upload", "export KINGSNAKE_URL=$URL KINGSNAKE_TOKEN=$TOKEN\nkingsnake upload team $FILE", "by-kingsnake"),
		{
			tool: "kingsnake", title: "Download", file: "got", uploaded: true, level: api.LevelRead, lesser: none,
			lines: "export KINGSNAKE_URL=$URL KINGSNAKE_TOKEN=$TOKEN\nkingsnake download team noarch/$(basename $FILE)",
		},
	}
}

// theatre is a fresh server on which the scenes are played.
type theatre struct {
	*process
	admin *client.Client
	path  string
}

func newTheatre(t *testing.T) *theatre {
	t.Helper()
	th := &theatre{process: launch(t, t.TempDir())}
	th.admin, _ = th.login(t)
	th.path = strings.Join([]string{filepath.Dir(pyoracle.Python(t)), filepath.Dir(site.binary), os.Getenv("PATH")}, ":")
	for _, name := range []string{"team", "elsewhere"} {
		if _, err := th.admin.CreateChannel(t.Context(), api.ChannelCreate{Name: name, Privacy: api.PrivacyPrivate}); err != nil {
			t.Fatal(err)
		}
	}
	return th
}

// token makes a token with a level on the channel, or one for another channel where there is none.
func (th *theatre) token(t *testing.T, level api.Level) api.TokenCreated {
	t.Helper()
	resources := []api.TokenResource{{ResourceType: api.ResourceTypeChannel, ResourceID: "team", Permission: level}}
	if level == "" {
		resources[0].ResourceID, resources[0].Permission = "elsewhere", api.LevelManage
	}
	made, err := th.admin.CreateToken(t.Context(), api.TokenCreate{Name: "ci", Resources: resources})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// play performs a scene with a token, on a machine of its own, and gives what is seen.
func (th *theatre) play(t *testing.T, s scene, a artifact, token string) (seen string, ok bool) {
	t.Helper()
	m := newMachine(t)
	ending, err := filepath.Abs("testdata/ending")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", s.lines)
	cmd.Dir = filepath.Join(m.root, "work")
	config := filepath.Join(m.root, "home", ".continuum", "anaconda-client")
	if err := os.MkdirAll(config, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(config, "config.yaml"), []byte("url: "+th.url+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd.Env = slices.Concat(m.env, []string{
		"PATH=" + th.path, "URL=" + th.url, "TOKEN=" + token, "FILE=" + filepath.Base(a.write(t, cmd.Dir)), "PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1", "COLUMNS=500",
		// The tool tells its maker how it is used, unless it is told not to.
		"OTEL_SDK_DISABLED=true",
	})
	if s.tool == "rattler-build and pixi" {
		cmd.Env = append(cmd.Env, "PYTHONPATH="+ending)
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	if strings.Contains(out.String(), token) {
		t.Errorf("%s: %s shows the token", s.tool, s.title)
	}
	return th.masked(m, out.String()), err == nil
}

var masks = []struct {
	pattern *regexp.Regexp
	by      string
}{
	{tokenString, "ks-…"},
	{regexp.MustCompile(`(?m)^Traceback [^\n]*\n(?:[ \t][^\n]*\n)+`), ""},
	{regexp.MustCompile(`(?m)^[^\n]*\d+%\|[^\n]*\n`), ""},
	{regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`), "<id>"},
	{regexp.MustCompile(`\b[0-9a-f]{10}-[0-9a-z]+\b`), "<request>"},
	{regexp.MustCompile(`\b[0-9a-f]{64}\b`), "<sha256>"},
	{regexp.MustCompile(`Member since: [^\n]*`), "Member since: <time>"},
	{regexp.MustCompile(`[ \t]+\n`), "\n"},
}

// masked leaves out of an output what differs each time.
func (th *theatre) masked(m *machine, out string) string {
	out = strings.ReplaceAll(out, th.url, "https://conda.example.org")
	out = strings.ReplaceAll(out, strings.TrimPrefix(th.url, "http://"), "conda.example.org")
	out = strings.ReplaceAll(out, m.root, "~")
	for _, mask := range masks {
		out = mask.pattern.ReplaceAllString(out, mask.by)
	}
	return strings.Trim(out, "\n")
}

// TestToolTranscripts runs each tool against a fresh server with a token that suffices, one that does not, and one that is
// none any more, and compares what their users see with the document, which -update writes.
func TestToolTranscripts(t *testing.T) {
	th := newTheatre(t)
	all := scenes()
	texts := make([]string, len(all))
	t.Run("scenes", func(t *testing.T) {
		for i, s := range all {
			t.Run(s.tool+" "+s.title, func(t *testing.T) {
				t.Parallel()
				texts[i] = th.transcript(t, s)
			})
		}
	})
	if t.Failed() {
		return
	}
	got := document(all, texts)
	const path = "../docs/transcripts.md"
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(readFile(t, path), got); diff != "" {
		t.Errorf("what the tools show has changed; go test ./e2e -run TestToolTranscripts -update writes it down (-document +seen):\n%s", diff)
	}
}

// transcript plays a scene with each token. Those that do not suffice come first, since they change nothing.
func (th *theatre) transcript(t *testing.T, s scene) string {
	t.Helper()
	a := made(500, random.Options{Name: s.file, Version: "1.0", NoArch: "generic", Build: "0"})
	if s.uploaded {
		_, err := th.admin.Upload(t.Context(), "team", client.Upload{Filename: a.Filename, Content: bytes.NewReader(a.data), Size: int64(len(a.data))})
		if err != nil {
			t.Fatal(err)
		}
	}
	good, weak, dead := th.token(t, s.level), th.token(t, s.lesser), th.token(t, s.level)
	if err := th.admin.DeleteToken(t.Context(), dead.ID); err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	fmt.Fprintf(&text, "### %s\n\n```sh\n%s\n```\n", s.title, s.lines)
	lacking, lackingOK := th.play(t, s, a, weak.Secret)
	wrong, wrongOK := th.play(t, s, a, dead.Secret)
	enough, enoughOK := th.play(t, s, a, good.Secret)
	if !enoughOK {
		t.Errorf("the token that suffices does not:\n%s", enough)
	}
	if (lackingOK || wrongOK) && !s.forgiving {
		t.Errorf("served with a lesser token: %v, with one that was deleted: %v\n%s\n%s", lackingOK, wrongOK, lacking, wrong)
	}
	for _, part := range []struct{ with, seen string }{
		{"a token that suffices: " + describe(s.level), enough}, {"one that does not: " + describe(s.lesser), lacking}, {"one that was deleted", wrong},
	} {
		if part.seen == "" {
			part.seen = "(nothing)"
		}
		fmt.Fprintf(&text, "\nWith %s:\n\n```\n%s\n```\n", part.with, part.seen)
	}
	return text.String()
}

// describe names a token of a scene.
func describe(level api.Level) string {
	if level == "" {
		return "for another channel"
	}
	return string(level) + " on the channel"
}

// document puts the transcripts together.
func document(all []scene, texts []string) string {
	var out strings.Builder
	out.WriteString(`# Transcripts

What the users of each tool see on a fresh server: with a token that suffices, with one that does not, and with one
that was deleted. TestToolTranscripts in e2e plays these scenes and compares them with this page, which it writes with
-update. Tokens, addresses and times are masked, and Python's tracebacks are left out but for the last line. pixi and
rattler-build are played by py-rattler-build, which is their engine.
`)
	tool := ""
	for i, s := range all {
		if s.tool != tool {
			tool = s.tool
			fmt.Fprintf(&out, "\n## %s\n", tool)
		}
		out.WriteString("\n" + texts[i])
	}
	return out.String()
}
