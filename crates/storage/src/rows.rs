//! Rows become values: one function per table, for both databases.
//!
//! Fields are read in the order of [`crate::columns`].

use std::collections::{BTreeMap, BTreeSet};

use payonce_domain::{
    fulfilment::Fulfilment,
    gateway::GatewayName,
    hold::Hold,
    ids::{OrderId, ProductId, RefundId},
    incident::Incident,
    invariants::SalePages,
    journal::Entry,
    ledger::Posting,
    money::{Currency, Money},
    obligation::Obligation,
    order::Order,
    payment::{Attempt, Payment, Problem, ProblemCode},
    product::Product,
    refund::Refund,
    sale::Sale,
};
use payonce_ports::{
    reconciliation::{FindingRow, ReconciliationRun},
    store::{
        AuditEntry, Backlog, IdempotencyKey, IdempotencyRow, RememberedReply, ServerKey,
        StoreError, User,
    },
};

use crate::{
    cells::{Cells, Row},
    columns, means,
};

pub(crate) fn product(row: &impl Row) -> Result<Product, StoreError> {
    let mut cells = Cells::of(row, "products", columns::products!());
    Ok(Product {
        id: cells.id()?,
        kind: cells.word()?,
        name: cells.string()?,
        price: cells.money()?,
        available: cells.number()?,
        received: cells.number()?,
        on_sale: cells.flag()?,
        created_at: cells.time()?,
    })
}

/// An order and its version.
pub(crate) fn order(row: &impl Row) -> Result<(Order, i64), StoreError> {
    let mut cells = Cells::of(row, "orders", columns::orders!());
    let order = Order {
        id: cells.id()?,
        owner: cells.id()?,
        lines: cells.json()?,
        total: cells.money()?,
        status: cells.word()?,
        expires_at: cells.time()?,
        metadata: cells.string()?,
        created_at: cells.time()?,
        cancel_wished_at: cells.maybe_time()?,
    };
    Ok((order, cells.number()?))
}

pub(crate) fn payment(row: &impl Row) -> Result<Payment, StoreError> {
    let mut cells = Cells::of(row, "payments", columns::payments!());
    Ok(Payment {
        order_id: cells.id()?,
        id: cells.id()?,
        amount: cells.money()?,
        state: cells.word()?,
        reason: cells.maybe_word()?,
        changed_at: cells.time()?,
    })
}

/// An attempt and its order.
pub(crate) fn attempt(row: &impl Row) -> Result<(OrderId, Attempt), StoreError> {
    let mut cells = Cells::of(row, "attempts", columns::attempts!());
    let order_id = cells.id()?;
    let number = cells.small()?;
    let id = cells.id()?;
    let gateway = GatewayName::new(cells.text()?);
    let (gateway_order_id, gateway_user_id) = (cells.string()?, cells.string()?);
    let amount = cells.money()?;
    let attempt = Attempt {
        number,
        id,
        gateway,
        gateway_order_id,
        gateway_user_id,
        amount,
        means: means::read(&mut cells)?,
        state: cells.word()?,
        reference: cells.maybe_string()?,
        problem: problem(&mut cells)?,
        absences: cells.small()?,
        request: cells.small()?,
        recorded_at: cells.time()?,
        send_before: cells.time()?,
        certain_at: cells.maybe_time()?,
        fee: fee(&mut cells, amount.currency)?,
        ruling: cells.maybe_json()?,
    };
    Ok((order_id, attempt))
}

/// Two columns: code and text.
fn problem(cells: &mut Cells<'_, impl Row>) -> Result<Option<Problem>, StoreError> {
    let (code, text) = (cells.maybe_word::<ProblemCode>()?, cells.maybe_text()?);
    Ok(code.map(|code| Problem::new(code, text.unwrap_or_default())))
}

/// What a gateway kept, in the currency of what it was kept from.
fn fee(cells: &mut Cells<'_, impl Row>, currency: Currency) -> Result<Option<Money>, StoreError> {
    Ok(cells.maybe_number()?.map(|minor| Money::new(minor, currency)))
}

/// A hold and its order.
pub(crate) fn hold(row: &impl Row) -> Result<(OrderId, Hold), StoreError> {
    let mut cells = Cells::of(row, "holds", columns::holds!());
    let order_id = cells.id()?;
    let hold = Hold {
        product_id: cells.id()?,
        id: cells.id()?,
        quantity: cells.small()?,
        state: cells.word()?,
        given_back: cells.small()?,
    };
    Ok((order_id, hold))
}

