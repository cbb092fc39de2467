//! Reconciliation: what a gateway reports of one day, held against our books, and what is done about it.
//!
//! Read [`Engine::reconcile`] below, then `report` (the lines), `ours` (our movements of them), `turns`
//! (repairing and reading again), `repairs` (what is done about a finding), `fees` (posting),
//! `recording` (what is kept), [`schedule`] (every day by itself), `asked_for` (by whom); [`file`] reads
//! lines that people bring. What differs is decided in [`payonce_domain::reconciliation`].
//!
//! Whatever moves money goes through the settle path, as evidence. The books are read again after the
//! repairs: a finding is called repaired when it is not there any more. Reconciling a day again changes
//! nothing that was not news.

mod asked_for;
mod fees;
pub mod file;
mod ours;
mod recording;
mod repairs;
mod report;
pub mod schedule;
mod turns;

use payonce_domain::{
    gateway::GatewayName,
    reconciliation::{self, Date, Finding, Repair, Report, SettledFee, SettlementLine, plan},
};
use payonce_ports::store::StoreError;
use thiserror::Error;

use crate::{Engine, batch::BatchError, ruling::Act};
use report::DayLines;
use turns::Repairing;

/// Confirming one thing can show the next: what is settled has a fee, and a second charge is extra
/// only beside one that stands. More turns than this are left to the next run.
const TURNS_AT_MOST: u32 = 4;

/// What to reconcile.
#[derive(Debug, Clone)]
pub struct Reconcile {
    /// Which gateway.
    pub gateway: GatewayName,
    /// Which day in Seoul.
    pub day: Date,
    /// What the gateway says of it.
    pub lines: Lines,
    /// Whether nothing is to be changed: what would be done is told.
    pub dry_run: bool,
    /// The day that it is; findings are as old as that says.
    pub today: Date,
}

/// What a gateway says of a day.
#[derive(Debug, Clone)]
pub enum Lines {
    /// What it says when it is asked now.
    Fetched,
    /// What somebody has brought, whole.
    Given {
        /// Where it is from, e.g. a file's name.
        name: String,
        /// Every line.
        lines: Vec<SettlementLine>,
    },
}

/// What one reconciliation came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Reconciled {
    /// Which gateway.
    pub gateway: GatewayName,
    /// Which day.
    pub day: Date,
    /// The day that it was.
    pub today: Date,
    /// Where the lines came from: `gateway`, or a file's name.
    pub source: String,
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// What agrees and what differs, after the repairs.
    pub report: Report,
    /// Everything that differed, with what became of it; in the order in which it was found.
    pub found: Vec<Found>,
    /// Fees posted now.
    pub fees_posted: u64,
    /// Rows of the gateway's report that could not be read, each with the reason.
    pub unreadable: Vec<String>,
}

/// One thing that differed.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// What.
    pub finding: Finding,
    /// What the rule says about it.
    pub repair: Repair,
    /// What became of it.
    pub done: Done,
}

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// Nothing: it is told what would be done.
    Planned,
    /// It does not differ any more.
    Repaired,
    /// The gateway will be asked: its look-up is owed, and due now.
    Owed,
    /// The gateway was asked, and stands by what our books hold: its report will follow.
    Confirmed,
    /// The gateway was not asked, or did not answer. It is asked with the next reconciliation.
    NoAnswer,
    /// A person must look.
    Person {
        /// Why no rule could do it.
        why: &'static str,
    },
}

impl Done {
    /// The stable word of it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Repaired => "repaired",
            Self::Owed => "look_up_owed",
            Self::Confirmed => "confirmed_by_gateway",
            Self::NoAnswer => "no_answer",
            Self::Person { .. } => "person",
        }
    }
}

impl Found {
    /// Whether a person must look at it.
    pub const fn needs_person(&self) -> bool {
        match self.done {
            Done::Person { .. } => true,
            Done::Planned => matches!(self.repair, Repair::Incident { .. }),
            Done::Repaired | Done::Owed | Done::Confirmed | Done::NoAnswer => false,
        }
    }
}

impl Reconciled {
    /// Whether a person must look.
    pub fn needs_person(&self) -> bool {
        !self.unreadable.is_empty() || self.found.iter().any(Found::needs_person)
    }
}

/// Why a day was not reconciled to its end. What was done until then is done; doing it again is safe.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ReconcileError {
    /// The gateway is switched off: its manners are not known.
    #[error("gateway {0} is switched off")]
    NoGateway(GatewayName),
    /// The gateway told nothing of this day.
    #[error("no report: {0}")]
    NoReport(String),
    /// The books could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The books could not be written; see there what that means.
    #[error(transparent)]
    Batch(#[from] BatchError),
}

impl Engine {
    /// Reconciles one day of one gateway, repairs what a rule repairs, and keeps what is left.
    ///
    /// Belongs to the process: a caller that leaves does not stop it in the middle.
    pub async fn reconcile(&self, ask: Reconcile) -> Result<Reconciled, ReconcileError> {
        let engine = self.clone();
        self.to_the_end(async move { engine.reconcile_to_the_end(ask).await }).await
    }

    /// Takes back the fees that this day's lines had posted; says which. What else a reconciliation
    /// did is taken back elsewhere, each finding says how. A privileged act.
    pub async fn take_fees_back(
        &self,
        ask: Reconcile,
        act: Act,
    ) -> Result<Vec<SettledFee>, ReconcileError> {
        let engine = self.clone();
        self.to_the_end(async move {
            let lines = engine.lines_of(&ask).await?;
            let report = engine.compare(&ask, &lines).await?;
            if !ask.dry_run {
                engine.unpost_fees(&report.posted, &act).await?;
            }
            Ok(report.posted)
        })
        .await
    }

    async fn reconcile_to_the_end(&self, ask: Reconcile) -> Result<Reconciled, ReconcileError> {
        let lines = match self.lines_of(&ask).await {
            Ok(lines) => lines,
            Err(error) => {
                self.miss_report(&ask, &error).await?;
                return Err(error);
            }
        };
        let mut repairing = Repairing::default();
        let mut turns = 0;
        let report = loop {
            turns += 1;
            let report = self.compare(&ask, &lines).await?;
            let planned = plan(&report, ask.today);
            repairing.take_up(&report, &planned);
            if ask.dry_run || !self.turn(&planned, &mut repairing).await? {
                break report;
            }
            if turns == TURNS_AT_MOST {
                break self.compare(&ask, &lines).await?;
            }
        };
        let mut reconciled = Reconciled {
            gateway: ask.gateway,
            day: ask.day,
            today: ask.today,
            source: lines.source,
            dry_run: ask.dry_run,
            found: repairing.found,
            fees_posted: repairing.fees_posted,
            unreadable: lines.unreadable,
            report,
        };
        if !ask.dry_run {
            reconciled.judge();
            self.record(&reconciled).await?;
        }
        Ok(reconciled)
    }

    /// Holds the lines against our books as they are now.
    async fn compare(&self, ask: &Reconcile, lines: &DayLines) -> Result<Report, ReconcileError> {
        let ours = self.ours(&ask.gateway, ask.day, &lines.lines).await?;
        Ok(reconciliation::reconcile(ask.day, &lines.lines, &ours, &lines.expectations))
    }
}
