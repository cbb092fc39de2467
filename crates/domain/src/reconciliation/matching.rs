//! Matching: which movement of ours is which movement of theirs.
//!
//! By the movement's name, else by payment and amount, else by order id and amount, and last by
//! payment or order id alone, so that a wrong amount is found as one. Each rule sees all movements
//! before the next one begins; each movement is matched at most once. A name that both sides know
//! and tell differently is not matched around.

use std::collections::BTreeMap;

use super::{MovementType, OurCertainty, OurMovement, SettlementLine, theirs::Theirs};
use crate::gateway::GatewayName;

/// Who was matched with whom, by position.
#[derive(Debug)]
pub(super) struct Pairs {
    pub(super) of_theirs: Vec<Option<usize>>,
    pub(super) of_ours: Vec<Option<usize>>,
}

/// Our movements in the order in which they are matched: the surest first, then the oldest.
pub(super) fn in_order(ours: &[OurMovement]) -> Vec<&OurMovement> {
    let mut ordered: Vec<_> = ours.iter().collect();
    ordered.sort_by_cached_key(|ours| {
        let name = (ours.attempt_id, ours.refund_id, ours.kind, ours.gateway.clone());
        let keys = (ours.movement.clone(), ours.reference.clone(), ours.gateway_order_id.clone());
        let amount = (ours.amount.minor, ours.amount.currency.code());
        (ours.certainty, ours.at, name, keys, amount)
    });
    ordered
}

pub(super) fn pair(theirs: &[Theirs<'_>], ours: &[&OurMovement]) -> Pairs {
    let mut matching = Matching {
        theirs,
        ours,
        pairs: Pairs { of_theirs: vec![None; theirs.len()], of_ours: vec![None; ours.len()] },
    };
    matching.pair_by(MOVEMENT, |_, _| true);
    matching.pair_by(REFERENCE, same_amount);
    matching.pair_by(ORDER_ID, same_amount);
    matching.pair_other_amounts_by(REFERENCE);
    matching.pair_other_amounts_by(ORDER_ID);
    matching.pairs
}

fn same_amount(theirs: &Theirs<'_>, ours: &OurMovement) -> bool {
    !names_contradict(theirs.line(), ours) && theirs.lines().any(|line| line.amount == ours.amount)
}

/// Whether both know a name of this payment or movement, and not the same one.
fn names_contradict(line: &SettlementLine, ours: &OurMovement) -> bool {
    ours.movement.as_ref().is_some_and(|known| *known != line.movement)
        || ours.reference.as_ref().is_some_and(|known| *known != line.reference)
}

/// A name by which movements are found, on either side.
#[derive(Clone, Copy)]
struct Key {
    of_line: fn(&SettlementLine) -> &str,
    of_ours: fn(&OurMovement) -> Option<&str>,
}

const MOVEMENT: Key =
    Key { of_line: |line| &line.movement, of_ours: |ours| ours.movement.as_deref() };
const REFERENCE: Key =
    Key { of_line: |line| &line.reference, of_ours: |ours| ours.reference.as_deref() };
const ORDER_ID: Key =
    Key { of_line: |line| &line.gateway_order_id, of_ours: |ours| Some(&ours.gateway_order_id) };

/// Positions of what is not matched yet, by gateway, direction and name.
type Unmatched<'a> = BTreeMap<(&'a GatewayName, MovementType, &'a str), Vec<usize>>;

struct Matching<'a> {
    theirs: &'a [Theirs<'a>],
    ours: &'a [&'a OurMovement],
    pairs: Pairs,
}

impl<'a> Matching<'a> {
    /// Matches each of theirs with the first of ours that has the same name and fits.
    fn pair_by(&mut self, key: Key, fits: fn(&Theirs<'_>, &OurMovement) -> bool) {
        let ours = self.unmatched_ours(key);
        for (position, theirs) in self.theirs.iter().enumerate() {
            if self.pairs.of_theirs[position].is_some() {
                continue;
            }
            let found = ours.get(&name(key, theirs.line())).and_then(|candidates| {
                candidates.iter().copied().find(|candidate| {
                    self.pairs.of_ours[*candidate].is_none() && fits(theirs, self.ours[*candidate])
                })
            });
            if let Some(found) = found {
                self.join(position, found);
            }
        }
    }

    /// Matches by name alone. A payment has one charge but may have many refunds: those are matched
    /// only where a single one is left on either side.
    fn pair_other_amounts_by(&mut self, key: Key) {
        let ours = self.unmatched_ours(key);
        for (name, theirs) in self.unmatched_theirs(key) {
            let Some(candidates) = ours.get(&name) else {
                continue;
            };
            let line = self.theirs[theirs[0]].line();
            let candidates: Vec<_> = candidates
                .iter()
                .copied()
                .filter(|candidate| {
                    let ours = self.ours[*candidate];
                    !names_contradict(line, ours)
                        && (ours.kind == MovementType::Charge
                            || ours.certainty <= OurCertainty::InDoubt)
                })
                .collect();
            let unmistakable =
                line.kind == MovementType::Charge || (theirs.len() == 1 && candidates.len() == 1);
            if let (Some(found), true) = (candidates.first(), unmistakable) {
                self.join(theirs[0], *found);
            }
        }
    }

    fn join(&mut self, theirs: usize, ours: usize) {
        self.pairs.of_theirs[theirs] = Some(ours);
        self.pairs.of_ours[ours] = Some(theirs);
    }

    fn unmatched_ours(&self, key: Key) -> Unmatched<'a> {
        let mut unmatched = Unmatched::new();
        for (position, ours) in self.ours.iter().copied().enumerate() {
            if let (None, Some(name)) = (self.pairs.of_ours[position], (key.of_ours)(ours)) {
                unmatched.entry((&ours.gateway, ours.kind, name)).or_default().push(position);
            }
        }
        unmatched
    }

    fn unmatched_theirs(&self, key: Key) -> Unmatched<'a> {
        let mut unmatched = Unmatched::new();
        for (position, theirs) in self.theirs.iter().enumerate() {
            if self.pairs.of_theirs[position].is_none() {
                unmatched.entry(name(key, theirs.line())).or_default().push(position);
            }
        }
        unmatched
    }
}

fn name(key: Key, line: &SettlementLine) -> (&GatewayName, MovementType, &str) {
    (&line.gateway, line.kind, (key.of_line)(line))
}
