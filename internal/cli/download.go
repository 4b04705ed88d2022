package cli

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"kingsnake/api"
	"kingsnake/client"
)

func (a *app) downloadCommand() *cobra.Command {
	var dir, platform string
	cmd := &cobra.Command{
		Use:   "download CHANNEL SPEC",
		Short: "Download packages",
		Long: "Download the files that SPEC names: name (the newest version), name=version, name=version=build, or\n" +
			"subdir/filename. A file that is there already with the right content is not fetched again, one that was cut\n" +
			"off is continued, and every file is verified.",
		Example: "  kingsnake download team numpy=2.0 --platform linux-64 -o pkgs",
		GroupID: groupPackages,
		Args:    args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			s, err := parseSpec(given[1])
			if err != nil {
				return err
			}
			c, err := a.connect()
			if err != nil {
				return err
			}
			files, err := s.files(cmd.Context(), c.Client, given[0], platform, false)
			if err != nil {
				return fail(err, "could not find %s in %s", s, given[0])
			}
			paths, err := a.fetch(cmd.Context(), c.Client, given[0], dir, files)
			return errors.Join(a.emit(files[:len(paths)], func(t *table) {
				for _, p := range paths {
					t.row(p)
				}
			}), err)
		},
	}
	cmd.Flags().StringVarP(&dir, "output", "o", ".", "directory to write to")
	cmd.Flags().StringVar(&platform, "platform", "", "only files of this subdir, such as linux-64 or noarch")
	return cmd
}

// fetch writes the files below dir, each in its subdir when they come from several, and answers where they are. It ends
// at the first failure.
func (a *app) fetch(ctx context.Context, c *client.Client, channel, dir string, files []api.ArtifactFile) ([]string, error) {
	var total int64
	subdirs := map[string]bool{}
	for _, f := range files {
		total += f.Size
		subdirs[f.Subdir] = true
	}
	bar := a.progress(total, "downloading")
	defer bar.finish()
	var paths []string
	for _, f := range files {
		subdir, filename, err := client.SplitCKey(f.CKey)
		if err != nil || !filepath.IsLocal(filename) || !filepath.IsLocal(subdir) {
			return paths, fail(errors.New("the server names a file that cannot be written"), "could not download %s", f.CKey)
		}
		target := filepath.Join(dir, filename)
		if len(subdirs) > 1 {
			target = filepath.Join(dir, subdir, filename)
		}
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return paths, fail(err, "could not download %s", f.CKey)
		}
		if !hasHash(target, f.SHA256) {
			_, err = c.DownloadFile(ctx, client.Download{
				Channel: channel, CKey: f.CKey, Label: labelOf(f), Path: target, SHA256: f.SHA256,
				Progress: func(done, _ int64) { bar.at(done) },
			})
		}
		if err != nil {
			return paths, fail(err, "could not download %s", f.CKey)
		}
		bar.fileDone(f.Size)
		paths = append(paths, target)
	}
	return paths, nil
}

// labelOf is the label under which a file can be fetched, empty for main.
func labelOf(f api.ArtifactFile) string {
	if len(f.Labels) == 0 || slices.Contains(f.Labels, "main") {
		return ""
	}
	return f.Labels[0]
}

// hasHash reports whether a file is there with this content.
func hasHash(path, want string) bool {
	f, err := os.Open(path)
	if err != nil || want == "" {
		return false
	}
	defer f.Close() //nolint:errcheck // The file is only read.
	hash := sha256.New()
	_, err = io.Copy(hash, f)
	return err == nil && hex.EncodeToString(hash.Sum(nil)) == want
}
