package repodata

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
)

// Hashes are the facts about a package file that its index.json cannot hold.
type Hashes struct {
	// MD5 and SHA256 are the digests of the whole file.
	MD5    [16]byte
	SHA256 [32]byte
	// Size is the length of the file in bytes.
	Size int64
	// IndexedTimestamp is when the channel first listed the file, in
	// milliseconds since 1970 (CEP 47). It is set once and kept for ever.
	// Zero leaves it out of the record.
	IndexedTimestamp int64
}

// BuildRecord returns the package record of a file: the object in indexJSON
// (the file's info/index.json) without the keys that conda's index tools drop,
// and with md5, sha256, size and indexed_timestamp, which a package cannot set
// for itself (CEP 36, CEP 47). The result is in the form of [Canonicalize];
// keys that are not known here are kept.
//
// It fails, wrapping [ErrInvalid], under the conditions of [ParseRecord]:
// several clients parse an index file strictly, so that one bad record would
// make the whole subdir unreadable. It does not check that names follow CEP 26
// or agree with the name of the file.
func BuildRecord(indexJSON []byte, h Hashes) (json.RawMessage, error) {
	out, _, err := BuildParsed(indexJSON, h)
	return out, err
}

// BuildParsed is [BuildRecord] for who wants to know what the record says, too.
func BuildParsed(indexJSON []byte, h Hashes) (json.RawMessage, Record, error) {
	fields, err := decodeObject(indexJSON)
	if err != nil {
		return nil, Record{}, fmt.Errorf("index.json: %w", err)
	}
	for _, key := range droppedKeys() {
		delete(fields, key)
	}
	for _, key := range listKeys() {
		if fields[key] == nil {
			delete(fields, key)
		}
	}
	fields["md5"] = hex.EncodeToString(h.MD5[:])
	fields["sha256"] = hex.EncodeToString(h.SHA256[:])
	fields["size"] = json.Number(strconv.FormatInt(h.Size, 10))
	if h.IndexedTimestamp != 0 {
		fields["indexed_timestamp"] = json.Number(strconv.FormatInt(h.IndexedTimestamp, 10))
	}
	out, err := encodeObject(fields)
	if err != nil {
		return nil, Record{}, fmt.Errorf("index.json: %w", err)
	}
	r, err := ParseRecord(out)
	if err != nil {
		return nil, Record{}, fmt.Errorf("index.json: %w", err)
	}
	return out, r, nil
}

// WithIndexedTimestamp returns a record with another time at which its channel first listed the file, in milliseconds
// since 1970 (CEP 47): what a channel says of a file that it took over from another one. The result is in the form of
// [Canonicalize].
func WithIndexedTimestamp(record json.RawMessage, millis int64) (json.RawMessage, error) {
	fields, err := decodeObject(record)
	if err != nil {
		return nil, err
	}
	fields["indexed_timestamp"] = json.Number(strconv.FormatInt(millis, 10))
	return encodeObject(fields)
}

// droppedKeys are the keys of index.json that no record takes over.
func droppedKeys() []string {
	return []string{
		// How or where a package was built; conda-index drops the same.
		"arch", "binstar", "has_prefix", "machine", "mtime", "operatingsystem",
		"platform", "requires_features", "target-triplet", "ucs",
		// What only the channel that serves the file can say about it.
		"attestations_sha256", "channel", "fn", "indexed_timestamp", "run_exports", "url",
	}
}

// listKeys are the keys that may be absent but that rattler does not accept as
// null.
func listKeys() []string {
	return []string{"constrains", "depends", "extra_depends", "flags", "track_features"}
}
