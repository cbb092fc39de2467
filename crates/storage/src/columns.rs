//! The columns of each table, in the order in which [`crate::rows`] reads them and both dialects
//! write them. Macros, because `concat!` takes nothing else.

macro_rules! products {
    () => {
        "id, kind, name, price_minor, currency, available, received, on_sale, created_at"
    };
}

macro_rules! orders {
    () => {
        "id, owner, lines, total_minor, currency, status, expires_at, metadata, created_at, version"
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
         card_company, state, reference, problem_code, problem_text, absences, recorded_at, \
         send_before, certain_at"
    };
}

macro_rules! holds {
    () => {
        "order_id, product_id, id, quantity, state"
    };
}

macro_rules! obligations {
    () => {
        "order_id, id, kind, attempt_id, state, due_at, tries, fence, leased_until, last_error, \
         created_at"
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
        "order_id, product_id, id, owner, kind, quantity, created_at"
    };
}

macro_rules! incidents {
    () => {
        "once_per, id, kind, order_id, payment_id, attempt_id, detail, about, at"
    };
}

macro_rules! idempotency_keys {
    () => {
        "scope, key, fingerprint, order_id, reply_status, reply_body, created_at"
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
    attempts, fulfilments, holds, idempotency_keys, incidents, journal, obligations, orders,
    payments, postings, products, server_keys, users,
};
