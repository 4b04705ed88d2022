package env

import (
	"os"
	"testing"
)

func TestEnvironment(t *testing.T) {
	if os.Getenv("PLANTED") != "yes" {
		t.Error("nothing is planted")
	}
}
