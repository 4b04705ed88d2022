package server_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/oidctest"
	"kingsnake/internal/pyoracle"
	"kingsnake/internal/servertest"
)

// trusting is a site with a channel that trusts one job.
type trusting struct {
	*servertest.Site
	issuer *oidctest.Issuer
	rule   api.TrustRule
}

// theJob is what the issuer says of the job that the channel trusts.
func (s *trusting) theJob() oidctest.Claims {
	return oidctest.Claims{
		"aud": "127.0.0.1", "sub": "repo:team/tools:environment:release", "jti": s.Clock.Now().String(), "repository": "team/tools", "repository_id": "rid-expected",
		"environment": "release", "run_attempt": 1,
	}
}

// otherwise is an assertion with the same signature in other letters: the last one has bits that count for nothing.
func otherwise(t *testing.T, assertion string) string {
	t.Helper()
	head, signature := assertion[:strings.LastIndexByte(assertion, '.')+1], assertion[strings.LastIndexByte(assertion, '.')+1:]
	want, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil {
		t.Fatal(err)
	}
	for _, letter := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" {
		other := signature[:len(signature)-1] + string(letter)
		if got, err := base64.RawURLEncoding.DecodeString(other); err == nil && bytes.Equal(got, want) && other != signature {
			return head + other
		}
	}
	t.Fatal("the signature can be written in one way only")
	return ""
}

func newTrusting(t *testing.T, change func(*api.TrustRuleWrite)) *trusting {
	t.Helper()
	i := oidctest.NewIssuer(t)
	s := &trusting{Site: servertest.Open(t, inMemory(t), signsInAt(i)), issuer: i}
	i.Now = s.Clock.Now
	s.Channel(s.Admin, "team", api.PrivacyPrivate)
	s.rule = s.trust(t, "team", change)
	return s
}

