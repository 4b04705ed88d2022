// Package random makes valid conda packages and channels from a seed, for
// tests and benchmarks: small, different from each other, and the same bytes
// for the same seed. They follow CEP 34 and CEP 35 closely enough that the
// real clients index, solve and install them.
//
// The package is independent of the reader in conda/pkgfile, so that the two
// check each other. The hostile counterpart is in the package below.
//
// Out of scope: packages that do something once installed, and builds that a
// build tool would reproduce.
package random
