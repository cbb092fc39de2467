//! Fetching a simulator's own books (`/_sim/books`), so that they can be compared with ours.

use anyhow::{Context, bail};
use payonce_domain::{gateway::GatewayName, money::Money};
use payonce_engine::verification::{GatewayTransaction, GatewayVerdict};
use payonce_gateways::{pg_simulator, toss};
use serde::Deserialize;

/// Transactions fetched at a time.
const PAGE: usize = 5_000;

/// What a gateway's own books hold, and which gateway it is.
pub(crate) type Theirs = (GatewayName, Vec<GatewayTransaction>);

/// All transactions of the simulator at this address, whose they may be. Those it lost or
/// overwrote are included: money taken is money taken.
pub(crate) async fn fetch(base_url: &str) -> anyhow::Result<Theirs> {
    let base_url = base_url.trim_end_matches('/');
    let client = reqwest::Client::builder().no_proxy().build()?;
    let mut all = Vec::new();
    let mut after: Option<usize> = None;
    loop {
        let position = after.map_or_else(String::new, |after| format!("&after={after}"));
        let url = format!("{base_url}/_sim/books?limit={PAGE}{position}");
        let books: Books = client
            .get(&url)
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .with_context(|| format!("no gateway books at {url}: is the simulator running?"))?
            .json()
            .await
            .with_context(|| format!("{url} does not answer with a simulator's books"))?;
        match books {
            Books::Toss(whole) => {
                let all: anyhow::Result<_> =
                    whole.payments.into_iter().map(Payment::transaction).collect();
                return all.map(|all| (GatewayName::new(toss::NAME), all));
            }
            Books::Pg(page) => {
                for row in page.transactions {
                    all.push(row.transaction()?);
                }
                match page.next {
                    Some(next) => after = Some(next),
                    None => return Ok((GatewayName::new(pg_simulator::NAME), all)),
                }
            }
        }
    }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Books {
    Pg(Page),
    Toss(Whole),
}

#[derive(Deserialize)]
struct Whole {
    payments: Vec<Payment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payment {
    #[serde(rename = "paymentKey")]
    key: String,
    order_id: String,
    status: String,
    amount: i64,
    cancels: Vec<Cancel>,
}

#[derive(Deserialize)]
struct Cancel {
    amount: i64,
}

impl Payment {
    fn transaction(self) -> anyhow::Result<GatewayTransaction> {
        let verdict = match self.status.as_str() {
            "READY" | "IN_PROGRESS" => GatewayVerdict::Unconfirmed,
            "DONE" | "PARTIAL_CANCELED" | "CANCELED" => GatewayVerdict::Approved,
            "ABORTED" | "EXPIRED" => GatewayVerdict::Declined,
            other => bail!("{} has the unknown status {other}", self.key),
        };
        Ok(GatewayTransaction {
            reference: self.key,
            gateway_order_id: self.order_id,
            amount: Money::krw(self.amount),
            verdict,
            refunded: self.cancels.iter().map(|cancel| cancel.amount).sum(),
        })
    }
}

#[derive(Deserialize)]
struct Page {
    transactions: Vec<Row>,
    next: Option<usize>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    transaction_key: String,
    order_id: String,
    amount: i64,
    status: String,
}

impl Row {
    fn transaction(self) -> anyhow::Result<GatewayTransaction> {
        let verdict = match self.status.as_str() {
            "PENDING" => GatewayVerdict::Pending,
            "SUCCESS" => GatewayVerdict::Approved,
            "FAILED" => GatewayVerdict::Declined,
            other => bail!("{} has the unknown status {other}", self.transaction_key),
        };
        Ok(GatewayTransaction {
            reference: self.transaction_key,
            gateway_order_id: self.order_id,
            amount: Money::krw(self.amount),
            verdict,
            refunded: 0,
        })
    }
}
