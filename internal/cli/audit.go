package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"kingsnake/api"
	"kingsnake/client"
)

func (a *app) auditCommand() *cobra.Command {
	return group(groupAccess, "audit", "Read, export and verify the audit",
		a.auditListCommand(), a.auditExportCommand(), a.auditVerifyCommand(), a.auditHeadsCommand())
}

// auditFlags are the filters of the audit.
type auditFlags struct {
	client.AuditFilter
	from, to string
}

func (f *auditFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.from, "from", "", "only from this time on: YYYY-MM-DD or RFC 3339")
	flags.StringVar(&f.to, "to", "", "only before this time")
	flags.StringSliceVar(&f.EventTypes, "event", nil, "only these events, such as channel_deleted; may be repeated")
	flags.StringVar(&f.Outcome, "outcome", "", "done or denied")
	flags.StringVar(&f.User, "user", "", "only what this user did")
	flags.StringVar(&f.Token, "token", "", "only what was done with the token of this id")
	flags.StringVar(&f.Channel, "channel", "", "only what is about this channel, which may be a deleted one")
	flags.StringVar(&f.Address, "address", "", "only what came from this address")
	flags.StringVar(&f.Query, "search", "", "only rows with this text in a name, target, reason, client, request id or the data")
}

// filter reads the times.
func (f *auditFlags) filter() (client.AuditFilter, error) {
	out := f.AuditFilter
	for _, x := range []struct {
		flag, text string
		to         *time.Time
	}{{"--from", f.from, &out.From}, {"--to", f.to, &out.To}} {
		if x.text == "" {
			continue
		}
		t, err := time.Parse(time.DateOnly, x.text)
		if err != nil {
			t, err = time.Parse(time.RFC3339, x.text)
		}
		if err != nil {
			return out, usagef("%s %q is neither YYYY-MM-DD nor a time of RFC 3339", x.flag, x.text)
		}
		*x.to = t
	}
	return out, nil
}

func (a *app) auditListCommand() *cobra.Command {
	var flags auditFlags
	var limit int
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "Print what happened and what was refused, newest first",
		Example: "  kingsnake audit list --channel team --event artifact_removed --from 2026-11-01",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			filter, err := flags.filter()
			if err != nil {
				return err
			}
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			out := api.AuditPage{Items: []api.AuditEvent{}}
			for cursor := (client.AuditCursor{}); ; {
				cursor.Limit = min(limit-len(out.Items), 1000)
				page, err := c.Audit(cmd.Context(), filter, cursor)
				if err != nil {
					return fail(err, "could not read the audit")
				}
				out.Items, out.Next, cursor.Next = append(out.Items, page.Items...), page.Next, page.Next
				if page.Next == "" || len(out.Items) >= limit {
					break
				}
			}
			return a.emit(out, func(t *table) { a.auditTable(t, out.Items) })
		},
	}
	flags.add(cmd.Flags())
	cmd.Flags().IntVar(&limit, "limit", 50, "print at most this many")
	return cmd
}

func (a *app) auditTable(t *table, events []api.AuditEvent) {
	t.row("ROW", "TIME", "EVENT", "OUTCOME", "WHO", "TARGET", "REASON", "ADDRESS", "TOKEN")
	for _, e := range events {
		t.row(fmt.Sprint(e.ID), a.when(e.At), e.Event, e.Outcome, e.Principal, e.Target, e.Reason, e.Address, e.TokenID)
	}
}

func (a *app) auditExportCommand() *cobra.Command {
	var flags auditFlags
	var format string
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write all rows that match to standard output, oldest first",
		Long: "Write all rows that match to standard output, oldest first, as JSON lines or CSV. The export is an event of the\n" +
			"audit itself. It is whole if the exit code is 0.",
		Example: "  kingsnake audit export --from 2026-01-01 > audit.jsonl",
		Args:    args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if format != "jsonl" && format != "csv" {
				return usagef("--format %q: write jsonl or csv", format)
			}
			filter, err := flags.filter()
			if err != nil {
				return err
			}
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			err = c.ExportAudit(cmd.Context(), filter, format, func(r io.Reader) error {
				_, err := io.Copy(a.Stdout, r)
				return err
			})
			return fail(err, "the audit was not exported, or not all of it")
		},
	}
	flags.add(cmd.Flags())
	cmd.Flags().StringVar(&format, "format", "jsonl", "jsonl or csv")
	return cmd
}

func (a *app) auditHeadsCommand() *cobra.Command {
	var sign bool
	cmd := &cobra.Command{
		Use:   "heads",
		Short: "Print the signed heads of the audit; keep them elsewhere to notice later if its end is cut off",
		Example: "  kingsnake audit heads --sign --json > heads.json\n" +
			"  kingsnake audit verify --heads heads.json",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			if sign {
				if _, err := c.SignAudit(cmd.Context()); err != nil {
					return fail(err, "could not sign the audit")
				}
			}
			heads, err := allHeads(cmd.Context(), c.Client)
			if err != nil {
				return fail(err, "could not read the heads of the audit")
			}
			return a.emit(heads, func(t *table) {
				t.row("NUMBER", "DAY", "UP TO ROW", "ROWS", "SIGNED", "HASH")
				for _, h := range heads.Items {
					t.row(fmt.Sprint(h.Number), h.Day, fmt.Sprint(h.Seq), fmt.Sprint(h.Rows), a.when(h.SignedAt), h.Hash)
				}
				t.blank()
				t.row("Public key", heads.PublicKey)
			})
		},
	}
	cmd.Flags().BoolVar(&sign, "sign", false, "sign one now")
	return cmd
}

// allHeads reads all pages.
func allHeads(ctx context.Context, c *client.Client) (api.AuditHeads, error) {
	all := api.AuditHeads{Items: []api.AuditHead{}}
	for {
		page, err := c.AuditHeads(ctx, all.Next)
		if err != nil {
			return all, err
		}
		all.PublicKey, all.Next, all.Items = page.PublicKey, page.Next, append(all.Items, page.Items...)
		if page.Next == 0 {
			return all, nil
		}
	}
}
