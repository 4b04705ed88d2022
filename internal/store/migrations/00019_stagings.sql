-- +goose Up

-- Uploads that come in several requests: announced, sent, and not yet put into the channel. Each is forgotten soon after
-- its end, and its blob with it unless something else names that.
CREATE TABLE stagings (
    id {{.ID}},
    public_id TEXT NOT NULL UNIQUE,
    ticket {{.Blob}} NOT NULL UNIQUE,
    principal_id BIGINT NOT NULL,
    asker TEXT NOT NULL,
    channel_id BIGINT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    subdir TEXT NOT NULL,
    filename TEXT NOT NULL,
    labels TEXT NOT NULL,
    sha256 {{.Blob}} NOT NULL,
    md5 {{.Blob}} NOT NULL,
    size BIGINT NOT NULL DEFAULT 0,
    received_at BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX stagings_principal ON stagings (principal_id, expires_at);
CREATE INDEX stagings_sha256 ON stagings (sha256);
CREATE INDEX stagings_expires ON stagings (expires_at);

-- +goose Down
DROP TABLE stagings;
