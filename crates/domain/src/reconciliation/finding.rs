//! Findings: one thing that differs, with a stable key and the sums. Its sentences are in `telling`.

use super::{Date, Difference, MovementType, OurMovement, SettlementLine, Severity};
use crate::{gateway::GatewayName, money::Money, words::Word};

/// One thing that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What differs.
    pub difference: Difference,
    /// At which gateway.
    pub gateway: GatewayName,
    /// Of a charge or of a refund.
    pub kind: MovementType,
    /// What our books say: the movement itself, or the one that it belongs to.
    pub ours: Option<OurMovement>,
    /// What the gateway says; nothing, if that is the finding.
    pub line: Option<SettlementLine>,
    /// The sum that should have been.
    pub expected: Option<Money>,
    /// The sum that was seen.
    pub seen: Option<Money>,
    /// The day of the movement; the finding's age counts from here.
    pub since: Date,
}

impl Finding {
    /// The unique key under which it is stored: finding it again adds nothing.
    pub fn key(&self) -> String {
        let Self { gateway, kind, .. } = self;
        let (difference, kind) = (self.difference.word(), kind.word());
        format!("{difference}:{gateway}:{kind}:{}", self.subject())
    }

    /// How grave it is.
    pub const fn severity(&self) -> Severity {
        self.difference.severity()
    }

    /// The gateway's name of the movement; ours, where the gateway has none.
    pub fn subject(&self) -> String {
        match (&self.line, &self.ours) {
            (Some(line), _) => line.movement.clone(),
            (None, Some(ours)) => match ours.refund_id {
                Some(refund_id) => refund_id.to_string(),
                None => ours.attempt_id.to_string(),
            },
            (None, None) => String::new(),
        }
    }

    /// How many days old it is.
    pub fn age_days(&self, today: Date) -> u32 {
        u32::try_from(today.days_since(self.since)).unwrap_or(0)
    }
}
