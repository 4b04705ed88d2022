//go:build !unix

package pgtest

import (
	"os"
	"os/exec"
)

// account is the one of the test.
type account struct{}

func identity() (account, error) { return account{}, errMissing }

func (account) give(string) error { return nil }

func (account) reaches(string) error { return nil }

func (account) run(cmd *exec.Cmd, folder string) { cmd.Dir = folder }

func hold(string) (*os.File, error) { return nil, errMissing }

func abandoned(string) bool { return false }
