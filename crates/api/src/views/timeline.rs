//! A payment's history as callers see it: each decision with its cause and what it changed. What
//! operators said among themselves is for the shop's people alone.

use payonce_domain::{
    ids::AttemptId,
    journal::{Cause, Entry, Fact},
    payment::evidence::Source,
    words::Word as _,
};
use serde::Serialize;

use super::moment;
use crate::{
    auth::Caller,
    language::{Language, Sentence},
};

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
    fact: Shown,
    text: String,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Shown {
    Whole(Fact),
    ForBuyers(ForBuyers),
}

/// What a buyer is shown of a fact that names operators or holds their words.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "fact")]
enum ForBuyers {
    Ruling { attempt_id: AttemptId, verdict: String },
    IncidentRaised { incident: String },
}

/// Who reads a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// Whose order it is.
    Buyer,
    /// An operator, or the shop's back end.
    Shop,
}

impl Reader {
    /// What this caller may read.
    pub(crate) fn of(caller: &Caller) -> Self {
        if caller.runs_the_shop() { Self::Shop } else { Self::Buyer }
    }
}

/// What is shown of the journal of one order.
pub(crate) fn timeline(entries: Vec<Entry>, reader: Reader, language: Language) -> Vec<Moment> {
    entries.into_iter().map(|entry| one(entry, reader, language)).collect()
}

fn one(entry: Entry, reader: Reader, language: Language) -> Moment {
    let facts = entry.facts.into_iter().map(|fact| Told {
        text: about_fact(&fact, reader).in_language(language),
        fact: shown(fact, reader),
    });
    Moment {
        id: entry.id.to_string(),
        object: "event",
        at: moment(entry.at),
        text: about_cause(&entry.cause).in_language(language),
        cause: entry.cause,
        facts: facts.collect(),
    }
}

fn shown(fact: Fact, reader: Reader) -> Shown {
    match (reader, fact) {
        (Reader::Buyer, Fact::Ruling { attempt_id, verdict, .. }) => {
            Shown::ForBuyers(ForBuyers::Ruling { attempt_id, verdict })
        }
        (Reader::Buyer, Fact::IncidentRaised { incident, .. }) => {
            Shown::ForBuyers(ForBuyers::IncidentRaised { incident })
        }
        (Reader::Buyer | Reader::Shop, fact) => Shown::Whole(fact),
    }
}

fn about_cause(cause: &Cause) -> Sentence {
    match cause {
        Cause::Placed => Sentence::new("The buyer ordered.", "주문했어요."),
        Cause::PaidAgain => Sentence::new("The buyer paid again.", "다시 결제했어요."),
        Cause::Evidence { source } => about_source(*source),
        Cause::Returned => {
            Sentence::new("The buyer came back from the gateway's page.", "결제창에서 돌아왔어요.")
        }
        Cause::Repeated => Sentence::new(
            "The same request is sent again; it cannot charge twice.",
            "같은 요청을 다시 보내요. 두 번 결제되지는 않아요.",
        ),
        Cause::Ruled => Sentence::new(
            "An operator decided about the payment in doubt.",
            "담당자가 확인되지 않은 결제를 판단했어요.",
        ),
        Cause::RefundRequested => Sentence::new("A refund was asked for.", "환불을 요청받았어요."),
        Cause::RefundSent => {
            Sentence::new("The refund's request is about to leave.", "결제사에 환불을 요청해요.")
        }
        Cause::Commanded => {
            Sentence::new("An operator had it tried again.", "담당자가 다시 시도하게 했어요.")
        }
        Cause::Reconciled => Sentence::new(
            "The gateway's settlement was compared with the books.",
            "결제사의 정산 내역과 장부를 맞춰 봤어요.",
        ),
        Cause::Expired => Sentence::new("Time for paying ran out.", "결제 시간이 지났어요."),
        Cause::Cancelled => Sentence::new("The order was cancelled.", "주문을 취소했어요."),
    }
}

