//! What must always hold, as functions over the books.
//!
//! Asserted by `payonce verify`, by the tests and by the running server. A broken rule is a value
//! that names the rule, whose books broke it and what was seen.

use std::collections::BTreeMap;

use crate::{
    fulfilment::Fulfilment,
    hold::HoldState,
    ledger::{self, Posting},
    obligation::{ObligationState, ObligationType},
    order::OrderStatus,
    payment::{AttemptState, PaymentState},
    product::Product,
    refund::{RefundPurpose, RefundState},
    sale::Sale,
    words::Word,
};

/// A rule of the books.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// Stock is never negative, and `received = available + held + taken`.
    StockAddsUp,
    /// The total is the sum of the lines, and the payment's and attempts' amount.
    TotalIsSumOfLines,
    /// At most one attempt of a payment is live.
    OneLiveAttempt,
    /// The order's, the payment's and the attempts' states agree.
    StatesAgree,
    /// A served order keeps exactly one charge, any other none: the others are to be given back.
    PaidExactlyOnce,
    /// What is given back of a charge is at most what was charged.
    RefundsAtMostCharged,
    /// Holds are held while the order is open, taken once it is paid, returned once it has failed.
    HoldsFollowTheOrder,
    /// Each line of a completed order was fulfilled once, and no other was.
    FulfilledIfAndOnlyIfPaid,
    /// Each ledger entry sums to zero.
    LedgerBalances,
    /// The ledger tells of exactly the charges that were approved and the orders that were served.
    LedgerTellsTheCharges,
    /// Whatever is undecided has an obligation that will decide it.
    NothingForgotten,
}

impl Word for Rule {
    const ALL: &'static [Self] = &[
        Self::StockAddsUp,
        Self::TotalIsSumOfLines,
        Self::OneLiveAttempt,
        Self::StatesAgree,
        Self::PaidExactlyOnce,
        Self::RefundsAtMostCharged,
        Self::HoldsFollowTheOrder,
        Self::FulfilledIfAndOnlyIfPaid,
        Self::LedgerBalances,
        Self::LedgerTellsTheCharges,
        Self::NothingForgotten,
    ];
    const SET: &'static str = "rule";

    fn word(self) -> &'static str {
        match self {
            Self::StockAddsUp => "stock_adds_up",
            Self::TotalIsSumOfLines => "total_is_sum_of_lines",
            Self::OneLiveAttempt => "one_live_attempt",
            Self::StatesAgree => "states_agree",
            Self::PaidExactlyOnce => "paid_exactly_once",
            Self::RefundsAtMostCharged => "refunds_at_most_charged",
            Self::HoldsFollowTheOrder => "holds_follow_the_order",
            Self::FulfilledIfAndOnlyIfPaid => "fulfilled_if_and_only_if_paid",
            Self::LedgerBalances => "ledger_balances",
            Self::LedgerTellsTheCharges => "ledger_tells_the_charges",
            Self::NothingForgotten => "nothing_forgotten",
        }
    }
}

/// A rule that does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which rule.
    pub rule: Rule,
    /// Whose books: an order, a product or a ledger entry.
    pub subject: String,
    /// What was seen.
    pub seen: String,
}

/// One order's pages of the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalePages {
    /// The order with all that belongs to it.
    pub sale: Sale,
    /// Its ledger postings.
    pub postings: Vec<Posting>,
    /// What its buyer got.
    pub fulfilments: Vec<Fulfilment>,
}

/// Checks a product against the pieces that stand in holds (held or taken) anywhere.
pub fn check_stock(product: &Product, in_holds: i64) -> Vec<Violation> {
    if product.available >= 0 && product.received == product.available + in_holds {
        return Vec::new();
    }
    let seen = format!(
        "received {} but available {} and {in_holds} in holds",
        product.received, product.available
    );
    vec![Violation { rule: Rule::StockAddsUp, subject: product.id.to_string(), seen }]
}

/// Checks everything that can be said of one order alone.
pub fn check_sale(pages: &SalePages) -> Vec<Violation> {
    let mut checking = Checking { pages, violations: Vec::new() };
    checking.total();
    checking.states();
    checking.charges();
    checking.refunds();
    checking.holds();
    checking.fulfilments();
    checking.ledger();
    checking.obligations();
    checking.violations
}

struct Checking<'a> {
    pages: &'a SalePages,
    violations: Vec<Violation>,
}

