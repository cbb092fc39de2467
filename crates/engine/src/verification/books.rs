//! Walking our own books, page by page.

use std::collections::BTreeMap;

use payonce_domain::{
    gateway::GatewayName,
    invariants::{Rule, Violation, check_ledger, check_sale, check_stock},
    payment::AttemptState,
    refund::RefundState,
    words::Word,
};
use payonce_ports::store::{Store, StoreError};

use super::{
    Verdict,
    gateway::{GatewayBooks, GatewayTransaction},
};

/// Orders read at a time.
const PAGE: u32 = 500;

/// Reads all books, checks every rule, and compares with the books of those gateways that are given.
///
/// `progress` is told how many orders have been read. Stock is compared between reads, so on a
/// shop that is selling it is checked only if nothing moved meanwhile.
pub async fn verify(
    store: &dyn Store,
    gateways: BTreeMap<GatewayName, Vec<GatewayTransaction>>,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<Verdict, StoreError> {
    let mut verdict = Verdict {
        gateway_transactions: (!gateways.is_empty())
            .then(|| gateways.values().map(|all| all.len() as u64).sum()),
        ..Verdict::default()
    };
    let mut gateways: BTreeMap<_, _> =
        gateways.into_iter().map(|(name, all)| (name, GatewayBooks::of(all))).collect();
    let mut after = None;
    loop {
        let pages = store.sale_pages(after, PAGE).await?;
        let Some(last) = pages.last() else { break };
        after = Some(last.sale.order.id);
        for page in &pages {
            verdict.orders += 1;
            *verdict.by_status.entry(page.sale.order.status.word()).or_default() += 1;
            verdict.violations.extend(check_sale(page));
            for attempt in &page.sale.attempts {
                verdict.attempts += 1;
                verdict.undecided += u64::from(attempt.state.is_live());
                if attempt.state == AttemptState::Approved {
                    verdict.approved += 1;
                    verdict.charge(attempt.amount);
                }
                if let Some(books) = gateways.get_mut(&attempt.gateway) {
                    verdict.differences.extend(books.compare(&page.sale, attempt));
                }
            }
            for refund in &page.sale.refunds {
                verdict.undecided_refunds += u64::from(refund.state.is_undecided());
                if refund.state == RefundState::Done {
                    verdict.give_back(refund.amount);
                }
            }
        }
        progress(verdict.orders);
    }
    verdict.differences.extend(gateways.into_values().flat_map(GatewayBooks::unexplained));
    verdict.violations.extend(check_whole(store).await?);
    Ok(verdict)
}

/// The rules about all books together: stock, the ledger's sums, rows without an order.
async fn check_whole(store: &dyn Store) -> Result<Vec<Violation>, StoreError> {
    let mut violations = stock(store).await?;
    if !violations.is_empty() {
        // Something may have been sold between the two reads: only what stays wrong is wrong.
        let again = stock(store).await?;
        violations.retain(|violation| again.contains(violation));
    }
    let sums = store.ledger_sums().await?;
    let sums: BTreeMap<&str, i64> = sums.iter().map(|(code, sum)| (code.as_str(), *sum)).collect();
    violations.extend(check_ledger(&sums));
    for (table, count) in store.orphans().await? {
        violations.push(Violation {
            rule: Rule::NothingForgotten,
            subject: format!("table {table}"),
            seen: format!("{count} rows without an order"),
        });
    }
    Ok(violations)
}

async fn stock(store: &dyn Store) -> Result<Vec<Violation>, StoreError> {
    let in_holds = store.stock_in_holds().await?;
    let mut violations = Vec::new();
    let mut after = None;
    loop {
        let products = store.products(after, PAGE).await?;
        let Some(last) = products.last() else { return Ok(violations) };
        after = Some(last.id);
        for product in &products {
            let held = in_holds.get(&product.id).copied().unwrap_or(0);
            violations.extend(check_stock(product, held));
        }
    }
}