// trust makes a rule of a channel about the job.
func (s *trusting) trust(t *testing.T, channel string, change func(*api.TrustRuleWrite)) api.TrustRule {
	t.Helper()
	in := api.TrustRuleWrite{
		Issuer: s.issuer.URL, Claims: map[string]string{"repository_id": "rid-expected", "environment": "release", "run_attempt": "1"}, Permission: api.LevelWrite,
	}
	if change != nil {
		change(&in)
	}
	r, err := s.Admin.CreateTrustRule(t.Context(), channel, in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func mint(assertion string) call {
	return call{method: http.MethodPost, path: "/api/oidc/mint_token", body: api.MintRequest{Token: assertion}}
}

// token mints a token for the job.
func (s *trusting) token(t *testing.T) string {
	t.Helper()
	a := mint(s.issuer.Sign(s.theJob())).do(t, s.Site).ok(t, "mint")
	token := string(a.body)
	if !strings.HasPrefix(token, "ks-o-") || a.header.Get("Content-Type") != "text/plain; charset=utf-8" || a.header.Get("Cache-Control") != "private, no-store" {
		t.Fatalf("minted %q, %v", token, a.header)
	}
	return token
}

// uploads tells whether a token may put a package of a name into a channel.
func (s *trusting) uploads(t *testing.T, token, channel, name string) bool {
	t.Helper()
	data, info := servertest.Package(uint64(s.Clock.Now().UnixNano()), random.Options{Name: name, NoArch: "generic"})
	_, err := s.Token(token).Upload(t.Context(), channel, client.Upload{Filename: info.Filename, Content: bytes.NewReader(data), Size: int64(len(data))})
	if err != nil && !slices.Contains([]int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound}, client.StatusOf(err)) {
		t.Fatalf("upload: %v", err)
	}
	return err == nil
}

// TestMint: a trusted job gets a token that publishes to the channel, for a few minutes, and nothing else.
func TestMint(t *testing.T) {
	s := newTrusting(t, nil)
	s.Channel(s.Admin, "other", api.PrivacyPrivate)
	token := s.token(t)
	if !s.uploads(t, token, "team", "tool") || s.uploads(t, token, "other", "tool") {
		t.Error("the token does not publish to the channel, or does to another one")
	}
	if _, err := s.Token(token).Channels(t.Context(), client.ChannelFilter{}); err != nil {
		t.Errorf("list channels: %v", err)
	}
	for _, c := range []call{
		{method: http.MethodPut, path: "/api/channels/team", body: api.ChannelUpdate{Description: new("x")}},
		{method: http.MethodPost, path: "/api/account/tokens", body: api.TokenCreate{Name: "x", Scopes: []string{"channel:view"}}},
		get("/api/channels/team/trust"),
	} {
		if a := c.xAuth(token).do(t, s.Site); a.status != http.StatusForbidden {
			t.Errorf("%s %s: status %d, want 403", c.method, c.path, a.status)
		}
	}
	if r, err := s.Admin.TrustRule(t.Context(), "team", s.rule.ID); err != nil || r.Uses != 1 || r.LastUsedAt == nil {
		t.Errorf("the rule was used %d times, last at %v (%v)", r.Uses, r.LastUsedAt, err)
	}
	s.Clock.Advance(14 * time.Minute)
	if !s.uploads(t, token, "team", "tool") {
		t.Error("the token has ended before its 15 minutes")
	}
	s.Clock.Advance(2 * time.Minute)
	if s.uploads(t, token, "team", "tool") {
		t.Error("the token publishes after its 15 minutes")
	}
	if err := s.Admin.DeleteTrustRule(t.Context(), "team", s.rule.ID); err != nil {
		t.Fatal(err)
	}
	mint(s.issuer.Sign(s.theJob())).do(t, s.Site).refused(t, "without the rule", http.StatusUnauthorized, api.CodeAssertionUntrusted)
}

// TestMintRefusals: whatever is wrong with an assertion, it is refused with the reason, and without a word of what the
// rule wants.
func TestMintRefusals(t *testing.T) {
	s := newTrusting(t, nil)
	other := oidctest.NewIssuer(t)
	now := s.Clock.Now()
	set := func(name string, value any) string {
		c := s.theJob()
		c[name] = value
		return s.issuer.Sign(c)
	}
	used := s.issuer.SignES(s.theJob())
	mint(used).do(t, s.Site).ok(t, "the first time")
	nameless := s.theJob()
	nameless["jti"] = nil
	hashed := s.issuer.Sign(nameless)
	mint(hashed).do(t, s.Site).ok(t, "without a jti")
	for name, tc := range map[string]struct {
		assertion string
		code      api.Code
		want      string
	}{
		"again":                 {used, api.CodeAssertionReplayed, "used before"},
		"again without a jti":   {hashed, api.CodeAssertionReplayed, "used before"},
		"written otherwise":     {otherwise(t, hashed), api.CodeAssertionReplayed, "used before"},
		"another repository":    {set("repository_id", "rid-other"), api.CodeAssertionUntrusted, "repository_id is rid-other"},
		"another environment":   {set("environment", "test"), api.CodeAssertionUntrusted, "environment is test"},
		"no environment":        {set("environment", nil), api.CodeAssertionUntrusted, "environment is missing"},
		"a list":                {set("environment", []string{"release"}), api.CodeAssertionUntrusted, "environment is missing"},
		"expired":               {set("exp", now.Add(-2*time.Minute).Unix()), api.CodeAssertionInvalid, "(exp)"},
		"without an end":        {set("exp", nil), api.CodeAssertionInvalid, "(exp)"},
		"for ever":              {set("exp", now.Add(48*time.Hour).Unix()), api.CodeAssertionInvalid, "(exp)"},
		"not yet good":          {set("nbf", now.Add(2*time.Minute).Unix()), api.CodeAssertionInvalid, "(nbf)"},
		"from the future":       {set("iat", now.Add(2*time.Minute).Unix()), api.CodeAssertionInvalid, "(iat)"},
		"for another site":      {set("aud", "evil.test"), api.CodeAssertionInvalid, "(aud)"},
		"for two sites":         {set("aud", []string{"127.0.0.1", "evil.test"}), api.CodeAssertionInvalid, "(aud)"},
		"for nobody":            {set("aud", nil), api.CodeAssertionInvalid, "(aud)"},
		"of another issuer":     {other.Sign(s.theJob()), api.CodeAssertionInvalid, "(iss)"},
		"in another's name":     {other.Sign(withClaim(s.theJob(), "iss", s.issuer.URL)), api.CodeAssertionInvalid, "not signed by a key"},
		"signed with no key":    {s.issuer.Unsigned(s.theJob()), api.CodeAssertionInvalid, "not signed by a key"},
		"signed with any key":   {s.issuer.Forge(s.theJob()), api.CodeAssertionInvalid, "not signed by a key"},
		"something else":        {"ks-r-notatoken", api.CodeAssertionInvalid, "signed JWT"},
		"a session of the site": {(&stage{Site: s.Site}).session(t, "admin"), api.CodeAssertionInvalid, "(iss)"},
	} {
		p := mint(tc.assertion).do(t, s.Site).refused(t, name, http.StatusUnauthorized, tc.code)
		if !strings.Contains(p.Message, tc.want) || strings.Contains(p.Message, "rid-expected") {
			t.Errorf("%s: %q, want it to say %q and not what the rule wants", name, p.Message, tc.want)
		}
		if strings.Contains(s.Log.String(), tc.assertion) {
			t.Errorf("%s: the log holds the assertion", name)
		}
	}
}

func withClaim(c oidctest.Claims, name string, value any) oidctest.Claims {
	c = maps.Clone(c)
	c[name] = value
	return c
}

// TestTrustRulesChecked: a rule by which somebody else could come to be trusted is refused, and one that gives too much.
func TestTrustRulesChecked(t *testing.T) {
	s := newTrusting(t, nil)
	for name, tc := range map[string]struct {
		change func(*api.TrustRuleWrite)
		status int
		want   string
	}{
		"a name":               {func(r *api.TrustRuleWrite) { r.Claims = map[string]string{"repository": "team/tools"} }, 422, "repository_id"},
		"a workflow":           {func(r *api.TrustRuleWrite) { r.Claims = map[string]string{"job_workflow_ref": "team/tools/x@main"} }, 422, "repository_id"},
		"a project's path":     {func(r *api.TrustRuleWrite) { r.Claims = map[string]string{"project_path": "team/tools"} }, 422, "project_id"},
		"no claims":            {func(r *api.TrustRuleWrite) { r.Claims = map[string]string{} }, 422, "between 1 and 20"},
		"an empty claim":       {func(r *api.TrustRuleWrite) { r.Claims["environment"] = "" }, 422, "empty"},
		"the audience":         {func(r *api.TrustRuleWrite) { r.Claims["aud"] = "x" }, 422, "judged in any case"},
		"an unknown issuer":    {func(r *api.TrustRuleWrite) { r.Issuer = "https://evil.test" }, 422, "none of the issuers"},
		"manage":               {func(r *api.TrustRuleWrite) { r.Permission = api.LevelManage }, 403, "at most write"},
		"an unknown level":     {func(r *api.TrustRuleWrite) { r.Permission = "admin" }, 422, "neither read nor write"},
		"61 minutes":           {func(r *api.TrustRuleWrite) { r.Minutes = 61 }, 422, "between 1 and 60"},
		"negative minutes":     {func(r *api.TrustRuleWrite) { r.Minutes = -1 }, 422, "between 1 and 60"},
		"a pattern with slash": {func(r *api.TrustRuleWrite) { r.Packages = []string{"a/b"} }, 422, "no pattern"},
	} {
		in := api.TrustRuleWrite{Issuer: s.issuer.URL, Claims: map[string]string{"repository_id": "rid-expected", "environment": "x"}, Permission: api.LevelWrite}
		tc.change(&in)
		for what, err := range map[string]error{
			"create": second(s.Admin.CreateTrustRule(t.Context(), "team", in)), "edit": second(s.Admin.ReplaceTrustRule(t.Context(), "team", s.rule.ID, in)),
		} {
			if client.StatusOf(err) != tc.status || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%s with %s: %v, want %d and %q", what, name, err, tc.status, tc.want)
			}
		}
	}
	owner := api.TrustRuleWrite{Issuer: s.issuer.URL, Claims: map[string]string{"repository_owner_id": "7", "repository": "team/tools"}, Permission: api.LevelRead, Minutes: 60}
	if r, err := s.Admin.ReplaceTrustRule(t.Context(), "team", s.rule.ID, owner); err != nil || r.ID != s.rule.ID || r.Minutes != 60 {
		t.Errorf("an owner's id with a name: %+v, %v", r, err)
	}
	list, err := s.Admin.TrustRules(t.Context(), "team", client.ListOptions{})
	if err != nil || list.TotalCount != 1 || len(list.Items) != 1 || list.Items[0].Claims["repository_owner_id"] != "7" {
		t.Errorf("the rules are %+v, %v", list, err)
	}
}

