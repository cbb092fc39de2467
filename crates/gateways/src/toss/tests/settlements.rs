use std::fmt::Write as _;

use jiff::civil::{Date, date};
use payonce_domain::{money::Money, time::Timestamp};

use super::{KEY, Wire, error, says, toss};
use crate::toss::settlement::{Kind, SettledLine, TransactionRow};

const DAY: Date = date(2026, 1, 14);

/// A settlement line (§13), with so much of it changed.
fn line(changes: &[(&str, &str)]) -> String {
    let body = r#"{"mId":"tvivarepublica4","paymentKey":"tgen_20260114101530AbCd1","transactionKey":"txrd_1","orderId":"ord_9f2c4e1a7b",
  "currency":"KRW","method":"카드","amount":15000,"interestFee":0,"fees":[{"type":"BASE","fee":400},{"type":"ETC","fee":"95"}],
  "supplyAmount":450,"vat":45,"payOutAmount":14505,"approvedAt":"2026-01-14T10:16:02+09:00","soldDate":"2026-01-14",
  "paidOutDate":"2026-01-21","card":{"amount":15000},"easyPay":null,"cancel":null,"invented":true}"#;
    changed(body, changes)
}

/// A row of the transactions (§13), with so much of it changed.
fn row(changes: &[(&str, &str)]) -> String {
    let body = r#"{"mId":"tvivarepublica4","transactionKey":"txrd_a01kf3y7m0q2w8e4","paymentKey":"tgen_20260114101530AbCd1","orderId":"ord_9f2c4e1a7b",
  "method":"카드","customerKey":null,"useEscrow":false,"receiptUrl":"https://dashboard.tosspayments.com/receipt/","status":"DONE",
  "transactionAt":"2026-01-14T10:16:02+09:00","currency":"KRW","amount":15000}"#;
    changed(body, changes)
}

fn changed(body: &str, changes: &[(&str, &str)]) -> String {
    changes.iter().fold(body.to_owned(), |body, (from, to)| {
        assert!(body.contains(from), "{from} is not in the body");
        body.replacen(from, to, 1)
    })
}

fn page(rows: &[String]) -> String {
    format!("[{}]", rows.join(","))
}

fn at(text: &str) -> Timestamp {
    let at: jiff::Timestamp = text.parse().expect("a time");
    Timestamp::from_micros(at.as_microsecond())
}

fn settled() -> SettledLine {
    SettledLine {
        reference: KEY.to_owned(),
        movement: "txrd_1".to_owned(),
        order_id: "ord_9f2c4e1a7b".to_owned(),
        kind: Kind::Charge,
        amount: Money::krw(15_000),
        fee: Money::krw(495),
        vat: Money::krw(45),
        pay_out: Money::krw(14_505),
        at: Some(at("2026-01-14T01:16:02Z")),
        sold_on: DAY,
        paid_out_on: date(2026, 1, 21),
    }
}

fn moved() -> TransactionRow {
    TransactionRow {
        reference: KEY.to_owned(),
        movement: "txrd_a01kf3y7m0q2w8e4".to_owned(),
        order_id: "ord_9f2c4e1a7b".to_owned(),
        kind: Kind::Charge,
        amount: Money::krw(15_000),
        at: at("2026-01-14T01:16:02Z"),
    }
}

#[tokio::test]
async fn a_settlement_line_tells_what_is_kept_and_what_is_paid_out() {
    let wire = Wire::answering([says(200, &page(&[line(&[])]))]);
    let told = toss(&wire).settlements(DAY).await.expect("a list");
    assert_eq!((told.rows, told.unreadable), (vec![settled()], vec![]));
    let expected = "https://api.tosspayments.com/v1/settlements?startDate=2026-01-14&endDate=2026-01-15\
                    &dateType=soldDate&page=1&size=200";
    assert_eq!(wire.asked(), [expected]);
}

