-- +goose Up

-- Blobs that a cleanup is about to delete, while ended_at is 0, or has deleted or spared lately. Who stores one of the former
-- again must not name it, and who stores one of the latter has to look whether it is there.
CREATE TABLE doomed_blobs (
    sha256 TEXT NOT NULL PRIMARY KEY,
    doomed_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE doomed_blobs;
