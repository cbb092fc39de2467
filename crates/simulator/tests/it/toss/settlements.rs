//! Settlements, §13, truthful and wrong on purpose.

use payonce_simulator::toss::mismatch::Mismatch;
use serde_json::{Value, json};

use super::world::{DAY_MS, ORDER, World, pass_ms};

const SOLD: &str = "startDate=2026-01-14&endDate=2026-01-14";

async fn lines(world: &World, query: &str) -> Vec<Value> {
    let answer = world.get(&format!("/v1/settlements?{query}")).await.ok();
    answer.as_array().unwrap().clone()
}

#[tokio::test(start_paused = true)]
async fn lines_appear_when_the_day_in_seoul_is_over() {
    let world = World::start();
    let key = world.paid(ORDER).await;
    let canceled = world.cancel(&key, json!({"cancelAmount": 5_000})).await.ok();
    let until_midnight_ms = (13 * 3600 + 44 * 60 + 30) * 1000;
    pass_ms(until_midnight_ms - 1).await;
    assert!(lines(&world, SOLD).await.is_empty());
    pass_ms(1).await;
    let lines = lines(&world, SOLD).await;
    assert_eq!(lines.len(), 2);
    let (approval, cancel) = (&lines[0], &lines[1]);
    assert_eq!(
        *approval,
        json!({
            "mId": "payoncesim", "paymentKey": key, "transactionKey": approval["transactionKey"],
            "orderId": ORDER, "currency": "KRW", "method": "카드", "amount": 15000,
            "interestFee": 0, "fees": [{"type": "BASE", "fee": 495}], "supplyAmount": 450,
            "vat": 45, "payOutAmount": 14505, "approvedAt": "2026-01-14T10:15:30+09:00",
            "soldDate": "2026-01-14", "paidOutDate": "2026-01-16", "card": canceled["card"],
            "easyPay": null, "giftCertificate": null, "mobilePhone": null, "transfer": null,
            "virtualAccount": null, "cancel": null,
        })
    );
    assert_eq!(cancel["cancel"], canceled["cancels"][0]);
    assert_eq!(cancel["transactionKey"], canceled["lastTransactionKey"]);
    assert_eq!((&cancel["amount"], &cancel["payOutAmount"]), (&json!(-5_000), &json!(-4_835)));
}

#[tokio::test(start_paused = true)]
async fn cancel_lines_are_positive_when_set_so() {
    let world = World::with(json!({"settlement": {"cancelLines": "positive"}}));
    let key = world.paid(ORDER).await;
    world.cancel(&key, json!({})).await.ok();
    pass_ms(DAY_MS).await;
    let lines = lines(&world, SOLD).await;
    assert_eq!((&lines[1]["amount"], &lines[1]["payOutAmount"]), (&json!(15_000), &json!(14_505)));
}

#[tokio::test(start_paused = true)]
async fn pages_are_walked_until_one_is_short() {
    let world = World::start();
    for at in 0..5 {
        world.paid(&format!("ord_page_{at}")).await;
    }
    pass_ms(DAY_MS).await;
    let mut sizes = Vec::new();
    for page in 1..=4 {
        sizes.push(lines(&world, &format!("{SOLD}&size=2&page={page}")).await.len());
    }
    assert_eq!(sizes, [2, 2, 1, 0]);
    let by_payout = "startDate=2026-01-16&endDate=2026-01-16&dateType=paidOutDate";
    assert_eq!(lines(&world, by_payout).await.len(), 5);
    for wrong in ["dateType=approvedAt", "page=0", "size=5001", "size=x"] {
        let answer = world.get(&format!("/v1/settlements?{SOLD}&{wrong}")).await;
        answer.refused(400, "INVALID_REQUEST");
    }
}

#[tokio::test(start_paused = true)]
async fn mismatches_are_made_on_request_and_undone() {
    let world = World::start();
    let mut keys = Vec::new();
    for at in 0..3 {
        world.paid(&format!("ord_wrong_{at}")).await;
    }
    for payment in world.simulator.books().payments {
        keys.push(payment.transaction_key.unwrap());
    }
    pass_ms(DAY_MS).await;
    let truth = lines(&world, SOLD).await;
    for mismatch in [
        json!({"drop": {"transactionKey": keys[0]}}),
        json!({"duplicate": {"transactionKey": keys[1]}}),
        json!({"change": {"transactionKey": keys[2], "amount": 14_000, "fee": 600}}),
    ] {
        world.control("POST", "settlements/mismatches", mismatch).await.ok();
    }
    world.simulator.mismatch(Mismatch::Add {
        payment_key: "tgen_unknown".to_owned(),
        order_id: "ord_unknown".to_owned(),
        amount: 20_000,
    });
    let wrong = lines(&world, SOLD).await;
    let seen: Vec<_> =
        wrong.iter().map(|line| (line["orderId"].as_str().unwrap(), &line["amount"])).collect();
    assert_eq!(
        seen,
        [
            ("ord_wrong_1", &json!(15_000)),
            ("ord_wrong_1", &json!(15_000)),
            ("ord_wrong_2", &json!(14_000)),
            ("ord_unknown", &json!(20_000)),
        ]
    );
    assert_eq!((&wrong[2]["payOutAmount"], &wrong[2]["vat"]), (&json!(13_400), &json!(55)));
    let cleared = world.control("DELETE", "settlements/mismatches", Value::Null).await;
    assert_eq!(cleared.status.unwrap().as_u16(), 204);
    assert_eq!(lines(&world, SOLD).await, truth);
}
