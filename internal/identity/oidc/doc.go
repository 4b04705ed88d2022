// Package oidc speaks OpenID Connect as a relying party: it sends people to their provider and finds out who came back.
// It says who somebody is and nothing about what they may do.
//
// Out of scope: accounts (package registry) and HTTP handlers (package apihttp).
package oidc
