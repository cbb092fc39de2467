//! What SQLite's errors mean to a caller, and its rows as [`crate::cells`] reads them.

use payonce_ports::store::StoreError;
use rusqlite::{Error, ErrorCode, types::ValueRef};

use crate::cells::Row;

/// SQLite names the columns of a broken unique rule; these are the rules' names.
const UNIQUE_RULES: &[(&str, &str)] = &[
    ("products.id", "products_id_unique"),
    ("orders.id", "orders_id_unique"),
    ("payments.order_id", "payments_one_per_order"),
    ("payments.id", "payments_id_unique"),
    ("attempts.order_id, attempts.number", "attempts_number_unique"),
    ("attempts.gateway, attempts.gateway_order_id", "attempts_gateway_order_id_unique"),
    ("attempts.order_id", "attempts_one_live_per_payment"),
    ("holds.order_id, holds.product_id", "holds_one_per_order_and_product"),
    ("refunds.order_id, refunds.id", "refunds_id_unique_in_order"),
    ("refunds.id", "refunds_id_unique"),
    ("refunds.order_id, refunds.charge", "refunds_one_at_gateway_per_charge"),
    ("obligations.order_id, obligations.id", "obligations_id_unique"),
    ("journal.sequence", "journal_sequence_unique"),
    ("postings.order_id, postings.entry_id, postings.account", "postings_one_leg_per_account"),
    ("fulfilments.order_id, fulfilments.product_id", "fulfilments_one_per_order_and_product"),
    ("incidents.once_per", "incidents_once_per_thing"),
    ("idempotency_keys.scope, idempotency_keys.key", "idempotency_keys_key_unique"),
    ("audit.sequence", "audit_sequence_unique"),
    ("audit.id", "audit_id_unique"),
    ("users.id", "users_id_unique"),
    ("users.email", "users_email_unique"),
    ("server_keys.digest", "server_keys_digest_unique"),
    ("secrets.name", "secrets_name_unique"),
];

/// A failed statement: a broken rule is refused, anything else means the database is unusable.
#[expect(clippy::needless_pass_by_value, reason = "stands in map_err")]
pub(crate) fn failed(error: Error) -> StoreError {
    match &error {
        Error::SqliteFailure(cause, text) if cause.code == ErrorCode::ConstraintViolation => {
            StoreError::Refused(rule(text.as_deref().unwrap_or_default()))
        }
        _ => StoreError::Unavailable(error.to_string()),
    }
}

fn rule(text: &str) -> String {
    let Some((_, what)) = text.split_once("constraint failed: ") else {
        return text.to_owned();
    };
    let named = UNIQUE_RULES.iter().find(|(columns, _)| *columns == what);
    named.map_or(what, |(_, name)| name).to_owned()
}

impl Row for rusqlite::Row<'_> {
    fn text(&self, at: usize) -> Result<Option<&str>, String> {
        match self.get_ref(at).map_err(|error| error.to_string())? {
            ValueRef::Null => Ok(None),
            value => value.as_str().map(Some).map_err(|error| error.to_string()),
        }
    }

    fn number(&self, at: usize) -> Result<Option<i64>, String> {
        self.get(at).map_err(|error| error.to_string())
    }

    fn flag(&self, at: usize) -> Result<bool, String> {
        self.get(at).map_err(|error| error.to_string())
    }
}
