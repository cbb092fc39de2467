//! Connections on a real socket: half requests, slow ones, large ones, and the end.

use std::time::Duration;

use axum::{Router, routing::get};
use payonce_api::{ServerSettings, bind, serve};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::world::{World, pause};

struct Served {
    address: std::net::SocketAddr,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

async fn served(router: Router, settings: ServerSettings) -> Served {
    let listener = bind("127.0.0.1:0".parse().expect("an address")).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let shutdown = CancellationToken::new();
    let task = tokio::spawn(serve(listener, router, settings, shutdown.clone()));
    Served { address, shutdown, task }
}

fn quick() -> ServerSettings {
    ServerSettings { head_within: Duration::from_millis(100), ..ServerSettings::default() }
}

impl Served {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }
}

/// Everything until the other side hangs up; at most five seconds.
async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let reading = stream.read_to_end(&mut bytes);
    let _reset = tokio::time::timeout(Duration::from_secs(5), reading).await.expect("an end");
    String::from_utf8_lossy(&bytes).into_owned()
}

async fn send(stream: &mut TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).await.expect("sent");
}

/// One answer without a body of its own beyond what arrives with its head.
async fn one(stream: &mut TcpStream) -> String {
    let mut bytes = vec![0; 4_096];
    let count = stream.read(&mut bytes).await.expect("an answer");
    String::from_utf8_lossy(&bytes[..count]).into_owned()
}

fn answering() -> Router {
    Router::new().route("/", get(|| async { "here" }))
}

#[tokio::test]
async fn a_head_that_does_not_come_is_cut_and_others_are_served() {
    let served = served(answering(), quick()).await;
    let mut silent = served.connect().await;
    let mut halves = Vec::new();
    for _ in 0..200 {
        let mut half = served.connect().await;
        send(&mut half, "GET / HTTP/1.1\r\nhost: x\r\nx-slow: ").await;
        halves.push(half);
    }
    let mut good = served.connect().await;
    send(&mut good, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(one(&mut good).await.contains("200 OK"));
    for half in &mut halves {
        rest(half).await;
    }
    rest(&mut silent).await;
}

#[tokio::test]
async fn a_connection_may_rest_between_requests_but_not_within_the_next_head() {
    let served = served(answering(), quick()).await;
    let mut kept = served.connect().await;
    for _ in 0..3 {
        send(&mut kept, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
        assert!(one(&mut kept).await.contains("200 OK"));
        // Longer than a head may take. Real time, as the socket's is.
        pause(200).await;
    }
    send(&mut kept, "GET / HT").await;
    rest(&mut kept).await;
}

#[tokio::test]
async fn beyond_its_places_the_server_says_so_and_hangs_up() {
    let settings = ServerSettings { connections_per_address: 2, ..quick() };
    let served = served(answering(), settings).await;
    let (_one, _two) = (served.connect().await, served.connect().await);
    let mut third = served.connect().await;
    let answer = rest(&mut third).await;
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("retry-after: 1"), "{answer}");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
    assert!(head.contains(&format!("content-length: {}", body.len())), "{} in {head}", body.len());
    let problem: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(problem["code"], "OVERLOADED");
}

#[tokio::test]
async fn a_megabyte_is_answered_before_it_has_arrived() {
    let world = World::new().await;
    let served = served(world.router.clone(), ServerSettings::default()).await;
    let mut client = served.connect().await;
    let head = format!(
        "POST /v1/orders HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-length: 1048576\r\n\r\n",
        world.buyer
    );
    send(&mut client, &head).await;
    let answer = one(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");

    let mut client = served.connect().await;
    send(&mut client, &head).await;
    client.write_all(&vec![b'x'; 1024 * 1024]).await.expect("listened to");
    let answer = rest(&mut client).await;
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("BODY_TOO_LARGE"), "{answer}");
}

#[tokio::test]
async fn a_body_that_dribbles_in_is_given_up() {
    let world = World::new().await;
    let served = served(world.router.clone(), ServerSettings::default()).await;
    let mut client = served.connect().await;
    let head = "POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{";
    send(&mut client, head).await;
    let answer = tokio::select! {
        answer = one(&mut client) => answer,
        () = world.time_goes_on() => unreachable!("time has no end"),
    };
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("BODY_TOO_SLOW"), "{answer}");
}

#[tokio::test]
async fn a_shutdown_lets_running_requests_finish_and_takes_no_new_ones() {
    let (release, released) = oneshot::channel::<()>();
    let released = std::sync::Arc::new(tokio::sync::Mutex::new(Some(released)));
    let router = Router::new().route(
        "/",
        get(move || async move {
            if let Some(released) = released.lock().await.take() {
                released.await.expect("released");
            }
            "done"
        }),
    );
    let served = served(router, ServerSettings::default()).await;
    let mut resting = served.connect().await;
    let mut running = served.connect().await;
    send(&mut running, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    // It has arrived once another request on a younger connection could be taken too.
    pause(100).await;
    served.shutdown.cancel();
    rest(&mut resting).await;
    assert!(TcpStream::connect(served.address).await.is_err(), "no new ones");
    release.send(()).expect("running");
    let answer = rest(&mut running).await;
    assert!(answer.contains("200 OK") && answer.ends_with("done"), "{answer}");
    tokio::time::timeout(Duration::from_secs(5), served.task).await.expect("ended").expect("well");
}

#[tokio::test]
async fn what_does_not_finish_within_the_grace_is_cut() {
    let router = Router::new().route("/", get(std::future::pending::<&'static str>));
    let settings = ServerSettings { grace: Duration::from_millis(100), ..quick() };
    let served = served(router, settings).await;
    let mut stuck = served.connect().await;
    send(&mut stuck, "GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    pause(100).await;
    served.shutdown.cancel();
    tokio::time::timeout(Duration::from_secs(5), served.task).await.expect("ended").expect("well");
    assert_eq!(rest(&mut stuck).await, "");
}
