package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"kingsnake/conda/matchspec"
	"kingsnake/conda/repodata"
	"kingsnake/internal/access"
)

// Original is what the index says of a file by itself, kept while an edit covers it.
type Original struct {
	Record     json.RawMessage `json:"record"`
	RunExports json.RawMessage `json:"run_exports"`
	Facts      json.RawMessage `json:"facts"`
}

// The keys that an edit may set: those of the record, of which specs are match specs, and those that only describe the
// package to people. Everything else is what the file is.
var (
	specKeys   = []string{"depends", "constrains"}
	recordKeys = []string{"depends", "constrains", "extra_depends", "features", "license", "license_family", "purls", "run_exports", "track_features"}
	factKeys   = []string{"description", "dev_url", "doc_url", "home", "summary"}
)

// maxPatch bounds an edit of one file's metadata, in bytes.
const maxPatch = 64 << 10

// EditMetadata changes what the index says of a file. The patch is an object: a value takes the place of the file's own,
// and null takes a former edit back. What the file says itself is kept beside it.
func (s *Packages) EditMetadata(ctx context.Context, caller *access.Caller, path, subdir, filename string, patch json.RawMessage) (File, error) {
	c, err := s.lookup.onPackage(ctx, s.core, caller, access.ArtifactEdit, path, packageOf(filename))
	if err != nil {
		return File{}, err
	}
	changes, err := parsePatch(patch)
	if err != nil {
		return File{}, err
	}
	if err := refuseFrozen(c); err != nil {
		return File{}, err
	}
	var f File
	err = s.write(ctx, caller, func(w *work) error {
		if f, err = s.packages.FileByKey(ctx, w.tx, c.ID, subdir, filename); err != nil {
			return err
		}
		had := f
		if err := f.edit(changes); err != nil {
			return err
		}
		if err := s.judge(ctx, w, c, &f, had); err != nil {
			return err
		}
		f.UpdatedAt = s.now()
		if err := s.packages.PatchFile(ctx, w.tx, f); err != nil {
			return err
		}
		if err := s.summarise(ctx, w.tx, Artifact{ID: f.ArtifactID, ChannelID: c.ID, Family: FamilyConda, Name: f.Name}); err != nil {
			return err
		}
		if err := s.mark(ctx, w, f, f.Labels); err != nil {
			return err
		}
		return w.record(ctx, EventArtifactEdited, c.ID, c.Path+"/"+f.CKey(), map[string]any{"name": f.Name, "fields": slices.Sorted(maps.Keys(changes)), "patch": patchText(f.Patch)})
	})
	if errors.Is(err, ErrNoRecord) {
		return File{}, notFound("channel %s has no file %s/%s", path, clip(subdir, 100), clip(filename, 300))
	}
	return f, err
}

// patchText is a patch for the audit.
func patchText(patch json.RawMessage) json.RawMessage {
	if len(patch) == 0 {
		return json.RawMessage("{}")
	}
	return patch
}

// parsePatch reads an edit and checks its keys and match specs.
func parsePatch(raw json.RawMessage) (map[string]json.RawMessage, error) {
	var changes map[string]json.RawMessage
	if len(raw) > maxPatch {
		return nil, tooLarge(maxPatch)
	}
	if err := json.Unmarshal(raw, &changes); err != nil || len(changes) == 0 {
		return nil, invalid("body", "the edit must be a JSON object with at least one of the keys %v", slices.Concat(recordKeys, factKeys))
	}
	for key, value := range changes {
		switch {
		case slices.Contains(factKeys, key):
			var text *string
			if err := json.Unmarshal(value, &text); err != nil {
				return nil, invalid(key, "%s must be a text, or null to take an edit back", key)
			}
		case !slices.Contains(recordKeys, key):
			return nil, invalid(key, "%.100q cannot be edited; what can is %v", key, slices.Concat(recordKeys, factKeys))
		case slices.Contains(specKeys, key):
			if err := checkSpecs(key, value); err != nil {
				return nil, err
			}
		}
	}
	return changes, nil
}

func checkSpecs(key string, value json.RawMessage) error {
	var specs []string
	if err := json.Unmarshal(value, &specs); err != nil {
		return invalid(key, "%s must be a list of match specs, or null to take an edit back", key)
	}
	for _, text := range specs {
		if _, err := matchspec.ParseLenient(text); err != nil {
			return invalid(key, "%.200q is not a match spec: %v", text, err)
		}
	}
	return nil
}

// edit merges changes into the file's patch and applies it to what the file says by itself.
func (f *File) edit(changes map[string]json.RawMessage) error {
	patch := map[string]json.RawMessage{}
	if len(f.Patch) > 0 {
		if err := json.Unmarshal(f.Patch, &patch); err != nil {
			return fmt.Errorf("patch of %s: %w", f.CKey(), err)
		}
	}
	for key, value := range changes {
		if string(value) == "null" {
			delete(patch, key)
		} else {
			patch[key] = value
		}
	}
	if f.Original == nil {
		f.Original = &Original{Record: f.Record, RunExports: f.RunExports, Facts: f.Facts}
	}
	if len(patch) == 0 {
		f.Record, f.RunExports, f.Facts = f.Original.Record, f.Original.RunExports, f.Original.Facts
		f.Patch, f.Original = nil, nil
		return nil
	}
	var err error
	if f.Patch, err = json.Marshal(patch); err != nil {
		return fmt.Errorf("patch of %s: %w", f.CKey(), err)
	}
	if len(f.Patch) > maxPatch {
		return tooLarge(maxPatch)
	}
	return f.apply(patch)
}

// apply makes record, run exports and facts of the original ones and the patch.
func (f *File) apply(patch map[string]json.RawMessage) error {
	onRecord := maps.Clone(patch)
	maps.DeleteFunc(onRecord, func(key string, _ json.RawMessage) bool { return slices.Contains(factKeys, key) })
	raw, err := json.Marshal(onRecord)
	if err != nil {
		return fmt.Errorf("patch of %s: %w", f.CKey(), err)
	}
	f.Record, f.RunExports, err = repodata.ApplyPatch(f.Original.Record, f.Original.RunExports, raw)
	if errors.Is(err, repodata.ErrInvalid) {
		return &Error{Code: CodeInvalid, Field: "body", Message: "the index could not be read with this edit: " + err.Error(), Err: err}
	}
	if err != nil {
		return err
	}
	facts := map[string]json.RawMessage{}
	if err := json.Unmarshal(f.Original.Facts, &facts); err != nil {
		return fmt.Errorf("facts of %s: %w", f.CKey(), err)
	}
	for key, value := range patch {
		if slices.Contains(factKeys, key) || key == "license" {
			facts[key] = value
		}
	}
	if _, ok := patch["run_exports"]; ok {
		facts["run_exports"] = f.RunExports
	}
	f.Facts, err = json.Marshal(facts)
	return err
}
