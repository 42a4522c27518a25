//! Splits a stream of JSON into its records, with bounded memory: an array of objects, one object per line, objects
//! one after the other, or an object around an array of them. What the records say is not known here.

use std::io::{self, BufRead, Read};

use serde_json::Value;

use crate::text::Problem;

/// After so many problems of one log, further ones are only counted.
const MAX_PROBLEMS: u64 = 20;

/// A record of more bytes than this is skipped.
const MAX_RECORD: usize = 4 * 1024 * 1024;

/// How the records stand in the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One object on each line.
    Lines,
    /// Objects with anything between them: the elements of an array.
    Objects,
}

/// The records of a stream.
pub struct Records<'s> {
    source: &'s mut dyn BufRead,
    shape: Option<Shape>,
    buffer: Vec<u8>,
    count: u64,
    /// The keys of arrays whose elements are records.
    wrappers: &'static [&'static str],
}

/// A record, or what is wrong with it, in words.
pub type Record = Result<Value, String>;

impl<'s> Records<'s> {
    /// The records of `source`. Which shape it has is judged by its first line.
    pub fn new(source: &'s mut dyn BufRead) -> Self {
        Self::within(source, &[])
    }

    /// The same, but an object that holds an array under one of these keys is no record: the elements of the array are.
    pub fn within(source: &'s mut dyn BufRead, wrappers: &'static [&'static str]) -> Self {
        Self { source, shape: None, buffer: Vec::new(), count: 0, wrappers }
    }

    /// Hands every record that can be read to `event`. The others become problems of that code.
    pub fn each(
        mut self,
        code: &'static str,
        problems: &mut Vec<Problem>,
        mut event: impl FnMut(&Value),
    ) -> io::Result<()> {
        let mut bad = 0_u64;
        while let Some(record) = self.next() {
            match record? {
                Ok(record) => event(&record),
                Err(reason) => {
                    bad += 1;
                    if bad <= MAX_PROBLEMS {
                        let message =
                            format!("record {} of the log {reason}; it is not counted", self.number());
                        let problem = Problem::warning(code, message);
                        problems.push(problem.help("export the log again if the record matters"));
                    }
                }
            }
        }
        if bad > MAX_PROBLEMS {
            let message = format!("{} more records of the log cannot be read", bad - MAX_PROBLEMS);
            problems.push(Problem::warning(code, message));
        }
        Ok(())
    }

    /// The number of the last record, from 1.
    pub fn number(&self) -> u64 {
        self.count
    }

    fn read(&mut self) -> io::Result<Option<Record>> {
        let shape = match self.shape {
            Some(shape) => shape,
            None => {
                let shape = self.judge()?;
                *self.shape.insert(shape)
            }
        };
        let complete = match shape {
            Shape::Lines => self.line()?,
            Shape::Objects => self.object()?,
        };
        let Some(complete) = complete else { return Ok(None) };
        self.count += 1;
        Ok(Some(match complete {
            Complete::Yes => serde_json::from_slice(&self.buffer).map_err(|error| wording(&error)),
            Complete::TooLong => Err(format!("is longer than {MAX_RECORD} bytes")),
            Complete::Truncated => Err("ends in the middle".to_owned()),
        }))
    }

    /// Lines, if the first thing in the stream is an object that ends on its line.
    fn judge(&mut self) -> io::Result<Shape> {
        let wrappers = self.wrappers;
        let beginning = self.source.fill_buf()?;
        let text = beginning.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(beginning).trim_ascii_start();
        // An object around all records may stand on one line, and is no record.
        let mut brackets = text.iter().enumerate().filter(|(_, byte)| **byte == b'[').map(|(at, _)| at);
        let is_wrapped = brackets.any(|at| opens(wrappers, text.get(..at)));
        let is_cut = !text.contains(&b'\n') && !text.trim_ascii_end().ends_with(b"}");
        if is_wrapped || (is_cut && !wrappers.is_empty()) {
            return Ok(Shape::Objects);
        }
        let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
        let is_line =
            line.starts_with(b"{") && line.len() > 1 && (line.ends_with(b"}") || line.len() == text.len());
        Ok(if is_line { Shape::Lines } else { Shape::Objects })
    }

    /// Reads the next line that is not blank.
    fn line(&mut self) -> io::Result<Option<Complete>> {
        loop {
            self.buffer.clear();
            let limit = MAX_RECORD as u64 + 1;
            let read = (&mut *self.source).take(limit).read_until(b'\n', &mut self.buffer)?;
            if read == 0 {
                return Ok(None);
            }
            if self.buffer.len() > MAX_RECORD && self.buffer.last() != Some(&b'\n') {
                self.skip_line()?;
                return Ok(Some(Complete::TooLong));
            }
            if self.count == 0 && self.buffer.starts_with(b"\xEF\xBB\xBF") {
                self.buffer.drain(..3);
            }
            if !self.buffer.trim_ascii().is_empty() {
                return Ok(Some(Complete::Yes));
            }
        }
    }

    fn skip_line(&mut self) -> io::Result<()> {
        loop {
            let chunk = self.source.fill_buf()?;
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let used = end.map_or(chunk.len(), |at| at + 1);
            let done = end.is_some() || chunk.is_empty();
            self.source.consume(used);
            if done {
                return Ok(());
            }
        }
    }

    /// Reads the next object, whatever stands before it.
    fn object(&mut self) -> io::Result<Option<Complete>> {
        self.buffer.clear();
        let mut scan = Scan::default();
        let mut too_long = false;
        let wrapped = !self.wrappers.is_empty();
        loop {
            let chunk = self.source.fill_buf()?;
            if chunk.is_empty() {
                return Ok((scan.depth > 0).then_some(Complete::Truncated));
            }
            let before = scan.depth > 0;
            let start = if before { Some(0) } else { chunk.iter().position(|byte| *byte == b'{') };
            let Some(start) = start else {
                let used = chunk.len();
                self.source.consume(used);
                continue;
            };
            let body = chunk.get(start..).unwrap_or_default();
            let end = body.iter().position(|byte| scan.ends_with(*byte) || (wrapped && scan.enters(*byte)));
            let taken = end.map_or(body.len(), |at| at + 1);
            too_long = too_long || self.buffer.len() + taken > MAX_RECORD;
            if !too_long {
                self.buffer.extend_from_slice(body.get(..taken).unwrap_or_default());
            }
            self.source.consume(start + taken);
            if end.is_some() && scan.depth > 0 {
                // An array right inside the object: if it is the one with the records, the object is left behind.
                let before = self.buffer.len().saturating_sub(1);
                if !too_long && opens(self.wrappers, self.buffer.get(..before)) {
                    self.buffer.clear();
                    scan = Scan::default();
                }
                continue;
            }
            if end.is_some() {
                return Ok(Some(if too_long { Complete::TooLong } else { Complete::Yes }));
            }
        }
    }
}

/// An error is one of reading the stream.
impl Iterator for Records<'_> {
    type Item = io::Result<Record>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

/// Whether a text that stands before a bracket ends with one of these keys.
fn opens(keys: &[&str], before: Option<&[u8]>) -> bool {
    let key = before.map(<[u8]>::trim_ascii_end).and_then(|text| text.strip_suffix(b":"));
    let key = key.map(<[u8]>::trim_ascii_end).and_then(|text| text.strip_suffix(b"\""));
    let names = |name: &&str| {
        key.and_then(|text| text.strip_suffix(name.as_bytes())).is_some_and(|rest| rest.ends_with(b"\""))
    };
    keys.iter().any(names)
}

enum Complete {
    Yes,
    TooLong,
    Truncated,
}

/// Where in an object the reader is.
#[derive(Default)]
struct Scan {
    depth: usize,
    in_text: bool,
    escaped: bool,
}

impl Scan {
    /// Whether the byte that was just taken opens an array right inside the outermost object.
    fn enters(&self, byte: u8) -> bool {
        byte == b'[' && self.depth == 1 && !self.in_text
    }

