//! The shop's own numbers.

use std::time::Duration;

use clap::Args;
use payonce_engine::Settings;

use super::{duration, reconciliation::ReconciliationArguments};

/// The shop's own numbers.
#[derive(Debug, Clone, Args)]
pub(crate) struct ShopArguments {
    /// How long an uncharged order may be paid (again); then its stock goes back.
    #[arg(long, env = "PAYONCE_OPEN_FOR", default_value = "15m", value_parser = duration::parse)]
    open_for: Duration,
    /// How often every open payment is compared with its gateway.
    #[arg(long, env = "PAYONCE_ADJUSTMENT_EVERY", default_value = "5m", value_parser = duration::parse)]
    adjustment_every: Duration,
    /// From which amount on, in won, two operators must agree what became of a payment in doubt.
    #[arg(long, env = "PAYONCE_SECOND_PERSON_FROM", default_value_t = 300_000)]
    second_person_from: i64,
    /// How long a worker may take for one obligation before another may take it over.
    #[arg(long, env = "PAYONCE_LEASE", default_value = "1m", value_parser = duration::parse)]
    lease: Duration,
    #[command(flatten)]
    reconciliation: ReconciliationArguments,
}

impl ShopArguments {
    /// The engine's numbers.
    pub(crate) fn engine(&self) -> Settings {
        Settings {
            open_for: self.open_for,
            adjustment_every: self.adjustment_every,
            lease: self.lease,
            second_person_from: Some(self.second_person_from),
            reconcile_at: self.reconciliation.at(),
            agreed_fees: self.reconciliation.fees(),
            ..Settings::default()
        }
    }
}
