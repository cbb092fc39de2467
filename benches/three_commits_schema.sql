-- The tables of a careful shop that keeps its orders by hand, for benches/three_commits.sql.
--
-- As lean as such a shop can be: numbers for ids, only the indexes that its statements and its
-- rules need, no foreign keys. Tables whose rows change leave room in their pages, as ours do.

CREATE TABLE products (
    id    BIGINT PRIMARY KEY,
    stock BIGINT NOT NULL CHECK (stock >= 0)
) WITH (fillfactor = 50);

CREATE TABLE orders (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    buyer      BIGINT NOT NULL,
    product_id BIGINT NOT NULL,
    quantity   BIGINT NOT NULL,
    total      BIGINT NOT NULL,
    status     TEXT NOT NULL DEFAULT 'pending',
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
) WITH (fillfactor = 85);

CREATE INDEX orders_by_buyer ON orders (buyer, id);

CREATE TABLE payments (
    order_id    BIGINT PRIMARY KEY,
    amount      BIGINT NOT NULL,
    state       TEXT NOT NULL DEFAULT 'created',
    gateway_key TEXT UNIQUE,
    changed_at  TIMESTAMPTZ NOT NULL DEFAULT now()
) WITH (fillfactor = 85);

CREATE TABLE payment_history (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id   BIGINT NOT NULL,
    state      TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE INDEX payment_history_by_order ON payment_history (order_id);

CREATE TABLE ledger (
    order_id BIGINT NOT NULL,
    account  TEXT NOT NULL,
    amount   BIGINT NOT NULL,
    PRIMARY KEY (order_id, account)
);

CREATE TABLE outbox (
    id       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id BIGINT NOT NULL,
    event    TEXT NOT NULL
);

INSERT INTO products SELECT id, 1000000000 FROM generate_series(1, 1000) AS id;
