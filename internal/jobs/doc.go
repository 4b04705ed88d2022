// Package jobs runs what package registry has queued: work that outlives the request that asked for it. It claims one
// job at a time for each of its workers, keeps the lease while the job runs, and tries again after failures of the
// database or the disk.
//
// Out of scope: what jobs do and who may ask for them, which the domain knows, and where they are kept.
package jobs
