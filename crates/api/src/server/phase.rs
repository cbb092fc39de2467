//! What a connection owes us. hyper's one timeout counts rest and head alike; a rest may be long
//! and a head may not, so the bytes that arrive are watched from outside.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::watch,
};

/// Where a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Between two requests.
    Resting,
    /// It began, or began a request: the head is owed.
    Head,
    /// A request is being answered.
    Working,
}

/// Tells a connection's phase; cheap to clone.
pub(super) type Teller = watch::Sender<Phase>;

/// Moves to `to`, if this is news.
pub(super) fn tell(teller: &Teller, to: Phase) {
    teller.send_if_modified(|phase| std::mem::replace(phase, to) != to);
}

/// Returns once a head has been owed for longer than this.
pub(super) async fn head_is_late(mut phase: watch::Receiver<Phase>, within: Duration) {
    loop {
        if phase.wait_for(|phase| *phase == Phase::Head).await.is_err() {
            return std::future::pending().await;
        }
        let paid = phase.wait_for(|phase| *phase != Phase::Head);
        if tokio::time::timeout(within, paid).await.is_err() {
            return;
        }
    }
}

/// A stream that tells when the first bytes of a request arrive.
#[derive(Debug)]
pub(super) struct Watched<S> {
    pub(super) stream: S,
    pub(super) teller: Teller,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        if buffer.filled().len() > before && *self.teller.borrow() == Phase::Resting {
            tell(&self.teller, Phase::Head);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
