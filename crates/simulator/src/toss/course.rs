//! What every call to the core API goes through, from its arrival to the end of its connection:
//! key, rate limit, idempotency, test code, then the course that chance or a script gave it.

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::books::RequestRow;
use super::codes::{self, Code};
use super::idempotency::{Kept, LONGEST_KEY, Scope, Use};
use super::operation::Operation;
use super::plan::Course;
use super::request::Call;
use super::settings::Settings;
use super::wire::{self, Answer, Reply};
use super::{Simulator, auth};
use crate::clock::{rfc3339, sleep_ms};
use crate::connection;

const TRACE: &str = "x-tosspayments-trace-id";
const IDEMPOTENCY_KEY: &str = "idempotency-key";
const TEST_CODE: &str = "tosspayments-test-code";

/// What stands between a call and being carried out.
enum Gate {
    /// It is carried out, and its answer kept under this key.
    Open(Option<Scope>),
    /// It has its answer already.
    Replay(Kept),
    /// It is refused.
    Refused(Reply),
}

/// A call let in, with what it does to the books.
struct Work {
    simulator: Simulator,
    settings: Arc<Settings>,
    call: Call,
    row: usize,
    trace: String,
    scope: Option<Scope>,
    execute: Box<dyn FnOnce(&Simulator) -> Answer + Send>,
}

impl Simulator {
    /// Takes one call to its end. `execute` is what it does to the books, at once and whole.
    pub(super) async fn take(
        &self,
        mut call: Call,
        execute: impl FnOnce(&Self) -> Answer + Send + 'static,
    ) -> Response {
        let settings = self.settings();
        let trace = self.new_name(32).to_lowercase();
        self.name_order(&mut call);
        let row = self.receive(&call);
        let idempotency_key = call.is_post().then(|| call.header(IDEMPOTENCY_KEY)).flatten();
        let (response, answered, trace) = match self.gate(&call, &settings) {
            Gate::Refused(reply) => {
                let label = reply.label();
                (reply.into_response(), label, trace)
            }
            Gate::Replay(Kept { reply, trace: first }) => {
                let label = format!("replayed {}", reply.label());
                (reply.into_response(), label, format!("{first},{trace}"))
            }
            Gate::Open(scope) => {
                let course = self.course(&call, &settings);
                let work = Work {
                    simulator: self.clone(),
                    settings,
                    call,
                    row,
                    trace: trace.clone(),
                    scope,
                    execute: Box::new(execute),
                };
                let (response, label) = work.run(course).await;
                (response, label, trace)
            }
        };
        self.store().requests[row].answered = Some(answered);
        signed(response, &trace, idempotency_key.as_deref())
    }

    /// A call about a payment is a call about its order too.
    fn name_order(&self, call: &mut Call) {
        if let Some(key) = &call.subject.payment_key {
            let store = self.store();
            let known = store.payment(key).map(|payment| payment.purchase.order_id.clone());
            call.subject.order_id = known.or(call.subject.order_id.take());
        }
    }

    fn receive(&self, call: &Call) -> usize {
        let at = rfc3339(self.now_ms());
        let mut store = self.store();
        store.requests.push(RequestRow {
            operation: call.operation,
            idempotency_key: call.header(IDEMPOTENCY_KEY),
            payment_key: call.subject.payment_key.clone(),
            order_id: call.subject.order_id.clone(),
            at,
            executed: None,
            answered: None,
        });
        store.requests.len() - 1
    }

    fn gate(&self, call: &Call, settings: &Settings) -> Gate {
        if let Err(code) = auth::check(call.header("authorization").as_deref(), settings) {
            return Gate::Refused(code.into());
        }
        if let Some(refused) = self.over_the_limit(call.operation, settings) {
            return Gate::Refused(refused);
        }
        let Some(key) = call.header(IDEMPOTENCY_KEY).filter(|_| call.is_post()) else {
            return Gate::Open(None);
        };
        if key.chars().count() > LONGEST_KEY {
            return Gate::Refused(Reply::from(&codes::INVALID_IDEMPOTENCY_KEY));
        }
        let scope = Scope {
            key,
            secret_key: settings.secret_key.clone(),
            path: call.uri.path().to_owned(),
            method: call.method.to_string(),
        };
        match self.shared.memory.lock().begin(&scope, self.now_ms()) {
            Use::First => Gate::Open(Some(scope)),
            Use::Running => Gate::Refused(Reply::from(&codes::IDEMPOTENT_REQUEST_PROCESSING)),
            Use::Answered(kept) => Gate::Replay(kept),
        }
    }

    fn over_the_limit(&self, operation: Operation, settings: &Settings) -> Option<Reply> {
        let per_minute = settings.rate_limit.per_minute?;
        if self.shared.meter.lock().admit(operation, per_minute, self.now_ms()) {
            return None;
        }
        let bare = settings.rate_limit.without_body.draw(&mut self.shared.chance.lock());
        Some(too_many(!bare))
    }

    /// §9: a test code decides by itself; then a script, then chance.
    fn course(&self, call: &Call, settings: &Settings) -> Course {
        if let Some(code) = test_code(call, settings) {
            return Course::Answer { code };
        }
        let faults = match call.operation {
            Operation::Confirm => settings.faults.confirm,
            Operation::Cancel => settings.faults.cancel,
            Operation::Query => settings.faults.query,
            Operation::Charge | Operation::KeyIn => settings.faults.billing,
            Operation::IssueBillingKey
            | Operation::DeleteBillingKey
            | Operation::Transactions
            | Operation::Settlements => super::faults::CallFaults::default(),
        };
        let key = call.subject.payment_key.as_deref();
        let is_first = key.is_some_and(|key| self.store().is_first(call.operation, key));
        let drawn = Course::draw(&faults, &mut self.shared.chance.lock());
        let drawn = if faults.first_lost && is_first { Course::Lost } else { drawn };
        self.shared.script.lock().take(call.operation, &call.subject).unwrap_or(drawn)
    }
}