/// A refund and its order.
pub(crate) fn refund(row: &impl Row) -> Result<(OrderId, Refund), StoreError> {
    let mut cells = Cells::of(row, "refunds", columns::refunds!());
    let order_id = cells.id()?;
    let (id, attempt_id) = (cells.id()?, cells.id()?);
    let charge = cells.string()?;
    let amount = cells.money()?;
    let refund = Refund {
        id,
        attempt_id,
        charge,
        amount,
        purpose: cells.word()?,
        reason: cells.string()?,
        pieces: cells.json()?,
        state: cells.word()?,
        request: cells.small()?,
        absences: cells.small()?,
        reference: cells.maybe_string()?,
        problem: problem(&mut cells)?,
        requested_at: cells.time()?,
        send_before: cells.time()?,
        certain_at: cells.maybe_time()?,
        alarmed_at: cells.maybe_time()?,
        fee: fee(&mut cells, amount.currency)?,
    };
    Ok((order_id, refund))
}

/// A leased row that can be read. One that cannot stays leased until its lease ends: it is told
/// each time, and nothing behind it waits.
pub(crate) fn readable<T>(row: Result<T, StoreError>) -> Option<T> {
    row.inspect_err(|error| tracing::error!(%error, "a leased row cannot be read")).ok()
}

pub(crate) fn obligation(row: &impl Row) -> Result<Obligation, StoreError> {
    let mut cells = Cells::of(row, "obligations", columns::obligations!());
    Ok(Obligation {
        order_id: cells.id()?,
        id: cells.id()?,
        kind: cells.word()?,
        attempt_id: cells.maybe_id()?,
        refund_id: cells.maybe_id()?,
        state: cells.word()?,
        due_at: cells.time()?,
        tries: cells.small()?,
        fence: cells.number()?,
        leased_until: cells.maybe_time()?,
        last_error: cells.maybe_string()?,
        created_at: cells.time()?,
    })
}

pub(crate) fn entry(row: &impl Row) -> Result<Entry, StoreError> {
    let mut cells = Cells::of(row, "journal", columns::journal!());
    Ok(Entry {
        id: cells.id()?,
        order_id: cells.id()?,
        payment_id: cells.id()?,
        at: cells.time()?,
        cause: cells.json()?,
        facts: cells.json()?,
    })
}

pub(crate) fn posting(row: &impl Row) -> Result<Posting, StoreError> {
    let mut cells = Cells::of(row, "postings", columns::postings!());
    Ok(Posting {
        order_id: cells.id()?,
        entry_id: cells.id()?,
        account: cells.string()?,
        amount: cells.money()?,
        attempt_id: cells.id()?,
        at: cells.time()?,
    })
}

pub(crate) fn fulfilment(row: &impl Row) -> Result<Fulfilment, StoreError> {
    let mut cells = Cells::of(row, "fulfilments", columns::fulfilments!());
    Ok(Fulfilment {
        order_id: cells.id()?,
        product_id: cells.id()?,
        id: cells.id()?,
        owner: cells.id()?,
        kind: cells.word()?,
        quantity: cells.small()?,
        revoked: cells.small()?,
        created_at: cells.time()?,
    })
}

pub(crate) fn incident(row: &impl Row) -> Result<Incident, StoreError> {
    let mut cells = Cells::of(row, "incidents", columns::incidents!());
    cells.text()?;
    Ok(Incident {
        id: cells.id()?,
        kind: cells.word()?,
        order_id: cells.id()?,
        payment_id: cells.id()?,
        attempt_id: cells.id()?,
        detail: cells.string()?,
        about: cells.string()?,
        at: cells.time()?,
    })
}

pub(crate) fn idempotency(row: &impl Row) -> Result<(IdempotencyKey, IdempotencyRow), StoreError> {
    let mut cells = Cells::of(row, "idempotency_keys", columns::idempotency_keys!());
    let key = IdempotencyKey { scope: cells.string()?, key: cells.string()? };
    let fingerprint = cells.string()?;
    let (order_id, refund_id) = (cells.maybe_id()?, cells.maybe_id()?);
    let (status, body) = (cells.maybe_small()?, cells.maybe_string()?);
    let reply = status.zip(body).map(|(status, body)| RememberedReply { status, body });
    let created_at = cells.time()?;
    Ok((key, IdempotencyRow { fingerprint, order_id, refund_id, reply, created_at }))
}

