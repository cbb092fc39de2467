//! Webhooks, §12: what is told, its headers, and the resends after 1, 4, 16, … minutes.
//!
//! How a webhook travels is in [`super::sender`].

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};

use super::Simulator;
use super::books::WebhookRow;
use super::payment::{Payment, Status};
use super::plan::WebhookPlan;
use super::sender::{Delivery, Webhook};
use super::settings::Webhooks;
use super::wire::PaymentObject;
use crate::clock::{rfc3339, seoul_micros, seoul_time, sleep_ms, within_ms};

const RESENT_AFTER_MINUTES: [u32; 7] = [1, 4, 16, 64, 256, 1024, 4096];
const MINUTE_MS: f64 = 60_000.0;

/// A webhook held back waits at most this long for another to overtake it.
const REORDER_AT_MOST_MS: u64 = 10_000;

/// An event that is to be told, whatever number of attempts that takes.
#[derive(Clone)]
pub(super) struct Outgoing {
    transmission_id: String,
    event: &'static str,
    payment_key: Option<String>,
    status: Option<Status>,
    is_signed: bool,
    body: Bytes,
}

/// §12: `{eventType, createdAt, data}`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<T> {
    #[serde(rename = "eventType")]
    kind: &'static str,
    created_at: String,
    data: T,
}

impl Simulator {
    /// Tells of this payment's status as it is now, with the faults drawn for it.
    pub(super) fn announce(&self, payment_key: &str) {
        let settings = self.settings();
        if settings.webhooks.url.is_none() {
            return;
        }
        let plan = WebhookPlan::draw(&settings.webhooks.faults, &mut self.shared.chance.lock());
        let Some(payment) = self.store().payment(payment_key).cloned() else {
            return;
        };
        let honest = self.status_changed("PAYMENT_STATUS_CHANGED", &payment);
        let forged = plan.forged.then(|| self.forged(&payment, Status::Done));
        let simulator = self.clone();
        self.start_aside(async move {
            if let Some(forged) = forged {
                simulator.attempt(&forged, 0).await;
            }
            if plan.drop {
                return;
            }
            sleep_ms(plan.delay_ms).await;
            if plan.reorder {
                simulator.wait_for_another().await;
            }
            if plan.duplicate {
                simulator.attempt(&honest, 0).await;
            }
            simulator.deliver(honest).await;
        });
    }

    /// The honest event of a payment as it is.
    pub(super) fn status_changed(&self, event: &'static str, payment: &Payment) -> Outgoing {
        let settings = self.settings();
        let told = Event {
            kind: "PAYMENT_STATUS_CHANGED",
            created_at: seoul_micros(self.now_ms()),
            data: PaymentObject::of(payment, &settings.m_id),
        };
        Outgoing {
            transmission_id: self.new_transmission_id(),
            event,
            payment_key: Some(payment.key.clone()),
            status: Some(payment.status),
            is_signed: false,
            body: serde_json::to_vec(&told).unwrap_or_default().into(),
        }
    }

    /// The same payment with another secret, in a state it may not be in.
    pub(super) fn forged(&self, payment: &Payment, status: Status) -> Outgoing {
        let mut forged = payment.clone();
        forged.secret = format!("ps_{}", self.new_name(28));
        forged.status = status;
        self.status_changed("forged", &forged)
    }

    /// A signed `payout.changed` about this payout.
    pub(super) fn payout_changed(&self, payout: &Value) -> Outgoing {
        let body = json!({
            "eventType": "payout.changed",
            "createdAt": seoul_time(self.now_ms()),
            "version": "2022-11-16",
            "eventId": format!("evt_{}", self.new_name(20)),
            "entityType": "payout",
            "entityBody": payout,
        });
        Outgoing {
            transmission_id: self.new_transmission_id(),
            event: "payout.changed",
            payment_key: None,
            status: None,
            is_signed: true,
            body: body.to_string().into(),
        }
    }

