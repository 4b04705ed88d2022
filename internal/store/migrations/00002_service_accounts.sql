-- +goose Up

-- The accounts that belong to channels and own tokens that outlive people. Each has a group of its own, by which it holds
-- its level on channels, so that their owners see it and can take it away.
CREATE TABLE service_accounts (
    principal_id BIGINT NOT NULL PRIMARY KEY REFERENCES principals (id) ON DELETE CASCADE,
    channel_id BIGINT NOT NULL UNIQUE REFERENCES channels (id) ON DELETE CASCADE,
    group_id BIGINT NOT NULL UNIQUE REFERENCES user_groups (id) ON DELETE CASCADE,
    description TEXT NOT NULL DEFAULT '',
    created_by TEXT NOT NULL DEFAULT ''
);

-- +goose Down
DROP TABLE service_accounts;
