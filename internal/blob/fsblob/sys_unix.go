//go:build unix

package fsblob

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// syncDir syncs and closes an open directory.
func syncDir(dir *os.File, err error) error {
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func isNoSpace(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

func isReadOnly(err error) bool { return errors.Is(err, syscall.EROFS) }

// keepsOpen says that a file which is open can be deleted.
const keepsOpen = true

// linked tells that a file still has a name.
func linked(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Nlink > 0
}
