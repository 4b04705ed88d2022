package api

import (
	"encoding/json"
	"time"
)

// AuditEvent is one row of the audit, with all that its hash is made of.
type AuditEvent struct {
	// ID is the row's number; rows are numbered from 1 without gaps.
	ID int64 `json:"id"`
	// At is when it happened, to the millisecond.
	At time.Time `json:"at"`
	// Event names what happened, Outcome is "done" or "denied".
	Event string `json:"event"`
	// Outcome is "done" or "denied".
	Outcome string `json:"outcome"`
	// PrincipalID and Principal are who did it, as the account was named then. Via says how they came in: session, token,
	// local, system or none.
	PrincipalID int64 `json:"principal_id"`
	// Principal is the name of who did it, as the account was named then.
	Principal string `json:"principal"`
	// Via is how they came in: session, token, local, system or none.
	Via string `json:"via"`
	// TokenID is the id of the token that was used, empty for none.
	TokenID string `json:"token_id"`
	// SubjectID numbers the account to which it was done, ChannelID the channel; 0 for none.
	SubjectID int64 `json:"subject_id"`
	// ChannelID is the number of the channel, 0 for none.
	ChannelID int64 `json:"channel_id"`
	// Target is what it was done to, such as the path of a channel or of a file.
	Target string `json:"target"`
	// Scope and Reason say what was asked for and why it was refused.
	Scope string `json:"scope"`
	// Reason is why it was refused, empty otherwise.
	Reason string `json:"reason"`
	// Address is the IP address that the request came from, empty for none.
	Address string `json:"address"`
	// Client is what the client called itself, its User-Agent.
	Client string `json:"client"`
	// RequestID is the id of the request, which the log of the server has too.
	RequestID string `json:"request_id"`
	// Data holds further facts, an object.
	Data json.RawMessage `json:"data"`
	// Format is the form in which the row was hashed; Prev and Hash are SHA-256 in hexadecimal, of the row before and of
	// this one.
	Format int64 `json:"format"`
	// Prev is the hash of the row before, in hexadecimal.
	Prev string `json:"prev"`
	// Hash is the hash of this row, in hexadecimal.
	Hash string `json:"hash"`
}

// AuditPage answers GET /audit.
type AuditPage struct {
	// Items are the rows, newest first unless it was asked for otherwise.
	Items []AuditEvent `json:"items"`
	// Next is the cursor of the page after this one, empty when there is none. A page may have fewer items than were asked
	// for, or none, and others follow all the same: so many rows were looked at as can be at once.
	Next string `json:"next"`
}

// AuditHead is a signed statement of how far the audit goes and what it ends in.
type AuditHead struct {
	// Number counts heads, from 1.
	Number int64 `json:"number"`
	// Day is the day, UTC, that the head closes, as YYYY-MM-DD.
	Day string `json:"day"`
	// Seq and Hash are the last row's, Rows how many came since the head before.
	Seq int64 `json:"seq"`
	// Hash is the hash of the last row, in hexadecimal.
	Hash string `json:"hash"`
	// Rows is how many rows came since the head before.
	Rows int64 `json:"rows"`
	// SignedAt is when the head was signed, to the millisecond.
	SignedAt time.Time `json:"signed_at"`
	// Prev is the hash of the head before, in hexadecimal.
	Prev string `json:"prev"`
	// Key is the fingerprint of the public key, Signature the Ed25519 signature in hexadecimal.
	Key string `json:"key"`
	// Signature is the Ed25519 signature, in hexadecimal.
	Signature string `json:"signature"`
}

// AuditHeads answers GET /audit/heads.
type AuditHeads struct {
	// PublicKey is the Ed25519 key that checks the signatures, in hexadecimal.
	PublicKey string `json:"public_key"`
	// Items are the heads, oldest first.
	Items []AuditHead `json:"items"`
	// Next is the number to ask on from, 0 when there are no more.
	Next int64 `json:"next"`
}

// History answers the histories of the site, of an account and of a channel.
type History struct {
	List[HistoryItem]
	// LookedBackTo is from which time on all events were searched for q, left out where all were. A request with it as the
	// parameter to goes on from there. total_count counts no further.
	LookedBackTo *time.Time `json:"looked_back_to,omitempty"`
}

// HistoryItem is one thing that happened, as those see it whom it concerns.
type HistoryItem struct {
	// EventID names the event; it says nothing of how many others there are.
	EventID string `json:"event_id"`
	// EventType is a word that scripts for Anaconda's server know, where there is one, else ours.
	EventType string `json:"event_type"`
	// Data is about what was done, Meta about who did it.
	Data map[string]any `json:"data"`
	// Meta is who did it, and how.
	Meta HistoryMeta `json:"meta"`
	// Created is a time in seconds since 1970, with a fraction.
	Created float64 `json:"created"`
}

// HistoryMeta says who did it and how. What the reader may not see is left out.
type HistoryMeta struct {
	// Username is the name of who did it, as the account was named then.
	Username string `json:"username"`
	// Via is how they came in: session, token, local, system or none.
	Via string `json:"via,omitempty"`
	// TokenID is the id of the token that was used, left out for none.
	TokenID string `json:"token_id,omitempty"`
	// Event is our own word for what happened.
	Event string `json:"event"`
	// Outcome is "done" or "denied".
	Outcome string `json:"outcome"`
	// Address is the IP address, left out where the reader may not see it.
	Address string `json:"address,omitempty"`
	// Client is what the client called itself, left out where the reader may not see it.
	Client string `json:"client,omitempty"`
	// RequestID is the id of the request, left out where the reader may not see it.
	RequestID string `json:"request_id,omitempty"`
}
