//! A day with ten defects: found, repaired through the books, and left alone the second time.

use std::fmt::Write as _;

use payonce_domain::{
    incident::IncidentType,
    ledger,
    money::Money,
    order::OrderStatus,
    payment::AttemptState,
    reconciliation::{SettlementLine, Source},
    refund::{RefundPurpose, RefundState},
    words::Word,
};
use payonce_engine::{
    reconciliation::{
        Lines, Reconcile, ReconcileError, Reconciled,
        file::{Origin, read},
    },
    ruling::Act,
};
use payonce_ports::clock::Clock;

use crate::{
    planted::{DEFECTS, Defect, clean_day, plant},
    shop::{Shop, ask, day, pretend},
};

/// Findings as words: what, which rule, what became of it.
fn told(reconciled: &Reconciled) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut told: Vec<_> = reconciled
        .found
        .iter()
        .map(|found| (found.finding.difference.word(), found.repair.word(), found.done.word()))
        .collect();
    told.sort_unstable();
    told
}

fn expected() -> Vec<(&'static str, &'static str, &'static str)> {
    let mut all: Vec<_> =
        DEFECTS.iter().map(|(_, found, repair, done)| (found.word(), *repair, *done)).collect();
    all.sort_unstable();
    all
}

async fn day_with_all_defects(shop: &Shop) {
    clean_day(shop).await;
    for (defect, ..) in DEFECTS {
        plant(shop, defect).await;
    }
    shop.next_day();
}

