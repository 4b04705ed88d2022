package client

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"kingsnake/api"
)

// RevokeLeaked reports strings that were found where they should not be, which takes no credential, and answers what
// became of each, in the same order. More than the server takes at once are sent in several requests; after an error the
// answer holds what is known.
func (c *Client) RevokeLeaked(ctx context.Context, found []api.LeakedToken) ([]api.LeakResult, error) {
	var all []api.LeakResult
	for some := range slices.Chunk(found, api.MaxLeakReport) {
		var results []api.LeakResult
		// Reporting a string again changes nothing, so that it may be repeated.
		if err := c.callAs(ctx, http.MethodPost, true, nil, some, &results, "tokens", "revoke-leaked"); err != nil {
			return all, err
		}
		if len(results) != len(some) {
			return all, fmt.Errorf("the server answered for %d of %d strings", len(results), len(some))
		}
		all = append(all, results...)
	}
	return all, nil
}
