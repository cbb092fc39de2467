//! `payonce demo`: one process with everything in it. It buys a book by itself and shows how that
//! order travels, then stays for you to play with. `--scenario` plays a whole story instead.

mod bookstore;
mod catalogue;
mod first_order;

use std::{collections::BTreeMap, path::PathBuf, process::ExitCode, sync::Arc, time::Duration};

use anyhow::Context;
use clap::{Args, ValueEnum};
use payonce_api::auth::{BUYER, OPERATOR, ensure_user, new_server_key};
use payonce_domain::ids::UserId;
use payonce_engine::{Engine, Settings};
use payonce_gateways::{guard, toss, transport::HttpTransport};
use payonce_ports::entropy::Entropy;
use payonce_simulator::{
    pg::{Simulator, settings::Settings as GatewaySettings},
    toss::{Simulator as TossSimulator, faults::Profile, settings::Settings as TossSettings},
};
use payonce_storage::Target;
use secrecy::SecretString;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{
    serve::{self, bind, until_stopped},
    verify,
};
use crate::{
    config::{database, pg::PgArguments},
    gateway_books,
    real::OsEntropy,
    wiring::{self, Shop, Wired},
};

/// For people to sign in with; this shop is on this machine only.
const PASSWORD: &str = "payonce-demo";
const BUYER_EMAIL: &str = "buyer@demo.example";
const OPERATOR_EMAIL: &str = "operator@demo.example";

/// How to play.
#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Keep the books in this folder; without it a fresh one is made.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Port of the shop.
    #[arg(long, env = "PAYONCE_PORT", default_value_t = 8080)]
    port: u16,
    /// Port of the pretend gateway.
    #[arg(long, env = "PAYONCE_SIMULATOR_PORT", default_value_t = 8082)]
    simulator_port: u16,
    /// Port of the pretend Toss Payments.
    #[arg(long, default_value_t = 8084)]
    toss_port: u16,
    /// What goes wrong at the pretend Toss: calm, bookstore, lost_response, late_completion or
    /// settlement_only.
    #[arg(long, default_value = "calm")]
    toss_profile: Profile,
    /// Play a story in simulated time instead, and judge it by the gateway's own books.
    #[arg(long)]
    scenario: Option<Scenario>,
    /// How many buyers the story has.
    #[arg(long, default_value_t = 300, requires = "scenario")]
    buyers: usize,
    /// The same seed is the same story.
    #[arg(long, default_value_t = 41, requires = "scenario")]
    seed: u64,
    /// Stop after the first order.
    #[arg(long)]
    once: bool,
    /// Print JSON: one object with the addresses, one with the first order's end.
    #[arg(long)]
    json: bool,
}

/// Stories to play.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Scenario {
    /// A gateway that fails a third of the time and answers a third of the time after a minute.
    Bookstore,
}

/// What a player needs.
pub(super) struct Door {
    pub(super) url: String,
    pub(super) gateway_url: String,
    pub(super) toss_url: String,
    pub(super) key: String,
    pub(super) buyer: UserId,
    pub(super) book: String,
}

