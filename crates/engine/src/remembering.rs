//! Remembering a final answer under its idempotency key, so that a repeat gets the same.

use payonce_domain::ids::OrderId;
use payonce_ports::store::{IdempotencyRow, Keys, RememberedReply, World};

use crate::{
    Engine,
    batch::{Command, affinity_of},
    checkout::{Call, CheckoutError, Taken, recall},
};

impl Engine {
    /// Keeps the first final answer of a call and returns what is kept: of two, both callers get
    /// the first.
    ///
    /// `about` is the order that the answer tells of, or `None` for a refusal that made none. If
    /// the key has come to be about another order meanwhile, because a faster repeat was not
    /// refused, nothing is kept and the caller gets what the key is about now.
    pub async fn remember(
        &self,
        call: Call,
        about: Option<OrderId>,
        reply: RememberedReply,
    ) -> Result<Taken, CheckoutError> {
        self.batcher.submit(Remember { call, about, reply }).await?
    }
}

struct Remember {
    call: Call,
    about: Option<OrderId>,
    reply: RememberedReply,
}

impl Command for Remember {
    type Reply = Result<Taken, CheckoutError>;

    fn keys(&self) -> Keys {
        Keys { idempotency: [self.call.key.clone()].into(), ..Keys::default() }
    }

    fn affinity(&self) -> u64 {
        affinity_of(&self.call.key)
    }

    fn decide(&self, world: &mut World) -> Self::Reply {
        let row = world.idempotency.entry(self.call.key.clone()).or_insert(IdempotencyRow {
            fingerprint: self.call.fingerprint.clone(),
            order_id: self.about,
            refund_id: None,
            reply: None,
            created_at: world.now,
        });
        if row.fingerprint == self.call.fingerprint && row.order_id == self.about {
            row.reply.get_or_insert_with(|| self.reply.clone());
        }
        recall(&self.call, row)
    }
}
