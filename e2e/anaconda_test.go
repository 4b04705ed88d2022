package e2e

import (
	"testing"

	"kingsnake/api"
	"kingsnake/conda/random"
)

// TestAnacondaUpload uploads by the protocol of anaconda.org as rattler-build does: in several requests, of which nothing
// shows before the last, and replacing a file by removing it first.
func TestAnacondaUpload(t *testing.T) {
	const ch = "uploads-anaconda"
	channel(t, ch)
	one := made(60, random.Options{Name: "unix", Version: "1.0", Build: "h0_0", RunExports: map[string][]string{"weak": {"unix >=1"}}})
	other := made(61, random.Options{Name: "unix", Version: "1.0", Build: "h0_0"})
	old := made(62, random.Options{Name: "any", NoArch: "generic", TarBz2: true})
	if one.Filename != other.Filename || one.SHA256 == other.SHA256 {
		t.Fatalf("%s and %s are no test", one.Filename, other.Filename)
	}
	read, write, manage := resourceToken(t, ch, api.LevelRead), resourceToken(t, ch, api.LevelWrite), resourceToken(t, ch, api.LevelManage)
	up := uploader{client: "anaconda", channel: ch, token: read}
	up.send(t, one, old).refused(t, "failed to create or update package")
	up.token = deadToken(t)
	up.send(t, one, old).refused(t, "HTTP 401")
	checkGone(t, read, ch, one)
	checkGone(t, read, ch, old)

	up.token = write
	if o := up.send(t, one, old); !o.ok {
		t.Fatalf("upload failed:\n%s", o.stderr)
	}
	checkListed(t, read, ch, one)
	checkListed(t, read, ch, old)
	up.send(t, other).refused(t, "already exists")
	up.force = true
	up.send(t, other).refused(t) // Removing asks for artifact:delete.
	checkListed(t, read, ch, one)
	up.token = manage
	if o := up.send(t, other); !o.ok {
		t.Fatalf("replacing with force: %s", o.stderr)
	}
	checkListed(t, read, ch, other)
}
