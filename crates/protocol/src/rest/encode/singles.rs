use super::shortest::{self, ROOM};
use super::text::{Text, word};

/// Singles that are written before it is looked whether there is room for more.
const AT_ONCE: usize = 64;

/// The most bytes that one takes with its comma, whoever writes it.
const BYTES_MAX: usize = 24;

/// Writes singles with commas between them, given as bytes.
pub(super) fn singles(out: &mut impl Text, bytes: &[u8]) {
    for (index, chunk) in bytes.chunks(AT_ONCE * size_of::<f32>()).enumerate() {
        if index > 0 {
            out.put(b",");
        }
        let start = out.written();
        let room = out.sized(start + AT_ONCE * BYTES_MAX + ROOM);
        let end = write_chunk(room, start, chunk);
        out.sized(end);
    }
}

/// Writes up to [`AT_ONCE`] singles from `at` on, and gives where they end.
fn write_chunk(out: &mut [u8], mut at: usize, chunk: &[u8]) -> usize {
    for bytes in chunk.as_chunks::<4>().0 {
        let value = f32::from_le_bytes(*bytes);
        let room = out.get_mut(at..).and_then(<[u8]>::first_chunk_mut);
        at += match room.and_then(|room| shortest::write(room, value)) {
            Some(len) => len,
            None => write_any(&mut out[at..], value),
        };
        out[at] = b',';
        at += 1;
    }
    // Nothing comes behind the last comma.
    at - usize::from(!chunk.is_empty())
}

/// Writes a single of any size, zero and the words included.
fn write_any(out: &mut [u8], value: f32) -> usize {
    let mut buffer = zmij::Buffer::new();
    let text = if value.is_finite() { buffer.format_finite(value) } else { word(value.into()) };
    out[..text.len()].copy_from_slice(text.as_bytes());
    text.len()
}
