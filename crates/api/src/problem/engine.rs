//! What the engine, the rules and the books say, as problems. One exhaustive match each; what is a
//! defect of ours is logged here, once.

use payonce_domain::{
    checkout::{MAX_LINES, MAX_QUANTITY, PlaceRefusal},
    payment::{
        give_up::CancelRefusal, page::ReturnRefusal, renew::RenewRefusal, ruling::RulingRefusal,
    },
    refund::{request::RefundRefusal, retry::RetryRefusal},
    words::Word,
};
use payonce_engine::{
    batch::BatchError,
    catalogue::CatalogueError,
    checkout::CheckoutError,
    confirming::ReturnError,
    giving_up::GiveUpError,
    reconciliation::{ReconcileError, file::BadFile},
    refunds::RefundError,
    ruling::RulingError,
};
use payonce_ports::{
    gateway::{NoPage, Refusal},
    store::StoreError,
};

use super::{
    Code, Problem,
    fault::{Fault, FieldFault},
};
use crate::{language::Sentence, views::by_when};

/// Seconds after which what is short of breath may be asked again.
const SOON: u64 = 1;

impl From<StoreError> for Problem {
    /// A failed reading: nothing was changed by it.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::InDoubt(_) => {
                tracing::warn!(%error, "books not read");
                Self::new(Code::DatabaseUnavailable).retry_after(SOON)
            }
            StoreError::Refused(_) | StoreError::BadRow { .. } => defect(&error),
        }
    }
}

impl From<BatchError> for Problem {
    fn from(error: BatchError) -> Self {
        match error {
            BatchError::NotCommitted(StoreError::Unavailable(_)) => {
                tracing::warn!(%error, "books not written");
                Self::new(Code::DatabaseUnavailable).retry_after(SOON)
            }
            BatchError::NotCommitted(StoreError::Refused(_) | StoreError::BadRow { .. }) => {
                defect(&error)
            }
            BatchError::InDoubt(_) | BatchError::NotCommitted(StoreError::InDoubt(_)) => {
                tracing::warn!(%error, "books written or not");
                Self::new(Code::CommitInDoubt).retry_after(SOON)
            }
            BatchError::Overloaded => Self::new(Code::Overloaded).retry_after(SOON),
            BatchError::Stopping => Self::new(Code::Stopping).retry_after(SOON),
        }
    }
}

impl From<CheckoutError> for Problem {
    fn from(error: CheckoutError) -> Self {
        match error {
            CheckoutError::KeyReused => {
                Self::new(Code::IdempotencyKeyReused).param("Idempotency-Key")
            }
            CheckoutError::NoSuchGateway(_) => {
                FieldFault::problem("payment.gateway", no_such_gateway())
            }
            CheckoutError::WrongMeans(_) => FieldFault::problem("payment.gateway", not_paid_so()),
            CheckoutError::GatewayRefuses(refusal) => gateway_refuses(&refusal, nothing_begun()),
            CheckoutError::Place(refusal) => refusal.into(),
            CheckoutError::NoSuchOrder(_) => Self::new(Code::OrderNotFound),
            CheckoutError::Renew(refusal) => refusal.into(),
            CheckoutError::Defect(error) => defect(&error),
            CheckoutError::Batch(error) => error.into(),
            CheckoutError::Store(error) => error.into(),
        }
    }
}

impl From<PlaceRefusal> for Problem {
    fn from(refusal: PlaceRefusal) -> Self {
        match refusal {
            PlaceRefusal::Empty | PlaceRefusal::TooManyLines => {
                FieldFault::problem("items", Fault::WrongCount { least: 1, most: MAX_LINES })
            }
            PlaceRefusal::BadQuantity(_) => FieldFault::problem(
                "items",
                Fault::OutOfRange { least: 1, most: MAX_QUANTITY.into() },
            ),
            PlaceRefusal::NoSuchProduct(id) => {
                Self::new(Code::ProductNotFound).value("id", &id).param("items")
            }
            PlaceRefusal::SoldOut { product_id, available } => Self::new(Code::SoldOut)
                .value("product", &product_id)
                .value("available", &available)
                .param("items"),
            PlaceRefusal::Price(_) => FieldFault::problem(
                "items",
                Fault::NotAllowed(Sentence::new(
                    "these products have no sum: one currency, and not too large",
                    "이 상품들은 합계를 낼 수 없어요(통화가 다르거나 금액이 너무 커요)",
                )),
            ),
            PlaceRefusal::NothingToCharge => FieldFault::problem(
                "items",
                Fault::NotAllowed(Sentence::new(
                    "the total must be more than zero",
                    "합계가 0보다 커야 해요",
                )),
            ),
            PlaceRefusal::Illegal(error) => defect(&error),
        }
    }
}

