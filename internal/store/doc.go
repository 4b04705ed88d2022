// Package store keeps Kingsnake's records in a SQL database.
//
// Every method is one SQL statement and a scan; which statements belong together, and who may run them, is decided in
// package registry. The same SQL text serves every database; what differs between them stands in dialect. Out of scope:
// package files and index files, which live in package blob.
package store
