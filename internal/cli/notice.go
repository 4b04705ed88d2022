package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/client"
)

func (a *app) noticeCommand() *cobra.Command {
	return group(groupAccess, "notice", "Tell people of tokens that end (administrators)", a.noticeSendCommand(), a.noticeTestCommand())
}

func (a *app) noticeSendCommand() *cobra.Command {
	var dryRun bool
	var flags listFlags
	cmd := &cobra.Command{
		Use:   "send",
		Short: "Send now what the server sends once a day, or show it",
		Long: "Send now the digests that the server sends by itself once a day. Nobody is told twice on one day. With --dry-run\n" +
			"nothing is sent: it shows who would be told of which tokens.",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			if dryRun {
				return a.previewNotices(cmd.Context(), c.Client, flags)
			}
			job, err := c.SendNotices(cmd.Context())
			if err == nil {
				job, err = c.WaitJob(cmd.Context(), job.ID, nil)
			}
			if err != nil {
				return fail(err, "could not send the notices")
			}
			return a.emit(job, func(t *table) {
				t.row("State", string(job.State))
				t.row("Sent", count(job.Done))
				t.row("Had one today", count(job.Skipped))
				t.row("Failed", count(job.Failed))
				for _, e := range job.Errors {
					t.row("Error", e.Item+": "+e.Message)
				}
			})
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "send nothing; show what would be sent")
	flags.add(cmd.Flags())
	return cmd
}

func (a *app) previewNotices(ctx context.Context, c *client.Client, flags listFlags) error {
	planned, err := gather(ctx, flags, "", func(ctx context.Context, o client.ListOptions) (api.List[api.Digest], error) {
		return c.PlannedNotices(ctx, o)
	})
	if err != nil {
		return fail(err, "could not ask what would be sent")
	}
	defer more(a, planned)
	return a.emit(planned, func(t *table) {
		t.row("TO", "BY", "TOKEN", "OWNER", "ENDS", "ID")
		for _, d := range planned.Items {
			for _, token := range d.Tokens {
				t.row(d.Username, d.Way, token.Name, token.Owner, a.when(token.ExpiresAt), token.ID)
			}
		}
	})
}

func (a *app) noticeTestCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "test",
		Short: "Send yourself a test by each way that the server is configured for",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			tests, err := c.TestNotices(cmd.Context())
			if err != nil {
				return fail(err, "could not send a test")
			}
			if len(tests) == 0 {
				return &failure{
					what: "could not send a test", err: errors.New("the server has no way to tell anybody"),
					next: "name a mail server (smtp_address) or a webhook (webhook_url) in its configuration",
				}
			}
			failed := 0
			for _, t := range tests {
				if t.Error != "" {
					failed++
				}
			}
			err = a.emit(tests, func(t *table) {
				t.row("BY", "RESULT")
				for _, test := range tests {
					result := "sent"
					if test.Error != "" {
						result = test.Error
					}
					t.row(test.Way, result)
				}
			})
			if err == nil && failed > 0 {
				return &partlyError{failed: failed, total: len(tests)}
			}
			return err
		},
	}
}

func (a *app) accountEmailCommand() *cobra.Command {
	var clear bool
	cmd := &cobra.Command{
		Use:     "email [ADDRESS]",
		Short:   "Show, set or forget the e-mail address to which notices go",
		Example: "  kingsnake account email ada@example.org\n  kingsnake account email --clear",
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if clear && len(given) > 0 {
				return usagef("give an address or clear it, not both")
			}
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			account, err := c.Account(cmd.Context())
			switch {
			case clear:
				account, err = c.SetEmail(cmd.Context(), "")
			case len(given) > 0:
				account, err = c.SetEmail(cmd.Context(), given[0])
			}
			if err != nil {
				return fail(err, "could not do this with the e-mail address")
			}
			return a.emit(account, func(t *table) { t.row("E-mail", account.Email) })
		},
	}
	cmd.Flags().BoolVar(&clear, "clear", false, "have no address any more")
	return cmd
}
