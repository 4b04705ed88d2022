-- +goose Up

-- Each row of the audit bears the hash of the row before it and its own. The program numbers the rows, without gaps; the
-- rows that are there already are hashed when the program first opens the database.
ALTER TABLE audit RENAME TO audit_before;

CREATE TABLE audit (
    id {{.Key}},
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    outcome TEXT NOT NULL,
    principal_id BIGINT NOT NULL,
    principal TEXT NOT NULL,
    -- How the principal came in.
    via TEXT NOT NULL,
    token_id TEXT NOT NULL,
    -- The account to which it was done, 0 for none.
    subject_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    target TEXT NOT NULL,
    scope TEXT NOT NULL,
    reason TEXT NOT NULL,
    address TEXT NOT NULL,
    client TEXT NOT NULL,
    request_id TEXT NOT NULL,
    data TEXT NOT NULL,
    -- The form in which the row was hashed.
    format BIGINT NOT NULL,
    prev {{.Blob}} NOT NULL,
    hash {{.Blob}} NOT NULL
);

INSERT INTO audit (id, at, event, outcome, principal_id, principal, via, token_id, subject_id, channel_id, target, scope, reason, address, client,
    request_id, data, format, prev, hash)
SELECT ROW_NUMBER() OVER (ORDER BY id), at, event, outcome, principal_id, principal, '', token_id, 0, channel_id, target, scope, reason, address, client,
    request_id, data, 0, '', '' FROM audit_before;

DROP TABLE audit_before;

CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_channel ON audit (channel_id, id);
CREATE INDEX audit_principal ON audit (principal_id, id);
CREATE INDEX audit_subject ON audit (subject_id, id) WHERE subject_id <> 0;
CREATE INDEX audit_token ON audit (token_id, id) WHERE token_id <> '';

-- Where the chain ends: one row, which every writer locks as the last thing it does. The rows up to old were there before
-- rows were hashed.
CREATE TABLE audit_chain (
    id BIGINT NOT NULL PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash {{.Blob}} NOT NULL,
    old BIGINT NOT NULL
);
INSERT INTO audit_chain (id, seq, hash, old) SELECT 1, 0, '', COUNT(*) FROM audit;

-- Signed statements of how far the audit goes and what it ends in.
CREATE TABLE audit_heads (
    number {{.Key}},
    day TEXT NOT NULL,
    seq BIGINT NOT NULL,
    hash {{.Blob}} NOT NULL,
    row_count BIGINT NOT NULL,
    signed_at BIGINT NOT NULL,
    prev {{.Blob}} NOT NULL,
    signing_key TEXT NOT NULL,
    signature {{.Blob}} NOT NULL
);

-- +goose Down
DROP TABLE audit_heads;
DROP TABLE audit_chain;
ALTER TABLE audit RENAME TO audit_chained;
CREATE TABLE audit (
    id {{.ID}},
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    outcome TEXT NOT NULL,
    principal_id BIGINT NOT NULL,
    principal TEXT NOT NULL,
    token_id TEXT NOT NULL DEFAULT '',
    channel_id BIGINT NOT NULL DEFAULT 0,
    target TEXT NOT NULL DEFAULT '',
    scope TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    address TEXT NOT NULL DEFAULT '',
    client TEXT NOT NULL DEFAULT '',
    request_id TEXT NOT NULL DEFAULT '',
    data TEXT NOT NULL DEFAULT '{}'
);
INSERT INTO audit (at, event, outcome, principal_id, principal, token_id, channel_id, target, scope, reason, address, client, request_id, data)
SELECT at, event, outcome, principal_id, principal, token_id, channel_id, target, scope, reason, address, client, request_id, data
FROM audit_chained ORDER BY id;
DROP TABLE audit_chained;
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_channel ON audit (channel_id, id);
CREATE INDEX audit_principal ON audit (principal_id, id);
