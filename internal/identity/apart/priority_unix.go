//go:build linux || darwin

package apart

import (
	"os/exec"
	"syscall"
)

// possible tells that a process can be given a low priority here.
const possible = true

// niceness leaves a tenth of a processor where others want all of it: a sign-in then takes seconds and not half a minute.
const niceness = 10

// prepare gives the process a group of its own.
func prepare(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// giveWay lowers the priority of that group, since on Linux that of a process would be one thread's.
func giveWay() error { return syscall.Setpriority(syscall.PRIO_PGRP, 0, niceness) }
