// Package registry is the domain of Kingsnake: channels, packages, tokens and accounts, what may be done with them, and
// the one place where it is enforced.
//
// A service method takes a context and a Caller, and its first act is allow: package access decides, the core records
// denials, and nothing is read or changed before. Storage, blobs and index files come in through contracts declared
// here. Out of scope: HTTP, SQL and how a caller proved who it is.
package registry
