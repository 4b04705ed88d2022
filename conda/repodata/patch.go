package repodata

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Instructions are the hotfixes of one subdir: changes to what its index says
// about packages that cannot be built again. They are the content of a
// patch_instructions.json, of version 1 or, with run exports, 2 (CEP 21).
//
// They are kept apart from the records and applied when an index is built, so
// that the original of every record is at hand.
type Instructions struct {
	changes map[string][]map[string]any // by file name, in the order of application
	revoke  map[string]bool
	remove  map[string]bool
}

// revokedSpec is a dependency that no package satisfies.
const revokedSpec = "package_has_been_revoked"

// ParseInstructions reads a patch_instructions.json. It fails, wrapping
// [ErrInvalid], if it is malformed or of a version newer than 2. Keys that are
// not known are ignored, as conda's index tools do.
func ParseInstructions(data []byte) (*Instructions, error) {
	ins, err := parseInstructions(data)
	if err != nil {
		return nil, fmt.Errorf("patch instructions: %w", err)
	}
	return ins, nil
}

func parseInstructions(data []byte) (*Instructions, error) {
	f, err := parseFields(data)
	if err != nil {
		return nil, err
	}
	var version int
	f.get("patch_instructions_version", &version)
	if version < 0 || version > 2 {
		f.fail(fmt.Errorf("patch_instructions_version %d is not supported", version))
	}
	var bz2, conda map[string]json.RawMessage
	var revoke, remove []string
	f.get("packages", &bz2)
	f.get("packages.conda", &conda)
	f.get("revoke", &revoke)
	f.get("remove", &remove)
	if f.err != nil {
		return nil, f.err
	}
	ins := &Instructions{
		changes: make(map[string][]map[string]any, len(bz2)+len(conda)),
		revoke:  fileSet(revoke), remove: fileSet(remove),
	}
	// A file in the old format stands for that of the same name in the new one,
	// whose own changes come on top.
	for _, filename := range slices.Sorted(maps.Keys(bz2)) {
		if err := ins.add(bz2[filename], filename, condaTwin(filename)); err != nil {
			return nil, err
		}
	}
	for filename, raw := range conda {
		if err := ins.add(raw, filename); err != nil {
			return nil, err
		}
	}
	return ins, nil
}

// add parses one change and notes it for some files.
func (ins *Instructions) add(raw json.RawMessage, filenames ...string) error {
	change, err := decodeObject(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", filenames[0], err)
	}
	for _, filename := range slices.Compact(filenames) {
		ins.changes[filename] = append(ins.changes[filename], change)
	}
	return nil
}

// fileSet returns the set of files with the twins of those in the old format.
func fileSet(filenames []string) map[string]bool {
	set := make(map[string]bool, 2*len(filenames))
	for _, filename := range filenames {
		set[filename] = true
		set[condaTwin(filename)] = true
	}
	return set
}

// condaTwin returns the name that the file would have in the .conda format.
func condaTwin(filename string) string {
	if stem, ok := strings.CutSuffix(filename, extTarBz2); ok {
		return stem + extConda
	}
	return filename
}

// Removed reports whether the file is not to be listed, but to be named as
// removed. It may still be downloaded by its URL.
func (ins *Instructions) Removed(filename string) bool { return ins.remove[filename] }

// Apply returns the record of a file as the instructions change it: record
// itself if they do not, else a new one in the form of [Canonicalize]. A value
// in the instructions replaces that in the record, null deletes it, and an
// object changes only the keys that it has. A revoked package gets a dependency
// that cannot be met. indexed_timestamp, which only the server knows, is not
// changed (CEP 47); run_exports are not part of a record, see
// [Instructions.ApplyRunExports].
func (ins *Instructions) Apply(filename string, record json.RawMessage) (json.RawMessage, error) {
	changes, revoked := ins.changes[filename], ins.revoke[filename]
	if len(changes) == 0 && !revoked {
		return record, nil
	}
	fields, err := decodeObject(record)
	if err != nil {
		return nil, fmt.Errorf("record of %s: %w", filename, err)
	}
	for _, change := range changes {
		for key, value := range change {
			if key != "indexed_timestamp" && key != "run_exports" {
				setField(fields, key, value)
			}
		}
	}
	if revoked {
		fields["revoked"] = true
		depends, _ := fields["depends"].([]any)
		fields["depends"] = append(depends[:len(depends):len(depends)], revokedSpec)
	}
	out, err := encodeObject(fields)
	if err != nil {
		return nil, fmt.Errorf("patched record of %s: %w", filename, err)
	}
	if _, err := ParseRecord(out); err != nil {
		return nil, fmt.Errorf("patched record of %s: %w", filename, err)
	}
	return out, nil
}

// ApplyRunExports returns the run exports of a file (in the form of
// [BuildRunExports]) as the "run_exports" in the instructions change them, by
// the same rules as [Instructions.Apply].
func (ins *Instructions) ApplyRunExports(filename string, runExports json.RawMessage) (json.RawMessage, error) {
	fields := map[string]any{}
	changed := false
	for _, change := range ins.changes[filename] {
		value, ok := change["run_exports"]
		if !ok {
			continue
		}
		if !changed && len(runExports) > 0 {
			var err error
			if fields["run_exports"], err = decodeObject(runExports); err != nil {
				return nil, fmt.Errorf("run exports of %s: %w", filename, err)
			}
		}
		changed = true
		setField(fields, "run_exports", value)
	}
	if !changed {
		return runExports, nil
	}
	raw, err := json.Marshal(fields["run_exports"])
	if err != nil {
		return nil, fmt.Errorf("patched run exports of %s: %w", filename, err)
	}
	out, err := BuildRunExports(raw)
	if err != nil {
		return nil, fmt.Errorf("patched run exports of %s: %w", filename, err)
	}
	return out, nil
}

func setField(fields map[string]any, key string, change any) {
	if change == nil {
		delete(fields, key)
		return
	}
	fields[key] = overlay(fields[key], change)
}

// overlay returns old as changed by change, sharing nothing that is modified.
func overlay(old, change any) any {
	from, ok := old.(map[string]any)
	to, ok2 := change.(map[string]any)
	if !ok || !ok2 {
		return change
	}
	merged := maps.Clone(from)
	for key, value := range to {
		setField(merged, key, value)
	}
	return merged
}
