//! Confirm, §4.1, and the Payment it answers, §5 and §6.

use payonce_simulator::toss::buyer::BuyerChoice;
use serde_json::json;

use super::world::{ORDER, World, pass_ms};

#[tokio::test(start_paused = true)]
async fn an_approved_payment_is_the_documented_object_whole() {
    let world = World::start();
    let key = world.authenticated(ORDER);
    pass_ms(32_000).await;
    let payment = world.confirm(&key, ORDER, 15_000).await.ok();
    assert!(key.starts_with("tgen_20260114101530"), "{key}");
    let [secret, transaction] =
        ["secret", "lastTransactionKey"].map(|name| payment[name].as_str().unwrap());
    assert!(secret.starts_with("ps_") && transaction.starts_with("txrd_a01"));
    assert!(secret.len() <= 50 && transaction.len() <= 64);
    assert_eq!(
        payment,
        json!({
            "mId": "payoncesim", "version": "2022-11-16", "paymentKey": key, "type": "NORMAL",
            "orderId": ORDER, "orderName": "원두 1kg 외 1건", "currency": "KRW",
            "method": "카드", "status": "DONE",
            "totalAmount": 15000, "balanceAmount": 15000, "suppliedAmount": 13636, "vat": 1364,
            "taxFreeAmount": 0, "taxExemptionAmount": 0,
            "requestedAt": "2026-01-14T10:15:30+09:00", "approvedAt": "2026-01-14T10:16:02+09:00",
            "lastTransactionKey": transaction, "useEscrow": false, "cultureExpense": false,
            "isPartialCancelable": true,
            "card": {
                "amount": 15000, "issuerCode": "21", "acquirerCode": "21",
                "number": "94100012****789*", "installmentPlanMonths": 0,
                "approveNo": "00000000", "useCardPoint": false, "cardType": "신용",
                "ownerType": "개인", "acquireStatus": "READY", "isInterestFree": false,
                "interestPayer": null,
            },
            "virtualAccount": null, "transfer": null, "mobilePhone": null,
            "giftCertificate": null, "easyPay": null, "cashReceipt": null, "cashReceipts": null,
            "discount": null, "cancels": null, "secret": secret, "failure": null,
            "receipt": {"url": format!("https://dashboard.tosspayments.com/receipt/redirection?transactionId={key}&ref=PX")},
            "checkout": {"url": format!("https://api.tosspayments.com/v1/payments/{key}/checkout")},
            "metadata": null, "country": "KR",
        })
    );
    assert_eq!(world.query(&key).await.ok(), payment);
    assert_eq!(world.get(&format!("/v1/payments/orders/{ORDER}")).await.ok(), payment);
}

#[tokio::test(start_paused = true)]
async fn another_amount_or_order_is_refused_and_changes_nothing() {
    let world = World::start();
    let key = world.authenticated(ORDER);
    world.confirm(&key, ORDER, 100).await.refused(400, "INVALID_REQUEST");
    world.confirm(&key, "ord_another1", 15_000).await.refused(400, "INVALID_REQUEST");
    let text = json!({"paymentKey": key, "orderId": ORDER, "amount": "15000"});
    world.post("/v1/payments/confirm", text, &[]).await.refused(400, "INVALID_REQUEST");
    assert_eq!(world.query(&key).await.ok()["status"], "IN_PROGRESS");
    assert_eq!(world.confirm(&key, ORDER, 15_000).await.ok()["status"], "DONE");
}

#[tokio::test(start_paused = true)]
async fn a_second_confirm_is_refused_and_takes_nothing() {
    let world = World::start();
    let key = world.paid(ORDER).await;
    world.confirm(&key, ORDER, 15_000).await.refused(400, "ALREADY_PROCESSED_PAYMENT");
    assert_eq!(world.simulator.books().payments[0].approvals, 1);
}

#[tokio::test(start_paused = true)]
async fn an_order_is_paid_once_however_many_windows_were_opened_for_it() {
    let world = World::start();
    let (first, second) = (world.authenticated(ORDER), world.authenticated(ORDER));
    world.confirm(&first, ORDER, 15_000).await.ok();
    world.confirm(&second, ORDER, 15_000).await.refused(400, "DUPLICATED_ORDER_ID");
    let of_order = world.get(&format!("/v1/payments/orders/{ORDER}")).await.ok();
    assert_eq!(of_order["paymentKey"], first);
    assert_eq!(world.simulator.summary().orders_charged_twice, 0);
}

#[tokio::test(start_paused = true)]
async fn a_card_over_its_limit_aborts_the_payment_for_good() {
    let world = World::start();
    let key = world.opened(ORDER);
    world.simulator.authenticate(&key, BuyerChoice::PayOverLimit).unwrap();
    world.confirm(&key, ORDER, 15_000).await.refused(403, "REJECT_CARD_PAYMENT");
    let payment = world.query(&key).await.ok();
    assert_eq!(payment["status"], "ABORTED");
    assert_eq!(payment["failure"]["code"], "REJECT_CARD_PAYMENT");
    assert_eq!(payment["approvedAt"], json!(null));
    world.confirm(&key, ORDER, 15_000).await.refused(404, "NOT_FOUND_PAYMENT_SESSION");
}

#[tokio::test(start_paused = true)]
async fn unknown_keys_and_orders_are_not_found() {
    let world = World::start();
    world.confirm("tgen_unknown", ORDER, 100).await.refused(404, "NOT_FOUND_PAYMENT");
    world.query("tgen_unknown").await.refused(404, "NOT_FOUND_PAYMENT");
    world.get("/v1/payments/orders/ord_unknown").await.refused(404, "NOT_FOUND_PAYMENT");
}
