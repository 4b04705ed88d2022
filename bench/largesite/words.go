package largesite

import "math/rand/v2"

// pick chooses one of several.
func pick[T any](rng *rand.Rand, of []T) T { return of[rng.IntN(len(of))] }

func firstNames() []string {
	return []string{"ada", "alan", "barbara", "bjarne", "carol", "dennis", "edsger", "frances", "grace", "hedy", "ivan", "jean", "ken", "leslie", "margaret", "niklaus"}
}

func lastNames() []string {
	return []string{"adler", "baker", "chen", "diaz", "eriksen", "fischer", "garcia", "haddad", "ito", "jansen", "kowalski", "larsen", "moreau", "novak", "okafor", "patel"}
}

func adjectives() []string {
	return []string{"brisk", "calm", "dense", "eager", "fast", "grand", "hidden", "ideal", "keen", "linear", "modern", "noble", "open", "plain", "quiet", "rapid"}
}

func nouns() []string {
	return []string{"algebra", "builder", "cluster", "driver", "engine", "forecast", "graph", "harvest", "imaging", "journal", "kernel", "lattice", "model", "network", "optics", "parser"}
}
