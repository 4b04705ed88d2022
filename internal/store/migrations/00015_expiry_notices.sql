-- +goose Up

-- The days, counted from 1970 on, whose digests of tokens that end were queued. due_at is when what failed is tried again.
CREATE TABLE digest_days (
    day BIGINT NOT NULL PRIMARY KEY,
    attempts BIGINT NOT NULL,
    due_at BIGINT NOT NULL DEFAULT 0
);

-- The last digest of each recipient by each way, so that nobody gets two on one day.
CREATE TABLE digests (
    principal_id BIGINT NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    way TEXT NOT NULL,
    day BIGINT NOT NULL,
    state TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (principal_id, way)
);

-- Of which notice of each token a recipient was told last: how many days ahead of which end.
CREATE TABLE token_notices (
    principal_id BIGINT NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    way TEXT NOT NULL,
    token_id BIGINT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    ends_at BIGINT NOT NULL,
    lead_days BIGINT NOT NULL,
    PRIMARY KEY (principal_id, way, token_id)
);
CREATE INDEX token_notices_token ON token_notices (token_id);

-- +goose Down
DROP TABLE token_notices;
DROP TABLE digests;
DROP TABLE digest_days;
