//! Who moves next, in one honest sentence: what is known, what is not, what happens and by when.
//! Money on its way back is in `giving_back.rs`.

use payonce_domain::{
    payment::{Attempt, AttemptState, FailureReason, PaymentState, ProblemCode},
    refund::RefundPurpose,
    sale::Sale,
    time::Timestamp,
};
use serde::Serialize;

use super::{by_when, giving_back, moment};
use crate::{asked::Asked, language::Sentence};

/// Who moves next.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct NextStep {
    /// `buyer`, `gateway`, `payonce`, `operator` or `nobody`.
    who: &'static str,
    pub(crate) text: String,
    /// By when something happens, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<String>,
    /// Where the buyer must go, if anywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// Who moves next for this sale.
pub(crate) fn next_step(sale: &Sale, asked: &Asked) -> NextStep {
    let (who, at, sentence) = told(sale);
    let at_page = sale.payment.state == PaymentState::RequiresAction;
    NextStep {
        who,
        text: sentence.in_language(asked.language),
        at: at.map(moment),
        url: at_page.then(|| asked.page_of(sale.payment.id)),
    }
}

/// Who moves next, by when, and what is said of it.
pub(super) type Told = (&'static str, Option<Timestamp>, Sentence);

fn told(sale: &Sale) -> Told {
    match sale.payment.state {
        PaymentState::Created => open(sale),
        PaymentState::RequiresAction => at_page(sale),
        PaymentState::Processing | PaymentState::Unresolved
            if sale.order.cancel_wished_at.is_some() =>
        {
            wished_to_cancel(sale)
        }
        PaymentState::Processing => match sale.live_attempt() {
            Some(live) => under_way(sale, live),
            None => open(sale),
        },
        PaymentState::Unresolved => unresolved(sale),
        PaymentState::Paid => paid(sale),
        PaymentState::Failed => ended(sale.payment.reason),
        PaymentState::Cancelling
        | PaymentState::Cancelled
        | PaymentState::PartiallyRefunded
        | PaymentState::CompensationFailed => giving_back::told(sale),
    }
}

fn open(sale: &Sale) -> Told {
    let until = sale.order.expires_at;
    let when = by_when(until);
    let last = sale.last_attempt();
    let turned_down = last
        .and_then(|attempt| attempt.problem.as_ref())
        .is_some_and(|problem| problem.code == ProblemCode::TurnedDown);
    let declined = last.is_some_and(|attempt| attempt.state == AttemptState::Declined);
    let sentence = if declined {
        Sentence::new(
            format!(
                "The payment was declined and nothing was charged. Pay with another card or in \
                 another way until {}.",
                when.en
            ),
            format!(
                "결제가 거절됐고 결제된 금액은 없어요. {}까지 다른 카드나 다른 방법으로 결제해 주세요.",
                when.ko
            ),
        )
    } else if turned_down {
        Sentence::new(
            format!(
                "The payment was not completed on the gateway's page. Nothing was charged. Pay again \
                 until {}, if you like.",
                when.en
            ),
            format!(
                "결제창에서 결제가 완료되지 않았어요. 결제된 금액은 없어요. {}까지 다시 결제할 수 있어요.",
                when.ko
            ),
        )
    } else {
        Sentence::new(
            format!(
                "Nothing was charged. Pay until {}; after that everything held goes back.",
                when.en
            ),
            format!(
                "결제되지 않았어요. {}까지 결제해 주세요. 그 뒤에는 잡아 둔 상품을 되돌려요.",
                when.ko
            ),
        )
    };
    ("buyer", Some(until), sentence)
}

fn at_page(sale: &Sale) -> Told {
    let until = sale.order.expires_at;
    let when = by_when(until);
    let confirmed_in_vain = sale
        .live_attempt()
        .is_some_and(|live| live.problem.is_some() && live.means.authentication().is_some());
    let sentence = if confirmed_in_vain {
        Sentence::new(
            format!(
                "The gateway could not take the payment just now. Nothing was charged. Open its page \
                 and agree once more, until {}.",
                when.en
            ),
            format!(
                "지금은 결제사가 결제를 받지 못했어요. 결제된 금액은 없어요. {}까지 결제창에서 한 번 더 \
                 결제해 주세요.",
                when.ko
            ),
        )
    } else {
        Sentence::new(
            format!(
                "Agree to the payment on the gateway's page until {}. Nothing is charged before that; \
                 if nobody comes back from there, everything held goes back.",
                when.en
            ),
            format!(
                "{}까지 결제창에서 결제를 마쳐 주세요. 그 전에는 결제되지 않고, 마치지 않으면 잡아 둔 \
                 상품을 되돌려요.",
                when.ko
            ),
        )
    };
    ("buyer", Some(until), sentence)
}

fn under_way(sale: &Sale, live: &Attempt) -> Told {
    let due = sale.owed_look_up(live.id).map(|owed| owed.due_at);
    let when = due.map_or_else(soon, by_when);
    match live.state {
        AttemptState::Sent => {
            let until = by_when(live.send_before);
            let sentence = Sentence::new(
                format!(
                    "The charge is being sent; the gateway has not answered yet. Do not pay again. \
                     If no answer comes by {}, we ask it what happened.",
                    until.en
                ),
                format!(
                    "결제를 요청했고 결제사의 응답을 기다리고 있어요. 다시 결제하지 마세요. {}까지 응답이 \
                     없으면 저희가 결제사에 확인해요.",
                    until.ko
                ),
            );
            ("gateway", Some(live.send_before), sentence)
        }
        AttemptState::Accepted => (
            "gateway",
            due,
            Sentence::new(
                format!(
                    "The gateway has the payment and decides; it is not known yet whether the card \
                     is charged. We ask again at {} if it does not tell us before.",
                    when.en
                ),
                format!(
                    "결제사가 결제를 처리하고 있어요. 아직 결제됐는지 알 수 없어요. 결제사가 먼저 알려 주지 \
                     않으면 {}에 다시 확인해요.",
                    when.ko
                ),
            ),
        ),
        AttemptState::Recorded
        | AttemptState::Unknown
        | AttemptState::Approved
        | AttemptState::Declined
        | AttemptState::NotCharged => (
            "payonce",
            due,
            Sentence::new(
                format!(
                    "The gateway's answer never came: the card may or may not be charged. Do not \
                     pay again. We ask the gateway at {}, and go on until it is certain.",
                    when.en
                ),
                format!(
                    "결제사의 응답을 받지 못해서 결제됐는지 아직 알 수 없어요. 다시 결제하지 마세요. \
                     {}에 결제사에 확인하고, 확실해질 때까지 계속 확인해요.",
                    when.ko
                ),
            ),
        ),
    }
}

/// Cancelled while it may be charged: the wish is kept until that is certain.
fn wished_to_cancel(sale: &Sale) -> Told {
    let due = sale.live_attempt().and_then(|live| sale.owed_look_up(live.id)).map(|o| o.due_at);
    let when = due.map_or_else(soon, by_when);
    let sentence = Sentence::new(
        format!(
            "You asked to cancel, and we wrote that down. It is not known yet whether the card was \
             charged; we ask the gateway at {}. If it was not, the order ends; if it was, the money \
             goes back.",
            when.en
        ),
        format!(
            "취소 요청을 받아 뒀어요. 결제됐는지 아직 알 수 없어서 {}에 결제사에 확인해요. 결제되지 \
             않았다면 주문이 끝나고, 결제됐다면 환불해 드려요.",
            when.ko
        ),
    );
    ("payonce", due, sentence)
}

fn unresolved(sale: &Sale) -> Told {
    let due = sale.live_attempt().and_then(|live| sale.owed_look_up(live.id)).map(|o| o.due_at);
    let when = due.map_or_else(soon, by_when);
    let sentence = Sentence::new(
        format!(
            "It is still not known whether the card was charged, for longer than usual. Operators \
             have been alarmed, everything stays held, and we ask the gateway again at {}. Do \
             not pay again.",
            when.en
        ),
        format!(
            "결제됐는지 평소보다 오래 확인하지 못하고 있어요. 담당자에게 알렸고 상품은 그대로 잡아 두고 \
             있어요. {}에 결제사에 다시 확인해요. 다시 결제하지 마세요.",
            when.ko
        ),
    );
    ("payonce", due, sentence)
}

fn paid(sale: &Sale) -> Told {
    match sale.refunds.iter().find(|it| it.purpose == RefundPurpose::Compensation) {
        Some(refund) => giving_back::besides(sale, refund),
        None => ("nobody", None, paid_once(sale)),
    }
}

fn paid_once(sale: &Sale) -> Sentence {
    let paid = Sentence::new(
        "Paid, exactly once. What was bought is yours.",
        "결제가 한 번만 이루어졌어요. 주문이 확정됐어요.",
    );
    if sale.order.cancel_wished_at.is_some() {
        return paid.followed_by(Sentence::new(
            "You had asked to cancel before it was certain, but this gateway cannot give money back \
             by itself: please contact the shop.",
            "취소를 요청하셨지만 결제가 됐고, 이 결제사로는 자동 환불을 할 수 없어요. 판매자에게 문의해 \
             주세요.",
        ));
    }
    if was_adopted(sale) {
        return paid.followed_by(Sentence::new(
            "The charge became known late; it counts, and nothing else was charged.",
            "결제가 뒤늦게 확인됐어요. 그 결제로 주문을 마쳤고 다른 결제는 없어요.",
        ));
    }
    paid
}

/// Whether the charge became known when its order was over, or when another attempt had followed.
fn was_adopted(sale: &Sale) -> bool {
    let newest = sale.last_attempt().map(|attempt| attempt.id);
    let superseded = sale.paying_attempt().is_some_and(|paying| Some(paying.id) != newest);
    superseded || sale.payment.changed_at >= sale.order.expires_at
}

fn soon() -> Sentence {
    Sentence::new("soon", "곧")
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
