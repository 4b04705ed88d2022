package cli

import (
	"context"
	"errors"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/client"
)

func (a *app) uploadCommand() *cobra.Command {
	var force bool
	var labels []string
	cmd := &cobra.Command{
		Use:   "upload CHANNEL FILE...",
		Short: "Upload packages",
		Long: "Upload .conda and .tar.bz2 packages. A file that the channel has already is no error; another file of the same\n" +
			"name is one, unless --force replaces it. After a failure the next file is tried.",
		Example: "  kingsnake upload team dist/*.conda\n  kingsnake upload team --label dev numpy-2.0-0.conda",
		GroupID: groupPackages,
		Args:    args(cobra.MinimumNArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			c, err := a.connectAs()
			if err != nil {
				return err
			}
			up := &uploader{app: a, client: c.Client, channel: given[0], force: force, labels: labels}
			results, err := up.run(cmd.Context(), given[1:])
			if len(results) > 0 || err == nil {
				err = errors.Join(a.printUploads(results), err)
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "replace a file of the same name")
	cmd.Flags().StringArrayVar(&labels, "label", nil, "label of the files instead of main; may be repeated")
	return cmd
}

// uploader sends files one after the other: a channel's index is written once for many.
type uploader struct {
	*app
	client  *client.Client
	channel string
	force   bool
	labels  []string
}

// run sends the files, prints each failure, and answers what succeeded. Its error is the failure itself if there is only
// one file, and a count otherwise.
func (u *uploader) run(ctx context.Context, files []string) ([]api.UploadResult, error) {
	sizes, total := sizesOf(files)
	bar := u.progress(total, "uploading")
	defer bar.finish()
	var results []api.UploadResult
	failed := 0
	for i, file := range files {
		result, err := u.client.UploadFile(ctx, u.channel, file, client.UploadOptions{Force: u.force, Labels: u.labels, Progress: bar.at})
		bar.fileDone(sizes[i])
		if err == nil {
			results = append(results, result)
			continue
		}
		err = fail(err, "could not upload %s to %s", file, u.channel)
		if len(files) == 1 {
			return nil, err
		}
		failed++
		bar.pause()
		u.printFailure(err)
		if hopeless(ctx, err) {
			failed += len(files) - i - 1
			break
		}
	}
	if failed > 0 {
		return results, &partlyError{failed: failed, total: len(files)}
	}
	return results, nil
}

// hopeless reports whether the next file would fail in the same way.
func hopeless(ctx context.Context, err error) bool {
	return ctx.Err() != nil || client.StatusOf(err) == http.StatusUnauthorized
}

// printFailure prints an error that does not end the command.
func (a *app) printFailure(err error) {
	what, why, next := explain(err)
	writeProblem(a.Stderr, a.red("error:"), what, why, next)
}

// sizesOf answers 0 for a file that cannot be read; the upload will say why.
func sizesOf(files []string) (sizes []int64, total int64) {
	for _, file := range files {
		var size int64
		if info, err := os.Stat(file); err == nil {
			size = info.Size()
		}
		sizes = append(sizes, size)
		total += size
	}
	return sizes, total
}

func (a *app) printUploads(results []api.UploadResult) error {
	if results == nil {
		results = []api.UploadResult{}
	}
	return a.emit(results, func(t *table) {
		for _, r := range results {
			t.row(r.CKey, uploadWord(r), bytesText(r.Size))
		}
	})
}

func uploadWord(r api.UploadResult) string {
	switch {
	case r.Filtered != "":
		return "stored, but hidden by the channel's filters (" + r.Filtered + ")"
	case r.Replaced:
		return "replaced"
	case r.Created:
		return "uploaded"
	}
	return "was there already"
}
