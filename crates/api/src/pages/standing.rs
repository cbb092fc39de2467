//! What a page says of a payment: a headline a buyer understands, the honest sentence of its next
//! step, and where to go on.

use payonce_domain::{
    payment::{AttemptState, FailureReason, PaymentState},
    sale::Sale,
    time::Timestamp,
};

use super::document::{Document, Link, Tone, summary};
use crate::{
    api::Api,
    asked::Asked,
    language::Sentence,
    problem::{Code, Problem},
    views,
};

/// How a payment stands.
pub(super) fn of(api: &Api, sale: &Sale, asked: &Asked) -> Document {
    let (tone, headline) = headline(sale);
    let text = views::next_step(sale, asked).text;
    let mut document = Document::new(tone, headline, text);
    document.summary = summary(sale, asked.language);
    document.refresh_seconds = refresh(sale);
    if waits_at_page(sale, api.engine().clock().now()) {
        let words = Sentence::new("Go to the payment page", "결제창으로 가기");
        document.links.push(Link { words, url: asked.page_of(sale.payment.id) });
    }
    if let Some(template) = &api.settings().order_url {
        let words = match sale.payment.state {
            PaymentState::Created => Sentence::new("Pay again at the shop", "다시 결제하러 가기"),
            _ => Sentence::new("Back to the shop", "쇼핑몰로 돌아가기"),
        };
        let url = template.replace("{order_id}", &sale.order.id.to_string());
        document.links.push(Link { words, url });
    }
    document
}

/// Whether the buyer may go to the gateway's page now.
pub(super) fn waits_at_page(sale: &Sale, now: Timestamp) -> bool {
    sale.payment.state == PaymentState::RequiresAction && now < sale.order.expires_at
}

fn headline(sale: &Sale) -> (Tone, Sentence) {
    let unknown = Sentence::new(
        "We do not know yet. Do not pay again.",
        "아직 알 수 없어요. 다시 결제하지 마세요.",
    );
    match sale.payment.state {
        PaymentState::Created => (Tone::Bad, not_paid(sale)),
        PaymentState::RequiresAction => {
            (Tone::Waiting, Sentence::new("Not paid yet", "아직 결제하지 않았어요"))
        }
        PaymentState::Processing | PaymentState::Unresolved => (Tone::Waiting, unknown),
        PaymentState::Paid => (Tone::Good, Sentence::new("Paid", "결제했어요")),
        PaymentState::Cancelling => {
            (Tone::Waiting, Sentence::new("Money is on its way back", "환불하고 있어요"))
        }
        PaymentState::Cancelled => (Tone::Good, Sentence::new("Given back", "환불했어요")),
        PaymentState::PartiallyRefunded => {
            (Tone::Good, Sentence::new("Partly given back", "일부를 환불했어요"))
        }
        PaymentState::Failed => (Tone::Bad, over(sale.payment.reason)),
        PaymentState::CompensationFailed => {
            (Tone::Bad, Sentence::new("The money is not back yet", "아직 환불되지 않았어요"))
        }
    }
}

fn not_paid(sale: &Sale) -> Sentence {
    match sale.last_attempt().map(|attempt| attempt.state) {
        Some(AttemptState::Declined) => Sentence::new("Declined, not charged", "결제가 거절됐어요"),
        _ => Sentence::new("Not paid", "결제되지 않았어요"),
    }
}

fn over(reason: Option<FailureReason>) -> Sentence {
    match reason {
        Some(FailureReason::Cancelled) => {
            Sentence::new("Cancelled, not charged", "주문을 취소했어요")
        }
        Some(FailureReason::Expired) => {
            Sentence::new("The time for paying is over", "결제 시간이 지났어요")
        }
        Some(FailureReason::GatewayUnavailable | FailureReason::Rejected) | None => {
            Sentence::new("Not paid", "결제되지 않았어요")
        }
    }
}

/// When there may be news, in seconds.
fn refresh(sale: &Sale) -> Option<u64> {
    match sale.payment.state {
        PaymentState::Processing => Some(3),
        PaymentState::Cancelling => Some(10),
        PaymentState::Unresolved | PaymentState::CompensationFailed => Some(60),
        PaymentState::Created
        | PaymentState::RequiresAction
        | PaymentState::Paid
        | PaymentState::Cancelled
        | PaymentState::PartiallyRefunded
        | PaymentState::Failed => None,
    }
}

/// A problem, for people.
pub(super) fn of_problem(problem: &Problem, asked: &Asked) -> Document {
    let headline = match problem.code() {
        Code::PaymentNotFound => Sentence::new("Please check the address", "주소를 확인해 주세요"),
        code if code.entry().retryable => {
            Sentence::new("Not now, please wait", "잠시만 기다려 주세요")
        }
        _ => Sentence::new("This did not work", "처리하지 못했어요"),
    };
    let text = match problem.code() {
        // Their own words are for programs: they speak of keys and calls.
        Code::Overloaded
        | Code::Stopping
        | Code::DatabaseUnavailable
        | Code::CommitInDoubt
        | Code::InternalError => Sentence::new(
            "We cannot tell at the moment. Nothing is lost, and opening this page again never pays \
             twice; it opens again by itself in a few seconds.",
            "지금은 확인할 수 없어요. 사라진 것은 없고, 이 페이지를 다시 열어도 두 번 결제되지 않아요. 몇 초 뒤에 \
             자동으로 다시 열려요.",
        )
        .in_language(asked.language),
        _ => problem.detail(asked.language),
    };
    let mut document = Document::new(Tone::Bad, headline, text);
    document.status = problem.status();
    // Every page may be opened again without harm.
    document.refresh_seconds = problem.code().entry().retryable.then_some(5);
    document
}
