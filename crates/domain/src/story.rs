//! One order with its books and a clock, for tests that tell stories. Every step is checked against
//! the invariants.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    checkout::{Item, NewOrder, place},
    fulfilment::Fulfilment,
    gateway::{GatewayName, Manners},
    ids::{Mint, ProductId, RefundId},
    incident::IncidentType,
    invariants::{SalePages, check_sale, check_stock},
    ledger::Posting,
    money::Money,
    obligation::{Lease, ObligationState, ObligationType},
    order::OrderStatus,
    payment::{
        Attempt, Means, PaymentState, Problem, ProblemCode,
        evidence::{Evidence, Finding, Outcome, Sighting, Source, Transaction, Verdict},
        give_up::{self, CancelRefusal},
        page::{self, Confirm, Return, ReturnRefusal},
        renew::{self, NewAttempt, RenewRefusal},
        repeat,
        ruling::{Heard, Ruled, Ruling, RulingRefusal, rule},
        settle::{Circumstances, SettleError, settle},
    },
    product::{Product, ProductType},
    refund::{
        Refund, RefundState,
        evidence::{Given, RefundEvidence, RefundFinding, RefundOutcome, RefundSighting},
        perform::{Step, perform},
        request::{HowMuch, RefundRefusal, RefundRequest, request},
        retry,
    },
    sale::{Change, Sale},
    time::Timestamp,
};

pub(crate) const START: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

pub(crate) fn manners() -> Manners {
    Manners {
        charge_within: Duration::from_secs(15),
        request_life: Duration::from_mins(2),
        verdict_after: Duration::from_secs(2),
        look_up_at_most_every: Duration::from_secs(30),
        horizon: Duration::from_mins(15),
        unresolved_every: Duration::from_mins(15),
        doubt_absence_for: Duration::from_hours(6),
        can_refund: false,
        has_page: false,
        repeat_within: None,
        look_ups_per_minute: None,
    }
}

/// A gateway with a page, whose requests may be repeated, and that gives money back.
pub(crate) fn page_manners() -> Manners {
    Manners {
        can_refund: true,
        has_page: true,
        repeat_within: Some(Duration::from_hours(24 * 14)),
        ..manners()
    }
}

/// One order with its books and a clock.
pub(crate) struct World {
    pub(crate) manners: Manners,
    pub(crate) now: Timestamp,
    pub(crate) products: BTreeMap<ProductId, Product>,
    pub(crate) sale: Sale,
    pub(crate) postings: Vec<Posting>,
    pub(crate) fulfilments: Vec<Fulfilment>,
    pub(crate) incidents: Vec<IncidentType>,
    pub(crate) journal: Vec<String>,
    pub(crate) seed: u64,
}

pub(crate) fn product(stock: u32) -> Product {
    Product {
        id: Mint::new(START, 1).id(),
        kind: ProductType::Book,
        name: "A book".into(),
        price: Money::krw(15_000),
        available: stock.into(),
        received: stock.into(),
        on_sale: true,
        created_at: START,
    }
}

fn attempt(number: u64) -> NewAttempt {
    NewAttempt {
        id: Mint::new(START, 100 + number).id(),
        gateway: GatewayName::new("pg"),
        gateway_order_id: format!("10000000000000000{number}"),
        gateway_user_id: "shop".into(),
        means: Means::Card { company: "KB".into() },
        send_within: manners().charge_within,
    }
}

pub(crate) fn order(product_id: ProductId, quantity: u32) -> NewOrder {
    let mut mint = Mint::new(START, 50);
    NewOrder {
        order_id: mint.id(),
        payment_id: mint.id(),
        owner: mint.id(),
        items: vec![Item { product_id, quantity }],
        attempt: attempt(1),
        open_for: Duration::from_mins(15),
        metadata: "{}".into(),
    }
}

impl World {
    /// An order of two books at a gateway without a page, its charge on the way.
    pub(crate) fn with_an_order() -> Self {
        Self::with(manners(), Means::Card { company: "KB".into() })
    }

    /// The same at a gateway with a page: its buyer is there.
    pub(crate) fn at_a_page() -> Self {
        Self::with(page_manners(), Means::Page { authentication: None })
    }

    fn with(manners: Manners, means: Means) -> Self {
        let product = product(10);
        let wanted = order(product.id, 2);
        Self::where_is_ordered(vec![product], wanted, manners, means)
    }

    fn where_is_ordered(
        products: Vec<Product>,
        mut wanted: NewOrder,
        manners: Manners,
        means: Means,
    ) -> Self {
        let mut products = products.into_iter().map(|product| (product.id, product)).collect();
        wanted.attempt.means = means;
        let change = place(&mut products, &wanted, START, 7).expect("placed");
        let mut world = Self {
            manners,
            now: START,
            products,
            sale: change.sale.clone(),
            postings: Vec::new(),
            fulfilments: Vec::new(),
            incidents: Vec::new(),
            journal: Vec::new(),
            seed: 1_000,
        };
        world.apply(change);
        world
    }

