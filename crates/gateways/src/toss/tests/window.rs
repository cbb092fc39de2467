use payonce_domain::{
    money::{Currency, Money},
    payment::{Attempt, page::Return},
};
use payonce_ports::gateway::{Gateway, HostedPage, NoPage, Opening, Page, Returned};

use super::{KEY, Wire, toss};
use crate::samples::attempt;

fn opening() -> Opening {
    Opening {
        order_name: "원두 1kg 외 1건".to_owned(),
        buyer: "5d0e4f3a-0d3c-4a9e-9f6b-3a6b1c2d4e5f".to_owned(),
        agreed_url: "https://shop.example/return?order=1".to_owned(),
        refused_url: "https://shop.example/refused?order=1".to_owned(),
    }
}

async fn page(attempt: &Attempt, opening: &Opening) -> Result<HostedPage, NoPage> {
    match toss(&Wire::answering([])).open_page(attempt, opening).await? {
        Page::Html(page) => Ok(page),
        Page::Redirect(url) => panic!("redirects to {url}"),
    }
}

#[tokio::test]
async fn the_window_opens_with_our_order_amount_and_addresses() {
    let page = page(&attempt(None), &opening()).await.expect("a page");
    assert_eq!(page.script_url, "https://js.tosspayments.com/v2/standard");
    let expected = concat!(
        r#"TossPayments("test_ck_D5GePWvyJnrK0W0k6q8gLzN97Eoq")"#,
        r#".payment({"customerKey":"5d0e4f3a-0d3c-4a9e-9f6b-3a6b1c2d4e5f"})"#,
        r#".requestPayment({"method":"CARD","amount":{"currency":"KRW","value":15000},"#,
        r#""orderId":"ord_9f2c4e1a7b","orderName":"원두 1kg 외 1건","#,
        r#""successUrl":"https://shop.example/return?order=1","#,
        r#""failUrl":"https://shop.example/refused?order=1"})"#,
        r#".catch(function(error){location.replace("#,
        r#""https://shop.example/refused?order=1\u0026orderId=ord_9f2c4e1a7b""#,
        r#"+"&code="+encodeURIComponent(error.code||"PAY_PROCESS_ABORTED")"#,
        r#"+"&message="+encodeURIComponent(error.message||""))});"#,
    );
    assert_eq!(page.inline_script, expected);
}

#[tokio::test]
async fn no_value_leaves_the_script() {
    let hostile = "\"</script><script>alert(1)</script><!--&\\\u{2028}\u{2029}\n'";
    let opening = Opening {
        order_name: hostile.to_owned(),
        agreed_url: format!("https://shop.example/{hostile}"),
        refused_url: format!("https://shop.example/{hostile}"),
        ..opening()
    };
    let script = page(&attempt(None), &opening).await.expect("a page").inline_script;
    for dangerous in ["<", ">", "\u{2028}", "\u{2029}", "\n", "&\\"] {
        assert!(!script.contains(dangerous), "{dangerous:?} in {script}");
    }
    let request = script
        .split_once("requestPayment(")
        .and_then(|(_, rest)| rest.split_once(").catch("))
        .map(|(request, _)| request)
        .expect("a request");
    let request: serde_json::Value = serde_json::from_str(request).expect("JSON");
    assert_eq!(request["orderName"], hostile.trim());
    assert_eq!(request["successUrl"], format!("https://shop.example/{hostile}"));
}

