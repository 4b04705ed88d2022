package api

// ProblemMediaType is the media type of every error answer (RFC 9457).
const ProblemMediaType = "application/problem+json"

// Problem is the body of every error answer. One body serves all clients: conda shows Reason and Message (or Detail),
// anaconda-client shows Error, so the three texts are equal where a client would show only one of them.
type Problem struct {
	// Type is a URI that names the kind of problem; "about:blank" where Code says all there is to say.
	Type string `json:"type"`
	// Title is the short name of the HTTP status, the same for every occurrence.
	Title string `json:"title"`
	// Status repeats the HTTP status of the answer.
	Status int `json:"status"`
	// Code is the stable, machine-readable name of the problem.
	Code Code `json:"code"`
	// Reason is a very short text in the manner of an HTTP reason phrase, such as "TOKEN EXPIRED".
	Reason string `json:"reason"`
	// Message says in one or two sentences what happened and what to do. It is equal to Detail.
	Message string `json:"message"`
	// Detail is the field of RFC 9457 for the same text as Message.
	Detail string `json:"detail"`
	// Error is the same text again, always a string, for clients that look only here.
	Error string `json:"error"`
	// Errors names each field that was refused; it is left out when no single field is to blame.
	Errors []FieldError `json:"errors,omitempty"`
	// MissingScope is the scope that would have opened the operation, where showing it gives nothing away.
	MissingScope string `json:"missing_scope,omitempty"`
	// MissingLevel is the level on the resource that would have opened the operation.
	MissingLevel Level `json:"missing_level,omitempty"`
	// RequestID finds the request in the server's log; it is also the answer's X-Request-Id header.
	RequestID string `json:"request_id,omitempty"`
}

// FieldError says what is wrong with one field of a request.
type FieldError struct {
	// Field is the path of the field in the body, such as "resources[0].permission", or the name of a parameter.
	Field string `json:"field"`
	// Message says what is expected; it never repeats the value that was sent.
	Message string `json:"message"`
}
