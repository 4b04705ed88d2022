-- +goose Up

-- The words of the names and summaries of packages, by which a search finds the few that it must read. They are learned in
-- the background, and a search reads besides what is still to be learned.
CREATE TABLE search_words (
    id {{.ID}},
    word TEXT NOT NULL UNIQUE
);

-- The ends of each word, from each of its letters on, by which a part of it is found. Long ones are cut.
CREATE TABLE search_suffixes (
    suffix TEXT NOT NULL,
    word_id BIGINT NOT NULL,
    PRIMARY KEY (suffix, word_id)
){{.Clustered}};

-- Which packages have a word. Those that cannot be told by their words have word 0.
CREATE TABLE search_packages (
    word_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    artifact_id BIGINT NOT NULL,
    PRIMARY KEY (word_id, channel_id, artifact_id)
){{.Clustered}};

-- The words of a package that has been learned, as a list of their numbers.
CREATE TABLE search_texts (
    artifact_id {{.Key}},
    channel_id BIGINT NOT NULL,
    words TEXT NOT NULL
);

-- Packages to be learned, and packages to be forgotten, which are gone already.
CREATE TABLE search_pending (
    artifact_id {{.Key}}
);
CREATE TABLE search_gone (
    artifact_id {{.Key}}
);
INSERT INTO search_pending (artifact_id) SELECT id FROM artifacts WHERE file_count > 0;

-- What a channel offers, in the order of the names.
CREATE INDEX artifacts_offered ON artifacts (channel_id, name, id) WHERE file_count > 0;

-- +goose Down
DROP INDEX IF EXISTS artifacts_offered;
DROP TABLE search_gone;
DROP TABLE search_pending;
DROP TABLE search_texts;
DROP TABLE search_packages;
DROP TABLE search_suffixes;
DROP TABLE search_words;
