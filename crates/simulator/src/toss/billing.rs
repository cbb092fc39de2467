//! Billing keys, §4.5: issued, charged and deleted; and a charge without a buyer's browser.

use axum::extract::{Path, Request, State};
use axum::response::Response;
use serde_json::json;

use super::Simulator;
use super::codes::{self, Code};
use super::operation::Operation;
use super::payment::{Card, Kind, Payment, Purchase};
use super::request::{Call, Fields, Subject};
use super::store::{AuthKey, BillingKey};
use super::wire::{Answer, PaymentObject, Reply};
use crate::clock::seoul_time;

const LONGEST_CUSTOMER_KEY: usize = 300;

/// `POST /v1/billing/authorizations/issue`.
pub(super) async fn issue(State(simulator): State<Simulator>, request: Request) -> Response {
    let call = Call::read(Operation::IssueBillingKey, request).await;
    let fields = Fields::read(&call.body);
    let execute = move |simulator: &Simulator| {
        let auth_key = fields.text("authKey", 300)?;
        let customer_key = customer_key(&fields)?;
        {
            let mut store = simulator.store();
            let auth = store.auth_keys.get_mut(&auth_key).ok_or(&codes::NOT_FOUND_BILLING)?;
            if auth.customer_key != customer_key {
                return Err(&codes::NOT_MATCHES_CUSTOMER_KEY);
            }
            if std::mem::replace(&mut auth.used, true) {
                return Err(&codes::INVALID_BILLING_AUTH);
            }
        }
        Ok(simulator.issue_billing_key(customer_key, Card::of_the_window()))
    };
    simulator.take(call, execute).await
}

/// `POST /v1/billing/authorizations/card`.
pub(super) async fn issue_for_card(
    State(simulator): State<Simulator>,
    request: Request,
) -> Response {
    let call = Call::read(Operation::IssueBillingKey, request).await;
    let fields = Fields::read(&call.body);
    let execute = move |simulator: &Simulator| {
        let customer_key = customer_key(&fields)?;
        let card = CardFields::read(&fields)?.card();
        Ok(simulator.issue_billing_key(customer_key, card))
    };
    simulator.take(call, execute).await
}

/// `POST /v1/billing/{billingKey}`.
pub(super) async fn charge(
    State(simulator): State<Simulator>,
    Path(billing_key): Path<String>,
    request: Request,
) -> Response {
    let call = Call::read(Operation::Charge, request).await;
    let fields = Fields::read(&call.body);
    let subject = Subject { payment_key: None, order_id: fields.hint("orderId") };
    let execute = move |simulator: &Simulator| {
        let purchase = Purchase::read(&fields)?;
        let customer_key = customer_key(&fields)?;
        let found = simulator.store().billing_keys.get(&billing_key).cloned();
        let found = found.ok_or(&codes::INVALID_BILL_KEY_REQUEST)?;
        if found.customer_key != customer_key {
            return Err(&codes::NOT_MATCHES_CUSTOMER_KEY);
        }
        if found.deleted {
            return Err(&codes::ALREADY_REMOVED_BILLING_KEY);
        }
        simulator.charge(purchase, found.card, 0, Kind::Billing, Some(customer_key))
    };
    simulator.take(call.about(subject), execute).await
}

/// `DELETE /v1/billing/{billingKey}`: 200 without a body.
pub(super) async fn delete(
    State(simulator): State<Simulator>,
    Path(billing_key): Path<String>,
    request: Request,
) -> Response {
    let call = Call::read(Operation::DeleteBillingKey, request).await;
    let execute = move |simulator: &Simulator| {
        let mut store = simulator.store();
        let found = store.billing_keys.get_mut(&billing_key).ok_or(&codes::NOT_FOUND_BILLING)?;
        if std::mem::replace(&mut found.deleted, true) {
            return Err(&codes::ALREADY_REMOVED_BILLING_KEY);
        }
        Ok(Reply::empty())
    };
    simulator.take(call, execute).await
}

/// The fields of a card number that is typed in.
pub(super) struct CardFields {
    number: String,
}