impl From<RenewRefusal> for Problem {
    fn from(refusal: RenewRefusal) -> Self {
        match refusal {
            RenewRefusal::Ended(status) => {
                Self::new(Code::OrderEnded).value("status", &status.word())
            }
            RenewRefusal::InProgress => Self::new(Code::PaymentInProgress).retry_after(SOON),
            RenewRefusal::Expired(at) => Self::new(Code::OrderExpired).say("until", by_when(at)),
            RenewRefusal::Illegal(error) => defect(&error),
        }
    }
}

impl From<GiveUpError> for Problem {
    fn from(error: GiveUpError) -> Self {
        match error {
            GiveUpError::NoSuchOrder(_) => Self::new(Code::OrderNotFound),
            GiveUpError::Refused(CancelRefusal::CannotRefund) => Self::new(Code::RefundNotPossible),
            GiveUpError::Refused(CancelRefusal::Ended(status)) => {
                Self::new(Code::OrderEnded).value("status", &status.word())
            }
            GiveUpError::Refused(CancelRefusal::Refund(refusal)) => refusal.into(),
            GiveUpError::Refused(CancelRefusal::Illegal(error)) | GiveUpError::Illegal(error) => {
                defect(&error)
            }
            GiveUpError::Defect(error) => defect(&error),
            GiveUpError::Batch(error) => error.into(),
            GiveUpError::Store(error) => error.into(),
        }
    }
}

impl From<CatalogueError> for Problem {
    fn from(error: CatalogueError) -> Self {
        match error {
            CatalogueError::NoSuchProduct(id) => Self::new(Code::ProductNotFound).value("id", &id),
            CatalogueError::TooMuchStock => {
                FieldFault::problem("stock", Fault::OutOfRange { least: 0, most: u32::MAX.into() })
            }
            CatalogueError::Batch(error) => error.into(),
        }
    }
}

impl From<ReturnError> for Problem {
    fn from(error: ReturnError) -> Self {
        match error {
            ReturnError::NoSuchPayment | ReturnError::NoPage(NoPage::HasNone) => {
                Self::new(Code::NothingToConfirm)
            }
            ReturnError::Unreadable => Self::new(Code::ReturnUnreadable),
            ReturnError::GatewayRefuses(refusal) => gateway_refuses(&refusal, agreement_stands()),
            ReturnError::NoPage(NoPage::Unavailable(why)) => {
                tracing::warn!(why, "the gateway's page cannot be opened");
                let again = Sentence::new(
                    "Its page cannot be opened; open this one again in a moment.",
                    "결제창을 열 수 없으니 잠시 후 이 페이지를 다시 열어 주세요.",
                );
                Self::new(Code::GatewayUnavailable).say("again", again).retry_after(SOON)
            }
            ReturnError::Refused(refusal) => refusal.into(),
            ReturnError::Defect(error) => defect(&error),
            ReturnError::Batch(error) => error.into(),
            ReturnError::Store(error) => error.into(),
        }
    }
}

impl From<ReturnRefusal> for Problem {
    fn from(refusal: ReturnRefusal) -> Self {
        match refusal {
            ReturnRefusal::NotOurs | ReturnRefusal::Amount { .. } => {
                Self::new(Code::ReturnMismatch)
            }
            ReturnRefusal::Another => Self::new(Code::AlreadyConfirmed),
            ReturnRefusal::Over => Self::new(Code::ReturnTooLate),
            ReturnRefusal::Expired(at) => Self::new(Code::OrderExpired).say("until", by_when(at)),
            ReturnRefusal::Illegal(error) => defect(&error),
        }
    }
}

