use payonce_domain::payment::evidence::{Outcome, Verdict};
use secrecy::SecretString;

use super::{Wire, error, payment, says, toss};
use crate::{samples::attempt, toss::billing::BillingKey};

fn billing_key() -> BillingKey {
    BillingKey {
        key: SecretString::from("Z_t5vOvQxrj4499PeiJcjen28-V2RyqgYTwN44Rdzk0="),
        customer_key: "cst_5d0e4f3a".to_owned(),
    }
}

async fn outcome(status: u16, body: &str) -> Outcome {
    let wire = Wire::answering([says(status, body)]);
    toss(&wire).charge_billing_key(&attempt(None), &billing_key(), "구독").await
}

#[tokio::test]
async fn a_billing_charge_travels_as_documented() {
    let wire = Wire::answering([says(200, &payment(&[("\"NORMAL\"", "\"BILLING\"")]))]);
    let attempt = attempt(None);
    let outcome = toss(&wire).charge_billing_key(&attempt, &billing_key(), "구독").await;
    let Outcome::Decided(transaction) = outcome else { panic!("{outcome:?}") };
    assert_eq!(transaction.verdict, Verdict::Approved);
    let expected = format!(
        "POST https://api.tosspayments.com/v1/billing/Z_t5vOvQxrj4499PeiJcjen28-V2RyqgYTwN44Rdzk0%3D\n\
         Authorization: Basic dGVzdF9za196WExrS0V5cE5BcldtbzUwblgzbG1lYXhZRzVSOg==\n\
         Idempotency-Key: {}-1\n\n\
         {{\"amount\":15000,\"customerKey\":\"cst_5d0e4f3a\",\"orderId\":\"ord_9f2c4e1a7b\",\"orderName\":\"구독\"}}",
        attempt.id
    );
    assert_eq!(wire.sent(), [expected]);
}

#[tokio::test]
async fn a_refused_billing_charge_is_certain_and_an_order_id_used_before_is_not() {
    let rejected = |text: &str| Outcome::Rejected { text: format!("{text}: 안 됩니다.") };
    let unknown = |text: &str| Outcome::Unknown { text: format!("{text}: 안 됩니다.") };
    for (status, code, expected) in [
        (403, "REJECT_CARD_PAYMENT", rejected("REJECT_CARD_PAYMENT")),
        (400, "NOT_MATCHES_CUSTOMER_KEY", rejected("NOT_MATCHES_CUSTOMER_KEY")),
        (400, "ALREADY_REMOVED_BILLING_KEY", rejected("ALREADY_REMOVED_BILLING_KEY")),
        (400, "DUPLICATED_ORDER_ID", unknown("DUPLICATED_ORDER_ID")),
        (500, "FAILED_CARD_COMPANY_RESPONSE", unknown("FAILED_CARD_COMPANY_RESPONSE")),
    ] {
        assert_eq!(outcome(status, &error(code)).await, expected);
    }
}

#[test]
fn a_billing_key_is_never_printed() {
    assert!(!format!("{:?}", billing_key()).contains("Z_t5"));
}
