//go:build !unix

package diskroom

import "errors"

// Of does not know the room on this system.
func Of(string) (Room, error) { return Room{}, errors.New("this system is not asked") }
