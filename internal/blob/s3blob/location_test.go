package s3blob_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kingsnake/internal/blob/s3blob"
)

func TestParseLocation(t *testing.T) {
	for _, c := range []struct {
		text string
		want s3blob.Location
	}{
		{"s3://conda", s3blob.Location{Bucket: "conda"}},
		{"s3://conda/", s3blob.Location{Bucket: "conda"}},
		{"s3://conda/a/b/?region=eu-west-1", s3blob.Location{Bucket: "conda", Prefix: "a/b/", Region: "eu-west-1"}},
		{"s3://conda?endpoint=http://127.0.0.1:9000/", s3blob.Location{Bucket: "conda", Endpoint: "http://127.0.0.1:9000", PathStyle: true}},
		{
			"s3://conda?endpoint=https://s3.internal&public_endpoint=https://s3.example.org&path_style=false",
			s3blob.Location{Bucket: "conda", Endpoint: "https://s3.internal", PublicEndpoint: "https://s3.example.org"},
		},
	} {
		got, err := s3blob.ParseLocation(c.text)
		if err != nil {
			t.Errorf("ParseLocation(%q): %v", c.text, err)
		} else if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("ParseLocation(%q) (-want +got):\n%s", c.text, diff)
		}
	}
}

func TestParseLocationRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                        "must begin with s3://",
		"conda":                                   "must begin with s3://",
		"https://s3.example.org/conda":            "must begin with s3://",
		"s3:///conda":                             "must begin with s3://",
		"s3://conda:9000":                         "must begin with s3://",
		"s3://AKIA:s3cret@conda":                  "must hold no credentials",
		"s3://conda?endpoint=s3.example.org":      "endpoint: write an http or https address",
		"s3://conda?endpoint=https://u:s3cret@h":  "endpoint: write an http or https address",
		"s3://conda?path_style=maybe":             "path_style",
		"s3://conda?secret=s3cret":                "secret: there is no such option",
		"s3://conda?region=a;b":                   "what follows the question mark",
		"s3://conda\x7f?secret=s3cret":            "cannot be read",
		"s3://conda?public_endpoint=ftp://s3.org": "public_endpoint: write an http or https address",
	} {
		_, err := s3blob.ParseLocation(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseLocation(%q) = %v, want it to say %q", text, err, want)
		} else if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("ParseLocation(%q) shows a secret: %v", text, err)
		}
	}
}
