package cli

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"time"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/internal/config"
	"kingsnake/internal/identity"
	"kingsnake/internal/registry"
	"kingsnake/internal/server"
)

// auditVerification is the report as --json prints it.
type auditVerification struct {
	Sound bool  `json:"sound"`
	Rows  int64 `json:"rows"`
	Heads int64 `json:"heads"`
	// LastRow and Hash are where the audit ends; SignedUpTo is the last row that a good head covers.
	LastRow    int64        `json:"last_row"`
	Hash       string       `json:"hash"`
	SignedUpTo int64        `json:"signed_up_to"`
	FaultCount int64        `json:"fault_count"`
	Faults     []auditFault `json:"faults"`
}

type auditFault struct {
	Row     int64     `json:"row"`
	Kind    string    `json:"kind"`
	At      time.Time `json:"at"`
	Event   string    `json:"event"`
	Message string    `json:"message"`
}

// changedAuditError says that the audit is not what was written. It counts as some of several things having failed.
type changedAuditError struct{ report registry.AuditReport }

func (e *changedAuditError) Error() string {
	return fmt.Sprintf("the audit is not what was written: %s, the first at row %d", plural(e.report.FaultCount, "fault"), e.report.Faults[0].Seq)
}

func (e *changedAuditError) Unwrap() error { return &partlyError{failed: int(e.report.FaultCount)} }

func (a *app) auditVerifyCommand() *cobra.Command {
	var file, kept, key string
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Compute the chain of the audit anew and name the first row that is not what was written",
		Long: "Compute the hashes of all rows of the audit anew and compare them, and the signed heads, with what is there. With\n" +
			"--data or --config it reads a site's own folder, also beside a running server; else it exports the audit from the\n" +
			"server where you are logged in, and trusts nothing that the server says of it but its public key, unless --key\n" +
			"names that. --heads compares with heads that were kept elsewhere instead of the site's own.\n\n" +
			"The exit code is 7 when something was changed, added or taken away.",
		Example: "  kingsnake audit verify --data ./data\n  kingsnake audit verify --heads kept.json --key 5f0c…",
		Args:    args(cobra.NoArgs),
	}
	flags := dataFlags(cmd.Flags(), &file)
	cmd.Flags().StringVar(&kept, "heads", "", "file that \"kingsnake audit heads --json\" wrote")
	cmd.Flags().StringVar(&key, "key", "", "public key of the heads, in hexadecimal")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		heads, err := keptHeads(kept)
		if err != nil {
			return fail(err, "the heads in %s cannot be used", kept)
		}
		var r registry.AuditReport
		if cmd.Flags().Changed("data") || cmd.Flags().Changed("config") {
			cfg, cerr := loadConfig(file, flags)
			if cerr != nil {
				return cerr
			}
			r, err = a.verifyLocalAudit(cmd.Context(), cfg, heads)
		} else {
			r, err = a.verifyExport(cmd.Context(), heads, key)
		}
		if err != nil {
			return fail(err, "the audit could not be verified")
		}
		if err := a.printVerification(r); err != nil || r.Sound() {
			return err
		}
		return &changedAuditError{r}
	}
	return cmd
}

func (a *app) verifyLocalAudit(ctx context.Context, cfg config.Config, heads []registry.Head) (r registry.AuditReport, rerr error) {
	if err := server.FindSite(cfg); err != nil {
		return r, err
	}
	site, err := a.openSite(ctx, cfg)
	if err != nil {
		return r, err
	}
	defer func() { rerr = errors.Join(rerr, site.Store.Close()) }()
	return site.Service.Audit.Verify(ctx, identity.Local(a.Now()), heads, a.auditProgress)
}

// verifyExport verifies what a server gives out.
func (a *app) verifyExport(ctx context.Context, heads []registry.Head, key string) (r registry.AuditReport, err error) {
	c, err := a.connectAs()
	if err != nil {
		return r, err
	}
	// The heads first: each of them is of a row that was written before.
	theirs, err := allHeads(ctx, c.Client)
	if err != nil {
		return r, err
	}
	if heads == nil {
		if heads, err = headsIn(theirs.Items); err != nil {
			return r, err
		}
	}
	if key == "" {
		key = theirs.PublicKey
	}
	public, err := hex.DecodeString(key)
	if err != nil || len(public) != ed25519.PublicKeySize {
		return r, fmt.Errorf("the public key is not %d hexadecimal digits", 2*ed25519.PublicKeySize)
	}
	err = c.ExportAudit(ctx, client.AuditFilter{}, "jsonl", func(body io.Reader) (err error) {
		r, err = registry.VerifyAudit(registry.AuditEvidence{Rows: exportedRows(body), Heads: registry.EachHead(heads), Key: public, Progress: a.auditProgress})
		return err
	})
	return r, err
}

