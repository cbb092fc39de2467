//! The gateway's books: every transaction it ever stored, and what it told whom.
//!
//! Rows are never removed. A colliding key hides the earlier row from the wire and a restart
//! may lose all of them, but what was charged stays written down here.

use std::collections::HashMap;

use super::plan::Verdict;
use super::request::{CardNumber, PaymentRequest};
use super::store::Journal;

/// What one transaction is, §5; the wire shows it unless it was overwritten or lost.
#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    pub(crate) key: String,
    pub(crate) owner: String,
    pub(crate) order_id: String,
    pub(crate) card_type: &'static str,
    pub(crate) card: CardNumber,
    pub(crate) amount: i64,
    pub(crate) callback_url: String,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) verdict: Option<Verdict>,
    pub(crate) created_at_ms: u64,
    pub(crate) decided_at_ms: Option<u64>,
    pub(crate) overwritten: bool,
    pub(crate) lost: bool,
    pub(crate) callbacks: Vec<CallbackRecord>,
}

/// One callback that was sent, and how it went.
#[derive(Clone, Debug)]
pub(crate) struct CallbackRecord {
    pub(crate) kind: &'static str,
    pub(crate) sent_at_ms: u64,
    pub(crate) result: String,
}

/// How often what happened since the start; restarts do not reset it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// POSTs that reached the endpoint, bad ones included.
    pub posts: u64,
    /// POSTs answered 400.
    pub rejected400: u64,
    /// Transactions stored.
    pub accepted: u64,
    /// POSTs answered with the certain refusal of §4.2 step 5.
    pub refused500: u64,
    /// POSTs that returned an existing transaction (variants of §14).
    pub repeated: u64,
    /// POSTs whose answer was spoiled: dropped, foreign, undecodable or generic.
    pub spoiled: u64,
    /// Look-ups that reached an endpoint.
    pub look_ups: u64,
    /// Callbacks sent, forged ones included.
    pub callbacks_sent: u64,
    /// Of these, the ones not answered 2xx.
    pub callbacks_failed: u64,
}

/// All rows in order of creation, and the two indices the wire needs.
#[derive(Debug, Default)]
pub(crate) struct Books {
    rows: Vec<Transaction>,
    by_key: HashMap<String, usize>,
    by_order: HashMap<(String, String), Vec<usize>>,
    by_idempotency_key: HashMap<String, usize>,
    pub(crate) counts: Counts,
    journal: Option<Journal>,
}

impl Transaction {
    /// A pending transaction for this request.
    pub(crate) fn pending(key: String, request: PaymentRequest, created_at_ms: u64) -> Self {
        Self {
            key,
            owner: request.owner,
            order_id: request.order_id,
            card_type: request.card_type,
            card: request.card,
            amount: request.amount,
            callback_url: request.callback_url,
            idempotency_key: request.idempotency_key,
            verdict: None,
            created_at_ms,
            decided_at_ms: None,
            overwritten: false,
            lost: false,
            callbacks: Vec::new(),
        }
    }

    fn is_on_the_wire(&self) -> bool {
        !self.overwritten && !self.lost
    }
}

impl Books {
    /// Writes every further change to `journal`, and counts from zero.
    pub(crate) fn kept_in(self, journal: Journal) -> Self {
        Self { journal: Some(journal), counts: Counts::default(), ..self }
    }

    /// Stores a transaction; one with the same key is overwritten, §10. Returns its index.
    pub(crate) fn insert(&mut self, transaction: Transaction) -> usize {
        self.counts.accepted += 1;
        if let Some(journal) = &mut self.journal {
            journal.created(&transaction);
        }
        let at = self.rows.len();
        if let Some(earlier) = self.by_key.insert(transaction.key.clone(), at) {
            self.rows[earlier].overwritten = true;
        }
        let order = (transaction.owner.clone(), without_zeros(&transaction.order_id).to_owned());
        self.by_order.entry(order).or_default().push(at);
        if let Some(key) = &transaction.idempotency_key {
            self.by_idempotency_key.insert(key.clone(), at);
        }
        self.rows.push(transaction);
        at
    }

    /// Decides what stands under `key` now, which after a collision is the newer transaction.
    /// `None` when it is gone or decided already: that task has failed, §10.
    pub(crate) fn decide(
        &mut self,
        key: &str,
        verdict: Verdict,
        now_ms: u64,
    ) -> Option<(usize, Transaction)> {
        let at = *self.by_key.get(key)?;
        let row = &mut self.rows[at];
        if row.verdict.is_some() {
            return None;
        }
        row.verdict = Some(verdict);
        row.decided_at_ms = Some(now_ms);
        if let Some(journal) = &mut self.journal {
            journal.decided(key, verdict, now_ms);
        }
        Some((at, row.clone()))
    }

    /// The transaction that the wire shows under this key, to whomever it belongs.
    pub(crate) fn by_key(&self, key: &str) -> Option<&Transaction> {
        self.by_key.get(key).map(|at| &self.rows[*at])
    }

    /// All transactions of an owner's order, newest first, §6.
    pub(crate) fn by_order(&self, owner: &str, order_id: &str) -> Vec<&Transaction> {
        self.by_order_number(owner, order_id).filter(|row| row.order_id == order_id).collect()
    }

    /// The same for the numeric port, where leading zeros mean nothing.
    pub(crate) fn by_order_number(
        &self,
        owner: &str,
        order_id: &str,
    ) -> impl Iterator<Item = &Transaction> {
        let order = (owner.to_owned(), without_zeros(order_id).to_owned());
        let found = self.by_order.get(&order).map(Vec::as_slice).unwrap_or_default();
        found.iter().rev().map(|at| &self.rows[*at]).filter(|row| row.is_on_the_wire())
    }

    /// The transaction made under this idempotency key, §14.
    pub(crate) fn by_idempotency_key(&self, key: &str) -> Option<&Transaction> {
        self.by_idempotency_key.get(key).map(|at| &self.rows[*at])
    }

    pub(crate) fn record_callback(&mut self, at: usize, record: CallbackRecord) {
        if let Some(row) = self.rows.get_mut(at) {
            row.callbacks.push(record);
        }
    }

    /// Loses everything the wire can see, as the `local` profile does at every start, §10.
    pub(crate) fn lose_all(&mut self) {
        for at in self.by_key.drain().map(|(_, at)| at) {
            self.rows[at].lost = true;
        }
        self.by_order.clear();
        self.by_idempotency_key.clear();
        if let Some(journal) = &mut self.journal {
            journal.lost_all();
        }
    }

    /// Every row, in order of creation.
    pub(crate) fn rows(&self) -> &[Transaction] {
        &self.rows
    }

    /// Index of the newest row with this key, hidden ones included.
    pub(crate) fn position(&self, key: &str) -> Option<usize> {
        self.by_key.get(key).copied().or_else(|| self.rows.iter().rposition(|row| row.key == key))
    }
}

/// Both ways of reading an order id are served by one index.
fn without_zeros(order_id: &str) -> &str {
    let is_number = order_id.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { order_id.trim_start_matches('0') } else { order_id }
}
