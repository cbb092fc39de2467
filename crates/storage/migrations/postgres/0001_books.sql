-- The books: products, orders with everything that belongs to them, journal, ledger, idempotency.
--
-- Rules that the program keeps are kept here once more, under names that say them. There are no
-- foreign keys between these tables: a sale is written whole, by one function, in one transaction,
-- and a check per row would cost the hot path more than it tells. `orphans()` looks for what they
-- would have caught. Ids are text as in the API, times are microseconds since 1970, states are words.
-- Text is compared byte by byte, as on SQLite. Tables whose rows change leave room in their pages,
-- so that a change of columns without an index touches no index (HOT): half of it where every row
-- changes once in its life and its neighbours change with it.

CREATE TABLE products (
    id          TEXT COLLATE "C" NOT NULL,
    kind        TEXT COLLATE "C" NOT NULL,
    name        TEXT COLLATE "C" NOT NULL,
    price_minor BIGINT NOT NULL,
    currency    TEXT COLLATE "C" NOT NULL,
    available   BIGINT NOT NULL,
    received    BIGINT NOT NULL,
    on_sale     BOOLEAN NOT NULL,
    created_at  BIGINT NOT NULL,
    CONSTRAINT products_id_unique PRIMARY KEY (id),
    CONSTRAINT products_kind_known CHECK (kind IN ('book', 'goods', 'course')),
    CONSTRAINT products_available_not_negative CHECK (available >= 0),
    CONSTRAINT products_available_at_most_received CHECK (available <= received)
) WITH (fillfactor = 50);

CREATE TABLE orders (
    id          TEXT COLLATE "C" NOT NULL,
    owner       TEXT COLLATE "C" NOT NULL,
    lines       TEXT COLLATE "C" NOT NULL,
    total_minor BIGINT NOT NULL,
    currency    TEXT COLLATE "C" NOT NULL,
    status      TEXT COLLATE "C" NOT NULL,
    expires_at  BIGINT NOT NULL,
    metadata    TEXT COLLATE "C" NOT NULL,
    created_at  BIGINT NOT NULL,
    version     BIGINT NOT NULL,
    CONSTRAINT orders_id_unique PRIMARY KEY (id),
    CONSTRAINT orders_total_positive CHECK (total_minor > 0),
    CONSTRAINT orders_status_known CHECK (status IN ('pending', 'completed', 'failed', 'cancelled'))
) WITH (fillfactor = 50);

CREATE INDEX orders_by_owner ON orders (owner, id);

CREATE TABLE payments (
    order_id     TEXT COLLATE "C" NOT NULL,
    id           TEXT COLLATE "C" NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency     TEXT COLLATE "C" NOT NULL,
    state        TEXT COLLATE "C" NOT NULL,
    reason       TEXT COLLATE "C",
    changed_at   BIGINT NOT NULL,
    CONSTRAINT payments_one_per_order PRIMARY KEY (order_id),
    CONSTRAINT payments_id_unique UNIQUE (id),
    CONSTRAINT payments_amount_positive CHECK (amount_minor > 0),
    CONSTRAINT payments_state_known CHECK (
        state IN ('created', 'processing', 'unresolved', 'paid', 'failed', 'compensation_failed')
    ),
    CONSTRAINT payments_reason_known CHECK (
        reason IN ('gateway_unavailable', 'rejected', 'expired', 'cancelled')
    )
) WITH (fillfactor = 50);

CREATE TABLE attempts (
    order_id         TEXT COLLATE "C" NOT NULL,
    number           BIGINT NOT NULL,
    id               TEXT COLLATE "C" NOT NULL,
    gateway          TEXT COLLATE "C" NOT NULL,
    gateway_order_id TEXT COLLATE "C" NOT NULL,
    gateway_user_id  TEXT COLLATE "C" NOT NULL,
    amount_minor     BIGINT NOT NULL,
    currency         TEXT COLLATE "C" NOT NULL,
    card_company     TEXT COLLATE "C" NOT NULL,
    state            TEXT COLLATE "C" NOT NULL,
    reference        TEXT COLLATE "C",
    problem_code     TEXT COLLATE "C",
    problem_text     TEXT COLLATE "C",
    absences         BIGINT NOT NULL,
    recorded_at      BIGINT NOT NULL,
    send_before      BIGINT NOT NULL,
    certain_at       BIGINT,
    CONSTRAINT attempts_number_unique PRIMARY KEY (order_id, number),
    CONSTRAINT attempts_gateway_order_id_unique UNIQUE (gateway, gateway_order_id),
    CONSTRAINT attempts_amount_positive CHECK (amount_minor > 0),
    CONSTRAINT attempts_state_known CHECK (
        state IN ('sent', 'accepted', 'unknown', 'approved', 'declined', 'not_charged')
    )
) WITH (fillfactor = 85);

-- An order has one payment, so one live attempt per order is one per payment.
CREATE UNIQUE INDEX attempts_one_live_per_payment ON attempts (order_id)
    WHERE state IN ('sent', 'accepted', 'unknown');

