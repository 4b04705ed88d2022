package server_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"kingsnake/api"
	"kingsnake/client"
	"kingsnake/conda/random"
	"kingsnake/internal/servertest"
)

// TestReachOverHTTP makes a few random sites by the API, and compares what the list of who can reach a channel says with
// what the server answers to everybody's requests.
func TestReachOverHTTP(t *testing.T) {
	sites := 4
	if raced {
		sites = 1
	}
	for seed := range sites {
		t.Run(strconv.Itoa(seed), func(t *testing.T) {
			s := newReachSite(t, uint64(seed))
			n := s.compare(t)
			t.Logf("%d channels, %d credentials, %d requests, %d of them served", len(s.channels), len(s.credentials), n.asked, n.served)
			if n.served == 0 || n.served == n.asked {
				t.Error("all answers were the same: the site proves nothing")
			}
		})
	}
}

// credential is a session or a token, by the key that the list has for it.
type credential struct{ key, text string }

// reachSite is a site whose channels random accounts and tokens can reach.
type reachSite struct {
	*servertest.Site
	rng         *rand.Rand
	channels    []string
	credentials []credential
	users       []string
	clients     map[string]*client.Client
	data        []byte
	file        string
}

func newReachSite(t *testing.T, seed uint64) *reachSite {
	t.Helper()
	s := &reachSite{Site: servertest.Open(t, inMemory(t)), rng: rand.New(rand.NewPCG(seed, 7)), clients: map[string]*client.Client{"admin": nil}}
	data, info := servertest.Package(seed, random.Options{Name: "alpha", NoArch: "generic"})
	s.data, s.file = data, info.Filename
	s.signIn(t, "admin", servertest.AdminPassword)
	for i, roles := range [][]string{{"author"}, {"author"}, {"author", "admin"}, {}} {
		name := "user" + strconv.Itoa(i)
		if _, err := s.Admin.CreateUser(t.Context(), api.UserCreate{Username: name, Password: servertest.UserPassword, Roles: roles}); err != nil {
			t.Fatal(err)
		}
		s.signIn(t, name, servertest.UserPassword)
	}
	s.makeChannels(t)
	s.makeGroups(t)
	for i := range 12 {
		s.makeToken(t, i)
	}
	if _, err := s.Admin.UpdateUser(t.Context(), s.users[1+s.rng.IntN(2)], api.UserUpdate{Disabled: new(true)}); err != nil {
		t.Fatal(err)
	}
	s.Clock.Advance(2 * time.Hour) // Some tokens end within the first.
	return s
}

