// Package api holds the wire types of the Kingsnake REST API: request and answer bodies, enumerations and error codes.
//
// The shapes are compatible with the published REST API of Anaconda Server 6.5 and extend it; an extension only ever
// adds fields. Every path is below the base path /api. Times are RFC 3339 in UTC, sizes are bytes, hashes are lower-case
// hexadecimal. A field that may be unknown is a pointer and null on the wire, unless its comment says that it is left out.
//
// The package has no logic: validation belongs to the server, transport to package client.
package api
