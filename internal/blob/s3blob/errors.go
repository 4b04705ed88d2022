package s3blob

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"kingsnake/internal/blob"
)

// remedies say what to look at for the codes with which services refuse a request whatever the blob.
var remedies = map[string]string{
	"NoSuchBucket":                 "the bucket does not exist, or not for these credentials: check its name, the endpoint and the credentials",
	"InvalidBucketName":            "the bucket's name is none: check it",
	"InvalidAccessKeyId":           badCredentials,
	"SignatureDoesNotMatch":        badCredentials,
	"XAdminUserNotFound":           badCredentials,
	"InvalidToken":                 badCredentials,
	"ExpiredToken":                 "the credentials have ended: renew them",
	"TokenRefreshRequired":         "the credentials have ended: renew them",
	"AccessDenied":                 badRights,
	"AllAccessDisabled":            badRights,
	"AccountProblem":               badRights,
	"RequestTimeTooSkewed":         "the clock of this machine or of the service is wrong",
	"PermanentRedirect":            badRegion,
	"AuthorizationHeaderMalformed": badRegion,
	"IllegalLocationConstraint":    badRegion,
	"SlowDown":                     "the service asks to be called less often",
}

const (
	badCredentials = "the service refuses the credentials: check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the profile in the file of credentials"
	badRights      = "the credentials lack a right on the bucket: s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload, s3:ListBucket and s3:ListBucketMultipartUploads are needed"
	badRegion      = "the bucket is in another region: check the region and the endpoint"
)

// full are the codes of services that have no room left.
var full = []string{"XMinioStorageFull", "QuotaExceeded", "XAmzQuotaExceeded", "InsufficientCapacity", "StorageFull"}

// failed words an error of the service, for the log of the server: what was done, what to check, and the cause. Whatever
// is not known better counts as the storage being out of reach.
func (s *Store) failed(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	doing = fmt.Sprintf("blob storage s3://%s/%s: %s", s.Bucket, s.Prefix, doing)
	if ended := ctx.Err(); ended != nil {
		return fmt.Errorf("%s: %w: %w", doing, ended, err)
	}
	code := errorCode(err)
	switch remedy, known := remedies[code]; {
	case slices.Contains(full, code) || status(err) == http.StatusInsufficientStorage:
		return fmt.Errorf("%s: %w: %w", doing, blob.ErrNoSpace, err)
	case known:
		return fmt.Errorf("%s: %w: %s: %w", doing, blob.ErrUnavailable, remedy, err)
	case status(err) == http.StatusForbidden:
		// An answer to HEAD has no body to say more.
		return fmt.Errorf("%s: %w: the service refuses the request: check the credentials, their rights on the bucket, and the region: %w", doing, blob.ErrUnavailable, err)
	case status(err) == 0 || status(err) >= http.StatusInternalServerError:
		return fmt.Errorf("%s: %w: check that the endpoint is right and the service runs: %w", doing, blob.ErrUnavailable, err)
	}
	return fmt.Errorf("%s: %w: %w", doing, blob.ErrUnavailable, err)
}

// failedBlob is failed for an operation on one blob, whose absence is blob.ErrNotExist.
func (s *Store) failedBlob(ctx context.Context, doing string, h blob.Hash, err error) error {
	if err == nil {
		return nil
	}
	doing += " blob " + h.String()
	switch code := errorCode(err); {
	case code == "NoSuchKey":
		return fmt.Errorf("%s: %w", doing, blob.ErrNotExist)
	case code == "NotFound":
		// An answer to HEAD does not tell whether the object is missing or the bucket.
		if _, err := s.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &s.Bucket}); err != nil {
			if status(err) == http.StatusNotFound {
				return fmt.Errorf("%s: %w: %s: %w", doing, blob.ErrUnavailable, remedies["NoSuchBucket"], err)
			}
			return s.failed(ctx, doing, err)
		}
		return fmt.Errorf("%s: %w", doing, blob.ErrNotExist)
	}
	return s.failed(ctx, doing, err)
}

// noCredentials words that there are none.
func (s *Store) noCredentials(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	return fmt.Errorf("blob storage s3://%s/%s: %w: no credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use a file of credentials: %w",
		s.Bucket, s.Prefix, blob.ErrUnavailable, err)
}

// errorCode gives the code in an answer of the service, or nothing.
func errorCode(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	return ""
}

// status gives the status of an answer of the service, or 0 when there was none.
func status(err error) int {
	if e, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return e.HTTPStatusCode()
	}
	return 0
}
