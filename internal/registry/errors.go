package registry

import (
	"errors"
	"fmt"
	"time"

	"kingsnake/internal/access"
)

// Store errors, which the store contracts promise to return.
var (
	ErrNoRecord = errors.New("no such record")
	ErrTaken    = errors.New("already taken")
	ErrNoSpace  = errors.New("no space left")
	// ErrUnavailable says that the database cannot be asked just now.
	ErrUnavailable = errors.New("the database does not answer")
)

// Code names a kind of failure; each outer layer maps it to its own answer in one table.
type Code string

// The kinds of failure a service method can report.
const (
	CodeDenied       Code = "denied"
	CodeNotGrantable Code = "not_grantable"
	CodeInvalid      Code = "invalid"
	CodeNotFound     Code = "not_found"
	CodeConflict     Code = "conflict"
	CodeBadPackage   Code = "bad_package"
	CodeHashMismatch Code = "hash_mismatch"
	CodeTooLarge     Code = "too_large"
	CodeCredential   Code = "bad_credential"
	CodeWrongKind    Code = "wrong_kind_of_credential"
	CodeTooMany      Code = "too_many_requests"
	CodeNoSpace      Code = "no_space"
	CodeFrozen       Code = "channel_frozen"
	CodeVirtual      Code = "channel_virtual"
	CodeFiltered     Code = "file_filtered"
	CodeQuota        Code = "quota_exceeded"
	CodeUnavailable  Code = "unavailable"
	CodeUsedUp       Code = "token_used_up"
)

// Error is a failure that a caller can be told about.
type Error struct {
	Code Code
	// Reason is a finer, stable word for programs, such as the code of a package error; it may be empty.
	Reason string
	// Message says what is wrong and, where it can, what to do.
	Message string
	// Field names the input that is wrong, empty for none.
	Field string
	// RetryAfter says when to try again, zero for nothing to say.
	RetryAfter time.Duration
	// Denied is what was asked and decided, for CodeDenied.
	Denied *Denied
	Err    error
}

// Denied holds a refused question and its decision, so that each protocol can word its own answer.
type Denied struct {
	Caller   *access.Caller
	Scope    access.Scope
	Target   access.Target
	Decision access.Decision
	// Virtual is the virtual channel whose source was asked for, the zero value for none. Nothing of the source may be told.
	Virtual access.Channel
}

func (e *Error) Error() string {
	if e.Err != nil {
		return e.Message + ": " + e.Err.Error()
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// AsError gives the domain error in err's chain.
func AsError(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

func errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// invalid reports an input that cannot be taken.
func invalid(field, format string, args ...any) *Error {
	return &Error{Code: CodeInvalid, Field: field, Message: fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) *Error { return errorf(CodeNotFound, format, args...) }

func conflict(format string, args ...any) *Error { return errorf(CodeConflict, format, args...) }

func errorIsGone(err error) bool { return errors.Is(err, ErrNoRecord) }