CREATE TABLE holds (
    order_id   TEXT COLLATE "C" NOT NULL,
    product_id TEXT COLLATE "C" NOT NULL,
    id         TEXT COLLATE "C" NOT NULL,
    quantity   BIGINT NOT NULL,
    state      TEXT COLLATE "C" NOT NULL,
    CONSTRAINT holds_one_per_order_and_product PRIMARY KEY (order_id, product_id),
    CONSTRAINT holds_quantity_positive CHECK (quantity > 0),
    CONSTRAINT holds_state_known CHECK (state IN ('held', 'taken', 'returned'))
) WITH (fillfactor = 50);

CREATE TABLE obligations (
    order_id     TEXT COLLATE "C" NOT NULL,
    id           TEXT COLLATE "C" NOT NULL,
    kind         TEXT COLLATE "C" NOT NULL,
    attempt_id   TEXT COLLATE "C",
    state        TEXT COLLATE "C" NOT NULL,
    due_at       BIGINT NOT NULL,
    tries        BIGINT NOT NULL,
    fence        BIGINT NOT NULL,
    leased_until BIGINT,
    last_error   TEXT COLLATE "C",
    created_at   BIGINT NOT NULL,
    CONSTRAINT obligations_id_unique PRIMARY KEY (order_id, id),
    CONSTRAINT obligations_kind_known CHECK (kind IN ('look_up', 'expire', 'refund')),
    CONSTRAINT obligations_state_known CHECK (state IN ('owed', 'done', 'parked'))
) WITH (fillfactor = 70);

CREATE INDEX obligations_due ON obligations (due_at) WHERE state = 'owed';
CREATE INDEX obligations_parked ON obligations (kind) WHERE state = 'parked';
CREATE INDEX obligations_look_ups ON obligations (attempt_id)
    WHERE state = 'owed' AND kind = 'look_up';

CREATE TABLE journal (
    sequence   BIGINT GENERATED ALWAYS AS IDENTITY,
    id         TEXT COLLATE "C" NOT NULL,
    order_id   TEXT COLLATE "C" NOT NULL,
    payment_id TEXT COLLATE "C" NOT NULL,
    at         BIGINT NOT NULL,
    cause      TEXT COLLATE "C" NOT NULL,
    facts      TEXT COLLATE "C" NOT NULL,
    CONSTRAINT journal_sequence_unique PRIMARY KEY (sequence)
);

CREATE INDEX journal_by_order ON journal (order_id, sequence);

CREATE TABLE postings (
    order_id     TEXT COLLATE "C" NOT NULL,
    entry_id     TEXT COLLATE "C" NOT NULL,
    account      TEXT COLLATE "C" NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency     TEXT COLLATE "C" NOT NULL,
    attempt_id   TEXT COLLATE "C" NOT NULL,
    at           BIGINT NOT NULL,
    CONSTRAINT postings_one_leg_per_account PRIMARY KEY (order_id, entry_id, account)
);

CREATE TABLE fulfilments (
    order_id   TEXT COLLATE "C" NOT NULL,
    product_id TEXT COLLATE "C" NOT NULL,
    id         TEXT COLLATE "C" NOT NULL,
    owner      TEXT COLLATE "C" NOT NULL,
    kind       TEXT COLLATE "C" NOT NULL,
    quantity   BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    CONSTRAINT fulfilments_one_per_order_and_product PRIMARY KEY (order_id, product_id),
    CONSTRAINT fulfilments_kind_known CHECK (kind IN ('book', 'goods', 'course')),
    CONSTRAINT fulfilments_quantity_positive CHECK (quantity > 0)
);

CREATE TABLE incidents (
    once_per   TEXT COLLATE "C" NOT NULL,
    id         TEXT COLLATE "C" NOT NULL,
    kind       TEXT COLLATE "C" NOT NULL,
    order_id   TEXT COLLATE "C" NOT NULL,
    payment_id TEXT COLLATE "C" NOT NULL,
    attempt_id TEXT COLLATE "C" NOT NULL,
    detail     TEXT COLLATE "C" NOT NULL,
    about      TEXT COLLATE "C" NOT NULL,
    at         BIGINT NOT NULL,
    CONSTRAINT incidents_once_per_thing PRIMARY KEY (once_per),
    CONSTRAINT incidents_kind_known CHECK (
        kind IN ('evidence_mismatch', 'duplicate_charge', 'charged_after_given_up',
                 'verdict_contradicted', 'unresolved')
    )
);

CREATE TABLE idempotency_keys (
    scope        TEXT COLLATE "C" NOT NULL,
    key          TEXT COLLATE "C" NOT NULL,
    fingerprint  TEXT COLLATE "C" NOT NULL,
    order_id     TEXT COLLATE "C",
    reply_status BIGINT,
    reply_body   TEXT COLLATE "C",
    created_at   BIGINT NOT NULL,
    CONSTRAINT idempotency_keys_key_unique PRIMARY KEY (scope, key),
    CONSTRAINT idempotency_keys_reply_whole CHECK ((reply_status IS NULL) = (reply_body IS NULL))
) WITH (fillfactor = 85);
