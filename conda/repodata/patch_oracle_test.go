package repodata_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/conda/repodata"
	"kingsnake/internal/pyoracle"
)

// patchScript lets conda-index patch a repodata.json.
const patchScript = `
import json, sys
sys.dont_write_bytecode = True
request = json.load(sys.stdin)
sys.path.insert(0, request["shim"])
from conda_index.index import _apply_instructions
json.dump(_apply_instructions("noarch", request["repodata"], request["instructions"]), sys.stdout)
`

// TestInstructionsAgainstCondaIndex patches the same records with the same
// instructions.
func TestInstructionsAgainstCondaIndex(t *testing.T) {
	const instructions = `{
		"patch_instructions_version": 1,
		"packages": {
			"a-1-0.tar.bz2": {"depends": ["x"], "license": null, "new": 1, "extra": {"k": [1], "l": {"m": 2}, "gone": null}},
			"b-1-0.tar.bz2": {"extra": "no object any more"},
			"none-1-0.tar.bz2": {"depends": ["y"]}
		},
		"packages.conda": {"a-1-0.conda": {"depends": ["z"], "extra": {"k": 3}}, "c-1-0.conda": {"build_number": 7}},
		"revoke": ["c-1-0.tar.bz2", "d-1-0.conda", "none-1-0.conda"],
		"remove": ["e-1-0.tar.bz2", "f-1-0.conda", "none-1-0.conda"]
	}`
	const record = minimalIndex + `,"depends":["old"],"license":"MIT","extra":{"k":[0],"l":{"n":1},"gone":true}}`
	ins, err := repodata.ParseInstructions([]byte(instructions))
	if err != nil {
		t.Fatal(err)
	}
	var before, after bytes.Buffer
	var removed []string
	w, patched := repodata.NewWriter(&before, "noarch"), repodata.NewWriter(&after, "noarch")
	for _, extension := range []string{".tar.bz2", ".conda"} {
		for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
			filename := name + "-1-0" + extension
			add, addPatched := w.Packages, patched.Packages
			if extension == ".conda" {
				add, addPatched = w.CondaPackages, patched.CondaPackages
			}
			if err := add(filename, []byte(record)); err != nil {
				t.Fatal(err)
			}
			if ins.Removed(filename) {
				removed = append(removed, filename)
				continue
			}
			got, err := ins.Apply(filename, json.RawMessage(record))
			if err != nil {
				t.Fatal(err)
			}
			if err := addPatched(filename, got); err != nil {
				t.Fatal(err)
			}
		}
	}
	slices.Sort(removed)
	for _, filename := range removed {
		if err := patched.Removed(filename); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), patched.Close()); err != nil {
		t.Fatal(err)
	}

	shim, err := filepath.Abs("testdata/conda_index_shim")
	if err != nil {
		t.Fatal(err)
	}
	stdin, err := json.Marshal(map[string]any{
		"shim": shim, "repodata": json.RawMessage(before.Bytes()), "instructions": json.RawMessage(instructions),
	})
	if err != nil {
		t.Fatal(err)
	}
	var ours, theirs any
	if err := errors.Join(json.Unmarshal(after.Bytes(), &ours), json.Unmarshal(pyoracle.Run(t, patchScript, stdin), &theirs)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(ours, theirs); diff != "" {
		t.Errorf("patched repodata.json (-ours +conda-index's):\n%s", diff)
	}
}
