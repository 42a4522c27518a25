//! Bytes of a catalog file: LEB128 numbers and length-prefixed text, written and read back.
//!
//! The reader treats its input as hostile: every length is checked against what is left before
//! anything is allocated. Compression and the order of sections are not in here.

use super::Damage;

/// Appends numbers and text to a growing buffer.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    out: Vec<u8>,
}

impl Writer {
    /// Appends one byte.
    pub(crate) fn byte(&mut self, value: u8) {
        self.out.push(value);
    }

    /// Appends a number as LEB128: seven bits a byte, lowest first, the high bit says "more".
    pub(crate) fn number(&mut self, value: usize) {
        let mut rest = value as u64;
        loop {
            let low = (rest & 0x7f) as u8;
            rest >>= 7;
            if rest == 0 {
                self.out.push(low);
                return;
            }
            self.out.push(low | 0x80);
        }
    }

    /// Appends bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    /// Appends text with its length in bytes before it.
    pub(crate) fn text(&mut self, text: &str) {
        self.number(text.len());
        self.raw(text.as_bytes());
    }

    /// The bytes written so far.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.out
    }
}

/// Reads what [`Writer`] wrote.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// A cursor at the first of `bytes`.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Cursor { rest: bytes }
    }

    /// How many bytes are left.
    pub(crate) fn left(&self) -> usize {
        self.rest.len()
    }

    /// The next byte.
    pub(crate) fn byte(&mut self) -> Result<u8, Damage> {
        let (first, rest) = self.rest.split_first().ok_or(Damage("it ends too early"))?;
        self.rest = rest;
        Ok(*first)
    }

    /// The next number; everything in a catalog fits 32 bits.
    pub(crate) fn number(&mut self) -> Result<u32, Damage> {
        let mut value = 0u64;
        for shift in [0u32, 7, 14, 21, 28] {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return u32::try_from(value).map_err(|_| Damage("a number is too large"));
            }
        }
        Err(Damage("a number is too long"))
    }

    /// The next number as a count of things that take at least one byte each, so that a forged
    /// count cannot make the reader allocate more than the file's own size.
    pub(crate) fn count(&mut self) -> Result<usize, Damage> {
        let count = self.number()? as usize;
        if count > self.left() {
            return Err(Damage("a count is larger than what follows it"));
        }
        Ok(count)
    }

    /// The next `len` bytes.
    pub(crate) fn raw(&mut self, len: usize) -> Result<&'a [u8], Damage> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(Damage("it ends too early"))?;
        self.rest = rest;
        Ok(head)
    }

    /// The next `len` bytes, copied: a column of one byte per record.
    pub(crate) fn bytes(&mut self, len: usize) -> Result<Vec<u8>, Damage> {
        self.raw(len).map(<[u8]>::to_vec)
    }

    /// The next length-prefixed text.
    pub(crate) fn text(&mut self) -> Result<String, Damage> {
        let len = self.count()?;
        let bytes = self.raw(len)?;
        String::from_utf8(bytes.to_vec()).map_err(|_| Damage("a text is not UTF-8"))
    }

    /// `count` numbers, each below `limit`: the usual shape of a column of references.
    pub(crate) fn column(&mut self, count: usize, limit: usize) -> Result<Vec<u32>, Damage> {
        if count > self.left() {
            return Err(Damage("a count is larger than what follows it"));
        }
        let mut values = Vec::with_capacity(count);
        for _ in 0..count {
            let value = self.number()?;
            if value as usize >= limit {
                return Err(Damage("a reference points outside its table"));
            }
            values.push(value);
        }
        Ok(values)
    }

    /// Succeeds when everything was read.
    pub(crate) fn end(&self) -> Result<(), Damage> {
        if self.rest.is_empty() { Ok(()) } else { Err(Damage("there are bytes left over")) }
    }
}

/// Reads a section to its end.
pub(crate) fn whole<T>(
    mut cursor: Cursor<'_>,
    read: impl FnOnce(&mut Cursor<'_>) -> Result<T, Damage>,
) -> Result<T, Damage> {
    let value = read(&mut cursor)?;
    cursor.end()?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_and_text_come_back(values: Vec<u32>, text: String) {
            let mut writer = Writer::default();
            for value in &values {
                writer.number(*value as usize);
            }
            writer.text(&text);
            let bytes = writer.finish();
            let mut cursor = Cursor::new(&bytes);
            for value in &values {
                prop_assert_eq!(cursor.number(), Ok(*value));
            }
            prop_assert_eq!(cursor.text(), Ok(text));
            prop_assert_eq!(cursor.end(), Ok(()));
        }
    }

    #[test]
    fn a_forged_count_is_refused_before_anything_is_allocated() {
        let mut writer = Writer::default();
        writer.number(u32::MAX as usize);
        let bytes = writer.finish();
        assert_eq!(Cursor::new(&bytes).count(), Err(Damage("a count is larger than what follows it")));
        assert!(Cursor::new(&bytes).column(1 << 30, 5).is_err());
        assert_eq!(Cursor::new(&[0xff; 9]).number(), Err(Damage("a number is too long")));
        assert_eq!(
            Cursor::new(&[0xff, 0xff, 0xff, 0xff, 0x7f]).number(),
            Err(Damage("a number is too large"))
        );
    }
}
