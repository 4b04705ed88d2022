// Package access decides who may do what.
//
// A Caller (a principal and the way it came in) asks for a Scope (one action) on a Target (the system, a channel, one
// package, an account, a group), and Decide answers. The answer passes up to five gates: the credential is good, the
// principal's roles reach the level that the action needs, the principal's level on that very channel does so too, the
// token carries the action, and the token's restrictions are met. What a credential is refused is asked once more for
// an anonymous caller, because no credential may ever be worse than none.
//
// Everything here is a pure function of its arguments: no clock, no database, no network, no state. The data is loaded
// by others and handed in, and Decide allocates nothing, so it can be asked for every file of a download. The same
// Decision that says no also explains itself (Decision.Explanation), and the lists that a database has to filter are
// described as plain data (VisibleChannels) that is tested to mean the same.
//
// Out of scope: finding out who is calling, loading and caching principals, counting the uses of a token, auditing,
// and everything that an action does once it is allowed.
package access
