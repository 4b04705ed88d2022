package access_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/internal/access"
)

// TestDocumentedRoles: the table in the documentation says what the built-in roles give.
func TestDocumentedRoles(t *testing.T) {
	page, err := os.ReadFile("../../docs/roles.md")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"| category | everyone | author | admin |", "|---|---|---|---|"}
	for _, c := range access.Categories() {
		want = append(want, fmt.Sprintf("| %s | %s | %s | %s |", c, access.Everyone().Levels[c], access.Author().Levels[c], access.Admin().Levels[c]))
	}
	_, table, found := strings.Cut(string(page), "## The built-in roles\n\n")
	table, _, ends := strings.Cut(table, "\n\n")
	if diff := cmp.Diff(want, strings.Split(table, "\n")); !found || !ends || diff != "" {
		t.Errorf("table of built-in roles (-want +got):\n%s", diff)
	}
}
