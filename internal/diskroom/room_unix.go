//go:build unix

package diskroom

import "syscall"

// Of tells the room on the disk of a folder.
func Of(dir string) (Room, error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return Room{}, err
	}
	block := uint64(s.Bsize) //nolint:gosec // A block has a size.
	return Room{Free: uint64(s.Bavail) * block, All: uint64(s.Blocks) * block}, nil
}
