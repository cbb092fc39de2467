//! Toss Payments: the buyer agrees in Toss's window, and we confirm. Section numbers are those of its
//! wire document.
//!
//! Manners: until a confirmation nothing is charged, and a payment that was agreed to expires after ten
//! minutes (§3). A repeat under the same idempotency key is the same request for 15 days, whatever its
//! body (§8), and hears the same error again: each request that must be told apart has a key of its
//! own. A payment can be looked up by its key and by our order id (§4.2). Refunds state the balance
//! that they expect, so two of them cannot both take the rest (§4.3), and carry our name in their
//! reason. Webhooks of payments are unsigned (§12): triggers only. No card number ever passes here.
//!
//! Read [`Settings`], `codes` (what each error proves), `answers`, `cancel` (giving back), `page` (the
//! buyer's way), [`billing`] (charging again without the buyer), [`webhook`], [`settlement`], `report` (a
//! settlement as reconciliation reads it).

mod amount;
mod answers;
pub mod billing;
mod cancel;
mod codes;
mod page;
mod report;
mod settings;
pub mod settlement;
#[cfg(test)]
mod tests;
pub mod webhook;
mod wire;

use std::{fmt::Write as _, sync::Arc, time::Duration};

use async_trait::async_trait;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{Method, StatusCode};
use payonce_domain::{
    gateway::{GatewayName, Manners},
    money::{Currency, Money},
    payment::{
        Attempt,
        evidence::{Outcome, Sighting, Transaction, Verdict},
    },
    reconciliation::Date,
    refund::{
        Refund,
        evidence::{RefundOutcome, RefundSighting},
    },
};
use payonce_ports::gateway::{Card, DayReport, Gateway, NoPage, Opening, Page, Refusal, Returned};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use crate::transport::{Request, Response, Transport, TransportError};
use answers::{Refused, Seen};
use codes::Class;
pub use settings::{BASE_URL, BadSettings, Keys, SCRIPT_URL, Settings, stock_manners};

/// The name under which it appears everywhere.
pub const NAME: &str = "toss";

/// The gateway without its layers: one call, one outcome.
pub struct Toss {
    name: GatewayName,
    settings: Settings,
    authorization: SecretString,
    transport: Arc<dyn Transport>,
}

impl Toss {
    /// A gateway as these settings say, unless they cannot be used.
    pub fn new(settings: Settings, transport: Arc<dyn Transport>) -> Result<Self, BadSettings> {
        settings.check()?;
        // The key is the user, the password is empty, the colon is required (§1).
        let user = SecretString::from(format!("{}:", settings.secret_key.expose_secret()));
        let encoded = STANDARD.encode(user.expose_secret());
        let authorization = SecretString::from(format!("Basic {encoded}"));
        Ok(Self { name: GatewayName::new(NAME), settings, authorization, transport })
    }

    /// Whether a webhook is signed with our security key (§12); never without one.
    pub fn is_signed(&self, body: &[u8], transmission_time: &str, signatures: &str) -> bool {
        let key = self.settings.security_key.as_ref();
        key.is_some_and(|key| webhook::is_signed(body, transmission_time, signatures, key))
    }

    fn request(&self, method: Method, path_and_query: &str) -> Request {
        Request {
            method,
            url: format!("{}{path_and_query}", self.settings.base_url.trim_end_matches('/')),
            headers: vec![("Authorization", self.authorization.expose_secret().to_owned())],
            body: None,
        }
    }

    async fn get(&self, path_and_query: &str) -> Result<Response, TransportError> {
        self.transport.send(self.request(Method::GET, path_and_query)).await
    }

    /// Posts under an idempotency key (§8).
    async fn post(
        &self,
        path: &str,
        idempotency_key: String,
        body: &impl Serialize,
    ) -> Result<Response, TransportError> {
        let body =
            serde_json::to_vec(body).map_err(|error| TransportError::NotSent(error.to_string()))?;
        let mut request = self.request(Method::POST, path);
        request.headers.push(("Idempotency-Key", idempotency_key));
        if let Some(code) = &self.settings.test_code {
            request.headers.push(("TossPayments-Test-Code", code.clone()));
        }
        request.body = Some(body.into());
        self.transport.send(request).await
    }

    /// One payment by Toss's key (§4.2).
    async fn by_key(&self, key: &str) -> Seen {
        self.read(&format!("/v1/payments/{}", segment(key))).await
    }

    /// The outcome of confirming what was processed before: often our own earlier success, but a key
    /// comes through the buyer's hands. One that is another order's confirms nothing of ours, ever.
    async fn whose(&self, attempt: &Attempt, key: &str, response: &Response) -> Outcome {
        match self.by_key(key).await {
            Seen::Found(payment) if payment.order_id != attempt.gateway_order_id => {
                Outcome::Rejected { text: "what came back is another order's payment".to_owned() }
            }
            Seen::Found(_) | Seen::Absent | Seen::Unknown(_) => {
                answers::charge(attempt, Some(key), response)
            }
        }
    }

