use super::NpyError;

/// The three values of a header: type string, whether Fortran's order, and shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fields {
    pub(super) descr: String,
    pub(super) fortran: bool,
    pub(super) shape: Vec<usize>,
}

/// Reads the Python dictionary that a header is, such as
/// `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }`. Keys may come in any order.
pub(super) fn parse(text: &str) -> Result<Fields, NpyError> {
    let mut cursor = Cursor { rest: text };
    let (mut descr, mut fortran, mut shape) = (None, None, None);
    cursor.expect('{')?;
    while !cursor.take('}') {
        let key = cursor.string()?;
        cursor.expect(':')?;
        match key {
            "descr" => descr = Some(cursor.descr()?),
            "fortran_order" => fortran = Some(cursor.boolean()?),
            "shape" => shape = Some(cursor.shape()?),
            _ => return Err(header("the keys descr, fortran_order and shape", key)),
        }
        if !cursor.take(',') {
            cursor.expect('}')?;
            break;
        }
    }
    cursor.end()?;
    match (descr, fortran, shape) {
        (Some(descr), Some(fortran), Some(shape)) => Ok(Fields { descr, fortran, shape }),
        _ => Err(header("the keys descr, fortran_order and shape", text)),
    }
}

fn header(expected: &'static str, got: &str) -> NpyError {
    NpyError::Header { expected, got: got.trim().chars().take(60).collect() }
}

struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, token: char) -> bool {
        self.skip_blanks();
        let after = self.rest.strip_prefix(token);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn expect(&mut self, token: char) -> Result<(), NpyError> {
        if self.take(token) { Ok(()) } else { Err(header("a Python dictionary", self.rest)) }
    }

    fn string(&mut self) -> Result<&'a str, NpyError> {
        self.skip_blanks();
        let wrong = header("a quoted string", self.rest);
        let quote = self.rest.chars().next().filter(|quote| ['\'', '"'].contains(quote));
        let Some((text, rest)) = quote.and_then(|quote| self.rest[1..].split_once(quote)) else {
            return Err(wrong);
        };
        self.rest = rest;
        Ok(text)
    }

    /// A structured dtype is a list; it is named as what it is, not as a broken header.
    fn descr(&mut self) -> Result<String, NpyError> {
        self.skip_blanks();
        if self.rest.starts_with('[') {
            return Err(NpyError::DType { descr: "with fields (a structured array)".to_owned() });
        }
        self.string().map(str::to_owned)
    }

    fn boolean(&mut self) -> Result<bool, NpyError> {
        self.skip_blanks();
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err(header("True or False", self.rest))
    }

    fn shape(&mut self) -> Result<Vec<usize>, NpyError> {
        let mut shape = Vec::new();
        self.expect('(')?;
        while !self.take(')') {
            shape.push(self.integer()?);
            if !self.take(',') {
                self.expect(')')?;
                break;
            }
        }
        Ok(shape)
    }

    fn integer(&mut self) -> Result<usize, NpyError> {
        self.skip_blanks();
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.rest.split_at(digits);
        let number = number.parse().map_err(|_| header("a size", self.rest))?;
        // Python 2 marked long integers so.
        self.rest = rest.strip_prefix('L').unwrap_or(rest);
        Ok(number)
    }

    fn end(&mut self) -> Result<(), NpyError> {
        self.skip_blanks();
        if self.rest.is_empty() { Ok(()) } else { Err(header("nothing after the dictionary", self.rest)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_what_numpy_writes() {
        let fields = parse("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }   \n").unwrap();
        assert_eq!(fields, Fields { descr: "<f4".to_owned(), fortran: false, shape: vec![3, 2] });
        assert!(parse("{'shape':(),\"descr\":'|u1','fortran_order':True}").unwrap().shape.is_empty());
        assert_eq!(parse("{'descr': '<i8', 'fortran_order': False, 'shape': (5L,)}").unwrap().shape, [5]);
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, why) in [
            ("", "a Python dictionary"),
            ("{'descr': '<f4'}", "the keys"),
            ("{'colour': 3}", "the keys"),
            ("{'descr': 7}", "a quoted string"),
            ("{'shape': (-1,)}", "a size"),
            ("{'shape': (99999999999999999999999,)}", "a size"),
            ("{'fortran_order': maybe}", "True or False"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': ()} 1", "nothing after"),
            ("{'descr': [('a', '<f4')]}", "structured"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(why), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_an_answer(text in "[{}()'\",:a-z0-9 \\[éL]*") {
            let _ = parse(&text);
            let _ = parse(&format!("{{'descr': {text}"));
            let _ = parse(&format!("{{'shape': ({text}"));
        }
    }
}
