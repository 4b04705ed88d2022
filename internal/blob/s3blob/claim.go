package s3blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"kingsnake/internal/blob"
)

// claimName is the object, after the prefix, in which a site notes that the blobs are its own.
const claimName = "kingsnake-site"

// maxClaim bounds what is read of it.
const maxClaim = 200

// ErrForeign says that the blobs of a prefix belong to another site, whose upkeep would delete ours.
var ErrForeign = errors.New("another site keeps its blobs there")

// Claim notes that the prefix belongs to a site, of which id tells nothing secret, or finds that noted already. It is
// ErrForeign when another site was first.
func (s *Store) Claim(ctx context.Context, id string) error {
	if err := s.Check(ctx); err != nil {
		return err
	}
	owner, err := s.Owner(ctx)
	if err == nil && owner == "" {
		if err = s.claim(ctx, id); err == nil {
			owner, err = s.Owner(ctx)
		}
	}
	if err != nil {
		return err
	}
	if owner != id {
		return fmt.Errorf("blob storage s3://%s/%s: %w: give each site a bucket or a prefix of its own", s.Bucket, s.Prefix, ErrForeign)
	}
	return nil
}

// Owner gives the id of the site that claimed the prefix, or nothing.
func (s *Store) Owner(ctx context.Context) (_ string, rerr error) {
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.Bucket, Key: aws.String(s.Prefix + claimName)})
	if errorCode(err) == "NoSuchKey" {
		return "", nil
	}
	if err != nil {
		return "", s.failed(ctx, "whose the blobs are", err)
	}
	defer func() { rerr = errors.Join(rerr, out.Body.Close()) }()
	text, err := io.ReadAll(io.LimitReader(out.Body, maxClaim))
	return strings.TrimSpace(string(text)), s.failed(ctx, "whose the blobs are", err)
}

// claim writes the note unless there is one.
func (s *Store) claim(ctx context.Context, id string) error {
	text := []byte(id + "\n")
	sum := blob.Sum(text)
	for _, conditional := range []bool{true, false} {
		_, err := s.client.PutObject(ctx, &s3.PutObjectInput{
			Bucket: &s.Bucket, Key: aws.String(s.Prefix + claimName), Body: bytes.NewReader(text), ContentType: aws.String("text/plain"),
			IfNoneMatch: onlyNew(conditional),
		}, signBody(sum[:]))
		switch {
		case err == nil, status(err) == http.StatusPreconditionFailed, status(err) == http.StatusConflict:
			return nil
		case !conditional || status(err) != http.StatusNotImplemented:
			return s.failed(ctx, "claim the blobs", err)
		}
	}
	return nil
}
