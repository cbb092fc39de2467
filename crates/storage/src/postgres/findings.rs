//! Table `findings`: what differs between a gateway and the books, until it does not any more.

use payonce_domain::{gateway::GatewayName, time::Timestamp, words::Word};
use payonce_ports::{
    reconciliation::{FindingRow, ReconciliationRun},
    store::StoreError,
};
use tokio_postgres::types::ToSql;

use super::connection::{Connection, column};
use crate::{columns, rows};

pub(crate) const STATEMENTS: &[&str] = &[OPEN, ADD, RECORD];

const OPEN: &str = concat!(
    "SELECT ",
    columns::findings!(),
    " FROM findings WHERE closed_at IS NULL AND ($1::TEXT IS NULL OR gateway = $1::TEXT)
      ORDER BY day, key LIMIT $2::BIGINT"
);

/// Findings that are not closed, of one gateway or of all, those of the oldest day first.
pub(crate) async fn open(
    connection: &Connection,
    gateway: Option<&GatewayName>,
    limit: u32,
) -> Result<Vec<FindingRow>, StoreError> {
    let gateway = gateway.map(GatewayName::as_str);
    connection
        .query(OPEN, &[&gateway, &i64::from(limit)])
        .await?
        .iter()
        .map(rows::finding)
        .collect()
}

macro_rules! add {
    () => {
        concat!(
            "INSERT INTO findings (",
            columns::findings!(),
            ") SELECT * FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::BIGINT[], $5::BIGINT[],
                                    $6::BIGINT[], $7::TEXT[], $8::TEXT[], $9::TEXT[], $10::TEXT[],
                                    $11::TEXT[], $12::BIGINT[], $13::TEXT[], $14::TEXT[])
             ON CONFLICT (key) DO UPDATE
             SET last_seen = excluded.last_seen, closed_at = excluded.closed_at,
                 severity = excluded.severity, kind = excluded.kind, english = excluded.english,
                 korean = excluded.korean, repair = excluded.repair,
                 repaired_at = excluded.repaired_at, order_id = excluded.order_id,
                 payment_id = excluded.payment_id"
        )
    };
}

const ADD: &str = add!();

/// Adds findings; one that is there keeps its day and when it was first seen.
pub(crate) async fn add(
    connection: &Connection,
    findings: &[FindingRow],
) -> Result<(), StoreError> {
    write(connection, ADD, findings, None).await
}

const RECORD: &str = concat!(
    "WITH run AS (
         INSERT INTO reconciliations (",
    columns::reconciliations!(),
    ") VALUES ($15::TEXT, $16::TEXT, $17::TEXT, $18::BIGINT, $19::TEXT, $20::BIGINT, $21::TEXT,
               $22::BIGINT)
         ON CONFLICT (id) DO NOTHING
     ),
     closed AS (
         UPDATE findings SET closed_at = $18::BIGINT
         WHERE gateway = $16::TEXT AND day = $17::TEXT AND closed_at IS NULL
           AND key <> ALL($1::TEXT[])
     )
     ",
    add!()
);

/// Records a run, closes what it does not find any more, and adds what it found: one statement.
pub(crate) async fn record(
    connection: &Connection,
    run: &ReconciliationRun,
    findings: &[FindingRow],
) -> Result<(), StoreError> {
    write(connection, RECORD, findings, Some(run)).await
}

async fn write(
    connection: &Connection,
    sql: &'static str,
    findings: &[FindingRow],
    run: Option<&ReconciliationRun>,
) -> Result<(), StoreError> {
    let keys = column(findings, |row| row.key.as_str());
    let gateways = column(findings, |row| row.gateway.as_str());
    let days = column(findings, |row| row.day.to_string());
    let first_seen = column(findings, |row| row.first_seen.micros());
    let last_seen = column(findings, |row| row.last_seen.micros());
    let closed_at = column(findings, |row| row.closed_at.map(Timestamp::micros));
    let severities = column(findings, |row| row.severity.word());
    let kinds = column(findings, |row| row.kind.word());
    let english = column(findings, |row| row.english.as_str());
    let korean = column(findings, |row| row.korean.as_str());
    let repairs = column(findings, |row| row.repair.as_str());
    let repaired_at = column(findings, |row| row.repaired_at.map(Timestamp::micros));
    let orders = column(findings, |row| row.order_id.map(|id| id.to_string()));
    let payments = column(findings, |row| row.payment_id.map(|id| id.to_string()));
    let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![
        &keys,
        &gateways,
        &days,
        &first_seen,
        &last_seen,
        &closed_at,
        &severities,
        &kinds,
        &english,
        &korean,
        &repairs,
        &repaired_at,
        &orders,
        &payments,
    ];
    let cells = run.map(RunCells::of);
    if let Some(cells) = &cells {
        parameters.extend(cells.parameters());
    }
    connection.execute_alone(sql, &parameters).await.map(drop)
}

/// A run as its row has it.
struct RunCells<'r> {
    id: String,
    gateway: &'r str,
    day: String,
    at: i64,
    source: &'r str,
    matched: i64,
    totals: &'r str,
    findings: i64,
}

impl<'r> RunCells<'r> {
    fn of(run: &'r ReconciliationRun) -> Self {
        Self {
            id: run.id.to_string(),
            gateway: run.gateway.as_str(),
            day: run.day.to_string(),
            at: run.at.micros(),
            source: &run.source,
            matched: i64::try_from(run.matched).unwrap_or(i64::MAX),
            totals: &run.totals,
            findings: i64::try_from(run.findings).unwrap_or(i64::MAX),
        }
    }

    fn parameters(&self) -> [&(dyn ToSql + Sync); 8] {
        [
            &self.id,
            &self.gateway,
            &self.day,
            &self.at,
            &self.source,
            &self.matched,
            &self.totals,
            &self.findings,
        ]
    }
}
