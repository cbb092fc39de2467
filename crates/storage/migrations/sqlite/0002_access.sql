-- Access: who may sign in, which server keys are good, and the secrets that the program made itself.

CREATE TABLE users (
    id            TEXT    NOT NULL,
    email         TEXT    NOT NULL,
    password_hash TEXT    NOT NULL,
    role          TEXT    NOT NULL,
    created_at    INTEGER NOT NULL,
    CONSTRAINT users_id_unique PRIMARY KEY (id),
    CONSTRAINT users_email_unique UNIQUE (email),
    CONSTRAINT users_role_known CHECK (role IN ('buyer', 'operator'))
) STRICT, WITHOUT ROWID;

CREATE TABLE server_keys (
    digest     TEXT    NOT NULL,
    hint       TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT server_keys_digest_unique PRIMARY KEY (digest)
) STRICT, WITHOUT ROWID;

CREATE TABLE secrets (
    name  TEXT NOT NULL,
    value TEXT NOT NULL,
    CONSTRAINT secrets_name_unique PRIMARY KEY (name)
) STRICT, WITHOUT ROWID;
