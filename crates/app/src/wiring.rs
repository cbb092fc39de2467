//! Wiring: the one place that knows every concrete type. Reads from top to bottom.

use std::{collections::BTreeMap, sync::Arc};

use payonce_domain::gateway::GatewayName;
use payonce_engine::{Engine, Parts, Settings};
use payonce_gateways::{
    guard::{self, Guarded},
    pg_simulator::{self, PgSimulator},
    transport::Transport,
};
use payonce_ports::{clock::Clock, entropy::Entropy, gateway::Gateway, store::Store};

use crate::real::{OsEntropy, SystemClock};

/// What a shop is made of.
pub(crate) struct Shop {
    /// The books.
    pub(crate) store: Arc<dyn Store>,
    /// The PG simulator's address and manners.
    pub(crate) pg: pg_simulator::Settings,
    /// The layers around it.
    pub(crate) layers: guard::Settings,
    /// How requests travel to it.
    pub(crate) transport: Arc<dyn Transport>,
    /// The shop's own numbers.
    pub(crate) settings: Settings,
}

/// Puts a shop together. Nothing runs in the background until the engine is told to.
pub(crate) fn engine(shop: Shop) -> Engine {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy::new());

    let wire: Arc<dyn Gateway> = Arc::new(PgSimulator::new(shop.pg, shop.transport));
    let guarded: Arc<dyn Gateway> =
        Arc::new(Guarded::new(wire, shop.layers, Arc::clone(&clock), Arc::clone(&entropy)));

    let name = GatewayName::new(pg_simulator::NAME);
    Engine::new(Parts {
        store: shop.store,
        gateways: BTreeMap::from([(name.clone(), guarded)]),
        default_gateway: name,
        clock,
        entropy,
        settings: shop.settings,
    })
}
