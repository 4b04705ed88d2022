package api

import "time"

// SystemSettings answers GET and PUT /system/settings.
type SystemSettings struct {
	// UserChannelAutocreate makes a private channel for everybody who signs in for the first time.
	UserChannelAutocreate bool `json:"user_channel_autocreate"`
	// ShowIntro shows an introduction to those who are new.
	ShowIntro bool `json:"show_intro"`
	// CVEChannelID is the id of the channel in which lists of CVEs are kept; null for none.
	CVEChannelID *string `json:"cve_channel_id"`
	// AnacondaIdent is null until somebody sets it.
	AnacondaIdent *AnacondaIdentSettings `json:"anaconda_ident_settings"`
	// Kingsnake are the settings that Anaconda Server does not have.
	Kingsnake KingsnakeSettings `json:"kingsnake"`
}

// KingsnakeSettings are the settings that Anaconda Server does not have.
type KingsnakeSettings struct {
	// AuthorByDefault gives the role author to new accounts for which nobody says which roles they get.
	AuthorByDefault bool `json:"author_by_default"`
	// TokenDefaultDays is the life of a token whose maker names no end, in days; 0 for none, -1 where the server's
	// configuration decides.
	TokenDefaultDays int `json:"token_default_days"`
	// TokenMaxDays ends every token string at that age, those made before included; 0 for never, -1 where the
	// configuration decides.
	TokenMaxDays int `json:"token_max_days"`
	// ServiceTokenDefaultDays is TokenDefaultDays for the tokens of service accounts.
	ServiceTokenDefaultDays int `json:"service_token_default_days"`
	// ServiceTokenMaxDays is TokenMaxDays for the tokens of service accounts, which TokenMaxDays bounds besides.
	ServiceTokenMaxDays int `json:"service_token_max_days"`
	// LeakedTokens says what becomes of a token of which a string is reported as found where it should not be: "revoke",
	// which also tells the owner, or "notify", which does only that.
	LeakedTokens string `json:"leaked_tokens" enum:"revoke,notify"`
}

// AnacondaIdentSettings say what the clients of Anaconda tell of themselves. The server keeps them and does nothing else.
type AnacondaIdentSettings struct {
	// Enabled is true where clients are to tell it.
	Enabled bool `json:"enabled"`
	// EnableFrom is null for at once.
	EnableFrom *time.Time `json:"enable_from,omitempty" nullable:"true"`
	// UpdatedBy is the name of the user who set it last. It is not read.
	UpdatedBy string `json:"updated_by,omitempty" maxLength:"100"`
	// SelectedTokens are what is told.
	SelectedTokens []string `json:"selected_tokens,omitempty" maxItems:"7" enum:"client_token,session_token,environment_token,username,hostname,environment,organization"`
}

// SystemSettingsUpdate is the body of PUT /system/settings. A field that is left out stays as it is.
type SystemSettingsUpdate struct {
	// UserChannelAutocreate is as in SystemSettings.
	UserChannelAutocreate *bool `json:"user_channel_autocreate,omitempty"`
	// ShowIntro is as in SystemSettings.
	ShowIntro *bool `json:"show_intro,omitempty"`
	// CVEChannelID may be empty or null for none. Choosing it takes the scope cve:edit too.
	CVEChannelID *string `json:"cve_channel_id,omitempty" maxLength:"100"`
	// AnacondaIdent may be null, which forgets it.
	AnacondaIdent *AnacondaIdentSettings `json:"anaconda_ident_settings,omitempty"`
	// Kingsnake is what is changed of the settings that Anaconda Server does not have.
	Kingsnake *KingsnakeSettingsUpdate `json:"kingsnake,omitempty"`
}

// KingsnakeSettingsUpdate changes KingsnakeSettings. A field that is left out stays as it is.
type KingsnakeSettingsUpdate struct {
	// AuthorByDefault takes the right to give the role author where it is switched on.
	AuthorByDefault *bool `json:"author_by_default,omitempty"`
	// The lifetimes are in days: 0 for none, -1 to leave it to the server's configuration.
	TokenDefaultDays        *int `json:"token_default_days,omitempty" minimum:"-1" maximum:"36500"`
	TokenMaxDays            *int `json:"token_max_days,omitempty" minimum:"-1" maximum:"36500"`
	ServiceTokenDefaultDays *int `json:"service_token_default_days,omitempty" minimum:"-1" maximum:"36500"`
	ServiceTokenMaxDays     *int `json:"service_token_max_days,omitempty" minimum:"-1" maximum:"36500"`
	// LeakedTokens is "revoke" or "notify".
	LeakedTokens *string `json:"leaked_tokens,omitempty" enum:"revoke,notify"`
}
