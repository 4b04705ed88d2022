package registry

import (
	"context"
	"crypto/md5" //nolint:gosec // conda's index lists MD5 sums beside SHA-256.
	"crypto/rand"
	"errors"
	"io"
	"time"

	"github.com/google/uuid"

	"kingsnake/conda/channel"
	"kingsnake/internal/access"
	"kingsnake/internal/blob"
)

// Staging is an upload that comes in three requests: one announces the file, one brings it, one puts it into the channel.
// Nothing of it shows before the last. The second carries no credential but a ticket that the first one gave out.
type Staging struct {
	ID       int64
	PublicID string
	// Ticket is the hash of the ticket.
	Ticket []byte
	// Asker is who announced the file; the rights are asked of it again when the file comes.
	Asker     Asker
	ChannelID int64
	// Path is the channel's, Name and Version the package's, as they were announced.
	Path, Name, Version, Subdir, Filename string
	Labels                                []string
	SHA256                                blob.Hash
	// MD5 and Size are known when the file is there, which ReceivedAt tells.
	MD5        [md5.Size]byte
	Size       int64
	ReceivedAt time.Time
	CreatedAt  time.Time
	ExpiresAt  time.Time
}

// StagingStore keeps uploads that are under way.
type StagingStore interface {
	InsertStaging(ctx context.Context, tx Tx, g Staging) error
	StagingByTicket(ctx context.Context, tx Tx, ticket []byte) (Staging, error)
	StagingByPublicID(ctx context.Context, tx Tx, publicID string) (Staging, error)
	CountStagings(ctx context.Context, tx Tx, principal int64, now time.Time) (int64, error)
	// ReceiveStaging notes that the bytes are stored; ErrNoRecord says that some were before.
	ReceiveStaging(ctx context.Context, tx Tx, g Staging) error
	DeleteStaging(ctx context.Context, tx Tx, id int64) error
	StagedStore
}

// StageInput is what the sender announces. SHA256 is in hex.
type StageInput struct {
	Name, Version, Subdir, Filename string
	SHA256                          string
	Labels                          []string
}

// Staged is an announced upload with the ticket for its bytes, which nobody can read again.
type Staged struct {
	Staging
	Secret string
}

// How long a staged upload may take, and how many of them one account may have at a time.
const (
	stagingLifetime = 15 * time.Minute
	maxStagings     = 100
)

// MayUpload asks for the right to upload a package, as one that is about to announce a file of it does.
func (s *Packages) MayUpload(ctx context.Context, caller *access.Caller, path, family, name string) (Channel, error) {
	c, err := s.lookup.onPackage(ctx, s.core, caller, access.ArtifactCreate, path, family+"/"+name)
	if err == nil {
		err = refuseTarget(c)
	}
	return c, err
}

// Stage announces a file for a channel.
func (s *Packages) Stage(ctx context.Context, caller *access.Caller, path string, in StageInput) (Staged, error) {
	c, err := s.MayUpload(ctx, caller, path, FamilyConda, in.Name)
	if err != nil {
		return Staged{}, err
	}
	now, secret := s.now(), rand.Text()
	g := Staging{
		PublicID: uuid.NewString(), Ticket: ticketHash(secret), Asker: asker(caller), ChannelID: c.ID, Path: c.Path,
		Name: in.Name, Version: in.Version, Subdir: in.Subdir, Filename: in.Filename, CreatedAt: now, ExpiresAt: now.Add(stagingLifetime),
	}
	if err := g.announce(in); err != nil {
		return Staged{}, err
	}
	had, err := s.packages.FileByKey(ctx, nil, c.ID, g.Subdir, g.Filename)
	if err == nil && had.SHA256 != g.SHA256 {
		return Staged{}, taken(c, had)
	}
	if err != nil && !errors.Is(err, ErrNoRecord) {
		return Staged{}, err
	}
	err = s.write(ctx, unmetered(caller), func(w *work) error {
		n, err := s.stagings.CountStagings(ctx, w.tx, caller.Principal.ID, now)
		if err != nil {
			return err
		}
		if n >= maxStagings {
			return &Error{Code: CodeTooMany, RetryAfter: time.Minute, Message: "too many uploads of this account were begun and not finished; finish some, or wait a quarter of an hour"}
		}
		if err := s.stagings.InsertStaging(ctx, w.tx, g); err != nil {
			return err
		}
		return w.record(ctx, EventArtifactStaged, c.ID, g.target(), map[string]any{"sha256": g.SHA256.String(), "name": g.Name})
	})
	return Staged{Staging: g, Secret: secret}, err
}

