package pkgfile

import (
	"strings"

	"kingsnake/conda/channel"
)

// fileName is a package file name in its parts.
type fileName struct {
	name, version, build string
	format               channel.Format
}

func (f fileName) stem() string { return f.name + "-" + f.version + "-" + f.build }

// parseFileName splits and checks the name under which a package is read.
func parseFileName(filename string) (fileName, error) {
	if !strings.HasSuffix(filename, channel.FormatConda.Extension()) && !strings.HasSuffix(filename, channel.FormatTarBz2.Extension()) {
		return fileName{}, refuse(CodeUnknownFormat, filename, "only .conda and .tar.bz2 packages are accepted")
	}
	name, version, build, format, err := channel.SplitFilename(filename)
	if err != nil {
		return fileName{}, refuse(CodeBadFilename, filename, "%v", err)
	}
	return fileName{name: name, version: version, build: build, format: format}, nil
}

// checkNames holds the identity of a package against CEP 26.
func checkNames(ix *Index) error {
	for _, err := range []error{
		channel.ValidatePackageName(ix.Name), channel.ValidateVersion(ix.Version),
		channel.ValidateBuild(ix.Build), channel.ValidateSubdir(ix.Subdir),
	} {
		if err != nil {
			return refuse(CodeBadName, indexPath, "%v", err)
		}
	}
	return nil
}