// progressRows is how many rows are read between two words of progress.
const progressRows = 250_000

func (a *app) auditProgress(rows int64) {
	if rows%progressRows == 0 {
		a.note("%d rows were read", rows)
	}
}

func (a *app) printVerification(r registry.AuditReport) error {
	out := auditVerification{
		Sound: r.Sound(), Rows: r.Rows, Heads: r.Heads, LastRow: r.Seq, Hash: r.Hash.String(), SignedUpTo: r.SignedSeq, FaultCount: r.FaultCount,
		Faults: []auditFault{},
	}
	for _, f := range r.Faults {
		out.Faults = append(out.Faults, auditFault{Row: f.Seq, Kind: string(f.Kind), At: f.At, Event: string(f.Event), Message: f.Message})
	}
	return a.emit(out, func(t *table) {
		for _, f := range out.Faults {
			t.row("ROW "+fmt.Sprint(f.Row), f.Kind, f.At.UTC().Format(time.RFC3339), f.Event, f.Message)
		}
		if len(out.Faults) > 0 {
			t.blank()
		}
		t.row("Rows", fmt.Sprint(out.Rows))
		t.row("Signed heads", fmt.Sprintf("%d, covering the rows up to %d", out.Heads, out.SignedUpTo))
		t.row("Last row", fmt.Sprintf("%d, %s", out.LastRow, out.Hash))
		t.blank()
		if out.Sound {
			t.row("The audit is what was written.")
		} else {
			t.row("The audit is not what was written.")
		}
	})
}

// exportedRows reads JSON lines.
func exportedRows(r io.Reader) iter.Seq2[registry.Event, error] {
	return func(yield func(registry.Event, error) bool) {
		dec := json.NewDecoder(r)
		for {
			var row api.AuditEvent
			err := dec.Decode(&row)
			if errors.Is(err, io.EOF) {
				return
			}
			var e registry.Event
			if err == nil {
				e, err = eventIn(row)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

func eventIn(row api.AuditEvent) (registry.Event, error) {
	prev, err := registry.ParseLink(row.Prev)
	if err != nil {
		return registry.Event{}, fmt.Errorf("row %d: %w", row.ID, err)
	}
	hash, err := registry.ParseLink(row.Hash)
	if err != nil {
		return registry.Event{}, fmt.Errorf("row %d: %w", row.ID, err)
	}
	return registry.Event{
		ID: row.ID, At: row.At, Type: registry.EventType(row.Event), Outcome: registry.Outcome(row.Outcome), PrincipalID: row.PrincipalID,
		Principal: row.Principal, Via: row.Via, TokenID: row.TokenID, SubjectID: row.SubjectID, ChannelID: row.ChannelID, Target: row.Target,
		Scope: row.Scope, Reason: row.Reason, Address: row.Address, Client: row.Client, RequestID: row.RequestID, Data: string(row.Data),
		Format: row.Format, Prev: prev, Hash: hash,
	}, nil
}

// keptHeads reads the heads in a file, nil when no file is named.
func keptHeads(path string) ([]registry.Head, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var kept api.AuditHeads
	if err := json.Unmarshal(data, &kept); err != nil {
		return nil, err
	}
	if len(kept.Items) == 0 {
		return nil, errors.New("there are none in it")
	}
	return headsIn(kept.Items)
}

func headsIn(list []api.AuditHead) ([]registry.Head, error) {
	out := make([]registry.Head, len(list))
	for i, h := range list {
		hash, err := registry.ParseLink(h.Hash)
		if err != nil {
			return nil, fmt.Errorf("head %d: %w", h.Number, err)
		}
		prev, err := registry.ParseLink(h.Prev)
		if err != nil {
			return nil, fmt.Errorf("head %d: %w", h.Number, err)
		}
		signature, err := hex.DecodeString(h.Signature)
		if err != nil {
			return nil, fmt.Errorf("head %d: signature: %w", h.Number, err)
		}
		out[i] = registry.Head{
			Number: h.Number, Day: h.Day, Seq: h.Seq, Hash: hash, Rows: h.Rows, SignedAt: h.SignedAt, Prev: prev, Key: h.Key, Signature: signature,
		}
	}
	return out, nil
}
