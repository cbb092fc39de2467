//! One payment: its states (§3), the arithmetic of its amounts (§5) and of its cancels (§4.3).
//!
//! Pure: time and keys are arguments, a broken rule is the error code that names it.

use serde::{Deserialize, Serialize};

use super::codes::{self, Code};

const READY_FOR_MS: u64 = 30 * 60 * 1000;
const IN_PROGRESS_FOR_MS: u64 = 10 * 60 * 1000;
const MINIMUM_AMOUNT: u64 = 100;

/// Far above any payment, so that sums stay far below the limits of the arithmetic.
pub(crate) const MAXIMUM_AMOUNT: u64 = 1_000_000_000_000;

/// §3, without the states of virtual accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// The window is open, the buyer has not authenticated.
    Ready,
    /// The buyer has authenticated, the merchant has not confirmed.
    InProgress,
    /// Approved.
    Done,
    /// At least one partial cancel.
    PartialCanceled,
    /// Cancelled at once and in full.
    Canceled,
    /// The approval failed.
    Aborted,
    /// Its time ran out.
    Expired,
}

/// §5, `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// Through the payment window, or by card number.
    Normal,
    /// A charge of a billing key.
    Billing,
}

/// What a payment is for.
#[derive(Clone, Debug)]
pub(crate) struct Purchase {
    pub(crate) order_id: String,
    pub(crate) order_name: String,
    pub(crate) amount: u64,
    pub(crate) tax_free: u64,
}

/// One payment.
#[derive(Clone, Debug)]
pub(crate) struct Payment {
    pub(crate) key: String,
    pub(crate) secret: String,
    pub(crate) kind: Kind,
    pub(crate) purchase: Purchase,
    pub(crate) status: Status,
    pub(crate) requested_at_ms: u64,
    pub(crate) authenticated_at_ms: Option<u64>,
    pub(crate) approval: Option<Approval>,
    pub(crate) cancels: Vec<Cancel>,
    pub(crate) failure: Option<&'static Code>,
    /// The card, masked; known from the authentication on.
    pub(crate) card: Option<Card>,
    pub(crate) installment_months: u64,
    pub(crate) over_limit: bool,
    /// Confirms that have arrived in time and are not done yet: they keep it from expiring.
    pub(crate) confirms_under_way: u32,
    /// How often an approval moved money. More than once is a defect of this gateway.
    pub(crate) approvals: u32,
    /// Queries answer as if it did not exist.
    pub(crate) hidden: bool,
    pub(crate) return_urls: Option<ReturnUrls>,
}

/// Where the payment page sends the buyer back to.
#[derive(Clone, Debug)]
pub(crate) struct ReturnUrls {
    pub(crate) success: String,
    pub(crate) fail: String,
}

/// The moment money was taken.
#[derive(Clone, Debug)]
pub(crate) struct Approval {
    pub(crate) at_ms: u64,
    pub(crate) transaction_key: String,
}

/// A card as the merchant gets to see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Card {
    pub(crate) masked_number: String,
    pub(crate) chargeable: bool,
}

/// One cancel that was carried out.
#[derive(Clone, Debug)]
pub(crate) struct Cancel {
    pub(crate) amount: u64,
    pub(crate) tax_free: u64,
    pub(crate) reason: String,
    pub(crate) balance_left: u64,
    pub(crate) at_ms: u64,
    pub(crate) transaction_key: String,
}

/// What a cancel asks for.
#[derive(Clone, Debug)]
pub(crate) struct CancelRequest {
    /// Absent is the whole balance.
    pub(crate) amount: Option<u64>,
    pub(crate) tax_free: Option<u64>,
    pub(crate) reason: String,
    /// The lock: the balance the merchant believes in.
    pub(crate) refundable_amount: Option<u64>,
}

impl Card {
    /// Keeps of a number what may be shown: `94100012****789*`.
    pub(crate) fn of(number: &str) -> Self {
        let shown = |at: usize| at < 8 || (12..15).contains(&at);
        let masked_number = number
            .chars()
            .enumerate()
            .map(|(at, digit)| if shown(at) { digit } else { '*' })
            .collect();
        // §9: these test numbers charge, others only issue a billing key.
        let chargeable = number == TEST_CARD || number.starts_with("490625");
        Self { masked_number, chargeable }
    }

    /// The card of every buyer on the payment page.
    pub(crate) fn of_the_window() -> Self {
        Self::of(TEST_CARD)
    }
}

/// §9: a published test number.
const TEST_CARD: &str = "9410001234567890";

