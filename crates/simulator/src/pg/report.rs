//! What the gateway's books say, for whoever compares them with our own. No card numbers.

use std::collections::HashMap;

use serde::Serialize;

use super::books::{Counts, Transaction};
use super::plan::Verdict;
use super::{Simulator, wire};
use crate::clock::rfc3339;

/// Part of the books in order of creation, and the counts of everything.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BooksPage {
    /// Rows, overwritten and lost ones included.
    pub transactions: Vec<BooksRow>,
    /// Pass as `after` to go on; absent on the last page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<usize>,
    /// Counts since the start.
    #[serde(flatten)]
    pub counts: Counts,
}

/// One transaction as the gateway remembers it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BooksRow {
    /// Position in the books, from 0.
    pub index: usize,
    /// §4.3.
    pub transaction_key: String,
    /// The order it was for.
    pub order_id: String,
    /// `X-USER-ID` of the request.
    pub user_id: String,
    /// What is charged if approved.
    pub amount: i64,
    /// `SAMSUNG`, `KB` or `HYUNDAI`.
    pub card_type: &'static str,
    /// §8: `PENDING`, `SUCCESS` or `FAILED`.
    pub status: &'static str,
    /// §8; absent while pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// UTC, RFC 3339.
    pub created_at: String,
    /// UTC, RFC 3339; absent while pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decided_at: Option<String>,
    /// Hidden from the wire by a later transaction with the same key; money taken stays taken.
    pub overwritten: bool,
    /// Hidden from the wire by a restart; money taken stays taken.
    pub lost: bool,
    /// Callbacks sent for it.
    pub callbacks: Vec<CallbackRow>,
}

/// One callback as it was sent.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallbackRow {
    /// `verdict`, `duplicate`, `forgedBeforeVerdict` or `forgedUnknownKey`.
    pub kind: &'static str,
    /// UTC, RFC 3339.
    pub sent_at: String,
    /// The status of the answer, or why there was none.
    pub result: String,
}

/// The books in numbers.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Rows in all.
    pub transactions: usize,
    /// Rows without a verdict.
    pub pending: usize,
    /// Rows approved, hidden ones included.
    pub approved: usize,
    /// Rows declined.
    pub declined: usize,
    /// Sum of the approved amounts.
    pub approved_amount: i128,
    /// Owner and order pairs with more than one approved row.
    pub orders_charged_twice: usize,
    /// Rows hidden by a key collision.
    pub overwritten: usize,
    /// Rows hidden by a restart.
    pub lost: usize,
    /// Tasks waiting for a worker, §10.
    pub queued: usize,
    /// Counts since the start.
    #[serde(flatten)]
    pub counts: Counts,
}

impl Simulator {
    /// Up to `limit` rows behind row `after`, or from the first.
    pub fn books(&self, after: Option<usize>, limit: usize) -> BooksPage {
        let books = self.books_mut();
        let from = after.map_or(0, |after| after.saturating_add(1));
        let rows = books.rows();
        let transactions: Vec<_> = rows
            .iter()
            .enumerate()
            .skip(from)
            .take(limit)
            .map(|(index, row)| BooksRow::of(index, row))
            .collect();
        let last = transactions.last().map(|row| row.index);
        BooksPage {
            next: last.filter(|last| last + 1 < rows.len()),
            transactions,
            counts: books.counts,
        }
    }

    /// The books in numbers.
    pub fn summary(&self) -> Summary {
        let books = self.books_mut();
        let mut summary = Summary {
            transactions: books.rows().len(),
            queued: self.process().queued(),
            counts: books.counts,
            ..Summary::default()
        };
        let mut approvals: HashMap<(&str, &str), usize> = HashMap::new();
        for row in books.rows() {
            summary.overwritten += usize::from(row.overwritten);
            summary.lost += usize::from(row.lost);
            match row.verdict {
                None => summary.pending += 1,
                Some(Verdict::Limit | Verdict::Invalid) => summary.declined += 1,
                Some(Verdict::Approve) => {
                    summary.approved += 1;
                    summary.approved_amount += i128::from(row.amount);
                    *approvals.entry((&row.owner, &row.order_id)).or_default() += 1;
                }
            }
        }
        summary.orders_charged_twice = approvals.into_values().filter(|times| *times > 1).count();
        summary
    }

    /// Index of the newest row with this key.
    pub(super) fn position(&self, key: &str) -> Option<usize> {
        self.books_mut().position(key)
    }
}

impl BooksRow {
    fn of(index: usize, row: &Transaction) -> Self {
        let callbacks = row.callbacks.iter().map(|sent| CallbackRow {
            kind: sent.kind,
            sent_at: rfc3339(sent.sent_at_ms),
            result: sent.result.clone(),
        });
        Self {
            index,
            transaction_key: row.key.clone(),
            order_id: row.order_id.clone(),
            user_id: row.owner.clone(),
            amount: row.amount,
            card_type: row.card_type,
            status: wire::status(row.verdict),
            reason: wire::reason(row.verdict),
            created_at: rfc3339(row.created_at_ms),
            decided_at: row.decided_at_ms.map(rfc3339),
            overwritten: row.overwritten,
            lost: row.lost,
            callbacks: callbacks.collect(),
        }
    }
}
