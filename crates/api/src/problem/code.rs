//! The catalogue of codes: one entry each. `docs/errors.md` tells each at length; a test keeps the
//! two equal. A code never changes its meaning.

/// What machines read of a problem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is told by its entry below, and in docs/errors.md")]
pub enum Code {
    InvalidRequest,
    UnknownField,
    MalformedJson,
    IdempotencyKeyRequired,
    IdempotencyKeyInvalid,
    IdempotencyKeyReused,
    IdempotentRequestInProgress,
    Unauthenticated,
    InvalidCredentials,
    Forbidden,
    EmailTaken,
    ProductNotFound,
    OrderNotFound,
    PaymentNotFound,
    RefundNotFound,
    NotFound,
    MethodNotAllowed,
    BodyTooLarge,
    BodyTooSlow,
    SoldOut,
    LimitExceeded,
    InvalidCard,
    DeclinedOther,
    TurnedDown,
    PaymentRejected,
    NotCharged,
    OrderEnded,
    PaymentInProgress,
    OrderExpired,
    NothingToConfirm,
    ReturnUnreadable,
    ReturnMismatch,
    AlreadyConfirmed,
    ReturnTooLate,
    RefundNotPossible,
    NotPaid,
    CannotRefund,
    RefundExceedsCharge,
    RefundableChanged,
    AlreadyRefunded,
    NotInDoubt,
    SecondPersonNeeded,
    RulingsDisagree,
    GatewaySwitchedOff,
    GatewayUnavailable,
    LinesUnreadable,
    NoSettlementQuery,
    NoSettlementReport,
    ReconciliationUnfinished,
    Overloaded,
    Stopping,
    DatabaseUnavailable,
    CommitInDoubt,
    InternalError,
}

/// What is said of a code. `{…}` in a sentence is filled from the case at hand.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Upper snake, stable.
    pub code: &'static str,
    /// HTTP status.
    pub status: u16,
    /// Whether the same call, sent again unchanged and later, may have another outcome.
    pub retryable: bool,
    /// The sentence in English.
    pub en: &'static str,
    /// The sentence in Korean.
    pub ko: &'static str,
}

const fn once(code: &'static str, status: u16, en: &'static str, ko: &'static str) -> Entry {
    Entry { code, status, retryable: false, en, ko }
}

const fn again(code: &'static str, status: u16, en: &'static str, ko: &'static str) -> Entry {
    Entry { code, status, retryable: true, en, ko }
}

