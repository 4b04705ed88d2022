package config

import (
	"encoding"
	"fmt"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
)

// Setting is one line of what the server would run with.
type Setting struct {
	Key string `json:"key"`
	// Value is the effective value as text; a secret that is set shows as asterisks.
	Value string `json:"value"`
	// Source is "default", "file PATH", "environment NAME" or "flag --NAME".
	Source string `json:"source"`
}

// Settings lists every setting in the order of the struct.
func (c *Config) Settings() []Setting {
	var all []Setting
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		key := v.Type().Field(i).Tag.Get("toml")
		if key == "" {
			continue
		}
		source := c.sources[key]
		if source == "" {
			source = "default"
		}
		all = append(all, Setting{Key: key, Value: text(v.Field(i).Interface()), Source: source})
	}
	return all
}

// text writes a value as Set reads it, and hides secrets.
func text(v any) string {
	switch v := v.(type) {
	case []netip.Prefix:
		parts := make([]string, len(v))
		for i, p := range v {
			parts[i] = p.String()
		}
		return strings.Join(parts, ",")
	case []string:
		return strings.Join(v, ",")
	case encoding.TextMarshaler:
		if b, err := v.MarshalText(); err == nil {
			return string(b)
		}
	}
	return fmt.Sprint(v)
}

// Set gives a setting the value that text stands for; a list is separated by commas. The source is for Settings.
func (c *Config) Set(key, text, source string) error {
	field, ok := c.field(key)
	if !ok {
		return fmt.Errorf("there is no setting %q", key)
	}
	if err := parse(field, text); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if c.sources == nil {
		c.sources = map[string]string{}
	}
	c.sources[key] = source
	return nil
}

func (c *Config) field(key string) (reflect.Value, bool) {
	v := reflect.ValueOf(c).Elem()
	for i := range v.NumField() {
		if tag := v.Type().Field(i).Tag.Get("toml"); tag != "" && tag == key {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

// parse sets a field from text by the field's type.
func parse(field reflect.Value, text string) error {
	switch dest := field.Addr().Interface().(type) {
	case encoding.TextUnmarshaler:
		return dest.UnmarshalText([]byte(text))
	case *[]netip.Prefix:
		return parsePrefixes(dest, text)
	case *[]string:
		*dest = nil
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				*dest = append(*dest, part)
			}
		}
	case *int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", text)
		}
		*dest = n
	case *bool:
		b, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		*dest = b
	default:
		field.SetString(text) // The remaining fields are strings; a test sets every one.
	}
	return nil
}

func parsePrefixes(dest *[]netip.Prefix, text string) error {
	var all []netip.Prefix
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		p, err := netip.ParsePrefix(part)
		if err != nil {
			return fmt.Errorf("%q is not a network like 10.0.0.0/8 or 192.0.2.7/32", part)
		}
		all = append(all, p)
	}
	*dest = all
	return nil
}

// keys are the names of all settings.
func keys() []string {
	var all []string
	for _, s := range (&Config{}).Settings() {
		all = append(all, s.Key)
	}
	return all
}
