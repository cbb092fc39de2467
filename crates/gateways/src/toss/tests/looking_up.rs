use payonce_domain::{
    money::Money,
    payment::{
        Attempt,
        evidence::{Sighting, Transaction, Verdict},
    },
};
use payonce_ports::gateway::Gateway;

use super::{KEY, Wire, error, payment, says, toss};
use crate::{samples::attempt, transport::TransportError};

const BY_KEY: &str = "https://api.tosspayments.com/v1/payments/tgen_20260114101530AbCd1";
const BY_ORDER: &str = "https://api.tosspayments.com/v1/payments/orders/ord_9f2c4e1a7b";

fn seen(reference: &str, order_id: &str) -> Transaction {
    Transaction {
        reference: reference.to_owned(),
        gateway_order_id: order_id.to_owned(),
        amount: Money::krw(15_000),
        verdict: Verdict::Approved,
    }
}

fn found() -> Sighting {
    Sighting::Found(vec![seen(KEY, "ord_9f2c4e1a7b")])
}

#[tokio::test]
async fn a_payment_is_asked_for_by_its_key_or_else_by_our_order_id() {
    let known = Attempt { reference: Some(KEY.to_owned()), ..attempt(None) };
    for (attempt, address) in
        [(attempt(None), BY_ORDER), (attempt(Some(KEY)), BY_KEY), (known, BY_KEY)]
    {
        let wire = Wire::answering([says(200, &payment(&[]))]);
        assert_eq!(toss(&wire).look_up(&attempt).await, found());
        assert_eq!(wire.asked(), [address]);
    }
}

#[tokio::test]
async fn a_look_up_carries_the_key_and_no_body() {
    let wire = Wire::answering([]);
    toss(&wire).look_up(&attempt(None)).await;
    let expected = format!(
        "GET {BY_ORDER}\n\
         Authorization: Basic dGVzdF9za196WExrS0V5cE5BcldtbzUwblgzbG1lYXhZRzVSOg=="
    );
    assert_eq!(wire.sent(), [expected]);
}

#[tokio::test]
async fn a_key_is_one_part_of_the_path_whatever_is_in_it() {
    for (key, part) in [
        ("a/../b", "a%2F..%2Fb"),
        ("a?b#c", "a%3Fb%23c"),
        ("Z_t5vOvQ==", "Z_t5vOvQ%3D%3D"),
        ("100%", "100%25"),
    ] {
        let wire = Wire::answering([]);
        toss(&wire).look_up(&attempt(Some(key))).await;
        assert_eq!(wire.asked(), [format!("https://api.tosspayments.com/v1/payments/{part}")]);
    }
}

#[tokio::test]
async fn a_key_that_toss_does_not_know_is_asked_for_by_order_id() {
    let absent = || says(404, &error("NOT_FOUND_PAYMENT"));
    for (second, expected) in [(says(200, &payment(&[])), found()), (absent(), Sighting::Absent)] {
        let wire = Wire::answering([absent(), second]);
        assert_eq!(toss(&wire).look_up(&attempt(Some(KEY))).await, expected);
        assert_eq!(wire.asked(), [BY_KEY, BY_ORDER]);
    }
}

#[tokio::test]
async fn a_key_of_another_order_is_told_only_if_toss_had_told_it_to_us() {
    let other = payment(&[("ord_9f2c4e1a7b", "ord_other1")]);
    let ours = payment(&[(KEY, "tgen_ours")]);
    let forged = attempt(Some(KEY));
    let told = Attempt { reference: Some(KEY.to_owned()), ..attempt(None) };
    let (of_other, of_ours) = (seen(KEY, "ord_other1"), seen("tgen_ours", "ord_9f2c4e1a7b"));
    let absent = error("NOT_FOUND_PAYMENT");
    for (attempt, second, expected) in [
        (&forged, says(200, &ours), Sighting::Found(vec![of_ours.clone()])),
        (&forged, says(404, &absent), Sighting::Absent),
        (&told, says(200, &ours), Sighting::Found(vec![of_ours, of_other.clone()])),
        (&told, says(404, &absent), Sighting::Found(vec![of_other])),
    ] {
        let wire = Wire::answering([says(200, &other), second]);
        assert_eq!(toss(&wire).look_up(attempt).await, expected);
        assert_eq!(wire.asked(), [BY_KEY, BY_ORDER]);
    }
}

#[tokio::test]
async fn an_earlier_visit_to_the_window_tells_nothing_of_the_payment_that_is_confirmed() {
    let absent = || says(404, &error("NOT_FOUND_PAYMENT"));
    let elsewhere = || says(200, &payment(&[("ord_9f2c4e1a7b", "ord_other1")]));
    for first in [absent(), elsewhere()] {
        for (status, expected) in [
            ("EXPIRED", Sighting::Absent),
            ("ABORTED", Sighting::Absent),
            ("READY", Sighting::Absent),
            ("IN_PROGRESS", Sighting::Absent),
            ("DONE", Sighting::Found(vec![seen("tgen_earlier", "ord_9f2c4e1a7b")])),
        ] {
            let earlier = payment(&[(KEY, "tgen_earlier"), ("\"DONE\"", &format!("\"{status}\""))]);
            let wire = Wire::answering([first.clone(), says(200, &earlier)]);
            let sighting = toss(&wire).look_up(&attempt(Some(KEY))).await;
            assert_eq!(sighting, expected, "{status}");
            assert_eq!(wire.asked(), [BY_KEY, BY_ORDER]);
        }
    }
}

#[tokio::test]
async fn only_tosss_own_word_is_an_absence() {
    for (name, answer) in [
        ("another code", says(404, &error("NOT_FOUND_PAYMENT_SESSION"))),
        ("the code under another status", says(400, &error("NOT_FOUND_PAYMENT"))),
        ("a proxy's 404", says(404, "<html>404</html>")),
        ("nothing", says(404, "")),
        ("a null", says(200, "null")),
        ("no key", says(401, &error("UNAUTHORIZED_KEY"))),
        ("too many", says(429, "")),
        ("an error", says(500, &error("COMMON_ERROR"))),
        ("a status of tomorrow", says(200, &payment(&[("\"DONE\"", "\"SHINY\"")]))),
        ("silence", Err(TransportError::Broken("no answer in time".to_owned()))),
        ("no connection", Err(TransportError::NotSent("no connection".to_owned()))),
    ] {
        let sighting = toss(&Wire::answering([answer])).look_up(&attempt(None)).await;
        assert!(matches!(sighting, Sighting::Unknown { .. }), "{name}: {sighting:?}");
    }
}

#[tokio::test]
async fn another_accounts_payment_is_not_asked_about() {
    let attempt = Attempt { gateway_user_id: "another".to_owned(), ..attempt(Some(KEY)) };
    let wire = Wire::answering([]);
    assert!(matches!(toss(&wire).look_up(&attempt).await, Sighting::Unknown { .. }));
    assert!(wire.asked().is_empty());
}
