package registry

import (
	"context"
	"fmt"
	"slices"
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
	for _, t := range olds {
		if err := s.mayReplace(ctx, caller, acc, t); err != nil {
			return Issued{}, err
		}
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

// mayReplace asks whether the caller may end a token after having made another one. What a token mints ends with it, so
// that none replaces itself or what it was minted by.
func (s *Tokens) mayReplace(ctx context.Context, caller *access.Caller, acc account, t Token) error {
	if err := s.mayRevoke(ctx, caller, acc, t); err != nil {
		return err
	}
	mine, err := s.mintedUnder(ctx, caller, t.ID)
	if err != nil || !mine {
		return err
	}
	return conflict("what token %s makes ends with it, so it cannot be replaced by that; reissue it instead: kingsnake token reissue %s", t.Name, t.PublicID)
}

// mintedUnder tells whether what the caller makes ends with a token: it is the caller's, or one that it was minted by.
func (s *Tokens) mintedUnder(ctx context.Context, caller *access.Caller, token int64) (bool, error) {
	if caller.Token == nil {
		return false, nil
	}
	if caller.Token.ID == token {
		return true, nil
	}
	above, err := s.tokens.TokenAncestors(ctx, caller.Token.ID)
	return slices.ContainsFunc(above, func(a Ancestor) bool { return a.TokenID == token }), err
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

// Home is the channel that a name stands for where tools take the names of accounts for those of channels: for the caller's
// own name the account's default channel, else the channel of that name. The default goes first, since anybody can
// create a channel named like somebody else.
func (s *Accounts) Home(ctx context.Context, caller *access.Caller, name string) (string, error) {
	if name != caller.Principal.Name || !caller.LoggedIn() {
		return name, nil
	}
	me, err := s.Me(ctx, caller)
	if err != nil || me.DefaultChannelPath == "" {
		return name, err
	}
	return me.DefaultChannelPath, nil
}
