// Package repodata builds and reads the index files of a conda channel:
// repodata.json (CEP 36, with the "v3" section of CEP 48), sharded repodata
// (CEP 16, with run exports as in CEP 21), run_exports.json (CEP 12),
// channeldata.json (CEP 38) and notices.json (CEP 6), and applies repodata
// patch instructions.
//
// A package's record is finished once, by [BuildRecord], when the package is
// uploaded. Everything after that joins or converts finished records: the
// [Writer] copies them into repodata.json without parsing them, and a
// [ShardEncoder] turns them into msgpack. All output is a function of the
// input alone, byte for byte, so that an index may be addressed by its hash
// and two replicas build the same one.
//
// The package reads and writes bytes and streams only. Opening package files,
// deciding what a channel holds, storing or serving an index, and solving
// (current_repodata.json) are out of its scope. It knows nothing of signed
// repodata and ignores the "signatures" key.
package repodata
