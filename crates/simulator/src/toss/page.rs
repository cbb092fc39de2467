//! The pages the buyer sees, in Korean and English. Whatever a shop wrote is escaped.

use std::collections::HashMap;
use std::fmt::Write;

use axum::http::{HeaderMap, header};

use super::payment::Payment;
use crate::clock::seoul_time;

/// `GET /v2/standard`.
pub(super) const SDK: &str = include_str!("assets/sdk.js");
const STYLE: &str = include_str!("assets/pay.css");

/// The language of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Korean,
    English,
}

/// A page that only says something.
#[derive(Clone, Copy, Debug)]
pub(super) enum Notice {
    BadReturnUrl,
    UnknownShop,
    UnknownPayment,
    Expired,
    AlreadyDone,
    NowhereToReturn,
}

impl Language {
    /// `?lang=en` or `?lang=ko`, else the browser's first language; Korean unless English.
    pub(super) fn of(headers: &HeaderMap, query: &HashMap<String, String>) -> Self {
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        let asked = query.get("lang").map(String::as_str).or(accepted).unwrap_or_default();
        if asked.starts_with("en") { Self::English } else { Self::Korean }
    }

    /// Keeps the language over a redirect.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Korean => "?lang=ko",
            Self::English => "?lang=en",
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Korean => "ko",
            Self::English => "en",
        }
    }

    fn pick<'a>(self, korean: &'a str, english: &'a str) -> &'a str {
        match self {
            Self::Korean => korean,
            Self::English => english,
        }
    }
}

/// The page on which a buyer pays.
pub(super) fn payment(payment: &Payment, shop: &str, language: Language) -> String {
    let say = |korean, english| language.pick(korean, english);
    let (key, lang) = (escape(&payment.key), language.code());
    let purchase = &payment.purchase;
    let button = |class: &str, choice: &str, label: &str, hint: &str| {
        let hint = if hint.is_empty() { String::new() } else { format!("<small>{hint}</small>") };
        format!(
            r#"<form method="post" action="/pay/{key}/{choice}?lang={lang}"><button class="{class}" type="submit"><span>{label}</span>{hint}</button></form>"#
        )
    };
    let amount = won(purchase.amount, language);
    let pay = match language {
        Language::Korean => format!("{amount} 결제하기"),
        Language::English => format!("Pay {amount}"),
    };
    let body = format!(
        r#"<header><p class="shop">{shop}</p>{switch}</header>
<section class="sum"><h1>{order_name}</h1><p class="amount">{amount}</p></section>
<dl>
<div><dt>{order}</dt><dd class="id">{order_id}</dd></div>
<div><dt>{method}</dt><dd>{card}</dd></div>
<div><dt>{until}</dt><dd>{deadline}</dd></div>
</dl>
<section class="actions">{pay}{cancel}</section>
<section class="trial"><h2>{trial}</h2>{over_limit}{declined}</section>
<footer>{footer}</footer>"#,
        shop = escape(shop),
        switch = switch(language),
        order_name = escape(&purchase.order_name),
        order = say("주문번호", "Order"),
        order_id = escape(&purchase.order_id),
        method = say("결제수단", "Method"),
        card = say("테스트 신용카드 · 일시불", "Test credit card · paid at once"),
        until = say("결제 기한", "Pay by"),
        deadline = deadline(payment, language),
        pay = button("primary", "pay", &pay, ""),
        cancel = button("plain", "cancel", say("결제 취소", "Cancel"), ""),
        trial = say("다른 결과로 끝내 보기", "Try another ending"),
        over_limit = button(
            "choice",
            "pay-over-limit",
            say("승인 단계에서 한도 초과", "Over the limit at approval"),
            say(
                "상점이 승인을 요청할 때 카드사가 거절해요",
                "The card company refuses when the shop confirms",
            ),
        ),
        declined = button(
            "choice",
            "declined",
            say("카드사 거절", "Declined by the card company"),
            say("인증하는 동안 카드사가 거절해요", "Refused while you authenticate"),
        ),
        footer = say(
            "연습용 결제창이라 돈이 나가지 않아요. 토스페이먼츠가 운영하지 않아요.",
            "A practice window: no money moves, and it is not run by Toss Payments.",
        ),
    );
    document(language, say("결제하기", "Pay"), &body)
}

