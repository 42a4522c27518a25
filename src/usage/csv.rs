//! Rows of comma-separated values as records, with bounded memory: what Log Analytics exports. Each row becomes an object
//! of texts under the names of the first row. What the rows say is not known here.

use std::io::{self, BufRead};

use serde_json::{Map, Value};

use crate::text::Problem;

/// A row of more bytes than this is skipped.
const MAX_ROW: usize = 1 << 20;

/// After so many problems of one log, further ones are only counted.
const MAX_PROBLEMS: u64 = 20;

/// Whether a text begins with a row that holds all these names.
pub fn has_columns(beginning: &str, names: &[&str]) -> bool {
    let first = beginning.trim_start_matches('\u{feff}').lines().next().unwrap_or_default();
    let own: Vec<&str> = first.split(',').map(column).collect();
    names.iter().all(|name| own.contains(name))
}

/// Hands every row after the first to `event`. Those that do not fit become problems of that code.
pub fn each(
    source: &mut dyn BufRead,
    code: &'static str,
    problems: &mut Vec<Problem>,
    mut event: impl FnMut(&Value),
) -> io::Result<()> {
    let mut names: Vec<String> = Vec::new();
    let (mut number, mut bad) = (0_u64, 0_u64);
    while let Some(row) = row(source)? {
        number += 1;
        let reason = match row {
            Ok(fields) if number == 1 => {
                names = fields.iter().map(|name| column(name).to_owned()).collect();
                continue;
            }
            Ok(fields) if fields.len() == names.len() => {
                let pairs = names.iter().cloned().zip(fields.into_iter().map(Value::String));
                event(&Value::Object(pairs.collect::<Map<String, Value>>()));
                continue;
            }
            Ok(fields) if fields.iter().all(String::is_empty) => continue,
            Ok(fields) => format!("has {} fields, and the first row has {}", fields.len(), names.len()),
            Err(reason) => reason.to_owned(),
        };
        bad += 1;
        if bad <= MAX_PROBLEMS {
            let message = format!("row {number} of the log {reason}; it is not counted");
            problems.push(Problem::warning(code, message).help("export the log again if the row matters"));
        }
    }
    if bad > MAX_PROBLEMS {
        let message = format!("{} more rows of the log cannot be read", bad - MAX_PROBLEMS);
        problems.push(Problem::warning(code, message));
    }
    Ok(())
}

/// The name of a column. The portal adds the time zone: `TimeGenerated [UTC]`.
fn column(written: &str) -> &str {
    let name = written.trim_start_matches('\u{feff}').trim().trim_matches('"');
    name.split(" [").next().unwrap_or_default()
}

/// The fields of a row, or what is wrong with it.
type Row = Result<Vec<String>, &'static str>;

/// The next row (<https://www.rfc-editor.org/rfc/rfc4180>): a field in quotes may hold commas, line breaks, and quotes
/// that are written twice.
fn row(source: &mut dyn BufRead) -> io::Result<Option<Row>> {
    let mut bytes = Vec::new();
    let (mut is_long, mut is_open) = (false, false);
    loop {
        let before = bytes.len();
        let most = (MAX_ROW + 1).saturating_sub(before).max(1) as u64;
        let read = io::Read::take(&mut *source, most).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            break;
        }
        let new = bytes.get(before..).unwrap_or_default();
        is_open ^= new.iter().filter(|byte| **byte == b'"').count() % 2 == 1;
        is_long |= bytes.len() > MAX_ROW;
        if is_long {
            // The rest of a line that is too long is passed over, not kept.
            bytes.drain(..bytes.len().saturating_sub(1));
        }
        if bytes.ends_with(b"\n") && (!is_open || is_long) {
            break;
        }
    }
    if bytes.is_empty() {
        return Ok(None);
    }
    if is_long {
        return Ok(Some(Err("is too long")));
    }
    Ok(Some(String::from_utf8(bytes).map_or(Err("is not UTF-8"), |text| fields(&text))))
}

fn fields(text: &str) -> Row {
    let mut all = vec![String::new()];
    let mut letters = text.trim_end_matches(['\n', '\r']).chars().peekable();
    let mut is_quoted = false;
    while let Some(letter) = letters.next() {
        let Some(last) = all.last_mut() else { break };
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => {
                letters.next();
                last.push('"');
            }
            '"' if is_quoted => is_quoted = false,
            '"' if last.is_empty() => is_quoted = true,
            ',' if !is_quoted => all.push(String::new()),
            other => last.push(other),
        }
    }
    if is_quoted { Err("ends inside of quotes") } else { Ok(all) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, chunk: usize) -> (Vec<Value>, usize) {
        let mut source = io::BufReader::with_capacity(chunk, text.as_bytes());
        let (mut found, mut problems) = (Vec::new(), Vec::new());
        each(&mut source, "row", &mut problems, |row| found.push(row.clone())).unwrap();
        (found, problems.len())
    }

    #[test]
    fn quotes_hold_everything_together() {
        let text = "\u{feff}\"A [UTC]\",B\r\n1,\"x, \"\"y\"\"\r\nz\"\r\n,\r\n2,\n";
        for chunk in [1, 4096] {
            let (found, bad) = rows(text, chunk);
            let expected = [
                serde_json::json!({"A": "1", "B": "x, \"y\"\r\nz"}),
                serde_json::json!({"A": "", "B": ""}),
                serde_json::json!({"A": "2", "B": ""}),
            ];
            assert_eq!((found, bad), (expected.to_vec(), 0));
        }
        assert!(has_columns(text, &["A", "B"]) && !has_columns(text, &["C"]));
    }

    #[test]
    fn what_does_not_fit_is_passed_over() {
        let long = format!("A,B\n{},\n1,2\n1,2,3\n1,\"2\n", "x".repeat(2 * MAX_ROW));
        let (found, bad) = rows(&long, 4096);
        assert_eq!((found.len(), bad), (1, 3));
        assert_eq!(rows("", 16), (Vec::new(), 0));
        assert_eq!(rows(&format!("A\n\"{}", "\n,".repeat(1_000_000)), 4096).1, 1);
    }
}
