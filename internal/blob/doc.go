// Package blob is the contract for storing bytes under the SHA-256 of their
// content: package files, index files, shards.
//
// Bytes arrive before their name is known, so they are staged first, read back
// as often as the caller likes (a .conda file is a zip archive and needs random
// access), and committed once the caller has hashed and judged them. A blob is
// immutable: it is either absent or whole, never in between.
//
// Out of scope: who may read a blob, which blobs are still referenced, and
// whether bytes match the hash they are committed under. The callers know these
// things; a store only keeps what it was given.
package blob
