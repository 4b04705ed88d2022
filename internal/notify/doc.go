// Package notify carries digests of tokens that end to people: as e-mail, and as a webhook signed by the Standard Webhooks
// scheme. Both are bounded in size and time.
//
// Out of scope: who is told of what and when, what was sent before, and trying again.
package notify