    pub(crate) fn apply(&mut self, change: Change) {
        for (id, quantity) in change.returned {
            self.products.get_mut(&id).expect("known").put_back(quantity);
        }
        for (id, quantity) in change.taken {
            self.products.get_mut(&id).expect("known").take(quantity).expect("there is enough");
        }
        self.sale = change.sale;
        self.postings.extend(change.postings);
        self.fulfilments.extend(change.fulfilments);
        for revoked in change.revoked {
            let mut given = self.fulfilments.iter_mut();
            let given = given.find(|given| given.product_id == revoked.product_id);
            given.expect("was given").revoked += revoked.quantity;
        }
        self.incidents.extend(change.incidents.iter().map(|incident| incident.kind));
        self.journal.push(format!("{:?}", change.entry));
        self.check();
        self.sale.obligations.retain(|owed| owed.state != ObligationState::Done);
    }

    pub(crate) fn check(&self) {
        let pages = SalePages {
            sale: self.sale.clone(),
            postings: self.postings.clone(),
            fulfilments: self.fulfilments.clone(),
        };
        assert_eq!(check_sale(&pages), []);
        for product in self.products.values() {
            let holds = self.sale.holds.iter().filter(|hold| hold.product_id == product.id);
            let held: i64 = holds.map(|hold| i64::from(hold.remaining())).sum();
            assert_eq!(check_stock(product, held), []);
        }
    }

    pub(crate) fn attempt(&self, number: usize) -> &Attempt {
        &self.sale.attempts[number - 1]
    }

    pub(crate) fn evidence(&self, number: usize, finding: Finding) -> Evidence {
        let source = match finding {
            Finding::Answer(_) => Source::Response,
            Finding::Sighting(_) => Source::LookUp,
            Finding::Ruled(_) => Source::Operator,
        };
        let attempt = self.attempt(number);
        Evidence { attempt_id: attempt.id, source, sending: Some(attempt.send_before), finding }
    }

    pub(crate) fn settle_under(&mut self, number: usize, finding: Finding, lease: Option<Lease>) {
        self.settle_late(number, finding, lease, self.now);
    }

    /// Settles now what the gateway was asked about at `asked_at`.
    pub(crate) fn settle_late(
        &mut self,
        number: usize,
        finding: Finding,
        lease: Option<Lease>,
        asked_at: Timestamp,
    ) {
        let evidence = self.evidence(number, finding);
        self.settle_evidence(&evidence, lease, asked_at);
    }

    /// Settles now this evidence, perhaps not for the first time.
    pub(crate) fn settle_evidence(
        &mut self,
        evidence: &Evidence,
        lease: Option<Lease>,
        asked_at: Timestamp,
    ) {
        self.seed += 1;
        let (now, seed) = (self.now, self.seed);
        // As the engine does it: without the products first, and with them if they are needed.
        let nothing = BTreeMap::new();
        let circumstances = Circumstances {
            manners: &self.manners,
            lease,
            asked_at,
            available: &nothing,
            now,
            seed,
        };
        let change = match settle(&self.sale, evidence, &circumstances) {
            Err(SettleError::NeedsStock) => {
                let available = self.available();
                let circumstances = Circumstances { available: &available, ..circumstances };
                settle(&self.sale, evidence, &circumstances)
            }
            decided => decided,
        };
        self.apply(change.expect("a legal decision"));
    }

    pub(crate) fn settle(&mut self, number: usize, finding: Finding) {
        self.settle_under(number, finding, None);
    }

    /// Leases the look-up that is owed for this attempt, if one is.
    pub(crate) fn lease(&mut self, number: usize) -> Option<Lease> {
        let id = self.attempt(number).id;
        let lease = self.sale.owed_look_up(id).map(|owed| (owed.id, owed.fence + 1));
        for owed in &mut self.sale.obligations {
            if Some(owed.id) == lease.map(|(id, _)| id) {
                owed.fence += 1;
            }
        }
        lease.map(|(obligation_id, fence)| Lease { obligation_id, fence })
    }

    pub(crate) fn look_up(&mut self, number: usize, sighting: Sighting) {
        let lease = self.lease(number);
        self.settle_under(number, Finding::Sighting(sighting), lease);
    }

    pub(crate) fn found(&self, number: usize, verdict: Verdict) -> Sighting {
        let attempt = self.attempt(number);
        Sighting::Found(vec![Transaction {
            reference: format!("TR:{number}"),
            gateway_order_id: attempt.gateway_order_id.clone(),
            amount: attempt.amount,
            verdict,
        }])
    }

