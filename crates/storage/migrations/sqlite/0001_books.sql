-- The books: products, orders with everything that belongs to them, journal, ledger, idempotency.
--
-- Rules that the program keeps are kept here once more, under names that say them. There are no
-- foreign keys between these tables: a sale is written whole, by one function, in one transaction,
-- and a check per row would cost the hot path more than it tells. `orphans()` looks for what they
-- would have caught. Ids are text as in the API, times are microseconds since 1970, states are words.

CREATE TABLE products (
    id          TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    price_minor INTEGER NOT NULL,
    currency    TEXT    NOT NULL,
    available   INTEGER NOT NULL,
    received    INTEGER NOT NULL,
    on_sale     INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    CONSTRAINT products_id_unique PRIMARY KEY (id),
    CONSTRAINT products_kind_known CHECK (kind IN ('book', 'goods', 'course')),
    CONSTRAINT products_available_not_negative CHECK (available >= 0),
    CONSTRAINT products_available_at_most_received CHECK (available <= received),
    CONSTRAINT products_on_sale_is_a_truth CHECK (on_sale IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
    id          TEXT    NOT NULL,
    owner       TEXT    NOT NULL,
    lines       TEXT    NOT NULL,
    total_minor INTEGER NOT NULL,
    currency    TEXT    NOT NULL,
    status      TEXT    NOT NULL,
    expires_at  INTEGER NOT NULL,
    metadata    TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    CONSTRAINT orders_id_unique PRIMARY KEY (id),
    CONSTRAINT orders_total_positive CHECK (total_minor > 0),
    CONSTRAINT orders_status_known CHECK (status IN ('pending', 'completed', 'failed', 'cancelled'))
) STRICT;

CREATE INDEX orders_by_owner ON orders (owner, id);

CREATE TABLE payments (
    order_id     TEXT    NOT NULL,
    id           TEXT    NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency     TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    reason       TEXT,
    changed_at   INTEGER NOT NULL,
    CONSTRAINT payments_one_per_order PRIMARY KEY (order_id),
    CONSTRAINT payments_id_unique UNIQUE (id),
    CONSTRAINT payments_amount_positive CHECK (amount_minor > 0),
    CONSTRAINT payments_state_known CHECK (
        state IN ('created', 'processing', 'unresolved', 'paid', 'failed', 'compensation_failed')
    ),
    CONSTRAINT payments_reason_known CHECK (
        reason IN ('gateway_unavailable', 'rejected', 'expired', 'cancelled')
    )
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
    order_id         TEXT    NOT NULL,
    number           INTEGER NOT NULL,
    id               TEXT    NOT NULL,
    gateway          TEXT    NOT NULL,
    gateway_order_id TEXT    NOT NULL,
    gateway_user_id  TEXT    NOT NULL,
    amount_minor     INTEGER NOT NULL,
    currency         TEXT    NOT NULL,
    card_company     TEXT    NOT NULL,
    state            TEXT    NOT NULL,
    reference        TEXT,
    problem_code     TEXT,
    problem_text     TEXT,
    absences         INTEGER NOT NULL,
    recorded_at      INTEGER NOT NULL,
    send_before      INTEGER NOT NULL,
    certain_at       INTEGER,
    CONSTRAINT attempts_number_unique PRIMARY KEY (order_id, number),
    CONSTRAINT attempts_gateway_order_id_unique UNIQUE (gateway, gateway_order_id),
    CONSTRAINT attempts_amount_positive CHECK (amount_minor > 0),
    CONSTRAINT attempts_state_known CHECK (
        state IN ('sent', 'accepted', 'unknown', 'approved', 'declined', 'not_charged')
    )
) STRICT, WITHOUT ROWID;

-- An order has one payment, so one live attempt per order is one per payment.
CREATE UNIQUE INDEX attempts_one_live_per_payment ON attempts (order_id)
    WHERE state IN ('sent', 'accepted', 'unknown');

CREATE TABLE holds (
    order_id   TEXT    NOT NULL,
    product_id TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    quantity   INTEGER NOT NULL,
    state      TEXT    NOT NULL,
    CONSTRAINT holds_one_per_order_and_product PRIMARY KEY (order_id, product_id),
    CONSTRAINT holds_quantity_positive CHECK (quantity > 0),
    CONSTRAINT holds_state_known CHECK (state IN ('held', 'taken', 'returned'))
) STRICT, WITHOUT ROWID;

CREATE TABLE obligations (
    order_id     TEXT    NOT NULL,
    id           TEXT    NOT NULL,
    kind         TEXT    NOT NULL,
    attempt_id   TEXT,
    state        TEXT    NOT NULL,
    due_at       INTEGER NOT NULL,
    tries        INTEGER NOT NULL,
    fence        INTEGER NOT NULL,
    leased_until INTEGER,
    last_error   TEXT,
    created_at   INTEGER NOT NULL,
    CONSTRAINT obligations_id_unique PRIMARY KEY (order_id, id),
    CONSTRAINT obligations_kind_known CHECK (kind IN ('look_up', 'expire', 'refund')),
    CONSTRAINT obligations_state_known CHECK (state IN ('owed', 'done', 'parked'))
) STRICT, WITHOUT ROWID;

CREATE INDEX obligations_due ON obligations (due_at) WHERE state = 'owed';
CREATE INDEX obligations_parked ON obligations (kind) WHERE state = 'parked';
CREATE INDEX obligations_look_ups ON obligations (attempt_id)
    WHERE state = 'owed' AND kind = 'look_up';

CREATE TABLE journal (
    sequence   INTEGER NOT NULL,
    id         TEXT    NOT NULL,
    order_id   TEXT    NOT NULL,
    payment_id TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    cause      TEXT    NOT NULL,
    facts      TEXT    NOT NULL,
    CONSTRAINT journal_sequence_unique PRIMARY KEY (sequence)
) STRICT;

CREATE INDEX journal_by_order ON journal (order_id, sequence);

CREATE TABLE postings (
    order_id     TEXT    NOT NULL,
    entry_id     TEXT    NOT NULL,
    account      TEXT    NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency     TEXT    NOT NULL,
    attempt_id   TEXT    NOT NULL,
    at           INTEGER NOT NULL,
    CONSTRAINT postings_one_leg_per_account PRIMARY KEY (order_id, entry_id, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE fulfilments (
    order_id   TEXT    NOT NULL,
    product_id TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    owner      TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    quantity   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    CONSTRAINT fulfilments_one_per_order_and_product PRIMARY KEY (order_id, product_id),
    CONSTRAINT fulfilments_kind_known CHECK (kind IN ('book', 'goods', 'course')),
    CONSTRAINT fulfilments_quantity_positive CHECK (quantity > 0)
) STRICT, WITHOUT ROWID;

CREATE TABLE incidents (
    once_per   TEXT    NOT NULL,
    id         TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    order_id   TEXT    NOT NULL,
    payment_id TEXT    NOT NULL,
    attempt_id TEXT    NOT NULL,
    detail     TEXT    NOT NULL,
    about      TEXT    NOT NULL,
    at         INTEGER NOT NULL,
    CONSTRAINT incidents_once_per_thing PRIMARY KEY (once_per),
    CONSTRAINT incidents_kind_known CHECK (
        kind IN ('evidence_mismatch', 'duplicate_charge', 'charged_after_given_up',
                 'verdict_contradicted', 'unresolved')
    )
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency_keys (
    scope        TEXT    NOT NULL,
    key          TEXT    NOT NULL,
    fingerprint  TEXT    NOT NULL,
    order_id     TEXT,
    reply_status INTEGER,
    reply_body   TEXT,
    created_at   INTEGER NOT NULL,
    CONSTRAINT idempotency_keys_key_unique PRIMARY KEY (scope, key),
    CONSTRAINT idempotency_keys_reply_whole CHECK ((reply_status IS NULL) = (reply_body IS NULL))
) STRICT, WITHOUT ROWID;
