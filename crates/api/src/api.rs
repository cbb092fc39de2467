//! What every handler receives, and the few readings that many of them share.

use std::sync::Arc;

use payonce_domain::{
    ids::{OrderId, PaymentId, RefundId},
    sale::Sale,
};
use payonce_engine::Engine;
use secrecy::ExposeSecret as _;
use tokio::sync::Semaphore;

use crate::{
    auth::{Caller, passwords::Passwords, tokens::Tokens},
    idempotency::Fingerprints,
    problem::{Code, Problem},
    settings::{ApiSettings, Callback},
};

/// What every handler receives. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Api(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    engine: Engine,
    settings: ApiSettings,
    tokens: Tokens,
    fingerprints: Fingerprints,
    passwords: Passwords,
    seats: Arc<Semaphore>,
    checking: Semaphore,
    reconciling: Arc<Semaphore>,
    public_url: Arc<str>,
}

impl Api {
    pub(crate) fn new(engine: Engine, settings: ApiSettings) -> Self {
        let secret = settings.secret.expose_secret().as_bytes();
        Self(Arc::new(Inner {
            tokens: Tokens::new(secret, settings.token_life),
            fingerprints: Fingerprints::new(secret),
            passwords: Passwords::new(settings.hashes_at_once, settings.hashes_waiting),
            seats: Arc::new(Semaphore::new(settings.calls_at_once)),
            checking: Semaphore::new(1),
            reconciling: Arc::new(Semaphore::new(1)),
            public_url: settings.public_url.as_str().into(),
            engine,
            settings,
        }))
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.0.engine
    }

    pub(crate) fn settings(&self) -> &ApiSettings {
        &self.0.settings
    }

    /// Our own address, as browsers know it.
    pub(crate) fn public_url(&self) -> Arc<str> {
        Arc::clone(&self.0.public_url)
    }

    pub(crate) fn callbacks(&self) -> &[Callback] {
        &self.0.settings.callbacks
    }

    pub(crate) fn tokens(&self) -> &Tokens {
        &self.0.tokens
    }

    pub(crate) fn fingerprints(&self) -> &Fingerprints {
        &self.0.fingerprints
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    /// Seats for calls; a call without one is refused.
    pub(crate) fn seats(&self) -> &Arc<Semaphore> {
        &self.0.seats
    }

    /// The one seat for checking all books.
    pub(crate) fn checking(&self) -> &Semaphore {
        &self.0.checking
    }

    /// The one seat for reconciling a day.
    pub(crate) fn reconciling(&self) -> &Arc<Semaphore> {
        &self.0.reconciling
    }

    /// The order of this id, if the caller may see it. A foreign one is as if it did not exist.
    pub(crate) async fn sale(&self, caller: &Caller, id: &str) -> Result<Sale, Problem> {
        let missing = || Problem::new(Code::OrderNotFound);
        let id: OrderId = id.parse().map_err(|_| missing())?;
        let sale = self.engine().books().sale(id).await?;
        sale.filter(|sale| caller.may_see(sale.order.owner)).ok_or_else(missing)
    }

    /// The sale of the refund of this id, if the caller may see it.
    pub(crate) async fn sale_of_refund(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<(Sale, RefundId), Problem> {
        let missing = || Problem::new(Code::RefundNotFound);
        let id: RefundId = id.parse().map_err(|_| missing())?;
        let books = self.engine().books();
        let order_id = books.order_of_refund(id).await?.ok_or_else(missing)?;
        let sale = books.sale(order_id).await?;
        let sale = sale.filter(|sale| caller.may_see(sale.order.owner)).ok_or_else(missing)?;
        Ok((sale, id))
    }

    /// The sale of the payment of this id, if the caller may see it.
    pub(crate) async fn sale_of_payment(&self, caller: &Caller, id: &str) -> Result<Sale, Problem> {
        let sale = self.sale_of_anybodys_payment(id).await?;
        let seen = Some(sale).filter(|sale| caller.may_see(sale.order.owner));
        seen.ok_or_else(|| Problem::new(Code::PaymentNotFound))
    }

    /// The sale of the payment of this id, for whoever knows the id: it cannot be guessed.
    pub(crate) async fn sale_of_anybodys_payment(&self, id: &str) -> Result<Sale, Problem> {
        let missing = || Problem::new(Code::PaymentNotFound);
        let id: PaymentId = id.parse().map_err(|_| missing())?;
        let books = self.engine().books();
        let order_id = books.order_of_payment(id).await?.ok_or_else(missing)?;
        books.sale(order_id).await?.ok_or_else(missing)
    }
}
