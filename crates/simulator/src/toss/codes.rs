//! The error codes of the core API, §10: name, status and the Korean message.
//!
//! The named ones are answered by rules of this gateway; the rest only on request, through
//! `TossPayments-Test-Code` or a script.

/// One error code.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) name: &'static str,
    pub(crate) status: u16,
    pub(crate) message: &'static str,
}

/// The code of this name.
pub(crate) fn find(name: &str) -> Option<&'static Code> {
    NAMED.iter().copied().chain(OTHERS).find(|code| code.name == name)
}

pub(crate) static UNAUTHORIZED_KEY: Code =
    code("UNAUTHORIZED_KEY", 401, "인증되지 않은 시크릿 키 혹은 클라이언트 키 입니다.");
pub(crate) static INCORRECT_BASIC_AUTH_FORMAT: Code =
    code("INCORRECT_BASIC_AUTH_FORMAT", 403, "잘못된 요청입니다. ':' 를 포함해 인코딩해주세요.");
pub(crate) static INVALID_API_KEY: Code =
    code("INVALID_API_KEY", 400, "잘못된 시크릿키 연동 정보 입니다.");
pub(crate) static INVALID_IDEMPOTENCY_KEY: Code =
    code("INVALID_IDEMPOTENCY_KEY", 400, "멱등키는 300자 이하여야 합니다.");
pub(crate) static IDEMPOTENT_REQUEST_PROCESSING: Code =
    code("IDEMPOTENT_REQUEST_PROCESSING", 409, "이전 멱등 요청이 처리중입니다.");
pub(crate) static INVALID_TEST_CODE: Code =
    code("INVALID_TEST_CODE", 400, "지원하지 않는 테스트 코드입니다.");
pub(crate) static TOO_MANY_REQUESTS: Code =
    code("TOO_MANY_REQUESTS", 429, "요청이 너무 많습니다. 잠시 후 다시 시도해주세요.");
pub(crate) static NOT_FOUND: Code = code("NOT_FOUND", 404, "존재하지 않는 정보 입니다.");
pub(crate) static INVALID_REQUEST: Code = code("INVALID_REQUEST", 400, "잘못된 요청입니다.");
pub(crate) static INVALID_ORDER_ID: Code = code(
    "INVALID_ORDER_ID",
    400,
    "orderId는 영문 대소문자, 숫자, 특수문자(-, _) 만 허용합니다. 6자 이상 64자 이하여야 합니다.",
);
pub(crate) static BELOW_MINIMUM_AMOUNT: Code = code(
    "BELOW_MINIMUM_AMOUNT",
    400,
    "신용카드는 결제금액이 100원 이상, 계좌는 200원이상부터 결제가 가능합니다.",
);
pub(crate) static NOT_FOUND_PAYMENT: Code =
    code("NOT_FOUND_PAYMENT", 404, "존재하지 않는 결제 정보 입니다.");
pub(crate) static NOT_FOUND_PAYMENT_SESSION: Code = code(
    "NOT_FOUND_PAYMENT_SESSION",
    404,
    "결제 시간이 만료되어 결제 진행 데이터가 존재하지 않습니다.",
);
pub(crate) static ALREADY_PROCESSED_PAYMENT: Code =
    code("ALREADY_PROCESSED_PAYMENT", 400, "이미 처리된 결제 입니다.");
pub(crate) static DUPLICATED_ORDER_ID: Code = code(
    "DUPLICATED_ORDER_ID",
    400,
    "이미 승인 및 취소가 진행된 중복된 주문번호 입니다. 다른 주문번호로 진행해주세요.",
);
pub(crate) static REJECT_CARD_PAYMENT: Code =
    code("REJECT_CARD_PAYMENT", 403, "한도초과 혹은 잔액부족으로 결제에 실패했습니다.");
pub(crate) static PAY_PROCESS_CANCELED: Code =
    code("PAY_PROCESS_CANCELED", 400, "사용자에 의해 결제가 취소되었습니다.");
