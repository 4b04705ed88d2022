// The OpenID Connect provider that tests sign in at: oidc-provider with its
// own forms, and accounts that the test puts there.
//
// Usage: node provider.mjs '{"clientID": …, "clientSecret": …, "redirectURI": …}'
// It prints its issuer as one line, and ends when its standard input does.
import { createServer } from 'node:http';
import { generateKeyPairSync } from 'node:crypto';
import { Provider } from 'oidc-provider';

const { clientID, clientSecret, redirectURI } = JSON.parse(process.argv[2]);
const accounts = new Map();
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const key = { ...privateKey.export({ format: 'jwk' }), kid: 'test', use: 'sig', alg: 'RS256' };

const server = createServer((req, res) => {
  const control = req.url.match(/^\/control\/accounts\/(\w+)$/);
  if (!control || req.method !== 'PUT') return handle(req, res);
  let text = '';
  req.on('data', (part) => { text += part; });
  req.on('end', () => {
    accounts.set(control[1], JSON.parse(text));
    res.writeHead(204).end();
  });
  return undefined;
});
let handle;

server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: clientID, client_secret: clientSecret, redirect_uris: [redirectURI],
      grant_types: ['authorization_code'], response_types: ['code'],
    }],
    jwks: { keys: [key] },
    cookies: { keys: ['only for tests'] },
    claims: { openid: ['sub', 'groups'], profile: ['preferred_username', 'name'], email: ['email', 'email_verified'] },
    pkce: { required: () => true },
    ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, Interaction: 600, Grant: 600, Session: 600 },
    // Whatever is typed as the login is looked up; an unknown one has no claims but its name.
    findAccount: (_ctx, login) => ({
      accountId: login,
      claims: () => ({ sub: login, ...accounts.get(login) }),
    }),
  });
  handle = provider.callback();
  console.log(issuer);
});

process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
