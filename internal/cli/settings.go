package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"kingsnake/api"
)

func (a *app) settingsCommand() *cobra.Command {
	return group(groupAccess, "settings", "Settings of the site (administrators)", a.settingsShowCommand(), a.settingsSetCommand())
}

func (a *app) settingsShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show",
		Short: "Show the settings",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			settings, err := c.Settings(cmd.Context())
			if err != nil {
				return fail(err, "could not read the settings")
			}
			return a.emitSettings(settings)
		},
	}
}

// emitSettings prints every setting with the name by which it is set.
func (a *app) emitSettings(settings api.SystemSettings) error {
	text, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	var tree map[string]any
	if err := json.Unmarshal(text, &tree); err != nil {
		return err
	}
	flat := map[string]any{}
	flatten("", tree, flat)
	return a.emit(settings, func(t *table) {
		t.row("SETTING", "VALUE")
		for _, name := range slices.Sorted(maps.Keys(flat)) {
			t.row(name, settingText(flat[name]))
		}
	})
}

// flatten writes the leaves of a tree of objects into flat, by their dotted names.
func flatten(prefix string, tree, flat map[string]any) {
	for name, value := range tree {
		if below, ok := value.(map[string]any); ok {
			flatten(prefix+name+".", below, flat)
		} else {
			flat[prefix+name] = value
		}
	}
}

func settingText(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case []any:
		words := make([]string, len(v))
		for i, word := range v {
			words[i] = fmt.Sprint(word)
		}
		return strings.Join(words, ",")
	}
	return fmt.Sprint(value)
}

func (a *app) settingsSetCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "set NAME=VALUE...",
		Short: "Change settings; it takes effect at once",
		Long: "Change settings; it takes effect at once. NAME is as kingsnake settings show prints it. VALUE is true or false, a\n" +
			"text, or JSON; an empty one clears what can be cleared.",
		Example: "  kingsnake settings set user_channel_autocreate=true kingsnake.author_by_default=false",
		Args:    args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			in, err := parseSettings(given)
			if err != nil {
				return err
			}
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			settings, err := c.UpdateSettings(cmd.Context(), in)
			if err != nil {
				return fail(err, "could not change the settings")
			}
			return a.emitSettings(settings)
		},
	}
}

// parseSettings makes the request that NAME=VALUE arguments ask for.
func parseSettings(given []string) (api.SystemSettingsUpdate, error) {
	var in api.SystemSettingsUpdate
	tree := map[string]any{}
	for _, arg := range given {
		name, value, ok := strings.Cut(arg, "=")
		if !ok || name == "" {
			return in, usagef("%q is not NAME=VALUE", arg)
		}
		plant(tree, strings.Split(name, "."), value)
	}
	text, err := json.Marshal(tree)
	if err != nil {
		return in, err
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return in, usagef("%s; kingsnake settings show lists the settings", strings.TrimPrefix(err.Error(), "json: "))
	}
	return in, nil
}

// plant puts a value, as JSON if it is some, at a path into a tree of objects.
func plant(tree map[string]any, path []string, value string) {
	for _, name := range path[:len(path)-1] {
		below, ok := tree[name].(map[string]any)
		if !ok {
			below = map[string]any{}
			tree[name] = below
		}
		tree = below
	}
	var v any = value
	if json.Valid([]byte(value)) {
		v = json.RawMessage(value)
	}
	tree[path[len(path)-1]] = v
}
