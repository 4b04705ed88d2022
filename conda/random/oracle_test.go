package random_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"kingsnake/conda/random"
	"kingsnake/internal/pyoracle"

	"github.com/google/go-cmp/cmp"
)

// extractScript extracts every package with both engines, rattler and
// conda-package-streaming, and verifies each tree against its own paths.json.
// It answers with the facts that rattler read.
const extractScript = `
import hashlib, json, os, sys, tempfile
from conda_package_streaming.extract import extract as stream_extract
from rattler import AboutJson, IndexJson, PathsJson
from rattler.package_streaming import extract

def tree(root):
    found = {}
    for top, _, files in os.walk(root):
        for f in files:
            path = os.path.join(top, f)
            with open(path, "rb") as fh:
                found[os.path.relpath(path, root)] = hashlib.sha256(fh.read()).hexdigest()
    return found

answer = {}
for path in json.load(sys.stdin):
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
        sha256, md5 = extract(path, one)
        stream_extract(path, two)
        files = tree(one)
        if files != tree(two):
            sys.exit(f"{path}: the two engines extract different trees")
        listed = json.load(open(os.path.join(one, "info/paths.json")))["paths"]
        for entry in listed:
            if files[entry["_path"]] != entry["sha256"]:
                sys.exit(f"{path}: {entry['_path']} differs from paths.json")
            if os.path.getsize(os.path.join(one, entry["_path"])) != entry["size_in_bytes"]:
                sys.exit(f"{path}: {entry['_path']} has another size than in paths.json")
        payload = sorted(f for f in files if not f.startswith("info/"))
        index, about = IndexJson.from_package_directory(one), AboutJson.from_package_directory(one)
        if len(PathsJson.from_package_directory(one).paths) != len(payload):
            sys.exit(f"{path}: paths.json does not list the payload")
        answer[path] = {
            "name": index.name.source, "version": str(index.version), "build": str(index.build),
            "build_number": index.build_number, "subdir": index.subdir, "depends": index.depends,
            "license": index.license, "summary": about.summary, "home": about.home[0].rstrip("/"),
            "sha256": bytes(sha256).hex(), "md5": bytes(md5).hex(), "paths": payload,
        }
json.dump(answer, sys.stdout)
`

// extracted is what extractScript tells about a package.
type extracted struct {
	Name        string   `json:"name"`
	Version     string   `json:"version"`
	Build       string   `json:"build"`
	BuildNumber int      `json:"build_number"`
	Subdir      string   `json:"subdir"`
	Depends     []string `json:"depends"`
	License     string   `json:"license"`
	Summary     string   `json:"summary"`
	Home        string   `json:"home"`
	SHA256      string   `json:"sha256"`
	MD5         string   `json:"md5"`
	Paths       []string `json:"paths"`
}

// TestRealEnginesExtractWhatWasMade runs a few dozen packages of both formats
// through the extractors of the real clients.
func TestRealEnginesExtractWhatWasMade(t *testing.T) {
	pyoracle.Python(t) // skip before any work is done
	dir := t.TempDir()
	want := map[string]extracted{}
	var files []string
	for i := range 48 {
		data, info := random.Package(seeded(uint64(i)), random.Options{
			TarBz2: i%2 == 1, Prefix: i%3 == 0, Scripts: i%5 == 0, Payload: 1 << (i % 12),
			NoArch: []string{"", "generic", "python"}[i/2%3], BuildNumber: i % 4, Readme: "# Title",
			Depends: [][]string{{}, {"zlib >=1.2,<2", "libfoo"}}[i/4%2], TrackFeatures: []string{"", "fast"}[i/8%2],
			RunExports: map[string][]string{"weak": {"x"}},
		})
		path := filepath.Join(dir, info.Filename)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
		want[path] = extracted{
			Name: info.Name, Version: info.Version, Build: info.Build, BuildNumber: info.BuildNumber, Subdir: info.Subdir,
			Depends: info.Depends, License: info.License, Summary: info.Summary, Home: info.Home[:len(info.Home)-1],
			SHA256: info.SHA256, MD5: info.MD5, Paths: info.Paths,
		}
	}
	question, err := json.Marshal(files)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]extracted
	if err := json.Unmarshal(pyoracle.Run(t, extractScript, question), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("packages as extracted (-got +want):\n%s", diff)
	}
}

// installScript indexes a channel with rattler, solves for names and installs
// them, which verifies every file against paths.json and replaces prefixes.
const installScript = `
import asyncio, json, os, pathlib, sys
from rattler import Channel, Gateway, Subdir, solve, install
from rattler.index import index_fs

ask = json.load(sys.stdin)
root = pathlib.Path(ask["root"])

async def main():
    await index_fs(root / "channel")
    records = await solve([Channel((root / "channel").as_uri())], ask["names"], Gateway(cache_dir=root / "cache"),
                          platforms=["linux-64", "noarch"])
    await install(records, root / "prefix", cache_dir=root / "pkgs", show_progress=False, platform=Subdir("linux-64"))
    text = {}
    for path in ask["texts"]:
        text[path] = (root / "prefix" / path).read_text()
    metas = sorted(p.name for p in (root / "prefix/conda-meta").glob("*.json"))
    json.dump({"records": sorted(r.file_name for r in records), "metas": metas, "texts": text}, sys.stdout)

asyncio.run(main())
`

// TestRealClientInstallsAChannel solves for every name of a generated channel
// at once and installs the result.
func TestRealClientInstallsAChannel(t *testing.T) {
	pyoracle.Python(t)
	root := t.TempDir()
	put := func(data []byte, info random.Info) {
		dir := filepath.Join(root, "channel", info.Subdir)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, info.Filename), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	newest := map[string]random.Info{} // a family ends with its newest version
	for a := range random.Channel(seeded(9), 60, random.ChannelOptions{TarBz2: 30}) {
		put(a.Data, a.Info)
		newest[a.Info.Name] = a.Info
	}
	data, info := random.Package(seeded(10), random.Options{Prefix: true, Name: "prefixed"})
	put(data, info)
	newest[info.Name] = info

	const text = "share/prefixed/prefix.txt"
	var names, records, metas []string
	for name, i := range newest {
		names = append(names, name)
		records = append(records, i.Filename)
		metas = append(metas, i.Stem()+".json")
	}
	slices.Sort(records)
	slices.Sort(metas)
	question, err := json.Marshal(map[string]any{"root": root, "names": names, "texts": []string{text}})
	if err != nil {
		t.Fatal(err)
	}
	type answer struct {
		Records, Metas []string
		Texts          map[string]string
	}
	var got answer
	if err := json.Unmarshal(pyoracle.Run(t, installScript, question), &got); err != nil {
		t.Fatal(err)
	}
	want := answer{Records: records, Metas: metas, Texts: map[string]string{text: "prefix=" + root + "/prefix/lib\n"}}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("installed (-got +want):\n%s", diff)
	}
}
