//! The connector over recorded bodies (§6 and its neighbours) and a wire that answers as it was told.

mod billing;
mod charging;
mod codes;
mod looking_up;
mod refunding;
mod settings;
mod settlements;
mod webhooks;
mod window;

use std::sync::Arc;

use secrecy::SecretString;

use super::{Keys, Settings, Toss, stock_manners};
use crate::{
    samples::{Wire, answer},
    transport::{Response, TransportError},
};

const KEY: &str = "tgen_20260114101530AbCd1";

fn settings() -> Settings {
    Settings {
        base_url: "https://api.tosspayments.com".to_owned(),
        script_url: "https://js.tosspayments.com/v2/standard".to_owned(),
        secret_key: SecretString::from("test_sk_zXLkKEypNArWmo50nX3lmeaxYG5R"),
        client_key: "test_ck_D5GePWvyJnrK0W0k6q8gLzN97Eoq".to_owned(),
        security_key: None,
        account: "tvivarepublica4".to_owned(),
        test_code: None,
        manners: stock_manners(Keys::Test),
    }
}

fn toss(wire: &Arc<Wire>) -> Toss {
    Toss::new(settings(), wire.clone()).expect("good settings")
}

/// An approved card payment (§6), with so much of it changed.
fn payment(changes: &[(&str, &str)]) -> String {
    let mut body = r#"{ "mId":"tvivarepublica4","version":"2022-11-16","paymentKey":"tgen_20260114101530AbCd1","type":"NORMAL",
  "orderId":"ord_9f2c4e1a7b","orderName":"원두 1kg 외 1건","currency":"KRW","method":"카드","status":"DONE",
  "totalAmount":15000,"balanceAmount":15000,"suppliedAmount":13636,"vat":1364,"taxFreeAmount":0,"taxExemptionAmount":0,
  "requestedAt":"2026-01-14T10:15:30+09:00","approvedAt":"2026-01-14T10:16:02+09:00",
  "lastTransactionKey":"txrd_a01kf3y7m0q2w8e4","useEscrow":false,"cultureExpense":false,"isPartialCancelable":true,
  "card":{"amount":15000,"issuerCode":"61","acquirerCode":"31","number":"48902300****406*","installmentPlanMonths":0,
          "approveNo":"00000000","useCardPoint":false,"cardType":"신용","ownerType":"개인","acquireStatus":"READY",
          "isInterestFree":false,"interestPayer":null},
  "virtualAccount":null,"transfer":null,"mobilePhone":null,"giftCertificate":null,"easyPay":null,"cashReceipt":null,
  "cashReceipts":null,"discount":null,"cancels":null,"secret":"ps_0RnYX2w532zQ4aMBkLEv3NeyqApQ","failure":null,
  "receipt":{"url":"https://dashboard.tosspayments.com/receipt/redirection?transactionId=tgen_20260114101530AbCd1&ref=PX"},
  "checkout":{"url":"https://api.tosspayments.com/v1/payments/tgen_20260114101530AbCd1/checkout"},
  "metadata":null,"country":"KR" }"#
        .to_owned();
    for (from, to) in changes {
        assert!(body.contains(from), "{from} is not in the body");
        body = body.replacen(from, to, 1);
    }
    body
}

fn error(code: &str) -> String {
    format!(r#"{{ "code": "{code}", "message": "안 됩니다." }}"#)
}

#[expect(clippy::unnecessary_wraps, reason = "beside answers that never came")]
fn says(status: u16, body: &str) -> Result<Response, TransportError> {
    Ok(answer(status, body))
}
