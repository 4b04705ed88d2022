package s3blob

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Location says where the blobs are.
type Location struct {
	Bucket string
	// Prefix begins every key; it is empty or ends with a slash.
	Prefix string
	// Endpoint is the address of the service, and empty for Amazon's own.
	Endpoint string
	// PublicEndpoint is the address by which clients reach the service, where it is another than ours.
	PublicEndpoint string
	// Region is empty when the environment or the files of the credentials name it.
	Region string
	// PathStyle puts the bucket into the path of a request, and not into its host name.
	PathStyle bool
}

// Scheme begins the URL of a location.
const Scheme = "s3://"

// ParseLocation reads s3://bucket/prefix?endpoint=…&region=…&path_style=…&public_endpoint=…, of which only the bucket
// must be there. Credentials have no place in it, since it is shown and logged.
func ParseLocation(text string) (Location, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		// The error of the parser repeats the text, in which somebody may have put a secret after all.
		return Location{}, errors.New("the URL of the blobs cannot be read: write s3://bucket/prefix?endpoint=https://host&region=name")
	case u.Scheme != "s3" || u.Host == "" || u.Port() != "" || u.Fragment != "":
		return Location{}, errors.New("the URL of the blobs must begin with s3:// and the name of a bucket")
	case u.User != nil:
		return Location{}, errors.New("the URL of the blobs must hold no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or use a file of credentials")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Location{}, errors.New("the URL of the blobs: what follows the question mark cannot be read")
	}
	l := Location{Bucket: u.Host, Prefix: strings.Trim(u.Path, "/")}
	if l.Prefix != "" {
		l.Prefix += "/"
	}
	return l, l.options(query)
}

// options reads what follows the question mark.
func (l *Location) options(query url.Values) error {
	for name, values := range query {
		value := values[len(values)-1]
		var err error
		switch name {
		case "endpoint":
			l.Endpoint, err = endpoint(value)
		case "public_endpoint":
			l.PublicEndpoint, err = endpoint(value)
		case "region":
			l.Region = value
		case "path_style":
			l.PathStyle, err = strconv.ParseBool(value)
		default:
			err = errors.New("there is no such option; those known are endpoint, public_endpoint, region and path_style")
		}
		if err != nil {
			return fmt.Errorf("the URL of the blobs: %s: %w", name, err)
		}
	}
	if l.Endpoint != "" && !query.Has("path_style") {
		// Few services but Amazon's have a host name for each bucket.
		l.PathStyle = true
	}
	return nil
}

func endpoint(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("write an http or https address without user and query")
	}
	return strings.TrimRight(text, "/"), nil
}
