//! A reconciliation that somebody asks for: the act is in the audit log before anything is changed.

use payonce_domain::ids::EventId;
use payonce_ports::store::{AuditEntry, Keys, World};

use super::{Reconcile, ReconcileError, Reconciled};
use crate::{
    Engine,
    batch::{Command, affinity_of},
    ruling::{Act, once, remember},
};

impl Engine {
    /// As [`Engine::reconcile`], for somebody. A privileged act, unless it is a dry run, which changes
    /// nothing.
    pub async fn reconcile_for(
        &self,
        ask: Reconcile,
        act: Act,
    ) -> Result<Reconciled, ReconcileError> {
        let engine = self.clone();
        self.to_the_end(async move {
            if !ask.dry_run {
                let subject = format!("{} {}", ask.gateway, ask.day);
                let audit_id = engine.mint().id();
                engine.batcher.submit(Record { audit_id, subject, act }).await?;
            }
            engine.reconcile_to_the_end(ask).await
        })
        .await
    }
}

struct Record {
    audit_id: EventId,
    subject: String,
    act: Act,
}

impl Command for Record {
    type Reply = ();

    fn keys(&self) -> Keys {
        Keys { idempotency: [once(self.audit_id)].into(), ..Keys::default() }
    }

    fn affinity(&self) -> u64 {
        affinity_of(&self.subject)
    }

    fn decide(&self, world: &mut World) {
        if world.idempotency.contains_key(&once(self.audit_id)) {
            return;
        }
        world.audit.push(AuditEntry {
            id: self.audit_id,
            at: world.now,
            actor: self.act.actor.clone(),
            action: "reconciliation.run".to_owned(),
            subject: self.subject.clone(),
            detail: self.act.detail.clone(),
        });
        remember(world, self.audit_id, None, "run");
    }
}