    pub(crate) fn accept(&mut self, number: usize) {
        let reference = format!("TR:{number}");
        self.settle(number, Finding::Answer(Outcome::Accepted { reference }));
    }

    pub(crate) fn pass(&mut self, wait: Duration) {
        self.now = self.now.after(wait);
    }

    pub(crate) fn expire(&mut self) {
        let owed = self.sale.obligations.iter().find(|owed| owed.kind == ObligationType::Expire);
        let Some(owed) = owed else { return };
        let lease = Lease { obligation_id: owed.id, fence: owed.fence };
        self.seed += 1;
        let change = give_up::expire(&self.sale, lease, self.now, self.seed).expect("legal");
        self.apply(change);
    }

    pub(crate) fn pay_again(&mut self, number: u64) -> Result<(), RenewRefusal> {
        self.seed += 1;
        let mut next = attempt(number);
        if self.manners.has_page {
            next.means = Means::Page { authentication: None };
        }
        let change = renew::pay_again(&self.sale, &next, self.now, self.seed)?;
        self.apply(change);
        Ok(())
    }

    pub(crate) fn cancel(&mut self) -> Result<(), CancelRefusal> {
        self.seed += 1;
        let id = Mint::new(self.now, self.seed).id();
        let (now, can_refund) = (self.now, self.manners.can_refund);
        let change =
            give_up::cancel(&self.sale, id, "changed my mind", can_refund, now, self.seed)?;
        self.apply(change);
        Ok(())
    }

    /// Others buy until so much is left, if there is more.
    pub(crate) fn sell_until(&mut self, left: i64) {
        for product in self.products.values_mut() {
            let sold = (product.available - left).max(0);
            product.available -= sold;
            product.received -= sold;
        }
    }

    /// An operator rules about this attempt.
    pub(crate) fn rule(
        &mut self,
        number: usize,
        who: &str,
        ruled: &Ruled,
        needs_second: bool,
    ) -> Result<Heard, RulingRefusal> {
        self.seed += 1;
        let ruling = Ruling {
            ruled: ruled.clone(),
            by: Mint::new(START, u64::from(who.as_bytes()[0])).id(),
            reason: "the gateway's support was asked".into(),
            evidence: "seen in the gateway's console".into(),
            at: self.now,
        };
        let available = self.available();
        let circumstances = Circumstances {
            manners: &self.manners,
            lease: None,
            asked_at: self.now,
            available: &available,
            now: self.now,
            seed: self.seed,
        };
        let id = self.attempt(number).id;
        let (change, heard) = rule(&self.sale, id, ruling, needs_second, &circumstances)?;
        self.apply(change);
        Ok(heard)
    }

    fn available(&self) -> BTreeMap<ProductId, i64> {
        self.products.iter().map(|(id, product)| (*id, product.available)).collect()
    }

    /// The buyer comes back from the page of this attempt with something to confirm.
    pub(crate) fn come_back(
        &mut self,
        number: usize,
        authentication: &str,
    ) -> Result<Confirm, ReturnRefusal> {
        let attempt = self.attempt(number);
        let returned = Return {
            gateway_order_id: attempt.gateway_order_id.clone(),
            amount: Some(attempt.amount),
            authentication: authentication.to_owned(),
        };
        self.bring_back(&returned)
    }

    pub(crate) fn bring_back(&mut self, returned: &Return) -> Result<Confirm, ReturnRefusal> {
        self.seed += 1;
        let (change, confirm) =
            page::confirm(&self.sale, returned, &self.manners, self.now, self.seed)?;
        self.apply(change);
        Ok(confirm)
    }

    /// The worker repeats the confirmation, if it may.
    pub(crate) fn repeat(&mut self, number: usize) -> bool {
        self.seed += 1;
        let id = self.attempt(number).id;
        let (change, again) =
            repeat::repeat(&self.sale, id, &self.manners, self.now, self.seed).expect("legal");
        self.apply(change);
        again.is_some()
    }

    /// A paid order at a gateway that gives money back.
    pub(crate) fn paid() -> Self {
        Self::at_a_page().pays()
    }

    /// A paid order of one cheap book and one for 15,000; says which is the cheap one.
    pub(crate) fn paid_for_two() -> (Self, ProductId) {
        let dear = product(10);
        let cheap =
            Product { id: Mint::new(START, 2).id(), price: Money::krw(1_000), ..dear.clone() };
        let (id, mut wanted) = (cheap.id, order(dear.id, 1));
        wanted.items.push(Item { product_id: id, quantity: 1 });
        let page = Means::Page { authentication: None };
        let world = Self::where_is_ordered(vec![dear, cheap], wanted, page_manners(), page);
        (world.pays(), id)
    }

