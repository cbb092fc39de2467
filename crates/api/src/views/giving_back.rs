//! Money on its way back, in honest sentences: asked for or not, answered or not, and by when.

use payonce_domain::{
    obligation::ObligationState,
    payment::PaymentState,
    refund::{Refund, RefundPurpose, RefundState},
    sale::Sale,
    time::Timestamp,
};

use super::{amount, by_when, next_step::Told};
use crate::language::Sentence;

/// Who moves next for a payment of which money goes back, or went.
pub(super) fn told(sale: &Sale) -> Told {
    let owed = |refund: &&Refund| refund.state == RefundState::Refused && !sale.is_replaced(refund);
    let unfinished = sale.refunds.iter().find(owed);
    let unfinished =
        unfinished.or_else(|| sale.refunds.iter().find(|refund| refund.state.is_undecided()));
    match unfinished {
        Some(refund) => {
            let (who, at, sentence) = about(sale, refund);
            (who, at, before(sale, refund).followed_by(sentence))
        }
        None => ("nobody", None, all_back(sale)),
    }
}

/// A served order of which another charge surfaced, that goes back.
pub(super) fn besides(sale: &Sale, refund: &Refund) -> Told {
    let served = Sentence::new(
        "Paid; what was bought is yours. Another charge of this order surfaced besides, and is not \
         ours to keep.",
        "결제가 완료됐고 구매하신 상품을 드렸어요. 그런데 이 주문이 한 번 더 결제된 것이 확인됐어요. 저희가 \
         가질 수 없는 돈이에요.",
    );
    let (who, at, sentence) = about(sale, refund);
    (who, at, served.followed_by(sentence))
}

/// Why this money goes back at all, if nobody asked for it.
fn before(sale: &Sale, refund: &Refund) -> Sentence {
    match refund.purpose {
        RefundPurpose::Requested => Sentence::new("", ""),
        RefundPurpose::Compensation if sale.order.cancel_wished_at.is_some() => Sentence::new(
            "The order was cancelled while it was being charged, and the charge came through.",
            "취소를 요청하신 뒤에 결제가 됐어요.",
        ),
        RefundPurpose::Compensation => Sentence::new(
            "The charge came through after the order had been given up, or besides another one: it \
             is not ours to keep.",
            "주문이 끝난 뒤에, 또는 다른 결제와 겹쳐서 결제됐어요. 저희가 가질 수 없는 돈이에요.",
        ),
    }
}

/// Who moves next for one refund.
pub(super) fn about(sale: &Sale, refund: &Refund) -> Told {
    let (who, at, sentence) = standing(sale, refund);
    if refund.alarmed_at.is_none() || !refund.state.is_undecided() {
        return (who, at, sentence);
    }
    let alarmed = Sentence::new(
        "This takes longer than usual; an operator has been alarmed.",
        "평소보다 오래 걸려서 담당자에게도 알렸어요.",
    );
    (who, at, sentence.followed_by(alarmed))
}

fn standing(sale: &Sale, refund: &Refund) -> Told {
    let sum = amount(refund.amount);
    let owed = sale
        .obligations
        .iter()
        .find(|owed| owed.refund_id == Some(refund.id) && owed.state == ObligationState::Owed);
    let due = owed.map(|owed| owed.due_at);
    let when = due.map_or_else(|| Sentence::new("soon", "곧"), by_when);
    match refund.state {
        RefundState::Owed => (
            "payonce",
            due,
            Sentence::new(
                format!(
                    "{} goes back. The gateway is asked for it at {}; nothing has come back yet.",
                    sum.en, when.en
                ),
                format!(
                    "{}을 돌려드릴 거예요. {}에 결제사에 환불을 요청해요. 아직 환불되지 않았어요.",
                    sum.ko, when.ko
                ),
            ),
        ),
        RefundState::Sent => ("gateway", Some(refund.send_before), asked(&sum, refund.send_before)),
        RefundState::Unknown => ("payonce", due, in_doubt(&sum, &when)),
        RefundState::Done => ("nobody", None, done(&sum)),
        RefundState::Refused if sale.is_replaced(refund) => (
            "nobody",
            None,
            Sentence::new(
                format!(
                    "The gateway did not give {} back. Another refund has taken the place of this \
                     one, so no more of it is owed.",
                    sum.en
                ),
                format!(
                    "결제사가 {} 환불을 거절했어요. 다른 환불로 대신했으니 이 환불로 더 돌려드릴 금액은 \
                     없어요.",
                    sum.ko
                ),
            ),
        ),
        RefundState::Refused => (
            "operator",
            None,
            Sentence::new(
                format!(
                    "The gateway did not give {} back, and asking again by ourselves does not help. \
                     It is still owed; an operator has been alarmed.",
                    sum.en
                ),
                format!(
                    "결제사가 {} 환불을 거절했어요. 자동으로는 더 진행할 수 없어서 담당자에게 알렸어요. \
                     돌려드려야 하는 돈이라는 점은 그대로예요.",
                    sum.ko
                ),
            ),
        ),
    }
}

fn asked(sum: &Sentence, until: Timestamp) -> Sentence {
    let until = by_when(until);
    Sentence::new(
        format!(
            "The gateway is being asked to give {} back and has not answered yet. If no answer comes \
             by {}, we ask it what happened.",
            sum.en, until.en
        ),
        format!(
            "결제사에 {} 환불을 요청했고 응답을 기다리고 있어요. {}까지 응답이 없으면 저희가 확인해요.",
            sum.ko, until.ko
        ),
    )
}

fn in_doubt(sum: &Sentence, when: &Sentence) -> Sentence {
    Sentence::new(
        format!(
            "We asked the gateway to give {} back and have no answer yet, so it may or may not be \
             back. We ask again at {}, and go on until it is certain. It is not given back twice.",
            sum.en, when.en
        ),
        format!(
            "결제사에 {} 환불을 요청했지만 응답을 받지 못해서 환불됐는지 아직 알 수 없어요. {}에 다시 \
             확인하고, 확실해질 때까지 계속 확인해요. 두 번 환불되지는 않아요.",
            sum.ko, when.ko
        ),
    )
}

fn done(sum: &Sentence) -> Sentence {
    Sentence::new(
        format!(
            "The gateway gave {} back. The card's issuer may take some days to show it.",
            sum.en
        ),
        format!("{}을 환불했어요. 카드사에 따라 며칠 뒤에 보일 수 있어요.", sum.ko),
    )
}

/// Everything that was to go back is back.
fn all_back(sale: &Sale) -> Sentence {
    let served = sale.was_served();
    let given: i64 = sale
        .refunds
        .iter()
        .filter(|refund| refund.state == RefundState::Done)
        // Of a served order, a charge that surfaced besides is another matter.
        .filter(|refund| !served || refund.purpose == RefundPurpose::Requested)
        .map(|refund| refund.amount.minor)
        .sum();
    let sum = amount(payonce_domain::money::Money { minor: given, ..sale.payment.amount });
    let rest = match sale.payment.state {
        PaymentState::PartiallyRefunded => {
            let left = amount(sale.refundable());
            Sentence::new(
                format!("{} of the charge is not given back.", left.en),
                format!("나머지 {}은 그대로 결제된 상태예요.", left.ko),
            )
        }
        _ if served => Sentence::new(
            "That is all of the charge; the order is cancelled.",
            "결제하신 금액 전부이고, 주문은 취소됐어요.",
        ),
        _ => Sentence::new(
            "That is all that was charged; the order has ended.",
            "결제된 금액 전부이고, 주문은 끝났어요.",
        ),
    };
    done(&sum).followed_by(rest)
}
