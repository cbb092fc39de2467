//! The gateway's answers exactly as they travel: the Payment of `2022-11-16` (§5, §6) and errors.
//!
//! Also the answers that are not the gateway's own: a proxy's HTML pages.

use axum::body::Body;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;
use serde_json::json;

use super::codes::Code;
use super::payment::{Cancel, Card, Kind, Payment, Status};
use crate::clock::seoul_time;

const VERSION: &str = "2022-11-16";

/// An answer: a status, a body, and the error code in it.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
    code: Option<&'static str>,
}

/// What carrying out a call comes to; refusals travel as the error.
pub(crate) type Answer = Result<Reply, &'static Code>;

impl Reply {
    /// 200 with this body.
    pub(crate) fn ok(body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).unwrap_or_default().into();
        Self { status: StatusCode::OK, body, code: None }
    }

    /// 200 without a body.
    pub(crate) fn empty() -> Self {
        Self { status: StatusCode::OK, body: Bytes::new(), code: None }
    }

    /// 429 without a body.
    pub(crate) fn too_many_without_body() -> Self {
        Self { status: StatusCode::TOO_MANY_REQUESTS, body: Bytes::new(), code: None }
    }

    /// As the books write it: `200`, `403 REJECT_CARD_PAYMENT`.
    pub(crate) fn label(&self) -> String {
        let status = self.status.as_u16();
        self.code.map_or_else(|| status.to_string(), |code| format!("{status} {code}"))
    }
}

impl From<&Code> for Reply {
    fn from(code: &Code) -> Self {
        let body = json!({ "code": code.name, "message": code.message });
        let status = StatusCode::from_u16(code.status);
        Self {
            status: status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            body: body.to_string().into(),
            code: Some(code.name),
        }
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        answer.unwrap_or_else(Self::from)
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        if self.body.is_empty() {
            return self.status.into_response();
        }
        let content_type = [(header::CONTENT_TYPE, "application/json;charset=UTF-8")];
        (self.status, content_type, Body::from(self.body)).into_response()
    }
}

/// A proxy's page in place of the gateway's answer.
pub(crate) fn foreign(status: StatusCode) -> Response {
    let title = status.to_string();
    let page = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    );
    (status, [(header::CONTENT_TYPE, "text/html")], page).into_response()
}

/// Always null: it does not apply to a card.
type Never = Option<()>;

/// §5: every key is present; what does not apply is null.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PaymentObject<'a> {
    m_id: &'a str,
    version: &'static str,
    payment_key: &'a str,
    r#type: Kind,
    order_id: &'a str,
    order_name: &'a str,
    currency: &'static str,
    method: Option<&'static str>,
    status: Status,
    total_amount: u64,
    balance_amount: u64,
    supplied_amount: u64,
    vat: u64,
    tax_free_amount: u64,
    tax_exemption_amount: u64,
    requested_at: String,
    approved_at: Option<String>,
    last_transaction_key: Option<&'a str>,
    use_escrow: Option<bool>,
    culture_expense: bool,
    is_partial_cancelable: bool,
    card: Option<CardObject<'a>>,
    virtual_account: Never,
    transfer: Never,
    mobile_phone: Never,
    gift_certificate: Never,
    easy_pay: Never,
    cash_receipt: Never,
    cash_receipts: Never,
    discount: Never,
    cancels: Option<Vec<CancelObject<'a>>>,
    secret: &'a str,
    failure: Option<Failure>,
    receipt: Option<Link>,
    checkout: Option<Link>,
    metadata: Never,
    country: &'static str,
}

/// §5, `card`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CardObject<'a> {
    amount: u64,
    issuer_code: &'static str,
    acquirer_code: &'static str,
    number: &'a str,
    installment_plan_months: u64,
    approve_no: &'static str,
    use_card_point: bool,
    card_type: &'static str,
    owner_type: &'static str,
    acquire_status: &'static str,
    is_interest_free: bool,
    interest_payer: Never,
}

