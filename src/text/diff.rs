//! The unified diff of a text and its splices, as `patch` and `git apply` read it.
//!
//! Which lines changed follows from the splices, so that nothing has to be searched for.

use std::fmt::Write;

use super::splice::{Splice, sorted, splice};
use super::{FileId, Span};

/// Unchanged lines that are shown around a change.
const CONTEXT: usize = 3;

/// Lines `start..end` of the old text give way to others.
struct Change {
    start: usize,
    end: usize,
    new: Vec<String>,
}

/// The difference; empty when the splices change nothing. `None` when they cannot be applied.
#[must_use]
pub fn unified(path: &str, text: &str, splices: &[Splice]) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let changes = changes(text, &lines, splices)?;
    if changes.is_empty() {
        return Some(String::new());
    }
    let mut out = format!("--- a/{path}\n+++ b/{path}\n");
    // How many lines longer the new text is before the hunk.
    let mut longer: isize = 0;
    for hunk in hunks(&changes) {
        let first = hunk.first().map_or(0, |change| change.start.saturating_sub(CONTEXT));
        let last = hunk.last().map_or(0, |change| (change.end + CONTEXT).min(lines.len()));
        let (taken, given) = hunk.iter().fold((0, 0), |(taken, given), change| {
            (taken + change.end - change.start, given + change.new.len())
        });
        let (old, new) = (last - first, last - first + given - taken);
        let begins = first.saturating_add_signed(longer);
        _ = writeln!(out, "@@ -{} +{} @@", range(first, old), range(begins, new));
        let mut at = first;
        for change in hunk {
            print(&mut out, ' ', lines.get(at..change.start)?);
            print(&mut out, '-', lines.get(change.start..change.end)?);
            print(&mut out, '+', &change.new);
            at = change.end;
        }
        print(&mut out, ' ', lines.get(at..last)?);
        longer += given.cast_signed() - taken.cast_signed();
    }
    Some(out)
}

/// Lines as a hunk counts them; an empty range is named by the line before it.
fn range(first: usize, count: usize) -> String {
    let start = if count == 0 { first } else { first + 1 };
    if count == 1 { start.to_string() } else { format!("{start},{count}") }
}

fn print(out: &mut String, mark: char, lines: &[impl AsRef<str>]) {
    for line in lines {
        out.push(mark);
        out.push_str(line.as_ref());
        if !line.as_ref().ends_with('\n') {
            out.push_str("\n\\ No newline at end of file\n");
        }
    }
}

/// The lines that change, in order, without those at their ends that stay the same.
fn changes(text: &str, lines: &[&str], splices: &[Splice]) -> Option<Vec<Change>> {
    let mut starts: Vec<usize> = vec![0];
    starts.extend(lines.iter().scan(0, |at, line| {
        *at += line.len();
        Some(*at)
    }));
    let line_of = |at: usize| starts.partition_point(|start| *start <= at).saturating_sub(1);
    let mut groups: Vec<(usize, usize, Vec<Splice>)> = Vec::new();
    for one in sorted(splices) {
        let start = line_of(one.span.start as usize).min(lines.len());
        let last = (one.span.end as usize).saturating_sub(1).max(one.span.start as usize);
        let end = (line_of(last) + 1).min(lines.len());
        match groups.last_mut() {
            Some((_, known, same)) if start <= *known => {
                *known = end.max(*known);
                same.push(one.clone());
            }
            _ => groups.push((start, end, vec![one.clone()])),
        }
    }
    let changed = groups.into_iter().map(|(start, end, own)| {
        let (from, to) = (*starts.get(start)?, *starts.get(end)?);
        let moved: Vec<Splice> = own.into_iter().map(|one| moved(one, from)).collect();
        let new = splice(text.get(from..to)?, &moved)?;
        Some(trimmed(lines.get(start..end)?, start, &new))
    });
    let changed: Option<Vec<Change>> = changed.collect();
    Some(changed?.into_iter().filter(|change| change.start < change.end || !change.new.is_empty()).collect())
}

/// The same change counted from the byte `from` on.
fn moved(one: Splice, from: usize) -> Splice {
    let from = u32::try_from(from).unwrap_or(u32::MAX);
    let file: FileId = one.span.file;
    let span = Span::new(file, one.span.start.saturating_sub(from), one.span.end.saturating_sub(from));
    Splice { span, new: one.new }
}

fn trimmed(old: &[&str], start: usize, new: &str) -> Change {
    let new: Vec<&str> = new.split_inclusive('\n').collect();
    let front = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let (rest, other) = (old.iter().skip(front), new.iter().skip(front));
    let back = rest.rev().zip(other.rev()).take_while(|(old, new)| old == new).count();
    let new = new.iter().take(new.len() - back).skip(front).map(|line| (*line).to_owned());
    Change { start: start + front, end: start + old.len() - back, new: new.collect() }
}

/// Changes that are shown together because their surroundings touch.
fn hunks(changes: &[Change]) -> Vec<&[Change]> {
    changes.chunk_by(|one, next| next.start <= one.end + 2 * CONTEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Files;
    use super::*;

    fn diff(text: &str, changes: &[(u32, u32, &str)]) -> String {
        let file = Files::default().add("x", text);
        let splices: Vec<Splice> = changes
            .iter()
            .map(|(start, end, new)| Splice { span: Span::new(file, *start, *end), new: (*new).to_owned() })
            .collect();
        unified("x", text, &splices).unwrap()
    }

    #[test]
    fn lines_are_counted_in_both_texts() {
        let text = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n";
        let expected = "--- a/x\n+++ b/x\n@@ -1,5 +1,4 @@\n 1\n-2\n 3\n 4\n 5\n@@ -10,5 +9,6 @@\n 10\n 11\n 12\n+12a\n 13\n 14\n";
        assert_eq!(diff(text, &[(2, 4, ""), (27, 27, "12a\n")]), expected);
        assert_eq!(diff(text, &[(2, 3, "2")]), "");
    }

    #[test]
    fn the_end_of_a_file_may_lack_its_line_break() {
        let expected = "--- a/x\n+++ b/x\n@@ -1,2 +1 @@\n-a\n-b\n\\ No newline at end of file\n+a\n\\ No newline at end of file\n";
        assert_eq!(diff("a\nb", &[(1, 3, "")]), expected);
        assert_eq!(diff("a\n", &[(0, 2, "")]), "--- a/x\n+++ b/x\n@@ -1 +0,0 @@\n-a\n");
        assert_eq!(diff("", &[(0, 0, "a\n")]), "--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+a\n");
    }
}
