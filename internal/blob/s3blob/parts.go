package s3blob

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"kingsnake/internal/blob"
)

const (
	// maxParts is how many parts an object can have.
	maxParts = 10_000
	// partsAtOnce is how many are sent at the same time.
	partsAtOnce = 3
	// abortTime bounds the farewell to an upload that failed.
	abortTime = 10 * time.Second
)

// createParts writes an object in parts. Nothing of it can be seen before all are there.
func (s *Store) createParts(ctx context.Context, h blob.Hash, content io.ReaderAt, size int64, conditional bool) (rerr error) {
	begun, err := s.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &s.Bucket, Key: s.key(h), ContentType: aws.String(mediaType),
	})
	if err != nil {
		return err
	}
	defer func() {
		if rerr == nil {
			return
		}
		// What cannot be aborted now, Sweep finds.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTime)
		defer cancel()
		_, _ = s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &s.Bucket, Key: s.key(h), UploadId: begun.UploadId})
	}()
	parts, err := s.sendParts(ctx, h, begun.UploadId, content, size)
	if err != nil {
		return err
	}
	_, err = s.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &s.Bucket, Key: s.key(h), UploadId: begun.UploadId, IfNoneMatch: onlyNew(conditional),
		MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	if err != nil && errorCode(err) != "NoSuchUpload" {
		return err
	}
	// An upload that is not known any more was completed by an attempt whose answer was lost, or else swept.
	info, serr := s.Stat(ctx, h)
	switch {
	case serr != nil && err != nil:
		return err
	case serr != nil:
		return serr
	case info.Size != size:
		return fmt.Errorf("%w: %d bytes were sent and %d are stored", blob.ErrConflict, size, info.Size)
	}
	return nil
}

// sendParts sends the bytes, some parts at a time.
func (s *Store) sendParts(ctx context.Context, h blob.Hash, id *string, content io.ReaderAt, size int64) ([]types.CompletedPart, error) {
	partSize := max(s.opts.PartSize, (size+maxParts-1)/maxParts)
	parts := make([]types.CompletedPart, (size+partSize-1)/partSize)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(partsAtOnce)
	for i := range parts {
		off := int64(i) * partSize
		group.Go(func() error {
			number := int32(i) + 1
			tag, err := s.sendPart(ctx, h, id, number, io.NewSectionReader(content, off, min(partSize, size-off)))
			parts[i] = types.CompletedPart{ETag: tag, PartNumber: &number}
			return err
		})
	}
	return parts, group.Wait()
}

func (s *Store) sendPart(ctx context.Context, h blob.Hash, id *string, number int32, part *io.SectionReader) (tag *string, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err // Another part has failed.
	}
	size := part.Size()
	sum := sha256.New()
	if _, err := io.Copy(sum, part); err != nil {
		return nil, local("read staged blob", err)
	}
	if _, err := part.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	ctx, cancel := s.deadline(ctx, size)
	defer cancel()
	out, err := s.client.UploadPart(ctx, &s3.UploadPartInput{
		Bucket: &s.Bucket, Key: s.key(h), UploadId: id, PartNumber: &number, Body: part, ContentLength: &size,
	}, signBody(sum.Sum(nil)))
	if err != nil {
		return nil, err
	}
	return out.ETag, nil
}
