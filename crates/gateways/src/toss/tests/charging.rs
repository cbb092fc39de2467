use payonce_domain::{
    money::{Currency, Money},
    payment::{
        Attempt, ProblemCode,
        evidence::{Outcome, Transaction, Verdict},
    },
};
use payonce_ports::gateway::Gateway;

use super::{KEY, Wire, error, payment, says, settings, toss};
use crate::{samples::attempt, toss::Toss, transport::TransportError};

const WITHIN: std::time::Duration = std::time::Duration::from_secs(25);

async fn outcome(attempt: &Attempt, status: u16, body: &str) -> Outcome {
    toss(&Wire::answering([says(status, body)])).charge(attempt, None, WITHIN).await
}

fn ours(verdict: Verdict) -> Outcome {
    Outcome::Decided(Transaction {
        reference: KEY.to_owned(),
        gateway_order_id: "ord_9f2c4e1a7b".to_owned(),
        amount: Money::krw(15_000),
        verdict,
    })
}

#[tokio::test]
async fn a_confirmation_travels_as_documented() {
    let wire = Wire::answering([says(200, &payment(&[]))]);
    let attempt = attempt(Some(KEY));
    let outcome = toss(&wire).charge(&attempt, None, WITHIN).await;
    assert_eq!(outcome, ours(Verdict::Approved));
    let expected = format!(
        "POST https://api.tosspayments.com/v1/payments/confirm\n\
         Authorization: Basic dGVzdF9za196WExrS0V5cE5BcldtbzUwblgzbG1lYXhZRzVSOg==\n\
         Idempotency-Key: {}-1\n\n\
         {{\"paymentKey\":\"tgen_20260114101530AbCd1\",\"orderId\":\"ord_9f2c4e1a7b\",\"amount\":15000}}",
        attempt.id
    );
    assert_eq!(wire.sent(), [expected]);
}

#[tokio::test]
async fn the_next_request_of_an_attempt_has_another_idempotency_key() {
    let wire = Wire::answering([]);
    let first = attempt(Some(KEY));
    let second = Attempt { request: 2, ..first.clone() };
    for attempt in [&first, &first, &second] {
        toss(&wire).charge(attempt, None, WITHIN).await;
    }
    let keys: Vec<_> = wire
        .sent()
        .iter()
        .filter_map(|sent| Some(sent.split_once("Idempotency-Key: ")?.1.lines().next()?.to_owned()))
        .collect();
    let id = first.id;
    assert_eq!(keys, [format!("{id}-1"), format!("{id}-1"), format!("{id}-2")]);
}

#[tokio::test]
async fn a_test_code_travels_only_with_posts() {
    let wire = Wire::answering([]);
    let code = Some("REJECT_CARD_PAYMENT".to_owned());
    let settings = crate::toss::Settings { test_code: code, ..settings() };
    let toss = Toss::new(settings, wire.clone()).expect("good settings");
    toss.charge(&attempt(Some(KEY)), None, WITHIN).await;
    toss.look_up(&attempt(Some(KEY))).await;
    let sent = wire.sent();
    assert!(sent[0].contains("\nTossPayments-Test-Code: REJECT_CARD_PAYMENT\n"), "{}", sent[0]);
    assert!(!sent[1].contains("TossPayments-Test-Code"), "{}", sent[1]);
}

