package s3blob

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"kingsnake/internal/blob"
)

// Link implements blob.Linker with a presigned URL. Making one asks nobody.
func (s *Store) Link(ctx context.Context, h blob.Hash, l blob.Link) (string, error) {
	out, err := s.links.PresignGetObject(ctx, &s3.GetObjectInput{
		Bucket: &s.Bucket, Key: s.key(h),
		ResponseContentType: aws.String(l.MediaType), ResponseCacheControl: aws.String(l.CacheControl),
	}, s3.WithPresignExpires(l.Lifetime))
	if err != nil {
		return "", s.failedBlob(ctx, "sign a link to", h, err)
	}
	return out.URL, nil
}