    /// Takes one more byte; true for the brace that closes the object.
    fn ends_with(&mut self, byte: u8) -> bool {
        if self.in_text {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.in_text = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.in_text = true,
            b'{' => self.depth += 1,
            b'}' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            _ => {}
        }
        false
    }
}

/// What is wrong, without positions that count inside the record.
fn wording(error: &serde_json::Error) -> String {
    match error.classify() {
        serde_json::error::Category::Eof => "ends in the middle".to_owned(),
        _ => "is not valid JSON".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str, chunk: usize) -> Vec<Record> {
        let mut source = io::BufReader::with_capacity(chunk, text.as_bytes());
        Records::new(&mut source).map(Result::unwrap).collect()
    }

    #[test]
    fn all_shapes_are_split() {
        for text in [
            "{\"a\":1}\n\n{\"a\":2}\n",
            "[{\"a\":1},\n {\"a\":2}]",
            "[\n{\n\"a\":\n1},{\"a\":2}]\n",
            "\u{feff}{\"a\":1}\n{\"a\":2}",
        ] {
            for chunk in [16, 4096] {
                let values: Vec<Value> = all(text, chunk).into_iter().map(Result::unwrap).collect();
                assert_eq!(
                    values,
                    [serde_json::json!({"a": 1}), serde_json::json!({"a": 2})],
                    "{text} {chunk}"
                );
            }
        }
    }

    #[test]
    fn braces_in_texts_do_not_count() {
        let text = r#"[{"a":"}\"{\\"},{"b":{"c":"{"}}]"#;
        assert_eq!(all(text, 1).into_iter().filter(Result::is_ok).count(), 2);
    }

    #[test]
    fn one_bad_line_does_not_spoil_the_next() {
        let found = all("{\"a\":1}\n{\"a\":\n{\"a\":3}\nx\n", 4096);
        assert_eq!(found.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true, false]);
    }

