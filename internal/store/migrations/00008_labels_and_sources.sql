-- +goose Up

-- Whether the file carries the label main, which nearly all do. A boolean costs the index of main nothing to read.
ALTER TABLE files ADD COLUMN main BOOLEAN NOT NULL DEFAULT TRUE;
CREATE INDEX files_other ON files (channel_id) WHERE NOT main;

-- The labels of a file besides main.
CREATE TABLE file_labels (
    file_id BIGINT NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    channel_id BIGINT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    PRIMARY KEY (file_id, label)
);
CREATE INDEX file_labels_label ON file_labels (channel_id, label, file_id);

-- Where a virtual channel takes its packages from, the first source first.
CREATE TABLE channel_sources (
    virtual_id BIGINT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    source_id BIGINT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    PRIMARY KEY (virtual_id, source_id)
);
CREATE INDEX channel_sources_source ON channel_sources (source_id);

-- +goose Down
DROP TABLE channel_sources;
DROP TABLE file_labels;
DROP INDEX files_other;
ALTER TABLE files DROP COLUMN main;
