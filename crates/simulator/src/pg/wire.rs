//! The gateway's answers exactly as they travel: envelope (§3), messages (§7), statuses (§8).
//!
//! Also the answers that are not the gateway's: a proxy's HTML page, half an envelope.

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::books::Transaction;
use super::plan::Verdict;

/// Answer type of every wire endpoint; refusals travel as the error.
pub(crate) type Answer = Result<Response, Refusal>;

/// A refusal of the gateway's own: status and message; `errorCode` follows from the status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, message: message.into() }
    }

    fn not_found(message: String) -> Self {
        Self { status: StatusCode::NOT_FOUND, message }
    }

    fn internal(message: &str) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, message: message.to_owned() }
    }

    pub(crate) fn no_user() -> Self {
        Self::bad_request("유저 ID 헤더는 필수입니다.")
    }

    /// §4.2 step 5: certainly nothing was stored.
    pub(crate) fn unstable() -> Self {
        Self::internal("현재 서버가 불안정합니다. 잠시 후 다시 시도해주세요.")
    }

    /// §7.1: anything unexpected.
    pub(crate) fn generic() -> Self {
        Self::internal("일시적인 오류가 발생했습니다.")
    }

    pub(crate) fn no_transaction(key: &str) -> Self {
        Self::not_found(format!("(transactionKey: {key}) 결제건이 존재하지 않습니다."))
    }

    pub(crate) fn no_order(order_id: &str) -> Self {
        Self::not_found(format!("(orderId: {order_id}) 에 해당하는 결제건이 존재하지 않습니다."))
    }

    pub(crate) fn no_path() -> Self {
        Self::not_found("존재하지 않는 요청입니다.".to_owned())
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'a str>,
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    meta: Meta<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<T>,
}

/// 200 with this `data`.
pub(crate) fn success(data: impl Serialize) -> Response {
    let meta = Meta { result: "SUCCESS", error_code: None, message: None };
    json(StatusCode::OK, &Envelope { meta, data: Some(data) })
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let meta = Meta {
            result: "FAIL",
            error_code: self.status.canonical_reason(),
            message: Some(&self.message),
        };
        json(self.status, &Envelope::<()> { meta, data: None })
    }
}

fn json(status: StatusCode, body: &impl Serialize) -> Response {
    // Our shapes have string keys and finite numbers, so writing them cannot fail.
    let body = serde_json::to_vec(body).unwrap_or_default();
    (status, [(header::CONTENT_TYPE, "application/json")], Body::from(body)).into_response()
}

/// A 502 that no gateway wrote: the HTML page of something in between.
pub(crate) fn foreign_502() -> Response {
    foreign(StatusCode::BAD_GATEWAY)
}

/// A 503 that no gateway wrote.
pub(crate) fn foreign_503() -> Response {
    foreign(StatusCode::SERVICE_UNAVAILABLE)
}

fn foreign(status: StatusCode) -> Response {
    let page = format!(
        "<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{status}</h1></center>\r\n</body>\r\n</html>\r\n"
    );
    (status, [(header::CONTENT_TYPE, "text/html")], page).into_response()
}

/// 200 whose body breaks off in the middle of the envelope.
pub(crate) fn undecodable() -> Response {
    (
        [(header::CONTENT_TYPE, "application/json")],
        r#"{"meta":{"result":"SUCCESS"},"data":{"transactionK"#,
    )
        .into_response()
}

/// `data` of an accepted POST, §4.2, and an element of the list look-up, §6.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TransactionSummary<'a> {
    pub(crate) transaction_key: &'a str,
    pub(crate) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'static str>,
}

/// `data` of the single look-up, §5, and the body of a callback, §11. Carries the card number.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TransactionDetail<'a> {
    pub(crate) transaction_key: &'a str,
    pub(crate) order_id: &'a str,
    pub(crate) card_type: &'a str,
    pub(crate) card_no: &'a str,
    pub(crate) amount: i64,
    pub(crate) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'static str>,
}

impl<'a> TransactionSummary<'a> {
    pub(crate) fn of(transaction: &'a Transaction) -> Self {
        Self {
            transaction_key: &transaction.key,
            status: status(transaction.verdict),
            reason: reason(transaction.verdict),
        }
    }
}

impl<'a> TransactionDetail<'a> {
    pub(crate) fn of(transaction: &'a Transaction) -> Self {
        Self {
            transaction_key: &transaction.key,
            order_id: &transaction.order_id,
            card_type: transaction.card_type,
            card_no: transaction.card.on_the_wire(),
            amount: transaction.amount,
            status: status(transaction.verdict),
            reason: reason(transaction.verdict),
        }
    }
}

/// `data` of the list look-up, §6.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderDetail<'a> {
    pub(crate) order_id: &'a str,
    pub(crate) transactions: Vec<TransactionSummary<'a>>,
}

/// §8: `status` of a transaction that has this verdict, or none yet.
pub(crate) fn status(verdict: Option<Verdict>) -> &'static str {
    match verdict {
        None => "PENDING",
        Some(Verdict::Approve) => "SUCCESS",
        Some(Verdict::Limit | Verdict::Invalid) => "FAILED",
    }
}

/// §8: `reason` of a transaction that has this verdict, or none yet.
pub(crate) fn reason(verdict: Option<Verdict>) -> Option<&'static str> {
    verdict.map(|verdict| match verdict {
        Verdict::Approve => "정상 승인되었습니다.",
        Verdict::Limit => "한도초과입니다. 다른 카드를 선택해주세요.",
        Verdict::Invalid => "잘못된 카드입니다. 다른 카드를 선택해주세요.",
    })
}
