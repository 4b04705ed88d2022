-- +goose Up

-- Whom a channel trusts to publish: jobs of which an issuer says certain things get tokens of the channel's service account.
CREATE TABLE trust_rules (
    id {{.ID}},
    public_id TEXT NOT NULL UNIQUE,
    channel_id BIGINT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    issuer TEXT NOT NULL,
    claims TEXT NOT NULL,
    level TEXT NOT NULL,
    packages TEXT NOT NULL DEFAULT '[]',
    minutes BIGINT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL DEFAULT 0,
    uses BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX trust_rules_channel ON trust_rules (channel_id, id);
CREATE INDEX trust_rules_issuer ON trust_rules (issuer);

-- Tokens that jobs got. They are forgotten some time after their end, since there is one for each job.
CREATE TABLE minted_tokens (
    token_id BIGINT NOT NULL PRIMARY KEY REFERENCES tokens (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL
);
CREATE INDEX minted_tokens_expires ON minted_tokens (expires_at);

-- +goose Down
DROP TABLE minted_tokens;
DROP TABLE trust_rules;
