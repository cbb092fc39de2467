//! Repairs: what the rules say about a finding, carried out through the doors that all news uses.

use std::{collections::BTreeSet, time::Duration};

use payonce_domain::{
    ids::{AttemptId, OrderId, RefundId},
    payment::{
        Attempt, AttemptState,
        evidence::{Evidence, Finding as Seen, Sighting, Source, Transaction, Verdict},
    },
    reconciliation::{Finding, MovementType, Repair},
    refund::{
        Refund,
        evidence::{Given, RefundEvidence, RefundFinding, RefundSighting},
    },
    sale::Sale,
};

use super::{Done, ReconcileError};
use crate::{
    Engine,
    refunds::SettleRefund,
    settling::{Asked, Settle},
};

/// What carrying out a repair came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct CarriedOut {
    /// What becomes of the finding if it is still there afterwards.
    pub(super) done: Done,
    /// Whether the books may be others now.
    pub(super) moved: bool,
}

/// The books may be others: whether it is repaired, they say.
const MOVED: CarriedOut = CarriedOut { done: Done::Planned, moved: true };

impl Engine {
    /// Carries out one repair. `None`: something else has to be repaired first.
    pub(super) async fn carry_out(
        &self,
        finding: &Finding,
        repair: &Repair,
    ) -> Result<Option<CarriedOut>, ReconcileError> {
        let left = |done| Ok(Some(CarriedOut { done, moved: false }));
        let nobody = Done::Person { why: "no rule can tell which side is right" };
        let Some(ours) = &finding.ours else { return left(nobody) };
        let order_id = ours.order_id;
        match repair {
            Repair::Confirm { attempt, transaction } => {
                let found = vec![transaction.clone()];
                self.confirm(finding, order_id, *attempt, found).await?;
                Ok(Some(MOVED))
            }
            Repair::ConfirmRefund { refund_id, movement, amount, .. } => {
                let given = Given {
                    reference: movement.clone(),
                    amount: *amount,
                    refund_id: Some(*refund_id),
                };
                self.confirm_refund(finding, order_id, *refund_id, given).await?;
                Ok(Some(MOVED))
            }
            Repair::RefundExtra { attempt, reference, amount } => {
                let sale = self.parts.store.sale(order_id).await?;
                let paying = sale.as_ref().and_then(|sale| sale.attempt(*attempt));
                let Some(own) = paying.and_then(own_transaction) else { return Ok(None) };
                let extra = Transaction {
                    reference: reference.clone(),
                    gateway_order_id: own.gateway_order_id.clone(),
                    amount: *amount,
                    verdict: Verdict::Approved,
                };
                self.confirm(finding, order_id, *attempt, vec![own, extra]).await?;
                Ok(Some(MOVED))
            }
            Repair::LookUp { attempt } => {
                let Some(sale) = self.parts.store.sale(order_id).await? else {
                    return left(nobody);
                };
                if sale.owed_look_up(*attempt).is_some() {
                    self.parts.store.appoint(&[(*attempt, Duration::ZERO)]).await?;
                    return left(Done::Owed);
                }
                left(self.ask_about(&sale, *attempt, finding).await)
            }
            Repair::Incident { .. } | Repair::PostFees { .. } => left(nobody),
        }
    }

    /// Takes charges that a line tells of to the settle path.
    async fn confirm(
        &self,
        finding: &Finding,
        order_id: OrderId,
        attempt_id: AttemptId,
        found: Vec<Transaction>,
    ) -> Result<(), ReconcileError> {
        let Some(gateway) = self.parts.gateways.get(&finding.gateway) else { return Ok(()) };
        let settle = Settle {
            order_id,
            products: BTreeSet::new(),
            evidence: Evidence {
                attempt_id,
                sending: None,
                source: Source::Settlement,
                finding: Seen::Sighting(Sighting::Found(found)),
            },
            manners: gateway.manners().clone(),
            lease: None,
            asked: Asked::now(&self.parts.clock),
            seed: self.parts.entropy.number(),
        };
        Ok(self.settle(settle).await?)
    }

    /// Takes a refund that a line tells of to the settle path.
    async fn confirm_refund(
        &self,
        finding: &Finding,
        order_id: OrderId,
        refund_id: RefundId,
        given: Given,
    ) -> Result<(), ReconcileError> {
        let Some(gateway) = self.parts.gateways.get(&finding.gateway) else { return Ok(()) };
        let settle = SettleRefund {
            order_id,
            products: BTreeSet::new(),
            evidence: RefundEvidence {
                refund_id,
                sending: None,
                source: Source::Settlement,
                finding: RefundFinding::Sighting(RefundSighting::Seen(vec![given])),
            },
            manners: gateway.manners().clone(),
            lease: None,
            asked: Asked::now(&self.parts.clock),
            seed: self.parts.entropy.number(),
        };
        Ok(self.settle_refund(settle).await?)
    }

    /// Asks about what our books hold for certain and no report lists. Such an answer moves nothing:
    /// either the gateway stands by it, or a person must look.
    async fn ask_about(&self, sale: &Sale, attempt_id: AttemptId, finding: &Finding) -> Done {
        let gateway = self.parts.gateways.get(&finding.gateway);
        let (Some(gateway), Some(attempt)) = (gateway, sale.attempt(attempt_id)) else {
            return Done::NoAnswer;
        };
        let refund_id = finding.ours.as_ref().and_then(|ours| ours.refund_id);
        match (finding.kind, refund_id.and_then(|id| sale.refund(id))) {
            (MovementType::Charge, _) => charge_stands(attempt, &gateway.look_up(attempt).await),
            (MovementType::Refund, Some(refund)) => {
                refund_stands(refund, &gateway.look_up_refunds(attempt, refund).await)
            }
            (MovementType::Refund, None) => Done::NoAnswer,
        }
    }
}

/// The transaction that this attempt is charged by, once it is certain.
fn own_transaction(attempt: &Attempt) -> Option<Transaction> {
    if attempt.state != AttemptState::Approved {
        return None;
    }
    Some(Transaction {
        reference: attempt.reference.clone()?,
        gateway_order_id: attempt.gateway_order_id.clone(),
        amount: attempt.amount,
        verdict: Verdict::Approved,
    })
}

const DENIED: Done = Done::Person { why: "the gateway was asked, and does not stand by it" };

fn charge_stands(attempt: &Attempt, sighting: &Sighting) -> Done {
    match sighting {
        Sighting::Found(seen) => {
            let stands = seen.iter().any(|seen| {
                seen.verdict == Verdict::Approved
                    && seen.gateway_order_id == attempt.gateway_order_id
                    && seen.amount == attempt.amount
            });
            if stands { Done::Confirmed } else { DENIED }
        }
        Sighting::Absent => DENIED,
        Sighting::Unknown { .. } | Sighting::NotAsked { .. } => Done::NoAnswer,
    }
}

fn refund_stands(refund: &Refund, sighting: &RefundSighting) -> Done {
    match sighting {
        RefundSighting::Seen(given) => {
            let stands = given.iter().any(|given| {
                given.amount == refund.amount
                    && (given.refund_id == Some(refund.id)
                        || Some(&given.reference) == refund.reference.as_ref())
            });
            if stands { Done::Confirmed } else { DENIED }
        }
        RefundSighting::Unknown { .. } | RefundSighting::NotAsked { .. } => Done::NoAnswer,
    }
}
