-- Refunds: money that goes back, attempts at a gateway's page, rulings, and privileged acts.
--
-- SQLite cannot change a rule of a table: where a set of words grows, the table is made anew under
-- its name, and its rows are copied. What was owed as a refund before there were any, parked for a
-- person, becomes a refused one, so that it can be tried again or settled like any other.

ALTER TABLE orders ADD COLUMN cancel_wished_at INTEGER;

CREATE TABLE new_payments (
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
        state IN ('created', 'requires_action', 'processing', 'unresolved', 'paid', 'cancelling',
                  'cancelled', 'partially_refunded', 'failed', 'compensation_failed')
    ),
    CONSTRAINT payments_reason_known CHECK (
        reason IN ('gateway_unavailable', 'rejected', 'expired', 'cancelled')
    )
) STRICT, WITHOUT ROWID;

INSERT INTO new_payments (order_id, id, amount_minor, currency, state, reason, changed_at)
SELECT order_id, id, amount_minor, currency, state, reason, changed_at FROM payments;

DROP TABLE payments;
ALTER TABLE new_payments RENAME TO payments;

-- A card has its company; a page has, once the buyer has come back, what it handed them.
CREATE TABLE new_attempts (
    order_id         TEXT    NOT NULL,
    number           INTEGER NOT NULL,
    id               TEXT    NOT NULL,
    gateway          TEXT    NOT NULL,
    gateway_order_id TEXT    NOT NULL,
    gateway_user_id  TEXT    NOT NULL,
    amount_minor     INTEGER NOT NULL,
    currency         TEXT    NOT NULL,
    means            TEXT    NOT NULL,
    card_company     TEXT,
    authentication   TEXT,
    state            TEXT    NOT NULL,
    reference        TEXT,
    problem_code     TEXT,
    problem_text     TEXT,
    absences         INTEGER NOT NULL,
    request          INTEGER NOT NULL,
    recorded_at      INTEGER NOT NULL,
    send_before      INTEGER NOT NULL,
    certain_at       INTEGER,
    fee_minor        INTEGER,
    ruling           TEXT,
    CONSTRAINT attempts_number_unique PRIMARY KEY (order_id, number),
    CONSTRAINT attempts_gateway_order_id_unique UNIQUE (gateway, gateway_order_id),
    CONSTRAINT attempts_amount_positive CHECK (amount_minor > 0),
    CONSTRAINT attempts_request_positive CHECK (request > 0),
    CONSTRAINT attempts_means_known CHECK (means IN ('card', 'page')),
    CONSTRAINT attempts_card_has_its_company CHECK ((means = 'card') = (card_company IS NOT NULL)),
    CONSTRAINT attempts_authentication_is_of_a_page CHECK (
        authentication IS NULL OR means = 'page'
    ),
    CONSTRAINT attempts_state_known CHECK (
        state IN ('recorded', 'sent', 'accepted', 'unknown', 'approved', 'declined', 'not_charged')
    ),
    CONSTRAINT attempts_problem_known CHECK (
        problem_code IN ('LIMIT_EXCEEDED', 'INVALID_CARD', 'DECLINED_OTHER', 'REJECTED',
                         'NOT_CREATED', 'NOT_SENT', 'ABSENT', 'TURNED_DOWN', 'ABANDONED',
                         'SUPERSEDED', 'RULED_NOT_CHARGED', 'REFUND_REFUSED', 'UNCLEAR', 'NO_ANSWER')
    )
) STRICT, WITHOUT ROWID;

INSERT INTO new_attempts (
    order_id, number, id, gateway, gateway_order_id, gateway_user_id, amount_minor, currency,
    means, card_company, state, reference, problem_code, problem_text, absences, request,
    recorded_at, send_before, certain_at
)
SELECT
    order_id, number, id, gateway, gateway_order_id, gateway_user_id, amount_minor, currency,
    'card', card_company, state, reference, problem_code, problem_text, absences, 1,
    recorded_at, send_before, certain_at
FROM attempts;

DROP TABLE attempts;
ALTER TABLE new_attempts RENAME TO attempts;

-- An order has one payment, so one live attempt per order is one per payment.
CREATE UNIQUE INDEX attempts_one_live_per_payment ON attempts (order_id)
    WHERE state IN ('recorded', 'sent', 'accepted', 'unknown');

ALTER TABLE holds ADD COLUMN given_back INTEGER NOT NULL DEFAULT 0
    CONSTRAINT holds_given_back_at_most_quantity CHECK (given_back BETWEEN 0 AND quantity);

ALTER TABLE fulfilments ADD COLUMN revoked INTEGER NOT NULL DEFAULT 0
    CONSTRAINT fulfilments_revoked_at_most_quantity CHECK (revoked BETWEEN 0 AND quantity);

