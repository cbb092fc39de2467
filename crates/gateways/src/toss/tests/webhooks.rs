use secrecy::SecretString;

use crate::toss::webhook::{is_signed, order_id};

#[test]
fn a_webhook_about_a_payment_gives_an_order_id_and_nothing_else() {
    let changed = r#"{ "eventType":"PAYMENT_STATUS_CHANGED","createdAt":"2026-01-14T10:16:02.481223",
  "data":{ "paymentKey":"tgen_20260114101530AbCd1","orderId":"ord_9f2c4e1a7b","status":"DONE","secret":"ps_0RnYX2w","totalAmount":15000 } }"#;
    let deposit = r#"{ "createdAt":"2026-01-14T11:40:09.000000","secret":"ps_4yKeq5bgrp","status":"DONE","transactionKey":"9FF15E1A29D0E77C218F57262BFA4986","orderId":"ord_77ab01c2" }"#;
    for (body, expected) in [
        (changed, Some("ord_9f2c4e1a7b")),
        (deposit, Some("ord_77ab01c2")),
        (r#"{"eventType":"CANCEL_STATUS_CHANGED","data":{"transactionKey":"txrd_1"}}"#, None),
        (r#"{"eventType":"BILLING_DELETED","data":{"billingKey":"b"}}"#, None),
        (r#"{"eventType":"INVENTED","orderId":"ord_77ab01c2"}"#, None),
        (r#"{"eventType":"PAYMENT_STATUS_CHANGED","orderId":"ord_77ab01c2"}"#, None),
        (r#"{"eventType":"PAYMENT_STATUS_CHANGED","data":{"orderId":7}}"#, None),
        (r#"{"orderId":"' OR 1=1"}"#, None),
        (r#"{"orderId":""}"#, None),
        ("{}", None),
        ("[]", None),
        ("", None),
    ] {
        assert_eq!(order_id(body.as_bytes()).as_deref(), expected, "{body}");
    }
}

const SECURITY_KEY: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeeff0";
const TIME: &str = "2026-01-14T10:16:03+09:00";
const BODY: &str = r#"{"eventType":"payout.changed","createdAt":"2026-01-14T10:16:02.481223","version":"2022-11-16","eventId":"evt_1","entityType":"payout","entityBody":{}}"#;
/// HMAC-SHA256 of body, colon and time, worked out elsewhere, by the key's text,
const BY_TEXT: &str = "v1:KDGp4oUIvN4Khhs6VORw+kzfupXJRnUZ99s10YqP6Ew=";
/// and by the bytes that it spells.
const BY_BYTES: &str = "v1:0AXkXpMAoUMLGpaoDJ6JzPeWaY353klCvondUczfRno=";

#[test]
fn a_signature_of_either_reading_of_the_key_is_believed() {
    let both = format!("v1:AAAA, {BY_BYTES}");
    for signatures in [BY_TEXT, BY_BYTES, &both] {
        let key = SecretString::from(SECURITY_KEY);
        assert!(is_signed(BODY.as_bytes(), TIME, signatures, &key), "{signatures}");
    }
}

#[test]
fn anything_else_is_not_signed() {
    let other_key = "1f1e2d3c4b5a69788796a5b4c3d2e1f00112233445566778899aabbccddeeff0";
    let without_version = BY_TEXT.trim_start_matches("v1:");
    let many = format!("{}{BY_TEXT}", "v1:AAAA,".repeat(100));
    for (name, body, time, signatures, key) in [
        ("another body", "{}", TIME, BY_TEXT, SECURITY_KEY),
        ("another time", BODY, "2026-01-14T10:16:04+09:00", BY_TEXT, SECURITY_KEY),
        ("another key", BODY, TIME, BY_TEXT, other_key),
        ("no key", BODY, TIME, BY_TEXT, ""),
        ("no signature", BODY, TIME, "", SECURITY_KEY),
        ("an empty signature", BODY, TIME, "v1:", SECURITY_KEY),
        ("another version", BODY, TIME, without_version, SECURITY_KEY),
        ("not base64", BODY, TIME, "v1:***", SECURITY_KEY),
        ("a hundred before it", BODY, TIME, &many, SECURITY_KEY),
    ] {
        let key = SecretString::from(key);
        assert!(!is_signed(body.as_bytes(), time, signatures, &key), "{name}");
    }
}
