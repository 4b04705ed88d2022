-- +goose Up

-- Everybody who can hold a right: people and service accounts. Identifiers are never used twice, so a grant that names one dies with it.
CREATE TABLE principals (
    id {{.ID}},
    public_id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    name TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL DEFAULT '',
    password_hash TEXT NOT NULL DEFAULT '',
    disabled BOOLEAN NOT NULL DEFAULT FALSE,
    default_channel_id BIGINT NOT NULL DEFAULT 0,
    last_login_at BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE roles (
    id {{.ID}},
    public_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    persistent BOOLEAN NOT NULL DEFAULT FALSE,
    levels TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE principal_roles (
    principal_id BIGINT NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    role_id BIGINT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    PRIMARY KEY (principal_id, role_id)
);
CREATE INDEX principal_roles_role ON principal_roles (role_id);

CREATE TABLE channels (
    id {{.ID}},
    public_id TEXT NOT NULL UNIQUE,
    parent_id BIGINT NOT NULL DEFAULT 0,
    name TEXT NOT NULL,
    path TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL DEFAULT '',
    privacy TEXT NOT NULL,
    channel_type TEXT NOT NULL DEFAULT 'default',
    indexing TEXT NOT NULL DEFAULT 'default',
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX channels_parent ON channels (parent_id);
CREATE INDEX channels_privacy ON channels (privacy);

CREATE TABLE user_groups (
    id {{.ID}},
    public_id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    description TEXT NOT NULL DEFAULT '',
    -- The channel whose owners these are; 0 for an ordinary group.
    owners_of BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX user_groups_owners_of ON user_groups (owners_of);

CREATE TABLE group_members (
    group_id BIGINT NOT NULL REFERENCES user_groups (id) ON DELETE CASCADE,
    principal_id BIGINT NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    permission TEXT NOT NULL,
    PRIMARY KEY (group_id, principal_id)
);
CREATE INDEX group_members_principal ON group_members (principal_id);

CREATE TABLE channel_groups (
    channel_id BIGINT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    group_id BIGINT NOT NULL REFERENCES user_groups (id) ON DELETE CASCADE,
    permission TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (channel_id, group_id)
);
CREATE INDEX channel_groups_group ON channel_groups (group_id);

-- A token is a lasting thing with a name and rights; its strings come and go in token_secrets.
CREATE TABLE tokens (
    id {{.ID}},
    public_id TEXT NOT NULL UNIQUE,
    owner_id BIGINT NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    -- The string of another token that minted this one, 0 for none: the child dies with it.
    minted_by_secret BIGINT NOT NULL DEFAULT 0,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL DEFAULT '',
    metadata TEXT NOT NULL DEFAULT '{}',
    scopes TEXT NOT NULL DEFAULT '[]',
    expires_at BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX tokens_owner ON tokens (owner_id, id);
CREATE INDEX tokens_minted_by ON tokens (minted_by_secret);

CREATE TABLE token_resources (
    token_id BIGINT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    channel_id BIGINT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    level TEXT NOT NULL,
    PRIMARY KEY (token_id, channel_id)
);
CREATE INDEX token_resources_channel ON token_resources (channel_id);

-- Only the MAC of a string is kept. retires_at is the end of an overlap, 0 while the string is the current one.
CREATE TABLE token_secrets (
    id {{.ID}},
    token_id BIGINT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    mac {{.Blob}} NOT NULL UNIQUE,
    fingerprint TEXT NOT NULL,
    retires_at BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT NOT NULL DEFAULT 0,
    last_used_address TEXT NOT NULL DEFAULT '',
    last_used_client TEXT NOT NULL DEFAULT '',
    uses BIGINT NOT NULL DEFAULT 0,
    refusals BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX token_secrets_token ON token_secrets (token_id);

-- Strings that once were good, so that a later use can be told from garbage.
CREATE TABLE dead_secrets (
    mac {{.Blob}} NOT NULL PRIMARY KEY,
    token_public_id TEXT NOT NULL,
    owner_id BIGINT NOT NULL,
    reason TEXT NOT NULL,
    died_at BIGINT NOT NULL
);
CREATE INDEX dead_secrets_died ON dead_secrets (died_at);

CREATE TABLE sessions (
    id {{.ID}},
    public_id TEXT NOT NULL UNIQUE,
    principal_id BIGINT NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    address TEXT NOT NULL DEFAULT '',
    client TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_principal ON sessions (principal_id);
CREATE INDEX sessions_expires ON sessions (expires_at);

CREATE TABLE artifacts (
    id {{.ID}},
    channel_id BIGINT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    family TEXT NOT NULL,
    name TEXT NOT NULL,
    file_count BIGINT NOT NULL DEFAULT 0,
    download_count BIGINT NOT NULL DEFAULT 0,
    latest_version TEXT NOT NULL DEFAULT '',
    latest_version_key {{.Blob}} NOT NULL,
    summary TEXT NOT NULL DEFAULT '',
    about TEXT NOT NULL DEFAULT '{}',
    subdirs TEXT NOT NULL DEFAULT '[]',
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (channel_id, family, name)
);
CREATE INDEX artifacts_name ON artifacts (name);

CREATE TABLE files (
    id {{.ID}},
    channel_id BIGINT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    artifact_id BIGINT NOT NULL REFERENCES artifacts (id) ON DELETE CASCADE,
    subdir TEXT NOT NULL,
    filename TEXT NOT NULL,
    format TEXT NOT NULL,
    v3 BOOLEAN NOT NULL DEFAULT FALSE,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    build TEXT NOT NULL,
    build_number BIGINT NOT NULL,
    version_key {{.Blob}} NOT NULL,
    size BIGINT NOT NULL,
    sha256 {{.Blob}} NOT NULL,
    md5 {{.Blob}} NOT NULL,
    -- Finished JSON, joined into index files as it stands.
    record TEXT NOT NULL,
    run_exports TEXT NOT NULL,
    facts TEXT NOT NULL,
    download_count BIGINT NOT NULL DEFAULT 0,
    uploader TEXT NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (channel_id, subdir, filename)
);
CREATE INDEX files_artifact ON files (artifact_id, subdir);
CREATE INDEX files_sha256 ON files (sha256);

-- The generation rises with every change of a subdir; index files remember the one they were built from.
CREATE TABLE subdirs (
    channel_id BIGINT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    subdir TEXT NOT NULL,
    generation BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (channel_id, subdir)
);

CREATE TABLE shards (
    channel_id BIGINT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    subdir TEXT NOT NULL,
    name TEXT NOT NULL,
    generation BIGINT NOT NULL,
    built BIGINT NOT NULL DEFAULT 0,
    sha256 {{.Blob}},
    PRIMARY KEY (channel_id, subdir, name)
);
CREATE INDEX shards_stale ON shards (channel_id, subdir, name) WHERE built < generation;

CREATE TABLE index_files (
    channel_id BIGINT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    subdir TEXT NOT NULL,
    kind TEXT NOT NULL,
    generation BIGINT NOT NULL,
    sha256 {{.Blob}} NOT NULL,
    size BIGINT NOT NULL,
    built_at BIGINT NOT NULL,
    PRIMARY KEY (channel_id, subdir, kind)
);

-- Blobs that an index once named, kept for clients that still hold the older index.
CREATE TABLE index_blobs (
    channel_id BIGINT NOT NULL,
    sha256 {{.Blob}} NOT NULL,
    subdir TEXT NOT NULL,
    kind TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- 0 while an index names the blob, else when it was replaced.
    replaced_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (channel_id, sha256, subdir, kind)
);
CREATE INDEX index_blobs_sha256 ON index_blobs (sha256);
CREATE INDEX index_blobs_replaced ON index_blobs (replaced_at);

CREATE TABLE audit (
    id {{.ID}},
    at BIGINT NOT NULL,
    event TEXT NOT NULL,
    outcome TEXT NOT NULL,
    principal_id BIGINT NOT NULL,
    principal TEXT NOT NULL,
    token_id TEXT NOT NULL DEFAULT '',
    channel_id BIGINT NOT NULL DEFAULT 0,
    target TEXT NOT NULL DEFAULT '',
    scope TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT '',
    address TEXT NOT NULL DEFAULT '',
    client TEXT NOT NULL DEFAULT '',
    request_id TEXT NOT NULL DEFAULT '',
    data TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_channel ON audit (channel_id, id);
CREATE INDEX audit_principal ON audit (principal_id, id);

-- The feed that tells caches, in this process and in others, what to forget.
CREATE TABLE changes (
    seq {{.ID}},
    kind TEXT NOT NULL,
    ref BIGINT NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    at BIGINT NOT NULL
);

CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE settings;
DROP TABLE changes;
DROP TABLE audit;
DROP TABLE index_blobs;
DROP TABLE index_files;
DROP TABLE shards;
DROP TABLE subdirs;
DROP TABLE files;
DROP TABLE artifacts;
DROP TABLE sessions;
DROP TABLE dead_secrets;
DROP TABLE token_secrets;
DROP TABLE token_resources;
DROP TABLE tokens;
DROP TABLE channel_groups;
DROP TABLE group_members;
DROP TABLE user_groups;
DROP TABLE channels;
DROP TABLE principal_roles;
DROP TABLE roles;
DROP TABLE principals;
