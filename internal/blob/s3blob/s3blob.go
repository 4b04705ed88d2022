// Package s3blob keeps blobs in a bucket of S3-compatible storage.
//
// The keys are <prefix>sha256/ab/<62 hex digits>, the names that fsblob has for its files. A blob is written under its
// final key at once: the bytes are staged on this machine, in memory while they are few and else in a file without a
// name, and sent when they are committed, on the condition that there is no such object yet. So nothing in the bucket is
// ever half a blob, and all that a crash leaves there is a multipart upload that was not completed, which Sweep aborts.
//
// The server is told the SHA-256 of every request's body and refuses other bytes. A blob that is read from its begin to
// its end is hashed on the way, and one that is not what it is called fails before its last bytes are handed out.
//
// Out of scope: creating the bucket, versions of objects, and encryption, which are properties of the bucket.
package s3blob

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"kingsnake/internal/blob"
)

// Options adjust a store.
type Options struct {
	// Dir is a folder on this machine for staged bytes that are too many for memory.
	Dir string
	// PartSize is how many bytes are sent in one request, 0 meaning 16 MiB. Larger blobs are sent in parts.
	PartSize int64
	// Stall ends an attempt in which nothing moves, 0 meaning 30 seconds.
	Stall time.Duration
	// Attempts is how often a request is tried, 0 meaning four times.
	Attempts int
	// Credentials are those to use; nil looks where Amazon's own tools look.
	Credentials aws.CredentialsProvider
}

const (
	defaultPartSize = 16 << 20
	defaultStall    = 30 * time.Second
	defaultAttempts = 4
	maxBackoff      = 3 * time.Second

	// fallbackRegion is what most services with an address of their own answer to.
	fallbackRegion = "us-east-1"
)

// Store is a blob.Store in a bucket.
type Store struct {
	Location
	opts        Options
	client      *s3.Client
	links       *s3.PresignClient
	credentials aws.CredentialsProvider

	// unconditional is set when the server turned out not to know conditional writes.
	unconditional atomic.Bool

	mu   sync.Mutex
	live map[*staged]struct{}
}

var (
	_ blob.Store  = (*Store)(nil)
	_ blob.Linker = (*Store)(nil)
)

// New makes a store. It does not speak to the service yet; Claim and Check do.
func New(ctx context.Context, l Location, o Options) (*Store, error) {
	if o.PartSize == 0 {
		o.PartSize = defaultPartSize
	}
	if o.Stall == 0 {
		o.Stall = defaultStall
	}
	if o.Attempts == 0 {
		o.Attempts = defaultAttempts
	}
	if o.Dir == "" {
		return nil, errors.New("s3blob: no folder for staged bytes")
	}
	cfg, err := config.LoadDefaultConfig(ctx, settings(l, o)...)
	if err != nil {
		return nil, fmt.Errorf("settings of the blob storage: %w", err)
	}
	if cfg.Region == "" {
		if l.Endpoint == "" {
			return nil, errors.New("the region of the blob storage is not known: add ?region=NAME to its URL, or set AWS_REGION")
		}
		cfg.Region = fallbackRegion
	}
	s := &Store{Location: l, opts: o, credentials: cfg.Credentials, live: map[*staged]struct{}{}}
	s.client = s3.NewFromConfig(cfg, l.reach(l.Endpoint))
	public := l.PublicEndpoint
	if public == "" {
		public = l.Endpoint
	}
	s.links = s3.NewPresignClient(s3.NewFromConfig(cfg, l.reach(public)))
	return s, nil
}

// reach makes a client use an address of the service.
func (l Location) reach(endpoint string) func(*s3.Options) {
	return func(o *s3.Options) {
		o.UsePathStyle = l.PathStyle
		if endpoint != "" {
			o.BaseEndpoint = aws.String(endpoint)
		}
	}
}

// settings are the same for all requests.
func settings(l Location, o Options) []func(*config.LoadOptions) error {
	all := []func(*config.LoadOptions) error{
		config.WithHTTPClient(httpClient(o.Stall)),
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(r *retry.StandardOptions) { r.MaxAttempts, r.MaxBackoff = o.Attempts, maxBackoff })
		}),
		// Newer checksums are beyond most services; the hash of the body is part of each signature anyway.
		config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired),
		config.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenRequired),
	}
	if l.Region != "" {
		all = append(all, config.WithRegion(l.Region))
	}
	if o.Credentials != nil {
		all = append(all, config.WithCredentialsProvider(o.Credentials))
	}
	return all
}

func httpClient(stall time.Duration) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = min(stall, 5*time.Second) }).
		WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConns, t.MaxIdleConnsPerHost = 256, 256
			t.ResponseHeaderTimeout = stall
			// What is stored is compressed already, and its length counts.
			t.DisableCompression = true
		})
}

// key is the name of a blob's object.
func (s *Store) key(h blob.Hash) *string {
	text := h.String()
	return aws.String(s.Prefix + path.Join(blobDir, text[:2], text[2:]))
}

// blobDir begins the keys of blobs, after the prefix.
const blobDir = "sha256"

// Stat implements blob.Store.
func (s *Store) Stat(ctx context.Context, h blob.Hash) (blob.Info, error) {
	if err := ctx.Err(); err != nil {
		return blob.Info{}, err
	}
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.Bucket, Key: s.key(h)})
	if err != nil {
		return blob.Info{}, s.failedBlob(ctx, "stat", h, err)
	}
	return blob.Info{Hash: h, Size: aws.ToInt64(out.ContentLength), ModTime: aws.ToTime(out.LastModified)}, nil
}

// Delete implements blob.Store.
func (s *Store) Delete(ctx context.Context, h blob.Hash) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.Bucket, Key: s.key(h)})
	if err := s.failedBlob(ctx, "delete", h, err); !errors.Is(err, blob.ErrNotExist) {
		return err
	}
	return nil
}

// Check implements blob.Store.
func (s *Store) Check(ctx context.Context) error {
	if err := s.checkStaging(); err != nil {
		return err
	}
	if _, err := s.credentials.Retrieve(ctx); err != nil {
		return s.noCredentials(ctx, err)
	}
	_, err := s.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &s.Bucket})
	return s.failed(ctx, "look for the bucket", err)
}
