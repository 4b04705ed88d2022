package web

import (
	"slices"
	"strings"

	"kingsnake/internal/registry"
)

// grant is a resource of a token with its permission, as a row of a form has it.
type grant struct{ Name, Level string }

// grantLines are grants as a hidden field has them, in the order of their names.
func grantLines(grants []grant) string {
	lines := make([]string, len(grants))
	for i, g := range grants {
		lines[i] = g.Level + " " + g.Name
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// parseGrants reads what grantLines wrote.
func parseGrants(text string) []grant {
	var out []grant
	for line := range strings.Lines(text) {
		if level, name, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			out = append(out, grant{name, level})
		}
	}
	return out
}

// grantsOf are the resources of a token.
func grantsOf(t registry.Token) []grant {
	out := make([]grant, len(t.Resources))
	for i, r := range t.Resources {
		out[i] = grant{r.Name(), r.Level.String()}
	}
	return out
}

// byName finds levels by the name of their resource.
func byName(grants []grant) map[string]string {
	out := make(map[string]string, len(grants))
	for _, g := range grants {
		out[g.Name] = g.Level
	}
	return out
}

// mergeGrants brings together what a form makes of the resources that a token had when it was opened, and what the token
// has by now. Of the resources that the form leaves alone, what others did is kept. Where both changed the same resource
// to something else, there is a conflict, in words, and the form's is taken.
func mergeGrants(was, typed, now []grant) (merged []grant, conflicts []string) {
	had, mine, has := byName(was), byName(typed), byName(now)
	differ := func(name string) {
		if had[name] != has[name] && has[name] != mine[name] {
			conflicts = append(conflicts, name+": "+grantWords(had[name])+" at first, "+grantWords(has[name])+" by now, "+grantWords(mine[name])+" here")
		}
	}
	for _, g := range typed {
		if level, known := had[g.Name]; known && level == g.Level {
			// Left alone: what it is by now, and gone where somebody took it away.
			if g.Level = has[g.Name]; g.Level == "" {
				continue
			}
		} else {
			differ(g.Name)
		}
		merged = append(merged, g)
	}
	for _, g := range was {
		if _, kept := mine[g.Name]; !kept {
			differ(g.Name)
		}
	}
	for _, g := range now {
		_, known := had[g.Name]
		if _, typed := mine[g.Name]; !known && !typed {
			merged = append(merged, g)
		}
	}
	return merged, conflicts
}

// grantWords says a level in a sentence, of which none is no resource.
func grantWords(level string) string {
	if level == "" {
		return "not there"
	}
	return level
}
