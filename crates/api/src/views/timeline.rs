//! A payment's history as callers see it: each decision with its cause and what it changed.

use payonce_domain::{
    journal::{Cause, Entry, Fact},
    payment::evidence::Source,
    words::Word as _,
};
use serde::Serialize;

use super::moment;
use crate::language::{Language, Sentence};

/// One decision.
#[derive(Debug, Serialize)]
pub(crate) struct Moment {
    id: String,
    object: &'static str,
    at: String,
    #[serde(flatten)]
    cause: Cause,
    text: String,
    facts: Vec<Told>,
}

#[derive(Debug, Serialize)]
struct Told {
    #[serde(flatten)]
    fact: Fact,
    text: String,
}

/// What is shown of the journal of one order.
pub(crate) fn timeline(entries: Vec<Entry>, language: Language) -> Vec<Moment> {
    entries.into_iter().map(|entry| one(entry, language)).collect()
}

fn one(entry: Entry, language: Language) -> Moment {
    let facts = entry
        .facts
        .into_iter()
        .map(|fact| Told { text: about_fact(&fact).in_language(language), fact });
    Moment {
        id: entry.id.to_string(),
        object: "event",
        at: moment(entry.at),
        text: about_cause(&entry.cause).in_language(language),
        cause: entry.cause,
        facts: facts.collect(),
    }
}

fn about_cause(cause: &Cause) -> Sentence {
    match cause {
        Cause::Placed => Sentence::new("The buyer ordered.", "주문했어요."),
        Cause::PaidAgain => Sentence::new("The buyer paid again.", "다시 결제했어요."),
        Cause::Evidence { source } => about_source(*source),
        Cause::Expired => Sentence::new("Time for paying ran out.", "결제 시간이 지났어요."),
        Cause::Cancelled => Sentence::new("The order was cancelled.", "주문을 취소했어요."),
    }
}

fn about_source(source: Source) -> Sentence {
    match source {
        Source::Response => {
            Sentence::new("The charge call ended.", "결제 요청에 대한 응답이 정리됐어요.")
        }
        Source::LookUp => Sentence::new("We asked the gateway.", "결제사에 확인했어요."),
        Source::CallbackLookUp => Sentence::new(
            "The gateway called back, so we asked it.",
            "결제사에서 연락이 와서 확인했어요.",
        ),
        Source::CheckLookUp => Sentence::new(
            "Somebody asked for a check, so we asked the gateway.",
            "확인 요청을 받아 결제사에 확인했어요.",
        ),
    }
}

fn about_fact(fact: &Fact) -> Sentence {
    match fact {
        Fact::OrderPlaced { total, currency } => Sentence::new(
            format!("Order placed over {total} {currency}; its stock is held."),
            format!("{total} {currency} 주문을 받고 상품을 잡아 뒀어요."),
        ),
        Fact::AttemptRecorded { number, gateway, .. } => Sentence::new(
            format!("Attempt {number} at {gateway} is written down; its request may leave now."),
            format!("{gateway} 결제 시도 {number}번을 기록했어요. 이제 요청을 보낼 수 있어요."),
        ),
        Fact::AttemptMoved { from, to, .. } => Sentence::new(
            format!("The attempt went from {} to {}.", from.word(), to.word()),
            format!("결제 시도가 {}에서 {}(으)로 바뀌었어요.", from.word(), to.word()),
        ),
        Fact::PaymentMoved { from, to, .. } => Sentence::new(
            format!("The payment went from {} to {}.", from.word(), to.word()),
            format!("결제가 {}에서 {}(으)로 바뀌었어요.", from.word(), to.word()),
        ),
        Fact::HoldsMoved { to } => Sentence::new(
            format!("What was held is {to}."),
            format!("잡아 둔 상품이 {to} 상태가 됐어요."),
        ),
        Fact::OrderEnded { status } => Sentence::new(
            format!("The order is {}.", status.word()),
            format!("주문이 {} 상태로 끝났어요.", status.word()),
        ),
        Fact::IncidentRaised { incident, detail } => Sentence::new(
            format!("An incident was raised: {incident}: {detail}."),
            format!("살펴볼 일이 생겼어요: {incident}: {detail}."),
        ),
    }
}
