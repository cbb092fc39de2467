//! What a decision changed: the difference between the world that was loaded and the decided one.
//!
//! Pure, and shared by both stores. Rows that stayed as they were are not in it, so they are not
//! written. Every changed row carries what was loaded, which is the guard of its update.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use payonce_domain::{
    fulfilment::Fulfilment,
    hold::Hold,
    ids::{LedgerEntryId, OrderId, ProductId},
    incident::Incident,
    journal::Entry,
    ledger::Posting,
    money::Money,
    obligation::Obligation,
    payment::{Attempt, Payment},
    product::Product,
    refund::Refund,
    sale::{Revocation, Sale},
};
use payonce_ports::store::{AuditEntry, IdempotencyKey, IdempotencyRow, StoreError, World};

/// A row that was loaded, and what it is from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Changed<'a, T> {
    pub(crate) from: &'a T,
    pub(crate) to: &'a T,
}

/// A row of an order that does not carry the order's id itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Of<T> {
    pub(crate) order_id: OrderId,
    pub(crate) row: T,
}

/// The rows to write, table by table.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes<'a> {
    pub(crate) new_products: Vec<&'a Product>,
    pub(crate) changed_products: Vec<Changed<'a, Product>>,
    pub(crate) new_orders: Vec<&'a Sale>,
    /// Orders of which anything changed: each gets the next version.
    pub(crate) changed_orders: Vec<Changed<'a, Sale>>,
    pub(crate) new_payments: Vec<&'a Payment>,
    pub(crate) changed_payments: Vec<Changed<'a, Payment>>,
    pub(crate) new_attempts: Vec<Of<&'a Attempt>>,
    pub(crate) changed_attempts: Vec<Of<Changed<'a, Attempt>>>,
    pub(crate) new_holds: Vec<Of<&'a Hold>>,
    pub(crate) changed_holds: Vec<Of<Changed<'a, Hold>>>,
    pub(crate) new_refunds: Vec<Of<&'a Refund>>,
    pub(crate) changed_refunds: Vec<Of<Changed<'a, Refund>>>,
    pub(crate) new_obligations: Vec<&'a Obligation>,
    pub(crate) changed_obligations: Vec<Changed<'a, Obligation>>,
    pub(crate) new_idempotency: Vec<(&'a IdempotencyKey, &'a IdempotencyRow)>,
    pub(crate) changed_idempotency: Vec<(&'a IdempotencyKey, Changed<'a, IdempotencyRow>)>,
    pub(crate) journal: &'a [Entry],
    pub(crate) postings: &'a [Posting],
    pub(crate) fulfilments: &'a [Fulfilment],
    pub(crate) incidents: &'a [Incident],
    /// One for each fulfilment that is taken back, in whole or in part.
    pub(crate) revoked: Vec<Revocation>,
    pub(crate) audit: &'a [AuditEntry],
}

impl<'a> Changes<'a> {
    /// What became of `loaded`. A row that is not in `decided` any more stays as it is.
    ///
    /// Refused: a change of what never changes, a sale that lost a row, postings that do not sum
    /// to zero.
    pub(crate) fn between(loaded: &'a World, decided: &'a World) -> Result<Self, StoreError> {
        assert_balanced(&decided.postings)?;
        let mut changes = Self {
            journal: &decided.journal,
            postings: &decided.postings,
            fulfilments: &decided.fulfilments,
            incidents: &decided.incidents,
            revoked: summed(&decided.revoked),
            audit: &decided.audit,
            ..Self::default()
        };
        for (id, to) in &decided.products {
            match loaded.products.get(id) {
                None => changes.new_products.push(to),
                Some(from) if from == to => {}
                Some(from) => {
                    expect(from.id == to.id && from.created_at == to.created_at, || {
                        format!("product {id} changed what never changes")
                    })?;
                    changes.changed_products.push(Changed { from, to });
                }
            }
        }
        for (id, to) in &decided.sales {
            match loaded.sales.get(id) {
                None => changes.add_sale(to),
                Some(from) if from == to => {}
                Some(from) => changes.change_sale(from, to)?,
            }
        }
        for (key, to) in &decided.idempotency {
            match loaded.idempotency.get(key) {
                None => changes.new_idempotency.push((key, to)),
                Some(from) if from == to => {}
                Some(from) => changes.changed_idempotency.push((key, Changed { from, to })),
            }
        }
        // Within one payment the attempt that ends goes before the one that comes alive.
        changes.changed_attempts.sort_by_key(|of| of.row.to.state.is_live());
        // Of one charge the refund that has left the gateway goes before the one that comes there.
        changes.changed_refunds.sort_by_key(|of| of.row.to.state.is_at_gateway());
        Ok(changes)
    }

