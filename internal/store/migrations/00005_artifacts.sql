-- +goose Up

-- Work that outlives the request that asked for it. A row is all that there is of a job: whoever claims it goes on from
-- its position.
CREATE TABLE jobs (
    id {{.ID}},
    public_id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    title TEXT NOT NULL,
    arguments TEXT NOT NULL,
    -- How far the job is, in its own notation; empty at the beginning.
    position TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL,
    -- Who asked, so that the caller can be made again as of any later time.
    via TEXT NOT NULL,
    principal_id BIGINT NOT NULL,
    principal TEXT NOT NULL,
    token_id BIGINT NOT NULL DEFAULT 0,
    token_public_id TEXT NOT NULL DEFAULT '',
    secret_id BIGINT NOT NULL DEFAULT 0,
    address TEXT NOT NULL DEFAULT '',
    client TEXT NOT NULL DEFAULT '',
    request_id TEXT NOT NULL DEFAULT '',
    total BIGINT NOT NULL DEFAULT 0,
    done BIGINT NOT NULL DEFAULT 0,
    failed BIGINT NOT NULL DEFAULT 0,
    skipped BIGINT NOT NULL DEFAULT 0,
    errors TEXT NOT NULL DEFAULT '[]',
    error TEXT NOT NULL DEFAULT '',
    -- Attempts counts claims, and tells a runner that lost its job from the one that has it; failures those in a row
    -- without any progress.
    attempts BIGINT NOT NULL DEFAULT 0,
    failures BIGINT NOT NULL DEFAULT 0,
    canceled BOOLEAN NOT NULL DEFAULT FALSE,
    -- When a queued job may start, and when a running one may be claimed from a runner that is not heard of any more.
    due_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    started_at BIGINT NOT NULL DEFAULT 0,
    finished_at BIGINT NOT NULL DEFAULT 0,
    updated_at BIGINT NOT NULL
);
CREATE INDEX jobs_due ON jobs (due_at) WHERE state IN ('queued', 'running');
CREATE INDEX jobs_principal ON jobs (principal_id, id);

-- A channel's files in the order in which they came, for work on all of them.
CREATE INDEX files_channel ON files (channel_id, id);

-- An edit of a file's metadata is kept beside the record as the package has it; record is what both make together.
ALTER TABLE files ADD COLUMN patch TEXT NOT NULL DEFAULT '';
ALTER TABLE files ADD COLUMN original TEXT NOT NULL DEFAULT '';

-- What the newest version of each package depends on, by name. It is written when somebody asks for dependants: a package
-- that has changed since, or was there before this table, is noted as not known.
CREATE TABLE artifact_depends (
    artifact_id BIGINT NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    channel_id BIGINT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (artifact_id, name)
);
CREATE INDEX artifact_depends_name ON artifact_depends (channel_id, name);
ALTER TABLE artifacts ADD COLUMN depends_known BOOLEAN NOT NULL DEFAULT FALSE;
CREATE INDEX artifacts_depends_unknown ON artifacts (id) WHERE depends_known = FALSE;

-- +goose Down
DROP INDEX artifacts_depends_unknown;
ALTER TABLE artifacts DROP COLUMN depends_known;
DROP TABLE artifact_depends;
ALTER TABLE files DROP COLUMN original;
ALTER TABLE files DROP COLUMN patch;
DROP INDEX files_channel;
DROP TABLE jobs;