impl From<RefundError> for Problem {
    fn from(error: RefundError) -> Self {
        match error {
            RefundError::KeyReused => {
                Self::new(Code::IdempotencyKeyReused).param("Idempotency-Key")
            }
            RefundError::NoSuchOrder(_) => Self::new(Code::PaymentNotFound),
            RefundError::NoSuchRefund(_) => Self::new(Code::RefundNotFound),
            RefundError::Refused(refusal) => refusal.into(),
            RefundError::NotAgain(refusal) => refusal.into(),
            RefundError::Defect(error) => defect(&error),
            RefundError::Batch(error) => error.into(),
            RefundError::Store(error) => error.into(),
        }
    }
}

impl From<RefundRefusal> for Problem {
    fn from(refusal: RefundRefusal) -> Self {
        match refusal {
            RefundRefusal::NotPaid(state) => {
                Self::new(Code::NotPaid).value("status", &state.word())
            }
            RefundRefusal::CannotRefund => Self::new(Code::CannotRefund),
            RefundRefusal::NotPositive => FieldFault::problem(
                "items",
                Fault::NotAllowed(Sentence::new(
                    "these pieces cost nothing",
                    "값이 없는 상품은 환불할 것이 없어요",
                )),
            ),
            RefundRefusal::TooMuch { refundable, .. } => {
                Self::new(Code::RefundExceedsCharge).value("left", &refundable)
            }
            RefundRefusal::Expected { refundable, expected } => Self::new(Code::RefundableChanged)
                .value("left", &refundable)
                .value("expected", &expected)
                .param("expected_refundable"),
            RefundRefusal::NoSuchPiece(id) => FieldFault::problem(
                "items",
                Fault::NotAllowed(Sentence::new(
                    format!("the order has no product {id}"),
                    format!("주문에 없는 상품이에요: {id}"),
                )),
            ),
            RefundRefusal::TooManyPieces { product_id, left } => {
                Self::new(Code::RefundExceedsCharge)
                    .value("left", &format_args!("{left} × {product_id}"))
                    .param("items")
            }
            RefundRefusal::Price(error) => defect(&error),
            RefundRefusal::Illegal(error) => defect(&error),
        }
    }
}

impl From<RetryRefusal> for Problem {
    fn from(refusal: RetryRefusal) -> Self {
        match refusal {
            RetryRefusal::NoSuchRefund(_) => Self::new(Code::RefundNotFound),
            RetryRefusal::Done => Self::new(Code::AlreadyRefunded),
            RetryRefusal::CannotRefund => Self::new(Code::CannotRefund),
            RetryRefusal::TooMuch(left) => {
                Self::new(Code::RefundExceedsCharge).value("left", &left)
            }
            RetryRefusal::TooManyPieces { product_id, left } => {
                Self::new(Code::RefundExceedsCharge)
                    .value("left", &format_args!("{left} × {product_id}"))
            }
            RetryRefusal::Illegal(error) => defect(&error),
        }
    }
}

impl From<RulingError> for Problem {
    fn from(error: RulingError) -> Self {
        match error {
            RulingError::NoSuchOrder(_) => Self::new(Code::PaymentNotFound),
            RulingError::NoGateway => Self::new(Code::GatewaySwitchedOff),
            RulingError::Refused(RulingRefusal::NotInDoubt) => Self::new(Code::NotInDoubt),
            RulingError::Refused(RulingRefusal::SamePerson) => Self::new(Code::SecondPersonNeeded),
            RulingError::Refused(RulingRefusal::Disagrees) => Self::new(Code::RulingsDisagree),
            RulingError::Refused(RulingRefusal::AnotherCharge) => FieldFault::problem(
                "reference",
                Fault::NotAllowed(Sentence::new(
                    "this charge is another one of the same order",
                    "같은 주문의 다른 결제예요",
                )),
            ),
            RulingError::Refused(RulingRefusal::Settle(error)) => defect(&error),
            RulingError::Defect(error) => defect(&error),
            RulingError::Batch(error) => error.into(),
            RulingError::Store(error) => error.into(),
        }
    }
}

