package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"kingsnake/internal/access"
	"kingsnake/internal/memo"
)

// SettingStore keeps what administrators set, by name, as JSON.
type SettingStore interface {
	ListSettings(ctx context.Context, tx Tx) (map[string]string, error)
	SetSetting(ctx context.Context, tx Tx, name, value string, at time.Time) error
}

// SiteSettings is what administrators set while the site runs. A new one takes a field here, a line in siteSettings,
// where it is not false or empty from the start a default, and where not every value will do a check in validate.
type SiteSettings struct {
	// UserChannelAutocreate makes a channel for everybody who signs in for the first time.
	UserChannelAutocreate bool
	// ShowIntro shows an introduction to those who are new.
	ShowIntro bool
	// CVEChannel is the public id of the channel in which lists of CVEs are kept, empty for none.
	CVEChannel string
	// AnacondaIdent is kept for clients that ask; nil until somebody sets it.
	AnacondaIdent *AnacondaIdent
	// AuthorByDefault gives the role author to new accounts for which nobody says which roles they get.
	AuthorByDefault bool
	// TokenDays and ServiceTokenDays bound the lives of tokens of people and of service accounts.
	TokenDays, ServiceTokenDays LifetimeDays
	// LeakedTokens is what becomes of a token of which a string is reported as found where it should not be.
	LeakedTokens LeakPolicy
}

// LeakPolicy says what becomes of a leaked token.
type LeakPolicy string

// The policies for leaked tokens: revoke them and tell their owners, or only tell the owners.
const (
	LeakPolicyRevoke LeakPolicy = "revoke"
	LeakPolicyNotify LeakPolicy = "notify"
)

// AnacondaIdent says what the clients of Anaconda tell of themselves in their requests. The server itself only keeps it.
type AnacondaIdent struct {
	Enabled bool `json:"enabled"`
	// EnableFrom is when it begins, the zero time for at once.
	EnableFrom time.Time `json:"enable_from,omitzero"`
	// UpdatedBy is the name of the account that set it last.
	UpdatedBy string `json:"updated_by"`
	// Tokens are what is told, of identTokens.
	Tokens []string `json:"selected_tokens"`
}

// identTokens are what a client can tell of itself.
var identTokens = []string{"client_token", "session_token", "environment_token", "username", "hostname", "environment", "organization"}

// defaultSettings is what holds until somebody sets something.
func defaultSettings() SiteSettings {
	asConfigured := LifetimeDays{Default: DaysAsConfigured, Max: DaysAsConfigured}
	return SiteSettings{AuthorByDefault: true, TokenDays: asConfigured, ServiceTokenDays: asConfigured, LeakedTokens: LeakPolicyRevoke}
}

// NewRoles are the roles of a new account for which nobody says which it gets.
func (s SiteSettings) NewRoles() []string {
	if s.AuthorByDefault {
		return []string{access.RoleAuthor}
	}
	return nil
}

// siteSettings gives each setting the name under which its JSON is stored.
var siteSettings = [...]struct {
	name  string
	field func(*SiteSettings) any
}{
	{"user_channel_autocreate", func(s *SiteSettings) any { return &s.UserChannelAutocreate }},
	{"show_intro", func(s *SiteSettings) any { return &s.ShowIntro }},
	{"cve_channel_id", func(s *SiteSettings) any { return &s.CVEChannel }},
	{"anaconda_ident_settings", func(s *SiteSettings) any { return &s.AnacondaIdent }},
	{"kingsnake.author_by_default", func(s *SiteSettings) any { return &s.AuthorByDefault }},
	{"kingsnake.token_default_days", func(s *SiteSettings) any { return &s.TokenDays.Default }},
	{"kingsnake.token_max_days", func(s *SiteSettings) any { return &s.TokenDays.Max }},
	{"kingsnake.service_token_default_days", func(s *SiteSettings) any { return &s.ServiceTokenDays.Default }},
	{"kingsnake.service_token_max_days", func(s *SiteSettings) any { return &s.ServiceTokenDays.Max }},
	{"kingsnake.leaked_tokens", func(s *SiteSettings) any { return &s.LeakedTokens }},
}

// Settings is the service for the settings of the site. A change takes effect with the next request.
type Settings struct {
	*core
	settings SettingStore
	channels ChannelStore
	roles    RoleStore
	cache    *memo.Cache[struct{}, SiteSettings]
	// configured is what the server was started with; it holds where no setting says otherwise.
	configured TokenPolicies
}

func newSettings(c *core, store Store, configured TokenPolicies) *Settings {
	s := &Settings{core: c, configured: configured, settings: store, channels: store, roles: store, cache: memo.New[struct{}, SiteSettings](1)}
	c.feed.Subscribe(func(changes []Change) {
		if slices.ContainsFunc(changes, func(ch Change) bool { return ch.Kind == ChangedSetting || ch.Kind == ChangedEverything }) {
			s.cache.DropAll()
		}
	})
	return s
}

// Current gives the settings to the parts of the server that go by them. It asks nobody; what it answers is shared and
// must not be changed.
func (s *Settings) Current(ctx context.Context) (SiteSettings, error) {
	return s.cache.Get(ctx, struct{}{}, func(ctx context.Context) (SiteSettings, error) { return s.load(ctx, nil) })
}

