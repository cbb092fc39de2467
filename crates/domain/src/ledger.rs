//! The ledger: double entry, append only. Every entry sums to zero, so the whole always does.
//!
//! A debit is positive, a credit negative. Accounts are few and named for who holds the money:
//! `gateway:<name>:receivable` (the gateway owes us), `gateway:<name>:fees`
//! (it kept that), `buyers:paid` (we owe buyers goods or a refund), `sales` (earned).

use crate::{
    gateway::GatewayName,
    ids::{AttemptId, LedgerEntryId, Mint, OrderId},
    money::Money,
    time::Timestamp,
};

/// What buyers have paid and neither received nor been given back.
pub const BUYERS_PAID: &str = "buyers:paid";
/// What was earned by fulfilling orders.
pub const SALES: &str = "sales";

/// The account of what one gateway has collected for us.
pub fn receivable(gateway: &GatewayName) -> String {
    format!("gateway:{gateway}:receivable")
}

/// The account of what one gateway kept for itself.
pub fn fees(gateway: &GatewayName) -> String {
    format!("gateway:{gateway}:fees")
}

/// One leg of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// The entry it belongs to; the legs of one entry sum to zero.
    pub entry_id: LedgerEntryId,
    /// Which account moves.
    pub account: String,
    /// By how much: debit positive, credit negative.
    pub amount: Money,
    /// For which order.
    pub order_id: OrderId,
    /// By which attempt.
    pub attempt_id: AttemptId,
    /// When.
    pub at: Timestamp,
}

/// What a movement belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Movement {
    /// The order.
    pub order_id: OrderId,
    /// The attempt that moved the money.
    pub attempt_id: AttemptId,
    /// When it was decided.
    pub at: Timestamp,
}

/// The two legs of `amount` moving from the credited to the debited account.
pub fn entry(
    mint: &mut Mint,
    movement: Movement,
    debit: &str,
    credit: &str,
    amount: Money,
) -> [Posting; 2] {
    let entry_id = mint.id();
    let leg = |account: &str, amount| Posting {
        entry_id,
        account: account.to_owned(),
        amount,
        order_id: movement.order_id,
        attempt_id: movement.attempt_id,
        at: movement.at,
    };
    [leg(debit, amount), leg(credit, amount.negated())]
}
