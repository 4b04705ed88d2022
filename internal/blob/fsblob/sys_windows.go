package fsblob

import (
	"errors"
	"io/fs"
	"os"
	"syscall"
)

// The codes as winerror.h numbers them.
const (
	errorWriteProtect   = syscall.Errno(19)
	errorHandleDiskFull = syscall.Errno(39)
	errorDiskFull       = syscall.Errno(112)
)

// syncDir closes an open directory. Windows cannot sync one: NTFS keeps its
// own journal of names.
func syncDir(dir *os.File, err error) error {
	if err != nil {
		return err
	}
	return dir.Close()
}

func isNoSpace(err error) bool {
	return errors.Is(err, errorDiskFull) || errors.Is(err, errorHandleDiskFull)
}

func isReadOnly(err error) bool { return errors.Is(err, errorWriteProtect) }

// again gives none: a file that is open could not be deleted.
func again(*os.File) (*os.File, error) { return nil, nil }

// linked is for systems on which files are kept open.
func linked(fs.FileInfo) bool { return false }
