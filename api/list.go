package api

// List is the answer of every operation that lists things.
type List[T any] struct {
	// TotalCount counts everything that matches and that the caller may see, beyond the page answered.
	TotalCount int64 `json:"total_count"`
	// Items is one page; it is an empty array, never null, when there is nothing.
	Items []T `json:"items"`
}

// Level is a permission level; each contains the ones before it.
type Level string

// The levels, from the lowest to the highest. LevelNone stands only in roles and explanations.
const (
	LevelNone   Level = "none"
	LevelRead   Level = "read"
	LevelWrite  Level = "write"
	LevelManage Level = "manage"
)
