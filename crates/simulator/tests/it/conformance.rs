//! The 18 vectors of §15, in their order, against the stock gateway.

use std::collections::{HashMap, HashSet};

use payonce_simulator::pg::settings::Settings;
use serde_json::json;

use crate::world::{
    CARD, ORDER, UNSTABLE, World, no_key, no_order, pass_ms, payment, payment_with,
};

const ORDER_RULE: &str = "주문 ID는 6자리 이상 문자열이어야 합니다.";
const CARD_RULE: &str = "카드 번호는 xxxx-xxxx-xxxx-xxxx 형식이어야 합니다.";
const AMOUNT_RULE: &str = "결제금액은 양의 정수여야 합니다.";
const CALLBACK_RULE: &str = "콜백 URL 은 http://localhost:8080 로 시작해야 합니다.";

fn stock() -> World {
    World::start(Settings::stock(20_250_816))
}

/// Posts until the 40 % let one through.
async fn accepted(world: &World, order_id: &str) -> String {
    loop {
        let answer = world.pay(order_id).await;
        if answer.status.is_some_and(|status| status.is_success()) {
            return answer.data()["transactionKey"].as_str().unwrap().to_owned();
        }
        answer.refused(500, UNSTABLE);
    }
}

#[tokio::test(start_paused = true)]
async fn v01_a_missing_user_wins_over_a_broken_body() {
    stock().post_as(None, "{").await.refused(400, "유저 ID 헤더는 필수입니다.");
}

#[tokio::test(start_paused = true)]
async fn v02_a_short_order_id_is_rejected_without_delay() {
    let answer = stock().post(&payment_with("orderId", "12345")).await;
    answer.refused(400, ORDER_RULE);
    assert_eq!(answer.elapsed_ms, 0);
}

#[tokio::test(start_paused = true)]
async fn v03_a_blank_order_id_is_rejected() {
    stock().post(&payment_with("orderId", "      ")).await.refused(400, ORDER_RULE);
}

#[tokio::test(start_paused = true)]
async fn v04_a_card_number_without_dashes_is_rejected() {
    stock().post(&payment_with("cardNo", "1234567898141451")).await.refused(400, CARD_RULE);
}

#[tokio::test(start_paused = true)]
async fn v05_only_the_first_violated_rule_is_reported() {
    let mut payment = payment("12345");
    payment["cardNo"] = json!("1234567898141451");
    stock().post(&payment.to_string()).await.refused(400, ORDER_RULE);
}

#[tokio::test(start_paused = true)]
async fn v06_an_amount_in_a_string_is_accepted_or_fails_by_chance() {
    let world = stock();
    let mut accepted = 0;
    for _ in 0..50 {
        let answer = world.post(&payment_with("amount", "5000")).await;
        match answer.status.map(|status| status.as_u16()) {
            Some(200) => accepted += 1,
            _ => answer.refused(500, UNSTABLE),
        }
    }
    assert!((1..50).contains(&accepted), "both must happen, accepted {accepted} of 50");
    assert_eq!(world.simulator.books(None, 1).transactions[0].amount, 5000);
}

#[tokio::test(start_paused = true)]
async fn v07_an_amount_that_is_not_positive_is_rejected() {
    for amount in [0, -1] {
        stock().post(&payment_with("amount", amount)).await.refused(400, AMOUNT_RULE);
    }
}

#[tokio::test(start_paused = true)]
async fn v08_a_callback_to_a_numeric_address_is_rejected() {
    stock()
        .post(&payment_with("callbackUrl", "http://127.0.0.1:8080/x"))
        .await
        .refused(400, CALLBACK_RULE);
}

#[tokio::test(start_paused = true)]
async fn v09_a_card_type_in_lower_case_is_unknown() {
    let message = "필드 'cardType'의 값 'samsung'이(가) 예상 타입(CardTypeDto)과 일치하지 않습니다. 사용 가능한 값 : [SAMSUNG, KB, HYUNDAI]";
    stock().post(&payment_with("cardType", "samsung")).await.refused(400, message);
}

#[tokio::test(start_paused = true)]
async fn v10_a_missing_card_number_is_named() {
    let mut payment = payment(ORDER);
    payment.as_object_mut().unwrap().remove("cardNo");
    stock()
        .post(&payment.to_string())
        .await
        .refused(400, "필수 필드 'cardNo'이(가) 누락되었습니다.");
}

#[tokio::test(start_paused = true)]
async fn v11_forty_percent_of_ten_thousand_posts_fail_within_half_a_second_each() {
    let world = stock();
    let (mut failed, mut fastest, mut slowest) = (0_u32, u128::MAX, 0);
    for _ in 0..10_000 {
        let answer = world.pay(ORDER).await;
        fastest = fastest.min(answer.elapsed_ms);
        slowest = slowest.max(answer.elapsed_ms);
        if answer.status.is_some_and(|status| status.is_success()) {
            let data = answer.data();
            assert_eq!(data["status"], "PENDING");
            assert_eq!(data.as_object().unwrap().len(), 2);
            assert!(is_key(data["transactionKey"].as_str().unwrap()), "{data}");
        } else {
            answer.refused(500, UNSTABLE);
            failed += 1;
        }
    }
    assert!((3_850..=4_150).contains(&failed), "{failed} of 10,000 failed");
    // Both ends of 100…500 are drawn about twenty times; tokio's timer may round up by 1 ms.
    assert!((100..=101).contains(&fastest), "fastest {fastest} ms");
    assert!((500..=501).contains(&slowest), "slowest {slowest} ms");
}

