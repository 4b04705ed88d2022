//go:build unix

package doctor

import "syscall"

// room tells how many bytes are free on the disk of a folder, and how many it has.
func room(dir string) (free, all uint64, err error) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, 0, err
	}
	block := uint64(s.Bsize) //nolint:gosec // A block has a size.
	return uint64(s.Bavail) * block, uint64(s.Blocks) * block, nil
}