    /// The payment of our order id (§4.2).
    async fn by_order(&self, attempt: &Attempt) -> Seen {
        let order_id = segment(&attempt.gateway_order_id);
        self.read(&format!("/v1/payments/orders/{order_id}")).await
    }

    async fn read(&self, path: &str) -> Seen {
        match self.get(path).await {
            Ok(response) => answers::seen(&response),
            Err(error) => Seen::Unknown(said(error)),
        }
    }

    /// Another account's payments do not show under our key: their absence would prove nothing.
    fn not_ours(&self, attempt: &Attempt) -> Option<String> {
        let (theirs, ours) = (&attempt.gateway_user_id, &self.settings.account);
        (theirs != ours).then(|| format!("it belongs to account {theirs}, and this is {ours}"))
    }
}

#[async_trait]
impl Gateway for Toss {
    fn name(&self) -> &GatewayName {
        &self.name
    }

    fn manners(&self) -> &Manners {
        &self.settings.manners
    }

    fn account(&self) -> &str {
        &self.settings.account
    }

    /// `po-` and sixteen hexadecimal digits: within 6–64 letters of Toss's alphabet (§2).
    fn new_order_id(&self, chance: u64) -> String {
        format!("po-{chance:016x}")
    }

    fn refuses_charges(&self) -> Option<Refusal> {
        None
    }

    /// Confirms what the buyer agreed to (§4.1), always for our amount and our order id.
    async fn charge(&self, attempt: &Attempt, _card: Option<&Card>, _within: Duration) -> Outcome {
        if let Some(text) = self.not_ours(attempt) {
            return Outcome::NotSent { text };
        }
        let Some(key) = attempt.means.authentication() else {
            return Outcome::Rejected { text: "there is nothing to confirm".to_owned() };
        };
        if attempt.amount.currency != Currency::KRW {
            return Outcome::Rejected { text: "only won are taken".to_owned() };
        }
        let body = wire::Confirm {
            payment_key: key,
            order_id: &attempt.gateway_order_id,
            amount: attempt.amount.minor,
        };
        let idempotency_key = format!("{}-{}", attempt.id, attempt.request);
        match self.post("/v1/payments/confirm", idempotency_key, &body).await {
            Ok(response) if answers::was_processed_before(&response) => {
                self.whose(attempt, key, &response).await
            }
            Ok(response) => answers::charge(attempt, Some(key), &response),
            Err(TransportError::NotSent(text)) => Outcome::NotSent { text },
            Err(TransportError::Broken(text)) => Outcome::Unknown { text },
        }
    }

    async fn look_up(&self, attempt: &Attempt) -> Sighting {
        if let Some(text) = self.not_ours(attempt) {
            return Sighting::Unknown { text };
        }
        let told = attempt.reference.as_deref();
        let Some(key) = told.or(attempt.means.authentication()) else {
            return sighting(attempt, self.by_order(attempt).await);
        };
        match self.by_key(key).await {
            Seen::Found(payment) if payment.order_id != attempt.gateway_order_id => {
                let ours = besides(key, sighting(attempt, self.by_order(attempt).await));
                // A key that Toss told us and that is another order's now is told. One that came
                // through the buyer's hands names whatever they like.
                if told.is_some() { with(ours, answers::transaction(&payment)) } else { ours }
            }
            found @ Seen::Found(_) => sighting(attempt, found),
            Seen::Absent => besides(key, sighting(attempt, self.by_order(attempt).await)),
            Seen::Unknown(text) => Sighting::Unknown { text },
        }
    }

    async fn open_page(&self, attempt: &Attempt, opening: &Opening) -> Result<Page, NoPage> {
        if let Some(text) = self.not_ours(attempt) {
            return Err(NoPage::Unavailable(text));
        }
        page::open(&self.settings, attempt, opening)
    }

    fn read_return(&self, fields: &[(String, String)]) -> Option<Returned> {
        page::read_return(fields)
    }

