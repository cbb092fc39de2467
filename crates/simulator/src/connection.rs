//! Requests that end without an answer, and the accept loop that can do that.
//!
//! A router cannot close the connection it was called through, so it answers with a response
//! that carries [`ConnectionDropped`] among its extensions. [`serve`] turns that into a
//! connection closed without a byte; a caller in process asks [`is_dropped`] and must treat the
//! response as never received.

use std::convert::Infallible;
use std::future::Future;
use std::io;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode};
use axum::response::IntoResponse;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::clock::sleep_ms;

/// Pause after a failed accept, so that a full descriptor table does not make us spin.
const ACCEPT_PAUSE_MS: u64 = 10;

/// Marks a response that the client must never see: its connection was reset instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionDropped;

/// Whether this response stands for a connection that ended without one.
pub fn is_dropped<B>(response: &Response<B>) -> bool {
    response.extensions().get::<ConnectionDropped>().is_some()
}

/// The response that stands for a dropped connection.
pub(crate) fn dropped() -> Response<Body> {
    let mut response = StatusCode::BAD_GATEWAY.into_response();
    response.extensions_mut().insert(ConnectionDropped);
    response
}

/// Serves `router` until `shutdown` ends, then lets running requests finish.
///
/// HTTP/1.1 without TLS. A response marked [`ConnectionDropped`] closes its connection with no
/// answer, which a client sees as "connection closed before message completed".
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send,
) -> io::Result<()> {
    let ending = CancellationToken::new();
    let connections = TaskTracker::new();
    tokio::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        // A failed accept concerns one connection, or a full descriptor table, and passes.
        let Ok((stream, _)) = accepted else {
            sleep_ms(ACCEPT_PAUSE_MS).await;
            continue;
        };
        connections.spawn(serve_one(stream, router.clone(), ending.clone()));
    }
    ending.cancel();
    connections.close();
    connections.wait().await;
    Ok(())
}

async fn serve_one(stream: TcpStream, router: Router, ending: CancellationToken) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = router.clone().oneshot(request.map(Body::new));
        async move { close_if_dropped(answer.await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    // How a connection ended is its client's concern; the books say what happened to the money.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = ending.cancelled() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

/// An error from the service makes hyper close the connection without writing anything.
fn close_if_dropped(answer: Result<Response<Body>, Infallible>) -> io::Result<Response<Body>> {
    match answer {
        Ok(response) if is_dropped(&response) => Err(io::ErrorKind::ConnectionReset.into()),
        Ok(response) => Ok(response),
        Err(never) => match never {},
    }
}
