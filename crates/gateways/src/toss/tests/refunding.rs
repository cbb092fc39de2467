use std::time::Duration;

use payonce_domain::{
    money::{Currency, Money},
    payment::Attempt,
    refund::{
        Refund,
        evidence::{Given, RefundOutcome, RefundSighting},
    },
};
use payonce_ports::gateway::Gateway;

use super::{KEY, Wire, error, payment, says, toss};
use crate::{
    samples::{attempt, refund},
    toss::cancel::{marked, reason},
    transport::{Response, TransportError},
};

type Answer = Result<Response, TransportError>;

/// A payment with one cancel of 5,000 won (§6), with so much of the cancel changed.
fn cancelled(reason: &str, changes: &[(&str, &str)]) -> String {
    let mut cancel = format!(
        r#"{{"cancelAmount":5000,"cancelReason":"{reason}","taxFreeAmount":0,"taxExemptionAmount":0,"refundableAmount":10000,
  "cardDiscountAmount":0,"transferDiscountAmount":0,"easyPayDiscountAmount":0,"canceledAt":"2026-01-15T09:00:11+09:00",
  "transactionKey":"txrd_a01kf3z9","receiptKey":null,"cancelStatus":"DONE","cancelRequestId":null}}"#
    );
    for (from, to) in changes {
        assert!(cancel.contains(from), "{from} is not in the cancel");
        cancel = cancel.replacen(from, to, 1);
    }
    payment(&[
        (r#""status":"DONE""#, r#""status":"PARTIAL_CANCELED""#),
        (r#""balanceAmount":15000"#, r#""balanceAmount":10000"#),
        (r#""cancels":null"#, &format!(r#""cancels":[{cancel}]"#)),
    ])
}

fn ours() -> (Refund, String) {
    let refund = refund(KEY, 5_000);
    let marked = format!("부분 환불 [{}]", refund.id);
    (refund, marked)
}

async fn asked(answers: impl IntoIterator<Item = Answer>) -> (RefundOutcome, Vec<String>) {
    let wire = Wire::answering(answers);
    let (attempt, (refund, _)) = (attempt(Some(KEY)), ours());
    let within = Duration::from_secs(25);
    let outcome = toss(&wire).refund(&attempt, &refund, Money::krw(15_000), within).await;
    (outcome, wire.sent())
}

#[tokio::test]
async fn a_cancel_travels_as_documented_and_its_answer_names_it() {
    let (refund, marked) = ours();
    let (outcome, sent) = asked([says(200, &cancelled(&marked, &[]))]).await;
    assert_eq!(outcome, RefundOutcome::Done { reference: "txrd_a01kf3z9".to_owned() });
    let expected = format!(
        "POST https://api.tosspayments.com/v1/payments/tgen_20260114101530AbCd1/cancel\n\
         Authorization: Basic dGVzdF9za196WExrS0V5cE5BcldtbzUwblgzbG1lYXhZRzVSOg==\n\
         Idempotency-Key: {id}-1\n\n\
         {{\"cancelReason\":\"부분 환불 [{id}]\",\"cancelAmount\":5000,\"refundableAmount\":15000}}",
        id = refund.id
    );
    assert_eq!(sent, [expected]);
}

#[tokio::test]
async fn an_answer_without_our_cancel_done_for_our_amount_is_unknown() {
    let (_, marked) = ours();
    let shown = |changes: &[(&str, &str)]| cancelled(&marked, changes);
    for (name, body) in [
        ("no cancels", payment(&[])),
        ("another's cancel", cancelled("고객 요청", &[])),
        ("under way", shown(&[(r#""cancelStatus":"DONE""#, r#""cancelStatus":"IN_PROGRESS""#)])),
        ("aborted", shown(&[(r#""cancelStatus":"DONE""#, r#""cancelStatus":"ABORTED""#)])),
        ("a status of tomorrow", shown(&[(r#""cancelStatus":"DONE""#, r#""cancelStatus":"X""#)])),
        ("another amount", shown(&[("5000", "4000")])),
        ("no amount", shown(&[("5000", "4999.5")])),
        ("no name", shown(&[("txrd_a01kf3z9", "")])),
        ("not JSON", "<html>ok</html>".to_owned()),
    ] {
        let (outcome, sent) = asked([says(200, &body)]).await;
        assert!(matches!(outcome, RefundOutcome::Unknown { .. }), "{name}: {outcome:?}");
        assert_eq!(sent.len(), 1, "{name}");
    }
    let older = shown(&[(r#","cancelStatus":"DONE""#, "")]);
    assert!(matches!(asked([says(200, &older)]).await.0, RefundOutcome::Done { .. }));
}

#[tokio::test]
async fn nothing_is_asked_for_that_another_account_or_currency_would_have_to_give() {
    let elsewhere = Attempt { gateway_user_id: "another".to_owned(), ..attempt(Some(KEY)) };
    let dollars = Refund { amount: Money::new(5_000, Currency::USD), ..refund(KEY, 5_000) };
    for (attempt, refund) in [(elsewhere, refund(KEY, 5_000)), (attempt(Some(KEY)), dollars)] {
        let wire = Wire::answering([]);
        let within = Duration::from_secs(25);
        let outcome = toss(&wire).refund(&attempt, &refund, Money::krw(15_000), within).await;
        assert_eq!(class(&outcome), Class::Refused);
        assert!(wire.sent().is_empty());
    }
}

#[derive(Debug, PartialEq)]
enum Class {
    Refused,
    NotDone,
    NotSent,
    Unclear,
    Unknown,
}

fn class(outcome: &RefundOutcome) -> Class {
    match outcome {
        RefundOutcome::Done { .. } => panic!("never said by a refusal"),
        RefundOutcome::Refused { .. } => Class::Refused,
        RefundOutcome::NotDone { .. } => Class::NotDone,
        RefundOutcome::NotSent { .. } => Class::NotSent,
        RefundOutcome::Unclear { .. } => Class::Unclear,
        RefundOutcome::Unknown { .. } => Class::Unknown,
    }
}

#[tokio::test]
async fn a_refusal_is_judged_by_its_code() {
    for (expected, answer) in [
        (Class::Refused, says(403, &error("NOT_CANCELABLE_PAYMENT"))),
        (Class::Refused, says(400, &error("INVALID_REFUND_ACCOUNT_INFO"))),
        (Class::Refused, says(404, &error("NOT_FOUND_PAYMENT"))),
        (Class::NotDone, says(401, &error("UNAUTHORIZED_KEY"))),
        (Class::Unclear, says(400, &error("ALREADY_CANCELED_PAYMENT"))),
        (Class::Unclear, says(403, &error("NOT_CANCELABLE_AMOUNT"))),
        (Class::Unknown, says(500, &error("FAILED_REFUND_PROCESS"))),
        (Class::Unknown, says(409, &error("IDEMPOTENT_REQUEST_PROCESSING"))),
        (Class::Unknown, says(400, &error("INVENTED_TOMORROW"))),
        // A code of charges says nothing of a refund.
        (Class::Unknown, says(403, &error("REJECT_CARD_PAYMENT"))),
        (Class::Unknown, says(502, "<html>bad gateway</html>")),
        (Class::Unknown, Err(TransportError::Broken("so".to_owned()))),
        (Class::NotSent, Err(TransportError::NotSent("so".to_owned()))),
    ] {
        let (outcome, sent) = asked([answer]).await;
        assert_eq!(class(&outcome), expected, "{outcome:?}");
        assert_eq!(sent.len(), 1, "{outcome:?}");
    }
}

#[tokio::test]
async fn before_a_refund_is_called_not_done_the_books_of_toss_are_read() {
    let (_, marked) = ours();
    let refusals = [
        (400, error("NOT_MATCHES_REFUNDABLE_AMOUNT")),
        (403, error("FORBIDDEN_CONSECUTIVE_REQUEST")),
        (403, error("NOT_AVAILABLE_BANK")),
        (429, "slow down".to_owned()),
    ];
    for (status, refusal) in refusals {
        let refused = || says(status, &refusal);
        let (outcome, sent) = asked([refused(), says(200, &cancelled(&marked, &[]))]).await;
        let done = RefundOutcome::Done { reference: "txrd_a01kf3z9".to_owned() };
        assert_eq!(outcome, done, "done before: {refusal}");
        assert!(sent[1].starts_with(
            "GET https://api.tosspayments.com/v1/payments/tgen_20260114101530AbCd1\n"
        ));

        let (outcome, _) = asked([refused(), says(200, &cancelled("고객 요청", &[]))]).await;
        assert_eq!(class(&outcome), Class::NotDone, "another's: {refusal}");
        let (outcome, _) = asked([refused(), says(200, &payment(&[]))]).await;
        assert_eq!(class(&outcome), Class::NotDone, "none: {refusal}");
        let (outcome, _) = asked([refused(), says(429, "")]).await;
        assert_eq!(class(&outcome), Class::Unknown, "not readable: {refusal}");
    }
}

#[tokio::test]
async fn a_look_up_tells_everything_that_was_given_back_and_whose_it_is() {
    let (refund, marked) = ours();
    let given = |refund_id| Given {
        reference: "txrd_a01kf3z9".to_owned(),
        amount: Money::krw(5_000),
        refund_id,
    };
    let aborted = [(r#""cancelStatus":"DONE""#, r#""cancelStatus":"ABORTED""#)];
    let under_way = [(r#""cancelStatus":"DONE""#, r#""cancelStatus":"IN_PROGRESS""#)];
    let broken = [("5000", "\"5000\"")];
    let unreadable = [("5000", "0.5")];
    for (name, body, expected) in [
        ("ours", cancelled(&marked, &[]), Some(vec![given(Some(refund.id))])),
        ("from the console", cancelled("고객 요청", &[]), Some(vec![given(None)])),
        ("nothing", payment(&[]), Some(vec![])),
        ("aborted", cancelled(&marked, &aborted), Some(vec![])),
        ("another's, under way", cancelled("고객 요청", &under_way), Some(vec![])),
        ("ours, under way", cancelled(&marked, &under_way), None),
        ("another shape", cancelled(&marked, &broken), None),
        ("no amount", cancelled("고객 요청", &unreadable), None),
    ] {
        let wire = Wire::answering([says(200, &body)]);
        let sighting = toss(&wire).look_up_refunds(&attempt(Some(KEY)), &refund).await;
        match (sighting, expected) {
            (RefundSighting::Seen(seen), Some(expected)) => assert_eq!(seen, expected, "{name}"),
            (RefundSighting::Unknown { .. }, None) => {}
            (sighting, _) => panic!("{name}: {sighting:?}"),
        }
    }
    for answer in [says(404, &error("NOT_FOUND_PAYMENT")), says(500, ""), says(200, "[]")] {
        let wire = Wire::answering([answer]);
        let sighting = toss(&wire).look_up_refunds(&attempt(Some(KEY)), &refund).await;
        assert!(matches!(sighting, RefundSighting::Unknown { .. }), "{sighting:?}");
    }
}

#[test]
fn a_reason_always_fits_with_its_whole_marker() {
    for words in ["", "부분 환불", "line\nbreak", &"가".repeat(300), &"😀".repeat(300)] {
        let refund = Refund { reason: words.to_owned(), ..refund(KEY, 5_000) };
        let reason = reason(&refund);
        assert!(reason.encode_utf16().count() <= 200, "{reason}");
        assert!(!reason.contains(char::is_control), "{reason}");
        assert_eq!(marked(&reason), Some(refund.id), "{reason}");
    }
}

#[test]
fn only_a_marker_at_the_end_names_a_refund() {
    let (ours, other) = (refund(KEY, 1).id, attempt(None).id);
    for (reason, expected) in [
        (format!("words [{ours}]"), Some(ours)),
        (format!("[{ours}]"), Some(ours)),
        (format!("words [x] [{ours}] "), Some(ours)),
        (format!("[{ours}] words"), None),
        (format!("words {ours}"), None),
        (format!("words [{other}]"), None),
        ("words []".to_owned(), None),
        ("]".to_owned(), None),
        (String::new(), None),
    ] {
        assert_eq!(marked(&reason), expected, "{reason}");
    }
}
