//! The life of one connection.

use std::{convert::Infallible, pin::Pin, time::Duration};

use axum::{Router, body::Body, extract::Request, response::Response};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::watch,
};
use tokio_util::sync::CancellationToken;

use super::{
    ServerSettings,
    phase::{Phase, Teller, Watched, head_is_late, tell},
};

/// How long, and for how many bytes, a client that still sends is listened to after the answer. A
/// stream closed under its hands would take the answer with it.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 4 * 1024 * 1024;
/// Largest head.
const HEAD_AT_MOST: usize = 16 * 1024;

/// What a connection needs.
pub(super) struct Connection {
    pub(super) router: Router,
    pub(super) settings: ServerSettings,
    pub(super) shutdown: CancellationToken,
    pub(super) cut: CancellationToken,
}

impl Connection {
    /// Serves it until it ends.
    pub(super) async fn serve(self, stream: TcpStream) {
        let _slower = stream.set_nodelay(true);
        let (teller, phase) = watch::channel(Phase::Head);
        let io = TokioIo::new(Watched { stream, teller: teller.clone() });
        let router = self.router;
        let service = service_fn(move |request| answer(router.clone(), teller.clone(), request));
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.settings.idle_at_most.max(self.settings.head_within))
            .max_buf_size(HEAD_AT_MOST)
            .serve_connection(io, service);
        let late = head_is_late(phase, self.settings.head_within);
        tokio::pin!(late);
        let mut is_ending = false;
        let ended = loop {
            let serving = std::future::poll_fn(|context| connection.poll_without_shutdown(context));
            tokio::select! {
                ended = serving => break ended,
                () = &mut late => return,
                () = self.cut.cancelled() => return,
                () = self.shutdown.cancelled(), if !is_ending => {
                    is_ending = true;
                    Pin::new(&mut connection).graceful_shutdown();
                }
            }
        };
        if ended.is_ok() {
            let stream = connection.into_parts().io.into_inner().stream;
            let _slow = tokio::time::timeout(LINGER, linger(stream)).await;
        }
    }
}

type Service = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

/// One request. Boxed, because hyper polls it in place.
fn answer(router: Router, teller: Teller, request: Request<Incoming>) -> Service {
    tell(&teller, Phase::Working);
    Box::pin(async move {
        let answered = Resting(teller);
        let response = tower_service::Service::call(&mut { router }, request.map(Body::new)).await;
        drop(answered);
        response
    })
}

/// However the answer ends, the connection rests after it.
struct Resting(Teller);

impl Drop for Resting {
    fn drop(&mut self) {
        tell(&self.0, Phase::Resting);
    }
}

/// Says that nothing more comes, and reads away what the client still sends.
async fn linger(mut stream: TcpStream) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut waste = vec![0; 16 * 1024];
    let mut read = 0;
    while read < LINGER_BYTES {
        match stream.read(&mut waste).await {
            Ok(0) | Err(_) => return,
            Ok(count) => read += count,
        }
    }
}
