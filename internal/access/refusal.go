package access

import (
	"fmt"
	"strings"
)

// refusal says why a gate refused, as a clause. It names what was needed and what was held, the caller's token and the
// caller itself, but no group and no role, so that it can be told to whoever presented the credential.
func (d *Decision) refusal(why Reason, g Gate) string {
	switch why {
	case ReasonProblem:
		return problemText(d.Problem)
	case ReasonNoScope:
		return "there is no such scope"
	case ReasonRole:
		return fmt.Sprintf("%s needs a role with %s on %q, and %s has %s",
			d.Scope, g.Needed, string(d.Scope.Info().Category), d.owner(), amount(g.Held))
	case ReasonAdminOnly:
		return fmt.Sprintf("%s is for administrators here", d.Scope)
	case ReasonWrongTarget:
		return d.wrongTarget()
	case ReasonNoChannel:
		return fmt.Sprintf("there is no %s that %s may see", d.Target.channelName(), d.owner())
	case ReasonLevel:
		return fmt.Sprintf("%s needs %s on %s, and %s holds %s there",
			d.Scope, g.Needed, d.Target.holder(d.Scope), d.owner(), amount(g.Held))
	case ReasonAccount:
		return "it is the account of somebody else"
	case ReasonGroup:
		return fmt.Sprintf("%s needs %s over the group itself, and %s holds %s", d.Scope, g.Needed, d.owner(), amount(g.Held))
	}
	return d.tokenRefusal(why, g)
}

// tokenRefusal does the same for the gates that only callers with a token pass.
func (d *Decision) tokenRefusal(why Reason, g Gate) string {
	if why == ReasonURLWrite {
		return "a credential in the URL only reads, and writes take it in a header"
	}
	k := d.caller.Token
	token := fmt.Sprintf("token %q", k.Name)
	r := &k.Restrictions
	switch why {
	case ReasonTokenKind:
		return fmt.Sprintf("%s is not of a kind that can be used here", token)
	case ReasonTokenScope:
		return fmt.Sprintf("%s does not hold the scope %s", token, d.Scope)
	case ReasonTokenResourceless:
		return fmt.Sprintf("%s is a resource token, and those never open %s", token, d.Scope)
	case ReasonTokenLevel:
		return fmt.Sprintf("%s needs %s on %s, and %s holds %s there", d.Scope, g.Needed, d.Target.name(), token, amount(g.Held))
	case ReasonTokenParent:
		return fmt.Sprintf("%s needs %s on the channel above %s too, and %s does not hold it", d.Scope, g.Needed, d.Target.name(), token)
	case ReasonTokenChild:
		return fmt.Sprintf("%s touches subchannels of %s, and %s does not reach all of them", d.Scope, d.Target.channelName(), token)
	case ReasonNotBefore:
		return fmt.Sprintf("%s works only from %s on", token, instant(r.NotBefore))
	case ReasonAddress:
		if !d.caller.Address.IsValid() {
			return fmt.Sprintf("%s works only from certain addresses, and the client's address is not known", token)
		}
		return fmt.Sprintf("%s does not work from the address %s", token, d.caller.Address.Unmap())
	case ReasonUses:
		return fmt.Sprintf("%s is used up: %d of %d uses", token, r.Uses, r.MaxUses)
	case ReasonChannelPattern:
		return fmt.Sprintf("%s works only for channels that match %s", token, list(r.Channels))
	case ReasonPackagePattern:
		return fmt.Sprintf("%s works only for packages that match %s", token, list(r.Packages))
	}
	return "it is refused"
}

func (d *Decision) wrongTarget() string {
	if other := d.Scope.For(d.Target.Channel); d.Target.onChannel() && other != d.Scope {
		return fmt.Sprintf("%s is not asked of a %s; %s is", d.Scope, kindWord(&d.Target), other)
	}
	return fmt.Sprintf("%s is not asked of %s but of: %s", d.Scope, d.Target.name(), d.Scope.Info().On)
}

func kindWord(t *Target) string {
	if t.Channel.ParentID != 0 {
		return "subchannel"
	}
	return "channel"
}

// holder names the channel on which the level is needed.
func (t *Target) holder(s Scope) string {
	if parent, _, isSub := strings.Cut(t.Channel.Path, "/"); isSub && s == SubchannelMirrorEdit {
		return "channel " + parent
	}
	return t.channelName()
}

// problemText says what is wrong with a credential, as a clause.
func problemText(p Problem) string {
	switch p {
	case ProblemUnknown:
		return "this server does not know the token: it may have been deleted, or belong to another server"
	case ProblemMalformed:
		return "the credential is not a token of this server: it is mistyped, cut off or belongs elsewhere"
	case ProblemMasked:
		return "the URL holds a masked token, as clients print them in logs, where the token itself has to stand"
	case ProblemExpired:
		return "the token has expired"
	case ProblemTooOld:
		return "the token's string is older than this site lets tokens get, although its own date is not past"
	case ProblemRevoked:
		return "the token has been revoked"
	case ProblemRotated:
		return "the token has been reissued, and this is its old string"
	case ProblemLeaked:
		return "the token was revoked because somebody found this string where it should not be; its owner can give it a new one"
	case ProblemDisabled:
		return "the account that the credential belongs to is disabled"
	case ProblemSession:
		return "the session is over"
	case ProblemPassword:
		return "the password is wrong, or only a token is taken here"
	}
	return "the credential is not accepted"
}
