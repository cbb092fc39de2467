//! `payonce serve`: the HTTP API with everything behind it, until it is told to stop.

use std::{
    fmt::Write as _,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use clap::Args;
use payonce_api::{ApiSettings, Callback, ServerSettings};
use payonce_domain::gateway::GatewayName;
use payonce_engine::Engine;
use payonce_gateways::{pg_simulator, toss, transport::HttpTransport};
use payonce_ports::{entropy::Entropy, store::Store};
use secrecy::SecretString;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    config::{
        database::DatabaseArguments, duration, pg::PgArguments, shop::ShopArguments,
        toss::TossArguments,
    },
    real::OsEntropy,
    wiring::{self, Shop, Wired},
};

/// How to serve.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    #[command(flatten)]
    database: DatabaseArguments,
    #[command(flatten)]
    shop: ShopArguments,
    #[command(flatten)]
    pg: PgArguments,
    #[command(flatten)]
    toss: TossArguments,
    /// Address to listen on.
    #[arg(long, env = "PAYONCE_HOST", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    host: IpAddr,
    /// Port to listen on. The stock PG simulator calls back to 8080 only.
    #[arg(long, env = "PAYONCE_PORT", default_value_t = 8080)]
    port: u16,
    /// Where buyers' browsers reach this server; by default its own port on localhost.
    #[arg(long, env = "PAYONCE_PUBLIC_URL")]
    public_url: Option<String>,
    /// Where a buyer goes on after paying, e.g. `https://shop.example.com/orders/{order_id}`.
    #[arg(long, env = "PAYONCE_ORDER_URL")]
    order_url: Option<String>,
    /// Secret that access tokens are signed with, at least 32 characters. Without it one is made
    /// and kept in the database.
    #[arg(long, env = "PAYONCE_TOKEN_SECRET", hide_env_values = true)]
    token_secret: Option<String>,
    /// How long work under way may take to finish once the server is told to stop.
    #[arg(long, env = "PAYONCE_GRACE", default_value = "20s", value_parser = duration::parse)]
    grace: Duration,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(arguments: ServeArguments) -> anyhow::Result<ExitCode> {
    let listener = listen(SocketAddr::new(arguments.host, arguments.port), "--port").await?;
    let port = listener.local_addr()?.port();
    let store = arguments.database.open().await?;
    let public_url = arguments.public_url.unwrap_or_else(|| format!("http://localhost:{port}"));
    let mut api = api_settings(&*store, arguments.token_secret, public_url).await?;
    api.order_url = arguments.order_url;
    let engine = wiring::engine(Shop {
        store,
        pg: Wired {
            settings: arguments.pg.gateway(port),
            layers: arguments.pg.layers(),
            transport: Arc::new(HttpTransport::new()?),
        },
        toss: wired_toss(&arguments.toss)?,
        settings: arguments.shop.engine(),
    })?;
    let stop = CancellationToken::new();
    let serving = start(listener, engine.clone(), api, stop.clone());
    if arguments.json {
        println!("{}", json!({ "url": format!("http://localhost:{port}") }));
    } else {
        println!("payonce on http://localhost:{port}; Ctrl-C stops it");
    }
    until_stopped().await;
    let finished = end(engine, serving, stop, arguments.grace).await;
    if !finished {
        eprintln!(
            "stopped with work under way: it is owed in the database and goes on at the next start"
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// Toss Payments with the transport that its address needs, if it is on.
pub(super) fn wired_toss(
    arguments: &TossArguments,
) -> anyhow::Result<Option<Wired<toss::Settings>>> {
    let Some(settings) = arguments.gateway()? else { return Ok(None) };
    let is_secure = settings.base_url.starts_with("https:");
    let transport = if is_secure { HttpTransport::secure() } else { HttpTransport::new() };
    Ok(Some(Wired { settings, layers: arguments.layers(), transport: Arc::new(transport?) }))
}

/// Serves in a task of its own, with the engine's background work.
pub(super) fn start(
    listener: TcpListener,
    engine: Engine,
    api: ApiSettings,
    stop: CancellationToken,
) -> tokio::task::JoinHandle<()> {
    engine.start_background();
    let router = payonce_api::router(engine, api);
    tokio::spawn(payonce_api::serve(listener, router, ServerSettings::default(), stop))
}

/// Stops listening, lets work under way finish within `grace`, gives leases back.
pub(super) async fn end(
    engine: Engine,
    serving: tokio::task::JoinHandle<()>,
    stop: CancellationToken,
    grace: Duration,
) -> bool {
    stop.cancel();
    let finished = engine.stop(grace).await;
    if let Err(error) = serving.await {
        tracing::warn!(%error, "the listener ended badly");
    }
    finished
}

/// The API's settings; a secret that is not given is kept in the database, so that all processes
/// of one shop have the same.
pub(super) async fn api_settings(
    store: &dyn Store,
    token_secret: Option<String>,
    public_url: String,
) -> anyhow::Result<ApiSettings> {
    let secret = if let Some(secret) = token_secret {
        secret
    } else {
        let chance = OsEntropy::new();
        let mut candidate = String::new();
        for _ in 0..4 {
            write!(candidate, "{:016x}", chance.number())?;
        }
        store.secret("token_secret", &candidate).await?
    };
    anyhow::ensure!(secret.len() >= 32, "PAYONCE_TOKEN_SECRET needs at least 32 characters");
    let callbacks = vec![
        Callback {
            path: "/api/v1/payments/callback",
            gateway: GatewayName::new(pg_simulator::NAME),
            order_id: pg_simulator::callback::order_id,
        },
        Callback {
            path: "/v1/callbacks/toss",
            gateway: GatewayName::new(toss::NAME),
            order_id: toss::webhook::order_id,
        },
    ];
    let companies = pg_simulator::CARD_COMPANIES.map(str::to_owned).to_vec();
    Ok(ApiSettings::new(SecretString::from(secret), public_url, companies, callbacks))
}

/// A loopback port of ours; `flag` is how the user can choose another.
pub(super) async fn bind(port: u16, flag: &str) -> anyhow::Result<TcpListener> {
    listen(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port), flag).await
}

async fn listen(address: SocketAddr, flag: &str) -> anyhow::Result<TcpListener> {
    payonce_api::bind(address).await.map_err(|error| anyhow::anyhow!("{error} with {flag}"))
}

/// Waits for Ctrl-C or a polite kill.
pub(super) async fn until_stopped() {
    let mut terminate =
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(terminate) => terminate,
            Err(error) => {
                tracing::warn!(%error, "only Ctrl-C stops this process politely");
                let _interrupted = tokio::signal::ctrl_c().await;
                return;
            }
        };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
