// Package backup copies a site, also while it runs, into one file or into a folder, and makes a site of such a copy.
//
// A copy has a head, the site's key, the records of one moment in a form that either database takes, the list of the blobs
// that those records name, the blobs, and at last a manifest with the hashes of all that: a copy without one is not whole.
// The file is a tar archive, which can be written to and read from a pipe. The folder keeps the blobs of all its copies
// together, so that the next one copies only what is new.
//
// No blob that the records name can go missing meanwhile: before the records are read, all blobs are held, which the
// cleanup of every server of the site minds, and they are released when the last one is copied. A hold ends by itself some
// minutes after its holder died.
//
// Out of scope: where the data folder, the database and the blobs of a site are (package server), and what the records mean.
package backup