pub(crate) static PAY_PROCESS_ABORTED: Code =
    code("PAY_PROCESS_ABORTED", 400, "결제가 진행 중 승인에 실패하여 중단되었습니다.");
pub(crate) static EXPIRED_PAYMENT: Code =
    code("EXPIRED_PAYMENT", 400, "결제 유효 시간이 만료되었습니다.");
pub(crate) static ALREADY_CANCELED_PAYMENT: Code =
    code("ALREADY_CANCELED_PAYMENT", 400, "이미 취소된 결제 입니다.");
pub(crate) static NOT_CANCELABLE_AMOUNT: Code =
    code("NOT_CANCELABLE_AMOUNT", 403, "취소 할 수 없는 금액 입니다.");
pub(crate) static NOT_CANCELABLE_PAYMENT: Code =
    code("NOT_CANCELABLE_PAYMENT", 403, "취소 할 수 없는 결제 입니다.");
pub(crate) static NOT_MATCHES_REFUNDABLE_AMOUNT: Code =
    code("NOT_MATCHES_REFUNDABLE_AMOUNT", 400, "잔액 결과가 일치하지 않습니다.");
pub(crate) static NOT_FOUND_BILLING: Code =
    code("NOT_FOUND_BILLING", 404, "존재하지 않는 빌링 정보 입니다.");
pub(crate) static INVALID_BILLING_AUTH: Code =
    code("INVALID_BILLING_AUTH", 400, "유효하지 않은 빌링 인증입니다.");
pub(crate) static INVALID_BILL_KEY_REQUEST: Code = code(
    "INVALID_BILL_KEY_REQUEST",
    400,
    "빌링키 인증이 완료되지 않았거나 유효하지 않은 빌링 거래 건입니다.",
);
pub(crate) static NOT_MATCHES_CUSTOMER_KEY: Code = code(
    "NOT_MATCHES_CUSTOMER_KEY",
    400,
    "빌링 인증 고객키와 결제 요청 고객키가 일치하지 않습니다.",
);
pub(crate) static ALREADY_REMOVED_BILLING_KEY: Code =
    code("ALREADY_REMOVED_BILLING_KEY", 400, "이미 삭제된 빌링키 입니다.");
pub(crate) static NOT_SUPPORTED_CARD_TYPE: Code =
    code("NOT_SUPPORTED_CARD_TYPE", 400, "지원되지 않는 카드 종류입니다.");
pub(crate) static INVALID_CARD_NUMBER: Code =
    code("INVALID_CARD_NUMBER", 400, "카드번호를 다시 확인해주세요.");
pub(crate) static INVALID_CARD_EXPIRATION: Code =
    code("INVALID_CARD_EXPIRATION", 400, "카드 정보를 다시 확인해주세요. (유효기간)");
pub(crate) static INVALID_CARD_IDENTITY: Code = code(
    "INVALID_CARD_IDENTITY",
    400,
    "입력하신 주민번호/사업자번호가 카드 소유주 정보와 일치하지 않습니다.",
);
pub(crate) static INVALID_CARD_INSTALLMENT_PLAN: Code =
    code("INVALID_CARD_INSTALLMENT_PLAN", 400, "할부 개월 정보가 잘못되었습니다.");
pub(crate) static INVALID_DATE: Code = code("INVALID_DATE", 400, "날짜 데이터가 잘못되었습니다.");
pub(crate) static INVALID_PAGING_KEY: Code =
    code("INVALID_PAGING_KEY", 400, "잘못된 페이징 키 입니다.");
pub(crate) static EXCEED_MAX_QUERY_LIMIT: Code =
    code("EXCEED_MAX_QUERY_LIMIT", 400, "최대 조회 가능 개수를 초과했습니다.");
pub(crate) static FAILED_DB_PROCESSING: Code =
    code("FAILED_DB_PROCESSING", 500, "잘못된 요청 값으로 처리 중 DB 에러가 발생했습니다.");