impl Purchase {
    /// §2 and the minimum of §5.
    pub(crate) fn check(&self) -> Result<(), &'static Code> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let id = &self.order_id;
        if !(6..=64).contains(&id.len()) || !id.bytes().all(is_allowed) {
            return Err(&codes::INVALID_ORDER_ID);
        }
        if !(1..=100).contains(&self.order_name.chars().count()) || self.tax_free > self.amount {
            return Err(&codes::INVALID_REQUEST);
        }
        if self.amount > MAXIMUM_AMOUNT {
            return Err(&codes::INVALID_REQUEST);
        }
        if self.amount < MINIMUM_AMOUNT {
            return Err(&codes::BELOW_MINIMUM_AMOUNT);
        }
        Ok(())
    }
}

impl Payment {
    /// READY, at this moment.
    pub(crate) fn open(key: String, secret: String, purchase: Purchase, now_ms: u64) -> Self {
        Self {
            key,
            secret,
            kind: Kind::Normal,
            purchase,
            status: Status::Ready,
            requested_at_ms: now_ms,
            authenticated_at_ms: None,
            approval: None,
            cancels: Vec::new(),
            failure: None,
            card: None,
            installment_months: 0,
            over_limit: false,
            confirms_under_way: 0,
            approvals: 0,
            hidden: false,
            return_urls: None,
        }
    }

    /// READY → IN_PROGRESS. `false` in any other state: nothing happens.
    pub(crate) fn authenticate(&mut self, card: Card, over_limit: bool, now_ms: u64) -> bool {
        if self.status != Status::Ready {
            return false;
        }
        self.status = Status::InProgress;
        self.authenticated_at_ms = Some(now_ms);
        self.card = Some(card);
        self.over_limit = over_limit;
        true
    }

    /// IN_PROGRESS → DONE, if this is what the window was opened for; a refused card aborts it.
    pub(crate) fn confirm(
        &mut self,
        order_id: &str,
        amount: u64,
        transaction_key: String,
        now_ms: u64,
    ) -> Result<(), &'static Code> {
        match self.status {
            Status::InProgress => {}
            Status::Done | Status::PartialCanceled | Status::Canceled => {
                return Err(&codes::ALREADY_PROCESSED_PAYMENT);
            }
            Status::Ready | Status::Aborted | Status::Expired => {
                return Err(&codes::NOT_FOUND_PAYMENT_SESSION);
            }
        }
        if order_id != self.purchase.order_id || amount != self.purchase.amount {
            return Err(&codes::INVALID_REQUEST);
        }
        if self.over_limit {
            self.status = Status::Aborted;
            self.failure = Some(&codes::REJECT_CARD_PAYMENT);
            return Err(&codes::REJECT_CARD_PAYMENT);
        }
        self.approve(transaction_key, now_ms);
        Ok(())
    }

    /// Takes the money. The caller has made sure that this may happen.
    pub(crate) fn approve(&mut self, transaction_key: String, now_ms: u64) {
        self.status = Status::Done;
        self.approval = Some(Approval { at_ms: now_ms, transaction_key });
        self.approvals += 1;
    }

    /// §4.3. In full at once is CANCELED; anything else is PARTIAL_CANCELED for good.
    pub(crate) fn cancel(
        &mut self,
        request: CancelRequest,
        transaction_key: String,
        now_ms: u64,
    ) -> Result<(), &'static Code> {
        match self.status {
            Status::Done | Status::PartialCanceled => {}
            Status::Canceled => return Err(&codes::ALREADY_CANCELED_PAYMENT),
            Status::Ready | Status::InProgress | Status::Aborted | Status::Expired => {
                return Err(&codes::NOT_CANCELABLE_PAYMENT);
            }
        }
        let balance = self.balance();
        if request.refundable_amount.is_some_and(|believed| believed != balance) {
            return Err(&codes::NOT_MATCHES_REFUNDABLE_AMOUNT);
        }
        let amount = request.amount.unwrap_or(balance);
        if balance == 0 || amount > balance {
            return Err(&codes::NOT_CANCELABLE_AMOUNT);
        }
        let tax_free_balance = self.tax_free_balance();
        let rest = request.tax_free.is_none() && amount == balance;
        let tax_free = if rest { tax_free_balance } else { request.tax_free.unwrap_or(0) };
        // What is left must not be more tax-free than it is large.
        if amount == 0
            || tax_free > amount.min(tax_free_balance)
            || tax_free_balance - tax_free > balance - amount
        {
            return Err(&codes::INVALID_REQUEST);
        }
        self.status =
            if amount == self.purchase.amount { Status::Canceled } else { Status::PartialCanceled };
        self.cancels.push(Cancel {
            amount,
            tax_free,
            reason: request.reason,
            balance_left: balance - amount,
            at_ms: now_ms,
            transaction_key,
        });
        Ok(())
    }

    /// READY or IN_PROGRESS → EXPIRED once its time is over. `true` when that happened now.
    pub(crate) fn expire_if_due(&mut self, now_ms: u64) -> bool {
        let due = self.expires_at_ms().is_some_and(|at| at <= now_ms);
        if !due || self.confirms_under_way > 0 {
            return false;
        }
        self.status = Status::Expired;
        self.failure = Some(&codes::EXPIRED_PAYMENT);
        true
    }

    /// When its time is over, in the two states that end by themselves.
    pub(crate) fn expires_at_ms(&self) -> Option<u64> {
        match self.status {
            Status::Ready => Some(self.requested_at_ms + READY_FOR_MS),
            Status::InProgress => self.authenticated_at_ms.map(|at| at + IN_PROGRESS_FOR_MS),
            Status::Done
            | Status::PartialCanceled
            | Status::Canceled
            | Status::Aborted
            | Status::Expired => None,
        }
    }

    /// What can still be cancelled.
    pub(crate) fn balance(&self) -> u64 {
        self.purchase.amount - self.cancels.iter().map(|cancel| cancel.amount).sum::<u64>()
    }

    /// The tax-free part of the balance.
    pub(crate) fn tax_free_balance(&self) -> u64 {
        self.purchase.tax_free - self.cancels.iter().map(|cancel| cancel.tax_free).sum::<u64>()
    }

    /// §5: the VAT in the balance, rounded.
    pub(crate) fn vat(&self) -> u64 {
        eleventh(self.balance() - self.tax_free_balance())
    }

    /// The key of the latest approval or cancel.
    pub(crate) fn last_transaction_key(&self) -> Option<&str> {
        let approval = self.approval.as_ref().map(|approval| approval.transaction_key.as_str());
        self.cancels.last().map(|cancel| cancel.transaction_key.as_str()).or(approval)
    }

    /// Whether money was taken, returned or not.
    pub(crate) fn was_approved(&self) -> bool {
        self.approval.is_some()
    }
}

