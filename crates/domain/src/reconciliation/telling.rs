//! Findings in sentences, in English and in Korean.

use super::{Difference, Finding, MovementType, SettlementLine, Source};
use crate::{money::Money, words::Word};

impl Finding {
    /// What differs, as a sentence.
    pub fn english(&self) -> String {
        let subject = format!("{} {} {}", self.gateway, self.kind.word(), self.subject());
        let (expected, seen) = (shown(self.expected, "nothing"), shown(self.seen, "nothing"));
        let report = self.report_in("its settlement", "its transactions");
        match self.difference {
            Difference::InDoubt => {
                format!("{subject} of {seen} was made; our books hold it in doubt.")
            }
            Difference::BelievedNot => {
                format!("{subject} of {seen} was made; our books hold that it was not.")
            }
            Difference::UndoneThere => format!(
                "{subject} of {seen} was made and wholly given back; our books hold it in doubt."
            ),
            Difference::UnknownRefund => format!(
                "{subject} of {seen} was made of a payment of ours; our books do not know it."
            ),
            Difference::NotListed => format!(
                "{subject} of {expected} is done in our books and in no report, which does not \
                 prove that it was not made."
            ),
            Difference::Amount => format!("{subject} is of {seen}; our books have {expected}."),
            Difference::FeeRate => {
                format!("{subject} cost a fee of {seen}; agreed are {expected}.")
            }
            Difference::PayOut => {
                format!("{subject} is paid out as {seen}; the amount less the fee is {expected}.")
            }
            Difference::Vat => {
                format!("{subject} has VAT of {seen}, which is not a part of its fee.")
            }
            Difference::FeePosted => {
                format!("{subject} cost a fee of {seen}; our ledger has {expected}.")
            }
            Difference::RepeatedLine => {
                format!("{subject} of {seen} is listed more than once in one report.")
            }
            Difference::SecondCharge => format!(
                "{subject} of {seen} is a second charge under an order id that is already paid."
            ),
            Difference::RivalCharge => format!(
                "{subject} of {seen} is a second charge under one order id, and it is not clear \
                 which one pays the order."
            ),
            Difference::RefundedThere => {
                format!("{subject} gave the whole {seen} back; our books hold the payment charged.")
            }
            Difference::MovedThere => {
                format!("{subject} of {seen} was made; our books hold that the gateway refused it.")
            }
            Difference::UnknownKey => {
                format!("{subject} of {seen} has neither an order id nor a reference of ours.")
            }
            Difference::NamesContradict => {
                format!("{subject} of {seen} is ours by one name and not by another.")
            }
            Difference::SourcesDisagree => format!(
                "{subject} is told as {expected} in {report} and otherwise, as {seen}, in another \
                 report."
            ),
            Difference::ListedInPart => format!(
                "{subject} of {expected} is in {report} alone; another report must have it too."
            ),
        }
    }