/// `^\d{8}:TR:[0-9a-f]{6}$`
fn is_key(key: &str) -> bool {
    let is_hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    key.len() == 18
        && key.bytes().take(8).all(|byte| byte.is_ascii_digit())
        && key[8..].starts_with(":TR:")
        && key.bytes().skip(12).all(is_hexadecimal)
}

#[tokio::test(start_paused = true)]
async fn v12_a_fresh_transaction_is_pending_and_has_no_reason() {
    let world = stock();
    let key = accepted(&world, ORDER).await;
    assert_eq!(
        world.by_key(&key).await.text,
        format!(
            r#"{{"meta":{{"result":"SUCCESS"}},"data":{{"transactionKey":"{key}","orderId":"{ORDER}","cardType":"SAMSUNG","cardNo":"{CARD}","amount":5000,"status":"PENDING"}}}}"#
        )
    );
    assert_eq!(
        world.by_order(ORDER).await.text,
        format!(
            r#"{{"meta":{{"result":"SUCCESS"}},"data":{{"orderId":"{ORDER}","transactions":[{{"transactionKey":"{key}","status":"PENDING"}}]}}}}"#
        )
    );
}

#[tokio::test(start_paused = true)]
async fn v13_a_thousand_calm_transactions_are_decided_in_one_to_five_seconds_with_one_callback_each()
 {
    let world = stock();
    let mut accepted_at_ms = HashMap::new();
    for _ in 0..1_000 {
        let key = accepted(&world, ORDER).await;
        accepted_at_ms.insert(key, world.now_ms());
        pass_ms(1_000).await;
    }
    pass_ms(10_000).await;
    let mut verdicts: HashMap<String, u32> = HashMap::new();
    let mut called_back = HashSet::new();
    for callback in world.received() {
        let key = callback.body["transactionKey"].as_str().unwrap().to_owned();
        let waited_ms = callback.at_ms - accepted_at_ms[&key];
        assert!((1_000..=5_001).contains(&waited_ms), "decided after {waited_ms} ms");
        assert!(called_back.insert(key), "called back twice");
        *verdicts.entry(callback.body["reason"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    assert_eq!(called_back.len(), 1_000);
    let share = |reason: &str| verdicts.get(reason).copied().unwrap_or_default();
    assert!((660..=740).contains(&share("정상 승인되었습니다.")), "{verdicts:?}");
    assert!(
        (160..=240).contains(&share("한도초과입니다. 다른 카드를 선택해주세요.")),
        "{verdicts:?}"
    );
    assert!(
        (60..=140).contains(&share("잘못된 카드입니다. 다른 카드를 선택해주세요.")),
        "{verdicts:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn v14_another_user_does_not_see_the_transaction() {
    let world = stock();
    let key = accepted(&world, ORDER).await;
    world.get_as("user-2", &format!("/api/v1/payments/{key}")).await.refused(404, &no_key(&key));
    world
        .get_as("user-2", &format!("/api/v1/payments?orderId={ORDER}"))
        .await
        .refused(404, &no_order(ORDER));
}

#[tokio::test(start_paused = true)]
async fn v15_the_list_of_an_order_is_newest_first() {
    let world = stock();
    let (older, newer) = (accepted(&world, ORDER).await, accepted(&world, ORDER).await);
    let list = world.by_order(ORDER).await.data();
    let keys: Vec<_> =
        list["transactions"].as_array().unwrap().iter().map(|one| &one["transactionKey"]).collect();
    assert_eq!(keys, [&json!(newer), &json!(older)]);
}

#[tokio::test(start_paused = true)]
async fn v16_an_order_never_accepted_is_not_found() {
    stock().by_order("9999999999").await.refused(404, &no_order("9999999999"));
}

#[tokio::test(start_paused = true)]
async fn v17_a_refused_callback_is_not_repeated_and_the_verdict_stands() {
    let world = stock();
    world.receiver_answers(500);
    let key = accepted(&world, ORDER).await;
    pass_ms(60_000).await;
    assert_eq!(world.received().len(), 1);
    let data = world.by_key(&key).await.data();
    assert_eq!(data["status"], world.received()[0].body["status"]);
    assert_ne!(data["status"], "PENDING");
    assert_eq!(world.simulator.books(None, 1).transactions[0].callbacks[0].result, "500");
}

#[tokio::test(start_paused = true)]
async fn v18_the_same_post_twice_charges_twice() {
    let world = stock();
    let (first, second) = (accepted(&world, ORDER).await, accepted(&world, ORDER).await);
    assert_ne!(first, second);
    pass_ms(10_000).await;
    let called_back: HashSet<_> = world
        .received()
        .iter()
        .map(|one| one.body["transactionKey"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(called_back, HashSet::from([first, second]));
    assert_eq!(world.received().len(), 2);
    assert_eq!(world.simulator.summary().pending, 0);
}
