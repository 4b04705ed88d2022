// Package pkgfile reads conda packages, .conda and .tar.bz2, that come from
// somebody who may be careless or hostile.
//
// It implements the reading side of CEP 34 (contents of packages) and CEP 35
// (archive formats), and it is strict on purpose: a package that two clients
// could understand differently is refused, because the index would then
// describe another package than the one that gets installed. Nothing is ever
// written to disk, no part of a package is held in memory as a whole, and the
// cost of a read is bounded by [Limits].
//
// Every refusal is an [*Error] with a stable [Code] and a message meant for
// the person who built the package. Any other error means that the bytes
// could not be read at all, which is not the package's fault.
//
// Out of scope: building packages, extracting them, installing them, checking
// signatures, and hashing the file (whoever receives the bytes hashes them on
// the way in).
package pkgfile
