//! Strays: movements of the gateway that are none of ours, and what each of them means.
//!
//! A gateway that cancels by itself what nobody confirmed lists a charge and a refund of the whole.
//! Such a payment is *undone*: nothing of it stands, so it neither confirms nor contradicts us.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Difference, MovementType, OurCertainty, OurMovement, SettlementLine, judging::names_agree,
    matching::Pairs, theirs::Theirs,
};
use crate::gateway::GatewayName;

/// The gateway's name of one payment.
type Payment<'a> = (&'a GatewayName, &'a str);

pub(super) struct Strays<'a> {
    theirs: &'a [Theirs<'a>],
    ours: &'a [&'a OurMovement],
    pairs: &'a Pairs,
    /// Our charges by reference and by order id, and our refunds by reference.
    charge_of_reference: BTreeMap<Payment<'a>, usize>,
    charge_of_order_id: BTreeMap<Payment<'a>, usize>,
    refunds_of_reference: BTreeMap<Payment<'a>, Vec<usize>>,
    /// The payments whose charge is one of ours.
    paying: BTreeSet<Payment<'a>>,
    /// What was given back of each payment by refunds that are none of ours.
    given_back: BTreeMap<Payment<'a>, i128>,
    undone: BTreeSet<Payment<'a>>,
}