async fn ten_defects_are_found_repaired_and_left_alone_the_second_time(shop: &Shop) {
    day_with_all_defects(shop).await;
    let before = shop.rows().await;
    let planned = Reconcile { dry_run: true, ..ask() };
    let planned = shop.engine.reconcile(planned).await.unwrap();
    assert_eq!(planned.found.len(), 10);
    assert!(planned.found.iter().all(|found| found.done.word() == "planned"));
    assert_eq!(shop.rows().await, before, "a dry run changes nothing");

    let first = shop.reconcile().await;
    assert_eq!(told(&first), expected());
    assert!(first.needs_person());
    // The three clean orders and the part given back; the order beside nobody's payment; and of the
    // defects what is charged and given back as agreed.
    assert_eq!(first.fees_posted, 4 + 1 + 7);
    shop.assert_true().await;
    let after = shop.rows().await;
    assert_ne!(after, before);

    let second = shop.reconcile().await;
    assert_eq!(second.fees_posted, 0);
    assert_eq!(shop.rows().await, after, "the second time changes nothing");
    let left: Vec<_> = expected().into_iter().filter(|(_, _, done)| *done != "repaired").collect();
    assert_eq!(told(&second), left);

    let open = shop.store.open_findings(Some(&pretend()), 99).await.unwrap();
    assert_eq!(open.len(), 6);
    let incidents = shop.store.incidents(99).await.unwrap();
    let about_findings =
        incidents.iter().filter(|incident| incident.kind == IncidentType::Reconciliation);
    // Nobody's payment has no order that an incident could be about.
    assert_eq!(about_findings.count(), 4);
    let runs = shop.store.reconciliations(&pretend(), day(), 9).await.unwrap();
    assert_eq!(runs.len(), 2);
    assert!(runs.iter().all(|run| run.findings == 6 && run.totals == runs[0].totals));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_defects_on_sqlite() {
    let shop = Shop::on_sqlite().await;
    ten_defects_are_found_repaired_and_left_alone_the_second_time(&shop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_defects_on_postgres() {
    let shop = Shop::on_postgres().await;
    ten_defects_are_found_repaired_and_left_alone_the_second_time(&shop).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_defect_alone_is_found_as_what_it_is() {
    for (defect, found, repair, done) in DEFECTS {
        let shop = Shop::on_sqlite().await;
        clean_day(&shop).await;
        plant(&shop, defect).await;
        shop.next_day();
        let reconciled = shop.reconcile().await;
        assert_eq!(told(&reconciled), [(found.word(), repair, done)], "{defect:?}");
        shop.assert_true().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_repaired_is_repaired_in_the_order() {
    let shop = Shop::on_sqlite().await;
    let in_doubt = plant(&shop, Defect::AnswerLost).await.unwrap();
    let believed = plant(&shop, Defect::AbsenceBelieved).await.unwrap();
    let refunded = plant(&shop, Defect::RefundAnswerLost).await.unwrap();
    let twice = plant(&shop, Defect::ChargedTwice).await.unwrap();
    assert_eq!(in_doubt.attempts[0].state, AttemptState::Unknown);
    assert_eq!(refunded.refunds[0].state, RefundState::Unknown);
    shop.next_day();
    shop.reconcile().await;

    for before in [&in_doubt, &believed] {
        let sale = shop.sale(before.order.id).await;
        assert_eq!(sale.attempts[0].state, AttemptState::Approved);
        assert_eq!(sale.order.status, OrderStatus::Completed);
        assert_eq!(sale.attempts[0].fee, Some(Money::krw(330)));
    }
    let refund = shop.sale(refunded.order.id).await.refunds[0].clone();
    assert_eq!((refund.state, refund.fee), (RefundState::Done, Some(Money::krw(-132))));

    // The second charge is given back by the worker; the first stays.
    shop.work().await;
    let sale = shop.sale(twice.order.id).await;
    assert_eq!(sale.order.status, OrderStatus::Completed);
    assert_eq!(sale.refunds.len(), 1);
    assert_eq!(sale.refunds[0].purpose, RefundPurpose::Compensation);
    assert_eq!(sale.refunds[0].state, RefundState::Done);
    assert!(sale.refunds[0].charge.starts_with("again-"));
    shop.assert_true().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fees_are_taken_back_and_posted_again() {
    let shop = Shop::on_sqlite().await;
    clean_day(&shop).await;
    shop.next_day();
    let kept = async || {
        let pages = shop.store.sale_pages(None, 99).await.unwrap();
        let postings = pages.into_iter().flat_map(|page| page.postings);
        let fees = postings.filter(|posting| posting.account == ledger::fees(&pretend()));
        fees.map(|posting| posting.amount.minor).sum::<i64>()
    };
    let reconciled = shop.reconcile().await;
    assert!(!reconciled.needs_person() && reconciled.found.is_empty());
    assert_eq!((reconciled.fees_posted, kept().await), (4, 3 * 330 - 132));

    let act = Act { actor: "usr_1".to_owned(), detail: "{}".to_owned() };
    for expected in [4, 0] {
        let back = shop.engine.take_fees_back(ask(), act.clone()).await.unwrap();
        assert_eq!((back.len(), kept().await), (expected, 0));
        shop.assert_true().await;
    }
    assert_eq!(shop.store.audit(9).await.unwrap().len(), 3, "one an order");
    assert_eq!((shop.reconcile().await.fees_posted, kept().await), (4, 858));
    shop.assert_true().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_says_the_same_as_the_gateway() {
    for as_text in [csv, json] {
        let shop = Shop::on_sqlite().await;
        day_with_all_defects(&shop).await;
        let origin = Origin { gateway: pretend(), day: day() };
        let lines = read(as_text(&shop.lines()).as_bytes(), &origin).unwrap();
        assert_eq!(lines, shop.lines());
        let lines = Lines::Given { name: "정산.csv".to_owned(), lines };
        let reconciled = shop.engine.reconcile(Reconcile { lines, ..ask() }).await.unwrap();
        assert_eq!(told(&reconciled), expected());
        assert_eq!(reconciled.source, "정산.csv");
        shop.assert_true().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_is_switched_off_or_tells_nothing_is_an_error() {
    let shop = Shop::on_sqlite().await;
    let elsewhere = payonce_domain::gateway::GatewayName::new("elsewhere");
    let off = Reconcile { gateway: elsewhere.clone(), ..ask() };
    let refused = shop.engine.reconcile(off).await;
    assert_eq!(refused, Err(ReconcileError::NoGateway(elsewhere)));
    let silent = shop.engine.reconcile(ask()).await;
    assert_eq!(silent, Err(ReconcileError::NoReport("the gateway is under repair".to_owned())));
    let open = shop.store.open_findings(None, 9).await.unwrap();
    assert_eq!(open.len(), 1);
    assert!(open[0].key.starts_with("report_missing:"));
    shop.gateway.lock().days.insert(day(), Vec::new());
    shop.reconcile().await;
    assert_eq!(shop.store.open_findings(None, 9).await, Ok(vec![]));
    assert!(shop.clock.now() < day().next().starts_in_seoul());
}

fn moment(line: &SettlementLine) -> String {
    let at = line.at.unwrap().micros();
    jiff::Timestamp::from_microsecond(at).unwrap().to_string()
}

fn csv(lines: &[SettlementLine]) -> String {
    let mut text =
        "결제키,거래키,주문번호,거래구분,거래금액,거래일시,수수료,부가세,지급액,매출일,지급일\n"
            .to_owned();
    for line in lines {
        let (kind, at) = (line.kind.word(), moment(line));
        let SettlementLine { reference, movement, gateway_order_id, amount, .. } = line;
        let amount = amount.minor;
        write!(text, "{reference},{movement},{gateway_order_id},{kind},{amount},{at}").unwrap();
        match &line.settled {
            Some(settled) => {
                let (fee, vat, pay_out) =
                    (settled.fee.minor, settled.vat.minor, settled.pay_out.minor);
                let (sold_on, paid_out_on) = (settled.sold_on, settled.paid_out_on);
                writeln!(text, ",{fee},{vat},{pay_out},{sold_on},{paid_out_on}").unwrap();
            }
            None => text.push_str(",,,,,\n"),
        }
    }
    text
}

fn json(lines: &[SettlementLine]) -> String {
    let rows: Vec<_> = lines
        .iter()
        .map(|line| {
            let mut row = serde_json::json!({
                "reference": line.reference,
                "movement": line.movement,
                "gateway_order_id": line.gateway_order_id,
                "kind": line.kind.word(),
                "amount": line.amount.minor,
                "at": moment(line),
            });
            if let Some(settled) = &line.settled {
                assert_eq!(line.source(), Source::Settlement);
                row["fee"] = settled.fee.minor.into();
                row["vat"] = settled.vat.minor.into();
                row["pay_out"] = settled.pay_out.minor.into();
                row["sold_on"] = settled.sold_on.to_string().into();
                row["paid_out_on"] = settled.paid_out_on.to_string().into();
            }
            row
        })
        .collect();
    serde_json::json!({ "lines": rows }).to_string()
}
