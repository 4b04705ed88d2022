package repodata_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/conda/repodata"
)

const patched = `{
	"patch_instructions_version": 2,
	"packages": {
		"a-1-0.tar.bz2": {"depends": ["x"], "license": null, "indexed_timestamp": 1, "extra": {"k": 1, "l": null},
			"run_exports": {"weak": ["a >=1"]}}
	},
	"packages.conda": {
		"a-1-0.conda": {"depends": ["y"], "run_exports": {"weak": null, "strong": ["a"]}}
	},
	"revoke": ["c-1-0.tar.bz2"],
	"remove": ["d-1-0.tar.bz2", "e-1-0.conda"],
	"external_dependencies": {}
}`

func TestInstructionsApply(t *testing.T) {
	ins, err := repodata.ParseInstructions([]byte(patched))
	if err != nil {
		t.Fatal(err)
	}
	record := minimalIndex + `,"depends":["old"],"license":"MIT","indexed_timestamp":7,"extra":{"l":1,"m":2}}`
	for _, test := range []struct {
		filename, want string
	}{
		{"a-1-0.tar.bz2", `{"build":"0","build_number":0,"depends":["x"],"extra":{"k":1,"m":2},"indexed_timestamp":7,` +
			`"name":"a","subdir":"noarch","version":"1.0"}`},
		{"a-1-0.conda", `{"build":"0","build_number":0,"depends":["y"],"extra":{"k":1,"m":2},"indexed_timestamp":7,` +
			`"name":"a","subdir":"noarch","version":"1.0"}`},
		{"c-1-0.tar.bz2", `{"build":"0","build_number":0,"depends":["old","package_has_been_revoked"],"extra":{"l":1,"m":2},` +
			`"indexed_timestamp":7,"license":"MIT","name":"a","revoked":true,"subdir":"noarch","version":"1.0"}`},
		{"c-1-0.conda", `{"build":"0","build_number":0,"depends":["old","package_has_been_revoked"],"extra":{"l":1,"m":2},` +
			`"indexed_timestamp":7,"license":"MIT","name":"a","revoked":true,"subdir":"noarch","version":"1.0"}`},
	} {
		// Twice, since a patch must not be changed by its own application.
		for range 2 {
			got, err := ins.Apply(test.filename, json.RawMessage(record))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(got), test.want); diff != "" {
				t.Errorf("record of %s (-got +want):\n%s", test.filename, diff)
			}
		}
	}
}

func TestInstructionsLeaveOthersAlone(t *testing.T) {
	ins, err := repodata.ParseInstructions([]byte(patched))
	if err != nil {
		t.Fatal(err)
	}
	record := json.RawMessage(`{ "not": "canonical" }`)
	for _, filename := range []string{"f-1-0.conda", "d-1-0.conda"} {
		got, err := ins.Apply(filename, record)
		if err != nil || string(got) != string(record) {
			t.Errorf("Apply(%s) = %s, %v, want the record as it was", filename, got, err)
		}
	}
}

func TestInstructionsRunExports(t *testing.T) {
	ins, err := repodata.ParseInstructions([]byte(patched))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ filename, runExports, want string }{
		{"a-1-0.tar.bz2", `{"strong":["b"],"weak":["old"]}`, `{"strong":["b"],"weak":["a >=1"]}`},
		{"a-1-0.tar.bz2", ``, `{"weak":["a >=1"]}`},
		{"a-1-0.conda", `{"noarch":["n"],"weak":["old"]}`, `{"noarch":["n"],"strong":["a"]}`},
		{"f-1-0.conda", `{ "weak": [] }`, `{ "weak": [] }`},
	} {
		got, err := ins.ApplyRunExports(test.filename, json.RawMessage(test.runExports))
		if err != nil || string(got) != test.want {
			t.Errorf("ApplyRunExports(%s, %s) = %s, %v, want %s", test.filename, test.runExports, got, err, test.want)
		}
	}
}

func TestInstructionsRemoved(t *testing.T) {
	ins, err := repodata.ParseInstructions([]byte(patched))
	if err != nil {
		t.Fatal(err)
	}
	for filename, want := range map[string]bool{
		"d-1-0.tar.bz2": true, "d-1-0.conda": true, "e-1-0.conda": true, "e-1-0.tar.bz2": false, "a-1-0.conda": false,
	} {
		if got := ins.Removed(filename); got != want {
			t.Errorf("Removed(%s) = %t, want %t", filename, got, want)
		}
	}
}

func TestInstructionsRefuse(t *testing.T) {
	for _, data := range []string{
		``, `null`, `[]`, `{"patch_instructions_version":3}`, `{"patch_instructions_version":"1"}`,
		`{"packages":[]}`, `{"packages":{"a.conda":7}}`, `{"packages.conda":{"a.conda":null}}`, `{"revoke":"a"}`, `{"remove":[1]}`,
	} {
		if _, err := repodata.ParseInstructions([]byte(data)); !errors.Is(err, repodata.ErrInvalid) {
			t.Errorf("ParseInstructions(%s): %v, want ErrInvalid", data, err)
		}
	}
	// A patch must not make a record that clients cannot read.
	ins, err := repodata.ParseInstructions([]byte(`{"packages.conda":{"a.conda":{"depends":"b","run_exports":{"weak":7}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ins.Apply("a.conda", json.RawMessage(minimalIndex+`}`)); !errors.Is(err, repodata.ErrInvalid) {
		t.Errorf("Apply = %s, %v, want ErrInvalid", got, err)
	}
	if got, err := ins.ApplyRunExports("a.conda", nil); !errors.Is(err, repodata.ErrInvalid) {
		t.Errorf("ApplyRunExports = %s, %v, want ErrInvalid", got, err)
	}
}
