//! A gateway that does as it is told, and whose report is what the test says.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use async_trait::async_trait;
use parking_lot::Mutex;
use payonce_domain::{
    gateway::{GatewayName, Manners},
    money::Money,
    payment::{
        Attempt,
        evidence::{Outcome, Sighting, Transaction, Verdict},
    },
    reconciliation::{Date, SettlementLine, Source},
    refund::{
        Refund,
        evidence::{RefundOutcome, RefundSighting},
    },
};
use payonce_ports::gateway::{Card, Complete, DayReport, Gateway, Refusal};

/// What the gateway does next, and what it tells.
#[derive(Debug, Default)]
pub(crate) struct Orders {
    /// Whether answers to charges and refunds are lost on the way.
    pub(crate) loses_answers: bool,
    /// What a look-up sees, by order id; of all others there is no answer.
    pub(crate) sightings: BTreeMap<String, Sighting>,
    /// What it reports of each day; of a day that is not here it has no report.
    pub(crate) days: BTreeMap<Date, Vec<SettlementLine>>,
}

/// The gateway.
pub(crate) struct Pretend {
    name: GatewayName,
    manners: Manners,
    pub(crate) orders: Arc<Mutex<Orders>>,
}

impl Pretend {
    pub(crate) fn new(orders: Arc<Mutex<Orders>>) -> Self {
        let manners = Manners {
            charge_within: Duration::from_secs(15),
            request_life: Duration::from_mins(2),
            verdict_after: Duration::from_secs(2),
            look_up_at_most_every: Duration::from_secs(30),
            horizon: Duration::from_hours(1_000),
            unresolved_every: Duration::from_mins(15),
            doubt_absence_for: Duration::from_hours(6),
            can_refund: true,
            has_page: false,
            repeat_within: None,
            look_ups_per_minute: None,
        };
        Self { name: GatewayName::new("pretend"), manners, orders }
    }
}

/// The gateway's name of the payment of this attempt.
pub(crate) fn reference(attempt: &Attempt) -> String {
    format!("pay-{}", attempt.gateway_order_id)
}

/// The attempt as the gateway tells it, charged.
pub(crate) fn charged(attempt: &Attempt) -> Transaction {
    Transaction {
        reference: reference(attempt),
        gateway_order_id: attempt.gateway_order_id.clone(),
        amount: attempt.amount,
        verdict: Verdict::Approved,
    }
}

#[async_trait]
impl Gateway for Pretend {
    fn name(&self) -> &GatewayName {
        &self.name
    }

    fn manners(&self) -> &Manners {
        &self.manners
    }

    fn account(&self) -> &'static str {
        "shop"
    }

    fn new_order_id(&self, chance: u64) -> String {
        format!("{chance:016x}")
    }

    fn refuses_charges(&self) -> Option<Refusal> {
        None
    }

    async fn charge(&self, attempt: &Attempt, _card: Option<&Card>, _within: Duration) -> Outcome {
        if self.orders.lock().loses_answers {
            return Outcome::Unknown { text: "the answer was lost".to_owned() };
        }
        Outcome::Decided(charged(attempt))
    }

    async fn look_up(&self, attempt: &Attempt) -> Sighting {
        let told = self.orders.lock().sightings.get(&attempt.gateway_order_id).cloned();
        told.unwrap_or_else(|| Sighting::Unknown { text: "no answer".to_owned() })
    }

    async fn refund(
        &self,
        _attempt: &Attempt,
        refund: &Refund,
        _balance: Money,
        _within: Duration,
    ) -> RefundOutcome {
        if self.orders.lock().loses_answers {
            return RefundOutcome::Unknown { text: "the answer was lost".to_owned() };
        }
        RefundOutcome::Done { reference: format!("cancel-{}", refund.id) }
    }

    async fn look_up_refunds(&self, _attempt: &Attempt, _refund: &Refund) -> RefundSighting {
        RefundSighting::Unknown { text: "no answer".to_owned() }
    }

    fn reports_days(&self) -> bool {
        true
    }

    async fn settlement(&self, day: Date) -> Result<DayReport, String> {
        let lines = self.orders.lock().days.get(&day).cloned();
        let lines = lines.ok_or_else(|| "the gateway is under repair".to_owned())?;
        let complete = vec![
            Complete { source: Source::Settlement, listed_after_days: 1 },
            Complete { source: Source::Transactions, listed_after_days: 0 },
        ];
        Ok(DayReport { lines, complete, unreadable: Vec::new() })
    }
}
