//! The append-only store of texts, and the arithmetic between byte offsets and lines and columns.
//! Reading the disk is not done here: texts arrive complete.

use std::sync::{Arc, OnceLock};

use super::span::{FileId, Span};

/// Every text of one run, with the path the user knows it by.
#[derive(Clone, Debug, Default)]
pub struct Files {
    files: Vec<File>,
}

/// A place as an editor shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// Line, counted from 1.
    pub line: u32,
    /// Column in characters (not bytes), counted from 1.
    pub column: u32,
}

#[derive(Clone, Debug)]
struct File {
    path: String,
    text: Arc<str>,
    /// How many lines of the whole file stand before the text.
    lines_before: u32,
    /// Offset of the first byte of each line; built by the first question about a line.
    line_starts: OnceLock<Vec<u32>>,
    /// Whether every character is one byte, so that columns need not be counted: exports of large accounts are often
    /// one line of many megabytes.
    is_ascii: OnceLock<bool>,
}

impl Files {
    /// Adds a text under the path shown to the user and answers its id. The same path may be added twice.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        self.add_part(path, text, 1)
    }

    /// Adds a part of a file whose first line is the one of that number, counted from 1; places count from the
    /// beginning of the whole file. For files that are read line by line.
    pub fn add_part(
        &mut self,
        path: impl Into<String>,
        text: impl Into<Arc<str>>,
        first_line: u32,
    ) -> FileId {
        let id = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        let lines_before = first_line.saturating_sub(1);
        let (path, text) = (path.into(), text.into());
        let (line_starts, is_ascii) = (OnceLock::new(), OnceLock::new());
        self.files.push(File { path, text, lines_before, line_starts, is_ascii });
        id
    }

    /// The path a file was added under; empty for an id of another store.
    #[must_use]
    pub fn path(&self, file: FileId) -> &str {
        self.file(file).map_or("", |file| &file.path)
    }

    /// The whole text of a file; empty for an id of another store.
    #[must_use]
    pub fn text(&self, file: FileId) -> &str {
        self.file(file).map_or("", |file| &file.text)
    }

    /// The whole text of a file as a shared handle, so that a caller may keep it while it adds files.
    #[must_use]
    pub fn shared_text(&self, file: FileId) -> Arc<str> {
        self.file(file).map_or_else(|| Arc::from(""), |file| Arc::clone(&file.text))
    }

    /// The text a span covers; empty when the span leaves the file or cuts a character.
    #[must_use]
    pub fn slice(&self, span: Span) -> &str {
        self.text(span.file).get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// Line and column of a byte offset. An offset past the end counts as the end, one inside a character as its
    /// first byte.
    #[must_use]
    pub fn position(&self, file: FileId, offset: u32) -> Position {
        let Some(file) = self.file(file) else { return Position { line: 1, column: 1 } };
        let offset = floor_boundary(&file.text, offset as usize);
        let starts = file.line_starts();
        let line = starts.partition_point(|&start| start as usize <= offset).max(1);
        let start = starts.get(line - 1).map_or(0, |&start| start as usize);
        let before = if *file.is_ascii.get_or_init(|| file.text.is_ascii()) {
            offset.saturating_sub(start)
        } else {
            file.text.get(start..offset).map_or(0, count_characters)
        };
        let column = before + 1;
        Position { line: saturate(line).saturating_add(file.lines_before), column: saturate(column) }
    }

    /// Line and column of a span's first byte.
    #[must_use]
    pub fn start(&self, span: Span) -> Position {
        self.position(span.file, span.start)
    }

    /// Line and column just after a span's last byte.
    #[must_use]
    pub fn end(&self, span: Span) -> Position {
        self.position(span.file, span.end)
    }

    /// The text of a line, counted from 1, without its line break; empty when there is no such line.
    #[must_use]
    pub fn line(&self, file: FileId, line: u32) -> &str {
        self.line_range(file, line).and_then(|(start, end)| self.text(file).get(start..end)).unwrap_or("")
    }

    /// Number of lines of a file; a text without any line break has one line.
    #[must_use]
    pub fn line_count(&self, file: FileId) -> u32 {
        self.file(file).map_or(0, |file| saturate(file.line_starts().len()).saturating_add(file.lines_before))
    }

    /// All files in the order of adding, each with its path.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &str)> {
        (0..).zip(&self.files).map(|(index, file)| (FileId(index), file.path.as_str()))
    }

    /// Byte offsets of a line without its line break.
    pub(super) fn line_range(&self, file: FileId, line: u32) -> Option<(usize, usize)> {
        let file = self.file(file)?;
        let starts = file.line_starts();
        let index = line.checked_sub(1)?.checked_sub(file.lines_before)? as usize;
        let start = *starts.get(index)? as usize;
        let next = starts.get(index + 1).map_or(file.text.len(), |&next| next as usize);
        let line = file.text.get(start..next)?;
        let line = line.strip_suffix('\n').unwrap_or(line);
        let line = line.strip_suffix('\r').unwrap_or(line);
        Some((start, start + line.len()))
    }

    fn file(&self, id: FileId) -> Option<&File> {
        self.files.get(id.0 as usize)
    }
}