impl<'a> Strays<'a> {
    pub(super) fn of(
        theirs: &'a [Theirs<'a>],
        ours: &'a [&'a OurMovement],
        pairs: &'a Pairs,
    ) -> Self {
        let mut strays = Self {
            theirs,
            ours,
            pairs,
            charge_of_reference: BTreeMap::new(),
            charge_of_order_id: BTreeMap::new(),
            refunds_of_reference: BTreeMap::new(),
            paying: BTreeSet::new(),
            given_back: BTreeMap::new(),
            undone: BTreeSet::new(),
        };
        strays.index();
        let undone = (0..theirs.len()).filter(|position| strays.undoes(*position));
        strays.undone = undone.map(|position| payment(theirs[position].line())).collect();
        strays
    }

    /// Whether the line's payment was wholly given back by the gateway, and our books do not hold
    /// it charged.
    pub(super) fn is_undone(&self, line: &SettlementLine) -> bool {
        self.undone.contains(&payment(line))
    }

    /// What a movement without a match means, and the movement of ours that it belongs to. Nothing
    /// if it is undone, or if it is a second charge that our books already give back.
    pub(super) fn meaning(
        &self,
        theirs: &Theirs<'_>,
    ) -> Option<(Difference, Option<&'a OurMovement>)> {
        let line = theirs.line();
        let Some(anchor) = self.anchor(line) else {
            return Some((Difference::UnknownKey, None));
        };
        let ours = self.ours[anchor];
        if self.is_undone(line) {
            return None;
        }
        let difference = match line.kind {
            MovementType::Refund if self.is_whole_refund(line, anchor) => Difference::RefundedThere,
            MovementType::Refund => Difference::UnknownRefund,
            MovementType::Charge if self.is_given_back_by_us(line, anchor) => return None,
            MovementType::Charge if self.is_clearly_extra(theirs, anchor) => {
                Difference::SecondCharge
            }
            MovementType::Charge => Difference::RivalCharge,
        };
        Some((difference, Some(ours)))
    }

    fn index(&mut self) {
        for (position, ours) in self.ours.iter().copied().enumerate() {
            let reference = ours.reference.as_deref().map(|name| (&ours.gateway, name));
            match (ours.kind, reference) {
                (MovementType::Charge, reference) => {
                    let order_id = (&ours.gateway, ours.gateway_order_id.as_str());
                    self.charge_of_order_id.entry(order_id).or_insert(position);
                    if let Some(reference) = reference {
                        self.charge_of_reference.entry(reference).or_insert(position);
                    }
                }
                (MovementType::Refund, Some(reference)) => {
                    self.refunds_of_reference.entry(reference).or_default().push(position);
                }
                (MovementType::Refund, None) => {}
            }
        }
        for (theirs, pair) in self.theirs.iter().zip(&self.pairs.of_theirs) {
            let line = theirs.line();
            match (line.kind, pair) {
                (MovementType::Charge, Some(_)) => {
                    self.paying.insert(payment(line));
                }
                (MovementType::Refund, None) => {
                    *self.given_back.entry(payment(line)).or_default() +=
                        i128::from(line.amount.minor);
                }
                (MovementType::Charge, None) | (MovementType::Refund, Some(_)) => {}
            }
        }
    }

    /// Whether this is a charge that was wholly given back and that we do not hold charged.
    fn undoes(&self, position: usize) -> bool {
        let theirs = &self.theirs[position];
        let line = theirs.line();
        let ours = self.pairs.of_theirs[position].map(|found| self.ours[found]);
        let not_held = match ours {
            Some(ours) => ours.certainty != OurCertainty::Certain && agrees(theirs, ours),
            None => self.anchor(line).is_some() && theirs.dissent().is_none(),
        };
        line.kind == MovementType::Charge
            && not_held
            && self.given_back(line) == i128::from(line.amount.minor)
    }

    fn given_back(&self, line: &SettlementLine) -> i128 {
        self.given_back.get(&payment(line)).copied().unwrap_or(0)
    }

    /// The movement of ours that the line's payment belongs to: our charge of this reference or
    /// order id, else a refund of this reference.
    fn anchor(&self, line: &SettlementLine) -> Option<usize> {
        let order_id = (&line.gateway, line.gateway_order_id.as_str());
        self.charge_of_reference
            .get(&payment(line))
            .or_else(|| self.charge_of_order_id.get(&order_id))
            .or_else(|| self.refunds_of_reference.get(&payment(line))?.first())
            .copied()
    }

    /// The line that our charge was matched with.
    fn listed(&self, anchor: usize) -> Option<&Theirs<'a>> {
        self.pairs.of_ours[anchor].map(|found| &self.theirs[found])
    }

    /// The gateway's name of our payment, from our books or from its matched line.
    fn reference_of(&self, anchor: usize) -> Option<&str> {
        let known = self.ours[anchor].reference.as_deref();
        known.or_else(|| self.listed(anchor).map(|theirs| theirs.line().reference.as_str()))
    }

    fn is_whole_refund(&self, line: &SettlementLine, anchor: usize) -> bool {
        let ours = self.ours[anchor];
        ours.kind == MovementType::Charge
            && ours.certainty == OurCertainty::Certain
            && ours.amount == line.amount
            && self.reference_of(anchor) == Some(&line.reference)
    }

    /// Whether our books give back this whole payment, which is not the one that we hold charged.
    fn is_given_back_by_us(&self, line: &SettlementLine, anchor: usize) -> bool {
        self.reference_of(anchor) != Some(&line.reference)
            && self.refunded_by_us(line) >= i128::from(line.amount.minor)
    }

    /// What our books give back of this payment, or owe to: all but what the gateway refused.
    fn refunded_by_us(&self, line: &SettlementLine) -> i128 {
        self.refunds_of_reference
            .get(&payment(line))
            .into_iter()
            .flatten()
            .map(|position| self.ours[*position])
            .filter(|refund| refund.certainty != OurCertainty::Not)
            .map(|refund| i128::from(refund.amount.minor))
            .sum()
    }

    /// Whether this charge can be given back without touching the one that pays the order: ours is
    /// listed, stands and agrees, and this is a payment that pays nothing, and all of it is left.
    fn is_clearly_extra(&self, theirs: &Theirs<'_>, anchor: usize) -> bool {
        let line = theirs.line();
        let ours = self.ours[anchor];
        let stands = self.listed(anchor).is_some_and(|listed| {
            agrees(listed, ours) && !listed.is_repeated() && self.given_back(listed.line()) == 0
        });
        stands
            && ours.kind == MovementType::Charge
            && ours.certainty != OurCertainty::Not
            && theirs.dissent().is_none()
            && !self.paying.contains(&payment(line))
            && self.given_back(line) == 0
            && self.refunded_by_us(line) == 0
    }
}

fn agrees(theirs: &Theirs<'_>, ours: &OurMovement) -> bool {
    let line = theirs.line();
    theirs.dissent().is_none() && names_agree(line, ours) && line.amount == ours.amount
}

fn payment(line: &SettlementLine) -> Payment<'_> {
    (&line.gateway, &line.reference)
}
