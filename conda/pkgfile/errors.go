package pkgfile

import "fmt"

// Code names one reason for refusing a package. Codes are stable: they are
// part of the answer that an uploader's tool sees.
type Code string

// The codes that concern the file as a whole.
const (
	// CodeUnknownFormat is a file name that ends neither in .conda nor in .tar.bz2.
	CodeUnknownFormat Code = "unknown_format"
	// CodeBadFilename is a file name that is not name-version-build as CEP 26 has it.
	CodeBadFilename Code = "bad_filename"
	// CodeWrongFormat is a file whose content is of another format than its name says.
	CodeWrongFormat Code = "wrong_format"
	// CodeTooLarge is a file, or a member that has to be read, above its limit.
	CodeTooLarge Code = "too_large"
	// CodeTruncated is a file or stream that ends before its own structure does.
	CodeTruncated Code = "truncated"
	// CodeCorrupt is a compressed stream that cannot be decoded or fails its own checksum.
	CodeCorrupt Code = "corrupt"
	// CodeTrailingData is content after the end of an archive or stream.
	CodeTrailingData Code = "trailing_data"
	// CodeBomb is a stream that expands beyond the limits.
	CodeBomb Code = "bomb"
)

// The codes that concern the ZIP container of a .conda file.
const (
	// CodeNotAZip is a .conda file that is not a ZIP archive.
	CodeNotAZip Code = "not_a_zip"
	// CodeLeadingData is content before the first ZIP member.
	CodeLeadingData Code = "leading_data"
	// CodeHiddenData is content between the ZIP members that no member owns.
	CodeHiddenData Code = "hidden_data"
	// CodeOverlap is a ZIP whose members, or directory, share bytes.
	CodeOverlap Code = "overlap"
	// CodeBadZip is a ZIP whose directory or headers contradict the format.
	CodeBadZip Code = "bad_zip"
	// CodeZipComment is a ZIP with a comment on the archive or on a member.
	CodeZipComment Code = "zip_comment"
	// CodeZipMultiDisk is a ZIP split over several disks.
	CodeZipMultiDisk Code = "zip_multi_disk"
	// CodeZipFlags is a ZIP member with flag bits that a conda package never has.
	CodeZipFlags Code = "zip_flags"
	// CodeZipExtra is a ZIP member with a forbidden or malformed extra field.
	CodeZipExtra Code = "zip_extra"
	// CodeEncrypted is an encrypted ZIP member.
	CodeEncrypted Code = "encrypted"
	// CodeCompressed is a ZIP member that is not STORED.
	CodeCompressed Code = "compressed"
	// CodeHeaderMismatch is a ZIP member whose local header and directory entry differ.
	CodeHeaderMismatch Code = "header_mismatch"
	// CodeCRCMismatch is a ZIP member whose bytes do not have the recorded CRC-32.
	CodeCRCMismatch Code = "crc_mismatch"
	// CodeBadMetadata is a metadata.json that is not {"conda_pkg_format_version": 2}.
	CodeBadMetadata Code = "bad_metadata_json"
	// CodeZstdWindow is a zstd frame that needs more memory than allowed.
	CodeZstdWindow Code = "zstd_window"
	// CodeZstdDictionary is a zstd frame that needs a dictionary.
	CodeZstdDictionary Code = "zstd_dictionary"
	// CodeNotZstd is a part of a .conda that is not a zstd stream.
	CodeNotZstd Code = "not_zstd"
)

// The codes that concern members, in the ZIP and in the tar archives.
const (
	// CodeMissingMember is a required member that is not there.
	CodeMissingMember Code = "missing_member"
	// CodeUnexpectedMember is a ZIP member that does not belong into a .conda.
	CodeUnexpectedMember Code = "unexpected_member"
	// CodeDuplicateMember is a name that occurs twice.
	CodeDuplicateMember Code = "duplicate_member"
	// CodeLookalikeMember is a name that some system takes for a reserved one.
	CodeLookalikeMember Code = "lookalike_member"
	// CodeMisplacedMember is a tar member in the wrong part of a .conda.
	CodeMisplacedMember Code = "misplaced_member"
	// CodeNotRegular is a link or special file where a regular file is required.
	CodeNotRegular Code = "not_regular"
	// CodeMemberType is a tar member that is no file, directory or link.
	CodeMemberType Code = "member_type"
	// CodeUnsafePath is a member path that is absolute, has "..", or is not plain.
	CodeUnsafePath Code = "unsafe_path"
	// CodeUnsafeLink is a link, or a member behind a link, that can leave the package.
	CodeUnsafeLink Code = "unsafe_link"
	// CodeReservedPath is a member that only a client may create.
	CodeReservedPath Code = "reserved_path"
	// CodeTooManyMembers is an archive with more members than allowed.
	CodeTooManyMembers Code = "too_many_members"
	// CodeBadTar is a tar stream that cannot be parsed.
	CodeBadTar Code = "bad_tar"
	// CodeNotBzip2 is a .tar.bz2 that does not hold a bzip2 stream.
	CodeNotBzip2 Code = "not_bzip2"
)

// The codes that concern the metadata of the package.
const (
	// CodeBadJSON is a metadata file that is not strict JSON of the right shape.
	CodeBadJSON Code = "bad_json"
	// CodeDuplicateKey is a JSON object with the same key twice.
	CodeDuplicateKey Code = "duplicate_key"
	// CodeLookalikeKey is a key of index.json that differs from a known one by case only.
	CodeLookalikeKey Code = "lookalike_key"
	// CodeTooDeep is JSON nested deeper than allowed.
	CodeTooDeep Code = "too_deep"
	// CodeBadNumber is a JSON number too large to be meant.
	CodeBadNumber Code = "bad_number"
	// CodeInvalidUTF8 is text, or a member name, that is not valid UTF-8.
	CodeInvalidUTF8 Code = "invalid_utf8"
	// CodeMissingField is an index.json without a required field.
	CodeMissingField Code = "missing_field"
	// CodeBadField is a field of the wrong type or with an impossible value.
	CodeBadField Code = "bad_field"
	// CodeStemMismatch is an index.json that names another package than the file name.
	CodeStemMismatch Code = "stem_mismatch"
	// CodeBadName is a name, version, build or subdir outside CEP 26.
	CodeBadName Code = "bad_name"
	// CodeUnsupportedSchema is an index.json of a schema_version not known here.
	CodeUnsupportedSchema Code = "unsupported_schema"
	// CodeFutureTimestamp is a build time later than tomorrow.
	CodeFutureTimestamp Code = "future_timestamp"
	// CodeMissingPayload is a file listed in paths.json that the package does not hold.
	CodeMissingPayload Code = "missing_payload"
)

// Error says why a package was refused.
type Error struct {
	// Code is the stable reason.
	Code Code
	// Member is the ZIP member or the path inside the package concerned,
	// quoted if it holds unprintable characters; empty for the file itself.
	Member string
	// Message tells the uploader what is wrong and, where possible, what to do.
	Message string
}

// Error returns the member, the message and the code on one line.
func (e *Error) Error() string {
	if e.Member == "" {
		return fmt.Sprintf("%s (%s)", e.Message, e.Code)
	}
	return fmt.Sprintf("%s: %s (%s)", e.Member, e.Message, e.Code)
}

// refuse builds an Error.
func refuse(code Code, member, format string, args ...any) *Error {
	return &Error{Code: code, Member: printable(member), Message: fmt.Sprintf(format, args...)}
}
