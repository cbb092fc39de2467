-- Access: who may sign in, which server keys are good, and the secrets that the program made itself.

CREATE TABLE users (
    id            TEXT COLLATE "C" NOT NULL,
    email         TEXT COLLATE "C" NOT NULL,
    password_hash TEXT COLLATE "C" NOT NULL,
    role          TEXT COLLATE "C" NOT NULL,
    created_at    BIGINT NOT NULL,
    CONSTRAINT users_id_unique PRIMARY KEY (id),
    CONSTRAINT users_email_unique UNIQUE (email),
    CONSTRAINT users_role_known CHECK (role IN ('buyer', 'operator'))
);

CREATE TABLE server_keys (
    digest     TEXT COLLATE "C" NOT NULL,
    hint       TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT server_keys_digest_unique PRIMARY KEY (digest)
);

CREATE TABLE secrets (
    name  TEXT COLLATE "C" NOT NULL,
    value TEXT COLLATE "C" NOT NULL,
    CONSTRAINT secrets_name_unique PRIMARY KEY (name)
);
