//! The pages that buyers see on their way to the gateway's page and back.

use std::sync::atomic::Ordering;

use axum::http::Method;
use payonce_domain::payment::ProblemCode;
use serde_json::{Value, json};

use crate::{
    gateway::Say,
    world::{Answer, PUBLIC, World, id_of, page_order_of, payment_id, query, returned},
};

fn page(order: &Value) -> String {
    format!("/pay/{}", payment_id(order))
}

fn back(order: &Value, returned: &Value) -> String {
    format!("{}/return/agreed?{}", page(order), query(returned))
}

async fn show(world: &World, path: &str, language: &str) -> Answer {
    world.call(Method::GET, path, "", &[("accept-language", language)], "").await
}

#[track_caller]
fn html(answer: &Answer, status: u16) -> &str {
    assert_eq!(answer.status, status, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    assert!(answer.text.starts_with("<!doctype html>"), "{}", answer.text);
    assert_eq!(answer.header("x-frame-options"), "DENY");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
    &answer.text
}

#[tokio::test]
async fn the_page_tells_what_is_paid_and_opens_the_gateways_under_a_nonce() {
    let world = World::new().await;
    let body = json!({"kind": "book", "name": "<b>R&D</b>", "price": 12_000, "stock": 9});
    let product = world.post("/v1/products", &world.operator, &body).await.is(201);
    let product = product["id"].as_str().expect("an id");
    let order = world.order("k", &page_order_of(product, 2)).await.is(202);
    for (language, button, amount) in
        [("en", "Open the payment page", "24,000 KRW"), ("ko", "결제창 열기", "24,000원")]
    {
        let answer = show(&world, &page(&order), language).await;
        let text = html(&answer, 200);
        assert!(text.contains(button) && text.contains(amount), "{text}");
        assert!(text.contains("&lt;b&gt;R&amp;D&lt;/b&gt;") && !text.contains("<b>R&D"), "{text}");
        assert_eq!(answer.header("content-language"), language);
        let policy = answer.header("content-security-policy");
        let nonce = policy.split("'nonce-").nth(1).and_then(|rest| rest.split('\'').next());
        let nonce = nonce.expect("a nonce");
        let script = format!("<script nonce=\"{nonce}\" src=\"https://js.hosted.example/v1\">");
        assert!(text.contains(&script), "{text}");
        assert!(!policy.contains("unsafe-eval") && policy.contains("'strict-dynamic'"), "{policy}");
        let agreed = format!("{PUBLIC}{}/return/agreed", page(&order));
        assert!(text.contains(&agreed), "{text}");
    }
    let nonces: Vec<_> =
        [show(&world, &page(&order), "en").await, show(&world, &page(&order), "en").await]
            .map(|answer| answer.header("content-security-policy").to_owned())
            .into();
    assert_ne!(nonces[0], nonces[1], "a nonce is used once");
    assert_eq!(world.hosted.charges(), 0);
}

#[tokio::test]
async fn a_gateway_elsewhere_is_gone_to_and_one_that_is_down_is_told() {
    let world = World::new().await;
    let order = world.at_page("k", 1_000).await;
    *world.hosted.elsewhere.lock() = Some("https://hosted.example/pay/1".to_owned());
    let answer = show(&world, &page(&order), "en").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, "https://hosted.example/pay/1")
    );
    world.hosted.page_is_down.store(true, Ordering::Relaxed);
    let answer = show(&world, &page(&order), "en").await;
    let text = html(&answer, 503);
    assert!(
        text.contains("Nothing was charged") && text.contains("http-equiv=\"refresh\""),
        "{text}"
    );
    assert!(!text.contains("script says"), "no inner words: {text}");
}

#[tokio::test]
async fn a_buyer_who_agreed_is_charged_once_however_often_they_come_back() {
    let world = World::new().await;
    let order = world.at_page("k", 1_000).await;
    for _time in 0..3 {
        let answer = show(&world, &back(&order, &returned(&order)), "en").await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        let result = format!("{}/result", page(&order));
        assert_eq!(answer.header("location"), format!("{PUBLIC}{result}"));
        let answer = show(&world, &result, "en").await;
        assert!(html(&answer, 200).contains("<h1>Paid</h1>"), "{}", answer.text);
        let again = show(&world, &page(&order), "ko").await;
        assert!(html(&again, 200).contains("<h1>결제했어요</h1>"), "nothing waits: {}", again.text);
    }
    assert_eq!(world.hosted.charges(), 1);
}

