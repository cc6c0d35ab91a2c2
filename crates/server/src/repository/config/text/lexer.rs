use super::super::{ConfigError, Place};
use super::quoted;

/// The smallest pieces of the format.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'a> {
    /// A name.
    Word(&'a str),
    /// Digits, and whatever letters and points are in them.
    Number(&'a str),
    /// What one pair of quotes holds.
    Text(String),
    /// Anything else, one at a time.
    Symbol(char),
    /// Nothing more comes.
    End,
}

/// Cuts a text into tokens, and knows on which line each begins.
pub(super) struct Lexer<'a> {
    rest: &'a str,
    line: u32,
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text.strip_prefix('\u{feff}').unwrap_or(text), line: 1 }
    }

    /// Where the next token begins.
    pub(super) fn place(&mut self) -> Place {
        self.skip_blank();
        Place::File { line: self.line }
    }

    pub(super) fn next(&mut self) -> Result<Token<'a>, ConfigError> {
        self.skip_blank();
        let Some(first) = self.rest.chars().next() else { return Ok(Token::End) };
        Ok(match first {
            'a'..='z' | 'A'..='Z' | '_' => {
                Token::Word(self.take_while(|_, char| char.is_ascii_alphanumeric() || char == '_'))
            }
            '0'..='9' | '.' => Token::Number(self.take_while(is_in_number)),
            '"' | '\'' => Token::Text(self.quoted(first)?),
            _ => {
                self.rest = &self.rest[first.len_utf8()..];
                Token::Symbol(first)
            }
        })
    }

    /// Takes the next token if it is one of these symbols.
    pub(super) fn take_if(&mut self, symbols: &[char]) -> bool {
        self.skip_blank();
        let rest = self.rest.strip_prefix(symbols);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Takes the next token if it is text in quotes.
    pub(super) fn take_text(&mut self) -> Result<Option<String>, ConfigError> {
        self.skip_blank();
        let quote = self.rest.chars().next().filter(|first| matches!(first, '"' | '\''));
        quote.map(|quote| self.quoted(quote)).transpose()
    }

    fn quoted(&mut self, quote: char) -> Result<String, ConfigError> {
        let (text, length) = quoted::read(&self.rest[1..], quote, Place::File { line: self.line })?;
        self.rest = &self.rest[1 + length..];
        Ok(text)
    }

    fn skip_blank(&mut self) {
        loop {
            let blank = self.take_while(|_, char| char.is_ascii_whitespace());
            let lines = blank.bytes().filter(|&byte| byte == b'\n').count();
            self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
            if !self.rest.starts_with('#') {
                return;
            }
            self.take_while(|_, char| char != '\n');
        }
    }

    /// Takes characters as long as `belongs`, which sees the one before, says so.
    fn take_while(&mut self, belongs: impl Fn(char, char) -> bool) -> &'a str {
        let mut before = '\0';
        let end = self.rest.char_indices().find(|&(_, char)| {
            let ends = !belongs(before, char);
            before = char;
            ends
        });
        let (taken, rest) = self.rest.split_at(end.map_or(self.rest.len(), |(at, _)| at));
        self.rest = rest;
        taken
    }
}

/// A sign belongs to a number only as that of its exponent.
fn is_in_number(before: char, char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '.' || (matches!(char, '+' | '-') && matches!(before, 'e' | 'E'))
}
