//! The payment window, clicked through as a browser would.

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;

use super::world::{Answer, MINUTE_MS, ORDER, World, pass_ms};

const PAY: &str = "/pay?clientKey=test_ck_payonce_simulator&orderId=ord_9f2c4e1a7b\
    &orderName=%EC%9B%90%EB%91%90%20%3Cb%3E&amount=15000&currency=KRW\
    &successUrl=https%3A%2F%2Fshop.example%2Fpaid%3Fcart%3D7&failUrl=https%3A%2F%2Fshop.example%2Ffailed";

impl Answer {
    #[track_caller]
    fn location(&self) -> String {
        assert_eq!(self.status, Some(StatusCode::SEE_OTHER), "{self:?}");
        self.header("location").unwrap().to_owned()
    }
}

async fn visit(world: &World, url: &str) -> Answer {
    world.call(Request::get(url).body(Body::empty()).unwrap()).await
}

async fn press(world: &World, page: &Answer, choice: &str) -> Answer {
    let from = page.text.find(&format!("/{choice}?lang=")).expect("a button");
    let start = page.text[..from].rfind("action=\"").unwrap() + "action=\"".len();
    let action = page.text[start..].split('"').next().unwrap();
    world.call(Request::post(action).body(Body::empty()).unwrap()).await
}

#[tokio::test(start_paused = true)]
async fn a_buyer_pays_and_the_shop_confirms() {
    let world = World::start();
    let page = visit(&world, &visit(&world, PAY).await.location()).await;
    assert_eq!(page.status, Some(StatusCode::OK));
    for shown in ["payonce 상점", "원두 &#60;b&#62;", "15,000원 결제하기", "10:45까지", "결제 취소"]
    {
        assert!(page.text.contains(shown), "{shown} in {}", page.text);
    }
    assert!(!page.text.contains("<b>"));
    let back = press(&world, &page, "pay").await.location();
    let key = &world.simulator.books().payments[0].payment_key;
    assert_eq!(
        back,
        format!(
            "https://shop.example/paid?cart=7&paymentType=NORMAL&paymentKey={key}&orderId={ORDER}&amount=15000"
        )
    );
    assert_eq!(world.confirm(key, ORDER, 15_000).await.ok()["status"], "DONE");
    let again = visit(&world, &format!("/pay/{key}")).await;
    assert!(again.text.contains("이미 진행한 결제예요"), "{}", again.text);
    assert!(press(&world, &page, "pay").await.location().starts_with("/pay/"));
}

#[tokio::test(start_paused = true)]
async fn giving_up_and_being_declined_lead_to_the_fail_url() {
    let world = World::start();
    let page = visit(&world, &visit(&world, PAY).await.location()).await;
    let back = press(&world, &page, "cancel").await.location();
    assert!(back.starts_with("https://shop.example/failed?code=PAY_PROCESS_CANCELED&message=%EC"));
    assert!(back.ends_with(&format!("&orderId={ORDER}")));
    let back = press(&world, &page, "declined").await.location();
    assert!(back.contains("code=PAY_PROCESS_ABORTED"));
    let back = press(&world, &page, "pay-over-limit").await.location();
    assert!(back.starts_with("https://shop.example/paid?"));
    let key = &world.simulator.books().payments[0].payment_key;
    world.confirm(key, ORDER, 15_000).await.refused(403, "REJECT_CARD_PAYMENT");
}

#[tokio::test(start_paused = true)]
async fn a_window_opens_only_for_this_shop_and_returns_only_to_the_web() {
    let world = World::start();
    for (wrong, status) in [
        (PAY.replace("https%3A%2F%2Fshop.example%2Ffailed", "javascript%3Aalert(1)"), 400),
        (PAY.replace("https%3A%2F%2Fshop.example%2Fpaid", "%2Fpaid"), 400),
        (PAY.replace("test_ck_payonce", "test_ck_other"), 401),
    ] {
        let answer = visit(&world, &wrong).await;
        assert_eq!(answer.status.unwrap().as_u16(), status, "{wrong}");
        assert!(answer.text.contains("결제창을 열 수 없어요"));
    }
    for (wrong, code) in [
        (PAY.replace("amount=15000", "amount=99"), "BELOW_MINIMUM_AMOUNT"),
        (PAY.replace("amount=15000", "amount=many"), "INVALID_REQUEST"),
        (PAY.replace("amount=15000", "amount=18446744073709551615"), "INVALID_REQUEST"),
        (PAY.replace("currency=KRW", "currency=USD"), "INVALID_REQUEST"),
        (PAY.replace(ORDER, "short"), "INVALID_ORDER_ID"),
    ] {
        let back = visit(&world, &wrong).await.location();
        assert!(back.starts_with(&format!("https://shop.example/failed?code={code}&")), "{back}");
    }
    assert_eq!(world.simulator.summary().payments, 0);
    world.paid(ORDER).await;
    assert!(visit(&world, PAY).await.location().contains("code=DUPLICATED_ORDER_ID"));
}

#[tokio::test(start_paused = true)]
async fn an_expired_window_says_so_and_leads_back() {
    let world = World::start();
    let url = visit(&world, PAY).await.location();
    let page = visit(&world, &url).await;
    pass_ms(30 * MINUTE_MS).await;
    assert_eq!(press(&world, &page, "pay").await.location(), url);
    let page = visit(&world, &url).await;
    assert!(page.text.contains("결제 시간이 지났어요"), "{}", page.text);
    assert!(page.text.contains("https://shop.example/failed"));
    assert!(visit(&world, "/pay/tgen_unknown").await.text.contains("결제를 찾을 수 없어요"));
}

#[tokio::test(start_paused = true)]
async fn the_page_speaks_english_to_who_asks() {
    let world = World::start();
    let request = Request::get(PAY).header("accept-language", "en-US,en;q=0.9");
    let url = world.call(request.body(Body::empty()).unwrap()).await.location();
    let page = visit(&world, &url).await;
    assert!(page.text.contains("Pay ₩15,000") && page.text.contains("한국어"));
}

#[tokio::test(start_paused = true)]
async fn the_sdk_is_a_script() {
    let world = World::with(json!({"shopName": "책방"}));
    let sdk = visit(&world, "/v2/standard").await;
    assert_eq!(sdk.header("content-type"), Some("text/javascript; charset=utf-8"));
    assert!(sdk.text.contains("TossPayments.ANONYMOUS"));
}
