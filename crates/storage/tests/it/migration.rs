//! Books that an older program made are migrated with every row that is in them.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use payonce_domain::{
    fulfilment::Fulfilment,
    hold::HoldState,
    ids::{ObligationId, RefundId},
    incident::{Incident, IncidentType},
    invariants::check_sale,
    ledger::{self, Movement, Posting},
    obligation::{Obligation, ObligationState, ObligationType},
    order::OrderStatus,
    payment::{AttemptState, FailureReason, PaymentState, Problem, ProblemCode},
    refund::{Refund, RefundPurpose, RefundState},
    sale::Sale,
    words::Word,
};
use payonce_ports::{
    clock::MovedClock,
    store::{IdempotencyKey, Keys, RememberedReply, Store, StoreError},
};
use payonce_storage::{
    Access, PostgresSettings, PostgresStore, SqliteStore, Target, migrate,
    suite::{
        samples::{START, Samples},
        transact,
    },
};
use sha2::{Digest, Sha256};

use crate::postgres::cluster;

const SQLITE: [(&str, &str); 2] = [
    ("0001_books", include_str!("../../migrations/sqlite/0001_books.sql")),
    ("0002_access", include_str!("../../migrations/sqlite/0002_access.sql")),
];
const POSTGRES: [(&str, &str); 2] = [
    ("0001_books", include_str!("../../migrations/postgres/0001_books.sql")),
    ("0002_access", include_str!("../../migrations/postgres/0002_access.sql")),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_from_before_refunds_keeps_its_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("books.db");
    let old = OldBooks::new();
    rusqlite::Connection::open(&path)
        .unwrap()
        .execute_batch(&format!("PRAGMA journal_mode = WAL; {}", old.sql(&SQLITE)))
        .unwrap();
    assert_eq!(migrate(&Target::Sqlite(path.clone())).await.unwrap()[0].name, "0003_refunds");
    let clock = Arc::new(MovedClock::at(START));
    let store = SqliteStore::open(&path, clock, Access::Serve).await.unwrap();
    old.check(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_from_before_refunds_keeps_its_rows() {
    let cluster = cluster().await;
    cluster.sql("postgres", "CREATE DATABASE before_refunds TEMPLATE template1");
    let old = OldBooks::new();
    cluster.sql("before_refunds", &old.sql(&POSTGRES));
    let url = cluster.url("before_refunds");
    assert_eq!(migrate(&Target::Postgres(url.clone())).await.unwrap()[0].name, "0003_refunds");
    let clock = Arc::new(MovedClock::at(START));
    let settings = PostgresSettings::default();
    let store = PostgresStore::open(&url, settings, Some(clock)).await.unwrap();
    old.check(&store).await;
}

/// One sale under way, one served, and one that was charged after it had been given up: its refund
/// was an obligation for a person and nothing else.
struct OldBooks {
    samples: Samples,
    under_way: Sale,
    served: Sale,
    given_up: Sale,
    postings: Vec<Posting>,
    fulfilment: Fulfilment,
    incident: Incident,
}

impl OldBooks {
    fn new() -> Self {
        let mut samples = Samples::new(70);
        let product = samples.product(10);
        let under_way = samples.sale(&product);

        let mut served = samples.sale(&product);
        served.order.status = OrderStatus::Completed;
        served.payment.state = PaymentState::Paid;
        served.attempts[0].state = AttemptState::Approved;
        served.attempts[0].reference = Some("txn-1".to_owned());
        served.attempts[0].certain_at = Some(START);
        served.holds[0].state = HoldState::Taken;
        served.obligations.clear();
        let fulfilment = samples.fulfilment(&served);

        let mut given_up = samples.sale(&product);
        given_up.order.status = OrderStatus::Failed;
        given_up.payment.state = PaymentState::CompensationFailed;
        given_up.payment.reason = Some(FailureReason::Expired);
        given_up.attempts[0].state = AttemptState::Approved;
        given_up.attempts[0].reference = Some("txn-2".to_owned());
        given_up.holds[0].state = HoldState::Returned;
        given_up.obligations[0].kind = ObligationType::Refund;
        given_up.obligations[0].state = ObligationState::Parked;
        given_up.obligations[0].last_error =
            Some("txn-2 must be given back by hand: the gateway has no refund call".to_owned());
        let mut incident = samples.incident(&given_up, "txn-2");
        incident.kind = IncidentType::ChargedAfterGivenUp;

        let mut postings = samples.postings(&served);
        let movement =
            Movement { order_id: served.order.id, attempt_id: served.attempts[0].id, at: START };
        let (debit, credit) = (ledger::BUYERS_PAID, ledger::SALES);
        let total = served.order.total;
        postings.extend(ledger::entry(&mut samples.mint, movement, debit, credit, total));
        postings.extend(samples.postings(&given_up));
        Self { samples, under_way, served, given_up, postings, fulfilment, incident }
    }

    fn sales(&self) -> [&Sale; 3] {
        [&self.under_way, &self.served, &self.given_up]
    }

    /// Migrates as the older program did and writes its rows.
    fn sql(&self, migrations: &[(&str, &str)]) -> String {
        let mut sql = "CREATE TABLE schema_migrations (
            number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL,
            applied_at BIGINT NOT NULL);"
            .to_owned();
        for (number, (name, text)) in (1..).zip(migrations) {
            let checksum = Sha256::digest(text).iter().fold(String::new(), |mut hex, byte| {
                write!(hex, "{byte:02x}").unwrap();
                hex
            });
            write!(sql, "{text}; INSERT INTO schema_migrations VALUES ").unwrap();
            write!(sql, "({number}, '{name}', '{checksum}', 0);").unwrap();
        }
        for sale in self.sales() {
            sql += &rows(sale);
        }
        for posting in &self.postings {
            write!(
                sql,
                "INSERT INTO postings VALUES ('{}', '{}', '{}', {}, 'KRW', '{}', {});",
                posting.order_id,
                posting.entry_id,
                posting.account,
                posting.amount.minor,
                posting.attempt_id,
                posting.at.micros(),
            )
            .unwrap();
        }
        let (given, seen) = (&self.fulfilment, &self.incident);
        write!(
            sql,
            "INSERT INTO fulfilments VALUES ('{}', '{}', '{}', '{}', '{}', {}, {});
             INSERT INTO incidents VALUES ('{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', {});
             INSERT INTO idempotency_keys VALUES ('usr', 'key', 'aa', '{}', 201, '{{}}', {});",
            given.order_id,
            given.product_id,
            given.id,
            given.owner,
            given.kind.word(),
            given.quantity,
            given.created_at.micros(),
            seen.once_per(),
            seen.id,
            seen.kind.word(),
            seen.order_id,
            seen.payment_id,
            seen.attempt_id,
            seen.detail,
            seen.about,
            seen.at.micros(),
            self.served.order.id,
            START.micros(),
        )
        .unwrap();
        sql
    }

    /// Every row is there, what is new says that nothing of it happened, and the rules hold.
    async fn check(&self, store: &dyn Store) {
        for sale in [&self.under_way, &self.served] {
            assert_eq!(store.sale(sale.order.id).await, Ok(Some(sale.clone())));
        }
        let given_up = with_refund(&self.given_up);
        let order_id = given_up.order.id;
        assert_eq!(store.order_of_refund(given_up.refunds[0].id).await, Ok(Some(order_id)));
        assert_eq!(store.sale(order_id).await, Ok(Some(given_up)));
        let pages = store.sale_pages(None, 10).await.unwrap();
        assert_eq!(pages.iter().flat_map(check_sale).collect::<Vec<_>>(), []);
        let given: Vec<_> = pages.iter().flat_map(|page| &page.fulfilments).collect();
        assert_eq!(given, [&self.fulfilment]);
        assert_eq!(pages.iter().map(|page| page.postings.len()).sum::<usize>(), 6);
        assert_eq!(store.incidents(10).await, Ok(vec![self.incident.clone()]));
        let key = IdempotencyKey { scope: "usr".to_owned(), key: "key".to_owned() };
        let remembered = store.idempotency(&key).await.unwrap().unwrap();
        assert_eq!(remembered.order_id, Some(self.served.order.id));
        assert_eq!(remembered.reply, Some(RememberedReply { status: 201, body: "{}".to_owned() }));
        assert_eq!(store.orphans().await, Ok([].into()));

        let order_id = self.under_way.order.id;
        let page = self.samples.clone().page(2, self.under_way.order.total);
        let keys = Keys { orders: [order_id].into(), ..Keys::default() };
        let refused = transact(store, keys, move |world| {
            world.sales.get_mut(&order_id).unwrap().attempts.push(page);
        })
        .await;
        assert_eq!(refused, Err(StoreError::Refused("attempts_one_live_per_payment".to_owned())));
        let leased = store.claim(10, Duration::from_secs(1)).await.unwrap();
        assert_eq!(leased[0].id, self.under_way.obligations[0].id);
    }
}

/// The parked obligation has a refund now, which the gateway refused.
fn with_refund(sale: &Sale) -> Sale {
    let mut sale = sale.clone();
    let Obligation { id, attempt_id, last_error, .. } = sale.obligations[0].clone();
    let told = last_error.unwrap();
    let refund = Refund {
        id: refund_of(id),
        attempt_id: attempt_id.unwrap(),
        charge: "txn-2".to_owned(),
        amount: sale.payment.amount,
        purpose: RefundPurpose::Compensation,
        reason: told.clone(),
        pieces: Vec::new(),
        state: RefundState::Refused,
        request: 1,
        absences: 0,
        reference: None,
        problem: Some(Problem::new(ProblemCode::RefundRefused, told)),
        requested_at: START,
        send_before: START,
        certain_at: Some(START),
        alarmed_at: None,
        fee: None,
    };
    sale.obligations[0].refund_id = Some(refund.id);
    sale.refunds.push(refund);
    sale
}

fn refund_of(id: ObligationId) -> RefundId {
    id.to_string().replace("obl_", "rfd_").parse().unwrap()
}

/// The rows of a sale as the older program wrote them.
fn rows(sale: &Sale) -> String {
    let Sale { order, payment, attempts, holds, .. } = sale;
    let (attempt, hold) = (&attempts[0], &holds[0]);
    let lines = serde_json::to_string(&order.lines).unwrap().replace('\'', "''");
    let mut sql = format!(
        "INSERT INTO orders VALUES
             ('{}', '{}', '{lines}', {}, 'KRW', '{}', {}, '{}', {}, {});
         INSERT INTO payments VALUES ('{}', '{}', {}, 'KRW', '{}', {}, {});
         INSERT INTO attempts VALUES ('{}', {}, '{}', '{}', '{}', '{}', {}, 'KRW', 'SAMSUNG', '{}',
             {}, NULL, NULL, 0, {}, {}, {});
         INSERT INTO holds VALUES ('{}', '{}', '{}', {}, '{}');",
        order.id,
        order.owner,
        order.total.minor,
        order.status.word(),
        order.expires_at.micros(),
        order.metadata,
        order.created_at.micros(),
        sale.version,
        order.id,
        payment.id,
        payment.amount.minor,
        payment.state.word(),
        quoted(payment.reason.map(Word::word)),
        payment.changed_at.micros(),
        order.id,
        attempt.number,
        attempt.id,
        attempt.gateway,
        attempt.gateway_order_id,
        attempt.gateway_user_id,
        attempt.amount.minor,
        attempt.state.word(),
        quoted(attempt.reference.as_deref()),
        attempt.recorded_at.micros(),
        attempt.send_before.micros(),
        attempt.certain_at.map_or("NULL".to_owned(), |at| at.micros().to_string()),
        order.id,
        hold.product_id,
        hold.id,
        hold.quantity,
        hold.state.word(),
    );
    for owed in &sale.obligations {
        write!(
            sql,
            "INSERT INTO obligations VALUES
                 ('{}', '{}', '{}', {}, '{}', {}, 0, 0, NULL, {}, {});",
            order.id,
            owed.id,
            owed.kind.word(),
            quoted(owed.attempt_id.map(|id| id.to_string()).as_deref()),
            owed.state.word(),
            owed.due_at.micros(),
            quoted(owed.last_error.as_deref()),
            owed.created_at.micros(),
        )
        .unwrap();
    }
    sql
}

fn quoted(text: Option<&str>) -> String {
    text.map_or("NULL".to_owned(), |text| format!("'{text}'"))
}
