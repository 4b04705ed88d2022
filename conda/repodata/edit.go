package repodata

import (
	"encoding/json"
	"fmt"
)

// ApplyPatch returns a record and run exports as one change of them has it, in
// the sense of [Instructions.Apply] and [Instructions.ApplyRunExports]. It
// fails, wrapping [ErrInvalid], if what comes out could not be served.
func ApplyPatch(record, runExports, change json.RawMessage) (patched, patchedExports json.RawMessage, err error) {
	const filename = "file" // It only leads from the change to the record.
	ins := &Instructions{changes: map[string][]map[string]any{}}
	if err := ins.add(change, filename); err != nil {
		return nil, nil, fmt.Errorf("patch: %w", err)
	}
	if patched, err = ins.Apply(filename, record); err != nil {
		return nil, nil, err
	}
	patchedExports, err = ins.ApplyRunExports(filename, runExports)
	return patched, patchedExports, err
}
