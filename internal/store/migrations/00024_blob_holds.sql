-- +goose Up

-- Who reads blobs for a while, such as a backup: until then none is deleted, whether anything names it or not.
CREATE TABLE blob_holds (
    id {{.ID}},
    holder TEXT NOT NULL,
    held_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL
);

-- +goose Down
DROP TABLE blob_holds;
