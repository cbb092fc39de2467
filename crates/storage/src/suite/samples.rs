//! Rows for stories: plain ones, and ones in which every optional thing is there.

use std::time::Duration;

use payonce_domain::{
    checkout::{Item, NewOrder},
    fulfilment::Fulfilment,
    gateway::GatewayName,
    hold::{Hold, HoldState},
    ids::Mint,
    incident::{Incident, IncidentType},
    journal::{Cause, Entry, Fact},
    ledger::{self, Movement, Posting},
    money::Money,
    obligation::{Obligation, ObligationState, ObligationType},
    order::{Line, Order, OrderStatus},
    payment::{
        Attempt, AttemptState, Means, Payment, PaymentState, Problem, ProblemCode,
        evidence::Source, renew::NewAttempt,
    },
    product::{Product, ProductType},
    refund::{Pieces, Refund, RefundPurpose, RefundState},
    sale::Sale,
    time::Timestamp,
};
use payonce_ports::store::AuditEntry;

/// When stories begin.
pub const START: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

/// Makes rows whose ids differ.
#[derive(Debug, Clone)]
pub struct Samples {
    /// Makes the ids.
    pub mint: Mint,
}

impl Samples {
    /// Samples of this seed; two seeds share no id.
    pub fn new(seed: u64) -> Self {
        Self { mint: Mint::new(START, seed) }
    }

    /// A product with this much stock.
    pub fn product(&mut self, available: i64) -> Product {
        Product {
            id: self.mint.id(),
            kind: ProductType::Goods,
            name: "머그컵 'mug' \"☕\"".to_owned(),
            price: Money::krw(5_000),
            available,
            received: available,
            on_sale: true,
            created_at: START,
        }
    }

    /// An order of one piece as it stands after its first commit: held, sent, look-up owed.
    pub fn sale(&mut self, product: &Product) -> Sale {
        let order_id = self.mint.id();
        let total = product.price;
        let attempt = self.attempt(1, total);
        let look_up = self.look_up(order_id, &attempt);
        Sale {
            order: Order {
                id: order_id,
                owner: self.mint.id(),
                lines: vec![Line {
                    product_id: product.id,
                    kind: product.kind,
                    name: product.name.clone(),
                    quantity: 1,
                    unit_price: product.price.minor,
                }],
                total,
                status: OrderStatus::Pending,
                expires_at: START.after(Duration::from_mins(30)),
                metadata: r#"{"note":"선물 🎁"}"#.to_owned(),
                created_at: START,
                cancel_wished_at: None,
            },
            payment: Payment {
                id: self.mint.id(),
                order_id,
                amount: total,
                state: PaymentState::Processing,
                reason: None,
                changed_at: START,
            },
            attempts: vec![attempt],
            holds: vec![Hold {
                id: self.mint.id(),
                product_id: product.id,
                quantity: 1,
                state: HoldState::Held,
                given_back: 0,
            }],
            refunds: Vec::new(),
            obligations: vec![look_up],
            version: 0,
        }
    }

    /// An attempt that was just recorded.
    pub fn attempt(&mut self, number: u32, amount: Money) -> Attempt {
        Attempt {
            id: self.mint.id(),
            number,
            gateway: GatewayName::new("pg_simulator"),
            gateway_order_id: format!("{:010}", self.mint.number() % 10_000_000_000),
            gateway_user_id: "135135".to_owned(),
            amount,
            means: Means::Card { company: "SAMSUNG".to_owned() },
            state: AttemptState::Sent,
            reference: None,
            problem: None,
            absences: 0,
            request: 1,
            recorded_at: START,
            send_before: START.after(Duration::from_secs(10)),
            certain_at: None,
            fee: None,
            ruling: None,
        }
    }

    /// An attempt whose buyer is at the gateway's page.
    pub fn page(&mut self, number: u32, amount: Money) -> Attempt {
        Attempt {
            means: Means::Page { authentication: None },
            state: AttemptState::Recorded,
            send_before: START,
            ..self.attempt(number, amount)
        }
    }

    /// A refund of all of the first attempt's charge, owed and with its piece.
    pub fn refund(&mut self, sale: &Sale) -> Refund {
        let line = &sale.order.lines[0];
        Refund {
            id: self.mint.id(),
            attempt_id: sale.attempts[0].id,
            charge: "txn-1".to_owned(),
            amount: sale.payment.amount,
            purpose: RefundPurpose::Requested,
            reason: "단순 변심 'changed my mind'".to_owned(),
            pieces: vec![Pieces { product_id: line.product_id, quantity: line.quantity }],
            state: RefundState::Owed,
            request: 1,
            absences: 0,
            reference: None,
            problem: None,
            requested_at: START,
            send_before: START,
            certain_at: None,
            alarmed_at: None,
            fee: None,
        }
    }