    /// Whether there is nothing to write.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Changes::default()
    }

    fn add_sale(&mut self, sale: &'a Sale) {
        let order_id = sale.order.id;
        self.new_orders.push(sale);
        self.new_payments.push(&sale.payment);
        self.new_attempts.extend(sale.attempts.iter().map(|row| Of { order_id, row }));
        self.new_holds.extend(sale.holds.iter().map(|row| Of { order_id, row }));
        self.new_refunds.extend(sale.refunds.iter().map(|row| Of { order_id, row }));
        self.new_obligations.extend(&sale.obligations);
    }

    fn change_sale(&mut self, from: &'a Sale, to: &'a Sale) -> Result<(), StoreError> {
        let order_id = from.order.id;
        expect(same_order(from, to) && same_payment(&from.payment, &to.payment), || {
            format!("order {order_id} changed what never changes")
        })?;
        self.changed_orders.push(Changed { from, to });
        if from.payment != to.payment {
            self.changed_payments.push(Changed { from: &from.payment, to: &to.payment });
        }
        for step in steps(order_id, &from.attempts, &to.attempts, |attempt| attempt.id)? {
            match step {
                Step::New(row) => self.new_attempts.push(Of { order_id, row }),
                Step::Changed(row) => {
                    expect(same_attempt(row.from, row.to), || {
                        format!("attempt {} changed what never changes", row.from.id)
                    })?;
                    self.changed_attempts.push(Of { order_id, row });
                }
            }
        }
        for step in steps(order_id, &from.holds, &to.holds, |hold| hold.id)? {
            match step {
                Step::New(row) => self.new_holds.push(Of { order_id, row }),
                Step::Changed(row) => {
                    let same = row.from.product_id == row.to.product_id
                        && row.from.quantity == row.to.quantity;
                    expect(same, || format!("hold {} changed what never changes", row.from.id))?;
                    self.changed_holds.push(Of { order_id, row });
                }
            }
        }
        for step in steps(order_id, &from.refunds, &to.refunds, |refund| refund.id)? {
            match step {
                Step::New(row) => self.new_refunds.push(Of { order_id, row }),
                Step::Changed(row) => {
                    expect(same_refund(row.from, row.to), || {
                        format!("refund {} changed what never changes", row.from.id)
                    })?;
                    self.changed_refunds.push(Of { order_id, row });
                }
            }
        }
        for step in steps(order_id, &from.obligations, &to.obligations, |owed| owed.id)? {
            match step {
                Step::New(row) => self.new_obligations.push(row),
                Step::Changed(row) => {
                    expect(same_obligation(row.from, row.to), || {
                        format!("obligation {} changed what never changes", row.from.id)
                    })?;
                    self.changed_obligations.push(row);
                }
            }
        }
        Ok(())
    }
}

