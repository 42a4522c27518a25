//! Regular expressions that say no more than that a text is, begins with, ends with or contains one of some texts.
//!
//! `matches` looks for a match anywhere in the text, in the syntax of RE2
//! (<https://github.com/google/cel-spec/blob/master/doc/langdef.md#list-of-standard-definitions>,
//! <https://github.com/google/re2/wiki/Syntax>). Everything with a class, a repetition or a dot says more, except for
//! `.*` at an end that is open anyway.

use super::ast::Comparison;

/// One comparison for each alternative; `None` if the expression says more than these.
pub(super) fn comparisons(expression: &str) -> Option<Vec<(Comparison, String)>> {
    let mut found = Vec::new();
    for alternative in alternatives(expression)? {
        let (from_start, rest) = match alternative.strip_prefix('^') {
            Some(rest) => (true, rest),
            None => (false, alternative.strip_prefix(".*").unwrap_or(alternative)),
        };
        let (to_end, rest) = match rest.strip_suffix('$').filter(|rest| !ends_escaped(rest)) {
            Some(rest) => (true, rest),
            None => (false, rest.strip_suffix(".*").filter(|rest| !ends_escaped(rest)).unwrap_or(rest)),
        };
        let comparison = match (from_start, to_end) {
            (true, true) => Comparison::Equals,
            (true, false) => Comparison::StartsWith,
            (false, true) => Comparison::EndsWith,
            (false, false) => Comparison::Contains,
        };
        let texts = texts(rest)?;
        found.extend(texts.into_iter().map(|text| (comparison, text)));
    }
    Some(found)
}

/// Whether the text ends with a backslash that takes its meaning from what follows.
fn ends_escaped(text: &str) -> bool {
    text.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1
}

/// The texts that a literal with at most one group of literals in it stands for.
fn texts(expression: &str) -> Option<Vec<String>> {
    let mut escaped = false;
    let opens = |(_, c): &(usize, char)| {
        let opens = *c == '(' && !escaped;
        escaped = *c == '\\' && !escaped;
        opens
    };
    let Some((open, _)) = expression.char_indices().find(opens) else {
        return Some(vec![literal(expression)?]);
    };
    let (before, group) = (expression.get(..open)?, expression.get(open + 1..)?);
    let close = group.rfind(')')?;
    let (group, after) = (group.get(..close).filter(|group| !ends_escaped(group))?, group.get(close + 1..)?);
    let (before, after) = (literal(before)?, literal(after)?);
    let inner = alternatives(group.strip_prefix("?:").unwrap_or(group))?.into_iter();
    inner.map(|text| Some(format!("{before}{}{after}", literal(text)?))).collect()
}

/// The alternatives at the top; `None` where brackets do not match.
fn alternatives(expression: &str) -> Option<Vec<&str>> {
    let (mut found, mut start, mut depth, mut escaped) = (Vec::new(), 0, 0usize, false);
    for (at, c) in expression.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1)?,
            '|' if depth == 0 => {
                found.push(expression.get(start..at)?);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(expression.get(start..)?);
    (depth == 0).then_some(found)
}

/// The text that stands for itself; a backslash before a sign takes its meaning away.
fn literal(text: &str) -> Option<String> {
    let mut found = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => found.push(chars.next().filter(char::is_ascii_punctuation)?),
            '.' | '^' | '$' | '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' => return None,
            c => found.push(c),
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_are_recognized() {
        use Comparison::{Contains, EndsWith, Equals, StartsWith};
        let is = |expression: &str, wanted: &[(Comparison, &str)]| {
            let wanted: Vec<(Comparison, String)> =
                wanted.iter().map(|(comparison, text)| (*comparison, (*text).to_owned())).collect();
            assert_eq!(comparisons(expression), Some(wanted), "{expression}");
        };
        is("^projects/p/", &[(StartsWith, "projects/p/")]);
        is("^projects/p/.*", &[(StartsWith, "projects/p/")]);
        is(r"\.csv$", &[(EndsWith, ".csv")]);
        is(r".*\.csv$", &[(EndsWith, ".csv")]);
        is("^a$", &[(Equals, "a")]);
        is("a-b", &[(Contains, "a-b")]);
        is("^(a|b/c)$", &[(Equals, "a"), (Equals, "b/c")]);
        is("^(?:a|b)", &[(StartsWith, "a"), (StartsWith, "b")]);
        is(r"\.(csv|txt)$", &[(EndsWith, ".csv"), (EndsWith, ".txt")]);
        is("^(a|b)c", &[(StartsWith, "ac"), (StartsWith, "bc")]);
        is("^a|b$", &[(StartsWith, "a"), (EndsWith, "b")]);
        is(r"a\$", &[(Contains, "a$")]);
        is(r"a\\$", &[(EndsWith, r"a\")]);
        is(r"^\(a\)$", &[(Equals, "(a)")]);
        is("", &[(Contains, "")]);
    }

    #[test]
    fn what_says_more_is_left() {
        for expression in [
            "^a.*b$",
            "^a.b",
            "[ab]",
            "a+",
            "a?",
            "(a",
            "a)",
            "^(a|(b|c))$",
            r"\d",
            "(?i)a",
            "^(a)(b)$",
            "a{2}",
            "^(a|b)+c",
            "^.*a",
            "a.*$",
        ] {
            assert_eq!(comparisons(expression), None, "{expression}");
        }
    }
}