pub(crate) fn audit(row: &impl Row) -> Result<AuditEntry, StoreError> {
    let mut cells = Cells::of(row, "audit", columns::audit!());
    Ok(AuditEntry {
        id: cells.id()?,
        at: cells.time()?,
        actor: cells.string()?,
        action: cells.string()?,
        subject: cells.string()?,
        detail: cells.string()?,
    })
}

pub(crate) fn reconciliation(row: &impl Row) -> Result<ReconciliationRun, StoreError> {
    let mut cells = Cells::of(row, "reconciliations", columns::reconciliations!());
    Ok(ReconciliationRun {
        id: cells.id()?,
        gateway: GatewayName::new(cells.text()?),
        day: cells.id()?,
        at: cells.time()?,
        source: cells.string()?,
        matched: cells.small()?,
        totals: cells.string()?,
        findings: cells.small()?,
    })
}

pub(crate) fn finding(row: &impl Row) -> Result<FindingRow, StoreError> {
    let mut cells = Cells::of(row, "findings", columns::findings!());
    Ok(FindingRow {
        key: cells.string()?,
        gateway: GatewayName::new(cells.text()?),
        day: cells.id()?,
        first_seen: cells.time()?,
        last_seen: cells.time()?,
        closed_at: cells.maybe_time()?,
        severity: cells.word()?,
        kind: cells.word()?,
        english: cells.string()?,
        korean: cells.string()?,
        repair: cells.string()?,
        repaired_at: cells.maybe_time()?,
        order_id: cells.maybe_id()?,
        payment_id: cells.maybe_id()?,
    })
}

pub(crate) fn user(row: &impl Row) -> Result<User, StoreError> {
    let mut cells = Cells::of(row, "users", columns::users!());
    Ok(User {
        id: cells.id()?,
        email: cells.string()?,
        password_hash: cells.string()?,
        role: cells.string()?,
        created_at: cells.time()?,
    })
}

pub(crate) fn server_key(row: &impl Row) -> Result<ServerKey, StoreError> {
    let mut cells = Cells::of(row, "server_keys", columns::server_keys!());
    Ok(ServerKey { digest: cells.string()?, hint: cells.string()?, created_at: cells.time()? })
}

/// The rows of some orders, table by table, before they are put together.
#[derive(Debug, Default)]
pub(crate) struct SaleRows {
    pub(crate) orders: Vec<(Order, i64)>,
    pub(crate) payments: Vec<Payment>,
    pub(crate) attempts: Vec<(OrderId, Attempt)>,
    pub(crate) holds: Vec<(OrderId, Hold)>,
    pub(crate) refunds: Vec<(OrderId, Refund)>,
    pub(crate) obligations: Vec<Obligation>,
}

impl SaleRows {
    /// Puts each order together with what belongs to it. Attempts come in order of their numbers,
    /// holds, refunds and obligations in order of their ids. An order without its payment is a bad
    /// row; rows of other orders are left out.
    pub(crate) fn into_sales(self) -> Result<BTreeMap<OrderId, Sale>, StoreError> {
        let mut payments: BTreeMap<OrderId, Payment> =
            self.payments.into_iter().map(|payment| (payment.order_id, payment)).collect();
        let mut sales = BTreeMap::new();
        for (order, version) in self.orders {
            let payment = payments.remove(&order.id).ok_or_else(|| StoreError::BadRow {
                table: "payments",
                column: "order_id",
                id: order.id.to_string(),
                detail: "order has no payment".to_owned(),
            })?;
            let sale = Sale {
                order,
                payment,
                attempts: Vec::new(),
                holds: Vec::new(),
                refunds: Vec::new(),
                obligations: Vec::new(),
                version,
            };
            sales.insert(sale.order.id, sale);
        }
        for (order_id, attempt) in self.attempts {
            if let Some(sale) = sales.get_mut(&order_id) {
                sale.attempts.push(attempt);
            }
        }
        for (order_id, hold) in self.holds {
            if let Some(sale) = sales.get_mut(&order_id) {
                sale.holds.push(hold);
            }
        }
        for (order_id, refund) in self.refunds {
            if let Some(sale) = sales.get_mut(&order_id) {
                sale.refunds.push(refund);
            }
        }
        for obligation in self.obligations {
            if let Some(sale) = sales.get_mut(&obligation.order_id) {
                sale.obligations.push(obligation);
            }
        }
        Ok(sales)
    }
}

