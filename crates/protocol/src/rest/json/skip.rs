use super::{Cursor, Fault, Kind};

impl Cursor<'_> {
    /// Moves past one value of any kind, which must be JSON all the same.
    pub(crate) fn skip(&mut self) -> Result<(), Fault> {
        match self.kind()? {
            Kind::Object => self.object(|cursor, _| cursor.skip()),
            Kind::Array => self.array(Self::skip),
            Kind::String => self.string().map(drop),
            Kind::Number => self.skip_number(),
            Kind::Bool => self.boolean().map(drop),
            Kind::Null => {
                if !self.text[self.at..].starts_with(b"null") {
                    return Err(self.fault("`null`"));
                }
                self.at += 4;
                Ok(())
            }
        }
    }
}