    fn pays(self) -> Self {
        let mut world = self;
        world.come_back(1, "key").expect("ours");
        let charged = world.found(1, Verdict::Approved);
        world.look_up(1, charged);
        assert_eq!(world.states(), (PaymentState::Paid, OrderStatus::Completed));
        world
    }

    pub(crate) fn ask_back(&mut self, how_much: HowMuch) -> Result<RefundId, RefundRefusal> {
        self.ask_back_expecting(how_much, None)
    }

    pub(crate) fn ask_back_expecting(
        &mut self,
        how_much: HowMuch,
        expected_refundable: Option<i64>,
    ) -> Result<RefundId, RefundRefusal> {
        self.seed += 1;
        let id = Mint::new(self.now, self.seed).id();
        let can_refund = self.manners.can_refund;
        let reason = "changed my mind".to_owned();
        let wish = RefundRequest { id, how_much, expected_refundable, reason, can_refund };
        let change = request(&self.sale, &wish, self.now, self.seed)?;
        self.apply(change);
        Ok(id)
    }

    pub(crate) fn refund(&self, id: RefundId) -> &Refund {
        self.sale.refund(id).expect("known")
    }

    /// Leases the refund that is owed and takes the worker's next step.
    pub(crate) fn refund_step(&mut self, id: RefundId) -> (Lease, Step) {
        let owed = self.sale.obligations.iter_mut().find(|owed| owed.refund_id == Some(id));
        let owed = owed.expect("owed");
        owed.fence += 1;
        owed.leased_until = Some(self.now.after(Duration::from_mins(1)));
        let lease = Lease { obligation_id: owed.id, fence: owed.fence };
        self.seed += 1;
        let (change, step) =
            perform(&self.sale, id, lease, &self.manners, self.now, self.seed).expect("legal");
        self.apply(change);
        (lease, step)
    }

    pub(crate) fn settle_refund(
        &mut self,
        id: RefundId,
        finding: RefundFinding,
        lease: Option<Lease>,
    ) {
        let sending = Some(self.refund(id).send_before);
        let source = Source::Response;
        let evidence = RefundEvidence { refund_id: id, source, sending, finding };
        self.settle_refund_evidence(&evidence, lease);
    }

    /// Settles now this evidence about a refund, perhaps not for the first time.
    pub(crate) fn settle_refund_evidence(
        &mut self,
        evidence: &RefundEvidence,
        lease: Option<Lease>,
    ) {
        self.seed += 1;
        let available = self.available();
        let circumstances = Circumstances {
            manners: &self.manners,
            lease,
            asked_at: self.now,
            available: &available,
            now: self.now,
            seed: self.seed,
        };
        let change = crate::refund::settle::settle(&self.sale, evidence, &circumstances);
        self.apply(change.expect("a legal decision"));
    }

    /// One turn of the refund worker that ends with this answer, or this look-up if it looks up.
    pub(crate) fn refund_turn(
        &mut self,
        id: RefundId,
        answer: RefundOutcome,
        seen: RefundSighting,
    ) -> Step {
        let (lease, step) = self.refund_step(id);
        match &step {
            Step::Send { .. } => {
                self.settle_refund(id, RefundFinding::Answer(answer), Some(lease));
            }
            Step::LookUp(_) => self.settle_refund(id, RefundFinding::Sighting(seen), Some(lease)),
            Step::Nothing => {}
        }
        step
    }

    /// What the gateway tells of this refund.
    pub(crate) fn given(&self, id: RefundId) -> Given {
        let amount = self.refund(id).amount;
        Given { reference: format!("CANCEL:{id}"), amount, refund_id: Some(id) }
    }

    pub(crate) fn give_back(&mut self, id: RefundId) {
        let reference = self.given(id).reference;
        let step =
            self.refund_turn(id, RefundOutcome::Done { reference }, RefundSighting::Seen(vec![]));
        assert!(matches!(step, Step::Send { .. }), "{step:?}");
        assert_eq!(self.refund(id).state, RefundState::Done);
    }

    pub(crate) fn retry_refund(&mut self, id: RefundId) -> Result<(), retry::RetryRefusal> {
        self.seed += 1;
        let can_refund = self.manners.can_refund;
        let change = retry::retry(&self.sale, id, can_refund, self.now, self.seed)?;
        self.apply(change);
        Ok(())
    }

    pub(crate) fn states(&self) -> (PaymentState, OrderStatus) {
        (self.sale.payment.state, self.sale.order.status)
    }

    pub(crate) fn left(&self) -> i64 {
        self.products.values().next().expect("one product").available
    }
}

pub(crate) fn declined() -> Verdict {
    Verdict::Declined(Problem::new(ProblemCode::LimitExceeded, "한도초과입니다."))
}

pub(crate) fn no_answer() -> Finding {
    Finding::Answer(Outcome::Unknown { text: "no answer in time".into() })
}
