use bytemuck::{Pod, Zeroable};

/// The first bytes of every frame, so that a peer that speaks something else is noticed at once.
const MAGIC: u32 = 0x5048_5831;

/// What a frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Child, control: here I am, in this version. The payload is a `Greeting`.
    Greeting = 1,
    /// Parent, control: prepare this. The payload is a `Start`; descriptors come with it.
    Start = 2,
    /// Child, control: prepared. The payload is a `Ready`.
    Ready = 3,
    /// Child, control: not prepared. The payload is an error.
    Refused = 4,
    /// Parent, control: the layout of these tails, please.
    Layout = 5,
    /// Child, control: the answer to a call, under its number.
    Reply = 6,
    /// Parent, control: these slots are gone.
    Forget = 7,
    /// Parent, bell: a slot's memory, before its first batch. Descriptors come with it.
    Slot = 8,
    /// Parent, bell: run these rows of that slot.
    Batch = 9,
    /// Parent, bell: run the tensors of the payload.
    Single = 10,
    /// Child, bell: the outputs are in the slot; those of a size only known now are the payload.
    Done = 11,
    /// Child, bell: the outputs of a single run.
    SingleDone = 12,
    /// Child, bell: the run failed, the lane is good.
    Failed = 13,
    /// Child, bell: the lane is lost.
    Lost = 14,
}

impl Kind {
    const ALL: [Self; 14] = [
        Self::Greeting,
        Self::Start,
        Self::Ready,
        Self::Refused,
        Self::Layout,
        Self::Reply,
        Self::Forget,
        Self::Slot,
        Self::Batch,
        Self::Single,
        Self::Done,
        Self::SingleDone,
        Self::Failed,
        Self::Lost,
    ];
}

/// What travels over both sockets. A payload of `payload_bytes` follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub(crate) struct Frame {
    magic: u32,
    kind: u32,
    /// The number of a submission, or of a call.
    pub(crate) seq: u64,
    /// The tag of a slot.
    pub(crate) tag: u64,
    /// Rows of a batch.
    pub(crate) rows: u64,
    /// How long a submission that is answered was executed, in nanoseconds.
    pub(crate) busy_ns: u64,
    /// Bytes behind it.
    pub(crate) payload_bytes: u64,
}

impl Frame {
    pub(crate) fn new(kind: Kind, seq: u64) -> Self {
        Self { magic: MAGIC, kind: kind as u32, seq, ..Self::zeroed() }
    }

    /// The same under this number.
    pub(crate) fn with_seq(self, seq: u64) -> Self {
        Self { seq, ..self }
    }

    /// The same about the slot of this tag.
    pub(crate) fn with_tag(self, tag: u64) -> Self {
        Self { tag, ..self }
    }

    /// The same about so many rows.
    pub(crate) fn with_rows(self, rows: usize) -> Self {
        Self { rows: rows as u64, ..self }
    }

    /// The same about a submission that was executed for so long.
    pub(crate) fn with_busy_ns(self, busy_ns: u64) -> Self {
        Self { busy_ns, ..self }
    }

    /// The same with so many bytes behind it.
    pub(super) fn with_payload(self, payload_bytes: usize) -> Self {
        Self { payload_bytes: payload_bytes as u64, ..self }
    }

    /// What it says; `None` where it is no frame of this protocol.
    pub(crate) fn kind(&self) -> Option<Kind> {
        let known = |kind: &Kind| *kind as u32 == self.kind;
        Kind::ALL.into_iter().find(known).filter(|_| self.magic == MAGIC)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_apart_and_garbage_is_none() {
        for kind in Kind::ALL {
            assert_eq!(Frame::new(kind, 1).kind(), Some(kind));
        }
        assert_eq!(Frame { kind: 99, ..Frame::new(Kind::Done, 1) }.kind(), None);
        assert_eq!(Frame { magic: 7, ..Frame::new(Kind::Done, 1) }.kind(), None);
    }
}
