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
    money::Money,
    payment::{
        Attempt, Problem, ProblemCode,
        evidence::{Outcome, Sighting, Transaction, Verdict},
        page::Return,
    },
    reconciliation::Date,
    refund::{
        Refund,
        evidence::{Given, RefundOutcome, RefundSighting},
    },
};
use payonce_ports::gateway::{
    Card, DayReport, Gateway, HostedPage, NoPage, Opening, Page, Refusal, Returned,
};
use tokio::sync::Notify;

/// Charges cards directly; cannot give money back.
pub const NAME: &str = "scripted";
/// Has a page of its own; can give money back.
pub const HOSTED: &str = "hosted";

/// What the gateway does with a charge.
#[derive(Debug, Clone)]
pub enum Say {
    Approve,
    Decline(ProblemCode),
    Accept,
    NotCreated,
    NotSent,
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
    /// What it says to refunds; done, once there is no more.
    pub refunds: Mutex<VecDeque<RefundOutcome>>,
    /// What look-ups of refunds see.
    pub given: Mutex<Vec<Given>>,
    /// Where its page is; a page that we serve, if `None`.
    pub elsewhere: Mutex<Option<String>>,
    pub page_is_down: AtomicBool,
    pub release: Notify,
    /// What it reports of any day, or why not; it cannot be asked, if `None`.
    pub report: Mutex<Option<Result<DayReport, String>>>,
    /// Whether its report waits until it is released.
    pub report_is_slow: AtomicBool,
}

impl Scripted {
    pub fn new(name: &str) -> Arc<Self> {
        Arc::new(Self {
            name: GatewayName::new(name),
            manners: Manners {
                charge_within: Duration::from_secs(15),
                request_life: Duration::from_mins(2),
                verdict_after: Duration::from_secs(2),
                look_up_at_most_every: Duration::from_secs(30),
                horizon: Duration::from_mins(15),
                unresolved_every: Duration::from_mins(15),
                doubt_absence_for: Duration::from_hours(6),
                can_refund: name == HOSTED,
                has_page: name == HOSTED,
                repeat_within: None,
                look_ups_per_minute: None,
            },
            script: Mutex::default(),
            charged: Mutex::default(),
            sees: Mutex::default(),
            refuses: Mutex::new(false),
            panics: AtomicBool::new(false),
            refunds: Mutex::default(),
            given: Mutex::default(),
            elsewhere: Mutex::default(),
            page_is_down: AtomicBool::new(false),
            release: Notify::new(),
            report: Mutex::default(),
            report_is_slow: AtomicBool::new(false),
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
        Say::NotSent => Outcome::NotSent { text },
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

    async fn charge(&self, attempt: &Attempt, card: Option<&Card>, _within: Duration) -> Outcome {
        assert_eq!(card.is_some(), !self.manners.has_page);
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
    async fn open_page(&self, attempt: &Attempt, opening: &Opening) -> Result<Page, NoPage> {
        if self.page_is_down.load(Ordering::Relaxed) {
            return Err(NoPage::Unavailable("as the script says".to_owned()));
        }
        let back = format!(
            "{}?token=t-1&order={}&amount={}",
            opening.agreed_url, attempt.gateway_order_id, attempt.amount.minor
        );
        match self.elsewhere.lock().clone() {
            Some(url) => Ok(Page::Redirect(url)),
            None => Ok(Page::Html(HostedPage {
                script_url: "https://js.hosted.example/v1".to_owned(),
                inline_script: format!("Hosted.open({back:?});"),
            })),
        }
    }

    fn read_return(&self, fields: &[(String, String)]) -> Option<Returned> {
        let field = |name: &str| {
            fields.iter().find(|(named, _)| named == name).map(|(_, value)| value.clone())
        };
        let gateway_order_id = field("order")?;
        if let Some(text) = field("refused") {
            return Some(Returned::TurnedDown { gateway_order_id, text });
        }
        Some(Returned::Agreed(Return {
            gateway_order_id,
            amount: Some(Money::krw(field("amount")?.parse().ok()?)),
            authentication: field("token")?,
        }))
    }

    async fn refund(
        &self,
        _attempt: &Attempt,
        refund: &Refund,
        _balance: Money,
        _within: Duration,
    ) -> RefundOutcome {
        let reference = format!("rf-{}", refund.id);
        self.refunds.lock().pop_front().unwrap_or(RefundOutcome::Done { reference })
    }

    async fn look_up_refunds(&self, _attempt: &Attempt, _refund: &Refund) -> RefundSighting {
        RefundSighting::Seen(self.given.lock().clone())
    }

    fn reports_days(&self) -> bool {
        self.report.lock().is_some()
    }

    async fn settlement(&self, _day: Date) -> Result<DayReport, String> {
        if self.report_is_slow.load(Ordering::Relaxed) {
            self.release.notified().await;
        }
        let report = self.report.lock().clone();
        report.unwrap_or_else(|| Err("as the script says".to_owned()))
    }
}
