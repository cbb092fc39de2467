//! The one door through which a buyer's return enters: from their browser, or from the shop's page.
//!
//! Names and values came through the buyer's hands. They are taken for the payment that was named
//! and for no other, and only name what the gateway is asked to confirm.

use payonce_domain::{gateway::GatewayName, payment::page::ReturnRefusal, sale::Sale};
use payonce_engine::{Engine, confirming::ReturnError};
use payonce_ports::gateway::Returned;

/// Takes what a gateway's page handed over for this sale. `Ok` means that it is durable.
pub(crate) async fn take(
    engine: &Engine,
    sale: &Sale,
    fields: &[(String, String)],
) -> Result<(), ReturnError> {
    let gateway = whose(engine, sale, fields)?;
    engine.returned(&gateway, fields).await.map(|_order_id| ())
}

/// The gateway whose return this is, if it names an attempt of this sale.
fn whose(
    engine: &Engine,
    sale: &Sale,
    fields: &[(String, String)],
) -> Result<GatewayName, ReturnError> {
    let mut at_pages = sale.attempts.iter().rev().filter(|it| it.means.is_page()).peekable();
    if at_pages.peek().is_none() {
        return Err(ReturnError::NoSuchPayment);
    }
    let mut refusal = ReturnError::Unreadable;
    for attempt in at_pages {
        let gateway = engine.gateway(&attempt.gateway);
        let Some(returned) = gateway.and_then(|gateway| gateway.read_return(fields)) else {
            continue;
        };
        let named = match &returned {
            Returned::Agreed(agreed) => &agreed.gateway_order_id,
            Returned::TurnedDown { gateway_order_id, .. } => gateway_order_id,
        };
        if *named == attempt.gateway_order_id {
            return Ok(attempt.gateway.clone());
        }
        refusal = ReturnRefusal::NotOurs.into();
    }
    Err(refusal)
}
