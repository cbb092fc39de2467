//! Their codes (§10), each with what it means for us. An answer is judged by its code and never by its
//! HTTP status; what is not listed here is unknown.

use payonce_domain::payment::ProblemCode;

use At::{Both, Charge, Refund};
use Class::{Declined, Doubtful, Later, Operator, Stale, Wrong};
use ProblemCode::{
    Abandoned, DeclinedOther, InvalidCard, LimitExceeded, NoAnswer, NotCreated, RefundRefused,
    Rejected, TurnedDown,
};

/// What an error code proves; the letters are the page's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// F: refused for good, on the buyer's side.
    Declined,
    /// X: refused for good, for the payment's state or for our own request.
    Wrong,
    /// T: not now. Nothing was done.
    Later,
    /// A: it says nothing of the money; only a look-up does.
    Doubtful,
    /// C: our key or our contract. Nothing was done, and operators are told.
    Operator,
    /// X, of a refund that stated another balance than the gateway has: nothing was done.
    Stale,
}

/// Where a code has its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// Confirming and charging (§10.1).
    Charge,
    /// Cancelling (§10.2).
    Refund,
    /// Either.
    Both,
}

/// Codes that mean the same.
pub(super) struct Row {
    at: At,
    pub(super) class: Class,
    /// What a payment that failed with it tells the buyer.
    pub(super) ours: ProblemCode,
    pub(super) codes: &'static [&'static str],
}

const fn row(at: At, class: Class, ours: ProblemCode, codes: &'static [&'static str]) -> Row {
    Row { at, class, ours, codes }
}

