//! A gateway in memory that follows a script.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use parking_lot::Mutex;
use payonce_domain::{
    gateway::{GatewayName, Manners},
    payment::{
        Attempt, Problem, ProblemCode,
        evidence::{Outcome, Sighting, Transaction, Verdict},
    },
};
use payonce_ports::gateway::{Card, Gateway, Refusal};
use tokio::sync::Notify;

pub const NAME: &str = "scripted";

/// What the gateway does with a charge.
#[derive(Debug, Clone)]
pub enum Say {
    Approve,
    Decline(ProblemCode),
    Accept,
    NotCreated,
    Rejected,
    Unknown,
    /// Nothing, until it is released; then this.
    WhenReleased(Box<Say>),
}

#[derive(Debug)]
pub struct Scripted {
    name: GatewayName,
    manners: Manners,
    pub script: Mutex<VecDeque<Say>>,
    pub charged: Mutex<Vec<String>>,
    /// What look-ups see from now on.
    pub sees: Mutex<Option<Verdict>>,
    pub refuses: Mutex<bool>,
    pub panics: AtomicBool,
    pub release: Notify,
}

impl Scripted {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            name: GatewayName::new(NAME),
            manners: Manners {
                charge_within: Duration::from_secs(15),
                request_life: Duration::from_mins(2),
                verdict_after: Duration::from_secs(2),
                look_up_at_most_every: Duration::from_secs(30),
                horizon: Duration::from_mins(15),
                unresolved_every: Duration::from_mins(15),
                doubt_absence_for: Duration::from_hours(6),
                can_refund: false,
            },
            script: Mutex::default(),
            charged: Mutex::default(),
            sees: Mutex::default(),
            refuses: Mutex::new(false),
            panics: AtomicBool::new(false),
            release: Notify::new(),
        })
    }

    pub fn will(&self, says: impl IntoIterator<Item = Say>) {
        self.script.lock().extend(says);
    }

    pub fn charges(&self) -> usize {
        self.charged.lock().len()
    }
}

fn transaction(attempt: &Attempt, verdict: Verdict) -> Transaction {
    Transaction {
        reference: format!("tx-{}", attempt.gateway_order_id),
        gateway_order_id: attempt.gateway_order_id.clone(),
        amount: attempt.amount,
        verdict,
    }
}

fn outcome(attempt: &Attempt, say: Say) -> Outcome {
    let text = "as the script says".to_owned();
    match say {
        Say::Approve => Outcome::Decided(transaction(attempt, Verdict::Approved)),
        Say::Decline(code) => {
            let problem = Problem::new(code, text);
            Outcome::Decided(transaction(attempt, Verdict::Declined(problem)))
        }
        Say::Accept => Outcome::Accepted { reference: format!("tx-{}", attempt.gateway_order_id) },
        Say::NotCreated => Outcome::NotCreated { text },
        Say::Rejected => Outcome::Rejected { text },
        Say::Unknown => Outcome::Unknown { text },
        Say::WhenReleased(say) => outcome(attempt, *say),
    }
}

#[async_trait]
impl Gateway for Scripted {
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
        chance.to_string()
    }

    fn refuses_charges(&self) -> Option<Refusal> {
        assert!(!self.panics.load(Ordering::Relaxed), "as the script says");
        let refusal = Refusal {
            reason: "circuit breaker is open".to_owned(),
            retry_after: Duration::from_secs(7),
        };
        self.refuses.lock().then_some(refusal)
    }

    async fn charge(&self, attempt: &Attempt, _card: &Card, _within: Duration) -> Outcome {
        self.charged.lock().push(attempt.gateway_order_id.clone());
        let say = self.script.lock().pop_front().unwrap_or(Say::Approve);
        if matches!(say, Say::WhenReleased(_)) {
            self.release.notified().await;
        }
        outcome(attempt, say)
    }

    async fn look_up(&self, attempt: &Attempt) -> Sighting {
        match self.sees.lock().clone() {
            Some(verdict) => Sighting::Found(vec![transaction(attempt, verdict)]),
            None => Sighting::Absent,
        }
    }
}
