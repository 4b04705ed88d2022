package web

// Patterns lists the routes of all pages, for tests of what holds for each of them.
func Patterns(w *Web) []string {
	var out []string
	for _, r := range w.routes {
		out = append(out, r.pattern)
	}
	return out
}

// OpenPatterns lists those that are there without signing in.
func OpenPatterns(w *Web) map[string]bool {
	out := map[string]bool{}
	for _, r := range w.routes {
		out[r.pattern] = r.open
	}
	return out
}
