//! Settlement lines that are wrong on purpose, for whoever reconciles them.

use serde::{Deserialize, Serialize};

use super::Simulator;
use super::settings::Settings;
use super::settlements::Line;
use crate::clock::{seoul_day_number, seoul_time};

/// One deliberate error. JSON: `{"drop":{"transactionKey":"txrd_…"}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Mismatch {
    /// The line is missing.
    Drop {
        /// The line's approval or cancel.
        transaction_key: String,
    },
    /// The line is there twice.
    Duplicate {
        /// The line's approval or cancel.
        transaction_key: String,
    },
    /// The line has another amount, another fee, or both.
    Change {
        /// The line's approval or cancel.
        transaction_key: String,
        /// Absent leaves it as it is.
        #[serde(default)]
        amount: Option<i64>,
        /// The base fee; absent leaves it as it is.
        #[serde(default)]
        fee: Option<i64>,
    },
    /// A line of yesterday for a payment that was never made.
    Add {
        /// The key it names.
        payment_key: String,
        /// The order it names.
        order_id: String,
        /// Its amount; the fee follows from it.
        amount: i64,
    },
}

impl Simulator {
    /// Settlements are wrong in this way from now on.
    pub fn mismatch(&self, mismatch: Mismatch) {
        self.store().mismatches.push(mismatch);
    }

    /// Settlements tell the truth again.
    pub fn clear_mismatches(&self) {
        self.store().mismatches.clear();
    }
}

impl Mismatch {
    pub(super) fn apply(&self, lines: &mut Vec<Line>, settings: &Settings, now_ms: u64) {
        match self {
            Self::Drop { transaction_key } => {
                lines.retain(|line| line.transaction_key != *transaction_key);
            }
            Self::Duplicate { transaction_key } => {
                let found = lines.iter().position(|line| line.transaction_key == *transaction_key);
                if let Some(at) = found {
                    lines.insert(at, lines[at].clone());
                }
            }
            Self::Change { transaction_key, amount, fee } => {
                for line in lines {
                    if line.transaction_key == *transaction_key {
                        let (old_amount, old_fee) = line.charged();
                        line.charge(amount.unwrap_or(old_amount), fee.unwrap_or(old_fee));
                    }
                }
            }
            Self::Add { payment_key, order_id, amount } => {
                let yesterday = seoul_day_number(now_ms).saturating_sub(1);
                let mut line = Line::plain(*amount, yesterday, settings);
                line.payment_key.clone_from(payment_key);
                line.order_id.clone_from(order_id);
                line.transaction_key = format!("txrd_{payment_key}");
                line.approved_at = seoul_time(now_ms.saturating_sub(24 * 60 * 60 * 1000));
                lines.push(line);
            }
        }
    }
}
