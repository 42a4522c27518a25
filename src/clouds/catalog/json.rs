//! Small readings of provider exports: JSON values that may be absent or of another type.
//!
//! Exports are read leniently: what is missing is empty, what is strange becomes a problem text of
//! the caller. Nothing here knows a provider.

use serde_json::Value;

/// Parses the text of the file at `path`; a syntax error becomes a problem.
pub(crate) fn parse(path: &str, text: &str, problems: &mut Vec<String>) -> Option<Value> {
    match serde_json::from_str(text) {
        Ok(value) => Some(value),
        Err(error) => {
            problems.push(format!("`{path}` is not JSON ({error}); export it again with `--output json`"));
            None
        }
    }
}

/// The text at `key`, empty when absent.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The members of the array at `key`, none when absent.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// The texts in the array at `key`; a lone text counts as an array of one.
pub(crate) fn texts(value: &Value, key: &str) -> Vec<String> {
    match value.get(key) {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// The entries of the object at `key`, none when absent.
pub(crate) fn entries<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    value.get(key).and_then(Value::as_object).into_iter().flatten()
}

/// The sources a fact table names (`source` or `sources`), without notes on its encoding.
pub(crate) fn source_names(value: &Value) -> Vec<String> {
    let mut names = texts(value, "sources");
    names.extend(texts(value, "source"));
    let cut = |name: &String| {
        let end = [": ", " where "].iter().filter_map(|mark| name.find(mark)).min();
        name.get(..end.unwrap_or(name.len())).unwrap_or_default().to_owned()
    };
    names.iter().map(cut).collect()
}

/// The newest `YYYY-MM-DD` in some texts, empty when there is none.
pub(crate) fn newest_date(texts: &[String]) -> String {
    let dates =
        texts.iter().flat_map(|text| text.split(|mark: char| !(mark.is_ascii_digit() || mark == '-')));
    let is_date = |word: &&str| {
        let shape = word.bytes().map(|byte| if byte.is_ascii_digit() { b'9' } else { byte });
        shape.eq(*b"9999-99-99")
    };
    dates.filter(is_date).max().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_lose_their_encoding_notes_and_give_the_date() {
        let value = serde_json::json!({"sources": ["set 1 (MIT), 2026-09-26", "other 2 (MIT): l2 = level", "third 2026-08-22 where s=x"]});
        let names = source_names(&value);
        assert_eq!(names, ["set 1 (MIT), 2026-09-26", "other 2 (MIT)", "third 2026-08-22"]);
        assert_eq!(newest_date(&names), "2026-09-26");
        assert_eq!(newest_date(&["v0.21.202609261".to_owned()]), "");
    }
}
