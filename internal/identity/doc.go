// Package identity tells who is calling: it turns what a request carries (a token in one of its many places, a session)
// into an access.Caller. It finds out who somebody is and says nothing about what they may do.
package identity