#[tokio::test]
async fn a_cancels_line_is_read_with_either_sign() {
    let cancel = (r#""cancel":null"#, r#""cancel":{"canceledAt":"2026-01-15T09:00:11+09:00"}"#);
    let positive = [cancel];
    let negative = [
        cancel,
        ("15000", "-15000"),
        ("\"fee\":400", "\"fee\":-400"),
        ("\"95\"", "\"-95\""),
        ("\"vat\":45", "\"vat\":-45"),
        ("14505", "-14505"),
    ];
    let expected =
        SettledLine { kind: Kind::Refund, at: Some(at("2026-01-15T00:00:11Z")), ..settled() };
    for changes in [&positive[..], &negative[..]] {
        let wire = Wire::answering([says(200, &page(&[line(changes)]))]);
        let told = toss(&wire).settlements(DAY).await.expect("a list");
        assert_eq!(told.rows, std::slice::from_ref(&expected), "{changes:?}");
    }
    // A fee that is kept besides: more leaves us than goes back to the buyer.
    let kept = [cancel, ("\"amount\":15000", "\"amount\":-15000"), ("14505", "-15495")];
    let wire = Wire::answering([says(200, &page(&[line(&kept)]))]);
    let told = toss(&wire).settlements(DAY).await.expect("a list");
    let sums = told.rows.first().map(|line| (line.fee, line.vat, line.pay_out));
    assert_eq!(sums, Some((Money::krw(-495), Money::krw(-45), Money::krw(15_495))));
}

#[tokio::test]
async fn a_line_that_cannot_be_read_stops_no_other() {
    let rows = [
        line(&[("15000", "15000.5")]),
        line(&[("\"95\"", "\"x\"")]),
        line(&[("2026-01-14\"", "someday\"")]),
        line(&[(KEY, "")]),
        r#"{"surprise":1}"#.to_owned(),
        line(&[]),
        line(&[("\"soldDate\":\"2026-01-14\"", "\"soldDate\":\"2026-01-15\"")]),
    ];
    let wire = Wire::answering([says(200, &page(&rows))]);
    let told = toss(&wire).settlements(DAY).await.expect("a list");
    assert_eq!(told.rows, [settled()]);
    let shape = "it has not the documented shape";
    let expected = [
        "txrd_1: it has a sum that is none".to_owned(),
        "txrd_1: it has a sum that is none".to_owned(),
        format!("txrd_1: {shape}"),
        "txrd_1: its keys are none".to_owned(),
        format!("a row without a transaction key: {shape}"),
    ];
    assert_eq!(told.unreadable, expected);
}

#[tokio::test]
async fn settlements_are_read_until_a_page_is_not_full() {
    let full = page(&vec![line(&[]); 200]);
    let wire = Wire::answering([says(200, &full), says(200, &full), says(200, "[]")]);
    let told = toss(&wire).settlements(DAY).await.expect("a list");
    assert_eq!(told.rows.len(), 400);
    let pages: Vec<_> =
        wire.asked().iter().map(|url| url.contains("page=").then(|| url.clone())).collect();
    assert_eq!(pages.len(), 3);
    assert!(wire.asked()[2].contains("&page=3&"));

    let wire = Wire::answering([says(200, &full), says(500, &error("COMMON_ERROR"))]);
    let told = toss(&wire).settlements(DAY).await;
    assert_eq!(told, Err("COMMON_ERROR: 안 됩니다.".to_owned()));
}

#[tokio::test]
async fn transactions_are_walked_by_their_last_key() {
    let mut full = Vec::new();
    for number in 0..1_000 {
        let mut key = String::from("txrd/");
        write!(key, "{number}").expect("a text");
        full.push(row(&[("txrd_a01kf3y7m0q2w8e4", &key)]));
    }
    let wire = Wire::answering([says(200, &page(&full)), says(200, &page(&[row(&[])]))]);
    let told = toss(&wire).transactions(DAY).await.expect("a list");
    assert_eq!((told.rows.len(), told.rows.last()), (1_001, Some(&moved())));
    let base = "https://api.tosspayments.com/v1/transactions\
                ?startDate=2026-01-14T00:00:00&endDate=2026-01-15T00:00:00";
    let expected =
        [format!("{base}&limit=1000"), format!("{base}&startingAfter=txrd%2F999&limit=1000")];
    assert_eq!(wire.asked(), expected);

    let wire = Wire::answering([says(200, &page(&full)), says(200, &page(&full))]);
    let told = toss(&wire).transactions(DAY).await;
    assert_eq!(told, Err("the transactions of 2026-01-14 cannot be walked".to_owned()));
}

#[tokio::test]
async fn a_row_tells_which_way_money_went_or_that_none_did() {
    let refund = |amount| TransactionRow { kind: Kind::Refund, amount, ..moved() };
    let whole = Money::krw(15_000);
    for (changes, expected) in [
        (vec![], Ok(Some(moved()))),
        (vec![("\"DONE\"", "\"CANCELED\"")], Ok(Some(refund(whole)))),
        (vec![("\"DONE\"", "\"PARTIAL_CANCELED\"")], Ok(Some(refund(whole)))),
        (vec![("15000", "-15000")], Ok(Some(refund(whole)))),
        (
            vec![("\"DONE\"", "\"CANCELED\""), ("15000", "-5000")],
            Ok(Some(refund(Money::krw(5_000)))),
        ),
        (vec![("\"DONE\"", "\"WAITING_FOR_DEPOSIT\""), ("15000", "0")], Ok(None)),
        (vec![("2026-01-14T10:16:02+09:00", "2026-01-14T10:16:02")], Ok(Some(moved()))),
        (vec![("2026-01-14T10:16:02+09:00", "2026-01-14T15:00:00Z")], Ok(None)),
        (vec![("\"DONE\"", "\"SHINY\"")], Err("it has a status that we do not know")),
        (vec![("2026-01-14T10:16:02+09:00", "soon")], Err("it has no readable time")),
    ] {
        let wire = Wire::answering([says(200, &page(&[row(&changes)]))]);
        let told = toss(&wire).transactions(DAY).await.expect("a list");
        let (rows, unreadable) = match expected {
            Ok(row) => (row.into_iter().collect(), vec![]),
            Err(why) => (vec![], vec![format!("txrd_a01kf3y7m0q2w8e4: {why}")]),
        };
        assert_eq!((told.rows, told.unreadable), (rows, unreadable), "{changes:?}");
    }
}
