//! Protobuf's text format, as far as messages without extensions need it
//! (<https://protobuf.dev/reference/protobuf/textformat-spec/>).

mod lexer;
mod number;
mod quoted;

use self::lexer::{Lexer, Token};
use super::node::{Field, Value, clip};
use super::{ConfigError, Place};

/// Messages within messages.
const DEPTH_MAX: usize = 32;

/// Reads a whole file.
///
/// # Errors
/// [`ConfigError::Syntax`].
pub(super) fn parse(text: &str) -> Result<Vec<Field>, ConfigError> {
    let mut parser = Parser { lexer: Lexer::new(text), depth: 0 };
    parser.fields(None)
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    depth: usize,
}

impl Parser<'_> {
    /// Fields up to `end`, which is taken; up to the end of the file where there is none.
    fn fields(&mut self, end: Option<char>) -> Result<Vec<Field>, ConfigError> {
        let mut fields = Vec::new();
        loop {
            let place = self.lexer.place();
            match self.lexer.next()? {
                Token::Word(name) => {
                    let name = name.to_owned();
                    self.field(&name, place, &mut fields)?;
                    self.lexer.take_if(&[',', ';']);
                }
                Token::Symbol(symbol) if Some(symbol) == end => return Ok(fields),
                Token::End if end.is_none() => return Ok(fields),
                token => return Err(unexpected(place, expected_of(end), &token)),
            }
        }
    }

    fn field(&mut self, name: &str, place: Place, fields: &mut Vec<Field>) -> Result<(), ConfigError> {
        let colon = self.lexer.take_if(&[':']);
        let mut push = |value| fields.push(Field { name: name.to_owned(), place, value });
        if self.lexer.take_if(&['[']) {
            if self.lexer.take_if(&[']']) {
                return Ok(());
            }
            loop {
                push(self.value(true)?);
                let place = self.lexer.place();
                match self.lexer.next()? {
                    Token::Symbol(',') => {}
                    Token::Symbol(']') => return Ok(()),
                    token => return Err(unexpected(place, "`,` or `]`", &token)),
                }
            }
        }
        push(self.value(colon)?);
        Ok(())
    }

    /// One value; only a message where no colon stands before it.
    fn value(&mut self, colon: bool) -> Result<Value, ConfigError> {
        let place = self.lexer.place();
        match self.lexer.next()? {
            Token::Symbol('{') => self.message('}', place),
            Token::Symbol('<') => self.message('>', place),
            token if !colon => Err(unexpected(place, "`:` or `{`", &token)),
            Token::Word(word) => Ok(Value::Word(word.to_owned())),
            Token::Number(number) => number::read(number, false, place),
            Token::Symbol('-') => match self.lexer.next()? {
                Token::Number(number) => number::read(number, true, place),
                Token::Word(word) => Ok(Value::Number(format!("-{word}"))),
                token => Err(unexpected(place, "a number", &token)),
            },
            Token::Text(mut text) => {
                while let Some(more) = self.lexer.take_text()? {
                    text.push_str(&more);
                }
                Ok(Value::Text(text))
            }
            token => Err(unexpected(place, "a value", &token)),
        }
    }

    fn message(&mut self, end: char, place: Place) -> Result<Value, ConfigError> {
        if self.depth == DEPTH_MAX {
            let got = "more".to_owned();
            return Err(ConfigError::Syntax {
                place,
                expected: "at most 32 messages within each other",
                got,
            });
        }
        self.depth += 1;
        let fields = self.fields(Some(end))?;
        self.depth -= 1;
        Ok(Value::Message(fields))
    }
}

fn expected_of(end: Option<char>) -> &'static str {
    match end {
        None => "a field's name",
        Some('}') => "a field's name or `}`",
        Some(_) => "a field's name or `>`",
    }
}

fn unexpected(place: Place, expected: &'static str, token: &Token<'_>) -> ConfigError {
    let got = match token {
        Token::Word(text) | Token::Number(text) => clip(text),
        Token::Text(text) => format!("{:?}", clip(text)),
        Token::Symbol(symbol) => format!("`{}`", symbol.escape_default()),
        Token::End => "the end of the file".to_owned(),
    };
    ConfigError::Syntax { place, expected, got }
}
#[cfg(test)]
mod tests;