/// Puts postings and fulfilments to their sales.
pub(crate) fn into_pages(
    sales: BTreeMap<OrderId, Sale>,
    postings: Vec<Posting>,
    fulfilments: Vec<Fulfilment>,
) -> Vec<SalePages> {
    let mut pages: BTreeMap<OrderId, SalePages> = sales
        .into_iter()
        .map(|(id, sale)| (id, SalePages { sale, postings: Vec::new(), fulfilments: Vec::new() }))
        .collect();
    for posting in postings {
        if let Some(page) = pages.get_mut(&posting.order_id) {
            page.postings.push(posting);
        }
    }
    for fulfilment in fulfilments {
        if let Some(page) = pages.get_mut(&fulfilment.order_id) {
            page.fulfilments.push(fulfilment);
        }
    }
    pages.into_values().collect()
}

/// An order id alone.
pub(crate) fn order_id(row: &impl Row) -> Result<OrderId, StoreError> {
    Cells::of(row, "orders", "id").id()
}

/// A refund's id and that of the order that it is of.
pub(crate) fn refund_and_order(row: &impl Row) -> Result<(RefundId, OrderId), StoreError> {
    let mut cells = Cells::of(row, "refunds", "id, order_id");
    Ok((cells.id()?, cells.id()?))
}

/// The orders that refunds are of, each once.
pub(crate) fn orders_of(found: &[(RefundId, OrderId)]) -> Vec<OrderId> {
    let ids: BTreeSet<_> = found.iter().map(|(_, order_id)| *order_id).collect();
    ids.into_iter().collect()
}

/// Each refund with the sale that it is of.
pub(crate) fn each_with_its_sale(
    found: Vec<(RefundId, OrderId)>,
    sales: &BTreeMap<OrderId, Sale>,
) -> Vec<(RefundId, Sale)> {
    let sale = |(id, order_id)| Some((id, sales.get(&order_id)?.clone()));
    found.into_iter().filter_map(sale).collect()
}

/// An order id and the order's version.
pub(crate) fn order_version(row: &impl Row) -> Result<(OrderId, i64), StoreError> {
    let mut cells = Cells::of(row, "orders", "id, version");
    Ok((cells.id()?, cells.number()?))
}

/// Pieces of a product that still stand in holds.
pub(crate) fn product_sum(row: &impl Row) -> Result<(ProductId, i64), StoreError> {
    let mut cells = Cells::of(row, "holds", "product_id, quantity");
    Ok((cells.id()?, cells.number()?))
}

/// The sum of a currency's postings.
pub(crate) fn currency_sum(row: &impl Row) -> Result<(String, i64), StoreError> {
    let mut cells = Cells::of(row, "postings", "currency, amount_minor");
    Ok((cells.string()?, cells.number()?))
}

/// One line of the backlog.
pub(crate) fn backlog(row: &impl Row) -> Result<Backlog, StoreError> {
    let mut cells = Cells::of(row, "obligations", "kind, state, count, due_at");
    Ok(Backlog {
        kind: cells.word()?,
        state: cells.word()?,
        count: cells.small()?,
        oldest_due: cells.time()?,
    })
}

macro_rules! orphans_of {
    ($table:literal) => {
        (
            $table,
            concat!(
                "SELECT COUNT(*) FROM ",
                $table,
                " AS stray WHERE stray.order_id IS NOT NULL
                   AND NOT EXISTS (SELECT 1 FROM orders WHERE orders.id = stray.order_id)"
            ),
        )
    };
}

/// How many rows of each table belong to no order. The last one is the other way round.
pub(crate) const ORPHANS: &[(&str, &str)] = &[
    orphans_of!("payments"),
    orphans_of!("attempts"),
    orphans_of!("holds"),
    orphans_of!("refunds"),
    orphans_of!("obligations"),
    orphans_of!("journal"),
    orphans_of!("postings"),
    orphans_of!("fulfilments"),
    orphans_of!("incidents"),
    orphans_of!("findings"),
    orphans_of!("idempotency_keys"),
    (
        "orders",
        "SELECT COUNT(*) FROM orders
         WHERE NOT EXISTS (SELECT 1 FROM payments WHERE payments.order_id = orders.id)",
    ),
];
