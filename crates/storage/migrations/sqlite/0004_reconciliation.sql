-- Reconciliation: what a gateway reports of a day, held against the books; what differs, until it
-- does not any more; and who reconciles a day when its time has come.

-- A report names what it is about by the gateway's names, and misses what became certain on its day.
CREATE INDEX attempts_certain ON attempts (gateway, certain_at) WHERE certain_at IS NOT NULL;
CREATE INDEX attempts_references ON attempts (gateway, reference) WHERE reference IS NOT NULL;
CREATE INDEX refunds_certain ON refunds (certain_at) WHERE certain_at IS NOT NULL;
CREATE INDEX refunds_charges ON refunds (charge);
CREATE INDEX refunds_references ON refunds (reference) WHERE reference IS NOT NULL;

CREATE TABLE reconciliations (
    id       TEXT    NOT NULL,
    gateway  TEXT    NOT NULL,
    day      TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    source   TEXT    NOT NULL,
    matched  INTEGER NOT NULL,
    totals   TEXT    NOT NULL,
    findings INTEGER NOT NULL,
    CONSTRAINT reconciliations_id_unique PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX reconciliations_days ON reconciliations (gateway, day);

CREATE TABLE findings (
    key         TEXT    NOT NULL,
    gateway     TEXT    NOT NULL,
    day         TEXT    NOT NULL,
    first_seen  INTEGER NOT NULL,
    last_seen   INTEGER NOT NULL,
    closed_at   INTEGER,
    severity    TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    english     TEXT    NOT NULL,
    korean      TEXT    NOT NULL,
    repair      TEXT    NOT NULL,
    repaired_at INTEGER,
    order_id    TEXT,
    payment_id  TEXT,
    CONSTRAINT findings_key_unique PRIMARY KEY (key),
    CONSTRAINT findings_severity_known CHECK (severity IN ('critical', 'warning', 'notice')),
    CONSTRAINT findings_kind_known CHECK (
        kind IN ('missing_here', 'missing_there', 'amount', 'fee', 'duplicate', 'status',
                 'unknown_key', 'sources')
    )
) STRICT, WITHOUT ROWID;

CREATE INDEX findings_open ON findings (gateway, day) WHERE closed_at IS NULL;

CREATE TABLE reconciliation_turns (
    gateway      TEXT    NOT NULL,
    day          TEXT    NOT NULL,
    run_on       TEXT    NOT NULL,
    leased_until INTEGER NOT NULL,
    done_at      INTEGER,
    CONSTRAINT reconciliation_turns_one_per_day PRIMARY KEY (gateway, day, run_on)
) STRICT, WITHOUT ROWID;
