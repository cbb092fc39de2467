//! Rulings: operators decide about an attempt in doubt, with a reason and evidence of their own.
//!
//! Amounts over a setting need a second person: the first one's ruling waits with the attempt, and the
//! second one must say the same. What the gateway says later still counts: a ruling of "not charged"
//! is doubted like a believed absence.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{
    evidence::{Evidence, Finding, Source},
    settle::{Circumstances, SettleError, settle},
};
use crate::{
    ids::{AttemptId, Mint, UserId},
    journal::{Cause, Fact},
    sale::{Change, Draft, Sale},
    time::Timestamp,
};

/// What operators say became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "verdict")]
pub enum Ruled {
    /// It was charged.
    Charged {
        /// The gateway's name for the transaction.
        reference: String,
    },
    /// It was not charged, and will not be.
    NotCharged,
}

impl Ruled {
    fn word(&self) -> &'static str {
        match self {
            Self::Charged { .. } => "charged",
            Self::NotCharged => "not_charged",
        }
    }
}

/// A decision that waits for a second person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// What became of the attempt.
    #[serde(flatten)]
    pub ruled: Ruled,
    /// Who decided.
    pub by: UserId,
    /// Why.
    pub reason: String,
    /// On which evidence.
    pub evidence: String,
    /// When.
    pub at: Timestamp,
}

/// What a ruling comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It was taken as evidence.
    Applied,
    /// It waits for a second person.
    AwaitsSecond,
}

/// Why a ruling is not taken. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum RulingRefusal {
    /// No attempt of this order is in doubt.
    #[error("no attempt of this order is in doubt")]
    NotInDoubt,
    /// The same person decided before: another one must agree.
    #[error("a second person must decide")]
    SamePerson,
    /// The second person says something else.
    #[error("the first ruling says something else; it is withdrawn by ruling the same")]
    Disagrees,
    /// It names a charge that the order has besides: one charge is not two.
    #[error("that charge is another one of this order")]
    AnotherCharge,
    /// See there.
    #[error(transparent)]
    Settle(#[from] SettleError),
}

/// Hears one operator. `needs_second` if the amount is over the setting.
pub fn rule(
    sale: &Sale,
    attempt_id: AttemptId,
    ruling: Ruling,
    needs_second: bool,
    circumstances: &Circumstances<'_>,
) -> Result<(Change, Heard), RulingRefusal> {
    let attempt = sale
        .attempt(attempt_id)
        .filter(|attempt| attempt.state.is_at_gateway())
        .ok_or(RulingRefusal::NotInDoubt)?;
    if let Ruled::Charged { reference } = &ruling.ruled
        && names_another(sale, attempt_id, reference)
    {
        return Err(RulingRefusal::AnotherCharge);
    }
    let first = attempt.ruling.clone();
    let mut draft = Draft::of(
        sale.clone(),
        circumstances.now,
        Mint::new(circumstances.now, circumstances.seed),
    );
    let second = match (&first, needs_second) {
        (_, false) => None,
        (None, true) => {
            draft.hear(attempt_id, &ruling, None);
            if let Some(attempt) = draft.attempt_mut(attempt_id) {
                attempt.ruling = Some(ruling);
            }
            return Ok((draft.finish(Cause::Ruled), Heard::AwaitsSecond));
        }
        (Some(first), true) if first.by == ruling.by => return Err(RulingRefusal::SamePerson),
        (Some(first), true) if first.ruled != ruling.ruled => {
            // Two people who disagree have decided nothing: both begin anew.
            return Err(RulingRefusal::Disagrees);
        }
        (Some(_), true) => Some(ruling.by),
    };
    let told = first.filter(|_| needs_second).unwrap_or(ruling);
    let evidence = Evidence {
        attempt_id,
        source: Source::Operator,
        sending: None,
        finding: Finding::Ruled(told.ruled.clone()),
    };
    let mut change = settle(sale, &evidence, circumstances)?;
    draft.hear(attempt_id, &told, second);
    let heard = draft.finish(Cause::Ruled);
    if let (Some(entry), Some(heard)) = (&mut change.entry, heard.entry) {
        entry.facts.splice(0..0, heard.facts);
    }
    if let Some(attempt) = change.sale.attempts.iter_mut().find(|it| it.id == attempt_id) {
        attempt.ruling = None;
    }
    Ok((change, Heard::Applied))
}

/// Whether this is the charge of another attempt, or one that is given back already.
fn names_another(sale: &Sale, attempt_id: AttemptId, reference: &str) -> bool {
    let of_another = sale
        .attempts
        .iter()
        .any(|other| other.id != attempt_id && other.reference.as_deref() == Some(reference));
    of_another || sale.refunds.iter().any(|refund| refund.charge == reference)
}

/// Withdraws a ruling that waits for a second person, so that another may be made.
pub fn withdraw(
    sale: &Sale,
    attempt_id: AttemptId,
    now: Timestamp,
    seed: u64,
) -> Result<Change, RulingRefusal> {
    let waits = sale.attempt(attempt_id).is_some_and(|attempt| attempt.ruling.is_some());
    if !waits {
        return Err(RulingRefusal::NotInDoubt);
    }
    let mut draft = Draft::of(sale.clone(), now, Mint::new(now, seed));
    if let Some(attempt) = draft.attempt_mut(attempt_id) {
        attempt.ruling = None;
    }
    Ok(draft.finish(Cause::Ruled))
}

impl Draft {
    fn hear(&mut self, attempt_id: AttemptId, ruling: &Ruling, second: Option<UserId>) {
        self.tell(Fact::Ruling {
            attempt_id,
            verdict: ruling.ruled.word().to_owned(),
            by: ruling.by.to_string(),
            second: second.map(|id| id.to_string()),
            reason: ruling.reason.clone(),
            evidence: ruling.evidence.clone(),
        });
    }
}
