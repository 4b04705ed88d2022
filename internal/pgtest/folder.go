package pgtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// prefix is how the names of folders begin, and note the file that tells of a folder that somebody uses it.
const (
	prefix = "kspg"
	note   = "lock"
	// longest is how long the path of a folder may be: that of a socket in it may have about a hundred letters.
	longest = 80
)

// newFolder makes the server's folder where its account can reach it, and removes those that nobody uses any more. The file
// is held for as long as the folder is in use.
func newFolder(as account) (folder string, held *os.File, err error) {
	var errs []error
	for _, base := range []string{os.TempDir(), "/tmp", "/var/tmp"} {
		if err := as.reaches(base); err != nil {
			errs = append(errs, err)
			continue
		}
		if folder, err = os.MkdirTemp(base, prefix); err != nil {
			errs = append(errs, err)
			continue
		}
		if len(folder) > longest {
			errs = append(errs, fmt.Errorf("%s: too long for a socket", folder), os.Remove(folder))
			continue
		}
		sweep(base)
		held, err = hold(folder)
		if err = errors.Join(err, as.give(folder)); err != nil {
			return "", nil, errors.Join(err, os.RemoveAll(folder))
		}
		return folder, held, nil
	}
	return "", nil, errors.Join(errs...)
}

// sweep removes the folders of servers that were killed. What cannot be removed is somebody else's to remove.
func sweep(base string) {
	old, err := filepath.Glob(filepath.Join(base, prefix+"*"))
	if err != nil {
		return
	}
	for _, folder := range old {
		if abandoned(filepath.Join(folder, note)) {
			_ = os.RemoveAll(folder)
		}
	}
}

// forgetPG takes PostgreSQL's variables from this process and those that it starts: they fill in what a URL leaves out.
func forgetPG() error {
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "PG") {
			if err := os.Unsetenv(name); err != nil {
				return err
			}
		}
	}
	return nil
}
