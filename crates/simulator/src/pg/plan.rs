//! What chance decides about one request, drawn at once when it arrives.
//!
//! Drawing everything up front keeps a run repeatable however its tasks interleave, and gives
//! a script one value to change. Nothing here acts.

use super::faults::{CallbackFaults, LookUpFaults};
use super::settings::Settings;

/// §8: how a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// `SUCCESS`, `정상 승인되었습니다.`
    Approve,
    /// `FAILED`, `한도초과입니다. …`
    Limit,
    /// `FAILED`, `잘못된 카드입니다. …`
    Invalid,
}

/// What the client gets to see of a POST.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// The truth: the key, or the refusal that certifies that nothing was stored.
    Honest,
    Rejected(String),
    Generic500,
    Foreign5xx,
    Undecodable,
    Dropped,
}

/// The course of one valid POST.
#[derive(Clone, Debug)]
pub(crate) struct PostPlan {
    pub(crate) hang_ms: u64,
    pub(crate) delay_ms: u64,
    pub(crate) created: bool,
    pub(crate) key: Option<String>,
    pub(crate) late_ms: u64,
    pub(crate) reply: Reply,
    /// Absent when the transaction is never processed.
    pub(crate) processing_ms: Option<u64>,
    pub(crate) verdict: Verdict,
    pub(crate) callback: CallbackPlan,
}

/// The course of one transaction's callback.
#[derive(Clone, Copy, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "independent faults, each drawn on its own")]
pub(crate) struct CallbackPlan {
    pub(crate) drop: bool,
    pub(crate) duplicate: bool,
    pub(crate) delay_ms: u64,
    pub(crate) reorder: bool,
    pub(crate) early: bool,
    pub(crate) wrong_amount: bool,
    pub(crate) wrong_order: bool,
    pub(crate) forged_before_verdict: bool,
    pub(crate) forged_unknown_key: bool,
}

/// How a look-up goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LookUpFault {
    /// 404 although the transaction exists.
    NotFound,
    /// Another order id in the answer.
    WrongOrder,
    /// Another amount in the answer of the single look-up.
    WrongAmount,
    /// The generic 500 envelope.
    Generic500,
    /// 502 with an HTML page.
    Foreign5xx,
    /// 200 with half an envelope.
    Undecodable,
    /// The connection is dropped.
    DropResponse,
    /// The truth, this many milliseconds later.
    HangMs(u64),
}

impl PostPlan {
    /// §4.2 and §9, then the faults that are switched on.
    pub(crate) fn draw(settings: &Settings, chance: &mut fastrand::Rng) -> Self {
        let faults = &settings.post_faults;
        let hung = faults.hang.draw(chance);
        let delay_ms = settings.delay_ms().draw(chance);
        let accepted = !settings.failure().draw(chance) || hung;
        let (created, reply) =
            if accepted { spoil(settings, chance) } else { (false, Reply::Honest) };
        let late = faults.late_answer.draw(chance);
        let usual_ms = settings.processing_delay_ms.draw(chance);
        let processing_ms = if faults.never_process.draw(chance) {
            None
        } else if faults.long_pending.draw(chance) {
            Some(faults.long_pending_ms.draw(chance))
        } else {
            Some(usual_ms)
        };
        Self {
            hang_ms: if hung { faults.hang_ms.draw(chance) } else { 0 },
            delay_ms,
            created,
            key: None,
            late_ms: if late { faults.late_answer_ms.draw(chance) } else { 0 },
            reply,
            processing_ms,
            verdict: Verdict::draw(settings, chance),
            callback: CallbackPlan::draw(&settings.callback_faults, chance),
        }
    }
}

/// Whether a POST that would be accepted creates its transaction, and what its answer is.
fn spoil(settings: &Settings, chance: &mut fastrand::Rng) -> (bool, Reply) {
    let faults = &settings.post_faults;
    [
        (faults.drop_response, true, Reply::Dropped),
        (faults.drop_request, false, Reply::Dropped),
        (faults.foreign_5xx_created, true, Reply::Foreign5xx),
        (faults.foreign_5xx_not_created, false, Reply::Foreign5xx),
        (faults.generic_500_created, true, Reply::Generic500),
        (faults.generic_500_not_created, false, Reply::Generic500),
        (faults.undecodable, true, Reply::Undecodable),
    ]
    .into_iter()
    .find(|(probability, ..)| probability.draw(chance))
    .map_or((true, Reply::Honest), |(_, created, reply)| (created, reply))
}

impl Verdict {
    fn draw(settings: &Settings, chance: &mut fastrand::Rng) -> Self {
        let (limit, invalid) = (settings.limit_exceeded.get(), settings.invalid_card.get());
        if limit + invalid == 0.0 {
            return Self::Approve;
        }
        match chance.f64() * 100.0 {
            drawn if drawn < limit => Self::Limit,
            drawn if drawn < limit + invalid => Self::Invalid,
            _ => Self::Approve,
        }
    }
}

impl CallbackPlan {
    fn draw(faults: &CallbackFaults, chance: &mut fastrand::Rng) -> Self {
        Self {
            drop: faults.drop.draw(chance),
            duplicate: faults.duplicate.draw(chance),
            delay_ms: if faults.delay.draw(chance) { faults.delay_ms.draw(chance) } else { 0 },
            reorder: faults.reorder.draw(chance),
            early: faults.early.draw(chance),
            wrong_amount: faults.wrong_amount.draw(chance),
            wrong_order: faults.wrong_order.draw(chance),
            forged_before_verdict: faults.forged_before_verdict.draw(chance),
            forged_unknown_key: faults.forged_unknown_key.draw(chance),
        }
    }
}

impl LookUpFault {
    pub(crate) fn draw(faults: &LookUpFaults, chance: &mut fastrand::Rng) -> Option<Self> {
        [
            (faults.not_found, Self::NotFound),
            (faults.wrong_order, Self::WrongOrder),
            (faults.wrong_amount, Self::WrongAmount),
            (faults.generic_500, Self::Generic500),
            (faults.foreign_5xx, Self::Foreign5xx),
            (faults.undecodable, Self::Undecodable),
            (faults.drop_response, Self::DropResponse),
            (faults.hang, Self::HangMs(0)),
        ]
        .into_iter()
        .find(|(probability, _)| probability.draw(chance))
        .map(|(_, fault)| match fault {
            Self::HangMs(_) => Self::HangMs(faults.hang_ms.draw(chance)),
            fault => fault,
        })
    }
}
