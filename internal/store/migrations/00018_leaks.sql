-- +goose Up

-- What is known of a string of the token that was found where it should not be, as JSON; empty for nothing.
ALTER TABLE tokens ADD COLUMN leak TEXT NOT NULL DEFAULT '';
-- When somebody first reported a string that had ended, so that the owner is told once.
ALTER TABLE dead_secrets ADD COLUMN reported_at BIGINT NOT NULL DEFAULT 0;

-- +goose Down
ALTER TABLE dead_secrets DROP COLUMN reported_at;
ALTER TABLE tokens DROP COLUMN leak;
