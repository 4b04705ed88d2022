// Package hostile makes packages that a server must refuse, each for one
// reason, out of valid ones. A test that feeds all of [Cases] to whatever
// accepts packages learns whether a careless or malicious uploader can get
// past it.
//
// The expected codes are spelled out here as text, not taken from the reader
// in conda/pkgfile: they are part of what clients see, and a change of one has
// to show up as a failing test.
//
// Out of scope: attacks that need other limits than the reader's defaults or
// files of more than some hundred kilobytes.
package hostile
