package s3blob

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"

	"kingsnake/internal/blob"
)

const (
	mediaType = "application/octet-stream"
	// maxCopy is the largest object that one request can copy.
	maxCopy = 5 << 30
	// commitTries is how often a blob may vanish while it is being committed, before it is written whatever is there.
	commitTries = 3
	// slowest is the rate in bytes per second below which sending counts as stalled.
	slowest = 64 << 10
)

// commit makes bytes a blob, or the blob that is there already a young one.
func (s *Store) commit(ctx context.Context, h blob.Hash, content io.ReaderAt, size int64) error {
	for range commitTries {
		exists := false
		if size > s.opts.PartSize {
			// Asking is cheap where sending is not.
			_, err := s.Stat(ctx, h)
			if err != nil && !errors.Is(err, blob.ErrNotExist) {
				return err
			}
			exists = err == nil
		}
		if !exists {
			var err error
			if exists, err = s.create(ctx, h, content, size, !s.unconditional.Load()); err != nil || !exists {
				return err
			}
		}
		if err := s.refresh(ctx, h, content, size); !errors.Is(err, blob.ErrNotExist) {
			return err
		}
	}
	// Others write and delete it all the time. Without a condition the write takes part in no race, and what it may
	// replace is the same bytes.
	_, err := s.create(ctx, h, content, size, false)
	return err
}

// create writes a new object. If there is one and the write is conditional, it is left alone and exists is true.
func (s *Store) create(ctx context.Context, h blob.Hash, content io.ReaderAt, size int64, conditional bool) (exists bool, err error) {
	if size > s.opts.PartSize {
		err = s.createParts(ctx, h, content, size, conditional)
	} else {
		err = s.createWhole(ctx, h, content, size, conditional)
	}
	switch {
	case err == nil:
		return false, nil
	case conditional && (status(err) == http.StatusPreconditionFailed || status(err) == http.StatusConflict):
		return true, nil
	case conditional && status(err) == http.StatusNotImplemented:
		// A server that does not know the condition gets the next best: to look first. Two writers at the same moment
		// then replace each other's object, by one of the same bytes.
		s.unconditional.Store(true)
		_, err := s.Stat(ctx, h)
		if err == nil || !errors.Is(err, blob.ErrNotExist) {
			return err == nil, err
		}
		return s.create(ctx, h, content, size, false)
	}
	return false, s.failedBlob(ctx, "commit", h, err)
}

// onlyNew is the condition of a write that there be no such object.
func onlyNew(conditional bool) *string {
	if conditional {
		return aws.String("*")
	}
	return nil
}

func (s *Store) createWhole(ctx context.Context, h blob.Hash, content io.ReaderAt, size int64, conditional bool) error {
	ctx, cancel := s.deadline(ctx, size)
	defer cancel()
	_, err := s.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &s.Bucket, Key: s.key(h), Body: io.NewSectionReader(content, 0, size), ContentLength: &size,
		ContentType: aws.String(mediaType), IfNoneMatch: onlyNew(conditional),
	}, signBody(h[:]))
	return err
}

// deadline bounds a request with a body, over all its attempts.
func (s *Store) deadline(ctx context.Context, size int64) (context.Context, context.CancelFunc) {
	each := s.opts.Stall + time.Duration(size/slowest)*time.Second
	return context.WithTimeoutCause(ctx, time.Duration(s.opts.Attempts)*each, errSlow)
}

var errSlow = errors.New("the service takes the bytes too slowly")

// signBody makes the SHA-256 of a request's body part of the signature, so that the service refuses any other body. By
// itself the SDK leaves that out where there is TLS.
func signBody(sum []byte) func(*s3.Options) {
	text := hex.EncodeToString(sum)
	return s3.WithAPIOptions(func(stack *middleware.Stack) error {
		return stack.Finalize.Add(middleware.FinalizeMiddlewareFunc("KnownPayloadHash",
			func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
				return next.HandleFinalize(v4.SetPayloadHash(ctx, text), in)
			}), middleware.Before)
	})
}

// refresh makes the object's time the present, by copying it onto itself. Some services leave the time as it is; there
// the same bytes are written again.
func (s *Store) refresh(ctx context.Context, h blob.Hash, content io.ReaderAt, size int64) error {
	info, err := s.Stat(ctx, h)
	if err != nil {
		return err
	}
	if info.Size != size {
		return fmt.Errorf("commit blob %s: %w: %d bytes are stored, %d were staged", h, blob.ErrConflict, info.Size, size)
	}
	if size <= maxCopy {
		out, err := s.client.CopyObject(ctx, &s3.CopyObjectInput{
			Bucket: &s.Bucket, Key: s.key(h), CopySource: aws.String((&url.URL{Path: s.Bucket + "/" + *s.key(h)}).EscapedPath()),
			MetadataDirective: types.MetadataDirectiveReplace, ContentType: aws.String(mediaType),
		})
		if err != nil {
			return s.failedBlob(ctx, "refresh", h, err)
		}
		if out.CopyObjectResult != nil && aws.ToTime(out.CopyObjectResult.LastModified).After(info.ModTime) {
			return nil
		}
	}
	_, err = s.create(ctx, h, content, size, false)
	return err
}
