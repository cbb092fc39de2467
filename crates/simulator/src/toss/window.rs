//! The payment window in the buyer's browser: the SDK opens it, the buyer acts, and the browser
//! goes back to the shop.

use std::collections::HashMap;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use reqwest::Url;
use serde::de::IntoDeserializer;
use serde::de::value::Error as UnknownChoice;
use serde::{Deserialize, de};

use super::Simulator;
use super::buyer::{BuyerChoice, ReturnQuery};
use super::codes;
use super::page::{self, Language, Notice};
use super::payment::{Purchase, ReturnUrls, Status};

/// The browser SDK, shaped like the one of Toss Payments.
pub(super) async fn sdk() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], page::SDK)
}

type Parameters = HashMap<String, String>;

/// `GET /pay?clientKey&orderId&orderName&amount&currency&successUrl&failUrl`: makes a READY
/// payment and goes to its page.
pub(super) async fn open(
    State(simulator): State<Simulator>,
    Query(query): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    let language = Language::of(&headers, &query);
    let get = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let urls = (get("successUrl"), get("failUrl"));
    let (Some(success), Some(fail)) = (web_url(urls.0), web_url(urls.1)) else {
        return notice(StatusCode::BAD_REQUEST, Notice::BadReturnUrl, language, None);
    };
    if get("clientKey") != simulator.settings().client_key {
        return notice(StatusCode::UNAUTHORIZED, Notice::UnknownShop, language, None);
    }
    let order_id = get("orderId");
    let refuse = |code| go(&fail, &ReturnQuery::failed(code, order_id));
    let Ok(amount) = get("amount").parse() else {
        return refuse(&codes::INVALID_REQUEST);
    };
    if !matches!(get("currency"), "" | "KRW") {
        return refuse(&codes::INVALID_REQUEST);
    }
    let purchase = Purchase {
        order_id: order_id.to_owned(),
        order_name: get("orderName").to_owned(),
        amount,
        tax_free: 0,
    };
    if let Err(code) = purchase.check() {
        return refuse(code);
    }
    if simulator.store().is_paid(order_id) {
        return refuse(&codes::DUPLICATED_ORDER_ID);
    }
    let urls = ReturnUrls { success: success.into(), fail: fail.clone().into() };
    let key = simulator.open(purchase, Some(urls));
    Redirect::to(&format!("/pay/{key}{}", language.suffix())).into_response()
}

/// The page of one payment.
pub(super) async fn show(
    State(simulator): State<Simulator>,
    Path(key): Path<String>,
    Query(query): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    let language = Language::of(&headers, &query);
    simulator.expire_if_due(&key);
    let found = simulator.store().payment(&key).cloned();
    let Some(payment) = found else {
        return notice(StatusCode::NOT_FOUND, Notice::UnknownPayment, language, None);
    };
    if payment.status == Status::Ready {
        let shop = &simulator.settings().shop_name;
        return html(StatusCode::OK, page::payment(&payment, shop, language));
    }
    let back = payment.return_urls.map(|urls| urls.fail);
    let words =
        if payment.status == Status::Expired { Notice::Expired } else { Notice::AlreadyDone };
    notice(StatusCode::OK, words, language, back.as_deref())
}

/// `POST /pay/{paymentKey}/{choice}`: the buyer presses a button.
pub(super) async fn choose(
    State(simulator): State<Simulator>,
    Path((key, choice)): Path<(String, String)>,
    Query(query): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    let language = Language::of(&headers, &query);
    let choice: Result<BuyerChoice, UnknownChoice> = read_choice(&choice);
    let returned = choice.ok().and_then(|choice| simulator.authenticate(&key, choice));
    let Some(returned) = returned else {
        return Redirect::to(&format!("/pay/{key}{}", language.suffix())).into_response();
    };
    let urls = simulator.store().payment(&key).and_then(|payment| payment.return_urls.clone());
    let back = urls.and_then(|urls| match &returned {
        ReturnQuery::Success { .. } => web_url(&urls.success),
        ReturnQuery::Fail { .. } => web_url(&urls.fail),
    });
    match back {
        Some(back) => go(&back, &returned),
        None => notice(StatusCode::OK, Notice::NowhereToReturn, language, None),
    }
}

fn read_choice<E: de::Error>(name: &str) -> Result<BuyerChoice, E> {
    BuyerChoice::deserialize(name.into_deserializer())
}

/// Only addresses of the web: anything else could run in the buyer's browser.
fn web_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

/// 303 to the shop, with what it is told behind whatever its address already carries.
fn go(url: &Url, returned: &ReturnQuery) -> Response {
    let mut url = url.clone();
    url.query_pairs_mut().extend_pairs(returned.pairs());
    Redirect::to(url.as_str()).into_response()
}

fn notice(status: StatusCode, words: Notice, language: Language, back: Option<&str>) -> Response {
    html(status, page::notice(words, language, back))
}

fn html(status: StatusCode, page: String) -> Response {
    const HEADERS: [(HeaderName, &str); 4] = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'self'",
        ),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, HEADERS, Html(page)).into_response()
}
