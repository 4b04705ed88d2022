package api

// Code is the stable, machine-readable name of an error. New codes may appear: a client that meets one it does not know
// goes by the HTTP status.
type Code string

// The codes of status 401: the server does not know who is calling.
const (
	// CodeAuthRequired means that the request carried no credential and the target is not public.
	CodeAuthRequired Code = "auth_required"
	// CodeBadCredentials means that the user name or the password is wrong, without saying which, or that a password was
	// sent where only tokens are taken.
	CodeBadCredentials Code = "password_refused"
	// CodeSessionEnded means that the session token is unknown, expired or was ended by a logout or a password change.
	CodeSessionEnded Code = "session_ended"
	// CodeTokenMalformed means that the string is not a token of this server: mistyped, cut off, or from elsewhere.
	CodeTokenMalformed Code = "token_malformed"
	// CodeTokenMasked means that a client sent the mask that it prints in place of a token, such as "<TOKEN>".
	CodeTokenMasked Code = "token_masked"
	// CodeTokenUnknown means that the token has the right form and was never issued, or was deleted long ago.
	CodeTokenUnknown Code = "token_unknown"
	// CodeTokenExpired means that the token's life is over.
	CodeTokenExpired Code = "token_expired"
	// CodeTokenTooOld means that the token's string is older than the site's maximum lifetime, which may have been
	// lowered after the token was made.
	CodeTokenTooOld Code = "token_too_old"
	// CodeTokenRevoked means that the token was deleted.
	CodeTokenRevoked Code = "token_revoked"
	// CodeTokenLeaked means that the token was revoked because its string was found where it should not be.
	CodeTokenLeaked Code = "token_leaked"
	// CodeAccountDisabled means that the credential's owner is disabled or gone.
	CodeAccountDisabled Code = "account_disabled"
	// CodeAssertionInvalid means that the assertion about a CI job proves nothing here.
	CodeAssertionInvalid Code = "assertion_invalid"
	// CodeAssertionReplayed means that the assertion was used before.
	CodeAssertionReplayed Code = "assertion_replayed"
	// CodeAssertionUntrusted means that no channel trusts the job.
	CodeAssertionUntrusted Code = "assertion_untrusted"
	// CodeSignInState means that a sign-in by OpenID Connect was not begun in this browser, or by another provider.
	CodeSignInState Code = "sign_in_state"
	// CodeSignInReplayed means that the sign-in, or the code, was used before.
	CodeSignInReplayed Code = "sign_in_replayed"
	// CodeSignInExpired means that the sign-in took too long.
	CodeSignInExpired Code = "sign_in_expired"
	// CodeSignInRefused means that the provider signed nobody in.
	CodeSignInRefused Code = "sign_in_refused"
	// CodeIdentityInvalid means that what the provider sent does not prove who signed in.
	CodeIdentityInvalid Code = "identity_invalid"
	// CodeIdentityNotAllowed means that the site does not let in who signed in.
	CodeIdentityNotAllowed Code = "identity_not_allowed"
	// CodeTokenRotated means that the token got a new string and this old one no longer works.
	CodeTokenRotated Code = "token_rotated"
)

// The codes of status 403: the server knows who is calling, and the answer is no. Which one says what stood in the way.
const (
	// CodeForbidden is the general one; a problem usually has one of the finer codes below.
	CodeForbidden Code = "forbidden"
	// CodeRoleLevel means that the user's roles do not reach the level that the action needs.
	CodeRoleLevel Code = "role_level"
	// CodeAdminOnly means that only an administrator may do this.
	CodeAdminOnly Code = "admin_only"
	// CodeChannelLevel means that the user does not have the needed level on the channel.
	CodeChannelLevel Code = "channel_level"
	// CodeGroupLevel means that the user does not have the needed level over the group.
	CodeGroupLevel Code = "group_level"
	// CodeTokenKind means that no token of this kind opens the operation.
	CodeTokenKind Code = "token_kind"
	// CodeTokenScope means that the token lacks the scope.
	CodeTokenScope Code = "token_scope"
	// CodeTokenLevel means that the token holds the channel with too low a level.
	CodeTokenLevel Code = "token_level"
	// CodeTokenResource means that the token does not hold the channel, or not all that the action touches.
	CodeTokenResource Code = "token_resource"
	// CodeTokenChannel and CodeTokenPackage mean that the token is restricted to other channels or packages.
	CodeTokenChannel Code = "token_channel"
	CodeTokenPackage Code = "token_package"
	// CodeTokenAddress means that the token may not be used from the caller's address.
	CodeTokenAddress Code = "token_address"
	// CodeTokenNotYetValid means that the token's life has not begun.
	CodeTokenNotYetValid Code = "token_not_yet_valid"
	// CodeTokenUsedUp means that the token's number of uses is spent.
	CodeTokenUsedUp Code = "token_used_up"
	// CodeTokenInURL means that a write was tried with a token in the URL; writes take a header.
	CodeTokenInURL Code = "token_in_url"
	// CodeSource means that the virtual channel draws on a source that the caller may not read.
	CodeSource Code = "source_refused"
	// CodeNotGrantable means that a token was to hold more than its maker may grant.
	CodeNotGrantable Code = "not_grantable"
	// CodeSessionRequired means that the operation takes a signed-in user and no token will do (401 where nobody is
	// signed in at all).
	CodeSessionRequired Code = "session_required"
	// CodeTokenRequired means that the operation is about the token it is called with, and there was none.
	CodeTokenRequired Code = "token_required"
)