fn about_source(source: Source) -> Sentence {
    match source {
        Source::Response => {
            Sentence::new("The gateway answered, or did not.", "결제사 응답을 정리했어요.")
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
        Source::Settlement => {
            Sentence::new("The gateway's settlement has it.", "결제사의 정산 내역에서 확인했어요.")
        }
        Source::Operator => Sentence::new(
            "Operators decided, with evidence of their own.",
            "담당자가 근거를 확인하고 판단했어요.",
        ),
    }
}

fn about_fact(fact: &Fact, reader: Reader) -> Sentence {
    match fact {
        Fact::OrderPlaced { total, currency } => Sentence::new(
            format!("Order placed over {total} {currency}; its stock is held."),
            format!("{total} {currency} 주문을 받고 상품을 잡아 뒀어요."),
        ),
        Fact::AttemptRecorded { number, gateway, .. } => Sentence::new(
            format!("Attempt {number} at {gateway} is written down before anything is sent."),
            format!("무엇이든 보내기 전에 {gateway} 결제 시도 {number}번을 먼저 기록했어요."),
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
        Fact::CancelWished => Sentence::new(
            "Cancelling was asked for; it waits until it is certain whether it was charged.",
            "취소 요청을 받았어요. 결제됐는지 확실해질 때까지 기다려요.",
        ),
        Fact::CancelLapsed => Sentence::new(
            "It was charged before it could be cancelled, and the gateway cannot give money back: the \
             order is served.",
            "취소하기 전에 결제됐고 이 결제사로는 환불할 수 없어서 주문을 그대로 진행해요.",
        ),
        Fact::Ruling { verdict, by, second, reason, evidence, .. } => ruling(
            verdict,
            reader,
            &format!("{by}{}: {reason} ({evidence})", agreed(second.as_ref())),
        ),
        Fact::RefundOwed { amount, reason, .. } => Sentence::new(
            format!("{amount} is to go back: {reason}."),
            format!("{amount}을(를) 돌려드려야 해요: {reason}."),
        ),
        Fact::RefundMoved { from, to, .. } => Sentence::new(
            format!("The refund went from {} to {}.", from.word(), to.word()),
            format!("환불이 {}에서 {}(으)로 바뀌었어요.", from.word(), to.word()),
        ),
        Fact::PiecesReturned { product_id, quantity } => Sentence::new(
            format!("{quantity} of {product_id} came back to stock."),
            format!("{product_id} {quantity}개를 재고로 되돌렸어요."),
        ),
        Fact::FeePosted { amount, .. } => Sentence::new(
            format!("The gateway's settlement has a fee of {amount}."),
            format!("결제사 정산 수수료 {amount}을(를) 기록했어요."),
        ),
        Fact::OrderEnded { status } => Sentence::new(
            format!("The order is {}.", status.word()),
            format!("주문이 {} 상태로 끝났어요.", status.word()),
        ),
        Fact::IncidentRaised { .. } if reader == Reader::Buyer => Sentence::new(
            "Something was found that our people look into.",
            "담당자가 살펴볼 일이 생겼어요.",
        ),
        Fact::IncidentRaised { incident, detail } => Sentence::new(
            format!("An incident was raised: {incident}: {detail}."),
            format!("살펴볼 일이 생겼어요: {incident}: {detail}."),
        ),
    }
}

fn ruling(verdict: &str, reader: Reader, said: &str) -> Sentence {
    let sentence = Sentence::new(
        format!("Operators decided: {verdict}."),
        format!("담당자가 판단했어요: {verdict}."),
    );
    match reader {
        Reader::Buyer => sentence,
        Reader::Shop => sentence.followed_by(Sentence::new(said, said)),
    }
}

fn agreed(second: Option<&String>) -> String {
    second.map_or_else(String::new, |second| format!(" and {second}"))
}
