-- +goose Up

-- Which of its rights a token used, where, how often and when last. channel_id is 0 for what is asked of no one channel
-- and -1 for channels that are not noted one by one. The rows of a channel outlive it: that a right was used stays true.
CREATE TABLE token_uses (
    token_id BIGINT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    channel_id BIGINT NOT NULL,
    package TEXT NOT NULL,
    uses BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL,
    PRIMARY KEY (token_id, scope, channel_id, package)
);

-- Since when that has been noted on this site: one row.
CREATE TABLE token_uses_since (
    one BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE token_uses_since;
DROP TABLE token_uses;