    /// Sends until it is answered 200, at most eight times.
    async fn deliver(&self, outgoing: Outgoing) {
        let mut waits = RESENT_AFTER_MINUTES.into_iter();
        for retried_count in 0.. {
            if self.attempt(&outgoing, retried_count).await == Delivery::Answered(200) {
                return;
            }
            let Some(minutes) = waits.next() else {
                return;
            };
            sleep_ms(scaled(minutes, self.settings().webhooks.time_scale)).await;
        }
    }

    /// Sends once and writes down how that went.
    pub(super) async fn attempt(&self, outgoing: &Outgoing, retried_count: u32) -> Delivery {
        let settings = self.settings();
        let now_ms = self.now_ms();
        let Some(webhook) = outgoing.webhook(&settings.webhooks, retried_count, now_ms) else {
            return Delivery::Failed("no endpoint is registered".to_owned());
        };
        let limit_ms = settings.webhooks.answer_limit_ms;
        let delivery = within_ms(limit_ms, self.shared.sender.send(webhook))
            .await
            .unwrap_or_else(|| Delivery::Failed(format!("no answer within {limit_ms} ms")));
        self.store().webhooks.push(WebhookRow {
            transmission_id: outgoing.transmission_id.clone(),
            event: outgoing.event,
            payment_key: outgoing.payment_key.clone(),
            status: outgoing.status,
            retried_count,
            sent_at: rfc3339(now_ms),
            result: delivery.to_string(),
        });
        self.shared.webhook_sent.notify_waiters();
        delivery
    }

    async fn wait_for_another(&self) {
        let another = self.shared.webhook_sent.notified();
        // When nothing came to overtake it, it goes all the same.
        let _ = within_ms(REORDER_AT_MOST_MS, another).await;
    }

    fn new_transmission_id(&self) -> String {
        format!("whtrans_{}", self.new_name(24))
    }
}

impl Outgoing {
    /// One attempt as it travels; `None` without an endpoint.
    fn webhook(&self, settings: &Webhooks, retried_count: u32, now_ms: u64) -> Option<Webhook> {
        let time = seoul_time(now_ms);
        let mut headers = vec![
            ("tosspayments-webhook-transmission-id", self.transmission_id.clone()),
            ("tosspayments-webhook-transmission-time", time.clone()),
            ("tosspayments-webhook-transmission-retried-count", retried_count.to_string()),
        ];
        if self.is_signed {
            let signature = sign(&signing_key(settings), &self.body, &time);
            headers.push(("tosspayments-webhook-signature", signature));
        }
        Some(Webhook { url: settings.url.clone()?, headers, body: self.body.clone() })
    }
}

fn signing_key(settings: &Webhooks) -> Vec<u8> {
    let text = settings.security_key.as_bytes();
    if !settings.decode_security_key {
        return text.to_vec();
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or_default();
    let byte = |pair: &[u8]| pair.iter().fold(0, |sum, byte| sum * 16 + digit(*byte));
    text.chunks(2).filter_map(|pair| u8::try_from(byte(pair)).ok()).collect()
}

/// `v1:BASE64` of HMAC-SHA256 over `{body}:{time}`.
fn sign(key: &[u8], body: &[u8], time: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let signed = [body, b":", time.as_bytes()].concat();
    format!("v1:{}", STANDARD.encode(hmac::sign(&key, &signed)))
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a factor of zero or more, and a cast that saturates"
)]
fn scaled(minutes: u32, scale: f64) -> u64 {
    (f64::from(minutes) * MINUTE_MS * scale) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_over_the_body_and_the_time() {
        let mut settings = Webhooks { security_key: "00ff".repeat(16), ..Webhooks::default() };
        assert_eq!(signing_key(&settings), settings.security_key.as_bytes());
        settings.decode_security_key = true;
        assert_eq!(signing_key(&settings), [0x00, 0xff].repeat(16));
        assert_eq!(
            sign(b"Jefe", b"{}", "2026-01-14T10:16:02+09:00"),
            "v1:r0Nqf8DX0re0eDL+o9aAG5KOA5WyzU9mzvQBKu11Df8="
        );
    }
}