// announce checks what is said of the file.
func (g *Staging) announce(in StageInput) (err error) {
	name, version, _, _, err := channel.SplitFilename(in.Filename)
	if err != nil {
		return invalid("filename", "%v", err)
	}
	if name != in.Name || version != in.Version {
		return invalid("filename", "%s is a file of %s %s, but it was announced as one of %s %s", in.Filename, name, version, clip(in.Name, 100), clip(in.Version, 100))
	}
	if err := channel.ValidateSubdir(in.Subdir); err != nil {
		return invalid("subdir", "%v", err)
	}
	if g.Labels, err = ParseLabels(in.Labels); err != nil {
		return err
	}
	if g.SHA256, err = blob.ParseHash(in.SHA256); err != nil {
		return invalid("sha256", "the file must be announced with its SHA-256, as 64 hexadecimal digits")
	}
	return nil
}

// target names the file in the audit.
func (g Staging) target() string { return g.Path + "/" + g.Subdir + "/" + g.Filename }

// ticketHash is what is kept of a ticket.
func ticketHash(ticket string) []byte { return spentHash("upload ticket", ticket) }

// unmetered is the caller for a request that is a part of another one, which pays for all.
func unmetered(c *access.Caller) *access.Caller {
	free := *c
	free.Spent = true
	return &free
}

// errNoStaging is the answer for a ticket or an upload that is unknown, used or over.
func errNoStaging() error {
	return notFound("there is no such upload; it was finished, or it was begun more than %s ago: begin it again", stagingLifetime)
}

// Ticket finds the upload that a ticket is for. It asks for no right: who holds the ticket may not be the caller.
func (s *Packages) Ticket(ctx context.Context, ticket string) (Staging, error) {
	g, err := s.stagings.StagingByTicket(ctx, nil, ticketHash(ticket))
	if errors.Is(err, ErrNoRecord) || err == nil && (!s.now().Before(g.ExpiresAt) || !g.ReceivedAt.IsZero()) {
		return Staging{}, errNoStaging()
	}
	return g, err
}

// StagedUpload asks once more for the right to upload a staged file, of the one who announced it.
func (s *Packages) StagedUpload(ctx context.Context, caller *access.Caller, g Staging) (*Upload, error) {
	c, err := s.MayUpload(ctx, caller, g.Path, FamilyConda, g.Name)
	if err != nil {
		return nil, err
	}
	if c.ID != g.ChannelID {
		return nil, errNoStaging()
	}
	return &Upload{packages: s, caller: caller, channel: c, staging: g.ID}, nil
}

