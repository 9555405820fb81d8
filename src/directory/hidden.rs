//! A socket that a crate opens and keeps to itself for as long as a login lasts, found by the port that
//! we told the crate to connect from, so that a server that drips can be cut off.

use std::fs;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixDatagram;

use nix::cmsg_space;
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, ControlMessage, ControlMessageOwned, MsgFlags, Shutdown, SockFlag, SockType,
    SockaddrLike, SockaddrStorage, bind, getpeername, getsockname, recvmsg, sendmsg, shutdown,
    socket,
};
use nix::unistd::close;

/// A TCP connection to be: from a port that nobody else has, to a server's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hidden {
    from: SocketAddr,
    to: u16,
}

impl Hidden {
    /// Chooses a free port to connect from.
    pub(super) fn to(server: SocketAddr) -> io::Result<Self> {
        let (family, any) = match server {
            SocketAddr::V4(_) => (AddressFamily::Inet, Ipv4Addr::UNSPECIFIED.into()),
            SocketAddr::V6(_) => (AddressFamily::Inet6, Ipv6Addr::UNSPECIFIED.into()),
        };
        // A socket that never connects leaves nothing behind at its port.
        let probe = socket(family, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
        let address = SockaddrStorage::from(SocketAddr::new(any, 0));
        bind(probe.as_raw_fd(), &address)?;
        let from = port(getsockname(probe.as_raw_fd())).unwrap_or_default();
        Ok(Self {
            from: SocketAddr::new(any, from),
            to: server.port(),
        })
    }

    /// Where the crate is to connect from.
    pub(super) fn from(&self) -> SocketAddr {
        self.from
    }

    /// Shuts the connection down if it is there. No other socket can be hit: its number may go to
    /// somebody else while we look, so what is looked at and shut down is a copy of our own.
    pub(super) fn cut_off(&self) {
        let Ok(sockets) = fs::read_dir("/proc/self/fd") else {
            return;
        };
        let numbers = sockets.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        for number in numbers.filter(|number| self.is(*number)) {
            let Ok(copy) = copy_of(number) else { continue };
            if self.is(copy) {
                // An error means that the connection is gone already.
                let _ = shutdown(copy, Shutdown::Both);
            }
            let _ = close(copy);
        }
    }

    fn is(&self, socket: RawFd) -> bool {
        port(getsockname(socket)) == Some(self.from.port())
            && port(getpeername(socket)) == Some(self.to)
    }
}

fn port(address: nix::Result<SockaddrStorage>) -> Option<u16> {
    let address = address.ok()?;
    match address.family()? {
        AddressFamily::Inet => Some(address.as_sockaddr_in()?.port()),
        AddressFamily::Inet6 => Some(address.as_sockaddr_in6()?.port()),
        _ => None,
    }
}

/// Another number for whatever this one stands for now: sent to ourselves. It is the caller's to close.
pub(super) fn copy_of(socket: RawFd) -> nix::Result<RawFd> {
    let broken = |_| Errno::EIO;
    let (sender, receiver) = UnixDatagram::pair().map_err(broken)?;
    let sockets = [socket];
    let message = [ControlMessage::ScmRights(&sockets)];
    let (sender, receiver) = (sender.as_raw_fd(), receiver.as_raw_fd());
    sendmsg::<()>(
        sender,
        &[IoSlice::new(&[0])],
        &message,
        MsgFlags::empty(),
        None,
    )?;
    let (mut byte, mut space) = ([0], cmsg_space!([RawFd; 1]));
    let mut parts = [IoSliceMut::new(&mut byte)];
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let received = recvmsg::<()>(receiver, &mut parts, Some(&mut space), flags)?;
    let copies = received.cmsgs()?.find_map(|message| match message {
        ControlMessageOwned::ScmRights(sockets) => sockets.first().copied(),
        _ => None,
    });
    copies.ok_or(Errno::EIO)
}