    /// What differs, as a sentence in Korean.
    pub fn korean(&self) -> String {
        let kind = match self.kind {
            MovementType::Charge => "승인",
            MovementType::Refund => "환불",
        };
        let subject = format!("{} {kind} {} 건은", self.gateway, self.subject());
        let (expected, seen) = (shown(self.expected, "없음"), shown(self.seen, "없음"));
        let report = self.report_in("정산 내역", "거래 내역");
        match self.difference {
            Difference::InDoubt => format!(
                "{subject} 게이트웨이에서 처리되었으나({seen}) 우리 장부에는 결과 미확인으로 남아 \
                 있습니다."
            ),
            Difference::BelievedNot => format!(
                "{subject} 게이트웨이에서 처리되었으나({seen}) 우리 장부에는 처리되지 않은 것으로 \
                 되어 있습니다."
            ),
            Difference::UndoneThere => format!(
                "{subject} 게이트웨이에서 승인된 뒤 전액 취소되었으나({seen}) 우리 장부에는 결과 \
                 미확인으로 남아 있습니다."
            ),
            Difference::UnknownRefund => {
                format!("{subject} 우리 결제에 대한 환불이지만({seen}) 우리 장부에 없습니다.")
            }
            Difference::NotListed => format!(
                "{subject} 우리 장부에는 완료되어 있으나({expected}) 어느 내역에도 없으며, 내역에 \
                 없다는 것이 처리되지 않았다는 증거는 아닙니다."
            ),
            Difference::Amount => {
                format!("{subject} 금액이 다릅니다(게이트웨이 {seen}, 우리 장부 {expected}).")
            }
            Difference::FeeRate => {
                format!("{subject} 수수료가 약정과 다릅니다(청구 {seen}, 약정 {expected}).")
            }
            Difference::PayOut => format!(
                "{subject} 지급액이 금액에서 수수료를 뺀 값과 다릅니다(지급 {seen}, 계산 {expected})."
            ),
            Difference::Vat => format!("{subject} 부가세가 수수료의 일부가 아닙니다({seen})."),
            Difference::FeePosted => {
                format!("{subject} 수수료가 우리 원장과 다릅니다(청구 {seen}, 원장 {expected}).")
            }
            Difference::RepeatedLine => format!("{subject} 한 내역에 두 번 이상 나옵니다({seen})."),
            Difference::SecondCharge => {
                format!("{subject} 이미 결제된 주문 번호로 한 번 더 승인되었습니다({seen}).")
            }
            Difference::RivalCharge => format!(
                "{subject} 한 주문 번호의 두 번째 승인이며({seen}) 어느 쪽이 주문의 결제인지 알 수 \
                 없습니다."
            ),
            Difference::RefundedThere => {
                format!("{subject} 전액 환불되었으나({seen}) 우리 장부에는 결제된 상태입니다.")
            }
            Difference::MovedThere => format!(
                "{subject} 게이트웨이에서 처리되었으나({seen}) 우리 장부에는 거절된 것으로 되어 \
                 있습니다."
            ),
            Difference::UnknownKey => {
                format!("{subject} 주문 번호도 결제 키도 우리 장부에 없습니다({seen}).")
            }
            Difference::NamesContradict => {
                format!("{subject} 한 이름으로는 우리 거래이지만 다른 이름으로는 아닙니다({seen}).")
            }
            Difference::SourcesDisagree => {
                format!("{subject} 내역끼리 서로 다릅니다({report} {expected}, 다른 내역 {seen}).")
            }
            Difference::ListedInPart => format!(
                "{subject} {report}에만 있고 함께 있어야 할 다른 내역에는 없습니다({expected})."
            ),
        }
    }

    fn report_in(&self, settlement: &'static str, transactions: &'static str) -> &'static str {
        match self.line.as_ref().map(SettlementLine::source) {
            Some(Source::Settlement) | None => settlement,
            Some(Source::Transactions) => transactions,
        }
    }
}

/// A sum for people, e.g. `15000 KRW` or `10.50 USD`.
fn shown(sum: Option<Money>, nothing: &str) -> String {
    let Some(Money { minor, currency }) = sum else {
        return nothing.to_owned();
    };
    let places = usize::from(currency.exponent().unwrap_or(0));
    let sign = if minor < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", minor.unsigned_abs(), width = places + 1);
    let (whole, part) = digits.split_at(digits.len() - places);
    let point = if places == 0 { "" } else { "." };
    format!("{sign}{whole}{point}{part} {}", currency.code())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    #[test]
    fn sums_are_shown_in_the_places_of_their_currency() {
        for (money, text) in [
            (Money::krw(15_000), "15000 KRW"),
            (Money::krw(-1), "-1 KRW"),
            (Money::new(1_050, Currency::USD), "10.50 USD"),
            (Money::new(-5, Currency::USD), "-0.05 USD"),
        ] {
            assert_eq!(shown(Some(money), ""), text);
        }
    }
}
