//! Adjustment: a sweep over every open payment, at start-up and on a schedule.
//!
//! It takes no hint about what changed: whatever is open is asked about now, through the same
//! look-ups and the same decision as everything else. Repeating it is safe. On the schedule it
//! leaves out what is unresolved, which is asked about at growing intervals of its own, and gateways
//! that permit only so many look-ups: what is owed there stands in line already.

use std::time::Duration;

use payonce_domain::{
    gateway::GatewayName,
    payment::{AttemptState, PaymentState},
};
use payonce_ports::store::StoreError;

use crate::Engine;

/// Orders read at a time.
const PAGE: u32 = 500;

/// Why the sweep is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// The process has just started: nobody may have asked for long.
    StartUp,
    /// It is time again.
    Schedule,
}

impl Engine {
    /// Makes every open payment's look-up due now; says how many. Requests that are still being
    /// sent are left alone: asking about them proves nothing.
    pub async fn adjust(&self, occasion: Occasion) -> Result<usize, StoreError> {
        let mut after = None;
        let mut hastened = 0;
        loop {
            let page = self.parts.store.open_sales(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(hastened) };
            after = Some(last.order.id);
            let now = self.parts.clock.now();
            let attempts: Vec<_> = page
                .iter()
                .filter(|sale| {
                    occasion == Occasion::StartUp || sale.payment.state != PaymentState::Unresolved
                })
                .filter_map(|sale| sale.live_attempt())
                .filter(|live| live.state != AttemptState::Sent || now >= live.send_before)
                .filter(|live| occasion == Occasion::StartUp || !self.is_limited(&live.gateway))
                .map(|live| (live.id, Duration::ZERO))
                .collect();
            self.parts.store.appoint(&attempts).await?;
            hastened += attempts.len();
        }
    }

    /// Whether the gateway permits only so many look-ups.
    fn is_limited(&self, gateway: &GatewayName) -> bool {
        let gateway = self.parts.gateways.get(gateway);
        gateway.is_some_and(|gateway| gateway.manners().look_ups_per_minute.is_some())
    }

    pub(crate) async fn adjust_on_schedule(&self) {
        let mut occasion = Occasion::StartUp;
        while !self.is_stopping() {
            match self.adjust(occasion).await {
                Ok(0) => {}
                Ok(open) => tracing::info!(open, "comparing every open payment with its gateway"),
                Err(error) => tracing::warn!(%error, "sweep over open payments not finished"),
            }
            occasion = Occasion::Schedule;
            tokio::select! {
                () = self.parts.clock.sleep(self.parts.settings.adjustment_every) => {}
                () = self.stopping.cancelled() => {}
            }
        }
    }
}
