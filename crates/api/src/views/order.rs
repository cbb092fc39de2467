//! An order as callers see it: what was ordered, how it stands, who moves next.

use payonce_domain::{
    payment::{Problem, ProblemCode},
    sale::Sale,
    words::Word as _,
};
use serde::Serialize;

use super::{
    Payment, moment,
    next_step::{NextStep, next_step},
    payment,
};
use crate::{
    asked::Asked,
    language::{Language, Sentence},
};

/// An order.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Order {
    id: String,
    object: &'static str,
    status: &'static str,
    buyer: String,
    total: i64,
    currency: &'static str,
    lines: Vec<Line>,
    pub(crate) payment: Payment,
    next_step: NextStep,
    last_error: Option<LastError>,
    metadata: serde_json::Value,
    expires_at: String,
    /// When somebody asked to cancel while it was not certain whether it was charged.
    cancel_wished_at: Option<String>,
    created_at: String,
}

#[derive(Debug, Clone, Serialize)]
struct Line {
    product_id: String,
    kind: &'static str,
    name: String,
    quantity: u32,
    unit_price: i64,
    amount: i64,
}

/// What the newest attempt ran into.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LastError {
    code: &'static str,
    text: String,
    /// What the gateway or the transport said, in its own words.
    said: String,
}

/// What is shown of an order.
pub(crate) fn order(sale: &Sale, asked: &Asked) -> Order {
    let order = &sale.order;
    let lines = order.lines.iter().map(|line| Line {
        product_id: line.product_id.to_string(),
        kind: line.kind.word(),
        name: line.name.clone(),
        quantity: line.quantity,
        unit_price: line.unit_price,
        amount: line.unit_price.saturating_mul(line.quantity.into()),
    });
    let problem = sale.last_attempt().and_then(|attempt| attempt.problem.as_ref());
    Order {
        id: order.id.to_string(),
        object: "order",
        status: order.status.word(),
        buyer: order.owner.to_string(),
        total: order.total.minor,
        currency: order.total.currency.code(),
        lines: lines.collect(),
        payment: payment(sale, asked),
        next_step: next_step(sale, asked),
        last_error: problem.map(|problem| last_error(problem, asked.language)),
        metadata: serde_json::from_str(&order.metadata).unwrap_or_default(),
        expires_at: moment(order.expires_at),
        cancel_wished_at: order.cancel_wished_at.map(moment),
        created_at: moment(order.created_at),
    }
}

/// What is shown of a problem.
pub(crate) fn last_error(problem: &Problem, language: Language) -> LastError {
    LastError {
        code: problem.code.word(),
        text: sentence(problem.code).in_language(language),
        said: problem.text.clone(),
    }
}

fn sentence(code: ProblemCode) -> Sentence {
    match code {
        ProblemCode::LimitExceeded => {
            Sentence::new("The card's limit is reached.", "카드 한도를 넘었어요.")
        }
        ProblemCode::InvalidCard => {
            Sentence::new("The card is not valid.", "사용할 수 없는 카드예요.")
        }
        ProblemCode::DeclinedOther => Sentence::new("The card was declined.", "카드가 거절됐어요."),
        ProblemCode::Rejected => Sentence::new(
            "The gateway refused our request as wrong.",
            "결제사가 요청을 받아들이지 않았어요.",
        ),
        ProblemCode::NotCreated => Sentence::new(
            "The gateway could not take the payment; nothing was made there.",
            "결제사가 결제를 받지 못했어요. 결제사에 남은 것은 없어요.",
        ),
        ProblemCode::NotSent => {
            Sentence::new("Nothing was sent to the gateway.", "결제사로 아무것도 보내지 않았어요.")
        }
        ProblemCode::Absent => {
            Sentence::new("The gateway never got it.", "결제사에 요청이 닿지 않았어요.")
        }
        ProblemCode::Unclear => Sentence::new(
            "The gateway answered, but nothing follows from its answer; we ask it again.",
            "결제사가 답했지만 그 답으로는 알 수 없어요. 다시 확인하고 있어요.",
        ),
        ProblemCode::TurnedDown => Sentence::new(
            "The payment was not completed on the gateway's page.",
            "결제창에서 결제가 완료되지 않았어요.",
        ),
        ProblemCode::Abandoned => Sentence::new(
            "Nobody came back from the gateway's page in time.",
            "결제창에서 결제를 마치지 않은 채 시간이 지났어요.",
        ),
        ProblemCode::Superseded => Sentence::new(
            "Another payment took its place before it was confirmed.",
            "확정하기 전에 다른 결제로 바뀌었어요.",
        ),
        ProblemCode::RuledNotCharged => Sentence::new(
            "It was established that nothing was charged.",
            "결제되지 않은 것으로 확인됐어요.",
        ),
        ProblemCode::RefundRefused => {
            Sentence::new("The gateway did not give the money back.", "결제사가 환불을 거절했어요.")
        }
        ProblemCode::NoAnswer => Sentence::new(
            "The gateway's answer never came or cannot be read; what it did is being found out.",
            "결제사의 응답을 받지 못했어요. 어떻게 됐는지 확인하고 있어요.",
        ),
    }
}
