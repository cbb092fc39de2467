//! Classification over recorded bodies: one table, one check.

use bytes::Bytes;
use http::StatusCode;
use payonce_domain::payment::{
    ProblemCode,
    evidence::{Outcome, Verdict},
};

use super::{callback, codes};
use crate::transport::Response;

fn answer(status: u16, body: &str) -> Response {
    Response {
        status: StatusCode::from_u16(status).expect("a status"),
        body: Bytes::copy_from_slice(body.as_bytes()),
    }
}

#[derive(Debug, PartialEq)]
enum Class {
    Accepted,
    Rejected,
    NotCreated,
    Unknown,
}

fn class(outcome: &Outcome) -> Class {
    match outcome {
        Outcome::Accepted { .. } => Class::Accepted,
        Outcome::Rejected { .. } => Class::Rejected,
        Outcome::NotCreated { .. } => Class::NotCreated,
        Outcome::Unknown { .. } => Class::Unknown,
        Outcome::Decided(_) | Outcome::NotSent { .. } => panic!("never said by an answer"),
    }
}

#[test]
fn a_charge_is_classified_as_the_document_says() {
    let unstable = r#"{"meta":{"result":"FAIL","errorCode":"Internal Server Error","message":"현재 서버가 불안정합니다. 잠시 후 다시 시도해주세요."}}"#;
    let generic = r#"{"meta":{"result":"FAIL","errorCode":"Internal Server Error","message":"일시적인 오류가 발생했습니다."}}"#;
    let accepted = r#"{"meta":{"result":"SUCCESS"},"data":{"transactionKey":"20250816:TR:9577c5","status":"PENDING"}}"#;
    let with_nulls = r#"{"meta":{"result":"SUCCESS","errorCode":null,"message":null},"data":{"transactionKey":"20250816:TR:9577c5","status":"PENDING","new":1}}"#;
    let bad = r#"{"meta":{"result":"FAIL","errorCode":"Bad Request","message":"결제금액은 양의 정수여야 합니다."}}"#;
    for (name, status, body, expected) in [
        ("accepted", 200, accepted, Class::Accepted),
        ("accepted, nulls and unknown fields", 200, with_nulls, Class::Accepted),
        ("accepted without a key", 200, r#"{"meta":{"result":"SUCCESS"}}"#, Class::Unknown),
        ("200 that says FAIL", 200, bad, Class::Unknown),
        ("200 that is not JSON", 200, "<html>ok</html>", Class::Unknown),
        ("200 cut off", 200, r#"{"meta":{"result":"SUCC"#, Class::Unknown),
        ("refused as wrong", 400, bad, Class::Rejected),
        ("400 of a proxy", 400, "<html>Bad Request</html>", Class::Unknown),
        ("unstable: nothing was made", 500, unstable, Class::NotCreated),
        ("any other 500", 500, generic, Class::Unknown),
        ("500 of a proxy", 500, "oops", Class::Unknown),
        ("unstable text under another status", 502, unstable, Class::Unknown),
        ("bad gateway", 502, "<html>502</html>", Class::Unknown),
        ("unavailable", 503, "", Class::Unknown),
        (
            "not found",
            404,
            r#"{"meta":{"result":"FAIL","message":"존재하지 않는 요청입니다."}}"#,
            Class::Unknown,
        ),
        ("redirect", 302, "", Class::Unknown),
    ] {
        assert_eq!(class(&codes::charge(&answer(status, body))), expected, "{name}");
    }
}

#[test]
fn what_the_gateway_says_is_kept_without_card_numbers_and_control_characters() {
    let echo = r#"{"meta":{"result":"FAIL","message":"'cardNo' 1234-5678-9814-1451\u0000: no"}}"#;
    for status in [400, 500] {
        let text = match codes::charge(&answer(status, echo)) {
            Outcome::Rejected { text } | Outcome::Unknown { text } => text,
            other => panic!("{other:?}"),
        };
        assert_eq!(text, "'cardNo' ****-****-****-**** : no", "{status}");
    }
    let declined = r#"{"meta":{"result":"SUCCESS"},"data":{"transactionKey":"k","orderId":"123456","amount":1,"status":"FAILED","reason":"1234567898141451\u0000"}}"#;
    let codes::Seen::Found(seen) = codes::one("k", &answer(200, declined)) else {
        panic!("not found");
    };
    let Verdict::Declined(problem) = seen.verdict else { panic!("{:?}", seen.verdict) };
    assert_eq!(problem.text, "**************** ");
}

#[test]
fn only_the_gateways_own_sentence_about_our_order_is_an_absence() {
    let ours = r#"{"meta":{"result":"FAIL","errorCode":"Not Found","message":"(orderId: 123456) 에 해당하는 결제건이 존재하지 않습니다."}}"#;
    assert_eq!(codes::list("123456", &answer(404, ours)), codes::Seen::Absent);
    let path = r#"{"meta":{"result":"FAIL","errorCode":"Not Found","message":"존재하지 않는 요청입니다."}}"#;
    let empty = r#"{"meta":{"result":"SUCCESS"},"data":{"orderId":"123456","transactions":[]}}"#;
    for (name, order, status, body) in [
        ("another order's absence", "654321", 404, ours),
        ("unknown path", "123456", 404, path),
        ("a proxy's 404", "123456", 404, "<html>404</html>"),
        ("an empty list", "123456", 200, empty),
        ("a 500", "123456", 500, path),
    ] {
        let seen = codes::list(order, &answer(status, body));
        assert!(matches!(seen, codes::Seen::Unknown(_)), "{name}: {seen:?}");
    }
}

#[test]
fn a_looked_up_transaction_tells_order_amount_and_verdict() {
    let body = |status: &str, reason: &str| {
        format!(
            r#"{{"meta":{{"result":"SUCCESS"}},"data":{{"transactionKey":"k","orderId":"123456","cardType":"SAMSUNG","cardNo":"1234-5678-9814-1451","amount":5000,"status":"{status}"{reason}}}}}"#
        )
    };
    for (status, reason, expected) in [
        ("PENDING", "", None),
        (
            "FAILED",
            r#","reason":"한도초과입니다. 다른 카드를 선택해주세요.""#,
            Some(ProblemCode::LimitExceeded),
        ),
        (
            "FAILED",
            r#","reason":"잘못된 카드입니다. 다른 카드를 선택해주세요.""#,
            Some(ProblemCode::InvalidCard),
        ),
        ("FAILED", r#","reason":"새로운 사유""#, Some(ProblemCode::DeclinedOther)),
        ("FAILED", "", Some(ProblemCode::DeclinedOther)),
    ] {
        let codes::Seen::Found(seen) = codes::one("k", &answer(200, &body(status, reason))) else {
            panic!("{status} was not found");
        };
        assert_eq!((seen.gateway_order_id.as_str(), seen.amount.minor), ("123456", 5000));
        match (seen.verdict, expected) {
            (Verdict::Pending, None) => {}
            (Verdict::Declined(problem), Some(code)) => assert_eq!(problem.code, code),
            (verdict, _) => panic!("{status}: {verdict:?}"),
        }
    }
    let other_key = codes::one("other", &answer(200, &body("SUCCESS", "")));
    assert!(matches!(other_key, codes::Seen::Unknown(_)), "an answer about another key");
}

#[test]
fn a_callback_gives_an_order_id_and_nothing_else() {
    let body = r#"{"transactionKey":"20250816:TR:9577c5","orderId":"1351039135","cardType":"SAMSUNG","cardNo":"1234-5678-9814-1451","amount":5000,"status":"SUCCESS","reason":"정상 승인되었습니다."}"#;
    assert_eq!(callback::order_id(body.as_bytes()), Some("1351039135".to_owned()));
    for wrong in
        ["", "{}", "[]", r#"{"orderId":""}"#, r#"{"orderId":"' OR 1=1"}"#, r#"{"orderId":7}"#]
    {
        assert_eq!(callback::order_id(wrong.as_bytes()), None, "{wrong}");
    }
}