impl Code {
    /// Every code, in the order of `docs/errors.md`.
    pub const ALL: &'static [Self] = &[
        Self::InvalidRequest,
        Self::UnknownField,
        Self::MalformedJson,
        Self::IdempotencyKeyRequired,
        Self::IdempotencyKeyInvalid,
        Self::IdempotencyKeyReused,
        Self::IdempotentRequestInProgress,
        Self::Unauthenticated,
        Self::InvalidCredentials,
        Self::Forbidden,
        Self::EmailTaken,
        Self::ProductNotFound,
        Self::OrderNotFound,
        Self::PaymentNotFound,
        Self::RefundNotFound,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::BodyTooLarge,
        Self::BodyTooSlow,
        Self::SoldOut,
        Self::LimitExceeded,
        Self::InvalidCard,
        Self::DeclinedOther,
        Self::TurnedDown,
        Self::PaymentRejected,
        Self::NotCharged,
        Self::OrderEnded,
        Self::PaymentInProgress,
        Self::OrderExpired,
        Self::NothingToConfirm,
        Self::ReturnUnreadable,
        Self::ReturnMismatch,
        Self::AlreadyConfirmed,
        Self::ReturnTooLate,
        Self::RefundNotPossible,
        Self::NotPaid,
        Self::CannotRefund,
        Self::RefundExceedsCharge,
        Self::RefundableChanged,
        Self::AlreadyRefunded,
        Self::NotInDoubt,
        Self::SecondPersonNeeded,
        Self::RulingsDisagree,
        Self::GatewaySwitchedOff,
        Self::GatewayUnavailable,
        Self::LinesUnreadable,
        Self::NoSettlementQuery,
        Self::NoSettlementReport,
        Self::ReconciliationUnfinished,
        Self::Overloaded,
        Self::Stopping,
        Self::DatabaseUnavailable,
        Self::CommitInDoubt,
        Self::InternalError,
    ];

    /// What is said of it.
    pub const fn entry(self) -> Entry {
        match self {
            Self::InvalidRequest => once(
                "INVALID_REQUEST",
                400,
                "The request is not valid; `errors` names each field. Nothing was done.",
                "요청이 올바르지 않아요. `errors`에서 항목을 확인해 주세요. 아무 일도 하지 않았어요.",
            ),
            Self::UnknownField => once(
                "UNKNOWN_FIELD",
                400,
                "There is no field `{field}` here. It may be a typing error, so nothing was done.",
                "`{field}`은(는) 여기에 없는 항목이에요. 오타일 수 있어서 아무 일도 하지 않았어요.",
            ),
            Self::MalformedJson => once(
                "MALFORMED_JSON",
                400,
                "The body is not one JSON object without repeated names ({where}). Nothing was done.",
                "본문이 이름이 겹치지 않는 JSON 객체 하나가 아니에요({where}). 아무 일도 하지 않았어요.",
            ),
            Self::IdempotencyKeyRequired => once(
                "IDEMPOTENCY_KEY_REQUIRED",
                400,
                "Send an Idempotency-Key header, fresh for each new order, payment or refund, so that \
                 repeating the call never charges twice. Nothing was done.",
                "Idempotency-Key 헤더가 필요해요. 새 주문이나 결제, 환불마다 새 값을 보내야 다시 요청해도 두 번 \
                 결제되지 않아요. 아무 일도 하지 않았어요.",
            ),
            Self::IdempotencyKeyInvalid => once(
                "IDEMPOTENCY_KEY_INVALID",
                400,
                "Idempotency-Key must be one value of 1 to 300 visible ASCII characters, bare or in \
                 double quotes. Nothing was done.",
                "Idempotency-Key는 눈에 보이는 ASCII 문자 1~300자로 된 값 하나여야 해요. 아무 일도 하지 \
                 않았어요.",
            ),
            Self::IdempotencyKeyReused => once(
                "IDEMPOTENCY_KEY_REUSED",
                422,
                "This Idempotency-Key came before with another request. Use a fresh key for a new \
                 request. Nothing was done.",
                "이 Idempotency-Key는 다른 요청에 이미 쓰였어요. 새 요청에는 새 값을 써 주세요. 아무 일도 \
                 하지 않았어요.",
            ),
            Self::IdempotentRequestInProgress => again(
                "IDEMPOTENT_REQUEST_IN_PROGRESS",
                409,
                "The same call is running right now. Repeat it in a moment, with the same key, for \
                 its answer.",
                "같은 요청을 처리하고 있어요. 잠시 후 같은 키로 다시 요청하면 결과를 알 수 있어요.",
            ),
            Self::Unauthenticated => once(
                "UNAUTHENTICATED",
                401,
                "Sign in, or send a server key: the credentials are missing, wrong or out of date.",
                "로그인이 필요해요. 인증 정보가 없거나 틀렸거나 만료됐어요.",
            ),
            Self::InvalidCredentials => once(
                "INVALID_CREDENTIALS",
                401,
                "The e-mail or the password is wrong.",
                "이메일이나 비밀번호가 맞지 않아요.",
            ),
            Self::Forbidden => once(
                "FORBIDDEN",
                403,
                "These credentials may not do this.",
                "이 계정으로는 할 수 없는 일이에요.",
            ),
            Self::EmailTaken => once(
                "EMAIL_TAKEN",
                409,
                "Somebody has signed up with this e-mail already. Log in instead.",
                "이미 가입된 이메일이에요. 로그인해 주세요.",
            ),
            Self::ProductNotFound => once(
                "PRODUCT_NOT_FOUND",
                404,
                "There is no product {id} on sale.",
                "판매 중인 상품이 아니에요: {id}",
            ),
            Self::OrderNotFound => {
                once("ORDER_NOT_FOUND", 404, "There is no such order.", "주문을 찾을 수 없어요.")
            }
            Self::PaymentNotFound => once(
                "PAYMENT_NOT_FOUND",
                404,
                "There is no such payment.",
                "결제를 찾을 수 없어요.",
            ),
            Self::RefundNotFound => {
                once("REFUND_NOT_FOUND", 404, "There is no such refund.", "환불을 찾을 수 없어요.")
            }
            Self::NotFound => once(
                "NOT_FOUND",
                404,
                "There is nothing at this address.",
                "이 주소에는 아무것도 없어요.",
            ),
            Self::MethodNotAllowed => once(
                "METHOD_NOT_ALLOWED",
                405,
                "This address does not take this method; see the Allow header.",
                "이 주소에서 쓸 수 없는 메서드예요. Allow 헤더를 확인해 주세요.",
            ),
            Self::BodyTooLarge => once(
                "BODY_TOO_LARGE",
                413,
                "The body is larger than {limit} bytes. It was not read and nothing was done.",
                "본문이 {limit}바이트보다 커요. 읽지 않았고 아무 일도 하지 않았어요.",
            ),
            Self::BodyTooSlow => again(
                "BODY_TOO_SLOW",
                408,
                "The body did not arrive in time. Nothing was done.",
                "본문이 제시간에 도착하지 않았어요. 아무 일도 하지 않았어요.",
            ),
            Self::SoldOut => once(
                "SOLD_OUT",
                409,
                "Only {available} of {product} are left. Nothing was charged and nothing is held.",
                "{product} 상품은 {available}개 남았어요. 결제되지 않았고 잡아 둔 것도 없어요.",
            ),
            Self::LimitExceeded => once(
                "LIMIT_EXCEEDED",
                402,
                "The card's limit is reached. Nothing was charged; the order stays open until \
                 {until} for another card.",
                "카드 한도를 넘었어요. 결제되지 않았고, {until}까지 다른 카드로 다시 결제할 수 있어요.",
            ),
            Self::InvalidCard => once(
                "INVALID_CARD",
                402,
                "The card is not valid. Nothing was charged; the order stays open until {until} \
                 for another card.",
                "사용할 수 없는 카드예요. 결제되지 않았고, {until}까지 다른 카드로 다시 결제할 수 있어요.",
            ),
            Self::DeclinedOther => once(
                "DECLINED_OTHER",
                402,
                "The card was declined. Nothing was charged; the order stays open until {until} \
                 for another try.",
                "카드가 거절됐어요. 결제되지 않았고, {until}까지 다시 결제할 수 있어요.",
            ),
            Self::TurnedDown => once(
                "TURNED_DOWN",
                402,
                "The payment was not completed on the gateway's page. Nothing was charged; the \
                 order stays open until {until} for another try.",
                "결제창에서 결제가 완료되지 않았어요. 결제되지 않았고, {until}까지 다시 결제할 수 \
                 있어요.",
            ),
            Self::PaymentRejected => once(
                "PAYMENT_REJECTED",
                402,
                "The gateway refused the payment as wrong. Nothing was charged, everything held is \
                 back, and the order has ended.",
                "결제사가 요청을 받아들이지 않았어요. 결제되지 않았고, 잡아 둔 상품은 되돌렸고, 주문은 \
                 끝났어요.",
            ),
            Self::NotCharged => once(
                "NOT_CHARGED",
                402,
                "This try charged nothing, for certain. The order stays open until {until}: pay it \
                 again.",
                "이번 시도로는 결제되지 않은 것이 확실해요. {until}까지 다시 결제할 수 있어요.",
            ),
            Self::OrderEnded => once(
                "ORDER_ENDED",
                409,
                "The order is {status}, and stays so. Nothing was changed.",
                "주문이 이미 끝났어요({status}). 바뀐 것은 없어요.",
            ),
            Self::PaymentInProgress => again(
                "PAYMENT_IN_PROGRESS",
                409,
                "An earlier payment of this order is not decided yet; another could charge twice. \
                 Nothing was changed. Try again once it is decided.",
                "이 주문의 앞선 결제 결과를 아직 확인하고 있어요. 두 번 결제되지 않도록 기다려 주세요. \
                 바뀐 것은 없어요.",
            ),
            Self::OrderExpired => once(
                "ORDER_EXPIRED",
                409,
                "The order could be paid until {until}. Nothing was charged; order again.",
                "{until}까지 결제할 수 있던 주문이에요. 결제되지 않았으니 다시 주문해 주세요.",
            ),
            Self::NothingToConfirm => once(
                "NOTHING_TO_CONFIRM",
                409,
                "This payment did not go to a gateway's page, so there is nothing to confirm. \
                 Nothing was changed.",
                "결제창으로 진행한 결제가 아니라서 확정할 것이 없어요. 바뀐 것은 없어요.",
            ),
            Self::ReturnUnreadable => once(
                "RETURN_UNREADABLE",
                400,
                "This is not what the gateway's page hands over. Nothing was confirmed.",
                "결제창이 돌려준 값이 아니에요. 확정하지 않았어요.",
            ),
            Self::ReturnMismatch => once(
                "RETURN_MISMATCH",
                409,
                "What came back is about another payment or another amount. Nothing was \
                 confirmed.",
                "다른 결제나 다른 금액에 대한 값이에요. 확정하지 않았어요.",
            ),
            Self::AlreadyConfirmed => once(
                "ALREADY_CONFIRMED",
                409,
                "Another agreement was confirmed for this payment. Nothing was changed.",
                "이 결제는 다른 인증으로 이미 확정을 요청했어요. 바뀐 것은 없어요.",
            ),
            Self::ReturnTooLate => once(
                "RETURN_TOO_LATE",
                410,
                "The buyer came back too late: this try has ended and charged nothing. Nothing \
                 was confirmed.",
                "너무 늦게 돌아왔어요. 이 결제 시도는 끝났고 결제되지 않았어요. 확정하지 \
                 않았어요.",
            ),
            Self::RefundNotPossible => once(
                "REFUND_NOT_POSSIBLE",
                409,
                "The order is paid, and its gateway takes no refunds through us. Nothing was \
                 changed; please contact the shop.",
                "이미 결제된 주문이고, 이 결제사로는 자동 환불을 할 수 없어요. 바뀐 것은 없으니 판매자에게 \
                 문의해 주세요.",
            ),
            Self::NotPaid => once(
                "NOT_PAID",
                409,
                "The payment is {status}: there is no served charge to give money back of. \
                 Nothing was changed.",
                "결제 상태가 {status}(이)라서 환불할 수 있는 결제가 없어요. 바뀐 것은 없어요.",
            ),
            Self::CannotRefund => once(
                "CANNOT_REFUND",
                422,
                "The gateway of this payment takes no refunds through us. Nothing was changed.",
                "이 결제사로는 환불을 요청할 수 없어요. 바뀐 것은 없어요.",
            ),
            Self::RefundExceedsCharge => once(
                "REFUND_EXCEEDS_CHARGE",
                409,
                "More was asked for than can be refunded: {left} left. Nothing was changed.",
                "환불할 수 있는 것보다 많아요. 남은 것: {left}. 바뀐 것은 없어요.",
            ),
            Self::RefundableChanged => once(
                "REFUNDABLE_CHANGED",
                409,
                "{left} can be refunded, not {expected}. Nothing was changed.",
                "환불할 수 있는 금액은 {expected}이(가) 아니라 {left}이에요. 바뀐 것은 없어요.",
            ),
            Self::AlreadyRefunded => once(
                "ALREADY_REFUNDED",
                409,
                "This refund is done. Nothing was changed.",
                "이미 끝난 환불이에요. 바뀐 것은 없어요.",
            ),
            Self::NotInDoubt => once(
                "NOT_IN_DOUBT",
                409,
                "No attempt of this payment is in doubt: there is nothing to decide. Nothing was \
                 changed.",
                "확인이 필요한 결제 시도가 없어요. 바뀐 것은 없어요.",
            ),
            Self::SecondPersonNeeded => once(
                "SECOND_PERSON_NEEDED",
                409,
                "You decided this already; over this amount a second person must say the same. \
                 Nothing was changed.",
                "이미 판단하신 결제예요. 이 금액부터는 다른 담당자도 같은 판단을 해야 해요. 바뀐 \
                 것은 없어요.",
            ),
            Self::RulingsDisagree => once(
                "RULINGS_DISAGREE",
                409,
                "The first ruling says something else. Withdraw it, or rule the same. Nothing \
                 was changed.",
                "먼저 내린 판단과 달라요. 먼저 것을 철회하거나 같은 판단을 내려 주세요. 바뀐 \
                 것은 없어요.",
            ),
            Self::GatewaySwitchedOff => once(
                "GATEWAY_SWITCHED_OFF",
                409,
                "The gateway of this payment is switched off here, so its rules are not known. \
                 Nothing was changed.",
                "이 결제의 결제사가 꺼져 있어서 처리할 수 없어요. 바뀐 것은 없어요.",
            ),
            Self::GatewayUnavailable => again(
                "GATEWAY_UNAVAILABLE",
                503,
                "The payment gateway cannot take payments now. Nothing was charged. {again}",
                "지금은 결제사를 이용할 수 없어요. 결제되지 않았어요. {again}",
            ),
            Self::LinesUnreadable => once(
                "LINES_UNREADABLE",
                400,
                "The lines are not understood: {where}. None of them was used and nothing was \
                 changed.",
                "내역을 이해할 수 없어요: {where}. 어느 줄도 쓰지 않았고 바뀐 것은 없어요.",
            ),
            Self::NoSettlementQuery => once(
                "NO_SETTLEMENT_QUERY",
                422,
                "{gateway} cannot be asked what moved on a day. Send its report in `lines`. \
                 Nothing was changed.",
                "{gateway}에는 하루치 내역을 물어볼 수 없어요. `lines`에 내역을 보내 주세요. 바뀐 것은 \
                 없어요.",
            ),
            Self::NoSettlementReport => again(
                "NO_SETTLEMENT_REPORT",
                503,
                "The gateway gave no report of this day: {why}. Nothing was repaired. Ask again \
                 later, or send its report in `lines`.",
                "결제사에서 이 날의 내역을 받지 못했어요: {why}. 바로잡은 것은 없어요. 나중에 다시 \
                 요청하거나 `lines`에 내역을 보내 주세요.",
            ),
            Self::ReconciliationUnfinished => again(
                "RECONCILIATION_UNFINISHED",
                503,
                "The day was not reconciled to its end. What was done until then stands; ask for \
                 it again: nothing is done twice.",
                "이 날의 대사를 끝내지 못했어요. 그때까지 한 일은 그대로예요. 다시 요청해도 두 번 \
                 처리되지 않아요.",
            ),
            Self::Overloaded => again(
                "OVERLOADED",
                503,
                "More is asked of us than we can do now. Nothing was done; repeat the same call in \
                 a moment.",
                "지금 요청이 너무 많아요. 아무 일도 하지 않았으니 잠시 후 같은 요청을 다시 보내 주세요.",
            ),
            Self::Stopping => again(
                "STOPPING",
                503,
                "This server is stopping. Nothing was done; repeat the same call.",
                "서버를 멈추는 중이에요. 아무 일도 하지 않았으니 같은 요청을 다시 보내 주세요.",
            ),
            Self::DatabaseUnavailable => again(
                "DATABASE_UNAVAILABLE",
                503,
                "Our books cannot be reached now. Nothing was changed; repeat the same call with \
                 the same Idempotency-Key.",
                "지금은 장부를 읽고 쓸 수 없어요. 바뀐 것은 없으니 같은 Idempotency-Key로 다시 요청해 주세요.",
            ),
            Self::CommitInDoubt => again(
                "COMMIT_IN_DOUBT",
                503,
                "It is not known whether this was written down. Repeat the same call with the same \
                 Idempotency-Key: it is done once at most.",
                "기록됐는지 아직 알 수 없어요. 같은 Idempotency-Key로 다시 요청해 주세요. 많아야 한 번만 \
                 처리돼요.",
            ),
            Self::InternalError => again(
                "INTERNAL_ERROR",
                500,
                "Something of ours is broken. Repeat the same call with the same Idempotency-Key, \
                 or tell us the request id.",
                "저희 쪽에 문제가 있어요. 같은 Idempotency-Key로 다시 요청하거나 request_id를 알려 주세요.",
            ),
        }
    }

    /// A few words for people, e.g. `Sold out`.
    pub fn title(self) -> String {
        let words = self.entry().code.to_ascii_lowercase().replace('_', " ");
        let mut letters = words.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        first.into_iter().chain(letters).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_document_tells_exactly_the_codes_of_the_catalogue_with_their_status() {
        let document = include_str!("../../../../docs/errors.md");
        let told: Vec<_> = document
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .map(|heading| heading.trim_matches(['`', ' ']))
            .collect();
        let catalogued: Vec<_> = Code::ALL
            .iter()
            .map(|code| format!("{} ({})", code.entry().code, code.entry().status))
            .collect();
        assert_eq!(told, catalogued);
    }

    #[test]
    fn codes_are_unique_and_say_the_same_in_both_languages() {
        let mut seen = BTreeSet::new();
        for code in Code::ALL {
            let entry = code.entry();
            assert!(seen.insert(entry.code), "{} twice", entry.code);
            assert_eq!(open_places(entry.en), open_places(entry.ko), "{}", entry.code);
        }
    }

    fn open_places(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
    }
}
