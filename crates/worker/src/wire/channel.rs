use std::io::{Error, ErrorKind, IoSlice, IoSliceMut, Result};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::io::{Errno, retry_on_intr};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, Shutdown,
};

use super::socket;
use super::{Frame, Kind};

/// Descriptors that one frame can carry.
pub(crate) const DESCRIPTORS_MAX: usize = 4;

/// One end of a socket that carries frames. Frames of several threads do not mix.
#[derive(Debug)]
pub(crate) struct Channel {
    socket: OwnedFd,
    sending: Mutex<()>,
}

impl Channel {
    /// Both ends of a new one.
    pub(crate) fn pair() -> Result<(Self, Self)> {
        let (left, right) = socket::pair()?;
        Ok((Self::new(left), Self::new(right)))
    }

    pub(crate) fn new(socket: OwnedFd) -> Self {
        Self { socket, sending: Mutex::default() }
    }

    pub(crate) fn into_socket(self) -> OwnedFd {
        self.socket
    }

    /// Sends a frame without a payload: one system call.
    pub(crate) fn send(&self, frame: &Frame) -> Result<()> {
        let _sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner);
        self.write(bytemuck::bytes_of(frame))
    }

    /// Sends a frame with these parts as its payload.
    pub(crate) fn send_payload(&self, frame: Frame, parts: &[&[u8]]) -> Result<()> {
        let frame = frame.with_payload(parts.iter().map(|part| part.len()).sum());
        let _sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner);
        self.write(bytemuck::bytes_of(&frame))?;
        parts.iter().try_for_each(|part| self.write(part))
    }

    /// Sends a frame with a payload, which must not be empty, and copies of descriptors.
    pub(crate) fn send_descriptors(
        &self,
        frame: Frame,
        payload: &[u8],
        given: &[BorrowedFd<'_>],
    ) -> Result<()> {
        let frame = frame.with_payload(payload.len());
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        if payload.is_empty() || !control.push(SendAncillaryMessage::ScmRights(given)) {
            return Err(Error::new(ErrorKind::InvalidInput, "descriptors do not fit a frame"));
        }
        let _sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner);
        // The frame goes ahead by itself: it is received by a plain call, which would drop the descriptors.
        self.write(bytemuck::bytes_of(&frame))?;
        let parts = [IoSlice::new(payload)];
        let sent =
            retry_on_intr(|| rustix::net::sendmsg(&self.socket, &parts, &mut control, socket::send_flags()))?;
        self.write(&payload[sent..])
    }

    /// The next frame; `None` where the peer has closed its end.
    pub(crate) fn recv(&self) -> Result<Option<Frame>> {
        let mut frame = Frame::new(Kind::Done, 0);
        let bytes = bytemuck::bytes_of_mut(&mut frame);
        let mut filled = 0;
        while filled < bytes.len() {
            match self.read(&mut bytes[filled..]) {
                Ok(0) if filled == 0 => return Ok(None),
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => filled += read,
                // What a process that dies has not read resets the socket.
                Err(error) if filled == 0 && is_closed(&error) => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(Some(frame))
    }

    /// Fills `bytes` with what follows.
    pub(crate) fn recv_exact(&self, mut bytes: &mut [u8]) -> Result<()> {
        while !bytes.is_empty() {
            match self.read(bytes)? {
                0 => return Err(ErrorKind::UnexpectedEof.into()),
                read => bytes = &mut bytes[read..],
            }
        }
        Ok(())
    }

    /// The payload of a frame, up to `bytes_max`.
    pub(crate) fn recv_payload(&self, frame: &Frame, bytes_max: u64) -> Result<Vec<u8>> {
        let mut bytes = vec![0; checked(frame, bytes_max)?];
        self.recv_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// The payload of a frame, up to `bytes_max`, with the descriptors that came along.
    pub(crate) fn recv_descriptors(&self, frame: &Frame, bytes_max: u64) -> Result<(Vec<u8>, Vec<OwnedFd>)> {
        let mut bytes = vec![0; checked(frame, bytes_max)?];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS_MAX))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let received = retry_on_intr(|| {
            let mut parts = [IoSliceMut::new(&mut bytes)];
            rustix::net::recvmsg(&self.socket, &mut parts, &mut control, socket::recv_flags())
        })?;
        let mut descriptors = Vec::new();
        for message in control.drain() {
            if let RecvAncillaryMessage::ScmRights(rights) = message {
                descriptors.extend(rights);
            }
        }
        for descriptor in &descriptors {
            socket::close_on_exec(descriptor)?;
        }
        self.recv_exact(&mut bytes[received.bytes..])?;
        Ok((bytes, descriptors))
    }

    /// How long receiving and sending may wait; `None` for ever.
    pub(crate) fn set_timeout(&self, timeout: Option<Duration>) -> Result<()> {
        set_socket_timeout(&self.socket, Timeout::Recv, timeout)?;
        set_socket_timeout(&self.socket, Timeout::Send, timeout)?;
        Ok(())
    }

    /// No more will be sent: the peer finishes what it has and then sees the end.
    pub(crate) fn close_sending(&self) {
        // It fails only where the peer has gone already.
        let _ = rustix::net::shutdown(&self.socket, Shutdown::Write);
    }

    /// Nothing will be sent or received any more, by any thread.
    pub(crate) fn close(&self) {
        let _ = rustix::net::shutdown(&self.socket, Shutdown::Both);
    }

    fn read(&self, bytes: &mut [u8]) -> Result<usize> {
        let received = retry_on_intr(|| rustix::net::recv(&self.socket, &mut *bytes, RecvFlags::empty()));
        received.map(|(read, _)| read).map_err(Error::from)
    }

    fn write(&self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            match rustix::net::send(&self.socket, bytes, socket::send_flags()) {
                Ok(sent) => bytes = &bytes[sent..],
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Whether an error only says that the peer has closed its end, perhaps in the middle of a frame: it is about to end then,
/// and that says more.
pub(crate) fn is_closed(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset)
}

/// The length of a payload, where it is allowed.
pub(crate) fn checked(frame: &Frame, bytes_max: u64) -> Result<usize> {
    if frame.payload_bytes > bytes_max {
        let message = format!("expected at most {bytes_max} bytes, got {}", frame.payload_bytes);
        return Err(Error::new(ErrorKind::InvalidData, message));
    }
    usize::try_from(frame.payload_bytes).map_err(|error| Error::new(ErrorKind::InvalidData, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_payloads_and_descriptors_arrive() {
        let (left, right) = Channel::pair().unwrap();
        left.send(&Frame::new(Kind::Batch, 7).with_rows(3)).unwrap();
        left.send_payload(Frame::new(Kind::Single, 8), &[b"ab", b"", b"c"]).unwrap();
        let (near, far) = Channel::pair().unwrap();
        left.send_descriptors(Frame::new(Kind::Slot, 9), b"slot", &[far.as_fd()]).unwrap();
        drop((left, far));
        let frame = right.recv().unwrap().unwrap();
        assert_eq!((frame.kind(), frame.seq, frame.rows), (Some(Kind::Batch), 7, 3));
        let frame = right.recv().unwrap().unwrap();
        assert!(right.recv_payload(&frame, 2).is_err(), "3 bytes where 2 are allowed");
        assert_eq!(right.recv_payload(&frame, 3).unwrap(), b"abc");
        let frame = right.recv().unwrap().unwrap();
        let (payload, mut descriptors) = right.recv_descriptors(&frame, 99).unwrap();
        assert_eq!((&*payload, descriptors.len()), (&b"slot"[..], 1));
        Channel::new(descriptors.remove(0)).send(&Frame::new(Kind::Done, 1)).unwrap();
        assert_eq!(near.recv().unwrap().unwrap().kind(), Some(Kind::Done));
        assert_eq!(right.recv().unwrap(), None);
    }
}