    /// The look-up that an attempt owes, due at once.
    pub fn look_up(
        &mut self,
        order_id: payonce_domain::ids::OrderId,
        attempt: &Attempt,
    ) -> Obligation {
        Obligation {
            id: self.mint.id(),
            kind: ObligationType::LookUp,
            order_id,
            attempt_id: Some(attempt.id),
            refund_id: None,
            state: ObligationState::Owed,
            due_at: START,
            tries: 0,
            fence: 0,
            leased_until: None,
            last_error: None,
            created_at: START,
        }
    }

    /// What a buyer orders of this product.
    pub fn new_order(&mut self, product: &Product, quantity: u32) -> NewOrder {
        NewOrder {
            order_id: self.mint.id(),
            payment_id: self.mint.id(),
            owner: self.mint.id(),
            items: vec![Item { product_id: product.id, quantity }],
            attempt: NewAttempt {
                id: self.mint.id(),
                gateway: GatewayName::new("pg_simulator"),
                gateway_order_id: format!("{:020}", self.mint.number()),
                gateway_user_id: "135135".to_owned(),
                means: Means::Card { company: "SAMSUNG".to_owned() },
                send_within: Duration::from_secs(10),
            },
            open_for: Duration::from_mins(30),
            metadata: "{}".to_owned(),
        }
    }

    /// A journal entry that uses every form of fact.
    pub fn entry(&mut self, sale: &Sale) -> Entry {
        let attempt = &sale.attempts[0];
        let facts = vec![
            Fact::OrderPlaced { total: sale.order.total.minor, currency: "KRW".to_owned() },
            Fact::AttemptRecorded {
                attempt_id: attempt.id,
                number: attempt.number,
                gateway: attempt.gateway.to_string(),
                gateway_order_id: attempt.gateway_order_id.clone(),
            },
            Fact::AttemptMoved {
                attempt_id: attempt.id,
                from: AttemptState::Sent,
                to: AttemptState::Declined,
                reference: Some("txn-1".to_owned()),
                problem: Some(Problem::new(ProblemCode::LimitExceeded, "한도 초과")),
            },
            Fact::PaymentMoved {
                from: PaymentState::Created,
                to: PaymentState::Processing,
                reason: None,
            },
            Fact::holds(HoldState::Taken),
            Fact::OrderEnded { status: OrderStatus::Completed },
            Fact::incident(IncidentType::Unresolved, "seen"),
        ];
        Entry {
            id: self.mint.id(),
            order_id: sale.order.id,
            payment_id: sale.payment.id,
            at: START,
            cause: Cause::Evidence { source: Source::CallbackLookUp },
            facts,
        }
    }

    /// The postings of a charge.
    pub fn postings(&mut self, sale: &Sale) -> Vec<Posting> {
        let movement =
            Movement { order_id: sale.order.id, attempt_id: sale.attempts[0].id, at: START };
        let receivable = ledger::receivable(&sale.attempts[0].gateway);
        ledger::entry(
            &mut self.mint,
            movement,
            &receivable,
            ledger::BUYERS_PAID,
            sale.payment.amount,
        )
        .into()
    }

    /// What the buyer gets for the first line.
    pub fn fulfilment(&mut self, sale: &Sale) -> Fulfilment {
        let line = &sale.order.lines[0];
        Fulfilment {
            id: self.mint.id(),
            order_id: sale.order.id,
            owner: sale.order.owner,
            product_id: line.product_id,
            kind: line.kind,
            quantity: line.quantity,
            revoked: 0,
            created_at: START,
        }
    }

    /// A privileged act on this sale's payment.
    pub fn act(&mut self, sale: &Sale) -> AuditEntry {
        AuditEntry {
            id: self.mint.id(),
            at: START,
            actor: "usr_운영".to_owned(),
            action: "payment.rule".to_owned(),
            subject: sale.payment.id.to_string(),
            detail: r#"{"reason":"정산 확인"}"#.to_owned(),
        }
    }

    /// Something a person should see.
    pub fn incident(&mut self, sale: &Sale, about: &str) -> Incident {
        Incident {
            id: self.mint.id(),
            kind: IncidentType::EvidenceMismatch,
            order_id: sale.order.id,
            payment_id: sale.payment.id,
            attempt_id: sale.attempts[0].id,
            detail: "charged 1 KRW, expected 5000 KRW".to_owned(),
            about: about.to_owned(),
            at: START,
        }
    }
}
