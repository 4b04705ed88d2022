package hostile

import (
	"bytes"
	"strings"

	"kingsnake/conda/random"
)

// fileCases spoil a .conda as a whole.
func fileCases() []mutation {
	return []mutation{
		{"empty file", "truncated", wrap(replaced(""))},
		{"three bytes", "not_a_zip", wrap(replaced("PK\x03"))},
		{"only a signature", "truncated", wrap(replaced("PK\x03\x04"))},
		{"a text", "not_a_zip", wrap(replaced("<html><body>502 Bad Gateway</body></html>\n"))},
		{"bzip2 under the name of a conda", "wrong_format", wrap(func([]byte) []byte { return newParts(true).render() })},
		{"bare zstd", "wrong_format", wrap(random.Zstd)},
		{"cut in half", "truncated", wrap(cut(0))},
		{"last byte missing", "truncated", wrap(cut(1))},
		{"directory cut off", "truncated", wrap(cut(40))},
		{"trailing text", "trailing_data", wrap(appended("<script>"))},
		{"trailing zeros", "trailing_data", wrap(appended("\x00\x00\x00\x00"))},
		{"second archive behind the first", "hidden_data", wrap(func(b []byte) []byte { return append(b, newParts(false).render()...) })},
		{"shell script in front", "leading_data", wrap(func(b []byte) []byte { return append([]byte("#!/bin/sh\nexit 0\n"), b...) })},
		{"archive comment", "zip_comment", wrap(func(b []byte) []byte {
			le.PutUint16(b[len(b)-2:], 5)
			return append(b, "hello"...)
		})},
	}
}

// bz2FileCases spoil a .tar.bz2 as a whole.
func bz2FileCases() []mutation {
	return []mutation{
		{"empty file", "truncated", wrap(replaced(""))},
		{"a text", "not_bzip2", wrap(replaced("<html><body>502 Bad Gateway</body></html>\n"))},
		{"two bytes", "not_bzip2", wrap(replaced("BZ"))},
		{"only a signature", "truncated", wrap(replaced("BZh9"))},
		{"ZIP under the name of a tar.bz2", "wrong_format", wrap(func([]byte) []byte { return newParts(false).render() })},
		{"uncompressed tar", "not_bzip2", wrap(func([]byte) []byte { return tarOf(newParts(true).info) })},
		{"cut in half", "truncated", wrap(cut(0))},
		{"last byte missing", "truncated", wrap(cut(1))},
		{"trailing text", "trailing_data", wrap(appended("<script>"))},
		{"damaged block", "corrupt", wrap(flip(200))},
		{"damaged checksum", "corrupt", wrap(flip(-2))},
		{"bad level", "corrupt", wrap(func(b []byte) []byte { b[3] = '0'; return b })},
		{"second archive behind the first", "trailing_data", wrap(func(b []byte) []byte { return append(b, newParts(true).render()...) })},
		{"bomb of many streams", "bomb", wrap(func([]byte) []byte {
			first := random.Bzip2(member{name: "share/zeros", claim: 1 << 30}.render())
			return append(first, bytes.Repeat(random.Bzip2(make([]byte, 1<<20)), 100)...)
		})},
		{"extension of neither format", "unknown_format", func(p *parts) { p.filename = p.stem + ".tar.gz" }},
		{"no build in the file name", "bad_filename", func(p *parts) { p.filename = "victim-1.0.tar.bz2" }},
	}
}

// nameCases give a good package a bad name.
func nameCases() []mutation {
	named := func(filename string) func(*parts) { return func(p *parts) { p.filename = filename } }
	return []mutation{
		{"extension of neither format", "unknown_format", named("victim-1.0-h1234567_0.zip")},
		{"no extension", "unknown_format", named("victim-1.0-h1234567_0")},
		{"extension in capitals", "unknown_format", named("victim-1.0-h1234567_0.CONDA")},
		{"no build in the file name", "bad_filename", named("victim-1.0.conda")},
		{"only an extension", "bad_filename", named(".conda")},
		{"capital in the name", "bad_filename", named("Victim-1.0-h1234567_0.conda")},
		{"slash in the file name", "bad_filename", named("../victim-1.0-h1234567_0.conda")},
		{"virtual package", "bad_filename", named("__victim-1.0-h1234567_0.conda")},
		{"blank in the build", "bad_filename", named("victim-1.0-h123 4567_0.conda")},
		{"newline at the end of the build", "bad_filename", named("victim-1.0-h1234567_0\n.conda")},
		{"file name too long", "bad_filename", named("victim-1.0-" + strings.Repeat("h", 300) + ".conda")},
		{"renamed to another build", "stem_mismatch", named("victim-1.0-h1234567_1.conda")},
		{"renamed to another package", "stem_mismatch", named("numpy-2.0-py313_0.conda")},
		{"renamed to a shorter build", "lookalike_member", named("victim-1.0-h1234567.conda")},
	}
}
