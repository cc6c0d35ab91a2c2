//! What the systems do differently about local sockets.

use std::io::Result;
use std::os::fd::OwnedFd;

use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, socketpair};

/// Two connected sockets that no other child inherits, and that give an error instead of a signal when the peer is gone.
#[cfg(target_os = "linux")]
pub(super) fn pair() -> Result<(OwnedFd, OwnedFd)> {
    Ok(socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None)?)
}

/// Two connected sockets that no other child inherits, and that give an error instead of a signal when the peer is gone.
#[cfg(not(target_os = "linux"))]
pub(super) fn pair() -> Result<(OwnedFd, OwnedFd)> {
    let (left, right) = socketpair(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::empty(), None)?;
    for socket in [&left, &right] {
        close_on_exec(socket)?;
        #[cfg(target_vendor = "apple")]
        rustix::net::sockopt::set_socket_nosigpipe(socket, true)?;
    }
    Ok((left, right))
}

/// Keeps a descriptor that was received from children.
#[cfg(target_os = "linux")]
pub(super) fn close_on_exec(_received: &OwnedFd) -> Result<()> {
    // It was received with that flag.
    Ok(())
}

/// Keeps a descriptor that was received from children.
#[cfg(not(target_os = "linux"))]
pub(super) fn close_on_exec(received: &OwnedFd) -> Result<()> {
    Ok(rustix::io::fcntl_setfd(received, rustix::io::FdFlags::CLOEXEC)?)
}

pub(super) fn send_flags() -> SendFlags {
    #[cfg(target_os = "linux")]
    return SendFlags::NOSIGNAL;
    #[cfg(not(target_os = "linux"))]
    SendFlags::empty()
}

pub(super) fn recv_flags() -> RecvFlags {
    #[cfg(target_os = "linux")]
    return RecvFlags::CMSG_CLOEXEC;
    #[cfg(not(target_os = "linux"))]
    RecvFlags::empty()
}
