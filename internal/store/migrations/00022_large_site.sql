-- +goose Up

-- What listings show of each channel, kept so that no listing has to count it: how many packages offer a file, and how often
-- all packages were downloaded.
ALTER TABLE channels ADD COLUMN package_count BIGINT NOT NULL DEFAULT 0;
ALTER TABLE channels ADD COLUMN download_count BIGINT NOT NULL DEFAULT 0;
UPDATE channels SET
    package_count = (SELECT COUNT(*) FROM artifacts a WHERE a.channel_id = channels.id AND a.file_count > 0),
    download_count = CAST(COALESCE((SELECT SUM(a.download_count) FROM artifacts a WHERE a.channel_id = channels.id), 0) AS BIGINT);

-- The orders in which packages are listed, of a channel and of the site.
CREATE INDEX artifacts_channel_name ON artifacts (channel_id, name, id);
CREATE INDEX artifacts_channel_updated ON artifacts (channel_id, updated_at DESC, name, id);
CREATE INDEX artifacts_channel_downloads ON artifacts (channel_id, download_count DESC, name, id);
CREATE INDEX artifacts_updated ON artifacts (updated_at DESC, name, id);
CREATE INDEX artifacts_downloads ON artifacts (download_count DESC, name, id);

-- The order in which a package's files are listed.
CREATE INDEX files_listed ON files (artifact_id, subdir, filename);
DROP INDEX files_artifact;

-- The order in which the sections of repodata.json are written: without this, each of the four would read all files.
CREATE INDEX files_section ON files (channel_id, subdir, format, v3, filename);

-- What one account did, by its name, which outlives it.
CREATE INDEX audit_name ON audit (principal, id);

-- Tokens by their end.
CREATE INDEX tokens_expires ON tokens (expires_at, id) WHERE expires_at <> 0;

-- +goose Down
DROP INDEX tokens_expires;
DROP INDEX audit_name;
DROP INDEX files_section;
CREATE INDEX files_artifact ON files (artifact_id, subdir);
DROP INDEX files_listed;
DROP INDEX artifacts_downloads;
DROP INDEX artifacts_updated;
DROP INDEX artifacts_channel_downloads;
DROP INDEX artifacts_channel_updated;
DROP INDEX artifacts_channel_name;
ALTER TABLE channels DROP COLUMN download_count;
ALTER TABLE channels DROP COLUMN package_count;
