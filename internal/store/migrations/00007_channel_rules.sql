-- +goose Up

-- What a channel offers of its files, and how many bytes it may hold. Filters and settings are JSON. filtering is the
-- number of the first file that the present filters were not applied to, 0 when that was done for all. quota_bytes is 0 for
-- no limit; used_bytes is the sum of the sizes of the channel's files.
ALTER TABLE channels ADD COLUMN filters TEXT NOT NULL DEFAULT '{}';
ALTER TABLE channels ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
ALTER TABLE channels ADD COLUMN filtering BIGINT NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN quota_bytes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN used_bytes BIGINT NOT NULL DEFAULT 0;
UPDATE channels SET used_bytes = CAST(COALESCE((SELECT SUM(f.size) FROM files f WHERE f.channel_id = channels.id), 0) AS BIGINT);
CREATE INDEX channels_filtering ON channels (id) WHERE filtering > 0;

-- Why the channel's filters hide the file, empty for a file that is offered.
ALTER TABLE files ADD COLUMN filtered TEXT NOT NULL DEFAULT '';

-- Files that filters hid, or offered again.
CREATE TABLE file_changes (
    id {{.ID}},
    channel_id BIGINT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    ckey TEXT NOT NULL,
    cause TEXT NOT NULL,
    change TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX file_changes_channel ON file_changes (channel_id, id);

-- +goose Down
DROP TABLE file_changes;
ALTER TABLE files DROP COLUMN filtered;
DROP INDEX channels_filtering;
ALTER TABLE channels DROP COLUMN used_bytes;
ALTER TABLE channels DROP COLUMN quota_bytes;
ALTER TABLE channels DROP COLUMN filtering;
ALTER TABLE channels DROP COLUMN settings;
ALTER TABLE channels DROP COLUMN filters;
