//! Values kept as JSON text: an order's lines, a refund's pieces, a ruling, a journal entry's cause
//! and facts.

use payonce_ports::store::StoreError;
use serde::Serialize;

/// The text of a value. Our own types always have one.
pub(crate) fn text(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Refused(error.to_string()))
}