impl From<ReconcileError> for Problem {
    fn from(error: ReconcileError) -> Self {
        match error {
            ReconcileError::NoGateway(_) => Self::new(Code::GatewaySwitchedOff),
            ReconcileError::NoReport(why) => {
                Self::new(Code::NoSettlementReport).value("why", &told(&why)).retry_after(SOON)
            }
            ReconcileError::Store(StoreError::Refused(_) | StoreError::BadRow { .. })
            | ReconcileError::Batch(BatchError::NotCommitted(
                StoreError::Refused(_) | StoreError::BadRow { .. },
            )) => defect(&error),
            ReconcileError::Store(_) | ReconcileError::Batch(_) => {
                tracing::warn!(%error, "day not reconciled to its end");
                Self::new(Code::ReconciliationUnfinished).retry_after(SOON)
            }
        }
    }
}

impl From<BadFile> for Problem {
    fn from(bad: BadFile) -> Self {
        let english = told(&bad.to_string());
        let korean = match bad {
            BadFile::Encoding => "UTF-8이 아니에요".to_owned(),
            BadFile::Empty => "한 줄도 없어요".to_owned(),
            BadFile::NoColumn { line, example, .. } => {
                format!("{line}행: {example} 같은 열이 꼭 있어야 해요")
            }
            BadFile::TwoColumns { line, column, .. } => {
                format!("{line}행: {} 열과 같은 뜻의 열이 또 있어요", told(&column))
            }
            BadFile::Cell { line, column, what } => {
                format!("{line}행 {} 열: {}", told(&column), told(&what))
            }
            BadFile::Shape { line, what } => format!("{line}행: {}", told(&what)),
        };
        let place = Sentence::new(english, korean);
        Self::new(Code::LinesUnreadable).say("where", place).param("lines")
    }
}

/// Words that others chose, in part, as they may be shown: short, and without a card's number.
fn told(words: &str) -> String {
    const AT_MOST: usize = 200;
    const DIGITS_OF_A_CARD: usize = 12;
    let short: String = words.chars().take(AT_MOST).collect();
    let in_number = |letter: char| letter.is_ascii_digit() || matches!(letter, '-' | ' ');
    short
        .split_inclusive(|letter| !in_number(letter))
        .map(|part| {
            let digits = part.chars().filter(char::is_ascii_digit).count();
            if digits < DIGITS_OF_A_CARD {
                return part.to_owned();
            }
            part.replace(|letter: char| letter.is_ascii_digit(), "*")
        })
        .collect()
}

/// The gateway takes no charges now; nothing was changed, so the same call may come again.
fn gateway_refuses(refusal: &Refusal, again: Sentence) -> Problem {
    let seconds = refusal.retry_after.as_secs().max(SOON);
    Problem::new(Code::GatewayUnavailable).say("again", again).retry_after(seconds)
}

fn nothing_begun() -> Sentence {
    Sentence::new(
        "Nothing is held; repeat the same call later, with the same key.",
        "잡아 둔 것도 없어요. 잠시 후 같은 키로 다시 요청해 주세요.",
    )
}

/// What is said when a payment that the buyer agreed to cannot be confirmed now.
pub(crate) fn agreement_stands() -> Sentence {
    Sentence::new(
        "The buyer's agreement still stands for a while; confirm again in a moment.",
        "결제창에서 하신 동의는 잠시 동안 유효해요. 잠시 후 다시 확정해 주세요.",
    )
}

/// The gateway that was named is not paid in the way that was named.
pub(crate) fn not_paid_so() -> Fault {
    Fault::NotAllowed(Sentence::new(
        "this gateway is not paid by this method; leave it out",
        "이 결제 방법을 쓰지 않는 결제사예요. 이 항목을 빼 주세요",
    ))
}

pub(crate) fn no_such_gateway() -> Fault {
    Fault::NotAllowed(Sentence::new(
        "there is no such gateway, or it is switched off; leave it out for the usual one",
        "없거나 꺼진 결제사예요. 비워 두면 기본 결제사를 써요",
    ))
}

/// A defect of ours: told to the log in full, and to the caller only that it is ours.
pub(crate) fn defect(error: &dyn std::error::Error) -> Problem {
    tracing::error!(error = %error, "a defect of ours");
    Problem::new(Code::InternalError)
}