pub(crate) static FAILED_INTERNAL_SYSTEM_PROCESSING: Code = code(
    "FAILED_INTERNAL_SYSTEM_PROCESSING",
    500,
    "내부 시스템 처리 작업이 실패했습니다. 잠시 후 다시 시도해주세요.",
);

static NAMED: &[&Code] = &[
    &UNAUTHORIZED_KEY,
    &INCORRECT_BASIC_AUTH_FORMAT,
    &INVALID_API_KEY,
    &INVALID_IDEMPOTENCY_KEY,
    &IDEMPOTENT_REQUEST_PROCESSING,
    &INVALID_TEST_CODE,
    &TOO_MANY_REQUESTS,
    &NOT_FOUND,
    &INVALID_REQUEST,
    &INVALID_ORDER_ID,
    &BELOW_MINIMUM_AMOUNT,
    &NOT_FOUND_PAYMENT,
    &NOT_FOUND_PAYMENT_SESSION,
    &ALREADY_PROCESSED_PAYMENT,
    &DUPLICATED_ORDER_ID,
    &REJECT_CARD_PAYMENT,
    &PAY_PROCESS_CANCELED,
    &PAY_PROCESS_ABORTED,
    &EXPIRED_PAYMENT,
    &ALREADY_CANCELED_PAYMENT,
    &NOT_CANCELABLE_AMOUNT,
    &NOT_CANCELABLE_PAYMENT,
    &NOT_MATCHES_REFUNDABLE_AMOUNT,
    &NOT_FOUND_BILLING,
    &INVALID_BILLING_AUTH,
    &INVALID_BILL_KEY_REQUEST,
    &NOT_MATCHES_CUSTOMER_KEY,
    &ALREADY_REMOVED_BILLING_KEY,
    &NOT_SUPPORTED_CARD_TYPE,
    &INVALID_CARD_NUMBER,
    &INVALID_CARD_EXPIRATION,
    &INVALID_CARD_IDENTITY,
    &INVALID_CARD_INSTALLMENT_PLAN,
    &INVALID_DATE,
    &INVALID_PAGING_KEY,
    &EXCEED_MAX_QUERY_LIMIT,
    &FAILED_DB_PROCESSING,
    &FAILED_INTERNAL_SYSTEM_PROCESSING,
];

const fn code(name: &'static str, status: u16, message: &'static str) -> Code {
    Code { name, status, message }
}

