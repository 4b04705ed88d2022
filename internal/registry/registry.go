package registry

import (
	"log/slog"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"kingsnake/conda/pkgfile"
	"kingsnake/internal/blob"
	"kingsnake/internal/memo"
)

// Store is all that the domain asks of a database; each service sees only its own part.
type Store interface {
	CoreStore
	AuditStore
	ChannelStore
	PackageStore
	UploadStore
	StagingStore
	DoomedStore
	JobStore
	TokenStore
	AccountStore
	RoleStore
	OwningStore
	SettingStore
	DirectoryStore
	FeedStore
	UsageStore

	RuleStore
	QuotaStore
	SystemStore
	GroupStore
	ChannelGroupStore
	ExternalStore
	TrustStore
	ServiceAccountStore
	ReachStore
	DigestStore
	SearchStore
}

// Options are what the domain is made of.
type Options struct {
	Store Store
	Blobs blob.Store
	Index IndexFiles
	Feed  *Feed
	// Heads signs the audit.
	Heads HeadSigner
	// Gate is held open while a blob is stored and not named yet, so that the cleanup leaves it alone.
	Gate *sync.RWMutex
	// Shared says that other processes store and delete blobs too, for whom the gate is no hindrance.
	Shared    bool
	Mint      Mint
	Cleaner   Cleaner
	Passwords Passwords
	Limits    UploadLimits
	// Tokens is what the site demands of tokens where its settings do not say otherwise.
	Tokens   TokenPolicies
	Sessions SessionPolicy
	External ExternalPolicy
	// TrustedIssuers are those whose word about CI jobs channels may take.
	TrustedIssuers []string
	// Chores are what the site does by itself.
	Chores []Chore
	// Notify says how people are told of tokens that end.
	Notify NotificationPolicy
	Log    *slog.Logger
	// Now is the clock; nil means the real one.
	Now func() time.Time
}

// Service is the whole domain.
type Service struct {
	Channels *Channels
	Packages *Packages
	Jobs     *Jobs
	Indexes  *Indexes
	Tokens   *Tokens
	Accounts *Accounts
	Access   *Access
	System   *System
	Roles    *Roles
	Settings *Settings
	Groups   *Groups

	ChannelGroups   *ChannelGroups
	External        *External
	Trust           *Trust
	ServiceAccounts *ServiceAccounts
	Notifications   *Notifications
	Chores          *Chores

	// Filtering applies the filters of channels; its Run does what an edit leaves over.
	Filtering *Filtering
	// Searching keeps searches for packages quick.
	Searching *Searching

	Directory *Directory
	Usage     *Usage
	Trail     *Trail
	Audit     *Audit
}

// New puts the services together.
func New(o Options) *Service {
	if o.Now == nil {
		o.Now = time.Now
	}
	usage := NewUsage(o.Store, o.Log, o.Now)
	c := &core{store: o.Store, feed: o.Feed, now: o.Now, log: o.Log, trail: NewTrail(o.Store, o.Log), usage: usage}
	lookup := newChannelLookup(o.Store, o.Feed)
	directory := NewDirectory(o.Store, o.Now)
	settings := newSettings(c, o.Store, o.Tokens)
	tokens := &Tokens{core: c, tokens: o.Store, people: o.Store, directory: directory, lookup: lookup, mint: o.Mint, settings: settings}
	jobs := &Jobs{core: c, jobs: o.Store, handlers: map[JobKind]jobHandler{}, routine: map[JobKind]bool{}}
	packages := &Packages{
		core: c, jobs: jobs, packages: o.Store, doomed: o.Store, shared: o.Shared, lookup: lookup, blobs: o.Blobs, gate: o.Gate, limits: o.Limits,
		reader: pkgfile.NewReader(o.Limits.Package), reading: semaphore.NewWeighted(int64(2 * runtime.NumCPU())), refs: memo.New[fileKey, FileRef](maxCachedFiles),
		abouts: newAboutReader(o.Limits.Package),
	}
	packages.uploads, packages.gathered = o.Store, newGathering()
	packages.subscribe(o.Feed)
	jobs.handlers[jobBulk] = packages.runBulk
	notifications := &Notifications{
		core: c, digests: o.Store, jobs: jobs, settings: settings, directory: directory, lookup: lookup, reach: o.Store, ways: o.Notify.Ways, hour: o.Notify.Hour,
	}
	jobs.handlers[jobDigest] = notifications.run
	services := &ServiceAccounts{core: c, accounts: o.Store, tokens: tokens, lookup: lookup}
	channels := &Channels{core: c, channels: o.Store, services: services, lookup: lookup}
	accounts := &Accounts{
		core: c, accounts: o.Store, ownings: o.Store, tokens: tokens, channels: channels, settings: settings, directory: directory,
		passwords: o.Passwords, sessions: o.Sessions,
	}
	groups := &Groups{core: c, groups: o.Store, channels: o.Store, accounts: accounts, lookup: lookup}
	filtering := &Filtering{core: c, rules: o.Store, channels: o.Store, packages: packages, lookup: lookup, wake: make(chan struct{}, 1)}
	packages.rules, packages.quotas, packages.channels, packages.stagings = o.Store, o.Store, o.Store, o.Store
	channels.quotas, channels.filtering = o.Store, filtering
	audits := &Audit{core: c, audit: o.Store, people: o.Store, lookup: lookup, signer: o.Heads, jobs: jobs, look: defaultLookLimits()}
	jobs.handlers[JobAuditVerify] = audits.runVerify
	return &Service{
		Channels: channels,
		Packages: packages,
		Jobs:     jobs,
		Indexes:  &Indexes{core: c, lookup: lookup, files: o.Index},
		Tokens:   tokens,
		Accounts: accounts,
		Groups:   groups,
		Access: &Access{
			core: c, accounts: o.Store, tokens: o.Store, directory: directory, lookup: lookup, mint: o.Mint,
			reach: o.Store, rules: o.Store, services: o.Store, settings: settings, issuers: o.TrustedIssuers,
		},
		System:          &System{core: c, system: o.Store, cleaner: o.Cleaner},
		Roles:           &Roles{core: c, roles: o.Store},
		Settings:        settings,
		ChannelGroups:   &ChannelGroups{core: c, grants: o.Store, groups: groups, tokens: tokens, lookup: lookup},
		Trust:           &Trust{core: c, rules: o.Store, tokens: tokens, services: services, lookup: lookup, issuers: o.TrustedIssuers},
		External:        &External{core: c, store: o.Store, accounts: accounts, policy: o.External},
		ServiceAccounts: services,
		Notifications:   notifications,
		Chores:          newChores(c, jobs, o.Chores),

		Filtering: filtering,
		Searching: newSearching(c, o.Store),

		Directory: directory,
		Usage:     usage,
		Trail:     c.trail,
		Audit:     audits,
	}
}
