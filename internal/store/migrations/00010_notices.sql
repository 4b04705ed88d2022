-- +goose Up

-- What a channel tells its users (CEP 6), in the order in which it is told.
CREATE TABLE channel_notices (
    channel_id BIGINT NOT NULL REFERENCES channels (id) ON DELETE CASCADE,
    public_id TEXT NOT NULL,
    position BIGINT NOT NULL,
    message TEXT NOT NULL,
    level TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (channel_id, public_id)
);

-- +goose Down
DROP TABLE channel_notices;
