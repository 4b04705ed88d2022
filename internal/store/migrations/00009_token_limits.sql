-- +goose Up

-- What narrows a token further: patterns, networks and a beginning as JSON; uses are counted here, for all its strings.
ALTER TABLE tokens ADD COLUMN restrictions TEXT NOT NULL DEFAULT '{}';
ALTER TABLE tokens ADD COLUMN max_uses BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tokens ADD COLUMN used BIGINT NOT NULL DEFAULT 0;

-- A resource is a channel or, where package ("family/name") is not empty, one package of it.
CREATE TABLE token_resources_of (
    token_id BIGINT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    channel_id BIGINT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    package TEXT NOT NULL DEFAULT '',
    level TEXT NOT NULL,
    PRIMARY KEY (token_id, channel_id, package)
);
INSERT INTO token_resources_of (token_id, channel_id, level) SELECT token_id, channel_id, level FROM token_resources;
DROP TABLE token_resources;
ALTER TABLE token_resources_of RENAME TO token_resources;
CREATE INDEX token_resources_channel ON token_resources (channel_id);

-- +goose Down
CREATE TABLE token_resources_of (
    token_id BIGINT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    channel_id BIGINT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    level TEXT NOT NULL,
    PRIMARY KEY (token_id, channel_id)
);
INSERT INTO token_resources_of (token_id, channel_id, level)
    SELECT token_id, channel_id, level FROM token_resources WHERE package = '';
DROP TABLE token_resources;
ALTER TABLE token_resources_of RENAME TO token_resources;
CREATE INDEX token_resources_channel ON token_resources (channel_id);
ALTER TABLE tokens DROP COLUMN restrictions;
ALTER TABLE tokens DROP COLUMN max_uses;
ALTER TABLE tokens DROP COLUMN used;
