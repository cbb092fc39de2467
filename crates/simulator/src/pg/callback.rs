//! Callbacks, §11: exactly one attempt per transaction, through the pool; and their faults.
//!
//! How a callback travels is in [`super::sender`].

use bytes::Bytes;

use super::books::{CallbackRecord, Transaction};
use super::plan::{CallbackPlan, Verdict};
use super::sender::{Callback, Delivery};
use super::{Simulator, wire};
use crate::clock::{sleep_ms, within_ms};

/// A held back callback waits at most this long for another to overtake it.
const REORDER_AT_MOST_MS: u64 = 10_000;

/// A callback that the books will name by its kind.
struct Outgoing {
    index: usize,
    kind: &'static str,
    callback: Result<Callback, &'static str>,
}

impl Simulator {
    /// Sends the callback of a verdict through the pool, with the faults planned for it.
    pub(super) fn announce(&self, index: usize, transaction: &Transaction, plan: CallbackPlan) {
        if plan.drop || !self.settings().callbacks {
            return;
        }
        let outgoing = verdict_callback(index, transaction, plan);
        let simulator = self.clone();
        let process = self.process();
        let send = async move { simulator.deliver(outgoing, plan.duplicate).await };
        if plan.delay_ms == 0 && !plan.reorder {
            process.submit(send);
            return;
        }
        // Waiting outside the pool keeps a fault of one callback from holding up a worker.
        let (simulator, later) = (self.clone(), process.clone());
        process.start_aside(async move {
            sleep_ms(plan.delay_ms).await;
            if plan.reorder {
                simulator.wait_for_another_callback().await;
            }
            later.submit(send);
        });
    }

    /// Sends the callback of a verdict at once and waits for its answer.
    pub(super) async fn announce_now(
        &self,
        index: usize,
        transaction: &Transaction,
        plan: CallbackPlan,
    ) {
        if !plan.drop && self.settings().callbacks {
            self.deliver(verdict_callback(index, transaction, plan), plan.duplicate).await;
        }
    }

    /// Sends the forged callbacks planned for a transaction that is still pending.
    pub(super) fn forge(&self, index: usize, transaction: &Transaction, plan: CallbackPlan) {
        let mut approved = transaction.clone();
        approved.verdict = Some(Verdict::Approve);
        if plan.forged_before_verdict {
            self.send_aside(Outgoing::new(index, "forgedBeforeVerdict", &approved));
        }
        if plan.forged_unknown_key {
            approved.key = self.unissued_key();
            self.send_aside(Outgoing::new(index, "forgedUnknownKey", &approved));
        }
    }

    /// Sends a body of the caller's making; the books count it and tie it to no transaction.
    pub(super) async fn send_once(&self, callback: Callback) -> Delivery {
        let sending = self.sender().send(callback);
        let delivery = match self.settings().callback_timeout_ms {
            None => sending.await,
            Some(ms) => within_ms(ms, sending)
                .await
                .unwrap_or_else(|| Delivery::Failed(format!("no answer within {ms} ms"))),
        };
        let mut books = self.books_mut();
        books.counts.callbacks_sent += 1;
        books.counts.callbacks_failed += u64::from(!delivery.is_success());
        delivery
    }

    fn send_aside(&self, outgoing: Outgoing) {
        let simulator = self.clone();
        self.process().start_aside(async move { simulator.deliver(outgoing, false).await });
    }

    async fn deliver(&self, outgoing: Outgoing, twice: bool) {
        let Outgoing { index, kind, callback } = outgoing;
        for kind in [kind, "duplicate"].into_iter().take(if twice { 2 } else { 1 }) {
            let sent_at_ms = self.now_ms();
            let result = match callback.clone() {
                Ok(callback) => self.send_once(callback).await.to_string(),
                Err(why) => why.to_owned(),
            };
            self.books_mut().record_callback(index, CallbackRecord { kind, sent_at_ms, result });
        }
        self.callback_sent().notify_waiters();
    }

    async fn wait_for_another_callback(&self) {
        let another = self.callback_sent().notified();
        // When nothing came to overtake it, it goes all the same.
        let _ = within_ms(REORDER_AT_MOST_MS, another).await;
    }
}

impl Outgoing {
    fn new(index: usize, kind: &'static str, transaction: &Transaction) -> Self {
        let callback = expand(&transaction.callback_url)
            .map(|url| Callback { url, body: body(transaction) })
            .ok_or("the URL template has a variable without a value");
        Self { index, kind, callback }
    }
}

fn verdict_callback(index: usize, transaction: &Transaction, plan: CallbackPlan) -> Outgoing {
    let mut told = transaction.clone();
    if plan.wrong_amount {
        told.amount = wrong_amount(told.amount);
    }
    if plan.wrong_order {
        told.order_id = wrong_order(&told.order_id);
    }
    Outgoing::new(index, "verdict", &told)
}

/// Another amount, still positive.
pub(super) fn wrong_amount(amount: i64) -> i64 {
    if amount == i64::MAX { 1 } else { amount + 1 }
}

/// Another order id, still of an acceptable shape.
pub(super) fn wrong_order(order_id: &str) -> String {
    format!("{order_id}9")
}

fn body(transaction: &Transaction) -> Bytes {
    let detail = wire::TransactionDetail::of(transaction);
    serde_json::to_vec(&detail).unwrap_or_default().into()
}

/// §11: the URL is a template. Braces make the delivery fail, percent signs are escaped again.
fn expand(url: &str) -> Option<String> {
    (!url.contains(['{', '}'])).then(|| url.replace('%', "%25"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_fail_and_percent_signs_are_escaped_again() {
        assert_eq!(expand("http://localhost:8080/{id}"), None);
        assert_eq!(
            expand("http://localhost:8080/a%20b").as_deref(),
            Some("http://localhost:8080/a%2520b")
        );
        assert_eq!(
            expand("http://localhost:8080/plain").as_deref(),
            Some("http://localhost:8080/plain")
        );
    }
}
