package pkgfile_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"kingsnake/conda/pkgfile"
	"kingsnake/conda/random"
)

// A server keeps one Reader and tells the uploader why a file is refused.
func ExampleReader_Read() {
	data, info := random.Package(rand.New(rand.NewPCG(1, 2)), random.Options{Name: "tool", Version: "1.0", Build: "0"})
	rd := pkgfile.NewReader(pkgfile.Limits{Now: time.Now()})

	pkg, err := rd.Read(bytes.NewReader(data), int64(len(data)), info.Filename)
	fmt.Println(pkg.Index.Name, pkg.Index.Version, pkg.Index.Subdir, err)

	half := data[:len(data)/2]
	_, err = rd.Read(bytes.NewReader(half), int64(len(half)), info.Filename)
	if refused := new(pkgfile.Error); errors.As(err, &refused) {
		fmt.Println(refused.Code, "-", refused.Message)
	}
	// Output:
	// tool 1.0 linux-64 <nil>
	// truncated - the file ends before the ZIP directory; it was cut off, upload it again
}