impl File {
    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let breaks = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            std::iter::once(0).chain(breaks.map(|(at, _)| saturate(at + 1))).collect()
        })
    }
}

/// Line and column of an offset by counting from the beginning, for a text asked about once or twice.
pub(super) fn position_in(text: &str, offset: usize) -> Position {
    let offset = floor_boundary(text, offset);
    let before = text.get(..offset).unwrap_or("");
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(start..).map_or(0, count_characters) + 1;
    Position { line: saturate(line), column: saturate(column) }
}

/// The nearest character boundary at or before `offset`, never past the end.
pub(super) fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// Counts the bytes that begin a character; plain enough for the compiler to vectorize.
fn count_characters(text: &str) -> usize {
    text.bytes().filter(|byte| byte & 0xC0 != 0x80).count()
}

fn saturate(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> (Files, FileId) {
        let mut files = Files::default();
        files.add("first", "unrelated\n");
        let file = files.add("a", text);
        (files, file)
    }

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let (files, file) = one("é€x\r\n\ny");
        let places =
            [(0, 1, 1), (1, 1, 1), (2, 1, 2), (5, 1, 3), (8, 2, 1), (9, 3, 1), (10, 3, 2), (999, 3, 2)];
        for (offset, line, column) in places {
            assert_eq!(files.position(file, offset), Position { line, column }, "{offset}");
        }
    }

    #[test]
    fn a_part_of_a_file_keeps_its_place() {
        let mut files = Files::default();
        let file = files.add_part("a", "x\ny", 7);
        assert_eq!(files.position(file, 2), Position { line: 8, column: 1 });
        assert_eq!([6, 7, 8, 9].map(|line| files.line(file, line)), ["", "x", "y", ""]);
        assert_eq!(files.line_count(file), 8);
    }

    #[test]
    fn lines_come_without_their_break() {
        let (files, file) = one("é€x\r\n\ny");
        let lines: Vec<&str> = (0..6).map(|line| files.line(file, line)).collect();
        assert_eq!(lines, ["", "é€x", "", "y", "", ""]);
        assert_eq!(files.line_count(file), 3);
    }

    #[test]
    fn both_ways_to_find_a_position_agree() {
        let text = "é\n\r\n€€x\n";
        let (files, file) = one(text);
        for offset in 0..=text.len() {
            assert_eq!(files.position(file, u32::try_from(offset).unwrap()), position_in(text, offset));
        }
    }

    #[test]
    fn a_span_that_does_not_fit_slices_to_nothing() {
        let (files, file) = one("é1");
        let slice = |start, end| files.slice(Span { file, start, end });
        assert_eq!([slice(0, 2), slice(2, 3), slice(0, 1), slice(3, 2), slice(2, 9)], ["é", "1", "", "", ""]);
        assert_eq!(files.slice(Span::new(FileId(7), 0, 1)), "");
        assert_eq!(files.position(FileId(7), 3), Position { line: 1, column: 1 });
    }

    #[test]
    fn files_are_listed_in_the_order_of_adding() {
        let (files, file) = one("x");
        assert_eq!(files.iter().collect::<Vec<_>>(), [(FileId(0), "first"), (file, "a")]);
        assert_eq!((files.path(file), files.text(file)), ("a", "x"));
    }
}
