-- +goose Up

-- What the site offers, in the order of the names, with what tells whether somebody may see it.
CREATE INDEX artifacts_offered_name ON artifacts (name, id, channel_id) WHERE file_count > 0;

-- The tokens that name a channel, and how much of it.
DROP INDEX token_resources_channel;
CREATE INDEX token_resources_channel ON token_resources (channel_id, token_id, level);

-- +goose Down
DROP INDEX IF EXISTS token_resources_channel;
CREATE INDEX token_resources_channel ON token_resources (channel_id);
DROP INDEX IF EXISTS artifacts_offered_name;
