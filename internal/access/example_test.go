package access_test

import (
	"fmt"

	. "kingsnake/internal/access"
)

// A token with one scope does that one thing, as long as its owner may, and says what is missing for everything else.
func Example() {
	prod := Channel{ID: 10, Path: "prod", Privacy: Private}
	alice := &Principal{
		ID: 1, Kind: KindUser, Name: "alice", Active: true,
		Roles: []string{RoleAuthor}, Ceiling: CeilingOf(Author()),
		Channels: map[int64]Grant{prod.ID: {Level: Write, Group: "prod-writers"}},
	}
	ci := &Caller{Principal: alice, Via: ViaToken, Token: &Token{
		Name: "ci", Kind: ScopeToken, Scopes: Scopes(ArtifactCreate, ArtifactDelete),
	}}
	for _, s := range []Scope{ArtifactCreate, ArtifactDelete, ArtifactDownload} {
		e := Decide(ci, s, OnPackage(prod, "conda", "numpy")).Explanation()
		fmt.Println(e.Summary)
		for _, change := range e.Change {
			fmt.Println("  " + change)
		}
	}
	// Output:
	// Yes: token "ci" of alice may exercise artifact:create on package conda/numpy of channel prod.
	// No: token "ci" of alice may not exercise artifact:delete on package conda/numpy of channel prod, because artifact:delete needs manage on channel prod, and alice holds write there.
	//   Ask an owner of the channel (group prod_owners) or an administrator to give alice, or a group that alice belongs to, manage on channel prod.
	// No: token "ci" of alice may not exercise artifact:download on package conda/numpy of channel prod, because token "ci" does not hold the scope artifact:download.
	//   Use a token that holds artifact:download; alice can make one as far as that account may do it.
}
