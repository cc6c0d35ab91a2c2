use super::float::{decimal, double, word};
use super::whole::{Whole, whole};
use super::{Cursor, Fault, Kind};

/// Why what stands here is not the number that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NumberFault {
    /// It is no number at all.
    Malformed,
    /// A fraction, or written with an exponent.
    NotWhole,
    /// The type does not hold it.
    OutOfRange,
}

/// A number whose type nobody says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    /// Whole, and it fits.
    Signed(i64),
    /// Whole, and only this fits.
    Unsigned(u64),
    /// Written with a fraction or an exponent.
    Double(f64),
}

/// A type of number that a tensor's values may have.
pub(crate) trait Scalar: Sized {
    /// Reads one, rounded correctly where it has to be.
    fn read(cursor: &mut Cursor<'_>) -> Result<Self, NumberFault>;
}

impl Cursor<'_> {
    /// Moves past a number.
    pub(super) fn skip_number(&mut self) -> Result<(), Fault> {
        match decimal(self.text, self.at) {
            Some(decimal) => self.at = decimal.end,
            None => self.at = word(self.text, self.at).map_err(|_| self.fault("a number"))?.1,
        }
        Ok(())
    }

    /// Reads a whole number.
    #[inline]
    pub(crate) fn whole(&mut self) -> Result<Whole, NumberFault> {
        self.peek();
        let whole = whole(self.text, self.at)?;
        self.at = whole.end;
        Ok(whole)
    }

    /// Reads a number of whatever type it shows; the words do not count.
    pub(crate) fn number(&mut self) -> Result<Number, NumberFault> {
        self.peek();
        let start = self.at;
        match whole(self.text, start) {
            Ok(Whole { negative, magnitude, end }) => {
                let number = match (i64::try_from(magnitude), negative) {
                    (Ok(value), false) => Number::Signed(value),
                    (Err(_), false) => Number::Unsigned(magnitude),
                    (_, true) => {
                        let value = 0_i64.checked_sub_unsigned(magnitude);
                        Number::Signed(value.ok_or(NumberFault::OutOfRange)?)
                    }
                };
                self.at = end;
                Ok(number)
            }
            Err(NumberFault::NotWhole) => {
                let (value, end) = double(self.text, start)?;
                self.at = end;
                Ok(Number::Double(value))
            }
            Err(fault) => Err(fault),
        }
    }

    /// The text of the scalar that comes next, shortened, to be quoted in an error.
    #[cold]
    pub(crate) fn quote(&mut self) -> String {
        let kind = self.kind();
        let mut probe = self.clone();
        match (kind, probe.skip()) {
            (Ok(Kind::Object), _) => "an object".to_owned(),
            (Ok(Kind::Array), _) => "an array".to_owned(),
            (Ok(_), Ok(())) => {
                let text = String::from_utf8_lossy(&self.text[self.at..probe.at]);
                let mut quoted: String = text.chars().take(40).collect();
                if quoted.len() < text.len() {
                    quoted.push('…');
                }
                quoted
            }
            _ => "no JSON".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