    #[test]
    fn the_object_around_an_array_is_no_record() {
        for text in [
            r#"{"Records":[{"a":[1]},{"a":[1]}]}"#,
            r#"{ "Next": "x[{", "Records" :
               [ {"a":[1]} ,
               {"a":[1]} ], "Token": "t" }"#,
            "{\"Records\":[{\"a\":[1]}]}\n{\"Records\":[{\"a\":[1]}]}\n",
            "[{\"a\":[1]},{\"a\":[1]}]",
            "{\"a\":[1]}\n{\"a\":[1]}\n",
            "{\n\"a\":[1]}\n{\n\"a\":[1]}",
        ] {
            for chunk in [1, 7, 16, 4096] {
                let mut source = io::BufReader::with_capacity(chunk, text.as_bytes());
                let records: Vec<Record> =
                    Records::within(&mut source, &["Records"]).map(Result::unwrap).collect();
                let one = Ok(serde_json::json!({"a": [1]}));
                assert_eq!(records, [one.clone(), one], "{text} {chunk}");
            }
        }
        let mut empty = "{\"Records\":[]}".as_bytes();
        assert_eq!(Records::within(&mut empty, &["Records"]).count(), 0);
    }

    #[test]
    fn truncated_and_endless_input_ends() {
        assert_eq!(all("[{\"a\":1},{\"a\":", 4096).len(), 2);
        assert!(all("[{\"a\":1},{\"a\":", 4096)[1].is_err());
        assert_eq!(all(&" ".repeat(100_000), 4096).len(), 0);
        assert_eq!(all("", 4096).len(), 0);
        let long = format!("{{\"a\":\"{}\"}}\n{{\"a\":1}}\n", "x".repeat(MAX_RECORD));
        assert_eq!(all(&long, 4096).iter().map(Result::is_ok).collect::<Vec<_>>(), [false, true]);
        let deep = format!("[{}", "{\"a\":".repeat(100_000));
        assert_eq!(all(&deep, 4096).len(), 1);
    }
}
