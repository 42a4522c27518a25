//! Digests of what is read, so that a certificate can say from which files it was made.

use std::fmt::Write as _;
use std::io::{self, BufRead, Read};

use sha2::{Digest, Sha256};

/// The SHA-256 of a text, in hexadecimal digits.
pub fn of_text(text: &str) -> String {
    hexadecimal(&Sha256::digest(text.as_bytes()))
}

/// What tells a text from another one where neither is understood, in words for a message.
pub(super) fn mark(text: &str) -> String {
    format!(" (its text: {})", of_text(text).get(..8).unwrap_or_default())
}

/// A reader that digests all that is taken from it.
pub struct Digesting<R> {
    source: R,
    digest: Sha256,
}

impl<R: BufRead> Digesting<R> {
    /// A reader of which nothing was taken yet.
    pub fn new(source: R) -> Self {
        Self { source, digest: Sha256::new() }
    }

    /// The SHA-256 of all of the source, also of what nobody took.
    pub fn finish(mut self) -> io::Result<String> {
        loop {
            let length = self.source.fill_buf()?.len();
            if length == 0 {
                return Ok(hexadecimal(&self.digest.finalize()));
            }
            self.consume(length);
        }
    }
}

impl<R: BufRead> Read for Digesting<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.source.read(into)?;
        self.digest.update(into.get(..length).unwrap_or_default());
        Ok(length)
    }
}

impl<R: BufRead> BufRead for Digesting<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.source.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        // What was filled is still there: filling again reads nothing as long as something is left.
        if let Ok(buffer) = self.source.fill_buf() {
            self.digest.update(buffer.get(..amount).unwrap_or(buffer));
        }
        self.source.consume(amount);
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// <https://csrc.nist.gov/projects/cryptographic-standards-and-guidelines/example-values> has this one.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn all_of_a_text_counts_however_it_is_taken() {
        assert_eq!(of_text("abc"), ABC);
        for chunk in 1..5 {
            for taken in 0..=3 {
                let mut source = Digesting::new(io::BufReader::with_capacity(chunk, "abc".as_bytes()));
                let mut read = String::new();
                Read::by_ref(&mut source).take(taken).read_to_string(&mut read).unwrap();
                assert_eq!(source.finish().unwrap(), ABC);
            }
            let mut source = Digesting::new(io::BufReader::with_capacity(chunk, "a\nb\n".as_bytes()));
            let mut line = String::new();
            source.read_line(&mut line).unwrap();
            assert_eq!((line.as_str(), source.finish().unwrap()), ("a\n", of_text("a\nb\n")));
        }
    }
}
