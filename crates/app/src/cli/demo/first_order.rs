//! The first order: bought over HTTP as anybody would, and followed live.

use std::time::Duration;

use anyhow::{Context, bail};
use payonce_ports::{clock::Clock, entropy::Entropy};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::Door;
use crate::real::{OsEntropy, SystemClock};

/// Cards to try, one after another, as a buyer would after a decline.
const CARDS: [(&str, &str); 3] = [
    ("SAMSUNG", "1234-5678-9814-1451"),
    ("KB", "5555-5555-5555-4444"),
    ("HYUNDAI", "4111-1111-1111-1111"),
];
/// How often a buyer tries another card.
const TRIES: usize = 8;
const LOOK_EVERY: Duration = Duration::from_millis(150);
const LOOK_AT_MOST: Duration = Duration::from_mins(5);

/// Buys one book and tells how it goes; says whether the order ended.
pub(super) async fn buy(door: &Door, is_json: bool) -> anyhow::Result<bool> {
    let follower = Follower {
        client: reqwest::Client::builder().no_proxy().build()?,
        door,
        is_json,
        started: SystemClock.monotonic_micros(),
    };
    follower.tell("Buying one book:");
    let run = OsEntropy::new().number();
    let mut order = follower.order(run).await?;
    let mut told = 0;
    let mut was_waiting_for = String::new();
    let mut tries = 1;
    while follower.passed() < LOOK_AT_MOST {
        told = follower.tell_timeline(&order, told).await?;
        let status = order["status"].as_str().unwrap_or_default();
        if status != "pending" {
            follower.tell_ending(&order);
            return Ok(status == "completed" || status == "failed");
        }
        let is_open = order["payment"]["status"] == "created";
        if is_open && tries == TRIES {
            bail!("declined {TRIES} times: the pretend gateway is in a bad mood, start again");
        }
        if is_open {
            let (company, _) = CARDS[tries % CARDS.len()];
            follower.say(&format!("the buyer takes another card ({company})"));
            follower.pay_again(&order, run, tries).await?;
            tries += 1;
        } else {
            let waiting_for = order["next_step"]["text"].as_str().unwrap_or_default();
            if waiting_for != was_waiting_for {
                follower.say(waiting_for);
                was_waiting_for = waiting_for.to_owned();
            }
        }
        SystemClock.sleep(LOOK_EVERY).await;
        order = follower.read(&order).await?;
    }
    bail!("the first order has not ended within {} s", LOOK_AT_MOST.as_secs())
}

struct Follower<'a> {
    client: reqwest::Client,
    door: &'a Door,
    is_json: bool,
    started: i64,
}

impl Follower<'_> {
    fn passed(&self) -> Duration {
        let passed = SystemClock.monotonic_micros() - self.started;
        Duration::from_micros(u64::try_from(passed).unwrap_or(0))
    }

    fn tell(&self, line: &str) {
        if !self.is_json {
            println!("{line}");
        }
    }

    fn say(&self, line: &str) {
        self.tell(&format!("  {:>6.2} s  {line}", self.passed().as_secs_f64()));
    }

    async fn call(&self, sending: RequestBuilder) -> anyhow::Result<Value> {
        let answer = sending.basic_auth(&self.door.key, Some("")).send().await?;
        let status = answer.status();
        let body: Value = answer.json().await?;
        let order = if body["object"] == "order" { &body } else { &body["order"] };
        if order.is_null() && !status.is_success() {
            bail!("{status}: {body}");
        }
        Ok(if order.is_null() { body } else { order.clone() })
    }

    async fn order(&self, run: u64) -> anyhow::Result<Value> {
        let (company, number) = CARDS[0];
        let body = json!({
            "buyer": self.door.buyer,
            "items": [{ "product_id": self.door.book, "quantity": 1 }],
            "payment": { "method": "card", "card": { "company": company, "number": number, "instalments": 0 } },
        });
        let sending = self
            .client
            .post(format!("{}/v1/orders", self.door.url))
            .header("Idempotency-Key", format!("demo-{run:016x}"))
            .header("Prefer", "respond-async")
            .json(&body);
        self.call(sending).await.context("the first order was not taken")
    }

    async fn pay_again(&self, order: &Value, run: u64, tries: usize) -> anyhow::Result<()> {
        let (company, number) = CARDS[tries % CARDS.len()];
        let id = order["id"].as_str().unwrap_or_default();
        let body = json!({
            "payment": { "method": "card", "card": { "company": company, "number": number, "instalments": 0 } },
        });
        let sending = self
            .client
            .post(format!("{}/v1/orders/{id}/payments", self.door.url))
            .header("Idempotency-Key", format!("demo-{run:016x}-{tries}"))
            .header("Prefer", "respond-async")
            .json(&body);
        self.call(sending).await.context("paying again was not taken")?;
        Ok(())
    }

    async fn read(&self, order: &Value) -> anyhow::Result<Value> {
        let id = order["id"].as_str().unwrap_or_default();
        self.call(self.client.get(format!("{}/v1/orders/{id}", self.door.url))).await
    }

    /// Tells what has happened since the first `told` entries of the timeline.
    async fn tell_timeline(&self, order: &Value, told: usize) -> anyhow::Result<usize> {
        let id = order["payment"]["id"].as_str().unwrap_or_default();
        let url = format!("{}/v1/payments/{id}/timeline", self.door.url);
        let timeline = self.call(self.client.get(url)).await?;
        let entries = timeline["data"].as_array().map_or(&[][..], Vec::as_slice);
        for entry in entries.iter().skip(told) {
            self.say(entry["text"].as_str().unwrap_or_default());
            for fact in entry["facts"].as_array().map_or(&[][..], Vec::as_slice) {
                self.tell(&format!("              {}", fact["text"].as_str().unwrap_or_default()));
            }
        }
        Ok(entries.len())
    }

    fn tell_ending(&self, order: &Value) {
        let id = order["id"].as_str().unwrap_or_default();
        let status = order["status"].as_str().unwrap_or_default();
        self.say(&format!(
            "{id} is {status}: {}",
            order["next_step"]["text"].as_str().unwrap_or_default()
        ));
        if self.is_json {
            println!("{}", json!({ "first_order": order }));
        }
    }
}
