package condaconf

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"kingsnake/internal/pyoracle"
)

// yamlOracle loads each pair of texts with a real YAML parser. It prints the pairs whose second text is not the first
// with the channel in front of the list; texts that are no YAML mapping to begin with do not count.
const yamlOracle = `
import io, json, sys
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

def load(text):
    return YAML(typ="safe", pure=True).load(io.StringIO(text, newline=""))

counted, wrong = 0, []
for before, after, url in json.load(sys.stdin):
    try:
        want = load(before)
    except YAMLError:
        continue
    if want is None:
        want = {}
    if not isinstance(want, dict) or not isinstance(want.get("channels") or [], list):
        continue
    counted += 1
    old = want.get("channels") or []
    if url not in old:
        want["channels"] = [url] + old
    try:
        got = load(after)
    except YAMLError as e:
        got = str(e)
    if got != want:
        wrong.append([before, after, repr(got)])
json.dump({"counted": counted, "wrong": wrong}, sys.stdout)
`

// TestEditAgainstYAML edits many random files that look like a .condarc and has a YAML parser judge what came out.
func TestEditAgainstYAML(t *testing.T) {
	const url = "https://h:8080/team"
	rng := rand.New(rand.NewPCG(1, 2))
	var pairs [][3]string
	for range 300 {
		before := randomCondarc(rng)
		after, err := addChannels(before, []string{url})
		if err != nil {
			continue
		}
		pairs = append(pairs, [3]string{before, after, url})
	}
	input, err := json.Marshal(pairs)
	if err != nil {
		t.Fatal(err)
	}
	var verdict struct {
		Counted int
		Wrong   [][3]string
	}
	if err := json.Unmarshal(pyoracle.Run(t, yamlOracle, input), &verdict); err != nil {
		t.Fatal(err)
	}
	if verdict.Counted < 100 {
		t.Errorf("only %d of %d edits could be judged", verdict.Counted, len(pairs))
	}
	for _, w := range verdict.Wrong[:min(len(verdict.Wrong), 5)] {
		t.Errorf("%q became %q, which is %s", w[0], w[1], w[2])
	}
}

// randomCondarc strings together lines that are likely to be mistaken for one another.
func randomCondarc(rng *rand.Rand) string {
	pick := func(options ...string) string { return options[rng.IntN(len(options))] }
	channel := func() string {
		return pick("conda-forge", "defaults", "'quoted'", `"double"`, "https://h:8080/team", "a # why", "a#b", "~/x", "- x",
			"{a: b}", "a: b", "&x y", "*x", "null", "[a]", "'it''s'", "x:", "a, b", `"x\ty"`)
	}
	var b strings.Builder
	eol := pick("\n", "\n", "\r\n")
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"%s", append(args, eol)...) }
	for range rng.IntN(4) {
		switch rng.IntN(7) {
		case 0:
			line("%s", pick("# comment", "", "---", "ssl_verify: true", "channels_alias: x", "show_channel_urls:  yes # c"))
		case 1:
			line("%s", pick("custom_channels:", "proxy_servers:")+eol+"  http: http://h:1"+eol+"  channels: x")
		case 2:
			line("channels%s: %s", pick("", " "), pick("[]", "["+channel()+"]", "["+channel()+", "+channel()+"] # c", "null", "~", channel()))
		default:
			indent := strings.Repeat(" ", rng.IntN(4))
			line("%s:%s", pick("channels", "channels", `"channels"`, "pinned_packages"), pick("", " # c", "  "))
			for range rng.IntN(4) {
				line("%s- %s", pick(indent, indent, indent, indent+" "), channel())
				if rng.IntN(8) == 0 {
					line("%s", pick("", "  # comment", "    continued", "# at the margin"))
				}
			}
		}
	}
	if rng.IntN(4) == 0 {
		return strings.TrimSuffix(b.String(), eol)
	}
	return b.String()
}