ALTER TABLE obligations ADD COLUMN refund_id TEXT;

CREATE INDEX obligations_refunds ON obligations (refund_id)
    WHERE state = 'owed' AND kind = 'refund';

CREATE TABLE new_incidents (
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
                 'verdict_contradicted', 'unresolved', 'compensation_failed', 'foreign_refund',
                 'reconciliation')
    )
) STRICT, WITHOUT ROWID;

INSERT INTO new_incidents (once_per, id, kind, order_id, payment_id, attempt_id, detail, about, at)
SELECT once_per, id, kind, order_id, payment_id, attempt_id, detail, about, at FROM incidents;

DROP TABLE incidents;
ALTER TABLE new_incidents RENAME TO incidents;

ALTER TABLE idempotency_keys ADD COLUMN refund_id TEXT;

CREATE TABLE refunds (
    order_id     TEXT    NOT NULL,
    id           TEXT    NOT NULL,
    attempt_id   TEXT    NOT NULL,
    charge       TEXT    NOT NULL,
    amount_minor INTEGER NOT NULL,
    currency     TEXT    NOT NULL,
    purpose      TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    pieces       TEXT    NOT NULL,
    state        TEXT    NOT NULL,
    request      INTEGER NOT NULL,
    absences     INTEGER NOT NULL,
    reference    TEXT,
    problem_code TEXT,
    problem_text TEXT,
    requested_at INTEGER NOT NULL,
    send_before  INTEGER NOT NULL,
    certain_at   INTEGER,
    alarmed_at   INTEGER,
    fee_minor    INTEGER,
    CONSTRAINT refunds_id_unique_in_order PRIMARY KEY (order_id, id),
    CONSTRAINT refunds_id_unique UNIQUE (id),
    CONSTRAINT refunds_amount_positive CHECK (amount_minor > 0),
    CONSTRAINT refunds_request_positive CHECK (request > 0),
    CONSTRAINT refunds_purpose_known CHECK (purpose IN ('requested', 'compensation')),
    CONSTRAINT refunds_state_known CHECK (state IN ('owed', 'sent', 'unknown', 'done', 'refused')),
    CONSTRAINT refunds_problem_known CHECK (
        problem_code IN ('LIMIT_EXCEEDED', 'INVALID_CARD', 'DECLINED_OTHER', 'REJECTED',
                         'NOT_CREATED', 'NOT_SENT', 'ABSENT', 'TURNED_DOWN', 'ABANDONED',
                         'SUPERSEDED', 'RULED_NOT_CHARGED', 'REFUND_REFUSED', 'UNCLEAR', 'NO_ANSWER')
    )
) STRICT, WITHOUT ROWID;

-- Of two that are under way at once nobody could say which one an answer is about.
CREATE UNIQUE INDEX refunds_one_at_gateway_per_charge ON refunds (order_id, charge)
    WHERE state IN ('sent', 'unknown');

-- Such an obligation named its charge in words: `<charge> must be given back by hand …`.
INSERT INTO refunds (
    order_id, id, attempt_id, charge, amount_minor, currency, purpose, reason, pieces, state,
    request, absences, problem_code, problem_text, requested_at, send_before, certain_at
)
SELECT
    owed.order_id, 'rfd_' || substr(owed.id, 5), owed.attempt_id,
    substr(owed.last_error, 1, instr(owed.last_error, ' must be given back') - 1),
    payments.amount_minor, payments.currency, 'compensation', owed.last_error, '[]', 'refused',
    1, 0, 'REFUND_REFUSED', owed.last_error, owed.created_at, owed.created_at, owed.created_at
FROM obligations AS owed JOIN payments ON payments.order_id = owed.order_id
WHERE owed.kind = 'refund' AND owed.state = 'parked'
  AND owed.attempt_id IS NOT NULL AND instr(owed.last_error, ' must be given back') > 1;

UPDATE obligations SET refund_id = 'rfd_' || substr(id, 5)
WHERE kind = 'refund' AND 'rfd_' || substr(id, 5) IN (SELECT id FROM refunds);

CREATE TABLE audit (
    sequence INTEGER NOT NULL,
    id       TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    actor    TEXT    NOT NULL,
    action   TEXT    NOT NULL,
    subject  TEXT    NOT NULL,
    detail   TEXT    NOT NULL,
    CONSTRAINT audit_sequence_unique PRIMARY KEY (sequence),
    CONSTRAINT audit_id_unique UNIQUE (id)
) STRICT;

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit_is_append_only');
END;

CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit_is_append_only');
END;
