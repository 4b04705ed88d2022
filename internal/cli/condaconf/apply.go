package condaconf

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"kingsnake/internal/cli/wholefile"
)

// Apply carries out the changes in order, and answers the backups that it made: of every file that holds no secret and
// existed before. Each file is replaced whole; one that holds a secret can be read by its owner only.
func Apply(changes []Change, now time.Time) (backups []string, err error) {
	for _, c := range changes {
		if c.Unchanged() {
			continue
		}
		backup, err := c.apply(now)
		if err != nil {
			return backups, err
		}
		if backup != "" {
			backups = append(backups, backup)
		}
	}
	return backups, nil
}

func (c Change) apply(now time.Time) (backup string, err error) {
	if c.After == nil {
		if err := os.Remove(c.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("delete a file: %w", err)
		}
		return "", nil
	}
	// People keep their configuration in a repository and link to it; the link stays.
	path := c.Path
	if resolved, err := filepath.EvalSymlinks(path); err == nil {
		path = resolved
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	mode := fs.FileMode(0o600)
	if info, err := os.Stat(path); err == nil && !c.Secret {
		mode = info.Mode().Perm()
	}
	if c.Before != nil && !c.Secret {
		backup = c.Path + ".kingsnake-" + now.UTC().Format("20060102T150405Z") + ".bak"
		if err := wholefile.Replace(backup, c.Before, mode); err != nil {
			return "", fmt.Errorf("keep a backup: %w", err)
		}
	}
	return backup, wholefile.Replace(path, c.After, mode)
}