/// A page that says one thing, with a way back if there is one.
pub(super) fn notice(notice: Notice, language: Language, back: Option<&str>) -> String {
    let (title, text) = notice.words(language);
    let link = back.map_or_else(String::new, |url| {
        let label = language.pick("상점으로 돌아가기", "Back to the shop");
        format!(
            r#"<section class="actions"><a class="primary" href="{}">{label}</a></section>"#,
            escape(url)
        )
    });
    let body = format!(
        r#"<section class="sum"><h1 class="said">{title}</h1><p>{text}</p></section>{link}"#
    );
    document(language, title, &body)
}

impl Notice {
    fn words(self, language: Language) -> (&'static str, &'static str) {
        let (korean, english) = match self {
            Self::BadReturnUrl => (
                ("결제창을 열 수 없어요", "돌아갈 주소가 올바르지 않아요. 상점에 문의해 주세요."),
                ("The window cannot open", "The address to return to is not a web address."),
            ),
            Self::UnknownShop => (
                (
                    "결제창을 열 수 없어요",
                    "등록되지 않은 상점이에요. 클라이언트 키를 확인해 주세요.",
                ),
                ("The window cannot open", "No shop has this client key."),
            ),
            Self::UnknownPayment => (
                ("결제를 찾을 수 없어요", "주소를 확인하거나 상점에서 다시 시작해 주세요."),
                ("No such payment", "Check the address or start again at the shop."),
            ),
            Self::Expired => (
                ("결제 시간이 지났어요", "결제되지 않았어요. 상점에서 다시 시작해 주세요."),
                ("The time to pay is over", "You were not charged. Start again at the shop."),
            ),
            Self::AlreadyDone => (
                ("이미 진행한 결제예요", "결과는 상점의 주문 내역에서 확인해 주세요."),
                ("Already taken care of", "The shop's order page shows how it ended."),
            ),
            Self::NowhereToReturn => (
                ("처리했어요", "돌아갈 상점 주소가 없는 결제예요."),
                ("Done", "This payment has no shop address to return to."),
            ),
        };
        match language {
            Language::Korean => korean,
            Language::English => english,
        }
    }
}

fn switch(language: Language) -> String {
    let (label, lang) = match language {
        Language::Korean => ("English", "en"),
        Language::English => ("한국어", "ko"),
    };
    format!(r#"<a class="lang" lang="{lang}" href="?lang={lang}">{label}</a>"#)
}

fn document(language: Language, title: &str, body: &str) -> String {
    let lang = language.code();
    format!(
        r#"<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body><main>{body}</main></body>
</html>
"#
    )
}

/// `14:36까지`, in Seoul; the window is shown only while it has an end.
fn deadline(payment: &Payment, language: Language) -> String {
    let at = payment.expires_at_ms().map(seoul_time).unwrap_or_default();
    let minute = at.get("yyyy-MM-ddT".len().."yyyy-MM-ddTHH:mm".len()).unwrap_or_default();
    match language {
        Language::Korean => format!("{minute}까지"),
        Language::English => format!("{minute} in Seoul"),
    }
}

/// `15,000원`, `₩15,000`.
fn won(amount: u64, language: Language) -> String {
    let digits = amount.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    match language {
        Language::Korean => format!("{grouped}원"),
        Language::English => format!("₩{grouped}"),
    }
}

/// For text and for quoted attributes.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' | '<' | '>' | '"' | '\'' => {
                let _ = write!(escaped, "&#{};", u32::from(letter));
            }
            letter => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_grouped_and_markup_is_escaped() {
        assert_eq!(won(100, Language::Korean), "100원");
        assert_eq!(won(1_234_567, Language::English), "₩1,234,567");
        assert_eq!(escape(r#"<a href="x">'&"#), "&#60;a href=&#34;x&#34;&#62;&#39;&#38;");
    }
}
