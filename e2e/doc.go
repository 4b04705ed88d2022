// Package e2e holds the tests that run the clients people have (rattler, the engine of pixi; rattler-build; quetz-client;
// conda-index as a second opinion) against the real binary, started as its users start it.
//
// What a client prints when it is refused is part of what is tested, and every success has its control: the same call
// without the token, or with a wrong one, fails.
//
// Out of scope: conda and mamba themselves, which the Python package index does not have. The requests that they send
// are tested in package channelhttp, and the files that the command line writes for them in package cli.
package e2e
