//! The columns of each table, in the order in which [`crate::rows`] reads them and both dialects
//! write them. Macros, because `concat!` takes nothing else.

macro_rules! products {
    () => {
        "id, kind, name, price_minor, currency, available, received, on_sale, created_at"
    };
}

macro_rules! orders {
    () => {
        "id, owner, lines, total_minor, currency, status, expires_at, metadata, created_at, \
         cancel_wished_at, version"
    };
}

macro_rules! payments {
    () => {
        "order_id, id, amount_minor, currency, state, reason, changed_at"
    };
}

macro_rules! attempts {
    () => {
        "order_id, number, id, gateway, gateway_order_id, gateway_user_id, amount_minor, currency, \
         means, card_company, authentication, state, reference, problem_code, problem_text, \
         absences, request, recorded_at, send_before, certain_at, fee_minor, ruling"
    };
}

macro_rules! holds {
    () => {
        "order_id, product_id, id, quantity, state, given_back"
    };
}

macro_rules! refunds {
    () => {
        "order_id, id, attempt_id, charge, amount_minor, currency, purpose, reason, pieces, state, \
         request, absences, reference, problem_code, problem_text, requested_at, send_before, \
         certain_at, alarmed_at, fee_minor"
    };
}

macro_rules! obligations {
    () => {
        "order_id, id, kind, attempt_id, refund_id, state, due_at, tries, fence, leased_until, \
         last_error, created_at"
    };
}

macro_rules! journal {
    () => {
        "id, order_id, payment_id, at, cause, facts"
    };
}

macro_rules! postings {
    () => {
        "order_id, entry_id, account, amount_minor, currency, attempt_id, at"
    };
}

macro_rules! fulfilments {
    () => {
        "order_id, product_id, id, owner, kind, quantity, revoked, created_at"
    };
}

macro_rules! incidents {
    () => {
        "once_per, id, kind, order_id, payment_id, attempt_id, detail, about, at"
    };
}

macro_rules! idempotency_keys {
    () => {
        "scope, key, fingerprint, order_id, refund_id, reply_status, reply_body, created_at"
    };
}

macro_rules! audit {
    () => {
        "id, at, actor, action, subject, detail"
    };
}

macro_rules! reconciliations {
    () => {
        "id, gateway, day, at, source, matched, totals, findings"
    };
}

macro_rules! findings {
    () => {
        "key, gateway, day, first_seen, last_seen, closed_at, severity, kind, english, korean, \
         repair, repaired_at, order_id, payment_id"
    };
}

macro_rules! users {
    () => {
        "id, email, password_hash, role, created_at"
    };
}

macro_rules! server_keys {
    () => {
        "digest, hint, created_at"
    };
}

pub(crate) use {
    attempts, audit, findings, fulfilments, holds, idempotency_keys, incidents, journal,
    obligations, orders, payments, postings, products, reconciliations, refunds, server_keys,
    users,
};