impl Checking<'_> {
    fn expect(&mut self, holds: bool, rule: Rule, seen: impl FnOnce() -> String) {
        if !holds {
            let subject = self.pages.sale.order.id.to_string();
            self.violations.push(Violation { rule, subject, seen: seen() });
        }
    }

    fn total(&mut self) {
        let Sale { order, payment, attempts, .. } = &self.pages.sale;
        let sum: i128 = order
            .lines
            .iter()
            .map(|line| i128::from(line.unit_price) * i128::from(line.quantity))
            .sum();
        let agree = sum == i128::from(order.total.minor)
            && payment.amount == order.total
            && attempts.iter().all(|attempt| attempt.amount == order.total);
        let total = order.total.minor;
        self.expect(agree, Rule::TotalIsSumOfLines, || format!("lines {sum}, total {total}"));
    }

    fn states(&mut self) {
        let sale = &self.pages.sale;
        let live = sale.attempts.iter().filter(|attempt| attempt.state.is_live()).count();
        self.expect(live <= 1, Rule::OneLiveAttempt, || format!("{live} live attempts"));
        let recorded = sale.attempts.iter().any(|attempt| attempt.state == AttemptState::Recorded);
        let (pending, completed) = (
            sale.order.status == OrderStatus::Pending,
            sale.order.status == OrderStatus::Completed,
        );
        let agree = match sale.payment.state {
            PaymentState::Created => live == 0 && pending,
            PaymentState::RequiresAction => live == 1 && recorded && pending,
            PaymentState::Processing | PaymentState::Unresolved => {
                live == 1 && !recorded && pending
            }
            PaymentState::Paid | PaymentState::PartiallyRefunded => live == 0 && completed,
            PaymentState::Cancelling | PaymentState::CompensationFailed => live == 0 && !pending,
            PaymentState::Failed | PaymentState::Cancelled => live == 0 && !pending && !completed,
        };
        let (status, state) = (sale.order.status.word(), sale.payment.state.word());
        self.expect(agree, Rule::StatesAgree, || {
            format!("order {status}, payment {state}, {live} live attempts")
        });
    }

    fn charges(&mut self) {
        let sale = &self.pages.sale;
        let needed = usize::from(sale.was_served());
        let kept = sale
            .attempts
            .iter()
            .filter(|attempt| attempt.state == AttemptState::Approved)
            .filter(|attempt| {
                let charge = attempt.reference.as_deref().unwrap_or_default();
                sale.compensation_of(charge).is_none()
            })
            .count();
        self.expect(kept == needed, Rule::PaidExactlyOnce, || {
            format!("{kept} charges kept, {needed} needed")
        });
    }

    /// What goes back is at most what came in, for each charge, and the payment says how it stands.
    fn refunds(&mut self) {
        let sale = &self.pages.sale;
        let mut given: BTreeMap<&str, i128> = BTreeMap::new();
        for refund in sale.refunds.iter().filter(|refund| refund.state != RefundState::Refused) {
            *given.entry(&refund.charge).or_default() += i128::from(refund.amount.minor);
        }
        let charged = i128::from(sale.payment.amount.minor);
        let enough = given.values().all(|sum| *sum <= charged)
            && sale.refunds.iter().all(|refund| refund.amount.minor > 0)
            && sale.refunds.iter().all(|refund| {
                let of = sale.attempt(refund.attempt_id);
                of.is_some_and(|attempt| attempt.state == AttemptState::Approved)
            });
        self.expect(enough, Rule::RefundsAtMostCharged, || {
            format!("charged {charged}, to give back {given:?}")
        });
        let all_worked_on = sale.refunds.iter().all(|refund| {
            refund.state == RefundState::Done
                || sale.obligations.iter().any(|owed| {
                    owed.refund_id == Some(refund.id) && owed.state != ObligationState::Done
                })
        });
        self.expect(all_worked_on, Rule::NothingForgotten, || {
            "a refund without an obligation".into()
        });
    }

    fn holds(&mut self) {
        let sale = &self.pages.sale;
        let expected = match sale.order.status {
            OrderStatus::Pending => HoldState::Held,
            OrderStatus::Completed => HoldState::Taken,
            OrderStatus::Failed | OrderStatus::Cancelled => HoldState::Returned,
        };
        let one_a_line = sale.holds.len() == sale.order.lines.len()
            && sale.order.lines.iter().all(|line| {
                sale.holds.iter().any(|hold| {
                    hold.product_id == line.product_id && hold.quantity == line.quantity
                })
            });
        let given_back = sale.holds.iter().all(|hold| {
            let asked: u32 = sale
                .refunds
                .iter()
                .filter(|refund| refund.state == RefundState::Done)
                .flat_map(|refund| &refund.pieces)
                .filter(|pieces| pieces.product_id == hold.product_id)
                .map(|pieces| pieces.quantity)
                .sum();
            // All of it comes back with the last of the money.
            let all = sale.was_served() && hold.state == HoldState::Returned;
            hold.given_back == if all { hold.quantity } else { asked }
        });
        let follow =
            one_a_line && given_back && sale.holds.iter().all(|hold| hold.state == expected);
        let states: Vec<_> = sale.holds.iter().map(|hold| hold.state.word()).collect();
        let status = sale.order.status.word();
        self.expect(follow, Rule::HoldsFollowTheOrder, || {
            format!("order {status}, holds {states:?}")
        });
    }

    fn fulfilments(&mut self) {
        let SalePages { sale, fulfilments, .. } = self.pages;
        let due = if sale.was_served() { sale.order.lines.len() } else { 0 };
        let each_once = fulfilments.len() == due
            && fulfilments.iter().all(|given| {
                let hold = sale.holds.iter().find(|hold| hold.product_id == given.product_id);
                given.owner == sale.order.owner
                    && hold.is_some_and(|hold| hold.given_back == given.revoked)
                    && sale.order.lines.iter().any(|line| {
                        line.product_id == given.product_id && line.quantity == given.quantity
                    })
            });
        let given = fulfilments.len();
        self.expect(each_once, Rule::FulfilledIfAndOnlyIfPaid, || {
            format!("{given} fulfilments, {due} lines to fulfil")
        });
    }

    fn ledger(&mut self) {
        let SalePages { sale, postings, .. } = self.pages;
        let mut entries: BTreeMap<_, i128> = BTreeMap::new();
        let mut accounts: BTreeMap<&str, i128> = BTreeMap::new();
        for posting in postings {
            *entries.entry(posting.entry_id).or_default() += i128::from(posting.amount.minor);
            *accounts.entry(&posting.account).or_default() += i128::from(posting.amount.minor);
        }
        let same_currency =
            postings.iter().all(|posting| posting.amount.currency == sale.order.total.currency);
        let balanced = same_currency && entries.values().all(|sum| *sum == 0);
        self.expect(balanced, Rule::LedgerBalances, || format!("entries sum to {entries:?}"));

        let mut expected: BTreeMap<String, i128> = BTreeMap::new();
        let mut book = |debit: &str, credit: &str, amount: i64| {
            *expected.entry(debit.to_owned()).or_default() += i128::from(amount);
            *expected.entry(credit.to_owned()).or_default() -= i128::from(amount);
        };
        let total = sale.payment.amount.minor;
        for attempt in sale.attempts.iter().filter(|a| a.state == AttemptState::Approved) {
            let receivable = ledger::receivable(&attempt.gateway);
            book(&receivable, ledger::BUYERS_PAID, total);
            let fees = ledger::fees(&attempt.gateway);
            book(&fees, &receivable, attempt.fee.map_or(0, |fee| fee.minor));
            let own = attempt.reference.as_deref();
            for refund in sale.refunds.iter().filter(|refund| refund.attempt_id == attempt.id) {
                if own != Some(refund.charge.as_str()) {
                    // A second transaction of the same attempt was charged too.
                    book(&receivable, ledger::BUYERS_PAID, total);
                }
                book(&fees, &receivable, refund.fee.map_or(0, |fee| fee.minor));
                if refund.state == RefundState::Done {
                    let from = match refund.purpose {
                        RefundPurpose::Requested => ledger::SALES,
                        RefundPurpose::Compensation => ledger::BUYERS_PAID,
                    };
                    book(from, &receivable, refund.amount.minor);
                }
            }
        }
        if sale.was_served() {
            book(ledger::BUYERS_PAID, ledger::SALES, total);
        }
        expected.retain(|_, sum| *sum != 0);
        accounts.retain(|_, sum| *sum != 0);
        let told = expected.len() == accounts.len()
            && expected.iter().all(|(name, sum)| accounts.get(name.as_str()) == Some(sum));
        self.expect(told, Rule::LedgerTellsTheCharges, || {
            format!("accounts {accounts:?}, expected {expected:?}")
        });
    }

    fn obligations(&mut self) {
        let sale = &self.pages.sale;
        let all_asked_about = sale
            .attempts
            .iter()
            .filter(|attempt| attempt.state.is_at_gateway())
            .all(|attempt| sale.owed_look_up(attempt.id).is_some());
        let is_open =
            matches!(sale.payment.state, PaymentState::Created | PaymentState::RequiresAction);
        let expires = !is_open
            || sale.obligations.iter().any(|owed| {
                owed.kind == ObligationType::Expire && owed.state == ObligationState::Owed
            });
        self.expect(all_asked_about, Rule::NothingForgotten, || {
            "a live attempt without a look-up".into()
        });
        self.expect(expires, Rule::NothingForgotten, || "an open order without an end".into());
    }
}

/// Checks that all postings of each currency sum to zero.
pub fn check_ledger(sums: &BTreeMap<&str, i64>) -> Vec<Violation> {
    sums.iter()
        .filter(|(_, sum)| **sum != 0)
        .map(|(currency, sum)| Violation {
            rule: Rule::LedgerBalances,
            subject: format!("all {currency} postings"),
            seen: format!("sum to {sum}"),
        })
        .collect()
}
