//! Accepting connections, and trusting none: each has a place, a time for its head, an end.
//!
//! `axum::serve` has no working timeout for headers, so a few hundred half-sent requests stop it.
//! This loop reads hyper's HTTP/1 with a timer; `connection.rs` is the life of one connection,
//! `phase.rs` knows whether it owes us a head, `places.rs` who may have how many.

mod bind;
mod connection;
mod phase;
mod places;

use std::{io, sync::Arc, time::Duration};

use axum::Router;
use hyper::rt::Timer as _;
use hyper_util::rt::TokioTimer;
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use bind::{BindError, bind};
use connection::Connection;
use places::Places;

/// The server's numbers.
#[derive(Debug, Clone)]
pub struct ServerSettings {
    /// Longest time from the first byte of a request (or the start of the connection) to the end
    /// of its head.
    pub head_within: Duration,
    /// Longest rest between two requests of one connection.
    pub idle_at_most: Duration,
    /// Most connections.
    pub connections_at_most: usize,
    /// Most connections of one address. As generous as the whole by default, because behind a
    /// proxy everybody has the proxy's address.
    pub connections_per_address: usize,
    /// How long running requests may take to finish after the shutdown.
    pub grace: Duration,
}

impl Default for ServerSettings {
    fn default() -> Self {
        Self {
            head_within: Duration::from_secs(3),
            idle_at_most: Duration::from_mins(1),
            connections_at_most: 1_024,
            connections_per_address: 1_024,
            grace: Duration::from_secs(10),
        }
    }
}

/// Serves until `shutdown`, then lets running requests finish within the grace, and ends.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: ServerSettings,
    shutdown: CancellationToken,
) {
    let places = Arc::new(Places::new(&settings));
    let connections = TaskTracker::new();
    let cut = CancellationToken::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = shutdown.cancelled() => break,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                rest_after(&error).await;
                continue;
            }
        };
        let Some(place) = places.take(address.ip()) else {
            tracing::warn!(client.address = %address.ip(), "no place for another connection");
            connections.spawn(turn_away(stream));
            continue;
        };
        let connection = Connection {
            router: router.clone(),
            settings: settings.clone(),
            shutdown: shutdown.clone(),
            cut: cut.clone(),
        };
        connections.spawn(async move {
            connection.serve(stream).await;
            drop(place);
        });
    }
    drop(listener);
    connections.close();
    let finished = tokio::time::timeout(settings.grace, connections.wait()).await;
    if finished.is_err() {
        tracing::warn!(connections = connections.len(), "cut after the grace");
        cut.cancel();
        connections.wait().await;
    }
}

/// An error of one connection is over at once; one of ours, such as no more file descriptors,
/// would come again immediately.
async fn rest_after(error: &io::Error) {
    let of_one = matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    );
    if !of_one {
        tracing::error!(%error, "cannot accept connections");
        TokioTimer::new().sleep(Duration::from_millis(100)).await;
    }
}

/// Says that there is no place, to whoever still listens, and hangs up.
async fn turn_away(mut stream: TcpStream) {
    const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\
        content-type: application/problem+json\r\nretry-after: 1\r\ncontent-length: 92\r\n\r\n\
        {\"title\":\"Overloaded\",\"status\":503,\"code\":\"OVERLOADED\",\"retryable\":true,\"request_id\":\"none\"}";
    let answering = async {
        let _gone = stream.write_all(ANSWER).await;
        let _gone = stream.shutdown().await;
    };
    let _slow = tokio::time::timeout(Duration::from_secs(1), answering).await;
}