    /// Cancels so much of the payment (§4.3).
    ///
    /// Where the gateway certainly did nothing now, its books are read before that is said: an earlier
    /// request may have been done without our knowing, and asking again would not tell. Otherwise the
    /// next request states the balance that our books have then.
    async fn refund(
        &self,
        attempt: &Attempt,
        refund: &Refund,
        balance: Money,
        _within: Duration,
    ) -> RefundOutcome {
        if let Some(text) = self.not_ours(attempt) {
            return RefundOutcome::Refused { text };
        }
        if refund.amount.currency != Currency::KRW {
            return RefundOutcome::Refused { text: "only won are given back".to_owned() };
        }
        let path = format!("/v1/payments/{}/cancel", segment(&refund.charge));
        let idempotency_key = format!("{}-{}", refund.id, refund.request);
        let response =
            match self.post(&path, idempotency_key, &cancel::request(refund, balance)).await {
                Ok(response) => response,
                Err(TransportError::NotSent(text)) => return RefundOutcome::NotSent { text },
                Err(TransportError::Broken(text)) => return RefundOutcome::Unknown { text },
            };
        if response.status.as_u16() == 200 {
            return match answers::payment(&response) {
                Ok(payment) => cancel::outcome(&payment, refund),
                Err(text) => RefundOutcome::Unknown { text },
            };
        }
        let Refused { class, text, .. } = Refused::by(&response, codes::of_refund);
        match class {
            Some(Class::Declined | Class::Wrong) => RefundOutcome::Refused { text },
            Some(Class::Later | Class::Stale) => match self.by_key(&refund.charge).await {
                Seen::Found(payment) => cancel::read_back(&payment, refund, text),
                Seen::Absent | Seen::Unknown(_) => RefundOutcome::Unknown { text },
            },
            // Once operators have mended it, the next request gets through.
            Some(Class::Operator) => RefundOutcome::NotDone { text },
            // Bound to the key (§8), as every 4xx but the one that says it is still running.
            Some(Class::Doubtful)
                if response.status.is_client_error() && response.status != StatusCode::CONFLICT =>
            {
                RefundOutcome::Unclear { text }
            }
            Some(Class::Doubtful) | None => RefundOutcome::Unknown { text },
        }
    }

    async fn look_up_refunds(&self, attempt: &Attempt, refund: &Refund) -> RefundSighting {
        if let Some(text) = self.not_ours(attempt) {
            return RefundSighting::Unknown { text };
        }
        match self.by_key(&refund.charge).await {
            Seen::Found(payment) => cancel::sighting(&payment, refund),
            Seen::Absent => {
                RefundSighting::Unknown { text: "the gateway does not know the charge".to_owned() }
            }
            Seen::Unknown(text) => RefundSighting::Unknown { text },
        }
    }

    fn reports_days(&self) -> bool {
        true
    }

    async fn settlement(&self, day: Date) -> Result<DayReport, String> {
        self.report(day).await
    }
}

impl std::fmt::Debug for Toss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Toss").field("settings", &self.settings).finish_non_exhaustive()
    }
}

fn sighting(attempt: &Attempt, seen: Seen) -> Sighting {
    match seen {
        Seen::Found(payment) => match answers::transaction_of(attempt, &payment) {
            Ok(transaction) => Sighting::Found(vec![transaction]),
            Err(text) => Sighting::Unknown { text },
        },
        Seen::Absent => Sighting::Absent,
        Seen::Unknown(text) => Sighting::Unknown { text },
    }
}

/// What was found under our order id instead of the payment of this key. Each visit to the window makes
/// a payment: one that charges nothing tells nothing of the one that we confirm.
fn besides(key: &str, sighting: Sighting) -> Sighting {
    let Sighting::Found(mut seen) = sighting else { return sighting };
    let charges = |seen: &Transaction| match seen.verdict {
        Verdict::Approved | Verdict::Pending => true,
        Verdict::Unconfirmed | Verdict::Declined(_) => false,
    };
    seen.retain(|seen| seen.reference == key || charges(seen));
    if seen.is_empty() { Sighting::Absent } else { Sighting::Found(seen) }
}

/// A sighting with one more transaction in it.
fn with(sighting: Sighting, foreign: Result<Transaction, String>) -> Sighting {
    match (sighting, foreign) {
        (Sighting::Found(mut seen), Ok(foreign)) => {
            seen.push(foreign);
            Sighting::Found(seen)
        }
        (Sighting::Absent, Ok(foreign)) => Sighting::Found(vec![foreign]),
        (Sighting::Absent, Err(text)) => Sighting::Unknown { text },
        (sighting, _) => sighting,
    }
}

/// A key of Toss's (§2): opaque, but it can stand in a path without being read as one.
fn is_key(text: &str) -> bool {
    (1..=200).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && text.bytes().any(|byte| byte.is_ascii_alphanumeric())
}

/// An order id as Toss takes them (§2).
fn is_order_id(text: &str) -> bool {
    (6..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// People's words, cut to so many letters: counted as UTF-16, which is the most that Toss may count.
fn fitting(words: &str, at_most: usize) -> String {
    let mut length = 0;
    let fits = |letter: &char| {
        length += letter.len_utf16();
        length <= at_most
    };
    words.trim().chars().take_while(fits).collect()
}

/// One part of a path or of a query: everything but unreserved characters is percent-encoded.
fn segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _infallible = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

fn said(error: TransportError) -> String {
    match error {
        TransportError::NotSent(text) | TransportError::Broken(text) => text,
    }
}
