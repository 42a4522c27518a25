//! A value as text again: as JSON on one line or over several, or as YAML in blocks. For what is put into a file; what
//! stands there already keeps its own way of writing.

use std::fmt::Write;

use super::{Kind, Tree};

/// How a value is written.
pub(super) enum Style<'a> {
    /// JSON on one line.
    Compact,
    /// JSON with each entry on a line of its own.
    Spread {
        /// What stands before the value on its line.
        indent: &'a str,
        /// One level more.
        unit: &'a str,
    },
    /// YAML, behind a dash.
    Block {
        /// What lines after the first begin with.
        indent: &'a str,
    },
}

/// The value as text.
pub(super) fn value(tree: &Tree, style: &Style<'_>) -> String {
    match style {
        Style::Compact => compact(tree),
        Style::Spread { indent, unit } => spread(tree, indent, unit),
        Style::Block { indent } => block(tree, indent),
    }
}

fn compact(tree: &Tree) -> String {
    match &tree.kind {
        Kind::List(items) => format!("[{}]", items.iter().map(compact).collect::<Vec<_>>().join(", ")),
        Kind::Map(map) => {
            let entry = |(key, tree): (&str, &Tree)| format!("{}: {}", quoted(key), compact(tree));
            let entries = map.entries.iter().map(|entry| (&*entry.key.value, &entry.value)).map(entry);
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        _ => scalar(tree),
    }
}

fn spread(tree: &Tree, indent: &str, unit: &str) -> String {
    let inner = format!("{indent}{unit}");
    let (open, close, lines): (char, char, Vec<String>) = match &tree.kind {
        Kind::List(items) => ('[', ']', items.iter().map(|item| spread(item, &inner, unit)).collect()),
        Kind::Map(map) => {
            let entries = map.entries.iter();
            let lines = entries
                .map(|entry| format!("{}: {}", quoted(&entry.key.value), spread(&entry.value, &inner, unit)));
            ('{', '}', lines.collect())
        }
        _ => return scalar(tree),
    };
    if lines.is_empty() {
        return format!("{open}{close}");
    }
    format!("{open}\n{inner}{}\n{indent}{close}", lines.join(&format!(",\n{inner}")))
}

fn block(tree: &Tree, indent: &str) -> String {
    let glue = format!("\n{indent}");
    match &tree.kind {
        Kind::List(items) if !items.is_empty() => {
            let inner = format!("{indent}  ");
            items.iter().map(|item| format!("- {}", block(item, &inner))).collect::<Vec<_>>().join(&glue)
        }
        Kind::Map(map) if !map.entries.is_empty() => {
            let entry = |key: &str, tree: &Tree| {
                let is_nested = match &tree.kind {
                    Kind::List(items) => !items.is_empty(),
                    Kind::Map(map) => !map.entries.is_empty(),
                    _ => false,
                };
                // Lists stand as deep as their key, as command lines print them.
                let deeper =
                    if matches!(tree.kind, Kind::Map(_)) { format!("{indent}  ") } else { indent.to_owned() };
                match is_nested {
                    true => format!("{}:\n{deeper}{}", plain(key), block(tree, &deeper)),
                    false => format!("{}: {}", plain(key), block(tree, indent)),
                }
            };
            let entries = map.entries.iter().map(|one| entry(&one.key.value, &one.value));
            entries.collect::<Vec<_>>().join(&glue)
        }
        Kind::Text(text) => plain(text.as_str()),
        _ => compact(tree),
    }
}

/// Words that YAML does not read as strings, also by its older version.
const NOT_STRINGS: &[&str] = &["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

/// A string of YAML, with quotes only where it needs them.
fn plain(text: &str) -> String {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || "_-./@:".contains(c);
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(is_letter)
        && !text.ends_with(':')
        && !NOT_STRINGS.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is_plain { text.to_owned() } else { quoted(text) }
}

fn scalar(tree: &Tree) -> String {
    match &tree.kind {
        Kind::Text(text) => quoted(text.as_str()),
        _ => tree.scalar().unwrap_or_else(|| "null".to_owned()),
    }
}

/// A string of JSON, which is one of YAML, too.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    _ = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
