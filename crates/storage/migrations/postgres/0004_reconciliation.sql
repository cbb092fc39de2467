-- Reconciliation: what a gateway reports of a day, held against the books; what differs, until it
-- does not any more; and who reconciles a day when its time has come.

-- A report names what it is about by the gateway's names, and misses what became certain on its day.
CREATE INDEX attempts_certain ON attempts (gateway, certain_at) WHERE certain_at IS NOT NULL;
CREATE INDEX attempts_references ON attempts (gateway, reference) WHERE reference IS NOT NULL;
CREATE INDEX refunds_certain ON refunds (certain_at) WHERE certain_at IS NOT NULL;
CREATE INDEX refunds_charges ON refunds (charge);
CREATE INDEX refunds_references ON refunds (reference) WHERE reference IS NOT NULL;

CREATE TABLE reconciliations (
    id       TEXT COLLATE "C" NOT NULL,
    gateway  TEXT COLLATE "C" NOT NULL,
    day      TEXT COLLATE "C" NOT NULL,
    at       BIGINT NOT NULL,
    source   TEXT COLLATE "C" NOT NULL,
    matched  BIGINT NOT NULL,
    totals   TEXT COLLATE "C" NOT NULL,
    findings BIGINT NOT NULL,
    CONSTRAINT reconciliations_id_unique PRIMARY KEY (id)
);

CREATE INDEX reconciliations_days ON reconciliations (gateway, day);

CREATE TABLE findings (
    key         TEXT COLLATE "C" NOT NULL,
    gateway     TEXT COLLATE "C" NOT NULL,
    day         TEXT COLLATE "C" NOT NULL,
    first_seen  BIGINT NOT NULL,
    last_seen   BIGINT NOT NULL,
    closed_at   BIGINT,
    severity    TEXT COLLATE "C" NOT NULL,
    kind        TEXT COLLATE "C" NOT NULL,
    english     TEXT COLLATE "C" NOT NULL,
    korean      TEXT COLLATE "C" NOT NULL,
    repair      TEXT COLLATE "C" NOT NULL,
    repaired_at BIGINT,
    order_id    TEXT COLLATE "C",
    payment_id  TEXT COLLATE "C",
    CONSTRAINT findings_key_unique PRIMARY KEY (key),
    CONSTRAINT findings_severity_known CHECK (severity IN ('critical', 'warning', 'notice')),
    CONSTRAINT findings_kind_known CHECK (
        kind IN ('missing_here', 'missing_there', 'amount', 'fee', 'duplicate', 'status',
                 'unknown_key', 'sources')
    )
);

CREATE INDEX findings_open ON findings (gateway, day) WHERE closed_at IS NULL;

CREATE TABLE reconciliation_turns (
    gateway      TEXT COLLATE "C" NOT NULL,
    day          TEXT COLLATE "C" NOT NULL,
    run_on       TEXT COLLATE "C" NOT NULL,
    leased_until BIGINT NOT NULL,
    done_at      BIGINT,
    CONSTRAINT reconciliation_turns_one_per_day PRIMARY KEY (gateway, day, run_on)
);