func (s *Settings) load(ctx context.Context, tx Tx) (SiteSettings, error) {
	out := defaultSettings()
	stored, err := s.settings.ListSettings(ctx, tx)
	if err != nil {
		return out, err
	}
	for _, setting := range siteSettings {
		value, set := stored[setting.name]
		if !set {
			continue
		}
		if err := json.Unmarshal([]byte(value), setting.field(&out)); err != nil {
			return out, fmt.Errorf("setting %s: %w", setting.name, err)
		}
	}
	return out, nil
}

// Get gives the settings to somebody who may see them.
func (s *Settings) Get(ctx context.Context, caller *access.Caller) (SiteSettings, error) {
	if err := s.allow(ctx, caller, access.SystemSettingsView, access.OnSystem()); err != nil {
		return SiteSettings{}, err
	}
	return s.Current(ctx)
}

// Edit changes settings and gives all of them as they are then. What edit leaves alone stays as it is.
func (s *Settings) Edit(ctx context.Context, caller *access.Caller, edit func(*SiteSettings)) (SiteSettings, error) {
	if err := s.allow(ctx, caller, access.SystemSettingsEdit, access.OnSystem()); err != nil {
		return SiteSettings{}, err
	}
	var after SiteSettings
	err := s.write(ctx, caller, func(w *work) error {
		before, err := s.load(ctx, w.tx)
		if err != nil {
			return err
		}
		if after, err = s.load(ctx, w.tx); err != nil {
			return err
		}
		edit(&after)
		if err := s.validate(ctx, w, before, &after); err != nil {
			return err
		}
		changed, err := s.save(ctx, w, before, after)
		if err != nil || len(changed) == 0 {
			return err
		}
		return w.record(ctx, EventSettingsUpdated, 0, "", changed)
	})
	return after, err
}

// save writes the settings that differ and gives, for the audit, what became of them.
func (s *Settings) save(ctx context.Context, w *work, before, after SiteSettings) (map[string]any, error) {
	changed := map[string]any{}
	for _, setting := range siteSettings {
		was, err := json.Marshal(setting.field(&before))
		if err != nil {
			return nil, fmt.Errorf("setting %s: %w", setting.name, err)
		}
		is, err := json.Marshal(setting.field(&after))
		if err != nil {
			return nil, fmt.Errorf("setting %s: %w", setting.name, err)
		}
		if string(was) == string(is) {
			continue
		}
		if err := s.settings.SetSetting(ctx, w.tx, setting.name, string(is), s.now()); err != nil {
			return nil, err
		}
		w.changed(ChangedSetting, 0, setting.name)
		changed[setting.name] = map[string]any{"from": json.RawMessage(was), "to": json.RawMessage(is)}
	}
	return changed, nil
}

// validate judges an edit, and asks for the further rights that some settings take.
func (s *Settings) validate(ctx context.Context, w *work, before SiteSettings, after *SiteSettings) error {
	if after.CVEChannel != before.CVEChannel {
		if err := s.chooseCVEChannel(ctx, w.caller, after.CVEChannel); err != nil {
			return err
		}
	}
	if p := after.LeakedTokens; p != LeakPolicyRevoke && p != LeakPolicyNotify {
		return invalid("kingsnake.leaked_tokens", "leaked tokens are either %s or %s", LeakPolicyRevoke, LeakPolicyNotify)
	}
	if ident := after.AnacondaIdent; ident != nil {
		slices.Sort(ident.Tokens)
		ident.Tokens = slices.Compact(ident.Tokens)
		for _, token := range ident.Tokens {
			if !slices.Contains(identTokens, token) {
				return invalid("anaconda_ident_settings.selected_tokens", "there is no %q to select", clip(token, 64))
			}
		}
		if was := before.AnacondaIdent; was == nil || was.Enabled != ident.Enabled || !was.EnableFrom.Equal(ident.EnableFrom) || !slices.Equal(was.Tokens, ident.Tokens) {
			ident.UpdatedBy = w.caller.Principal.Name
		} else {
			ident.UpdatedBy = was.UpdatedBy
		}
	}
	for _, days := range []struct {
		field string
		n     int
	}{
		{"token_default_days", after.TokenDays.Default},
		{"token_max_days", after.TokenDays.Max},
		{"service_token_default_days", after.ServiceTokenDays.Default},
		{"service_token_max_days", after.ServiceTokenDays.Max},
	} {
		if err := validateDays(days.field, days.n); err != nil {
			return err
		}
	}
	if after.AuthorByDefault && !before.AuthorByDefault {
		return s.giveAuthor(ctx, w)
	}
	return nil
}

// chooseCVEChannel asks whether the caller may choose the CVE channel, and that the one chosen is one that it may see.
func (s *Settings) chooseCVEChannel(ctx context.Context, caller *access.Caller, publicID string) error {
	if err := s.allow(ctx, caller, access.CVEEdit, access.OnSystem()); err != nil {
		return err
	}
	if publicID == "" {
		return nil
	}
	f := ChannelFilter{Visible: s.listed(caller, access.ChannelView, access.SubchannelView), PublicIDs: []string{publicID}, IncludeSubchannels: true}
	found, _, err := s.channels.ListChannels(ctx, f, Page{Limit: 1})
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return invalid("cve_channel_id", "there is no channel with this id")
	}
	return nil
}

// giveAuthor asks whether the caller may give the role author, which the setting then gives to new accounts.
func (s *Settings) giveAuthor(ctx context.Context, w *work) error {
	all, err := s.roles.ListRoles(ctx, w.tx)
	if err != nil {
		return err
	}
	author, err := findRole(all, access.RoleAuthor)
	if err != nil {
		return err
	}
	return s.judge(w.caller, access.CanAssignRole(w.caller, author.Role))
}