pub(super) async fn run(arguments: DemoArguments) -> anyhow::Result<ExitCode> {
    if let Some(Scenario::Bookstore) = arguments.scenario {
        return bookstore::run(arguments.buyers, arguments.seed, arguments.json);
    }
    let listener = bind(arguments.port, "--port").await?;
    let gateway_listener = bind(arguments.simulator_port, "--simulator-port").await?;
    let toss_listener = bind(arguments.toss_port, "--toss-port").await?;
    let port = listener.local_addr()?.port();
    let url = format!("http://localhost:{port}");
    let toss_url = format!("http://localhost:{}", toss_listener.local_addr()?.port());
    let gateway_url = format!("http://localhost:{}", gateway_listener.local_addr()?.port());
    let folder = match arguments.folder {
        Some(folder) => folder,
        None => tempfile::Builder::new().prefix("payonce-demo-").tempdir()?.keep(),
    };
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    let target = Target::Sqlite(folder.join("books.db"));
    payonce_storage::migrate(&target).await?;
    let store = database::open(&target).await?;

    // The gateway keeps its books beside ours, so that an old folder's orders are still known to it.
    let mut stock = GatewaySettings::stock(OsEntropy::new().number());
    stock.callback_prefix.clone_from(&url);
    let sender = payonce_simulator::pg::sender::HttpSender::new();
    let simulator = Simulator::resume(stock, sender, &folder.join("gateway.jsonl"))?;
    let stop = CancellationToken::new();
    let gateway = tokio::spawn(serve_gateway(simulator.clone(), gateway_listener, stop.clone()));

    let mut toss_settings = TossSettings::seeded(OsEntropy::new().number());
    toss_settings.webhooks.url = Some(format!("{url}/v1/callbacks/toss"));
    "payonce demo".clone_into(&mut toss_settings.shop_name);
    let toss_simulator = TossSimulator::start(toss_settings);
    toss_simulator.take_profile(arguments.toss_profile);
    let toss = wired_toss(&toss_simulator, &toss_url)?;
    let serving_toss = {
        let (simulator, stop) = (toss_simulator.clone(), stop.clone());
        tokio::spawn(async move {
            if let Err(error) = simulator.serve(toss_listener, stop.cancelled_owned()).await {
                tracing::error!(%error, "the pretend Toss stopped");
            }
        })
    };

    let api = serve::api_settings(&*store, None, url.clone()).await?;
    let pg = PgArguments { pg_url: gateway_url.clone(), ..PgArguments::default() };
    let engine = wiring::engine(Shop {
        store,
        pg: Wired {
            settings: pg.gateway(port),
            layers: pg.layers(),
            transport: Arc::new(HttpTransport::new()?),
        },
        toss: Some(toss),
        settings: Settings::default(),
    })?;
    let door = furnish(&engine, url, gateway_url, toss_url).await?;
    let serving = serve::start(listener, engine.clone(), api, stop.clone());

    tell_door(&door, &folder, arguments.json);
    let is_true = first_order::buy(&door, arguments.json).await?;
    // The pretend Toss forgets its books when the demo ends, so only the other one's are compared.
    let theirs = BTreeMap::from([gateway_books::fetch(&door.gateway_url).await?]);
    let verdict = payonce_engine::verification::verify(engine.books(), theirs, &mut |_| {}).await?;
    if arguments.json {
        println!(
            "{}",
            json!({ "first_order_is_true": is_true, "books": verify::as_json(&verdict) })
        );
    } else {
        println!();
        verify::tell(&verdict);
        if !arguments.once {
            println!("\nThe shop is open; Ctrl-C closes it.");
        }
    }
    let is_good = is_true && verdict.is_clean();
    if !arguments.once {
        until_stopped().await;
    }
    serve::end(engine, serving, stop, Duration::from_secs(20)).await;
    simulator.shutdown().await;
    toss_simulator.shutdown().await;
    gateway.abort();
    serving_toss.abort();
    Ok(if is_good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn serve_gateway(simulator: Simulator, listener: TcpListener, stop: CancellationToken) {
    if let Err(error) = simulator.serve(listener, stop.cancelled_owned()).await {
        tracing::error!(%error, "the pretend gateway stopped");
    }
}

/// The connector to a pretend Toss.
fn wired_toss(simulator: &TossSimulator, url: &str) -> anyhow::Result<Wired<toss::Settings>> {
    let theirs = simulator.settings();
    let settings = toss::Settings {
        base_url: url.to_owned(),
        script_url: format!("{url}/v2/standard"),
        secret_key: SecretString::from(theirs.secret_key.clone()),
        client_key: theirs.client_key.clone(),
        security_key: None,
        account: theirs.m_id.clone(),
        test_code: None,
        manners: toss::stock_manners(toss::Keys::Test),
    };
    let transport = Arc::new(HttpTransport::new()?);
    Ok(Wired { settings, layers: guard::Settings::for_toss(), transport })
}

/// A catalogue, a key, a buyer and an operator.
async fn furnish(
    engine: &Engine,
    url: String,
    gateway_url: String,
    toss_url: String,
) -> anyhow::Result<Door> {
    let book = catalogue::fill(engine).await?;
    let password = || SecretString::from(PASSWORD.to_owned());
    let buyer = ensure_user(engine, BUYER_EMAIL, password(), BUYER).await?;
    ensure_user(engine, OPERATOR_EMAIL, password(), OPERATOR).await?;
    let (key, row) = new_server_key(&**engine.entropy(), &**engine.clock());
    engine.books().add_server_key(&row).await?;
    Ok(Door { url, gateway_url, toss_url, key, buyer: buyer.id, book })
}

fn tell_door(door: &Door, folder: &std::path::Path, is_json: bool) {
    let Door { url, gateway_url, toss_url, key, buyer, book } = door;
    if is_json {
        println!(
            "{}",
            json!({ "url": url, "gateway_url": gateway_url, "toss_url": toss_url, "key": key, "buyer": buyer, "book": book,
                    "folder": folder })
        );
        return;
    }
    println!(
        "payonce demo
  shop      {url}
  gateway   {gateway_url}  (fails 40 % of requests, decides after 1-5 s, declines 30 %)
  toss      {toss_url}  (a page of its own where the buyer agrees)
  books     {}
  key       {key}
  buyer     {BUYER_EMAIL}  password {PASSWORD}  ({buyer})
  operator  {OPERATOR_EMAIL}  password {PASSWORD}

Paste these into another terminal:

# 1. what is for sale
curl -s -w '\\n' {url}/v1/products

# 2. buy a book, and wait up to 20 s for the end (run it again: nothing is bought twice)
curl -si -w '\\n' {url}/v1/orders -u {key}: -H 'Content-Type: application/json' -H 'Idempotency-Key: my-first-order' -H 'Prefer: wait=20' -d '{{\"buyer\":\"{buyer}\",\"items\":[{{\"product_id\":\"{book}\",\"quantity\":1}}],\"payment\":{{\"method\":\"card\",\"card\":{{\"company\":\"SAMSUNG\",\"number\":\"1234-5678-9814-1451\",\"instalments\":0}}}}}}'

# 3. buy it on Toss's page: open the address under next_step in a browser, agree or refuse, come back
curl -s -w '\\n' {url}/v1/orders -u {key}: -H 'Content-Type: application/json' -H 'Idempotency-Key: my-toss-order' -d '{{\"buyer\":\"{buyer}\",\"items\":[{{\"product_id\":\"{book}\",\"quantity\":1}}],\"payment\":{{\"method\":\"toss\"}}}}'

# 4. all orders, each with what is known, what is not, and what happens next
curl -s -w '\\n' {url}/v1/orders -u {key}:

# 5. the gateways' own books, to compare with ours
curl -s -w '\\n' {gateway_url}/_sim/summary {toss_url}/_sim/summary
",
        folder.display()
    );
}
