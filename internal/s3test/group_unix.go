//go:build unix

package s3test

import (
	"os/exec"
	"syscall"
)

// ownGroup gives a command a process group of its own: an interrupt ends the test first, and the server after it.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