func second[T any](_ T, err error) error { return err }

// TestTrustPackages: a rule for some packages gives a token for these only.
func TestTrustPackages(t *testing.T) {
	s := newTrusting(t, func(r *api.TrustRuleWrite) { r.Packages = []string{"team-*"} })
	token := s.token(t)
	if !s.uploads(t, token, "team", "team-tool") || s.uploads(t, token, "team", "numpy") {
		t.Error("the token is not for the rule's packages, or for others too")
	}
	s.Clock.Advance(time.Second)
	s.trust(t, "team", func(r *api.TrustRuleWrite) { r.Packages = []string{"num*"}; r.Minutes = 5 })
	both := s.token(t)
	if !s.uploads(t, both, "team", "team-tool") || !s.uploads(t, both, "team", "numpy") || s.uploads(t, both, "team", "scipy") {
		t.Error("the token of two rules is not for the packages of both and no others")
	}
	s.Clock.Advance(6 * time.Minute)
	if s.uploads(t, both, "team", "team-tool") {
		t.Error("the token of two rules lives longer than the shorter of them says")
	}
}

// TestTrustChannels: where several channels trust a job its token is for all of them; what one token cannot hold is
// refused, and each channel alone can be asked for.
func TestTrustChannels(t *testing.T) {
	s := newTrusting(t, nil)
	s.Channel(s.Admin, "more", api.PrivacyPrivate)
	rule := s.trust(t, "more", func(r *api.TrustRuleWrite) { r.Minutes = 5 })
	token := s.token(t)
	if !s.uploads(t, token, "team", "tool") || !s.uploads(t, token, "more", "tool") {
		t.Error("the token is not for both channels")
	}
	s.Clock.Advance(6 * time.Minute)
	if s.uploads(t, token, "team", "tool") || s.uploads(t, token, "more", "tool") {
		t.Error("the token lives longer than the shorter rule says")
	}
	if _, err := s.Admin.ReplaceTrustRule(t.Context(), "more", rule.ID, api.TrustRuleWrite{
		Issuer: s.issuer.URL, Claims: rule.Claims, Permission: api.LevelWrite, Packages: []string{"x"},
	}); err != nil {
		t.Fatal(err)
	}
	a := mint(s.issuer.Sign(s.theJob())).do(t, s.Site)
	if p := a.problem(t, "different packages", api.CodeInvalid); !strings.Contains(p.Message, "name the channel") {
		t.Errorf("different packages: %q", p.Message)
	}
	one := mint("")
	one.body = api.MintRequest{Token: s.issuer.Sign(s.theJob()), Channel: "more"}
	narrow := string(one.do(t, s.Site).ok(t, "one channel").body)
	if !s.uploads(t, narrow, "more", "x") || s.uploads(t, narrow, "more", "y") || s.uploads(t, narrow, "team", "x") {
		t.Error("the token for one channel is not for that channel and its packages alone")
	}
}

