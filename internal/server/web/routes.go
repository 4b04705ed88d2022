package web

import "kingsnake/internal/access"

// section is the pages of one file: where they are, and the entry that leads to them.
type section struct {
	// nav is the entry in the navigation, nil for none.
	nav    *navEntry
	routes []route
}

// route is one page, or one thing that a page does.
type route struct {
	// pattern is a method and a path below /-/, as http.ServeMux has it.
	pattern string
	handle  func(*page) error
	// open tells that who has not signed in gets it too.
	open bool
	// needs is a scope without which the page does not exist; 0 is none. See offers for what it is asked of.
	needs access.Scope
	// raw tells that the page reads the body of a POST itself, such as an upload.
	raw bool
}

// navEntry is one line of the navigation on the left.
type navEntry struct {
	label, path, icon string
	// needs is a scope without which the entry is left out; 0 is none.
	needs access.Scope
	// admin puts the entry into the part for the administration of the site.
	admin bool
}

// sections lists the pages, in the order of the navigation. A new file of pages takes one line here.
func (w *Web) sections() []section {
	return []section{
		w.homePages(),
		w.channelPages(),
		w.packagesPages(),
		w.packageSearchPages(),
		w.packagePages(),
		w.packageFilePages(),
		w.packageEditPages(),
		w.channelJobPages(),
		w.subchannelPages(),
		w.channelGroupPages(),
		w.channelOwnerPages(),
		w.channelAccessPages(),
		w.channelServicePages(),
		w.channelTrustPages(),
		w.channelHistoryPages(),
		w.channelSettingsPages(),
		w.channelFreezePages(),
		w.channelFilterPages(),
		w.channelNoticePages(),
		w.channelDeletePages(),
		w.tokenPages(),
		w.groupPages(),
		w.groupMemberPages(),
		w.checkPages(),
		w.userPages(),
		w.userAccountPages(),
		w.userTokenPages(),
		w.rolePages(),
		w.auditPages(),
		w.auditVerifyPages(),
		w.settingsPages(),
		w.systemPages(),
		w.signInPages(),
		w.passwordPages(),
		w.themePages(),
		w.suggestPages(),
	}
}

// offers tells whether a page, or an entry, that needs a scope is there for whoever asks: on the site or, where the scope
// is about accounts or groups, on the own account or a new group.
func (w *Web) offers(p *page, needs access.Scope) bool {
	if needs == 0 {
		return true
	}
	target := access.OnSystem()
	switch needs.Info().On {
	case access.PlaceAccount, access.PlaceAnything:
		target = access.OnAccount(p.Caller.Principal.ID)
	case access.PlaceGroup:
		target = access.OnGroup(0)
	}
	return w.Service.Can(p.Caller, needs, target)
}