/// The VAT contained in a taxed amount, rounded. No whole amount is half-way.
pub(crate) fn eleventh(amount: u64) -> u64 {
    (amount + 5) / 11
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paid(amount: u64, tax_free: u64) -> Payment {
        let purchase = Purchase {
            order_id: "ord_9f2c4e1a7b".to_owned(),
            order_name: "원두 1kg".to_owned(),
            amount,
            tax_free,
        };
        let mut payment = Payment::open("key".to_owned(), "ps_".to_owned(), purchase, 0);
        payment.approve("first".to_owned(), 1);
        payment
    }

    fn cancel(payment: &mut Payment, amount: u64, tax_free: u64) -> Result<(), &'static str> {
        let request = CancelRequest {
            amount: Some(amount),
            tax_free: Some(tax_free),
            reason: "변심".to_owned(),
            refundable_amount: None,
        };
        payment.cancel(request, "txrd".to_owned(), 2).map_err(|code| code.name)
    }

    #[test]
    fn vat_is_the_eleventh_part_of_what_is_taxed() {
        let supplied = |payment: &Payment| {
            (payment.vat(), payment.balance() - payment.vat() - payment.tax_free_balance())
        };
        assert_eq!(supplied(&paid(15_000, 0)), (1_364, 13_636));
        assert_eq!(supplied(&paid(10_000, 3_000)), (636, 6_364));
        let mut payment = paid(15_000, 0);
        assert_eq!(cancel(&mut payment, 5_000, 0), Ok(()));
        assert_eq!(supplied(&payment), (909, 9_091));
    }

    #[test]
    fn a_cancel_cannot_leave_more_tax_free_than_there_is() {
        let mut payment = paid(10_000, 3_000);
        assert_eq!(cancel(&mut payment, 8_000, 0), Err("INVALID_REQUEST"));
        assert_eq!(cancel(&mut payment, 2_000, 3_000), Err("INVALID_REQUEST"));
        assert_eq!(cancel(&mut payment, 8_000, 1_000), Ok(()));
        assert_eq!((payment.balance(), payment.tax_free_balance()), (2_000, 2_000));
    }

    #[test]
    fn a_card_number_keeps_eleven_digits() {
        assert_eq!(Card::of_the_window().masked_number, "94100012****789*");
    }
}
