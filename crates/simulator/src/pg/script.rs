//! Outcomes on demand: queues of scripted POSTs and look-ups, used up in order.
//!
//! A request takes the first entry that fits it. A script is laid over what chance had drawn,
//! so what it does not mention stays as the settings have it.

use serde::{Deserialize, Serialize};

use super::plan::{LookUpFault, PostPlan, Reply, Verdict};

/// Body of `POST /_sim/script`; entries are added behind those already waiting.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "camelCase")]
pub struct Script {
    /// For valid `POST /api/v1/payments`.
    pub posts: Vec<PostScript>,
    /// For both look-ups.
    pub look_ups: Vec<LookUpScript>,
}

/// What shall happen to a POST.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct PostScript {
    /// The order it waits for; absent means the next POST.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
    /// How many POSTs it serves. Default 1.
    #[serde(default = "once")]
    pub times: u32,
    /// Applied in this order.
    pub steps: Vec<Step>,
}

/// What shall happen to a look-up.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LookUpScript {
    /// The order it waits for (a look-up by key counts for its transaction's order); absent
    /// means the next look-up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_id: Option<String>,
    /// How many look-ups it serves. Default 1.
    #[serde(default = "once")]
    pub times: u32,
    /// How it goes wrong; absent means the truth.
    #[serde(default)]
    pub fault: Option<LookUpFault>,
}

/// One change to the course of a POST. JSON: `"accept"`, `{"delayMs":250}`, `{"callback":"drop"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Step {
    /// Creates the transaction and says so.
    Accept,
    /// The refusal that certifies that nothing was stored, §4.2 step 5.
    Fail500,
    /// Nothing stored, the generic 500.
    Generic500,
    /// Transaction created, the generic 500.
    Generic500Created,
    /// Nothing stored, 400 with this message.
    Reject(String),
    /// Acceptance delay of exactly this, §4.2 step 4.
    DelayMs(u64),
    /// Hangs this long before acceptance, then creates the transaction for certain.
    HangMs(u64),
    /// Waits this long between creating the transaction and answering.
    LateMs(u64),
    /// Transaction created, connection dropped.
    DropResponse,
    /// Nothing stored, connection dropped.
    DropRequest,
    /// Nothing stored, 502 with an HTML page.
    Foreign5xx,
    /// Transaction created, 502 with an HTML page.
    Foreign5xxCreated,
    /// Transaction created, 200 with half an envelope.
    Undecodable,
    /// The transaction stays pending for ever.
    NeverProcess,
    /// Processing delay of exactly this, without queueing.
    ProcessingMs(u64),
    /// How the transaction ends.
    Verdict(Verdict),
    /// The transaction's key, to bring about a collision.
    Key(String),
    /// A fault of its callback.
    Callback(CallbackStep),
}

/// One fault of a callback; they are explained at [`super::faults::CallbackFaults`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CallbackStep {
    /// Is never sent.
    Drop,
    /// Is sent twice.
    Duplicate,
    /// Is sent this much later.
    DelayMs(u64),
    /// Is held back behind another callback.
    Reorder,
    /// Comes before the answer of the POST.
    Early,
    /// Carries another amount.
    WrongAmount,
    /// Carries another order.
    WrongOrder,
    /// A forged approval while the transaction is pending.
    ForgedBeforeVerdict,
    /// A forged approval for a key never issued.
    ForgedUnknownKey,
}

impl PostScript {
    /// For the next POST, whatever its order.
    pub fn next(steps: impl Into<Vec<Step>>) -> Self {
        Self { order_id: None, times: 1, steps: steps.into() }
    }

    /// For the next POST of this order.
    pub fn for_order(order_id: impl Into<String>, steps: impl Into<Vec<Step>>) -> Self {
        Self { order_id: Some(order_id.into()), ..Self::next(steps) }
    }

    /// Serves that many POSTs.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }
}

impl LookUpScript {
    /// For the next look-up, whatever it asks.
    pub fn next(fault: LookUpFault) -> Self {
        Self { order_id: None, times: 1, fault: Some(fault) }
    }

