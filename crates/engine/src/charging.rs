//! Charging: sending a recorded attempt's request and bringing the outcome back as evidence.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use payonce_domain::{
    payment::{
        Attempt,
        evidence::{Evidence, Finding, Source},
    },
    sale::Sale,
};
use payonce_ports::gateway::{Card, Gateway};

use crate::{
    Engine,
    batch::BatchError,
    settling::{Asked, Settle},
};

/// An outcome that could not be written is tried again this often, this far apart. After that the
/// look-up that is owed anyway finds it out.
const WRITE_TRIES: u32 = 20;
const WRITE_WAIT: Duration = Duration::from_millis(250);

impl Engine {
    /// Sends the charge, or the confirmation of what the buyer agreed to on the gateway's page, in a
    /// task that the process owns. `started` is the monotonic moment before
    /// the attempt was recorded: nothing leaves us later than its manners allow, counted from there.
    pub(crate) fn charge(
        &self,
        sale: Sale,
        attempt: Attempt,
        gateway: Arc<dyn Gateway>,
        card: Option<Card>,
        started: i64,
    ) {
        let engine = self.clone();
        self.tasks.spawn(async move {
            let spent = engine.parts.clock.monotonic_micros().saturating_sub(started);
            let spent = Duration::from_micros(u64::try_from(spent).unwrap_or(0));
            let within = gateway.manners().charge_within.saturating_sub(spent);
            let asked = Asked::now(&engine.parts.clock);
            let outcome = gateway.charge(&attempt, card.as_ref(), within).await;
            drop(card);
            // A product that everybody buys would be locked by every answer, so it is named only
            // where its stock comes back.
            let products = if outcome.ends_uncharged() {
                sale.holds.iter().map(|hold| hold.product_id).collect()
            } else {
                BTreeSet::new()
            };
            let settle = Settle {
                order_id: sale.order.id,
                products,
                evidence: Evidence {
                    attempt_id: attempt.id,
                    source: Source::Response,
                    sending: Some(attempt.send_before),
                    finding: Finding::Answer(outcome),
                },
                manners: gateway.manners().clone(),
                lease: None,
                asked,
                seed: engine.parts.entropy.number(),
            };
            engine.write_down(settle).await;
        });
    }

    async fn write_down(&self, settle: Settle) {
        let attempt_id = settle.evidence.attempt_id;
        for turn in 1..=WRITE_TRIES {
            match self.settle(settle.clone()).await {
                Ok(()) | Err(BatchError::Stopping) => return,
                Err(error) => {
                    tracing::warn!(attempt.id = %attempt_id, %error, turn, "outcome not written yet");
                    self.parts.clock.sleep(WRITE_WAIT * turn).await;
                }
            }
        }
        tracing::error!(attempt.id = %attempt_id, "outcome left to the look-up that is owed");
    }
}
