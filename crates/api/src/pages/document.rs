//! One page: its words, escaped, under a policy that runs no script but its own and the gateway's.

use std::fmt::Write as _;

use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::Response,
};
use payonce_domain::{sale::Sale, words::Word as _};
use payonce_ports::gateway::HostedPage;

use crate::{
    api::Api,
    asked::Asked,
    language::{Language, Sentence},
    views,
};

const STYLE: &str = include_str!("style.css");
const OPEN: &str = include_str!("open.js");
/// Where the gateway's own script stands in `open.js`.
const GATEWAY: &str = "/* the gateway's script */";

/// A page.
pub(super) struct Document {
    pub(super) status: StatusCode,
    pub(super) tone: Tone,
    pub(super) headline: Sentence,
    /// What just happened, if it is not the whole story.
    pub(super) notice: Option<String>,
    pub(super) text: String,
    /// What is paid, escaped and ready.
    pub(super) summary: String,
    pub(super) links: Vec<Link>,
    /// Opens the gateway's page.
    pub(super) gateway: Option<HostedPage>,
    pub(super) refresh_seconds: Option<u64>,
}

/// How a page feels; its words say the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Bad,
    Waiting,
}

/// A way on.
pub(super) struct Link {
    pub(super) words: Sentence,
    pub(super) url: String,
}

impl Document {
    /// A page with these words and nothing else.
    pub(super) fn new(tone: Tone, headline: Sentence, text: String) -> Self {
        Self {
            status: StatusCode::OK,
            tone,
            headline,
            notice: None,
            text,
            summary: String::new(),
            links: Vec::new(),
            gateway: None,
            refresh_seconds: None,
        }
    }

    /// The answer that carries it.
    pub(super) fn answer(self, api: &Api, asked: &Asked) -> Response {
        let entropy = api.engine().entropy();
        let nonce = format!("{:016x}{:016x}", entropy.number(), entropy.number());
        let mut response = Response::new(Body::from(self.written(asked.language, &nonce)));
        *response.status_mut() = self.status;
        let mut set = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name, value);
            }
        };
        set(header::CONTENT_TYPE, "text/html; charset=utf-8");
        set(header::CONTENT_LANGUAGE, asked.language.tag());
        set(header::CONTENT_SECURITY_POLICY, &policy(self.gateway.as_ref(), &nonce));
        if let Some(seconds) = self.refresh_seconds.filter(|_| self.status.is_server_error()) {
            set(header::RETRY_AFTER, &seconds.to_string());
        }
        if self.gateway.is_some() {
            // The gateway may look at who opens its page; it learns no more than our name.
            set(header::REFERRER_POLICY, "strict-origin");
        }
        response
    }

    fn written(&self, language: Language, nonce: &str) -> String {
        let say = |sentence: &Sentence| escaped(&sentence.clone().in_language(language));
        let headline = say(&self.headline);
        let refresh = self.refresh_seconds.map_or_else(String::new, |seconds| {
            format!("<meta http-equiv=\"refresh\" content=\"{seconds}\">\n")
        });
        let notice = self.notice.as_ref().map_or_else(String::new, |notice| {
            format!("<p class=\"notice\" role=\"alert\">{}</p>\n", escaped(notice))
        });
        let mut links = String::new();
        for link in &self.links {
            let (url, words) = (escaped(&link.url), say(&link.words));
            let _infallible = writeln!(links, "<a class=\"button\" href=\"{url}\">{words}</a>");
        }
        let gateway =
            self.gateway.as_ref().map_or_else(String::new, |page| opening(page, language, nonce));
        format!(
            "<!doctype html>\n\
             <html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"robots\" content=\"noindex\">\n{refresh}\
             <title>{headline}</title>\n<style nonce=\"{nonce}\">\n{STYLE}</style>\n</head>\n\
             <body>\n<main class=\"{tone}\">\n<h1>{headline}</h1>\n{notice}\
             <p role=\"status\">{text}</p>\n{summary}{links}{gateway}</main>\n</body>\n</html>\n",
            tag = language.tag(),
            tone = self.tone.class(),
            text = escaped(&self.text),
            summary = self.summary,
        )
    }
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Waiting => "waiting",
        }
    }
}

/// What opens the gateway's page: by itself, and by a button if it does not.
fn opening(page: &HostedPage, language: Language, nonce: &str) -> String {
    let say = |en: &str, ko: &str| escaped(&Sentence::new(en, ko).in_language(language));
    let button = say("Open the payment page", "결제창 열기");
    let failed = say(
        "The payment page did not open, or was closed. Nothing was charged. Try again.",
        "결제창이 열리지 않았거나 닫혔어요. 결제되지 않았으니 다시 눌러 주세요.",
    );
    let noscript = say(
        "The payment page needs JavaScript. Switch it on and open this page again; nothing is \
         charged before you agree there.",
        "결제창을 열려면 자바스크립트가 필요해요. 켠 뒤에 이 페이지를 다시 열어 주세요. 결제창에서 동의하기 \
         전에는 결제되지 않아요.",
    );
    let script = OPEN.replace(GATEWAY, &page.inline_script);
    format!(
        "<button class=\"button\" id=\"open\" type=\"button\">{button}</button>\n\
         <p class=\"notice\" id=\"failed\" role=\"alert\" hidden>{failed}</p>\n\
         <noscript><p class=\"notice\">{noscript}</p></noscript>\n\
         <script nonce=\"{nonce}\" src=\"{url}\"></script>\n\
         <script nonce=\"{nonce}\">\n{script}</script>\n",
        url = escaped(&page.script_url),
    )
}

