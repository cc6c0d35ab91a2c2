//! What clients do that are not nice.

use std::io::{BufRead, Read, Write};

use crate::http::{Client, Reply, post};

/// Rows of the model `null` have 256 numbers each.
pub(crate) const ROW_BYTES: usize = 1024;

/// An inference of raw rows, each of whose bytes is `value`.
pub(crate) fn raw(rows: usize, value: u8) -> Vec<u8> {
    let body = vec![value; rows * ROW_BYTES];
    post("/v2/models/null/infer", "inference-header-content-length: 0\r\n", &body)
}

impl Client {
    /// Whether an answer has begun to come before the read's timeout is over.
    pub(crate) fn is_answered(&mut self) -> bool {
        self.reader.fill_buf().is_ok_and(|bytes| !bytes.is_empty())
    }

    /// Whether the other side closed the connection without another byte.
    pub(crate) fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        match self.reader.read_to_end(&mut rest) {
            Ok(_) => rest.is_empty(),
            Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
        }
    }

    /// The answer, unless the connection is closed.
    pub(crate) fn try_call(&mut self, request: &[u8]) -> Option<Reply> {
        self.reader.get_mut().write_all(request).ok()?;
        self.reply()
    }
}
