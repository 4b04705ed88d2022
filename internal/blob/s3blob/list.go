package s3blob

import (
	"context"
	"iter"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"kingsnake/internal/blob"
)

// List implements blob.Store.
func (s *Store) List(ctx context.Context) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		prefix := s.Prefix + blobDir + "/"
		pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: &s.Bucket, Prefix: &prefix})
		for pages.HasMorePages() {
			if err := ctx.Err(); err != nil {
				yield(blob.Info{}, err)
				return
			}
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(blob.Info{}, s.failed(ctx, "list blobs", err))
				return
			}
			for _, o := range page.Contents {
				// Whatever else lies there is none of ours.
				name := strings.TrimPrefix(aws.ToString(o.Key), prefix)
				h, err := blob.ParseHash(strings.Replace(name, "/", "", 1))
				if err != nil || *s.key(h) != aws.ToString(o.Key) {
					continue
				}
				if !yield(blob.Info{Hash: h, Size: aws.ToInt64(o.Size), ModTime: aws.ToTime(o.LastModified)}, nil) {
					return
				}
			}
		}
	}
}

// Sweep implements blob.Store. It removes what is staged on this machine, and aborts the multipart uploads of the whole
// prefix, since whoever began them may never come back.
func (s *Store) Sweep(ctx context.Context, olderThan time.Time) (int, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	removed, err := s.sweepStaging(olderThan)
	if err != nil {
		return removed, err
	}
	prefix := s.Prefix + blobDir + "/"
	pages := s3.NewListMultipartUploadsPaginator(s.client, &s3.ListMultipartUploadsInput{Bucket: &s.Bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return removed, s.failed(ctx, "list unfinished uploads", err)
		}
		for _, u := range page.Uploads {
			if !aws.ToTime(u.Initiated).Before(olderThan) {
				continue
			}
			_, err := s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &s.Bucket, Key: u.Key, UploadId: u.UploadId})
			if errorCode(err) == "NoSuchUpload" {
				continue
			}
			if err != nil {
				return removed, s.failed(ctx, "abort an unfinished upload", err)
			}
			removed++
		}
	}
	return removed, nil
}
