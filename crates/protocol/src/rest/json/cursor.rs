use super::Fault;
use super::fault::Expected;

/// A place in JSON text, moved on by reading.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    pub(super) text: &'a [u8],
    pub(super) at: usize,
    depth: usize,
    depth_max: usize,
}

/// What a value is, told by its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Object,
    Array,
    String,
    Number,
    Bool,
    Null,
}

impl Kind {
    /// As an error names it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Array => "an array",
            Self::String => "a string",
            Self::Number => "a number",
            Self::Bool => "a boolean",
            Self::Null => "null",
        }
    }
}

impl<'a> Cursor<'a> {
    /// At the beginning of `text`, which may nest up to `depth_max`.
    pub(crate) fn new(text: &'a [u8], depth_max: usize) -> Self {
        Self { text, at: 0, depth: 0, depth_max }
    }

    /// The byte it stands at.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Goes on from byte `at`.
    pub(crate) fn go_to(&mut self, at: usize) {
        self.at = at;
    }

    /// Bytes still ahead.
    pub(crate) fn remaining(&self) -> usize {
        self.text.len().saturating_sub(self.at)
    }

    /// The next byte that is not white space; not moved past.
    #[inline(always)]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.text.get(self.at) {
                Some(&byte) if byte > b' ' => return Some(byte),
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other.copied(),
            }
        }
    }

    /// Moves past `byte` where it comes next.
    #[inline(always)]
    pub(crate) fn take(&mut self, byte: u8) -> bool {
        let there = self.text.get(self.at) == Some(&byte) || self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    /// What comes next.
    #[inline(always)]
    pub(crate) fn kind(&mut self) -> Result<Kind, Fault> {
        match self.peek() {
            Some(b'{') => Ok(Kind::Object),
            Some(b'[') => Ok(Kind::Array),
            Some(b'"') => Ok(Kind::String),
            Some(b'-' | b'0'..=b'9' | b'N' | b'I') => Ok(Kind::Number),
            Some(b't' | b'f') => Ok(Kind::Bool),
            Some(b'n') => Ok(Kind::Null),
            _ => Err(self.fault("a value")),
        }
    }

    /// Moves into an object or array; whoever does calls [`Cursor::leave`] at its end.
    #[inline(always)]
    pub(crate) fn enter(&mut self, opening: u8, expected: &'static str) -> Result<(), Fault> {
        if !self.take(opening) {
            return Err(self.fault(expected));
        }
        self.depth += 1;
        if self.depth > self.depth_max {
            return Err(Fault { expected: Expected::Depth(self.depth_max), at: self.at - 1 });
        }
        Ok(())
    }

    /// See [`Cursor::enter`].
    #[inline(always)]
    pub(crate) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// After a member or element: whether another follows. Moves past the comma or the end.
    #[inline(always)]
    pub(crate) fn more(&mut self, closing: u8, expected: &'static str) -> Result<bool, Fault> {
        if self.take(b',') {
            Ok(true)
        } else if self.take(closing) {
            Ok(false)
        } else {
            Err(self.fault(expected))
        }
    }

    /// Reads an object, member by member; `member` reads the value.
    #[inline(always)]
    pub(crate) fn object<E: From<Fault>>(
        &mut self,
        mut member: impl FnMut(&mut Self, &str) -> Result<(), E>,
    ) -> Result<(), E> {
        self.enter(b'{', "an object")?;
        if !self.take(b'}') {
            loop {
                let name = self.string()?;
                if !self.take(b':') {
                    return Err(self.fault("`:`").into());
                }
                member(self, &name)?;
                if !self.more(b'}', "`,` or `}`")? {
                    break;
                }
            }
        }
        self.leave();
        Ok(())
    }

    /// Reads an array, element by element; `element` reads one.
    #[inline(always)]
    pub(crate) fn array<E: From<Fault>>(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<(), E> {
        self.enter(b'[', "an array")?;
        if !self.take(b']') {
            loop {
                element(self)?;
                if !self.more(b']', "`,` or `]`")? {
                    break;
                }
            }
        }
        self.leave();
        Ok(())
    }

    /// Reads `true` or `false`.
    #[inline(always)]
    pub(crate) fn boolean(&mut self) -> Result<bool, Fault> {
        self.peek();
        let rest = &self.text[self.at..];
        if rest.starts_with(b"true") {
            self.at += 4;
            Ok(true)
        } else if rest.starts_with(b"false") {
            self.at += 5;
            Ok(false)
        } else {
            Err(self.fault("`true` or `false`"))
        }
    }

    /// Nothing but white space may follow.
    pub(crate) fn end(&mut self) -> Result<(), Fault> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.fault("the end")),
        }
    }

    /// That `expected` is not here. (Inlined, so that a cursor that nothing else points to can live in registers.)
    #[inline(always)]
    pub(crate) fn fault(&self, expected: &'static str) -> Fault {
        Fault { expected: Expected::Thing(expected), at: self.at }
    }
}
