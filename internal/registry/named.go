package registry

import (
	"context"
	"fmt"
	"strings"

	"kingsnake/internal/access"
)

// maxListedNames bounds the tokens that a refusal lists. Names may repeat; some tools take them for unique.
const maxListedNames = 10

// namesakes are the tokens of an account with a name.
func (s *Tokens) namesakes(ctx context.Context, acc account, name string) ([]Token, error) {
	if strings.TrimSpace(name) == "" {
		return nil, invalid("name", "name the token")
	}
	list, _, err := s.tokens.ListTokens(ctx, TokenFilter{Owners: []int64{acc.id}, Query: name, Now: s.now()}, Page{Limit: maxPage})
	var out []Token
	for _, t := range list {
		if t.Name == name {
			out = append(out, t)
		}
	}
	return out, err
}

// CreateNamed makes a token of the caller's own account whose name no other one has, for tools that know tokens by their
// names. Where there is one, replace ends it.
func (s *Tokens) CreateNamed(ctx context.Context, caller *access.Caller, in TokenInput, replace bool) (Issued, error) {
	acc, err := s.account(ctx, caller, access.UserTokenEdit, "")
	if err != nil {
		return Issued{}, err
	}
	olds, err := s.namesakes(ctx, acc, in.Name)
	if err != nil {
		return Issued{}, err
	}
	if len(olds) > 0 && !replace {
		return Issued{}, &Error{Code: CodeConflict, Reason: reasonTokenExists, Message: fmt.Sprintf("you have a token called %s already; remove it first, or choose another name", in.Name)}
	}
	issued, err := s.createOf(ctx, caller, acc, in)
	if err != nil {
		return Issued{}, err
	}
	for _, t := range olds {
		if err := s.deleteOf(ctx, caller, acc, t.PublicID); err != nil {
			return issued, err
		}
	}
	return issued, nil
}

// reasonTokenExists is the reason of a refusal to make a second token of a name.
const reasonTokenExists = "token_exists"

// DeleteNamed ends the one token of the caller's own account with a name.
func (s *Tokens) DeleteNamed(ctx context.Context, caller *access.Caller, name string) error {
	acc, err := s.account(ctx, caller, access.UserTokenEdit, "")
	if err != nil {
		return err
	}
	olds, err := s.namesakes(ctx, acc, name)
	switch {
	case err != nil:
		return err
	case len(olds) == 0:
		return notFound("you have no token called %s", clip(name, maxTokenName))
	case len(olds) > 1:
		ids := make([]string, 0, maxListedNames)
		for _, t := range olds[:min(len(olds), maxListedNames)] {
			ids = append(ids, t.PublicID)
		}
		return conflict("several tokens of yours are called %s; remove the right one by its id: kingsnake token delete %s", clip(name, maxTokenName), strings.Join(ids, ", "))
	}
	return s.deleteOf(ctx, caller, acc, olds[0].PublicID)
}

// Home is the channel that a name stands for where tools take the names of accounts for those of channels: the channel of
// that name where the caller may know of it, else, for the caller's own name, the account's default channel.
func (s *Accounts) Home(ctx context.Context, caller *access.Caller, name string) (string, error) {
	if name != caller.Principal.Name || !caller.LoggedIn() {
		return name, nil
	}
	c, err := s.tokens.lookup.find(ctx, name)
	if err != nil || access.MayRead(caller, access.OnChannel(c.Access())) {
		return name, err
	}
	me, err := s.Me(ctx, caller)
	if err != nil || me.DefaultChannelPath == "" {
		return name, err
	}
	return me.DefaultChannelPath, nil
}
