//! A running shop, seen from outside.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use anyhow::{Context, bail};
use payonce_ports::entropy::Entropy;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::super::settings::Load;
use crate::real::OsEntropy;

/// A running shop and the buyer that we are there.
#[derive(Debug)]
pub(super) struct Shop {
    client: reqwest::Client,
    /// Its servers; calls go to them in turn.
    urls: Vec<String>,
    turn: AtomicUsize,
    key: Option<String>,
    token: String,
}

/// What the shop answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Value,
}

impl Shop {
    /// Signs a buyer up.
    pub(super) async fn enter(urls: &[String], key: Option<&str>) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .retry(reqwest::retry::never())
            .timeout(Duration::from_secs(40))
            .build()?;
        let shop = Self {
            client,
            urls: urls.iter().map(|url| url.trim_end_matches('/').to_owned()).collect(),
            turn: AtomicUsize::new(0),
            key: key.map(str::to_owned),
            token: String::new(),
        };
        let chance = OsEntropy::new();
        let buyer = json!({
            "email": format!("bench-{:016x}@example.com", chance.number()),
            "password": format!("bench-{:016x}", chance.number()),
        });
        let answer = shop.call(Method::POST, "/v1/auth/signup", Some(&buyer), &[]).await;
        let answer = answer.with_context(|| format!("no shop at {}", urls.join(", ")))?;
        let token = answer.body["access_token"].as_str();
        let token = token.with_context(|| format!("sign-up answered {answer:?}"))?;
        Ok(Self { token: token.to_owned(), ..shop })
    }

    fn at(&self, path: &str) -> String {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        format!("{}{path}", self.urls[turn % self.urls.len()])
    }

    /// Puts the products of the load on sale and says their ids.
    pub(super) async fn stock_up(&self, load: &Load) -> anyhow::Result<Vec<String>> {
        let enough = u32::try_from(load.orders).unwrap_or(u32::MAX);
        let mut ids = Vec::new();
        for number in 1..=load.products.max(1) {
            let name = format!("Bench product {number}");
            ids.push(self.add_product(&name, load.stock.unwrap_or(enough)).await?);
        }
        Ok(ids)
    }

    /// Puts one product on sale.
    pub(super) async fn add_product(&self, name: &str, stock: u32) -> anyhow::Result<String> {
        let Some(key) = &self.key else { bail!("--key is needed to put products on sale") };
        let product = json!({ "kind": "goods", "name": name, "price": 1_000, "stock": stock });
        let sending = self.client.post(self.at("/v1/products")).bearer_auth(key);
        let answer = sending.json(&product).send().await?;
        let status = answer.status();
        let body: Value = answer.json().await?;
        let id = body["id"].as_str().with_context(|| format!("{status}: {body}"))?;
        Ok(id.to_owned())
    }

    /// Looks a product up; whether it was found.
    pub(super) async fn look_up(&self, product: &str) -> bool {
        let sending = self.client.get(self.at(&format!("/v1/products/{product}"))).send();
        match sending.await {
            Ok(answer) => answer.status().is_success() && answer.bytes().await.is_ok(),
            Err(_) => false,
        }
    }

    /// Calls as the buyer.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        headers: &[(&'static str, &str)],
    ) -> reqwest::Result<Answer> {
        let mut sending = self.client.request(method, self.at(path));
        if !self.token.is_empty() {
            sending = sending.bearer_auth(&self.token);
        }
        for (name, value) in headers {
            sending = sending.header(*name, *value);
        }
        if let Some(body) = body {
            sending = sending.json(body);
        }
        let answer = sending.send().await?;
        let status = answer.status();
        let body = answer.bytes().await?;
        Ok(Answer { status, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
    }
}