// signIn adds an account with a session.
func (s *reachSite) signIn(t *testing.T, name, password string) {
	t.Helper()
	in, err := s.Anonymous().Login(t.Context(), name, password)
	if err != nil {
		t.Fatal(err)
	}
	s.clients[name] = s.Anonymous().As(client.Session(in.Token))
	me, err := s.clients[name].Account(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.users = append(s.users, name)
	s.credentials = append(s.credentials, credential{"user " + me.UserID, in.Token})
}

func oneOf[T any](s *reachSite, list ...T) T { return list[s.rng.IntN(len(list))] }

// makeChannels makes two channels, a subchannel and a virtual channel, each of a random privacy; the first two hold a package.
func (s *reachSite) makeChannels(t *testing.T) {
	t.Helper()
	privacy := func() api.Privacy {
		return oneOf(s, api.PrivacyPrivate, api.PrivacyPrivate, api.PrivacyAuthenticated, api.PrivacyPublic)
	}
	for i, owner := range []string{"user0", "user1"} {
		name := "c" + strconv.Itoa(i)
		s.Channel(s.clients[owner], name, privacy())
		s.Upload(s.clients[owner], name, s.data, s.file)
		s.channels = append(s.channels, name)
	}
	if _, err := s.clients["user0"].CreateSubchannel(t.Context(), "c0", api.ChannelCreate{Name: "part", Privacy: privacy()}); err != nil {
		t.Fatal(err)
	}
	_, err := s.Admin.CreateChannel(t.Context(), api.ChannelCreate{
		Name: "all", Privacy: privacy(), ChannelType: api.ChannelTypeVirtual, Sources: []api.ChannelSource{{Name: "c0"}, {Name: "c1"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.channels = append(s.channels, "c0/part", "all")
}

func (s *reachSite) makeGroups(t *testing.T) {
	t.Helper()
	for i := range 2 {
		name := "group" + strconv.Itoa(i)
		if _, err := s.Admin.CreateGroup(t.Context(), api.GroupRequest{Name: name}); err != nil {
			t.Fatal(err)
		}
		for _, u := range s.users[1:] {
			if s.rng.IntN(3) == 0 {
				if _, err := s.Admin.SetGroupMember(t.Context(), name, u, api.LevelRead); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, c := range s.channels {
			if s.rng.IntN(2) == 0 {
				if err := s.Admin.AddChannelGroup(t.Context(), c, name, oneOf(s, api.LevelRead, api.LevelWrite, api.LevelManage)); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// makeToken makes a random token of a random account, by another token now and then. What the account may not grant is
// given up.
func (s *reachSite) makeToken(t *testing.T, i int) {
	t.Helper()
	name := oneOf(s, s.users...)
	c, in := s.clients[name], api.TokenCreate{Name: fmt.Sprintf("token%d", i)}
	if s.rng.IntN(2) == 0 {
		in.Scopes = []string{"channel:view"}
		for _, scope := range []string{
			"channel:view-artifacts", "subchannel:view-artifacts", "artifact:create", "artifact:download", "channel:edit", "subchannel:edit", "user.token:edit",
		} {
			if s.rng.IntN(2) == 0 {
				in.Scopes = append(in.Scopes, scope)
			}
		}
	} else {
		for _, ch := range s.channels {
			if s.rng.IntN(2) == 0 {
				kind := api.ResourceTypeChannel
				if strings.Contains(ch, "/") {
					kind = api.ResourceTypeSubchannel
				}
				in.Resources = append(in.Resources, api.TokenResource{ResourceType: kind, ResourceID: ch, Permission: oneOf(s, api.LevelRead, api.LevelWrite)})
			}
		}
	}
	switch s.rng.IntN(5) {
	case 0:
		in.Restrictions = &api.TokenRestrictions{Channels: []string{oneOf(s, "c*", "c0/*", "all")}}
	case 1:
		in.ExpiresAt = s.Clock.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	case 2:
		in.Restrictions = &api.TokenRestrictions{AllowedCIDRs: []string{"127.0.0.0/8"}, NotBefore: s.Clock.Now().Add(s.later()).UTC().Format(time.RFC3339)}
	}
	made, err := c.CreateToken(t.Context(), in)
	if err != nil {
		return
	}
	s.credentials = append(s.credentials, credential{"token " + made.ID, made.Secret})
	if !slices.Contains(in.Scopes, "user.token:edit") {
		return
	}
	child, err := s.Token(made.Secret).CreateToken(context.WithoutCancel(t.Context()), api.TokenCreate{Name: in.Name + "-child", Scopes: in.Scopes[:len(in.Scopes)-1]})
	if err == nil {
		s.credentials = append(s.credentials, credential{"token " + child.ID, child.Secret})
	}
}

// later is a time before or after the one to which the clock is moved.
func (s *reachSite) later() time.Duration { return oneOf(s, time.Hour, 3*time.Hour) }

// reachAsked counts requests.
type reachAsked struct{ asked, served int }

// compare sends, with every credential and without any, a request of each level to each channel.
func (s *reachSite) compare(t *testing.T) (n reachAsked) {
	t.Helper()
	for _, ch := range s.channels {
		listed := map[string]api.ChannelAccess{}
		opts := client.AccessOptions{ListOptions: client.ListOptions{Limit: 1000}, Open: true}
		list, err := s.Admin.ChannelAccess(t.Context(), ch, opts)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list.Items {
			listed[strings.TrimSpace(string(r.Kind)+" "+r.ID)] = r
		}
		if len(listed) != int(list.TotalCount) {
			t.Errorf("%s: %d different lines, and a total of %d", ch, len(listed), list.TotalCount)
		}
		at := place{ch, "/api/channels/" + strings.Replace(ch, "/", "/subchannels/", 1)}
		for _, c := range append(s.credentials, credential{"everybody", ""}) {
			for scope, ask := range s.requests(at) {
				may := slices.Contains(listed[c.key].Scopes, scope)
				if scope == "channel:view-artifacts" || scope == "subchannel:view-artifacts" {
					// What everybody may read is read whatever comes with the request.
					may = may || slices.Contains(listed["everybody"].Scopes, scope)
				}
				if c.text != "" {
					ask = ask.xAuth(c.text)
				}
				n.asked++
				a := ask.do(t, s.Site)
				served := a.status < http.StatusBadRequest
				if served {
					n.served++
				}
				if served != may {
					t.Errorf("%s on %s: %s %s = %d %s, and the list says %v: %+v", c.key, ch, ask.method, ask.path, a.status, a.body, may, listed[c.key])
				}
			}
		}
	}
	return n
}

// requests are one for each level, by the scope that it asks.
func (s *reachSite) requests(at place) map[string]call {
	view, edit := "channel:view-artifacts", "channel:edit"
	if at.path == "c0/part" {
		view, edit = "subchannel:view-artifacts", "subchannel:edit"
	}
	return map[string]call{
		view:              get("/" + at.path + "/noarch/repodata.json"),
		"artifact:create": {method: http.MethodPut, path: "/" + at.path + "/noarch/" + s.file, body: s.data},
		edit:              {method: http.MethodPut, path: at.rest, body: api.ChannelUpdate{Description: new("changed")}},
	}
}

// TestReachKeepsBack: from where a token was last used is told to its owner and to administrators only, and so are the
// groups of a channel above to who may see them. When it was used on this very channel, whoever manages that learns.
func TestReachKeepsBack(t *testing.T) {
	site := servertest.Open(t, inMemory(t))
	ada, bob := site.User("ada"), site.User("bob")
	site.Channel(ada, "team", api.PrivacyPrivate)
	if _, err := ada.CreateSubchannel(t.Context(), "team", api.ChannelCreate{Name: "part"}); err != nil {
		t.Fatal(err)
	}
	if _, err := ada.CreateGroup(t.Context(), api.GroupRequest{Name: "parters"}); err != nil {
		t.Fatal(err)
	}
	if _, err := ada.SetGroupMember(t.Context(), "parters", "bob", api.LevelRead); err != nil {
		t.Fatal(err)
	}
	if err := ada.AddChannelGroup(t.Context(), "team/part", "parters", api.LevelManage); err != nil {
		t.Fatal(err)
	}
	token := site.ScopeToken(ada, "subchannel:view-artifacts", "channel:view", "channel:view-artifacts")
	get("/team/noarch/repodata.json").xAuth(token.Secret).do(t, site).ok(t, "read the channel above")
	line := func(c *client.Client, kind api.AccessKind, name string) api.ChannelAccess {
		t.Helper()
		list, err := c.ChannelAccess(t.Context(), "team/part", client.AccessOptions{Kinds: []api.AccessKind{kind}, ListOptions: client.ListOptions{Query: name}})
		if err != nil || len(list.Items) != 1 {
			t.Fatalf("%s: %+v, %v, want one line", name, list, err)
		}
		return list.Items[0]
	}
	// Counts are written in the background, too.
	counted := func(seen func(api.ChannelAccess) bool) {
		t.Helper()
		for deadline := time.Now().Add(time.Minute); !seen(line(bob, api.AccessOfToken, "scopes")); time.Sleep(10 * time.Millisecond) {
			if err := site.Server.Site().Service.Usage.Flush(t.Context()); err != nil || time.Now().After(deadline) {
				t.Fatalf("the use was not counted: %v", err)
			}
		}
	}
	counted(func(r api.ChannelAccess) bool { return r.LastUsed != nil })
	for who, c := range map[string]*client.Client{"ada": ada, "bob": bob, "admin": site.Admin} {
		of := line(c, api.AccessOfToken, "scopes")
		if of.LastUsed == nil || (of.LastUsed.Address == "127.0.0.1") != (who != "bob") || (of.LastUsed.Client != "") != (who != "bob") {
			t.Errorf("%s sees the last use %+v", who, of.LastUsed)
		}
		if of.LastUsedHere != nil {
			t.Errorf("%s sees a use %+v of a channel where the token was not used", who, of.LastUsedHere)
		}
		p := line(c, api.AccessUser, "ada").Paths[0]
		if p.Via != "parent" || (p.Name == "team_owners") != (who != "bob") {
			t.Errorf("%s sees the path %+v", who, p)
		}
	}
	get("/team/part/noarch/repodata.json").xAuth(token.Secret).do(t, site).ok(t, "read the subchannel")
	counted(func(r api.ChannelAccess) bool { return r.LastUsedHere != nil })
	if here := line(bob, api.AccessOfToken, "scopes").LastUsedHere; here == nil || here.Uses != 1 {
		t.Errorf("uses here = %+v, want one", here)
	}
	if _, err := bob.ChannelAccess(t.Context(), "team", client.AccessOptions{}); client.CodeOf(err) != api.CodeNotFound {
		t.Errorf("bob on the channel above: %v, want %s", err, api.CodeNotFound)
	}
}