#[tokio::test]
async fn a_confirmed_payment_is_what_its_status_says() {
    let declined = |code, text: &str| {
        ours(Verdict::Declined(payonce_domain::payment::Problem::new(code, text)))
    };
    let failure = r#""failure":{"code":"REJECT_CARD_PAYMENT","message":"한도초과"}"#;
    for (status, changes, expected) in [
        ("DONE", vec![], ours(Verdict::Approved)),
        ("DONE", vec![("}", r#"},"invented":{"by":"them"}"#)], ours(Verdict::Approved)),
        ("DONE", vec![("15000", "15000.0")], ours(Verdict::Approved)),
        ("DONE", vec![(r#""currency":"KRW","#, "")], ours(Verdict::Approved)),
        ("PARTIAL_CANCELED", vec![], ours(Verdict::Approved)),
        (
            "CANCELED",
            vec![],
            declined(ProblemCode::DeclinedOther, "charged and given back whole at the gateway"),
        ),
        (
            "CANCELED",
            vec![(r#""approvedAt":"2026-01-14T10:16:02+09:00""#, r#""approvedAt":null"#)],
            declined(ProblemCode::DeclinedOther, "cancelled unpaid"),
        ),
        ("READY", vec![], ours(Verdict::Unconfirmed)),
        ("IN_PROGRESS", vec![], ours(Verdict::Unconfirmed)),
        ("WAITING_FOR_DEPOSIT", vec![], ours(Verdict::Pending)),
        (
            "ABORTED",
            vec![(r#""failure":null"#, failure)],
            declined(ProblemCode::LimitExceeded, "REJECT_CARD_PAYMENT: 한도초과"),
        ),
        ("ABORTED", vec![], declined(ProblemCode::DeclinedOther, "the approval failed")),
        (
            "EXPIRED",
            vec![],
            declined(ProblemCode::Abandoned, "not confirmed before it expired at the gateway"),
        ),
    ] {
        let mut changes = changes;
        let stands = format!(r#""status":"{status}""#);
        changes.push((r#""status":"DONE""#, &stands));
        let told = outcome(&attempt(Some(KEY)), 200, &payment(&changes)).await;
        assert_eq!(told, expected, "{changes:?}");
    }
}

#[tokio::test]
async fn another_order_or_amount_is_told_as_it_is() {
    for (changes, order_id, amount) in [
        (
            (r#""orderId":"ord_9f2c4e1a7b""#, r#""orderId":"ord_other1""#),
            "ord_other1",
            Money::krw(15_000),
        ),
        (
            (r#""totalAmount":15000"#, r#""totalAmount":14999"#),
            "ord_9f2c4e1a7b",
            Money::krw(14_999),
        ),
        (
            (r#""currency":"KRW""#, r#""currency":"USD""#),
            "ord_9f2c4e1a7b",
            Money::new(1_500_000, Currency::USD),
        ),
    ] {
        let told = outcome(&attempt(Some(KEY)), 200, &payment(&[changes])).await;
        let Outcome::Decided(told) = told else { panic!("{told:?}") };
        assert_eq!((told.gateway_order_id.as_str(), told.amount), (order_id, amount));
    }
}

#[tokio::test]
async fn an_answer_is_judged_by_its_code_and_never_by_its_status() {
    let attempt = attempt(Some(KEY));
    let rejected = |text: &str| Outcome::Rejected { text: text.to_owned() };
    let not_created = |text: &str| Outcome::NotCreated { text: text.to_owned() };
    let unknown = |text: &str| Outcome::Unknown { text: text.to_owned() };
    let declined = |code, text: &str| {
        ours(Verdict::Declined(payonce_domain::payment::Problem::new(code, text)))
    };
    let foreign = |status| format!("HTTP {status} is not an answer of this gateway");
    for (status, body, expected) in [
        (
            403,
            error("REJECT_CARD_PAYMENT"),
            declined(ProblemCode::LimitExceeded, "REJECT_CARD_PAYMENT: 안 됩니다."),
        ),
        (
            400,
            error("INVALID_STOPPED_CARD"),
            declined(ProblemCode::InvalidCard, "INVALID_STOPPED_CARD: 안 됩니다."),
        ),
        // The same code under another status means the same.
        (
            500,
            error("REJECT_CARD_PAYMENT"),
            declined(ProblemCode::LimitExceeded, "REJECT_CARD_PAYMENT: 안 됩니다."),
        ),
        (400, error("INVALID_REQUEST"), rejected("INVALID_REQUEST: 안 됩니다.")),
        (
            404,
            error("NOT_FOUND_PAYMENT_SESSION"),
            rejected("NOT_FOUND_PAYMENT_SESSION: 안 됩니다."),
        ),
        (500, error("FAILED_DB_PROCESSING"), rejected("FAILED_DB_PROCESSING: 안 됩니다.")),
        (401, error("UNAUTHORIZED_KEY"), rejected("UNAUTHORIZED_KEY: 안 됩니다.")),
        (403, error("NOT_AVAILABLE_PAYMENT"), not_created("NOT_AVAILABLE_PAYMENT: 안 됩니다.")),
        (429, error("TOO_MANY_REQUESTS"), not_created("TOO_MANY_REQUESTS: 안 됩니다.")),
        (429, "<html>slow down</html>".to_owned(), not_created("too many requests (HTTP 429)")),
        (429, error("COMMON_ERROR"), unknown("COMMON_ERROR: 안 됩니다.")),
        (400, error("ALREADY_PROCESSED_PAYMENT"), unknown("ALREADY_PROCESSED_PAYMENT: 안 됩니다.")),
        (
            409,
            error("IDEMPOTENT_REQUEST_PROCESSING"),
            unknown("IDEMPOTENT_REQUEST_PROCESSING: 안 됩니다."),
        ),
        (400, error("PROVIDER_ERROR"), unknown("PROVIDER_ERROR: 안 됩니다.")),
        (500, error("COMMON_ERROR"), unknown("COMMON_ERROR: 안 됩니다.")),
        (400, error("INVENTED_TOMORROW"), unknown("INVENTED_TOMORROW: 안 됩니다.")),
        // A code of refunds says nothing of a charge.
        (403, error("NOT_CANCELABLE_PAYMENT"), unknown("NOT_CANCELABLE_PAYMENT: 안 됩니다.")),
        (400, r#"{"code":"REJECT_CARD_PAYMENT"#.to_owned(), unknown(&foreign(400))),
        (502, "<html>bad gateway</html>".to_owned(), unknown(&foreign(502))),
        (503, String::new(), unknown(&foreign(503))),
        (302, error("INVALID_REQUEST"), unknown(&foreign(302))),
        (202, payment(&[]), unknown(&foreign(202))),
        (200, error("REJECT_CARD_PAYMENT"), unknown(&foreign(200))),
        (200, "[]".to_owned(), unknown(&foreign(200))),
        (
            200,
            payment(&[(r#""status":"DONE""#, r#""status":"SHINY""#)]),
            unknown("the payment has a status that we do not know"),
        ),
        (
            200,
            payment(&[(r#""totalAmount":15000"#, r#""totalAmount":15000.5"#)]),
            unknown("15000.5 is no amount of KRW"),
        ),
        (
            200,
            payment(&[(r#""totalAmount":15000"#, r#""totalAmount":"15000""#)]),
            unknown(&foreign(200)),
        ),
    ] {
        assert_eq!(outcome(&attempt, status, &body).await, expected, "{status} {body}");
    }
}

#[tokio::test]
async fn what_breaks_on_the_wire_is_unknown_and_what_never_left_is_not_sent() {
    let text = || "so".to_owned();
    for (error, expected) in [
        (TransportError::NotSent(text()), Outcome::NotSent { text: text() }),
        (TransportError::Broken(text()), Outcome::Unknown { text: text() }),
    ] {
        let wire = Wire::answering([Err(error)]);
        assert_eq!(toss(&wire).charge(&attempt(Some(KEY)), None, WITHIN).await, expected);
    }
}

#[tokio::test]
async fn nothing_is_sent_that_could_not_be_confirmed() {
    let dollars = Attempt { amount: Money::new(1_000, Currency::USD), ..attempt(Some(KEY)) };
    let elsewhere = Attempt { gateway_user_id: "another".to_owned(), ..attempt(Some(KEY)) };
    let not_sent = "it belongs to account another, and this is tvivarepublica4".to_owned();
    for (attempt, expected) in [
        (attempt(None), Outcome::Rejected { text: "there is nothing to confirm".to_owned() }),
        (dollars, Outcome::Rejected { text: "only won are taken".to_owned() }),
        (elsewhere, Outcome::NotSent { text: not_sent }),
    ] {
        let wire = Wire::answering([]);
        assert_eq!(toss(&wire).charge(&attempt, None, WITHIN).await, expected);
        assert!(wire.sent().is_empty());
    }
}

#[tokio::test]
async fn what_toss_says_is_kept_without_card_numbers_and_control_characters() {
    let body = r#"{"code":"INVALID_CARD_NUMBER","message":"1234-5678-9814-1451\u0000 no"}"#;
    let told = outcome(&attempt(Some(KEY)), 400, body).await;
    let Outcome::Decided(Transaction { verdict: Verdict::Declined(problem), .. }) = told else {
        panic!("{told:?}");
    };
    assert_eq!(problem.text, "INVALID_CARD_NUMBER: ****-****-****-****  no");
}
