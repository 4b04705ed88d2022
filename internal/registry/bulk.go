package registry

import (
	"context"
	"fmt"
	"slices"

	"kingsnake/internal/access"
)

// BulkAction is what is done with many files at once.
type BulkAction string

// The bulk actions.
const (
	BulkCopy   BulkAction = "copy"
	BulkMove   BulkAction = "move"
	BulkDelete BulkAction = "delete"
)

// Known tells whether a is one of the actions.
func (a BulkAction) Known() bool { return a == BulkCopy || a == BulkMove || a == BulkDelete }

// targeted tells whether the action puts files into another channel.
func (a BulkAction) targeted() bool { return a == BulkCopy || a == BulkMove }

// removes tells whether the action takes files away from their channel.
func (a BulkAction) removes() bool { return a == BulkMove || a == BulkDelete }

// sourceScopes are what the action asks for at the channel whose files they are. What is no action asks for the least.
func (a BulkAction) sourceScopes() []access.Scope {
	switch a {
	case BulkMove:
		return []access.Scope{access.ArtifactDownload, access.ArtifactDelete}
	case BulkDelete:
		return []access.Scope{access.ArtifactDelete}
	}
	return []access.Scope{access.ArtifactDownload}
}

// targetScopes are what the action asks for at the channel that gets the files.
func (a BulkAction) targetScopes(force bool) []access.Scope {
	switch {
	case !a.targeted():
		return nil
	case force:
		return []access.Scope{access.ArtifactCreate, access.ArtifactEdit}
	}
	return []access.Scope{access.ArtifactCreate}
}

// BulkItem names a package or, with a CKey, one file of it.
type BulkItem struct {
	Name   string `json:"name"`
	Family string `json:"family"`
	CKey   string `json:"ckey,omitempty"`
}

func (i BulkItem) String() string {
	if i.CKey != "" {
		return i.CKey
	}
	return i.Name
}

// BulkRequest says what to do with which files.
type BulkRequest struct {
	Action BulkAction
	// Target is the path of the channel to copy or move to.
	Target string
	Items  []BulkItem
	// All stands for every file that the channel has now, in place of items.
	All bool
	// Force replaces other files of the same names at the target.
	Force bool
}

// maxBulkItems bounds the items of one request; a whole channel is named by All.
const maxBulkItems = 10_000

// validate checks what is asked for.
func (b BulkRequest) validate(path string) error {
	switch {
	case !b.Action.Known():
		return invalid("action", "action %q is none of copy, move, delete", b.Action)
	case b.Action.targeted() && b.Target == "":
		return invalid("target_channel", "a %s needs a target_channel", b.Action)
	case !b.Action.targeted() && (b.Target != "" || b.Force):
		return invalid("target_channel", "a deletion takes neither a target nor force")
	case b.Target == path:
		return invalid("target_channel", "source and target are the same channel, %s", path)
	case b.All == (len(b.Items) > 0):
		return invalid("items", "name the items, or all of the channel by \"all\": true, and not both")
	case len(b.Items) > maxBulkItems:
		return invalid("items", "%d items are more than %d; send several requests, or name the whole channel by \"all\": true", len(b.Items), maxBulkItems)
	}
	for _, i := range b.Items {
		if i.Family != FamilyConda {
			return invalid("items", "family %q is none of conda", i.Family)
		}
		if i.Name == "" || len(i.Name) > maxPackageName {
			return invalid("items", "an item needs the name of a package, of at most %d characters", maxPackageName)
		}
		if _, _, ok := SplitCKey(i.CKey); i.CKey != "" && (!ok || len(i.CKey) > maxCKey) {
			return invalid("items", "ckey %.100q is not of the form subdir/filename", i.CKey)
		}
	}
	return nil
}

// The bounds of names in a request; no package that was taken in has longer ones.
const (
	maxPackageName = 128
	maxCKey        = 512
)

// packages are the packages that the request touches, "" standing for all of the channel.
func (b BulkRequest) packages() []string {
	if b.All || len(b.Items) == 0 {
		return []string{""}
	}
	names := make([]string, 0, len(b.Items))
	for _, i := range b.Items {
		names = append(names, access.PackageName(i.Family, i.Name))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Bulk copies, moves or deletes many files, in a job. Each file is done in one transaction, or not at all; no bytes are
// copied. What can be asked is asked now, and all of it again for each file when its turn comes.
func (s *Packages) Bulk(ctx context.Context, caller *access.Caller, path string, in BulkRequest) (Job, error) {
	source, err := s.allowBulk(ctx, caller, path, in.Action.sourceScopes(), in)
	if err != nil {
		return Job{}, err
	}
	if err := in.validate(path); err != nil {
		return Job{}, err
	}
	if source.Type == VirtualChannel {
		return Job{}, invalid("channel", "channel %s is virtual; name the channel that has the packages", source.Path)
	}
	if in.Action.removes() {
		if err := refuseFrozen(source); err != nil {
			return Job{}, err
		}
	}
	args := bulkArguments{Action: in.Action, Source: place(source), Items: in.Items, Force: in.Force}
	title := fmt.Sprintf("%s %s of %s", in.Action, bulkTitle(in), source.Path)
	if in.Action.targeted() {
		target, err := s.allowBulk(ctx, caller, in.Target, in.Action.targetScopes(in.Force), in)
		if err != nil {
			return Job{}, err
		}
		if err := refuseTarget(target); err != nil {
			return Job{}, err
		}
		args.Target = place(target)
		title += " to " + target.Path
	}
	var j Job
	err = s.write(ctx, caller, func(w *work) error {
		if args.Through, err = s.packages.LastFile(ctx, w.tx); err != nil {
			return err
		}
		j, err = s.jobs.enqueue(ctx, w, jobBulk, title, args)
		return err
	})
	return j, err
}

// allowBulk asks for scopes on a channel, for each package that the request touches.
func (s *Packages) allowBulk(ctx context.Context, caller *access.Caller, path string, scopes []access.Scope, in BulkRequest) (c Channel, err error) {
	for _, pkg := range in.packages() {
		for _, scope := range scopes {
			if c, err = s.lookup.onPackage(ctx, s.core, caller, scope, path, pkg); err != nil {
				return Channel{}, err
			}
		}
	}
	return c, nil
}

// refuseTarget refuses channels that take no files.
func refuseTarget(c Channel) error {
	if c.Type == VirtualChannel {
		return invalid("target_channel", "channel %s is virtual; it shows the packages of other channels and has none of its own", c.Path)
	}
	return refuseFrozen(c)
}

func bulkTitle(in BulkRequest) string {
	switch {
	case in.All:
		return "all packages"
	case len(in.Items) == 1:
		return in.Items[0].String()
	}
	return fmt.Sprintf("%d items", len(in.Items))
}
