//! Wiring: the one place that knows every concrete type. Reads from top to bottom.

use std::{collections::BTreeMap, sync::Arc};

use payonce_domain::gateway::GatewayName;
use payonce_engine::{Engine, Parts, Settings};
use payonce_gateways::{
    guard::{self, Guarded},
    pg_simulator::{self, PgSimulator},
    toss::{self, Toss},
    transport::Transport,
};
use payonce_ports::{clock::Clock, entropy::Entropy, gateway::Gateway, store::Store};

use crate::real::{OsEntropy, SystemClock};

/// What a shop is made of.
pub(crate) struct Shop {
    /// The books.
    pub(crate) store: Arc<dyn Store>,
    /// The PG simulator.
    pub(crate) pg: Wired<pg_simulator::Settings>,
    /// Toss Payments, if it is on.
    pub(crate) toss: Option<Wired<toss::Settings>>,
    /// The shop's own numbers.
    pub(crate) settings: Settings,
}

/// A gateway and what is around it.
pub(crate) struct Wired<S> {
    /// Its address, keys and manners.
    pub(crate) settings: S,
    /// The layers around it.
    pub(crate) layers: guard::Settings,
    /// How requests travel to it.
    pub(crate) transport: Arc<dyn Transport>,
}

/// Puts a shop together. Nothing runs in the background until the engine is told to.
pub(crate) fn engine(shop: Shop) -> anyhow::Result<Engine> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy::new());
    let guarded = |gateway: Arc<dyn Gateway>, layers| -> Arc<dyn Gateway> {
        Arc::new(Guarded::new(gateway, layers, Arc::clone(&clock), Arc::clone(&entropy)))
    };

    let Wired { settings, layers, transport } = shop.pg;
    let pg = GatewayName::new(pg_simulator::NAME);
    let wire = Arc::new(PgSimulator::new(settings, transport));
    let mut gateways = BTreeMap::from([(pg.clone(), guarded(wire, layers))]);

    if let Some(Wired { settings, layers, transport }) = shop.toss {
        let wire = Arc::new(Toss::new(settings, transport)?);
        gateways.insert(GatewayName::new(toss::NAME), guarded(wire, layers));
    }

    Ok(Engine::new(Parts {
        store: shop.store,
        gateways,
        default_gateway: pg,
        clock,
        entropy,
        settings: shop.settings,
    }))
}