enum Step<'a, T> {
    New(&'a T),
    Changed(Changed<'a, T>),
}

/// New and changed rows of one order's list. A list never loses a row: history is kept.
fn steps<'a, T: PartialEq, I: PartialEq>(
    order_id: OrderId,
    from: &'a [T],
    to: &'a [T],
    id: impl Fn(&T) -> I,
) -> Result<Vec<Step<'a, T>>, StoreError> {
    let kept = |row: &T| to.iter().any(|other| id(other) == id(row));
    expect(from.iter().all(kept), || format!("order {order_id} lost a row"))?;
    let mut steps = Vec::new();
    for row in to {
        match from.iter().find(|other| id(other) == id(row)) {
            None => steps.push(Step::New(row)),
            Some(before) if before == row => {}
            Some(before) => steps.push(Step::Changed(Changed { from: before, to: row })),
        }
    }
    Ok(steps)
}

fn same_order(from: &Sale, to: &Sale) -> bool {
    let (before, after) = (&from.order, &to.order);
    from.version == to.version
        && before.id == after.id
        && before.owner == after.owner
        && before.total == after.total
        && before.created_at == after.created_at
        && before.lines == after.lines
}

fn same_payment(from: &Payment, to: &Payment) -> bool {
    from.id == to.id && from.order_id == to.order_id && from.amount == to.amount
}

fn same_attempt(from: &Attempt, to: &Attempt) -> bool {
    from.number == to.number
        && from.gateway == to.gateway
        && from.gateway_order_id == to.gateway_order_id
        && from.gateway_user_id == to.gateway_user_id
        && from.amount == to.amount
        && from.means.card_company() == to.means.card_company()
        && from.recorded_at == to.recorded_at
        && is_in_currency_of(from.amount, to.fee)
}

fn same_refund(from: &Refund, to: &Refund) -> bool {
    from.attempt_id == to.attempt_id
        && from.charge == to.charge
        && from.amount == to.amount
        && from.purpose == to.purpose
        && from.reason == to.reason
        && from.pieces == to.pieces
        && is_in_currency_of(from.amount, to.fee)
}

/// A fee is stored without a currency of its own.
fn is_in_currency_of(amount: Money, fee: Option<Money>) -> bool {
    fee.is_none_or(|fee| fee.currency == amount.currency)
}

fn same_obligation(from: &Obligation, to: &Obligation) -> bool {
    from.kind == to.kind
        && from.order_id == to.order_id
        && from.attempt_id == to.attempt_id
        && from.refund_id == to.refund_id
        && from.created_at == to.created_at
}

/// One revocation for each fulfilment: a bulk update touches a row once.
fn summed(revoked: &[Revocation]) -> Vec<Revocation> {
    let mut sums: BTreeMap<(OrderId, ProductId), u32> = BTreeMap::new();
    for Revocation { order_id, product_id, quantity } in revoked {
        let sum = sums.entry((*order_id, *product_id)).or_default();
        *sum = sum.saturating_add(*quantity);
    }
    sums.into_iter()
        .map(|((order_id, product_id), quantity)| Revocation { order_id, product_id, quantity })
        .collect()
}

/// The legs of every entry sum to zero, in one currency. On in release: nothing unbalanced is written.
fn assert_balanced(postings: &[Posting]) -> Result<(), StoreError> {
    let mut entries: BTreeMap<(LedgerEntryId, &str), i128> = BTreeMap::new();
    for posting in postings {
        let key = (posting.entry_id, posting.amount.currency.code());
        *entries.entry(key).or_default() += i128::from(posting.amount.minor);
    }
    for ((entry_id, currency), sum) in entries {
        expect(sum == 0, || format!("ledger entry {entry_id} sums to {sum} {currency}"))?;
    }
    Ok(())
}

fn expect(holds: bool, broken: impl FnOnce() -> String) -> Result<(), StoreError> {
    if holds { Ok(()) } else { Err(StoreError::Refused(broken())) }
}

/// Every guarded row was touched, or somebody else was there first.
pub(crate) fn expect_rows(
    table: &'static str,
    expected: usize,
    touched: u64,
) -> Result<(), StoreError> {
    expect(u64::try_from(expected) == Ok(touched), || {
        format!("{touched} of {expected} rows of {table} were still as they had been loaded")
    })
}
