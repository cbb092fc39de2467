//! Remembering a final answer under its idempotency key, so that a repeat gets the same.

use payonce_ports::store::{IdempotencyRow, Keys, RememberedReply, World};

use crate::{
    Engine,
    batch::{BatchError, Command, affinity_of},
    checkout::Call,
};

impl Engine {
    /// Keeps the first final answer of a call and returns what is kept: of two, both callers get
    /// the first.
    pub async fn remember(
        &self,
        call: Call,
        reply: RememberedReply,
    ) -> Result<RememberedReply, BatchError> {
        self.batcher.submit(Remember { call, reply }).await
    }
}

struct Remember {
    call: Call,
    reply: RememberedReply,
}

impl Command for Remember {
    type Reply = RememberedReply;

    fn keys(&self) -> Keys {
        Keys { idempotency: [self.call.key.clone()].into(), ..Keys::default() }
    }

    fn affinity(&self) -> u64 {
        affinity_of(&self.call.key)
    }

    fn decide(&self, world: &mut World) -> RememberedReply {
        let row = world.idempotency.entry(self.call.key.clone()).or_insert(IdempotencyRow {
            fingerprint: self.call.fingerprint.clone(),
            order_id: None,
            reply: None,
            created_at: world.now,
        });
        row.reply.get_or_insert_with(|| self.reply.clone()).clone()
    }
}
