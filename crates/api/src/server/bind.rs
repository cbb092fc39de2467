//! Taking a port, or saying why not and what to do.

use std::{io, net::SocketAddr};

use thiserror::Error;
use tokio::net::{TcpListener, TcpSocket};

/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1_024;

/// Why a port cannot be served.
#[derive(Debug, Error)]
pub enum BindError {
    /// Somebody else has it.
    #[error("port {} is taken: stop the other program or choose another", .0.port())]
    Taken(SocketAddr),
    /// We may not have it.
    #[error("port {} needs rights that we do not have: choose one above 1023", .0.port())]
    NotAllowed(SocketAddr),
    /// Anything else.
    #[error("cannot listen at {address}: {source}")]
    Other {
        /// Where.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
}

/// Listens at this address. Needs a runtime, and says so by being awaited.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, BindError> {
    listen(address).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => BindError::Taken(address),
        io::ErrorKind::PermissionDenied => BindError::NotAllowed(address),
        _ => BindError::Other { address, source },
    })
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A port that we left a moment ago is ours again at once; one that somebody listens at is not.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_named_with_what_to_do() {
        let first = bind("127.0.0.1:0".parse().expect("an address")).await.expect("a port");
        let address = first.local_addr().expect("an address");
        let error = bind(address).await.expect_err("taken").to_string();
        assert!(
            error.contains(&address.port().to_string()) && error.contains("choose another"),
            "{error}"
        );
    }
}
