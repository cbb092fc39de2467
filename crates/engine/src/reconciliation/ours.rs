//! Our movements that a day's report may be about, read page by page.

use std::collections::BTreeSet;

use payonce_domain::{
    gateway::GatewayName,
    ids::OrderId,
    reconciliation::{Date, OurMovement, SettlementLine, movements},
    sale::Sale,
};
use payonce_ports::{reconciliation::Names, store::StoreError};

use crate::Engine;

/// Orders read at a time.
const PAGE: u32 = 500;
/// Lines whose names are asked for at a time.
const NAMED_AT_ONCE: usize = 200;

impl Engine {
    /// Every movement of ours that became certain on this day, and those that a line names. Of an
    /// order nothing stays in memory but its movements.
    pub(super) async fn ours(
        &self,
        gateway: &GatewayName,
        day: Date,
        lines: &[SettlementLine],
    ) -> Result<Vec<OurMovement>, StoreError> {
        let store = &self.parts.store;
        let (from, to) = (day.starts_in_seoul(), day.next().starts_in_seoul());
        let mut ours = Ours::default();
        let mut after = None;
        loop {
            let page = store.sales_moved(gateway, from, to, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.order.id);
            ours.take(gateway, &page);
        }
        let unknown: Vec<_> = lines.iter().filter(|line| !ours.knows(line)).collect();
        for lines in unknown.chunks(NAMED_AT_ONCE) {
            ours.take(gateway, &store.sales_named(gateway, &names(lines)).await?);
        }
        Ok(ours.movements)
    }
}

#[derive(Default)]
struct Ours {
    movements: Vec<OurMovement>,
    orders: BTreeSet<OrderId>,
    gateway_order_ids: BTreeSet<String>,
    references: BTreeSet<String>,
}

impl Ours {
    fn take(&mut self, gateway: &GatewayName, page: &[Sale]) {
        for sale in page {
            if !self.orders.insert(sale.order.id) {
                continue;
            }
            for movement in movements(sale, gateway) {
                self.gateway_order_ids.insert(movement.gateway_order_id.clone());
                self.references.extend(movement.reference.clone());
                self.movements.push(movement);
            }
        }
    }

    /// Whether the order of this line is here by each of the line's names: no other can be meant.
    fn knows(&self, line: &SettlementLine) -> bool {
        self.gateway_order_ids.contains(&line.gateway_order_id)
            && self.references.contains(&line.reference)
    }
}

fn names(lines: &[&SettlementLine]) -> Names {
    let mut references: BTreeSet<&str> = BTreeSet::new();
    for line in lines {
        references.extend([line.reference.as_str(), line.movement.as_str()]);
    }
    let order_ids: BTreeSet<&str> = lines.iter().map(|line| &*line.gateway_order_id).collect();
    Names {
        gateway_order_ids: order_ids.into_iter().map(str::to_owned).collect(),
        references: references.into_iter().map(str::to_owned).collect(),
    }
}