// The codes of the other statuses.
const (
	// CodeBadRequest (400) means that the request could not be read: broken JSON, a broken multipart body.
	CodeBadRequest Code = "bad_request"
	// CodeTokenExists (400) means that the caller has a token of that name, where a tool takes names for unique.
	CodeTokenExists Code = "token_exists"
	// CodeFrozen (400) means that the channel is frozen and takes no changes.
	CodeFrozen Code = "channel_frozen"
	// CodeVirtual (400) means that the channel is virtual and holds no packages that could be changed.
	CodeVirtual Code = "channel_virtual"
	// CodeNotFound (404) means that the target does not exist, or that the caller may not know that it does.
	CodeNotFound Code = "not_found"
	// CodeFiltered (404) means that the channel has the file and its filters hide it.
	CodeFiltered Code = "file_filtered"
	// CodeMethodNotAllowed (405) means that the path exists and takes other methods, named in the Allow header.
	CodeMethodNotAllowed Code = "method_not_allowed"
	// CodeConflict (409) means that the name is taken or the thing was changed in the meantime.
	CodeConflict Code = "conflict"
	// CodeLastAdmin (409) means that the change would leave nobody who can administer the site.
	CodeLastAdmin Code = "last_admin"
	// CodeLastOwner (409) means that the change would leave a channel without an owner who can sign in.
	CodeLastOwner Code = "last_owner"
	// CodeTokenFits (409) means that a token used all that it holds, and that nothing of it can be taken away as unused.
	CodeTokenFits Code = "token_fits"
	// CodeTokenUnused (409) means that a token used nothing, and that there is nothing to narrow it to.
	CodeTokenUnused Code = "token_unused"
	// CodeRoleInUse (409) means that accounts have the role; force takes it from them.
	CodeRoleInUse Code = "role_in_use"
	// CodeRoleBuiltIn (409) means that the role comes with the server and cannot be deleted.
	CodeRoleBuiltIn Code = "role_built_in"
	// CodeFileExists (409) means that another file of that name is in the channel; force replaces it.
	CodeFileExists Code = "file_exists"
	// CodeTooLarge (413) means that the body is larger than the server takes.
	CodeTooLarge Code = "too_large"
	// CodeQuotaExceeded (413) means that the file would make the channel larger than its quota.
	CodeQuotaExceeded Code = "quota_exceeded"
	// CodeURLTooLong (414) means that the request's path and query are longer than the server reads, which is 16 KiB.
	CodeURLTooLong Code = "url_too_long"
	// CodeUnsupportedMediaType (415) means that the body's media type is not one the operation reads.
	CodeUnsupportedMediaType Code = "unsupported_media_type"
	// CodeRangeNotSatisfiable (416) means that the asked range lies outside the file.
	CodeRangeNotSatisfiable Code = "range_not_satisfiable"
	// CodeInvalid (422) means that the request was understood and a value in it is not acceptable.
	CodeInvalid Code = "invalid"
	// CodeInvalidPackage (422) means that the uploaded file is not a sound conda package.
	CodeInvalidPackage Code = "invalid_package"
	// CodeHashMismatch (400) means that the bytes received do not have the hash or the size that the client named.
	CodeHashMismatch Code = "hash_mismatch"
	// CodeRateLimited (429) means that the caller has to wait as long as Retry-After says.
	CodeRateLimited Code = "rate_limited"
	// CodeInternal (500) means that the server failed; RequestID finds the reason in its log.
	CodeInternal Code = "internal"
	// CodeNotImplemented (501) means that this server does not offer the operation.
	CodeNotImplemented Code = "not_implemented"
	// CodeUnavailable (503) means that the server cannot answer safely right now; Retry-After says when to try again.
	CodeUnavailable Code = "unavailable"
	// CodeStorageFull (507) means that the server has no room for the file.
	CodeStorageFull Code = "storage_full"
)