// TestTrustedJobsHaveNoMore: what the service account loses, the jobs lose with the next request.
func TestTrustedJobsHaveNoMore(t *testing.T) {
	s := newTrusting(t, nil)
	token := s.token(t)
	if !s.uploads(t, token, "team", "tool") {
		t.Fatal("the token does not publish")
	}
	groups, err := s.Admin.ChannelGroups(t.Context(), "team", client.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(groups.Items, func(g api.ChannelGroup) bool { return g.Name == "service-account-channel-team" })
	if i < 0 {
		t.Fatalf("the groups of the channel are %+v, want the service account's among them", groups.Items)
	}
	if err := s.Admin.RemoveChannelGroup(t.Context(), "team", groups.Items[i].GroupID); err != nil {
		t.Fatal(err)
	}
	if s.uploads(t, token, "team", "tool") {
		t.Error("the token publishes although the service account may not any more")
	}
}

// TestPublishWithRattlerBuild publishes as an unmodified client does in a job: it asks the CI system for an assertion and
// the server for a token.
func TestPublishWithRattlerBuild(t *testing.T) {
	python := pyoracle.Python(t)
	s := newTrusting(t, nil)
	s.issuer.Job = s.theJob()
	dir := t.TempDir()
	data, info := servertest.Package(77, random.Options{Name: "tool", NoArch: "generic"})
	file := filepath.Join(dir, info.Filename)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"GITHUB_ACTIONS": "true", "ACTIONS_ID_TOKEN_REQUEST_URL": s.issuer.URL + "/job?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": oidctest.JobToken,
		"HOME": dir, "RATTLER_AUTH_FILE": filepath.Join(dir, "none.json"),
	} {
		t.Setenv(name, value)
	}
	if err := os.WriteFile(filepath.Join(dir, "none.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	args, err := json.Marshal([]string{file, s.URL})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("with %s", python)
	pyoracle.Run(t, `
import json, sys
from rattler_build.upload import upload_package_to_prefix
file, url = json.load(sys.stdin)
upload_package_to_prefix([file], url, "team")
`, args)
	files, err := s.Admin.Artifacts(t.Context(), "team", client.ArtifactFilter{})
	if err != nil || len(files.Items) != 1 || files.Items[0].Name != "tool" {
		t.Errorf("the channel holds %+v (%v), want the package", files.Items, err)
	}
	if asked := s.issuer.Audiences(); len(asked) == 0 {
		t.Error("the client has not asked the issuer")
	} else {
		t.Logf("the client asked for assertions for %q", asked)
	}
}