    /// For the next look-up of this order or of one of its transactions.
    pub fn for_order(order_id: impl Into<String>, fault: LookUpFault) -> Self {
        Self { order_id: Some(order_id.into()), ..Self::next(fault) }
    }

    /// Serves that many look-ups.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self { times, ..self }
    }
}

impl Script {
    pub(crate) fn add(&mut self, more: Self) {
        self.posts.extend(more.posts.into_iter().filter(|entry| entry.times > 0));
        self.look_ups.extend(more.look_ups.into_iter().filter(|entry| entry.times > 0));
    }

    /// Uses up one turn of the first entry that fits.
    pub(crate) fn take_post(&mut self, order_id: &str) -> Option<PostScript> {
        let fits = |entry: &PostScript| entry.order_id.as_deref().is_none_or(|id| id == order_id);
        let found = self.posts.iter().position(fits)?;
        self.posts[found].times -= 1;
        if self.posts[found].times == 0 {
            return Some(self.posts.remove(found));
        }
        Some(self.posts[found].clone())
    }

    /// Uses up one turn of the first entry that fits; the order is unknown for an unknown key.
    pub(crate) fn take_look_up(&mut self, order_id: Option<&str>) -> Option<LookUpScript> {
        let fits = |entry: &LookUpScript| {
            entry.order_id.is_none() || entry.order_id.as_deref() == order_id
        };
        let found = self.look_ups.iter().position(fits)?;
        self.look_ups[found].times -= 1;
        if self.look_ups[found].times == 0 {
            return Some(self.look_ups.remove(found));
        }
        Some(self.look_ups[found].clone())
    }
}

impl Step {
    /// Lays this step over the plan.
    pub(crate) fn apply(self, plan: &mut PostPlan) {
        match self {
            Self::Accept => plan.answer(true, Reply::Honest),
            Self::Fail500 => plan.answer(false, Reply::Honest),
            Self::Generic500 => plan.answer(false, Reply::Generic500),
            Self::Generic500Created => plan.answer(true, Reply::Generic500),
            Self::Reject(message) => plan.answer(false, Reply::Rejected(message)),
            Self::DropResponse => plan.answer(true, Reply::Dropped),
            Self::DropRequest => plan.answer(false, Reply::Dropped),
            Self::Foreign5xx => plan.answer(false, Reply::Foreign5xx),
            Self::Foreign5xxCreated => plan.answer(true, Reply::Foreign5xx),
            Self::Undecodable => plan.answer(true, Reply::Undecodable),
            Self::HangMs(ms) => {
                plan.hang_ms = ms;
                plan.created = true;
            }
            Self::DelayMs(ms) => plan.delay_ms = ms,
            Self::LateMs(ms) => plan.late_ms = ms,
            Self::NeverProcess => plan.processing_ms = None,
            Self::ProcessingMs(ms) => plan.processing_ms = Some(ms),
            Self::Verdict(verdict) => plan.verdict = verdict,
            Self::Key(key) => plan.key = Some(key),
            Self::Callback(step) => step.apply(plan),
        }
    }
}

impl CallbackStep {
    fn apply(self, plan: &mut PostPlan) {
        let callback = &mut plan.callback;
        match self {
            Self::Drop => callback.drop = true,
            Self::Duplicate => callback.duplicate = true,
            Self::DelayMs(ms) => callback.delay_ms = ms,
            Self::Reorder => callback.reorder = true,
            Self::Early => callback.early = true,
            Self::WrongAmount => callback.wrong_amount = true,
            Self::WrongOrder => callback.wrong_order = true,
            Self::ForgedBeforeVerdict => callback.forged_before_verdict = true,
            Self::ForgedUnknownKey => callback.forged_unknown_key = true,
        }
    }
}

impl PostPlan {
    fn answer(&mut self, created: bool, reply: Reply) {
        self.created = created;
        self.reply = reply;
    }
}

const fn once() -> u32 {
    1
}