#[tokio::test]
async fn a_name_of_the_order_fits_and_is_never_empty() {
    for (order_name, expected) in [
        (String::new(), "ord_9f2c4e1a7b".to_owned()),
        ("  ".to_owned(), "ord_9f2c4e1a7b".to_owned()),
        ("가".repeat(101), "가".repeat(100)),
        ("😀".repeat(51), "😀".repeat(50)),
    ] {
        let opening = Opening { order_name, ..opening() };
        let script = page(&attempt(None), &opening).await.expect("a page").inline_script;
        assert!(script.contains(&format!(r#""orderName":"{expected}""#)), "{script}");
    }
}

#[tokio::test]
async fn a_window_that_toss_would_not_open_is_not_tried() {
    let dollars = Attempt { amount: Money::new(1_000, Currency::USD), ..attempt(None) };
    let elsewhere = Attempt { gateway_user_id: "another".to_owned(), ..attempt(None) };
    let ours = attempt(None);
    let long = "a".repeat(51);
    for (attempt, buyer) in [
        (&dollars, opening().buyer),
        (&elsewhere, opening().buyer),
        (&ours, String::new()),
        (&ours, "a b".to_owned()),
        (&ours, long),
    ] {
        let opening = Opening { buyer, ..opening() };
        let refused = page(attempt, &opening).await;
        assert!(matches!(refused, Err(NoPage::Unavailable(_))), "{refused:?}");
    }
}

fn read(fields: &[(&str, &str)]) -> Option<Returned> {
    let fields: Vec<_> =
        fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    toss(&Wire::answering([])).read_return(&fields)
}

#[test]
fn a_buyer_who_agreed_brings_what_to_confirm() {
    let returned = read(&[
        ("paymentType", "NORMAL"),
        ("paymentKey", KEY),
        ("orderId", "ord_9f2c4e1a7b"),
        ("amount", "15000"),
    ]);
    let expected = Return {
        gateway_order_id: "ord_9f2c4e1a7b".to_owned(),
        amount: Some(Money::krw(15_000)),
        authentication: KEY.to_owned(),
    };
    assert_eq!(returned, Some(Returned::Agreed(expected)));
}

#[test]
fn a_buyer_who_did_not_brings_why() {
    let returned = read(&[
        ("code", "PAY_PROCESS_CANCELED"),
        ("message", "사용자에 의해 결제가 취소되었습니다.\u{0}"),
        ("orderId", "ord_9f2c4e1a7b"),
        ("orderId", "ord_9f2c4e1a7b"),
    ]);
    let text = "PAY_PROCESS_CANCELED: 사용자에 의해 결제가 취소되었습니다. ".to_owned();
    let gateway_order_id = "ord_9f2c4e1a7b".to_owned();
    assert_eq!(returned, Some(Returned::TurnedDown { gateway_order_id, text }));
}

#[test]
fn what_toss_would_not_send_is_none_of_its_returns() {
    let long = "k".repeat(1 << 20);
    let (key, order, won) =
        (("paymentKey", KEY), ("orderId", "ord_9f2c4e1a7b"), ("amount", "15000"));
    for (name, fields) in [
        ("nothing", vec![]),
        ("no order", vec![key, won]),
        ("no amount", vec![key, order]),
        ("no key", vec![order, won]),
        ("a long key", vec![("paymentKey", &long), order, won]),
        ("an empty key", vec![("paymentKey", ""), order, won]),
        ("a key with a space", vec![("paymentKey", "a b"), order, won]),
        ("a key that is a path", vec![("paymentKey", ".."), order, won]),
        ("a long order", vec![key, ("orderId", &long), won]),
        ("a short order", vec![key, ("orderId", "ord_1"), won]),
        ("a strange order", vec![key, ("orderId", "' OR 1=1"), won]),
        ("a negative amount", vec![key, order, ("amount", "-1")]),
        ("an amount with decimals", vec![key, order, ("amount", "15000.0")]),
        ("a long amount", vec![key, order, ("amount", "9999999999999999999999")]),
        ("an empty amount", vec![key, order, ("amount", "")]),
        ("two amounts", vec![key, order, won, ("amount", "1")]),
        ("two orders", vec![key, order, won, ("orderId", "ord_another")]),
        ("a failure without an order", vec![("code", "PAY_PROCESS_CANCELED")]),
        ("a strange code", vec![("code", "<b>"), order]),
        ("a long code", vec![("code", &long), order]),
    ] {
        assert_eq!(read(&fields), None, "{name}");
    }
}

#[test]
fn a_long_message_is_cut() {
    let long = "x".repeat(1 << 20);
    let returned = read(&[("code", "X"), ("message", &long), ("orderId", "ord_9f2c4e1a7b")]);
    let Some(Returned::TurnedDown { text, .. }) = returned else { panic!("{returned:?}") };
    assert_eq!(text.chars().count(), 200);
}
