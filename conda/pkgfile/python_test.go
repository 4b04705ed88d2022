package pkgfile_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"kingsnake/conda/pkgfile"
	"kingsnake/internal/pyoracle"
)

// buildScript makes packages with the tools of the ecosystem: Python's own tar
// and bz2, conda-package-streaming's builder at several levels, with zip64
// headers and without, and its transmutation of one format into the other.
const buildScript = `
import bz2, hashlib, io, json, os, sys, tarfile
from conda_package_streaming import create, transmute

root = sys.stdin.read()
body = b"#!/bin/sh\n" + bytes(range(256)) * 40

def files(name):
    index = {"name": name, "version": "1.0", "build": "py_0", "build_number": 0, "subdir": "noarch", "noarch": "generic",
             "arch": None, "platform": None, "depends": ["python >=3.9"], "license": "MIT", "timestamp": 1600000000000}
    paths = {"paths_version": 1, "paths": [
        {"_path": "bin/" + name, "path_type": "hardlink", "sha256": hashlib.sha256(body).hexdigest(), "size_in_bytes": len(body)},
        {"_path": "bin/link", "path_type": "softlink", "sha256": hashlib.sha256(body).hexdigest(), "size_in_bytes": len(body)}]}
    yield "info/index.json", json.dumps(index).encode()
    yield "info/paths.json", json.dumps(paths).encode()
    yield "info/recipe/" + "long/" * 40 + "caf\u00e9.txt", b"x"
    yield "bin/" + name, body

def fill(tar, name):
    for path, data in files(name):
        info = tarfile.TarInfo(path)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    for typ, path, target in ((tarfile.SYMTYPE, "bin/link", name), (tarfile.LNKTYPE, "bin/hard", "bin/" + name)):
        info = tarfile.TarInfo(path)
        info.type, info.linkname = typ, target
        tar.addfile(info)

for kind in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT):
    name = f"tar{kind}"
    with tarfile.open(os.path.join(root, f"{name}-1.0-py_0.tar.bz2"), "w:bz2", format=kind) as tar:
        fill(tar, name)
for level in (1, 19, 22):
    name = f"level{level}"
    with create.conda_builder(f"{name}-1.0-py_0", root, compression_level=level) as tar:
        fill(tar, name)
create.CONDA_ZIP64_LIMIT = -1
with create.conda_builder("zip64-1.0-py_0", root) as tar:
    fill(tar, "zip64")
transmuted = os.path.join(root, "transmuted")
os.mkdir(transmuted)
transmute.transmute(os.path.join(root, f"tar{tarfile.PAX_FORMAT}-1.0-py_0.tar.bz2"), transmuted)
transmute.transmute_tar_bz2(os.path.join(root, "level1-1.0-py_0.conda"), transmuted)
json.dump([os.path.join(d, f) for d, _, fs in os.walk(root) for f in fs], sys.stdout)
`

// TestPackagesOfOtherToolsAreAccepted reads what Python's tools build.
func TestPackagesOfOtherToolsAreAccepted(t *testing.T) {
	var files []string
	if err := json.Unmarshal(pyoracle.Run(t, buildScript, []byte(t.TempDir())), &files); err != nil {
		t.Fatal(err)
	}
	if got, want := len(files), 8; got != want {
		t.Fatalf("the script made %d packages, want %d: %q", got, want, files)
	}
	rd := pkgfile.NewReader(pkgfile.Limits{Now: time.Now()})
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		pkg, err := read(rd, data, filepath.Base(path))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if got, want := pkg.Paths.Count, 2; got != want {
			t.Errorf("%s: got %d paths, want %d", path, got, want)
		}
	}
}
