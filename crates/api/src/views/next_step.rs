//! Who moves next, in one honest sentence: what is known, what is not, what happens and by when.

use payonce_domain::{
    payment::{Attempt, AttemptState, FailureReason, PaymentState},
    sale::Sale,
    time::Timestamp,
};
use serde::Serialize;

use super::{by_when, moment};
use crate::language::{Language, Sentence};

/// Who moves next.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NextStep {
    /// `buyer`, `gateway`, `payonce`, `operator` or `nobody`.
    who: &'static str,
    text: String,
    /// By when something happens, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    /// Where the buyer must go, if anywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// Who moves next for this sale.
pub(crate) fn next_step(sale: &Sale, language: Language) -> NextStep {
    let (who, at, sentence) = told(sale);
    NextStep { who, text: sentence.in_language(language), at: at.map(moment), url: None }
}

type Told = (&'static str, Option<Timestamp>, Sentence);

fn told(sale: &Sale) -> Told {
    match sale.payment.state {
        PaymentState::Created => open(sale),
        PaymentState::Processing => match sale.live_attempt() {
            Some(live) => under_way(sale, live),
            None => open(sale),
        },
        PaymentState::Unresolved => unresolved(sale),
        PaymentState::Paid => (
            "nobody",
            None,
            Sentence::new(
                "Paid, exactly once. What was bought is yours.",
                "결제가 한 번 완료됐어요. 구매하신 상품을 드렸어요.",
            ),
        ),
        PaymentState::Failed => ended(sale.payment.reason),
        PaymentState::CompensationFailed => (
            "operator",
            None,
            Sentence::new(
                "The card was charged after the order had been given up. The money is owed back; \
                 it cannot be returned automatically here, so an operator has been alarmed.",
                "주문이 끝난 뒤에 카드가 결제됐어요. 돌려드려야 하는 금액이고, 자동으로 환불할 수 없어서 \
                 담당자에게 알렸어요.",
            ),
        ),
    }
}

fn open(sale: &Sale) -> Told {
    let until = sale.order.expires_at;
    let when = by_when(until);
    let sentence = match sale.last_attempt().map(|attempt| attempt.state) {
        Some(AttemptState::Declined) => Sentence::new(
            format!(
                "The card was declined and nothing was charged. Pay with another card until {when}."
            ),
            format!("카드가 거절됐고 결제되지 않았어요. {when}까지 다른 카드로 결제해 주세요."),
        ),
        Some(
            AttemptState::NotCharged
            | AttemptState::Sent
            | AttemptState::Accepted
            | AttemptState::Unknown
            | AttemptState::Approved,
        )
        | None => Sentence::new(
            format!("Nothing was charged. Pay until {when}; after that everything held goes back."),
            format!(
                "결제되지 않았어요. {when}까지 결제해 주세요. 그 뒤에는 잡아 둔 상품을 되돌려요."
            ),
        ),
    };
    ("buyer", Some(until), sentence)
}

fn under_way(sale: &Sale, live: &Attempt) -> Told {
    let due = sale.owed_look_up(live.id).map(|owed| owed.due_at);
    let when = due.map_or_else(|| "soon".to_owned(), by_when);
    match live.state {
        AttemptState::Sent => (
            "gateway",
            Some(live.send_before),
            Sentence::new(
                format!(
                    "The charge is being sent; the gateway has not answered yet. Do not pay again. \
                     If no answer comes by {}, we ask it what happened.",
                    by_when(live.send_before)
                ),
                format!(
                    "결제를 요청했고 결제사의 응답을 기다리고 있어요. 다시 결제하지 마세요. {}까지 응답이 \
                     없으면 저희가 결제사에 확인해요.",
                    by_when(live.send_before)
                ),
            ),
        ),
        AttemptState::Accepted => (
            "gateway",
            due,
            Sentence::new(
                format!(
                    "The gateway has the payment and decides; it is not known yet whether the card \
                     is charged. We ask again at {when} if it does not tell us before."
                ),
                format!(
                    "결제사가 결제를 처리하고 있어요. 아직 결제됐는지 알 수 없어요. 결제사가 먼저 알려 주지 \
                     않으면 {when}에 다시 확인해요."
                ),
            ),
        ),
        AttemptState::Unknown
        | AttemptState::Approved
        | AttemptState::Declined
        | AttemptState::NotCharged => (
            "payonce",
            due,
            Sentence::new(
                format!(
                    "The gateway's answer never came: the card may or may not be charged. Do not \
                     pay again. We ask the gateway at {when}, and go on until it is certain."
                ),
                format!(
                    "결제사의 응답을 받지 못해서 결제됐는지 아직 알 수 없어요. 다시 결제하지 마세요. \
                     {when}에 결제사에 확인하고, 확실해질 때까지 계속 확인해요."
                ),
            ),
        ),
    }
}

fn unresolved(sale: &Sale) -> Told {
    let due = sale.live_attempt().and_then(|live| sale.owed_look_up(live.id)).map(|o| o.due_at);
    let when = due.map_or_else(|| "soon".to_owned(), by_when);
    let sentence = Sentence::new(
        format!(
            "It is still not known whether the card was charged, for longer than usual. Operators \
             have been alarmed, everything stays held, and we ask the gateway again at {when}. Do \
             not pay again."
        ),
        format!(
            "결제됐는지 평소보다 오래 확인하지 못하고 있어요. 담당자에게 알렸고 상품은 그대로 잡아 두고 \
             있어요. {when}에 결제사에 다시 확인해요. 다시 결제하지 마세요."
        ),
    );
    ("payonce", due, sentence)
}

fn ended(reason: Option<FailureReason>) -> Told {
    let sentence = match reason {
        Some(FailureReason::GatewayUnavailable) => Sentence::new(
            "The gateway could not take the payment. Nothing was charged and everything held is \
             back. Order again, later.",
            "결제사를 이용할 수 없었어요. 결제되지 않았고 잡아 둔 상품은 되돌렸어요. 나중에 다시 주문해 \
             주세요.",
        ),
        Some(FailureReason::Rejected) => Sentence::new(
            "The gateway refused the payment as wrong. Nothing was charged and everything held is \
             back.",
            "결제사가 결제를 받아들이지 않았어요. 결제되지 않았고 잡아 둔 상품은 되돌렸어요.",
        ),
        Some(FailureReason::Expired) => Sentence::new(
            "Nobody paid in time. Nothing was charged and everything held is back.",
            "결제 시간이 지났어요. 결제되지 않았고 잡아 둔 상품은 되돌렸어요.",
        ),
        Some(FailureReason::Cancelled) | None => Sentence::new(
            "Given up. Nothing was charged and everything held is back.",
            "주문을 취소했어요. 결제되지 않았고 잡아 둔 상품은 되돌렸어요.",
        ),
    };
    ("nobody", None, sentence)
}
