package apihttp

import (
	"encoding/json"
	"fmt"

	"github.com/danielgtaylor/huma/v2"
)

// described is what package api says in its comments, by type and JSON field; the empty field is the type itself. A test
// keeps docs/fields.json as the comments are.
type described map[string]map[string]string

// describe puts the words of package api into the schemas that have none of their own.
func describe(schemas map[string]*huma.Schema) error {
	data, err := docsFiles.ReadFile("docs/fields.json")
	if err != nil {
		return fmt.Errorf("words of the API: %w", err)
	}
	var words described
	if err := json.Unmarshal(data, &words); err != nil {
		return fmt.Errorf("words of the API: %w", err)
	}
	for name, schema := range schemas {
		for field, text := range words[name] {
			of := schema.Properties[field]
			if field == "" {
				of = schema
			}
			if of != nil && of.Description == "" {
				of.Description = text
			}
		}
	}
	return nil
}
