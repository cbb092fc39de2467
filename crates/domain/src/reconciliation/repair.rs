//! Repair by rule: what is done about each finding. Only data; the engine carries it out, and what
//! it moves goes through the same doors as everything else.
//!
//! What the gateway says it moved is evidence and enters by the settle path. What it does not list
//! is asked about, never taken back: a report without a line is evidence of nothing. Where two
//! things could be meant, a person decides.

use std::collections::BTreeMap;

use super::{Date, Difference, Finding, MovementType, Report, SettledFee};
use crate::{
    gateway::GatewayName,
    ids::{AttemptId, RefundId},
    money::Money,
    payment::evidence::{Transaction, Verdict},
};

/// So many days a movement that no report lists is asked about; then a person looks.
pub const LOOK_UP_FOR_DAYS: u32 = 3;

/// What is done about a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// The settle path hears that the gateway charged.
    Confirm {
        /// The attempt that we hold in doubt or believe uncharged.
        attempt: AttemptId,
        /// What the gateway charged.
        transaction: Transaction,
    },
    /// The refund is held as made.
    ConfirmRefund {
        /// The attempt whose charge was given back.
        attempt: AttemptId,
        /// The refund that we hold in doubt or believe unmade.
        refund_id: RefundId,
        /// The gateway's name of it.
        movement: String,
        /// How much was given back.
        amount: Money,
    },
    /// A second charge is given back; the one that pays the order stays.
    RefundExtra {
        /// The attempt under whose order id it was charged.
        attempt: AttemptId,
        /// The gateway's name of the second payment, which is not the attempt's.
        reference: String,
        /// All of it.
        amount: Money,
    },
    /// The gateway is asked. Nothing is held uncharged because a line is missing.
    LookUp {
        /// The attempt to ask about, refunds included.
        attempt: AttemptId,
    },
    /// Fees that agree are posted, each once under its own key.
    PostFees {
        /// One a movement.
        lines: Vec<SettledFee>,
    },
    /// A person must look.
    Incident {
        /// How many days the movement is old.
        age_days: u32,
    },
}

impl Repair {
    /// The stable word of what is done.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Confirm { .. } => "confirm",
            Self::ConfirmRefund { .. } => "confirm_refund",
            Self::RefundExtra { .. } => "refund_extra",
            Self::LookUp { .. } => "look_up",
            Self::PostFees { .. } => "post_fees",
            Self::Incident { .. } => "incident",
        }
    }

    /// Why this is the right thing to do.
    pub const fn why(&self) -> &'static str {
        match self {
            Self::Confirm { .. } => {
                "the gateway lists this charge under our order id and of our amount"
            }
            Self::ConfirmRefund { .. } => {
                "the gateway lists this refund of our payment and of our amount"
            }
            Self::RefundExtra { .. } => {
                "the order is paid by another charge that is listed and stands; the buyer paid twice"
            }
            Self::LookUp { .. } => {
                "the reports do not tell how the payment stands now; only the gateway's answer does"
            }
            Self::PostFees { .. } => "the gateway settled these movements and kept what was agreed",
            Self::Incident { .. } => "no rule can tell which side is right",
        }
    }

    /// What takes it back.
    pub const fn reversible_by(&self) -> &'static str {
        match self {
            Self::Confirm { .. } => "a refund of the attempt",
            Self::ConfirmRefund { .. } => {
                "nothing: the buyer has the money; our record of it can be corrected by an operator"
            }
            Self::RefundExtra { .. } => "nothing: a refund cannot be called back",
            Self::PostFees { .. } => "posting each fee back",
            Self::LookUp { .. } | Self::Incident { .. } => "nothing needs to: no money moves",
        }
    }
}

/// One repair and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The unique key under which it is done: planning it again adds nothing. Of fees, each line
    /// has one of its own besides.
    pub key: String,
    /// What to do.
    pub repair: Repair,
}

/// What to do about everything in this report: one repair a finding, under the finding's key, and
/// one posting of fees a gateway.
pub fn plan(report: &Report, today: Date) -> Vec<Planned> {
    let repairs = report
        .findings
        .iter()
        .map(|finding| Planned { key: finding.key(), repair: repair(finding, today) });
    let mut fees: BTreeMap<&GatewayName, Vec<SettledFee>> = BTreeMap::new();
    for fee in &report.unposted {
        fees.entry(&fee.gateway).or_default().push(fee.clone());
    }
    let fees = fees.into_iter().map(|(gateway, lines)| Planned {
        key: format!("fees:{gateway}:{}", report.day),
        repair: Repair::PostFees { lines },
    });
    repairs.chain(fees).collect()
}

/// What to do about one finding.
pub fn repair(finding: &Finding, today: Date) -> Repair {
    let age_days = finding.age_days(today);
    by_rule(finding, age_days).unwrap_or(Repair::Incident { age_days })
}

fn by_rule(finding: &Finding, age_days: u32) -> Option<Repair> {
    let ours = finding.ours.as_ref()?;
    let attempt = ours.attempt_id;
    match finding.difference {
        Difference::InDoubt | Difference::BelievedNot => {
            let line = finding.line.as_ref()?;
            match finding.kind {
                MovementType::Charge => Some(Repair::Confirm {
                    attempt,
                    transaction: Transaction {
                        reference: line.reference.clone(),
                        gateway_order_id: line.gateway_order_id.clone(),
                        amount: line.amount,
                        verdict: Verdict::Approved,
                    },
                }),
                MovementType::Refund => Some(Repair::ConfirmRefund {
                    attempt,
                    refund_id: ours.refund_id?,
                    movement: line.movement.clone(),
                    amount: line.amount,
                }),
            }
        }
        Difference::SecondCharge => {
            let line = finding.line.as_ref()?;
            let (reference, amount) = (line.reference.clone(), line.amount);
            Some(Repair::RefundExtra { attempt, reference, amount })
        }
        Difference::UndoneThere | Difference::NotListed => {
            (age_days < LOOK_UP_FOR_DAYS).then_some(Repair::LookUp { attempt })
        }
        Difference::UnknownRefund
        | Difference::Amount
        | Difference::FeeRate
        | Difference::PayOut
        | Difference::Vat
        | Difference::FeePosted
        | Difference::RepeatedLine
        | Difference::RivalCharge
        | Difference::RefundedThere
        | Difference::MovedThere
        | Difference::UnknownKey
        | Difference::NamesContradict
        | Difference::SourcesDisagree
        | Difference::ListedInPart => None,
    }
}