impl Work {
    /// The course: when it is done, and what its caller gets to see of that.
    async fn run(self, course: Course) -> (Response, String) {
        let failed = &codes::FAILED_INTERNAL_SYSTEM_PROCESSING;
        match course {
            Course::Execute => {
                let latency_ms = self.latency_ms();
                seen(self.execute_after(latency_ms).await)
            }
            Course::Slow { ms } => seen(self.execute_after(ms).await),
            Course::Fail => seen(self.answer(failed.into())),
            Course::FailAfter => seen(self.execute_and_answer(failed)),
            Course::Hang { ms, done_after_ms } => {
                let done_after_ms = done_after_ms.min(ms);
                let reply = self.execute_after(done_after_ms).await;
                sleep_ms(ms - done_after_ms).await;
                seen(reply)
            }
            Course::Lost => {
                self.execute_after(0).await;
                dropped()
            }
            Course::DropBefore => {
                self.forget();
                dropped()
            }
            Course::Late { ms } => {
                let simulator = self.simulator.clone();
                let held = self.hold_session();
                simulator.start_aside(async move {
                    sleep_ms(ms).await;
                    self.execute_held(held);
                });
                dropped()
            }
            Course::Answer { code } => {
                let code = codes::find(&code).unwrap_or(&codes::INVALID_TEST_CODE);
                seen(self.answer(code.into()))
            }
            Course::Foreign => {
                self.forget();
                foreign(StatusCode::BAD_GATEWAY)
            }
            Course::ForeignAfter => {
                self.execute_after(0).await;
                foreign(StatusCode::GATEWAY_TIMEOUT)
            }
            Course::TooMany { with_body } => seen(self.answer(too_many(with_body))),
        }
    }

    fn latency_ms(&self) -> u64 {
        self.settings.latency_ms.draw(&mut self.simulator.shared.chance.lock())
    }

    /// Does it this much later and binds its answer.
    async fn execute_after(self, ms: u64) -> Reply {
        let held = self.hold_session();
        sleep_ms(ms).await;
        self.execute_held(held)
    }

    fn execute_held(self, held: Option<String>) -> Reply {
        let Self { simulator, settings, row, trace, scope, execute, .. } = self;
        let reply = Reply::from(execute(&simulator));
        simulator.store().requests[row].executed = Some(reply.label());
        if let Some(key) = held {
            simulator.release_session(&key);
        }
        simulator.bind(scope, reply, trace, &settings)
    }

    /// Does it at once, and binds this code in the place of its answer.
    fn execute_and_answer(self, code: &'static Code) -> Reply {
        let Self { simulator, settings, row, trace, scope, execute, .. } = self;
        let reply = Reply::from(execute(&simulator));
        simulator.store().requests[row].executed = Some(reply.label());
        simulator.bind(scope, code.into(), trace, &settings)
    }

    /// Does nothing and binds this answer.
    fn answer(self, reply: Reply) -> Reply {
        self.simulator.bind(self.scope, reply, self.trace, &self.settings)
    }

    /// Does nothing and binds nothing.
    fn forget(self) {
        if let Some(scope) = &self.scope {
            self.simulator.shared.memory.lock().forget(scope);
        }
    }

    /// A confirm that arrives in time is in time, however long it then takes.
    fn hold_session(&self) -> Option<String> {
        let key = self.call.subject.payment_key.as_deref()?;
        let is_held = self.call.operation == Operation::Confirm && self.simulator.hold_session(key);
        is_held.then(|| key.to_owned())
    }
}

impl Simulator {
    /// Keeps the answer if it is one that a key keeps, and returns it.
    fn bind(
        &self,
        scope: Option<Scope>,
        reply: Reply,
        trace: String,
        settings: &Settings,
    ) -> Reply {
        let Some(scope) = scope else {
            return reply;
        };
        let is_kept = match reply.status {
            StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS => false,
            status => !status.is_server_error() || settings.bind_server_errors,
        };
        let mut memory = self.shared.memory.lock();
        if is_kept {
            memory.keep(&scope, Kept { reply: reply.clone(), trace });
        } else {
            memory.forget(&scope);
        }
        reply
    }
}

fn test_code(call: &Call, settings: &Settings) -> Option<String> {
    call.header(TEST_CODE).filter(|_| call.is_post() && settings.is_test())
}

fn too_many(with_body: bool) -> Reply {
    if with_body { Reply::from(&codes::TOO_MANY_REQUESTS) } else { Reply::too_many_without_body() }
}

fn seen(reply: Reply) -> (Response, String) {
    let label = reply.label();
    (reply.into_response(), label)
}

fn dropped() -> (Response, String) {
    (connection::dropped(), "dropped".to_owned())
}

fn foreign(status: StatusCode) -> (Response, String) {
    (wire::foreign(status), format!("{} of a proxy", status.as_u16()))
}

/// The headers every answer carries, §1 and §8.
fn signed(mut response: Response, trace: &str, idempotency_key: Option<&str>) -> Response {
    let headers = response.headers_mut();
    let known = [(TRACE, Some(trace)), (IDEMPOTENCY_KEY, idempotency_key)];
    for (name, value) in known {
        if let Some(Ok(value)) = value.map(HeaderValue::from_str) {
            headers.insert(name, value);
        }
    }
    response
}
