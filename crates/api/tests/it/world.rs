//! One shop with its own books, clock and gateway, and short words for calling it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Method, Request, StatusCode},
};
use http_body_util::BodyExt as _;
use payonce_api::{ApiSettings, Callback, auth};
use payonce_domain::{gateway::GatewayName, time::Timestamp};
use payonce_engine::{Engine, Parts, Settings};
use payonce_ports::{
    clock::{Clock, MovedClock},
    entropy::SeededEntropy,
    store::Store,
};
use payonce_storage::{Access, SqliteStore, Target, migrate};
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt as _;

use crate::gateway::{HOSTED, NAME, Scripted};

/// Where buyers' browsers reach the shop's payments.
pub const PUBLIC: &str = "https://pay.example.com";

pub const CARD: &str = "1234-5678-9814-1451";

pub struct World {
    pub router: Router,
    pub engine: Engine,
    pub clock: MovedClock,
    pub gateway: Arc<Scripted>,
    /// The gateway with a page of its own.
    pub hosted: Arc<Scripted>,
    pub buyer: String,
    pub stranger: String,
    pub operator: String,
    pub second_operator: String,
    pub shop: String,
    pub buyer_id: String,
    _folder: TempDir,
}

/// An answer, read.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// Asserts status and code of a problem.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["code"], code, "{}", self.text);
        assert_eq!(problem["status"], status);
        problem
    }

    #[track_caller]
    pub fn is(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }
}

impl World {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("books.db");
        migrate(&Target::Sqlite(path.clone())).await.expect("migrated");
        let clock = MovedClock::at(Timestamp::from_micros(1_795_000_000_000_000));
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let store = SqliteStore::open(&path, Arc::clone(&shared), Access::Serve).await;
        let store: Arc<dyn Store> = Arc::new(store.expect("open books"));
        let (gateway, hosted) = (Scripted::new(NAME), Scripted::new(HOSTED));
        let name = GatewayName::new(NAME);
        let engine = Engine::new(Parts {
            store,
            gateways: BTreeMap::from([
                (name.clone(), Arc::clone(&gateway) as _),
                (GatewayName::new(HOSTED), Arc::clone(&hosted) as _),
            ]),
            default_gateway: name.clone(),
            clock: shared,
            entropy: Arc::new(SeededEntropy::new(7)),
            settings: Settings::default(),
        });
        let callback = Callback {
            path: "/api/v1/payments/callback",
            gateway: name,
            order_id: payonce_gateways::pg_simulator::callback::order_id,
        };
        let companies = ["SAMSUNG", "KB", "HYUNDAI"].map(str::to_owned).to_vec();
        let secret = "a secret of this installation alone".to_owned();
        let settings = ApiSettings::new(secret.into(), PUBLIC, companies, vec![callback]);
        let router = payonce_api::router(engine.clone(), settings);
        let (shop, key) = auth::new_server_key(&**engine.entropy(), &clock);
        engine.books().add_server_key(&key).await.expect("a key");
        let operators = ["operator@example.com", "second@example.com"];
        for email in operators {
            auth::ensure_user(&engine, email, "operator password".into(), auth::OPERATOR)
                .await
                .expect("an operator");
        }
        let mut world = Self {
            router,
            engine,
            clock,
            gateway,
            hosted,
            buyer: String::new(),
            stranger: String::new(),
            operator: String::new(),
            second_operator: String::new(),
            shop,
            buyer_id: String::new(),
            _folder: folder,
        };
        let buyer = world.sign_up("buyer@example.com").await;
        world.buyer = token(&buyer);
        world.buyer_id = buyer["user"]["id"].as_str().expect("an id").to_owned();
        world.stranger = token(&world.sign_up("stranger@example.com").await);
        let [first, second] = operators;
        world.operator = world.log_in(first).await;
        world.second_operator = world.log_in(second).await;
        world
    }

    async fn log_in(&self, email: &str) -> String {
        let body = json!({"email": email, "password": "operator password"});
        token(&self.post("/v1/auth/login", "", &body).await.is(200))
    }

    async fn sign_up(&self, email: &str) -> Value {
        let body = json!({"email": email, "password": "a long password"});
        self.post("/v1/auth/signup", "", &body).await.is(201)
    }

    /// A product on sale, by its id.
    pub async fn product(&self, price: i64, stock: u32) -> String {
        let body = json!({"kind": "book", "name": "Rust", "price": price, "stock": stock});
        let product = self.post("/v1/products", &self.operator, &body).await.is(201);
        product["id"].as_str().expect("an id").to_owned()
    }

    pub async fn order(&self, key: &str, body: &Value) -> Answer {
        self.order_with(key, body, &[]).await
    }

    pub async fn order_with(&self, key: &str, body: &Value, more: &[(&str, &str)]) -> Answer {
        let mut headers = vec![("idempotency-key", key)];
        headers.extend(more);
        self.call(Method::POST, "/v1/orders", &self.buyer, &headers, body.to_string()).await
    }

    pub async fn pay(&self, key: &str, order: &str, body: &Value) -> Answer {
        let path = format!("/v1/orders/{order}/payments");
        let headers = [("idempotency-key", key)];
        self.call(Method::POST, &path, &self.buyer, &headers, body.to_string()).await
    }

    /// An order to be paid on the gateway's page, as it is answered.
    pub async fn at_page(&self, key: &str, price: i64) -> Value {
        let product = self.product(price, 9).await;
        self.order(key, &page_order_of(&product, 1)).await.is(202)
    }

    /// An order that was paid on the gateway's page.
    pub async fn paid(&self, key: &str, price: i64, quantity: u32) -> Value {
        let product = self.product(price, 9).await;
        let order = self.order(key, &page_order_of(&product, quantity)).await.is(202);
        let path = format!("{}/confirm", payment_path(&order));
        self.post(&path, &self.buyer, &returned(&order)).await.is(201)
    }

    /// A call with an idempotency key.
    pub async fn keyed(&self, path: &str, token: &str, key: &str, body: &Value) -> Answer {
        let headers = [("idempotency-key", key)];
        self.call(Method::POST, path, token, &headers, body.to_string()).await
    }

    pub async fn post(&self, path: &str, token: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, token, &[], body.to_string()).await
    }

    pub async fn get(&self, path: &str, token: &str) -> Answer {
        self.call(Method::GET, path, token, &[], String::new()).await
    }

    pub async fn call(
        &self,
        method: Method,
        path: &str,
        token: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).expect("a request");
        let response = self.router.clone().oneshot(request).await.expect("an answer");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
        assert!(!text.contains("1451"), "a card number: {text}");
        Answer { status: parts.status, headers: parts.headers, text }
    }

    /// Lets tasks run until `enough`; the shop's time stands still.
    pub async fn until(&self, enough: impl Fn(&Self) -> bool) {
        let watching = async {
            while !enough(self) {
                pause(1).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), watching).await.expect("it never was so");
    }

    /// Moves the shop's time, second by second, for as long as it is polled.
    pub async fn time_goes_on(&self) {
        loop {
            pause(5).await;
            self.move_on(Duration::from_secs(1));
        }
    }

    /// Works on what is owed longest.
    pub async fn work(&self) {
        let seats = Arc::new(tokio::sync::Semaphore::new(1));
        for working in self.engine.obligations_turn(&seats).await.expect("leased") {
            working.await.expect("worked");
        }
    }

    pub fn move_on(&self, by: Duration) {
        self.clock.advance(by);
    }
}

