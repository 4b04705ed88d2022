package repodata_test

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"strings"

	"kingsnake/conda/repodata"
)

// A package's record is made once, and goes into repodata.json and a shard.
func Example() {
	file := []byte("the bytes of demo-1.0-0.conda")
	record, err := repodata.BuildRecord(
		[]byte(`{"name":"demo","version":"1.0","build":"0","build_number":0,"subdir":"noarch","depends":[],"arch":null}`),
		repodata.Hashes{MD5: md5.Sum(file), SHA256: sha256.Sum256(file), Size: int64(len(file)), IndexedTimestamp: 1750000000000},
	)
	if err != nil {
		fmt.Println(err)
		return
	}

	w := repodata.NewWriter(os.Stdout, "noarch")
	if err := errors.Join(w.CondaPackages("demo-1.0-0.conda", record), w.Close()); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println()

	data, sum, err := repodata.EncodeShard([]repodata.Entry{{Filename: "demo-1.0-0.conda", RecordJSON: record}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("shard at its own hash:", sum == sha256.Sum256(data))
	// Output:
	// {"info":{"subdir":"noarch"},"packages":{},"packages.conda":{"demo-1.0-0.conda":{"build":"0","build_number":0,"depends":[],"indexed_timestamp":1750000000000,"md5":"92e6ba79e3f5a78930996e320340dd49","name":"demo","sha256":"67eed98cbd49b44ce5372df462f442348bce3e40a3277e5812c40cf48d5636c9","size":29,"subdir":"noarch","version":"1.0"}},"removed":[],"repodata_version":1}
	// shard at its own hash: true
}

func ExampleDecoder() {
	file := strings.NewReader(`{"packages":{"old-1.0-0.tar.bz2":{"name":"old"}},"packages.conda":{"new-1.0-0.conda":{"name":"new"}},
		"info":{"subdir":"noarch"}}`)
	d := repodata.NewDecoder(file, repodata.Limits{})
	for entry, err := range d.Entries() {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s %s\n", entry.Filename, entry.RecordJSON)
	}
	fmt.Println(d.Info().Subdir)
	// Output:
	// old-1.0-0.tar.bz2 {"name":"old"}
	// new-1.0-0.conda {"name":"new"}
	// noarch
}

func ExampleInstructions_Apply() {
	ins, err := repodata.ParseInstructions([]byte(`{"packages":{"demo-1.0-0.tar.bz2":{"depends":["python <3.13"]}}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	record := []byte(`{"build":"0","build_number":0,"depends":["python"],"name":"demo","subdir":"noarch","version":"1.0"}`)
	patched, err := ins.Apply("demo-1.0-0.conda", record)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(patched), bytes.Equal(patched, record))
	// Output:
	// {"build":"0","build_number":0,"depends":["python <3.13"],"name":"demo","subdir":"noarch","version":"1.0"} false
}