/// No script, style, frame or form but what the page needs. The gateway's script may load more of
/// itself, style what it draws, and show frames of whoever checks the buyer.
fn policy(gateway: Option<&HostedPage>, nonce: &str) -> String {
    let always = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'";
    match gateway {
        None => format!("{always}; style-src 'nonce-{nonce}'; form-action 'none'"),
        Some(page) => {
            let theirs = format!("https: {}", origin(&page.script_url));
            let theirs = theirs.trim_end();
            format!(
                "{always}; script-src 'nonce-{nonce}' 'strict-dynamic'; style-src 'unsafe-inline'; \
                 connect-src {theirs}; frame-src {theirs}; img-src {theirs} data:; \
                 font-src {theirs}; form-action {theirs}"
            )
        }
    }
}

/// `https://host:port` of an address; empty if it has none that can stand in a policy.
fn origin(url: &str) -> &str {
    let Some(start) = url.find("://").map(|at| at + 3) else { return "" };
    let end = url[start..].find(['/', '?', '#']).map_or(url.len(), |at| start + at);
    let origin = &url[..end];
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".:-/[]".contains(&byte);
    if origin.bytes().all(plain) { origin } else { "" }
}

/// What is paid, for people, as HTML.
pub(super) fn summary(sale: &Sale, language: Language) -> String {
    let line = |name: &str, value: &str| {
        format!("<div><dt>{}</dt><dd>{}</dd></div>\n", escaped(name), escaped(value))
    };
    let mut rows: String = sale
        .order
        .lines
        .iter()
        .map(|bought| line(&bought.name, &format!("× {}", bought.quantity)))
        .collect();
    let total = Sentence::new("Total", "합계").in_language(language);
    let amount = views::amount(sale.payment.amount).in_language(language);
    rows.push_str(&line(&total, &amount));
    let payment = Sentence::new("Payment", "결제 번호").in_language(language);
    let id = sale.payment.id.to_string();
    let state = sale.payment.state.word();
    format!(
        "<dl data-status=\"{state}\">\n{rows}</dl>\n<p class=\"id\">{} {}</p>\n",
        escaped(&payment),
        escaped(&id)
    )
}

/// A text as it may stand in HTML, in an element or in a quoted attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(letter),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page() -> HostedPage {
        HostedPage {
            script_url: "https://js.example.com/v2?a=1&b=2".to_owned(),
            inline_script: "await Gateway(\"key\").pay({});".to_owned(),
        }
    }

    #[test]
    fn nothing_that_came_from_outside_is_markup() {
        let hostile = "<script>alert('x')</script>\" onload=\"x";
        let mut document =
            Document::new(Tone::Bad, Sentence::new(hostile, hostile), hostile.to_owned());
        document.notice = Some(hostile.to_owned());
        document
            .links
            .push(Link { words: Sentence::new(hostile, hostile), url: hostile.to_owned() });
        let html = document.written(Language::Korean, "n");
        assert!(!html.contains("<script"), "{html}");
        assert!(!html.contains("\" onload"), "{html}");
        assert!(html.contains("&lt;script&gt;"));
    }

    #[test]
    fn the_page_that_opens_the_gateways_runs_its_script_under_a_nonce() {
        let mut document =
            Document::new(Tone::Waiting, Sentence::new("Pay", "결제"), String::new());
        document.gateway = Some(page());
        for (language, button) in
            [(Language::English, "Open the payment page"), (Language::Korean, "결제창 열기")]
        {
            let html = document.written(language, "n");
            assert!(
                html.contains("<script nonce=\"n\" src=\"https://js.example.com/v2?a=1&amp;b=2\">")
            );
            assert!(html.contains("await Gateway(\"key\").pay({});"), "{html}");
            assert!(html.contains(button) && html.contains("<noscript>"));
        }
        let policy = policy(Some(&page()), "n");
        assert!(policy.starts_with("default-src 'none'"));
        assert!(policy.contains("script-src 'nonce-n' 'strict-dynamic';"));
        assert!(policy.contains("frame-src https: https://js.example.com;"));
    }

    #[test]
    fn a_page_that_only_tells_runs_nothing() {
        let policy = policy(None, "n");
        assert!(!policy.contains("script-src"), "{policy}");
        assert!(policy.contains("form-action 'none'"));
    }

    #[test]
    fn only_a_plain_origin_stands_in_a_policy() {
        for (url, expected) in [
            ("https://js.example.com/v2", "https://js.example.com"),
            ("http://127.0.0.1:9090/sdk.js", "http://127.0.0.1:9090"),
            ("https://a.example;script-src *", ""),
            ("/sdk.js", ""),
        ] {
            assert_eq!(origin(url), expected, "{url}");
        }
    }
}
