// Package s3test gives tests an S3 server of their own, a real one: versitygw on a folder, which lives as long as the
// test's process, and in it a bucket for each test.
//
// It is for tests only. It installs nothing: [Remedy] names the command that does.
package s3test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// EnvBlobs is the environment variable by which the suites of the whole server are run on S3.
const EnvBlobs = "KINGSNAKE_TEST_BLOBS"

// Remedy is the command that installs the server.
const Remedy = "make test-deps"

// The credentials of the server's only account, and its region.
const (
	AccessKey = "kingsnake-tests"
	SecretKey = "not-a-secret-but-long-enough"
	Region    = "us-east-1"
)

// Wanted tells whether the suites of the whole server are to run on S3.
func Wanted() bool { return os.Getenv(EnvBlobs) == "s3" }

// shared is the server of this process, whose credentials a site in this process finds where it looks for any.
var shared = sync.OnceValues(func() (*server, error) {
	for name, value := range Environ() {
		if err := os.Setenv(name, value); err != nil {
			return nil, err
		}
	}
	return start()
})

// Environ are the variables by which a program finds the credentials, and none that the machine happens to have.
func Environ() map[string]string {
	return map[string]string{
		"AWS_ACCESS_KEY_ID": AccessKey, "AWS_SECRET_ACCESS_KEY": SecretKey, "AWS_REGION": Region,
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull, "AWS_EC2_METADATA_DISABLED": "true",
	}
}

// Credentials are those of the server's only account.
func Credentials() aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(AccessKey, SecretKey, "")
}

// Location is the URL of a new bucket, as the setting blobs takes it. Where the server is not installed the test is
// skipped, and under CI=true it fails.
func Location(t testing.TB) string {
	t.Helper()
	s := need(t)
	bucket, err := s.bucket()
	if err != nil {
		t.Fatalf("s3test: %v", err)
	}
	t.Cleanup(func() {
		if err := s.drop(bucket); err != nil {
			t.Errorf("s3test: %v", err)
		}
	})
	return at(bucket, s.address)
}

// Make is Location for what is no test: the caller calls drop in the end.
func Make() (location string, drop func() error, err error) {
	s, err := shared()
	if err != nil {
		return "", nil, err
	}
	bucket, err := s.bucket()
	if err != nil {
		return "", nil, err
	}
	return at(bucket, s.address), func() error { return s.drop(bucket) }, nil
}

// at is the URL of a bucket that is reached by an address.
func at(bucket, address string) string {
	q := url.Values{"endpoint": {"http://" + address}, "region": {Region}}
	return "s3://" + bucket + "?" + q.Encode()
}

// Require skips or fails the test where there is no server, as Location does.
func Require(t testing.TB) {
	t.Helper()
	need(t)
}

func need(t testing.TB) *server {
	t.Helper()
	s, err := shared()
	return here(t, s, err)
}

// here gives the server, if there is one.
func here(t testing.TB, s *server, err error) *server {
	t.Helper()
	switch {
	case err == nil:
		return s
	case errors.Is(err, errMissing) && os.Getenv("CI") != "true":
		t.Skipf("s3test: %v; install it with: %s", err, Remedy)
	default:
		t.Fatalf("s3test: %v; install it with: %s", err, Remedy)
	}
	return nil
}

// await waits until the server answers, with whatever status.
func (s *server) await(ctx context.Context) error {
	client := &http.Client{Transport: &http.Transport{DialContext: s.dial, DisableKeepAlives: true}}
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://s3/", http.NoBody)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err == nil {
			return resp.Body.Close()
		}
		if ctx.Err() != nil {
			return fmt.Errorf("versitygw does not start: %w%s", err, s.log())
		}
		time.Sleep(20 * time.Millisecond)
	}
}
