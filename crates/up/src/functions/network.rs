//! The sockets inside one environment's network: its DNS responder and the listeners behind the names.

use super::names::Names;
use super::{Caller, Outside, dns};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::sync::Arc;
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;

/// Ports that are listened on behind every name.
pub(super) const PORTS: [u16; 3] = [443, 3306, 80];

/// What is bound inside, in this order: the Runtime API, the ports, DNS.
pub(super) fn listeners() -> Vec<sandbox::Listener> {
    let tcp = |address, port| sandbox::Listener::Tcp(SocketAddrV4::new(address, port));
    let mut all = vec![tcp(Ipv4Addr::LOCALHOST, 9001)];
    all.extend(PORTS.map(|port| tcp(Ipv4Addr::UNSPECIFIED, port)));
    all.push(sandbox::Listener::Udp(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 53)));
    all
}

/// Serves names and connections of one environment until the set is dropped.
pub(super) fn serve(
    tasks: &mut JoinSet<()>,
    tcp: Vec<std::net::TcpListener>,
    udp: Vec<std::net::UdpSocket>,
    outside: &Arc<dyn Outside>,
    caller: &Caller,
) -> std::io::Result<()> {
    let names = Arc::new(Names::default());
    for socket in udp {
        let socket = UdpSocket::from_std(socket)?;
        tasks.spawn(resolve(socket, Arc::clone(&names), Arc::clone(outside), caller.clone()));
    }
    for (listener, port) in tcp.into_iter().zip(PORTS) {
        let listener = TcpListener::from_std(listener)?;
        tasks.spawn(accept(listener, port, Arc::clone(&names), Arc::clone(outside), caller.clone()));
    }
    Ok(())
}

async fn resolve(socket: UdpSocket, names: Arc<Names>, outside: Arc<dyn Outside>, caller: Caller) {
    let mut query = [0u8; 1500];
    loop {
        let Ok((length, from)) = socket.recv_from(&mut query).await else { continue };
        let known = |name: &str| if outside.resolve(&caller.function, name) { names.address(name) } else { None };
        if let Some(answer) = dns::answer(query.get(..length).unwrap_or_default(), known) {
            // A lost answer is asked for again, as on any network.
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

async fn accept(listener: TcpListener, port: u16, names: Arc<Names>, outside: Arc<dyn Outside>, caller: Caller) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors: let others finish.
            tokio::task::yield_now().await;
            continue;
        };
        let Ok(SocketAddr::V4(local)) = stream.local_addr() else { continue };
        // An address that no name has: nobody is there, so the connection is closed again.
        if let (IpAddr::V4(address), Ok(())) = (IpAddr::from(*local.ip()), stream.set_nodelay(true))
            && let Some(host) = names.name(address)
        {
            outside.arrived(caller.clone(), host, port, stream);
        }
    }
}
