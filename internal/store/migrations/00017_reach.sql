-- +goose Up

-- The scope tokens of an account, found without its other tokens, of which there can be one for each CI job.
CREATE INDEX tokens_scope_owner ON tokens (owner_id) WHERE kind = 'scope';

-- +goose Down
DROP INDEX tokens_scope_owner;
