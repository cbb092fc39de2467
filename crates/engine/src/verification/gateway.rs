//! Comparing a gateway's books with ours, attempt by attempt. Pure.

use std::collections::BTreeMap;

use payonce_domain::{
    ids::AttemptId,
    money::Money,
    payment::{Attempt, AttemptState},
    refund::RefundState,
    sale::Sale,
    words::Word,
};

/// A transaction in the gateway's books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayTransaction {
    /// The gateway's name for it.
    pub reference: String,
    /// The order id it carries.
    pub gateway_order_id: String,
    /// What it charges.
    pub amount: Money,
    /// What the gateway decided.
    pub verdict: GatewayVerdict,
    /// What it gave back of it, in minor units.
    pub refunded: i64,
}

/// What the gateway decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GatewayVerdict {
    /// Nothing yet.
    Pending,
    /// Nothing, and nothing will be unless we confirm.
    Unconfirmed,
    /// Charged.
    Approved,
    /// Refused.
    Declined,
}

/// Where the gateway's books and ours differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The gateway has a transaction that no attempt of ours explains.
    MissingHere {
        /// The gateway's name for it.
        reference: String,
        /// What it decided.
        verdict: GatewayVerdict,
    },
    /// We say that the gateway charged or refused, and its books have no such transaction.
    MissingThere {
        /// Our attempt.
        attempt_id: AttemptId,
        /// What we say of it.
        state: &'static str,
    },
    /// Both have it and say different things.
    Verdict {
        /// Our attempt.
        attempt_id: AttemptId,
        /// What we say of it.
        state: &'static str,
        /// The gateway's name for it.
        reference: String,
        /// What the gateway says.
        verdict: GatewayVerdict,
    },
    /// Both have it with different amounts.
    Amount {
        /// Our attempt.
        attempt_id: AttemptId,
        /// What we say, in minor units.
        ours: i64,
        /// What the gateway says, in minor units.
        theirs: i64,
    },
    /// Both have the charge, and gave back different sums of it.
    Refunded {
        /// Our attempt.
        attempt_id: AttemptId,
        /// What we say, in minor units.
        ours: i64,
        /// What the gateway says, in minor units.
        theirs: i64,
    },
    /// One attempt was charged more than once, and not given back.
    ChargedTwice {
        /// Our attempt.
        attempt_id: AttemptId,
        /// The gateway's names for the charges.
        references: Vec<String>,
    },
}

/// A gateway's books, by order id. What an attempt explains is taken out.
#[derive(Debug)]
pub struct GatewayBooks {
    by_order: BTreeMap<String, Vec<GatewayTransaction>>,
}

impl GatewayBooks {
    /// All transactions of the gateway's books.
    pub fn of(transactions: Vec<GatewayTransaction>) -> Self {
        let mut by_order: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for transaction in transactions {
            by_order.entry(transaction.gateway_order_id.clone()).or_default().push(transaction);
        }
        Self { by_order }
    }

    /// Compares one attempt with the transactions that carry its order id, and takes them out.
    pub fn compare(&mut self, sale: &Sale, attempt: &Attempt) -> Vec<Difference> {
        let theirs = self.by_order.remove(&attempt.gateway_order_id).unwrap_or_default();
        let mut differences = Vec::new();
        for transaction in &theirs {
            // Whoever knows an order id can agree to pay less under it; what moves no money is no matter.
            let counts = match transaction.verdict {
                GatewayVerdict::Approved | GatewayVerdict::Pending => true,
                GatewayVerdict::Unconfirmed | GatewayVerdict::Declined => false,
            };
            if counts && transaction.amount != attempt.amount {
                differences.push(Difference::Amount {
                    attempt_id: attempt.id,
                    ours: attempt.amount.minor,
                    theirs: transaction.amount.minor,
                });
            }
        }
        let charges: Vec<_> =
            theirs.iter().filter(|seen| seen.verdict == GatewayVerdict::Approved).collect();
        differences.extend(charges.iter().filter_map(|charge| refunded(sale, attempt, charge)));
        let kept: Vec<_> = charges
            .iter()
            .filter(|charge| charge.refunded < charge.amount.minor)
            .copied()
            .collect();
        if kept.len() > 1 {
            let references = kept.iter().map(|charge| charge.reference.clone()).collect();
            differences.push(Difference::ChargedTwice { attempt_id: attempt.id, references });
        }
        differences.extend(disagreement(attempt, &theirs, &charges, &kept));
        differences
    }

    /// What no attempt explained.
    pub fn unexplained(self) -> impl Iterator<Item = Difference> {
        self.by_order.into_values().flatten().map(|transaction| Difference::MissingHere {
            reference: transaction.reference,
            verdict: transaction.verdict,
        })
    }
}

/// Whether the gateway gave back what we say. While a refund is undecided there is news to fetch.
fn refunded(sale: &Sale, attempt: &Attempt, charge: &GatewayTransaction) -> Option<Difference> {
    let mut ours = 0;
    for refund in sale.refunds.iter().filter(|refund| refund.charge == charge.reference) {
        match refund.state {
            RefundState::Done => ours += refund.amount.minor,
            RefundState::Refused => {}
            RefundState::Owed | RefundState::Sent | RefundState::Unknown => return None,
        }
    }
    (ours != charge.refunded).then_some(Difference::Refunded {
        attempt_id: attempt.id,
        ours,
        theirs: charge.refunded,
    })
}

fn disagreement(
    attempt: &Attempt,
    theirs: &[GatewayTransaction],
    charges: &[&GatewayTransaction],
    kept: &[&GatewayTransaction],
) -> Option<Difference> {
    let (attempt_id, state) = (attempt.id, attempt.state.word());
    let otherwise = |seen: &GatewayTransaction| Difference::Verdict {
        attempt_id,
        state,
        reference: seen.reference.clone(),
        verdict: seen.verdict,
    };
    match attempt.state {
        AttemptState::Approved => match charges.first() {
            Some(first) => {
                let named = charges
                    .iter()
                    .any(|charge| Some(&charge.reference) == attempt.reference.as_ref());
                (!named).then(|| otherwise(first))
            }
            None => Some(match theirs.first() {
                Some(seen) => otherwise(seen),
                None => Difference::MissingThere { attempt_id, state },
            }),
        },
        // A charge that was all given back there, without us, took nothing.
        AttemptState::Declined => match (kept.first(), theirs.first()) {
            (Some(charge), _) => Some(otherwise(charge)),
            (None, None) => Some(Difference::MissingThere { attempt_id, state }),
            (None, Some(_)) => None,
        },
        // What went to a page is known there from the start; only a charge contradicts us.
        AttemptState::NotCharged if attempt.means.is_page() => kept.first().copied().map(otherwise),
        AttemptState::NotCharged => theirs.first().map(otherwise),
        AttemptState::Recorded => kept.first().copied().map(otherwise),
        // Undecided here: whatever the gateway says is news that is still being fetched.
        AttemptState::Sent | AttemptState::Accepted | AttemptState::Unknown => None,
    }
}
