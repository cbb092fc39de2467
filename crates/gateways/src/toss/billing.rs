//! Charging a billing key (§4.5): what a buyer once agreed to, charged again without them.
//!
//! A success is `DONE` at once and sends no webhook (§3). The payment has no key before it is charged,
//! so doubt is resolved by our order id.

use payonce_domain::{
    money::Currency,
    payment::{Attempt, evidence::Outcome},
};
use secrecy::{ExposeSecret, SecretString};

use super::{Toss, answers, page, segment, wire};
use crate::transport::TransportError;

/// What a buyer agreed to be charged by. Charges money for whoever has it: never printed.
#[derive(Debug, Clone)]
pub struct BillingKey {
    /// The key.
    pub key: SecretString,
    /// The name of the buyer that it was issued for; the two belong together.
    pub customer_key: String,
}

impl Toss {
    /// Sends this attempt's charge of a billing key and says what is now known.
    ///
    /// A repeat of one request of an attempt is the same charge, as for [`charge`]. It has none of the
    /// guard's layers: whoever calls bounds its time (answers of up to 60 s are documented, §11).
    ///
    /// [`charge`]: payonce_ports::gateway::Gateway::charge
    pub async fn charge_billing_key(
        &self,
        attempt: &Attempt,
        billing_key: &BillingKey,
        order_name: &str,
    ) -> Outcome {
        if let Some(text) = self.not_ours(attempt) {
            return Outcome::NotSent { text };
        }
        if attempt.amount.currency != Currency::KRW {
            return Outcome::Rejected { text: "only won are taken".to_owned() };
        }
        let body = wire::BillingCharge {
            amount: attempt.amount.minor,
            customer_key: &billing_key.customer_key,
            order_id: &attempt.gateway_order_id,
            order_name: &page::order_name(order_name, attempt),
        };
        let path = format!("/v1/billing/{}", segment(billing_key.key.expose_secret()));
        let idempotency_key = format!("{}-{}", attempt.id, attempt.request);
        match self.post(&path, idempotency_key, &body).await {
            Ok(response) => answers::charge(attempt, None, &response),
            Err(TransportError::NotSent(text)) => Outcome::NotSent { text },
            Err(TransportError::Broken(text)) => Outcome::Unknown { text },
        }
    }
}