static OTHERS: &[Code] = &[
    code("ALREADY_REFUND_PAYMENT", 400, "이미 환불된 결제입니다."),
    code("API_VERSION_UPDATE_NEEDED", 400, "API 버전 업데이트가 필요합니다."),
    code("CARD_PROCESSING_ERROR", 400, "카드사에서 오류가 발생했습니다."),
    code("COMMON_ERROR", 500, "일시적인 오류가 발생했습니다. 잠시 후 다시 시도해주세요."),
    code(
        "EXCEED_CANCEL_AMOUNT_DISCOUNT_AMOUNT",
        400,
        "즉시할인금액보다 적은 금액은 부분취소가 불가능합니다.",
    ),
    code("EXCEED_CANCEL_LIMIT", 403, "취소 한도를 초과하였습니다."),
    code("EXCEED_MAX_AMOUNT", 400, "거래금액 한도를 초과했습니다."),
    code("EXCEED_MAX_AUTH_COUNT", 403, "최대 인증 횟수를 초과했습니다. 카드사로 문의해주세요."),
    code("EXCEED_MAX_CARD_INSTALLMENT_PLAN", 400, "설정 가능한 최대 할부 개월 수를 초과했습니다."),
    code("EXCEED_MAX_DAILY_PAYMENT_COUNT", 400, "하루 결제 가능 횟수를 초과했습니다."),
    code("EXCEED_MAX_MONTHLY_PAYMENT_AMOUNT", 400, "당월 결제 가능금액을 초과 하셨습니다."),
    code("EXCEED_MAX_ONE_DAY_AMOUNT", 403, "일일 한도를 초과했습니다."),
    code("EXCEED_MAX_ONE_DAY_WITHDRAW_AMOUNT", 400, "1일 출금 한도를 초과했습니다."),
    code("EXCEED_MAX_ONE_TIME_WITHDRAW_AMOUNT", 400, "1회 출금 한도를 초과했습니다."),
    code("EXCEED_MAX_PAYMENT_AMOUNT", 400, "하루 결제 가능 금액을 초과했습니다."),
    code("EXCEED_MAX_REFUND_AMOUNT", 403, "환불 가능한 금액을 초과했습니다."),
    code("EXCEED_MAX_REFUND_DUE", 403, "환불 가능한 기간이 지났습니다."),
    code("FAILED_BILLING_AUTO_CANCEL", 500, "결제 자동 취소에 실패했습니다."),
    code("FAILED_BILL_KEY_AUTH_CREATION", 500, "빌링키 인증에 실패했습니다."),
    code(
        "FAILED_CARD_COMPANY_RESPONSE",
        500,
        "카드사에서 에러가 발생했습니다. 잠시 후 다시 시도해 주세요.",
    ),
    code(
        "FAILED_METHOD_HANDLING",
        500,
        "결제 중 선택한 결제수단 처리에 일시적인 오류가 발생했습니다.",
    ),
    code(
        "FAILED_METHOD_HANDLING_CANCEL",
        500,
        "취소 중 결제 시 사용한 결제 수단 처리과정에서 일시적인 오류가 발생했습니다.",
    ),
    code(
        "FAILED_PARTIAL_REFUND",
        500,
        "은행 점검, 해약 계좌 등의 사유로 부분 환불이 실패했습니다.",
    ),
    code(
        "FAILED_PAYMENT_INTERNAL_SYSTEM_PROCESSING",
        500,
        "결제가 완료되지 않았어요. 다시 시도해주세요.",
    ),
    code(
        "FAILED_REFUND_PROCESS",
        500,
        "은행 응답시간 지연이나 일시적인 오류로 환불요청에 실패했습니다.",
    ),
    code(
        "FDS_ERROR",
        403,
        "[토스페이먼츠] 위험거래가 감지되어 결제가 제한됩니다. 발송된 문자에 포함된 링크를 통해 본인인증 후 결제가 가능합니다.",
    ),
    code("FORBIDDEN_BANK_REFUND_REQUEST", 400, "고객 계좌가 입금이 되지 않는 상태입니다."),
    code(
        "FORBIDDEN_CONSECUTIVE_REQUEST",
        403,
        "반복적인 요청은 허용되지 않습니다. 잠시 후 다시 시도해주세요.",
    ),
    code("FORBIDDEN_REQUEST", 403, "허용되지 않은 요청입니다."),
    code(
        "INVALID_ACCOUNT_INFO_RE_REGISTER",
        400,
        "유효하지 않은 계좌입니다. 계좌 재등록 후 시도해주세요.",
    ),
    code("INVALID_AUTHORIZE_AUTH", 400, "유효하지 않은 인증 방식입니다."),
    code("INVALID_BANK", 400, "유효하지 않은 은행입니다."),
    code("INVALID_BIRTH_DAY_FORMAT", 400, "생년월일 정보는 6자리의 `yyMMdd` 형식이어야 합니다."),
    code("INVALID_CARD_LOST_OR_STOLEN", 400, "분실 혹은 도난 카드입니다."),
    code("INVALID_CARD_PASSWORD", 400, "카드 정보를 다시 확인해주세요. (비밀번호)"),
    code("INVALID_PASSWORD", 403, "결제 비밀번호가 일치하지 않습니다."),
    code("INVALID_PAYMENT_KEY", 400, "유효하지 않은 결제 키입니다."),
    code("INVALID_REFUND_ACCOUNT_INFO", 400, "환불 계좌번호와 예금주명이 일치하지 않습니다."),
    code("INVALID_REFUND_ACCOUNT_NUMBER", 400, "잘못된 환불 계좌번호입니다."),
    code("INVALID_REFUND_AMOUNT", 400, "잘못된 환불 금액입니다."),
    code("INVALID_REJECT_CARD", 400, "카드 사용이 거절되었습니다. 카드사 문의가 필요합니다."),
    code("INVALID_STOPPED_CARD", 400, "정지된 카드 입니다."),
    code("INVALID_UNREGISTERED_SUBMALL", 403, "등록되지 않은 서브몰입니다."),
    code("MAINTAINED_METHOD", 400, "현재 점검 중 입니다."),
    code(
        "NOT_ALLOWED_PARTIAL_REFUND",
        403,
        "에스크로 주문, 현금 카드 결제일 때는 부분 환불이 불가합니다.",
    ),
    code(
        "NOT_ALLOWED_PARTIAL_REFUND_WAITING_DEPOSIT",
        403,
        "입금 대기중인 결제는 부분 환불이 불가합니다.",
    ),
    code(
        "NOT_ALLOWED_POINT_USE",
        400,
        "포인트 사용이 불가한 카드로 카드 포인트 결제에 실패했습니다.",
    ),
    code("NOT_AVAILABLE_BANK", 403, "은행 서비스 시간이 아닙니다."),
    code("NOT_AVAILABLE_PAYMENT", 403, "결제가 불가능한 시간대입니다."),
    code(
        "NOT_CANCELABLE_PAYMENT_FOR_DORMANT_USER",
        403,
        "휴면 처리된 회원의 결제는 취소할 수 없습니다.",
    ),
    code(
        "NOT_FOUND_TERMINAL_ID",
        400,
        "단말기번호(Terminal Id)가 없습니다. 토스페이먼츠로 문의 바랍니다.",
    ),
    code("NOT_REGISTERED_BUSINESS", 400, "등록되지 않은 사업자 번호입니다."),
    code("NOT_REGISTERED_CARD_COMPANY", 400, "카드를 사용 등록 후 이용해주세요."),
    code(
        "NOT_SUPPORTED_INSTALLMENT_PLAN_CARD_OR_MERCHANT",
        400,
        "할부가 지원되지 않는 카드 또는 가맹점 입니다.",
    ),
    code("NOT_SUPPORTED_METHOD", 400, "지원되지 않는 결제 수단입니다."),
    code("NOT_SUPPORTED_MONTHLY_INSTALLMENT_PLAN", 400, "할부가 지원되지 않는 카드입니다."),
    code("PROVIDER_ERROR", 400, "일시적인 오류가 발생했습니다. 잠시 후 다시 시도해주세요."),
    code("REFUND_REJECTED", 400, "환불이 거절됐습니다. 결제사에 문의 부탁드립니다."),
    code("REJECT_ACCOUNT_PAYMENT", 403, "잔액부족으로 결제에 실패했습니다."),
    code("REJECT_CARD_COMPANY", 403, "결제 승인이 거절되었습니다."),
    code(
        "REJECT_TOSSPAY_INVALID_ACCOUNT",
        403,
        "선택하신 출금 계좌가 출금이체 등록이 되어 있지 않아요. 계좌를 다시 등록해 주세요.",
    ),
    code("RESTRICTED_TRANSFER_ACCOUNT", 400, "계좌는 등록 후 12시간 뒤부터 결제할 수 있습니다."),
    code("UNAPPROVED_ORDER_ID", 400, "아직 승인되지 않은 주문번호입니다."),
    code("UNKNOWN_ERROR", 500, "알 수 없는 에러입니다."),
    code(
        "UNKNOWN_PAYMENT_ERROR",
        500,
        "결제에 실패했어요. 같은 문제가 반복된다면 은행이나 카드사로 문의해주세요.",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_code_has_one_row() {
        let mut seen = HashSet::new();
        for code in NAMED.iter().copied().chain(OTHERS) {
            assert!(seen.insert(code.name), "{} twice", code.name);
            assert!((400..600).contains(&code.status), "{code:?}");
            assert_eq!(find(code.name), Some(code));
        }
    }
}
