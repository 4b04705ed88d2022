package cli

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/client"
)

func (a *app) jobCommand() *cobra.Command {
	return group(groupPackages, "job", "See and cancel work that the server does in the background",
		a.jobListCommand(), a.jobShowCommand(), a.jobWaitCommand(), a.jobCancelCommand())
}

func (a *app) jobListCommand() *cobra.Command {
	var flags listFlags
	var states []string
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List your jobs, or everybody's if you are an administrator",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			found, err := gather(cmd.Context(), flags, "", func(ctx context.Context, o client.ListOptions) (api.List[api.Job], error) {
				f := client.JobFilter{ListOptions: o}
				for _, s := range states {
					f.States = append(f.States, api.JobState(s))
				}
				return c.Jobs(ctx, f)
			})
			if err != nil {
				return fail(err, "could not list jobs")
			}
			defer more(a, found)
			return a.emit(found, func(t *table) {
				t.row("ID", "STATE", "DONE", "FAILED", "SKIPPED", "TOTAL", "BY", "CREATED", "WHAT")
				for _, j := range found.Items {
					t.row(j.ID, string(j.State), count(j.Done), count(j.Failed), count(j.Skipped), count(j.Total), j.CreatedBy, a.when(j.CreatedAt), j.Title)
				}
			})
		},
	}
	flags.add(cmd.Flags())
	cmd.Flags().StringSliceVar(&states, "state", nil, "only jobs in these states: queued, running, done, failed, canceled")
	return cmd
}

func count(n int64) string { return strconv.FormatInt(n, 10) }

func (a *app) jobShowCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "show ID",
		Short: "Show a job, how far it is, and what failed",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			j, err := c.Job(cmd.Context(), given[0])
			if err != nil {
				return fail(err, "could not show job %s", given[0])
			}
			return a.emit(j, func(t *table) { a.jobTable(t, j) })
		},
	}
}

func (a *app) jobTable(t *table, j api.Job) {
	t.row("Job", j.ID)
	t.row("What", j.Title)
	t.row("State", string(j.State))
	if j.Error != "" {
		t.row("Why", j.Error)
	}
	t.row("Progress", progressText(j))
	t.row("Asked for", fmt.Sprintf("%s, by %s", a.when(j.CreatedAt), j.CreatedBy))
	t.row("Started", a.whenOr(j.StartedAt, "not yet"))
	t.row("Finished", a.whenOr(j.FinishedAt, "not yet"))
	t.row("Attempts", count(j.Attempts))
	for i, e := range j.Errors {
		if i == 0 {
			t.blank()
			t.row("FAILED", "CODE", "WHY")
		}
		t.row(e.Item, e.Code, e.Message)
	}
}

// progressText says how far a job is.
func progressText(j api.Job) string {
	text := fmt.Sprintf("%d of %d done", j.Done, j.Total)
	if j.Skipped > 0 {
		text += fmt.Sprintf(", %d skipped", j.Skipped)
	}
	if j.Failed > 0 {
		text += fmt.Sprintf(", %d failed", j.Failed)
	}
	return text
}

func (a *app) jobWaitCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "wait ID",
		Short: "Wait for the end of a job",
		Long:  "Wait for the end of a job. The exit code is 0 if all went well, 7 if some items failed, and 1 if the job failed or was canceled.",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			j, err := c.Job(cmd.Context(), given[0])
			if err != nil {
				return fail(err, "could not find job %s", given[0])
			}
			return a.follow(cmd.Context(), c.Client, j)
		},
	}
}

// follow waits for the end of a job and says how it ended.
func (a *app) follow(ctx context.Context, c *client.Client, j api.Job) error {
	bar := a.countBar(j.Title)
	end, err := c.WaitJob(ctx, j.ID, bar.show)
	bar.finish()
	if err != nil {
		return &failure{what: "could not wait for job " + j.ID, err: err, next: "it goes on by itself; kingsnake job wait " + j.ID}
	}
	if a.json {
		if err := a.emit(end, nil); err != nil {
			return err
		}
	}
	return a.jobEnd(end)
}

// jobEnd prints what failed, and makes the error of a job that did not do all that it was for.
func (a *app) jobEnd(j api.Job) error {
	for _, e := range j.Errors {
		writeProblem(a.Stderr, a.red("error:"), "failed: "+e.Item, e.Message, "")
	}
	if rest := j.Failed - int64(len(j.Errors)); rest > 0 {
		a.note("%s more failed.", plural(rest, "item"))
	}
	switch {
	case j.State == api.JobCanceled:
		return fail(errCanceled, "%s (%s)", j.Title, progressText(j))
	case j.State == api.JobFailed:
		return fail(fmt.Errorf("the job failed: %s", j.Error), "%s (%s)", j.Title, progressText(j))
	case j.Failed > 0:
		return &partlyError{failed: int(j.Failed), total: int(j.Total)}
	}
	a.note("%s: %s.", j.Title, progressText(j))
	return nil
}

func (a *app) jobCancelCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "cancel ID",
		Short: "Cancel a job; what it has done stays done",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			j, err := c.CancelJob(cmd.Context(), given[0])
			if err != nil {
				return fail(err, "could not cancel job %s", given[0])
			}
			// A job that runs ends after the items at hand.
			for end := time.Now().Add(10 * time.Second); !j.State.Over() && time.Now().Before(end); {
				if j, err = c.Job(cmd.Context(), given[0]); err != nil {
					return fail(err, "could not see what became of job %s", given[0])
				}
			}
			if a.json {
				return a.emit(j, nil)
			}
			a.note("Job %s is %s: %s.", j.ID, j.State, progressText(j))
			return nil
		},
	}
}
