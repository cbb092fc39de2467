//! Whole sales: an order with everything that belongs to it, and what belongs to none.
//!
//! A sale is read without a lock or a transaction, by several statements of one round trip. They
//! agree if the order's version is the same before and after them, because every commit that
//! changes a sale changes its version; a sale for which it is not is read again.

use std::collections::BTreeMap;

use futures_util::{future::try_join_all, try_join};
use payonce_domain::{ids::OrderId, invariants::SalePages, sale::Sale};
use payonce_ports::store::StoreError;

use super::{
    attempts, connection::Connection, fulfilments, holds, obligations, orders, payments, postings,
    refunds,
};
use crate::rows::{self, SaleRows};

/// A sale changes a few times in its life, so reading it between two changes is soon done.
const READ_AGAIN: usize = 20;

pub(crate) const STATEMENTS: &[&str] = {
    const SQL: [&str; rows::ORPHANS.len()] = {
        let mut sql = [""; rows::ORPHANS.len()];
        let mut place = 0;
        while place < sql.len() {
            sql[place] = rows::ORPHANS[place].1;
            place += 1;
        }
        sql
    };
    &SQL
};

/// The sales of these orders.
pub(crate) async fn load(
    connection: &Connection,
    ids: &[OrderId],
) -> Result<BTreeMap<OrderId, Sale>, StoreError> {
    let pages = pages(connection, ids).await?;
    Ok(pages.into_iter().map(|page| (page.sale.order.id, page.sale)).collect())
}

/// The sales of these orders with their postings and fulfilments, in the order of ids.
pub(crate) async fn pages(
    connection: &Connection,
    ids: &[OrderId],
) -> Result<Vec<SalePages>, StoreError> {
    let mut whole = BTreeMap::new();
    let mut wanted: Vec<String> = ids.iter().map(ToString::to_string).collect();
    for _ in 0..READ_AGAIN {
        if wanted.is_empty() {
            return Ok(whole.into_values().collect());
        }
        let (read, versions) = read(connection, &wanted).await?;
        wanted.clear();
        for page in read {
            let id = page.sale.order.id;
            if versions.get(&id) == Some(&page.sale.version) {
                whole.insert(id, page);
            } else {
                wanted.push(id.to_string());
            }
        }
    }
    Err(StoreError::Unavailable(format!("{} kept changing while it was read", wanted.join(", "))))
}

/// One trip: the rows as they were seen, and the versions after that.
async fn read(
    connection: &Connection,
    ids: &[String],
) -> Result<(Vec<SalePages>, BTreeMap<OrderId, i64>), StoreError> {
    let (orders, payments, attempts, holds, refunds, obligations, postings, fulfilments, versions) =
        try_join!(
            orders::find(connection, ids),
            payments::of_orders(connection, ids),
            attempts::of_orders(connection, ids),
            holds::of_orders(connection, ids),
            refunds::of_orders(connection, ids),
            obligations::of_orders(connection, ids),
            postings::of_orders(connection, ids),
            fulfilments::of_orders(connection, ids),
            orders::versions(connection, ids),
        )?;
    let sales =
        SaleRows { orders, payments, attempts, holds, refunds, obligations }.into_sales()?;
    Ok((rows::into_pages(sales, postings, fulfilments), versions.into_iter().collect()))
}

/// Rows whose order does not exist, by table, and orders without a payment.
pub(crate) async fn orphans(
    connection: &Connection,
) -> Result<BTreeMap<&'static str, u64>, StoreError> {
    let counts = try_join_all(rows::ORPHANS.iter().map(|(table, sql)| async move {
        let found = connection.query(sql, &[]).await?;
        let count: i64 = found.first().map_or(0, |row| row.get(0));
        Ok::<_, StoreError>((*table, count.unsigned_abs()))
    }))
    .await?;
    Ok(counts.into_iter().filter(|(_, count)| *count > 0).collect())
}
