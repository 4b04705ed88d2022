//go:build unix

package pgtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// reaches tells whether the account can pass through a folder and all above it, as it must to use one in it.
func (a account) reaches(folder string) error {
	if a.credential == nil {
		return nil
	}
	path, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return err
	}
	if path, err = filepath.Abs(path); err != nil {
		return err
	}
	for ; ; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o001 == 0 {
			return fmt.Errorf("%s: the account that runs PostgreSQL cannot pass through %s", folder, path)
		}
		if path == filepath.Dir(path) {
			return nil
		}
	}
}

// hold takes the lock of a folder, for as long as a process has the file open.
func hold(folder string) (*os.File, error) {
	path := filepath.Join(folder, note)
	// It gets its name when it is locked, so that nobody takes the folder for an abandoned one.
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err = errors.Join(err, os.Rename(path+".new", path)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// abandoned tells whether nobody holds a lock that somebody held.
func abandoned(lock string) bool {
	f, err := os.OpenFile(lock, os.O_RDWR, 0o600)
	if err != nil {
		return false
	}
	free := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
	return f.Close() == nil && free
}