// Keep takes the bytes of a staged upload in, and stores them until it is finished. It must be what was announced.
func (u *Upload) Keep(ctx context.Context, g Staging, body io.Reader, in UploadInput) (rerr error) {
	in.Filename, in.Subdir, in.SHA256 = g.Filename, g.Subdir, g.SHA256.String()
	if err := u.Expect(ctx, in, in.Size); err != nil {
		return err
	}
	got, err := u.Receive(ctx, body, in.Size)
	if err != nil {
		return err
	}
	defer func() { rerr = errors.Join(rerr, got.Discard()) }()
	if err := got.sums.check(in); err != nil {
		return err
	}
	if in.Size < 0 {
		if err := u.Expect(ctx, in, got.sums.size); err != nil {
			return err
		}
	}
	s := u.packages
	g.MD5, g.Size, g.ReceivedAt = got.sums.md5, got.sums.size, s.now()
	s.gate.RLock()
	defer s.gate.RUnlock()
	if err := got.staged.Commit(ctx, g.SHA256); err != nil {
		return blobError(err)
	}
	u.leave() // From here on the transaction counts.
	err = s.write(ctx, unmetered(u.caller), func(w *work) error {
		before, err := s.fits(ctx, w.tx, g, -1)
		if err != nil {
			return err
		}
		if err := s.stagings.ReceiveStaging(ctx, w.tx, g); err != nil {
			return err
		}
		if _, err := s.fits(ctx, w.tx, g, before); err != nil {
			return err
		}
		if err := s.notDoomed(ctx, w, g.SHA256); err != nil {
			return err
		}
		return w.record(ctx, EventArtifactReceived, g.ChannelID, g.target(), map[string]any{"sha256": g.SHA256.String(), "size": g.Size})
	})
	if errors.Is(err, ErrNoRecord) {
		return errNoStaging()
	}
	return err
}

// Finish puts a staged file into its channel, under the labels it was announced with. It is for the account that
// announced the file; which of its credentials, does not matter, since each is asked for the right.
func (s *Packages) Finish(ctx context.Context, caller *access.Caller, path, name, publicID string) (UploadResult, error) {
	c, err := s.MayUpload(ctx, caller, path, FamilyConda, name)
	if err != nil {
		return UploadResult{}, err
	}
	// The blob stays as long as the gate is open, whatever ends meanwhile.
	s.gate.RLock()
	defer s.gate.RUnlock()
	g, err := s.stagings.StagingByPublicID(ctx, nil, publicID)
	switch {
	case errors.Is(err, ErrNoRecord),
		err == nil && (g.Asker.PrincipalID != caller.Principal.ID || g.ChannelID != c.ID || g.Name != name || !s.now().Before(g.ExpiresAt)):
		return UploadResult{}, errNoStaging()
	case err != nil:
		return UploadResult{}, err
	case g.ReceivedAt.IsZero():
		return UploadResult{}, conflict("the file was announced, and has not come in yet; send it first")
	}
	u := &Upload{packages: s, caller: caller, channel: c, staging: g.ID}
	f, err := s.staged(ctx, g)
	if err != nil {
		return UploadResult{}, err
	}
	f.ChannelID, f.Uploader, f.Labels = c.ID, caller.Principal.Name, g.Labels
	out, err := s.publish(ctx, u, f, false, func() {})
	if errors.Is(err, ErrNoRecord) {
		return UploadResult{}, errNoStaging()
	}
	return out, err
}

// staged reads the package of a staged upload.
func (s *Packages) staged(ctx context.Context, g Staging) (_ File, rerr error) {
	r, err := s.blobs.Open(ctx, g.SHA256)
	if err != nil {
		return File{}, blobError(err)
	}
	defer func() { rerr = errors.Join(rerr, r.Close()) }()
	f, err := s.inspect(ctx, r, UploadInput{Filename: g.Filename, Subdir: g.Subdir}, sums{size: g.Size, sha256: g.SHA256, md5: g.MD5})
	if err == nil && (f.Name != g.Name || f.Version != g.Version) {
		err = &Error{Code: CodeBadPackage, Reason: "name_mismatch", Field: "name", Message: "the package calls itself " + f.Name + " " + f.Version + ", but it was announced as " + g.Name + " " + g.Version}
	}
	return f, err
}

// unstage forgets a staged upload that is being finished; 0 is none.
func (s *Packages) unstage(ctx context.Context, tx Tx, staging int64) error {
	if staging == 0 {
		return nil
	}
	return s.stagings.DeleteStaging(ctx, tx, staging)
}