#[tokio::test]
async fn what_is_forged_doubled_or_late_is_told_and_changes_nothing() {
    let world = World::new().await;
    let order = world.at_page("a", 1_000).await;
    let other = world.at_page("b", 1_000).await;
    let mut cheaper = returned(&order);
    cheaper["amount"] = json!(1);
    for (path, status) in [
        (back(&order, &cheaper), 409),
        (back(&order, &returned(&other)), 409),
        (format!("{}/return/agreed?nonsense=%3Cscript%3E", page(&order)), 400),
        (format!("{}/return/agreed", page(&order)), 400),
    ] {
        let answer = show(&world, &path, "en").await;
        let text = html(&answer, status);
        assert!(text.contains("Nothing was confirmed"), "{path}: {text}");
        assert!(text.contains("Not paid yet") && !text.contains("<script"), "{path}: {text}");
    }
    assert_eq!(world.hosted.charges(), 0);

    show(&world, &back(&order, &returned(&order)), "en").await;
    show(&world, &format!("{}/result", page(&order)), "en").await;
    let mut another = returned(&order);
    another["token"] = json!("t-2");
    let answer = show(&world, &back(&order, &another), "en").await;
    let text = html(&answer, 409);
    assert!(text.contains("Another agreement") && text.contains("<h1>Paid</h1>"), "{text}");

    let cancel = format!("/v1/orders/{}/cancel", id_of(&other));
    world.post(&cancel, &world.buyer, &json!({})).await.is(200);
    let answer = show(&world, &back(&other, &returned(&other)), "en").await;
    assert!(html(&answer, 410).contains("too late"), "{}", answer.text);
    assert_eq!(world.hosted.charges(), 1);
}

#[tokio::test]
async fn a_buyer_who_turned_it_down_is_told_so_with_or_without_words() {
    let world = World::new().await;
    let order = world.at_page("k", 1_000).await;
    let wordless = format!("{}/return/refused?code=CANCEL", page(&order));
    assert_eq!(show(&world, &wordless, "en").await.status, 303);
    let result = format!("{}/result", page(&order));
    let answer = show(&world, &result, "en").await;
    let text = html(&answer, 200);
    assert!(text.contains("Not paid yet") && text.contains("Go to the payment page"), "{text}");
    let mut refused = returned(&order);
    refused["refused"] = json!("CANCEL");
    let path = format!("{}/return/refused?{}", page(&order), query(&refused));
    assert_eq!(show(&world, &path, "en").await.status, 303);
    let answer = show(&world, &result, "en").await;
    assert!(html(&answer, 200).contains("Nothing was charged"), "{}", answer.text);
    assert_eq!(world.hosted.charges(), 0);
}

#[tokio::test]
async fn a_page_in_doubt_says_not_to_pay_again_and_asks_again_by_itself() {
    let world = World::new().await;
    let order = world.at_page("k", 1_000).await;
    world.hosted.will([Say::Unknown]);
    show(&world, &back(&order, &returned(&order)), "en").await;
    let result = format!("{}/result", page(&order));
    let answer = show(&world, &result, "en").await;
    let text = html(&answer, 200);
    assert!(text.contains("Do not pay again") && text.contains("http-equiv=\"refresh\""), "{text}");

    let order = world.at_page("d", 1_000).await;
    world.hosted.will([Say::Decline(ProblemCode::InvalidCard)]);
    show(&world, &back(&order, &returned(&order)), "en").await;
    let answer = show(&world, &format!("{}/result", page(&order)), "ko").await;
    assert!(html(&answer, 200).contains("결제가 거절됐어요"), "{}", answer.text);
}

#[tokio::test]
async fn a_gateway_that_confirms_nothing_now_may_be_asked_again_by_the_buyer() {
    let world = World::new().await;
    let order = world.at_page("k", 1_000).await;
    *world.hosted.refuses.lock() = true;
    let path = back(&order, &returned(&order));
    let answer = show(&world, &path, "en").await;
    let text = html(&answer, 503);
    assert!(text.contains("Confirm again"), "{text}");
    assert!(text.contains(&path.replace('&', "&amp;")), "to this very address: {text}");
    *world.hosted.refuses.lock() = false;
    assert_eq!(show(&world, &path, "en").await.status, 303);
    assert_eq!(world.hosted.charges(), 1);
}

#[tokio::test]
async fn a_payment_that_nobody_knows_is_a_page_too() {
    let world = World::new().await;
    for path in [
        format!("/pay/pay_{}", "0".repeat(26)),
        "/pay/nonsense".to_owned(),
        "/pay/nonsense/result".to_owned(),
        "/pay/nonsense/return/agreed?x=1".to_owned(),
    ] {
        let answer = show(&world, &path, "ko").await;
        assert!(html(&answer, 404).contains("결제를 찾을 수 없어요"), "{path}");
    }
    let order = world.at_page("k", 1_000).await;
    let answer = show(&world, &format!("{}/return/otherwise", page(&order)), "en").await;
    html(&answer, 404);
}
