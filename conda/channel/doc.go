// Package channel knows the names of the conda ecosystem and the URL paths made of them.
//
// Names of packages, versions, builds, files, subdirs, labels and channels follow CEP 26
// (https://github.com/conda/ceps/blob/main/cep-0026.md) and, for channels, a narrower rule of the server. The
// Validate functions return a [*NameError] that says which rule a name breaks and what is allowed.
//
// A request path is read in two steps. [CutToken] takes a token out of it, which must happen before anything else sees
// the path; [ParsePath] then tells which file of which channel is asked for:
//
//	/t/<TOKEN>/<channel>/<subdir>/<file>
//	/<mount>/t/<TOKEN>/<channel>/label/<label>/<subdir>/<file>
//
// Both are pure functions of the text: whether the token is good, the channel exists or the file is there is for
// others to find out. Matching names against channel aliases, multichannels or match specs is out of scope too.
package channel