/// §4.3, an entry of `cancels`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CancelObject<'a> {
    cancel_amount: u64,
    cancel_reason: &'a str,
    tax_free_amount: u64,
    tax_exemption_amount: u64,
    refundable_amount: u64,
    card_discount_amount: u64,
    transfer_discount_amount: u64,
    easy_pay_discount_amount: u64,
    canceled_at: String,
    transaction_key: &'a str,
    receipt_key: Never,
    cancel_status: &'static str,
    cancel_request_id: Never,
}

#[derive(Debug, Serialize)]
struct Failure {
    code: &'static str,
    message: &'static str,
}

#[derive(Debug, Serialize)]
struct Link {
    url: String,
}

impl<'a> PaymentObject<'a> {
    pub(crate) fn of(payment: &'a Payment, m_id: &'a str) -> Self {
        let (balance, vat) = (payment.balance(), payment.vat());
        let tax_free = payment.tax_free_balance();
        let approval = payment.approval.as_ref();
        let cancels: Vec<_> = payment.cancels.iter().map(CancelObject::of).collect();
        Self {
            m_id,
            version: VERSION,
            payment_key: &payment.key,
            r#type: payment.kind,
            order_id: &payment.purchase.order_id,
            order_name: &payment.purchase.order_name,
            currency: "KRW",
            method: payment.card.is_some().then_some("카드"),
            status: payment.status,
            total_amount: payment.purchase.amount,
            balance_amount: balance,
            supplied_amount: balance - vat - tax_free,
            vat,
            tax_free_amount: tax_free,
            tax_exemption_amount: 0,
            requested_at: seoul_time(payment.requested_at_ms),
            approved_at: approval.map(|approval| seoul_time(approval.at_ms)),
            last_transaction_key: payment.last_transaction_key(),
            use_escrow: (payment.status != Status::Expired).then_some(false),
            culture_expense: false,
            is_partial_cancelable: true,
            card: approval.and_then(|_| CardObject::of(payment)),
            virtual_account: None,
            transfer: None,
            mobile_phone: None,
            gift_certificate: None,
            easy_pay: None,
            cash_receipt: None,
            cash_receipts: None,
            discount: None,
            cancels: (!cancels.is_empty()).then_some(cancels),
            secret: &payment.secret,
            failure: payment.failure.map(|code| Failure { code: code.name, message: code.message }),
            receipt: approval.map(|_| Link { url: receipt_url(&payment.key) }),
            checkout: Some(Link {
                url: format!("https://api.tosspayments.com/v1/payments/{}/checkout", payment.key),
            }),
            metadata: None,
            country: "KR",
        }
    }
}

impl<'a> CardObject<'a> {
    pub(crate) fn of(payment: &'a Payment) -> Option<Self> {
        let Card { masked_number, .. } = payment.card.as_ref()?;
        Some(Self {
            amount: payment.purchase.amount,
            issuer_code: "21",
            acquirer_code: "21",
            number: masked_number,
            installment_plan_months: payment.installment_months,
            approve_no: "00000000",
            use_card_point: false,
            card_type: "신용",
            owner_type: "개인",
            acquire_status: "READY",
            is_interest_free: false,
            interest_payer: None,
        })
    }
}

impl<'a> CancelObject<'a> {
    pub(crate) fn of(cancel: &'a Cancel) -> Self {
        Self {
            cancel_amount: cancel.amount,
            cancel_reason: &cancel.reason,
            tax_free_amount: cancel.tax_free,
            tax_exemption_amount: 0,
            refundable_amount: cancel.balance_left,
            card_discount_amount: 0,
            transfer_discount_amount: 0,
            easy_pay_discount_amount: 0,
            canceled_at: seoul_time(cancel.at_ms),
            transaction_key: &cancel.transaction_key,
            receipt_key: None,
            cancel_status: "DONE",
            cancel_request_id: None,
        }
    }
}

/// Where a buyer's receipt is said to be.
pub(crate) fn receipt_url(payment_key: &str) -> String {
    format!(
        "https://dashboard.tosspayments.com/receipt/redirection?transactionId={payment_key}&ref=PX"
    )
}