/// Every code of §10.1 and §10.2.
pub(super) const CODES: &[Row] = &[
    row(
        Charge,
        Declined,
        LimitExceeded,
        &[
            "REJECT_CARD_PAYMENT",
            "REJECT_ACCOUNT_PAYMENT",
            "EXCEED_MAX_ONE_DAY_AMOUNT",
            "EXCEED_MAX_DAILY_PAYMENT_COUNT",
            "EXCEED_MAX_PAYMENT_AMOUNT",
            "EXCEED_MAX_AMOUNT",
            "EXCEED_MAX_MONTHLY_PAYMENT_AMOUNT",
            "EXCEED_MAX_ONE_DAY_WITHDRAW_AMOUNT",
            "EXCEED_MAX_ONE_TIME_WITHDRAW_AMOUNT",
        ],
    ),
    row(
        Charge,
        Declined,
        InvalidCard,
        &[
            "INVALID_REJECT_CARD",
            "INVALID_STOPPED_CARD",
            "INVALID_CARD_LOST_OR_STOLEN",
            "INVALID_CARD_EXPIRATION",
            "INVALID_CARD_NUMBER",
            "INVALID_CARD_PASSWORD",
            "INVALID_CARD_IDENTITY",
            "NOT_SUPPORTED_CARD_TYPE",
            "NOT_REGISTERED_CARD_COMPANY",
        ],
    ),
    row(
        Charge,
        Declined,
        DeclinedOther,
        &[
            "REJECT_CARD_COMPANY",
            "REJECT_TOSSPAY_INVALID_ACCOUNT",
            "INVALID_PASSWORD",
            "EXCEED_MAX_AUTH_COUNT",
            "FDS_ERROR",
            "INVALID_BIRTH_DAY_FORMAT",
            "NOT_ALLOWED_POINT_USE",
            "INVALID_ACCOUNT_INFO_RE_REGISTER",
            "RESTRICTED_TRANSFER_ACCOUNT",
            "EXCEED_MAX_CARD_INSTALLMENT_PLAN",
            "INVALID_CARD_INSTALLMENT_PLAN",
            "NOT_SUPPORTED_INSTALLMENT_PLAN_CARD_OR_MERCHANT",
            "NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN",
        ],
    ),
    row(Charge, Declined, TurnedDown, &["PAY_PROCESS_CANCELED", "PAY_PROCESS_ABORTED"]),
    row(
        Charge,
        Wrong,
        Rejected,
        &[
            "BELOW_MINIMUM_AMOUNT",
            "INVALID_ORDER_ID",
            "INVALID_PAYMENT_KEY",
            "UNAPPROVED_ORDER_ID",
            "FAILED_DB_PROCESSING",
            "INVALID_BILL_KEY_REQUEST",
            "INVALID_BILLING_AUTH",
            "NOT_MATCHES_CUSTOMER_KEY",
            "ALREADY_REMOVED_BILLING_KEY",
            "NOT_FOUND_BILLING",
        ],
    ),
    row(Both, Wrong, Rejected, &["INVALID_REQUEST", "NOT_FOUND_PAYMENT"]),
    row(Charge, Wrong, Abandoned, &["NOT_FOUND_PAYMENT_SESSION"]),
    row(
        Charge,
        Doubtful,
        NoAnswer,
        &[
            "ALREADY_PROCESSED_PAYMENT",
            "DUPLICATED_ORDER_ID",
            "CARD_PROCESSING_ERROR",
            "FAILED_METHOD_HANDLING",
            "UNKNOWN_PAYMENT_ERROR",
            "UNKNOWN_ERROR",
            "FAILED_BILL_KEY_AUTH_CREATION",
            "FAILED_BILLING_AUTO_CANCEL",
            "FAILED_CARD_COMPANY_RESPONSE",
        ],
    ),
    row(
        Both,
        Doubtful,
        NoAnswer,
        &[
            "PROVIDER_ERROR",
            "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING",
            "FAILED_INTERNAL_SYSTEM_PROCESSING",
            "COMMON_ERROR",
            "IDEMPOTENT_REQUEST_PROCESSING",
        ],
    ),
    row(Charge, Later, NotCreated, &["NOT_AVAILABLE_PAYMENT", "MAINTAINED_METHOD"]),
    row(Both, Later, NotCreated, &["NOT_AVAILABLE_BANK"]),
    row(
        Charge,
        Operator,
        Rejected,
        &[
            "NOT_FOUND_TERMINAL_ID",
            "INVALID_UNREGISTERED_SUBMALL",
            "NOT_REGISTERED_BUSINESS",
            "NOT_SUPPORTED_METHOD",
        ],
    ),
    row(
        Both,
        Operator,
        Rejected,
        &[
            "UNAUTHORIZED_KEY",
            "INCORRECT_BASIC_AUTH_FORMAT",
            "INVALID_API_KEY",
            "FORBIDDEN_REQUEST",
            "INVALID_AUTHORIZE_AUTH",
            "API_VERSION_UPDATE_NEEDED",
            "INVALID_IDEMPOTENCY_KEY",
            "INVALID_TEST_CODE",
        ],
    ),
    row(
        Refund,
        Doubtful,
        NoAnswer,
        &[
            "ALREADY_CANCELED_PAYMENT",
            "ALREADY_REFUND_PAYMENT",
            "NOT_CANCELABLE_AMOUNT",
            "INVALID_REFUND_AMOUNT",
            "EXCEED_MAX_REFUND_AMOUNT",
            "FAILED_REFUND_PROCESS",
            "FAILED_METHOD_HANDLING_CANCEL",
            "FAILED_PARTIAL_REFUND",
        ],
    ),
    row(
        Refund,
        Wrong,
        RefundRefused,
        &[
            "NOT_CANCELABLE_PAYMENT",
            "NOT_CANCELABLE_PAYMENT_FOR_DORMANT_USER",
            "EXCEED_MAX_REFUND_DUE",
            "NOT_ALLOWED_PARTIAL_REFUND",
            "NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT",
            "EXCEED_CANCEL_LIMIT",
            "EXCEED_CANCEL_AMOUNT_DISCOUNT_AMOUNT",
            "REFUND_REJECTED",
        ],
    ),
    row(Refund, Stale, RefundRefused, &["NOT_MATCHES_REFUNDABLE_AMOUNT"]),
    row(
        Refund,
        Declined,
        RefundRefused,
        &[
            "INVALID_REFUND_ACCOUNT_INFO",
            "INVALID_REFUND_ACCOUNT_NUMBER",
            "INVALID_BANK",
            "FORBIDDEN_BANK_REFUND_REQUEST",
        ],
    ),
    row(Refund, Later, NotCreated, &["FORBIDDEN_CONSECUTIVE_REQUEST"]),
];

/// What this code means as the answer to a charge, or as why a payment failed.
pub(super) fn of_charge(code: &str) -> Option<&'static Row> {
    of(code, Charge)
}

/// What this code means as the answer to a refund.
pub(super) fn of_refund(code: &str) -> Option<&'static Row> {
    of(code, Refund)
}

fn of(code: &str, at: At) -> Option<&'static Row> {
    CODES.iter().find(|row| (row.at == at || row.at == Both) && row.codes.contains(&code))
}
