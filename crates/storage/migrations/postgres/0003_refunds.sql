-- Refunds: money that goes back, attempts at a gateway's page, rulings, and privileged acts.
--
-- What was owed as a refund before there were any, parked for a person, becomes a refused one, so
-- that it can be tried again or settled like any other.

ALTER TABLE orders ADD COLUMN cancel_wished_at BIGINT;

ALTER TABLE payments
    DROP CONSTRAINT payments_state_known,
    ADD CONSTRAINT payments_state_known CHECK (
        state IN ('created', 'requires_action', 'processing', 'unresolved', 'paid', 'cancelling',
                  'cancelled', 'partially_refunded', 'failed', 'compensation_failed')
    );

-- A card has its company; a page has, once the buyer has come back, what it handed them.
ALTER TABLE attempts
    ADD COLUMN means          TEXT COLLATE "C" NOT NULL DEFAULT 'card',
    ALTER COLUMN card_company DROP NOT NULL,
    ADD COLUMN authentication TEXT COLLATE "C",
    ADD COLUMN request        BIGINT NOT NULL DEFAULT 1,
    ADD COLUMN fee_minor      BIGINT,
    ADD COLUMN ruling         TEXT COLLATE "C",
    ADD CONSTRAINT attempts_request_positive CHECK (request > 0),
    ADD CONSTRAINT attempts_means_known CHECK (means IN ('card', 'page')),
    ADD CONSTRAINT attempts_card_has_its_company CHECK (
        (means = 'card') = (card_company IS NOT NULL)
    ),
    ADD CONSTRAINT attempts_authentication_is_of_a_page CHECK (
        authentication IS NULL OR means = 'page'
    ),
    DROP CONSTRAINT attempts_state_known,
    ADD CONSTRAINT attempts_state_known CHECK (
        state IN ('recorded', 'sent', 'accepted', 'unknown', 'approved', 'declined', 'not_charged')
    ),
    ADD CONSTRAINT attempts_problem_known CHECK (
        problem_code IN ('LIMIT_EXCEEDED', 'INVALID_CARD', 'DECLINED_OTHER', 'REJECTED',
                         'NOT_CREATED', 'NOT_SENT', 'ABSENT', 'TURNED_DOWN', 'ABANDONED',
                         'SUPERSEDED', 'RULED_NOT_CHARGED', 'REFUND_REFUSED', 'UNCLEAR', 'NO_ANSWER')
    );

-- The defaults were for the rows that were there.
ALTER TABLE attempts
    ALTER COLUMN means DROP DEFAULT,
    ALTER COLUMN request DROP DEFAULT;

-- An order has one payment, so one live attempt per order is one per payment.
DROP INDEX attempts_one_live_per_payment;
CREATE UNIQUE INDEX attempts_one_live_per_payment ON attempts (order_id)
    WHERE state IN ('recorded', 'sent', 'accepted', 'unknown');

ALTER TABLE holds
    ADD COLUMN given_back BIGINT NOT NULL DEFAULT 0,
    ADD CONSTRAINT holds_given_back_at_most_quantity CHECK (given_back BETWEEN 0 AND quantity);

ALTER TABLE fulfilments
    ADD COLUMN revoked BIGINT NOT NULL DEFAULT 0,
    ADD CONSTRAINT fulfilments_revoked_at_most_quantity CHECK (revoked BETWEEN 0 AND quantity);

ALTER TABLE obligations ADD COLUMN refund_id TEXT COLLATE "C";

CREATE INDEX obligations_refunds ON obligations (refund_id)
    WHERE state = 'owed' AND kind = 'refund';

ALTER TABLE incidents
    DROP CONSTRAINT incidents_kind_known,
    ADD CONSTRAINT incidents_kind_known CHECK (
        kind IN ('evidence_mismatch', 'duplicate_charge', 'charged_after_given_up',
                 'verdict_contradicted', 'unresolved', 'compensation_failed', 'foreign_refund',
                 'reconciliation')
    );

ALTER TABLE idempotency_keys ADD COLUMN refund_id TEXT COLLATE "C";

CREATE TABLE refunds (
    order_id     TEXT COLLATE "C" NOT NULL,
    id           TEXT COLLATE "C" NOT NULL,
    attempt_id   TEXT COLLATE "C" NOT NULL,
    charge       TEXT COLLATE "C" NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency     TEXT COLLATE "C" NOT NULL,
    purpose      TEXT COLLATE "C" NOT NULL,
    reason       TEXT COLLATE "C" NOT NULL,
    pieces       TEXT COLLATE "C" NOT NULL,
    state        TEXT COLLATE "C" NOT NULL,
    request      BIGINT NOT NULL,
    absences     BIGINT NOT NULL,
    reference    TEXT COLLATE "C",
    problem_code TEXT COLLATE "C",
    problem_text TEXT COLLATE "C",
    requested_at BIGINT NOT NULL,
    send_before  BIGINT NOT NULL,
    certain_at   BIGINT,
    alarmed_at   BIGINT,
    fee_minor    BIGINT,
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
) WITH (fillfactor = 70);

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
    substr(owed.last_error, 1, strpos(owed.last_error, ' must be given back') - 1),
    payments.amount_minor, payments.currency, 'compensation', owed.last_error, '[]', 'refused',
    1, 0, 'REFUND_REFUSED', owed.last_error, owed.created_at, owed.created_at, owed.created_at
FROM obligations AS owed JOIN payments ON payments.order_id = owed.order_id
WHERE owed.kind = 'refund' AND owed.state = 'parked'
  AND owed.attempt_id IS NOT NULL AND strpos(owed.last_error, ' must be given back') > 1;

UPDATE obligations SET refund_id = 'rfd_' || substr(id, 5)
WHERE kind = 'refund' AND 'rfd_' || substr(id, 5) IN (SELECT id FROM refunds);

CREATE TABLE audit (
    sequence BIGINT GENERATED ALWAYS AS IDENTITY,
    id       TEXT COLLATE "C" NOT NULL,
    at       BIGINT NOT NULL,
    actor    TEXT COLLATE "C" NOT NULL,
    action   TEXT COLLATE "C" NOT NULL,
    subject  TEXT COLLATE "C" NOT NULL,
    detail   TEXT COLLATE "C" NOT NULL,
    CONSTRAINT audit_sequence_unique PRIMARY KEY (sequence),
    CONSTRAINT audit_id_unique UNIQUE (id)
);

CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_is_append_only' USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
