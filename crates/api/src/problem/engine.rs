//! What the engine, the rules and the books say, as problems. One exhaustive match each; what is a
//! defect of ours is logged here, once.

use payonce_domain::{
    checkout::{MAX_LINES, MAX_QUANTITY, PlaceRefusal},
    payment::{give_up::CancelRefusal, renew::RenewRefusal},
    words::Word,
};
use payonce_engine::{
    batch::BatchError, catalogue::CatalogueError, checkout::CheckoutError, giving_up::GiveUpError,
};
use payonce_ports::{gateway::Refusal, store::StoreError};

use super::{
    Code, Problem,
    fault::{Fault, FieldFault},
};
use crate::{language::Sentence, views::moment};

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
            CheckoutError::GatewayRefuses(refusal) => gateway_refuses(&refusal),
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
            RenewRefusal::Expired(at) => Self::new(Code::OrderExpired).value("until", &moment(at)),
            RenewRefusal::Illegal(error) => defect(&error),
        }
    }
}

impl From<GiveUpError> for Problem {
    fn from(error: GiveUpError) -> Self {
        match error {
            GiveUpError::NoSuchOrder(_) => Self::new(Code::OrderNotFound),
            GiveUpError::Refused(CancelRefusal::InProgress) => {
                Self::new(Code::PaymentInProgress).retry_after(SOON)
            }
            GiveUpError::Refused(CancelRefusal::CannotRefund) => Self::new(Code::RefundNotPossible),
            GiveUpError::Refused(CancelRefusal::Ended(status)) => {
                Self::new(Code::OrderEnded).value("status", &status.word())
            }
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

/// The gateway takes no charges now; nothing was begun, so the same key may come again.
fn gateway_refuses(refusal: &Refusal) -> Problem {
    let seconds = refusal.retry_after.as_secs().max(SOON);
    Problem::new(Code::GatewayUnavailable)
        .say(
            "again",
            Sentence::new(
                "Repeat the same call later, with the same key.",
                "잠시 후 같은 키로 다시 요청해 주세요.",
            ),
        )
        .retry_after(seconds)
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
