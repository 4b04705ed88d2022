// Package client is the Go client of a Kingsnake server: typed calls for the REST API of package api, uploads that
// stream, and downloads that resume and are verified.
//
// A Client is safe for concurrent use and holds no state but its settings. Every call takes a context, and every refusal
// by the server is an *Error that carries the server's own explanation. Credentials travel in headers, are sent only to
// the origin that the Client was made for, and appear in no log line, error or formatted value.
//
// Out of scope: reading channels as conda does (repodata, shards) and storing credentials.
package client
