//! `POST /api/v1/payments`, §4: the course of one payment request.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};

use super::Simulator;
use super::books::{Books, Transaction};
use super::plan::{PostPlan, Reply};
use super::request::{self, PaymentRequest};
use super::settings::Settings;
use super::wire::{self, Answer, Refusal, TransactionSummary};
use crate::clock::{seoul_day, sleep_ms};
use crate::connection;

/// Far above any payment request; the gateway itself names no limit.
const BODY_LIMIT_BYTES: usize = 16 * 1024 * 1024;

/// §4.1: longer texts fail in the database, which is a generic 500 and no transaction.
const COLUMN_LENGTH: usize = 255;

/// Steps 1 to 6 of §4.2, with the planned faults in their places.
pub(super) async fn pay(State(simulator): State<Simulator>, request: Request) -> Answer {
    simulator.books_mut().counts.posts += 1;
    let settings = simulator.settings();
    let request = receive(request, &settings)
        .await
        .inspect_err(|_| simulator.books_mut().counts.rejected400 += 1)?;
    if let Some(answer) = simulator.repeated(&request, &settings) {
        return Ok(answer);
    }
    let plan = simulator.plan_post(&request.order_id, &settings);
    sleep_ms(plan.hang_ms + plan.delay_ms).await;
    if !plan.created {
        return simulator.refuse(plan.reply);
    }
    if is_too_long(&request.order_id) || is_too_long(&request.callback_url) {
        return Err(Refusal::generic());
    }
    let (index, transaction) = match simulator.store(request, plan.key.as_deref(), &settings) {
        Stored::Created(index, transaction) => (index, transaction),
        Stored::Repeated(answer) => return Ok(answer),
    };
    simulator.forge(index, &transaction, plan.callback);
    simulator.process_transaction(&transaction.key, &plan).await;
    sleep_ms(plan.late_ms).await;
    simulator.confirm(&transaction, plan.reply)
}

async fn receive(request: Request, settings: &Settings) -> Result<PaymentRequest, Refusal> {
    let (head, body) = request.into_parts();
    let owner = request::owner(&head.headers)?;
    request::check_content_type(&head.headers)?;
    let body =
        axum::body::to_bytes(body, BODY_LIMIT_BYTES).await.map_err(|_| Refusal::generic())?;
    request::read(owner, &body, settings)
}

fn is_too_long(text: &str) -> bool {
    text.len() > COLUMN_LENGTH && text.chars().count() > COLUMN_LENGTH
}

/// The transaction that the variants of §14 take this request for; the stock gateway knows none.
fn known<'a>(
    books: &'a Books,
    request: &PaymentRequest,
    settings: &Settings,
) -> Option<&'a Transaction> {
    let key = request.idempotency_key.as_deref();
    if let Some(earlier) = key.and_then(|key| books.by_idempotency_key(key)) {
        return Some(earlier);
    }
    let by_order = settings.variants.idempotent_by_order;
    by_order
        .then(|| books.by_order(&request.owner, &request.order_id))
        .and_then(|found| found.first().copied())
}

/// What became of a request that was to be stored.
enum Stored {
    Created(usize, Transaction),
    Repeated(Response),
}

impl Simulator {
    fn plan_post(&self, order_id: &str, settings: &Settings) -> PostPlan {
        let mut plan = PostPlan::draw(settings, &mut self.shared.chance.lock());
        let scripted = self.shared.script.lock().take_post(order_id);
        for step in scripted.into_iter().flat_map(|entry| entry.steps) {
            step.apply(&mut plan);
        }
        plan
    }

    /// The variants of §14: a request already known is answered at once.
    fn repeated(&self, request: &PaymentRequest, settings: &Settings) -> Option<Response> {
        let mut books = self.books_mut();
        let answer = wire::success(TransactionSummary::of(known(&books, request, settings)?));
        books.counts.repeated += 1;
        Some(answer)
    }

    /// Step 6. Two equal requests may have waited side by side, so the idempotent variants
    /// look once more.
    fn store(&self, request: PaymentRequest, key: Option<&str>, settings: &Settings) -> Stored {
        let now_ms = self.now_ms();
        let mut books = self.books_mut();
        if let Some(earlier) = known(&books, &request, settings) {
            return Stored::Repeated(wire::success(TransactionSummary::of(earlier)));
        }
        let is_taken = |key: &str| books.by_key(key).is_some();
        let key = key.map_or_else(|| self.new_key(now_ms, settings, is_taken), str::to_owned);
        let transaction = Transaction::pending(key, request, now_ms);
        let index = books.insert(transaction.clone());
        Stored::Created(index, transaction)
    }

    /// §4.3. Redraws a key that is taken only if collisions are switched off.
    fn new_key(&self, now_ms: u64, settings: &Settings, is_taken: impl Fn(&str) -> bool) -> String {
        let day = seoul_day(now_ms);
        loop {
            let random = self.shared.chance.lock().u32(0..1 << settings.key_bits);
            let key = format!("{day}:TR:{random:06x}");
            if settings.key_collisions || !is_taken(&key) {
                return key;
            }
        }
    }

    /// A key that this gateway has not issued.
    pub(super) fn unissued_key(&self) -> String {
        let settings = Settings { key_bits: 24, key_collisions: false, ..Settings::default() };
        let books = self.books_mut();
        self.new_key(self.now_ms(), &settings, |key| books.position(key).is_some())
    }

    /// §10: hands the transaction to the pool, which decides it and then hands on the callback.
    async fn process_transaction(&self, key: &str, plan: &PostPlan) {
        let (verdict, callback) = (plan.verdict, plan.callback);
        if callback.early {
            let decided = self.books_mut().decide(key, verdict, self.now_ms());
            if let Some((index, transaction)) = decided {
                self.announce_now(index, &transaction, callback).await;
            }
            return;
        }
        let Some(processing_ms) = plan.processing_ms else {
            return;
        };
        let (simulator, key) = (self.clone(), key.to_owned());
        self.process().submit(async move {
            sleep_ms(processing_ms).await;
            let decided = simulator.books_mut().decide(&key, verdict, simulator.now_ms());
            if let Some((index, transaction)) = decided {
                simulator.announce(index, &transaction, callback);
            }
        });
    }

    /// The answer to a POST that stored nothing.
    fn refuse(&self, reply: Reply) -> Answer {
        if reply == Reply::Honest {
            self.books_mut().counts.refused500 += 1;
            return Err(Refusal::unstable());
        }
        self.spoil(reply)
    }

    /// The answer to a POST that stored its transaction.
    fn confirm(&self, transaction: &Transaction, reply: Reply) -> Answer {
        if reply == Reply::Honest {
            return Ok(wire::success(TransactionSummary::of(transaction)));
        }
        self.spoil(reply)
    }

    fn spoil(&self, reply: Reply) -> Answer {
        self.books_mut().counts.spoiled += 1;
        match reply {
            Reply::Honest | Reply::Generic500 => Err(Refusal::generic()),
            Reply::Rejected(message) => Err(Refusal::bad_request(message)),
            Reply::Foreign5xx => Ok(wire::foreign_502()),
            Reply::Undecodable => Ok(wire::undecodable().into_response()),
            Reply::Dropped => Ok(connection::dropped()),
        }
    }
}
