-- +goose Up

-- Who an account is elsewhere. An account is found by issuer and subject, which never change hands; names and addresses do.
CREATE TABLE identities (
    id {{.ID}},
    public_id TEXT NOT NULL UNIQUE,
    principal_id BIGINT NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_login_at BIGINT NOT NULL,
    UNIQUE (issuer, subject)
);
CREATE INDEX identities_principal ON identities (principal_id);

-- What the claims of the last login gave, beside the roles and memberships that people gave. It is held until expires_at.
CREATE TABLE claim_roles (
    principal_id BIGINT NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    role_id BIGINT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (principal_id, role_id)
);
CREATE INDEX claim_roles_role ON claim_roles (role_id);

CREATE TABLE claim_members (
    group_id BIGINT NOT NULL REFERENCES user_groups (id) ON DELETE CASCADE,
    principal_id BIGINT NOT NULL REFERENCES principals (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (group_id, principal_id)
);
CREATE INDEX claim_members_principal ON claim_members (principal_id);

-- What works once: states of sign-ins, codes, assertions. Only hashes are kept, until the thing itself has ended.
CREATE TABLE spent (
    hash {{.Blob}} NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
CREATE INDEX spent_expires ON spent (expires_at);

-- +goose Down
DROP TABLE spent;
DROP TABLE claim_members;
DROP TABLE claim_roles;
DROP TABLE identities;