/// Real milliseconds, for what happens in real time: sockets and disks.
pub async fn pause(millis: u64) {
    let never = std::future::pending::<()>();
    let _over = tokio::time::timeout(Duration::from_millis(millis), never).await;
}

fn token(signed_in: &Value) -> String {
    signed_in["access_token"].as_str().expect("a token").to_owned()
}

/// An order of one product with a card.
pub fn order_of(product: &str, quantity: u32) -> Value {
    json!({
        "items": [{"product_id": product, "quantity": quantity}],
        "payment": payment(),
    })
}

pub fn payment() -> Value {
    json!({"method": "card", "card": {"company": "SAMSUNG", "number": CARD}})
}

/// An order of one product, to be paid on the gateway's page.
pub fn page_order_of(product: &str, quantity: u32) -> Value {
    json!({
        "items": [{"product_id": product, "quantity": quantity}],
        "payment": {"method": HOSTED},
    })
}

/// What the gateway's page hands over for this order, once its buyer agreed.
pub fn returned(order: &Value) -> Value {
    let attempt = &order["payment"]["last_attempt"];
    json!({"token": "t-1", "order": attempt["gateway_order_id"], "amount": order["total"]})
}

/// The same, as the query of the address that the browser comes back to.
pub fn query(returned: &Value) -> String {
    let fields = returned.as_object().expect("an object").iter();
    let pairs = fields.map(|(name, value)| match value {
        Value::String(text) => format!("{name}={text}"),
        other => format!("{name}={other}"),
    });
    pairs.collect::<Vec<_>>().join("&")
}

pub fn id_of(order: &Value) -> &str {
    order["id"].as_str().expect("an id")
}

pub fn payment_id(order: &Value) -> &str {
    order["payment"]["id"].as_str().expect("an id")
}

pub fn payment_path(order: &Value) -> String {
    format!("/v1/payments/{}", payment_id(order))
}
