-- +goose Up
-- Whether the account's password was made by the server, and so is known to whoever made the account.
ALTER TABLE principals ADD COLUMN password_issued BOOLEAN NOT NULL DEFAULT FALSE;

-- +goose Down
ALTER TABLE principals DROP COLUMN password_issued;