impl CardFields {
    /// Reads and checks them; the number itself goes no further than its mask.
    pub(super) fn read(fields: &Fields) -> Result<Self, &'static Code> {
        let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let number = fields.text("cardNumber", 20)?;
        if number.len() < 14 || !is_digits(&number) {
            return Err(&codes::INVALID_CARD_NUMBER);
        }
        let year = fields.text("cardExpirationYear", 2)?;
        let month = fields.text("cardExpirationMonth", 2)?;
        let is_month = matches!(month.parse(), Ok(1_u8..=12));
        if year.len() != 2 || !is_digits(&year) || month.len() != 2 || !is_month {
            return Err(&codes::INVALID_CARD_EXPIRATION);
        }
        let identity = fields.text("customerIdentityNumber", 10)?;
        if !matches!(identity.len(), 6 | 10) || !is_digits(&identity) {
            return Err(&codes::INVALID_CARD_IDENTITY);
        }
        Ok(Self { number })
    }

    pub(super) fn card(&self) -> Card {
        Card::of(&self.number)
    }
}

impl Purchase {
    /// The fields of a charge; §2 is checked.
    pub(super) fn read(fields: &Fields) -> Result<Self, &'static Code> {
        let purchase = Self {
            amount: fields.amount("amount")?,
            order_id: fields.text("orderId", 100)?,
            order_name: fields.text("orderName", 100)?,
            tax_free: fields.optional_amount("taxFreeAmount")?.unwrap_or(0),
        };
        purchase.check()?;
        Ok(purchase)
    }
}

impl Simulator {
    /// What the buyer's browser brings back after registering a card: an `authKey`.
    pub fn authorize_billing(&self, customer_key: impl Into<String>) -> String {
        let auth_key = format!("bln_{}", self.new_name(20));
        let auth = AuthKey { customer_key: customer_key.into(), used: false };
        self.store().auth_keys.insert(auth_key.clone(), auth);
        auth_key
    }

    fn issue_billing_key(&self, customer_key: String, card: Card) -> Reply {
        let billing_key = format!("{}=", self.new_name(43));
        let reply = Reply::ok(&json!({
            "mId": self.settings().m_id,
            "customerKey": customer_key,
            "authenticatedAt": seoul_time(self.now_ms()),
            "method": "카드",
            "billingKey": billing_key,
            "card": {
                "issuerCode": "21", "acquirerCode": "21", "number": card.masked_number,
                "cardType": "신용", "ownerType": "개인",
            },
            "cardCompany": "하나",
            "cardNumber": card.masked_number,
            "transfers": null,
        }));
        let key = BillingKey { customer_key, card, deleted: false };
        self.store().billing_keys.insert(billing_key, key);
        reply
    }

    /// Approved at once or not made at all. No webhook tells of it, §3.
    pub(super) fn charge(
        &self,
        purchase: Purchase,
        card: Card,
        installment_months: u64,
        kind: Kind,
        customer_key: Option<String>,
    ) -> Answer {
        let settings = self.settings();
        let now_ms = self.now_ms();
        let transaction_key = self.new_transaction_key();
        let mut payment = self.new_payment(purchase, now_ms);
        let mut store = self.store();
        if store.is_paid(&payment.purchase.order_id) {
            return Err(&codes::DUPLICATED_ORDER_ID);
        }
        if !card.chargeable {
            return Err(&codes::NOT_SUPPORTED_CARD_TYPE);
        }
        payment.kind = kind;
        payment.card = Some(card);
        payment.installment_months = installment_months;
        payment.approve(transaction_key, now_ms);
        let reply = Reply::ok(&PaymentObject::of(&payment, &settings.m_id));
        let key = payment.key.clone();
        store.insert(payment);
        store.record_approval(&key, customer_key);
        Ok(reply)
    }

    /// A payment under a new key, not in the books yet.
    pub(super) fn new_payment(&self, purchase: Purchase, now_ms: u64) -> Payment {
        let secret = format!("ps_{}", self.new_name(28));
        let mut payment = Payment::open(self.new_payment_key(now_ms), secret, purchase, now_ms);
        let share = self.settings().faults.hidden_payments;
        payment.hidden = share.draw(&mut self.shared.chance.lock());
        payment
    }
}

/// §2: 301 characters were seen to fail in the database.
fn customer_key(fields: &Fields) -> Result<String, &'static Code> {
    let key = fields.text("customerKey", usize::MAX)?;
    match key.chars().count() {
        ..2 => Err(&codes::INVALID_REQUEST),
        2..=LONGEST_CUSTOMER_KEY => Ok(key),
        _ => Err(&codes::FAILED_DB_PROCESSING),
    }
}
