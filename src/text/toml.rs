//! TOML as located trees, for the configuration. The parser is the crate `toml`, which goes on behind a mistake, so that
//! all of them are told at once. Which keys mean something is said elsewhere.

use std::ops::Range;

use ::toml::Spanned;
use ::toml::de::{DeArray, DeTable, DeValue, Error};

use super::{Entry, FileId, Kind, Located, Map, Problem, Span, Text, Tree};

/// More nesting than anything here needs; what lies deeper is refused.
const MAX_DEPTH: usize = 64;

/// The tables of a text. `None` after a problem, since a part that was misread may mean anything.
pub fn parse(file: FileId, text: &str, problems: &mut Vec<Problem>) -> Option<Tree> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let reader = Reader { file };
    if errors.is_empty() {
        let whole = 0..text.len();
        return reader.table(table.get_ref(), &whole, 0, problems);
    }
    let mut found: Vec<Problem> = errors.iter().map(|error| reader.problem(error, text)).collect();
    found.sort_by_key(|problem| problem.span);
    problems.append(&mut found);
    None
}

struct Reader {
    file: FileId,
}

impl Reader {
    fn span(&self, range: &Range<usize>) -> Span {
        let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Span::new(self.file, offset(range.start), offset(range.end))
    }

    fn problem(&self, error: &Error, text: &str) -> Problem {
        let at = error.span().unwrap_or(text.len()..text.len());
        Problem::error("toml-syntax", error.message().to_owned()).at(self.span(&at))
    }

    fn table(
        &self,
        table: &DeTable<'_>,
        range: &Range<usize>,
        depth: usize,
        problems: &mut Vec<Problem>,
    ) -> Option<Tree> {
        let mut entries = Vec::new();
        for (key, value) in table {
            let key = Located::new((&**key.get_ref()).into(), self.span(&key.span()));
            entries.push(Entry { key, value: self.value(value, depth, problems)? });
        }
        // Tables may be written in any order and in pieces.
        entries.sort_by_key(|entry| entry.key.span.start);
        Some(Tree { span: self.span(range), kind: Kind::Map(Map { entries }) })
    }

    fn list(
        &self,
        list: &DeArray<'_>,
        range: &Range<usize>,
        depth: usize,
        problems: &mut Vec<Problem>,
    ) -> Option<Tree> {
        let items: Option<Vec<Tree>> = list.iter().map(|item| self.value(item, depth, problems)).collect();
        Some(Tree { span: self.span(range), kind: Kind::List(items?) })
    }

    fn value(&self, value: &Spanned<DeValue<'_>>, depth: usize, problems: &mut Vec<Problem>) -> Option<Tree> {
        let range = value.span();
        if depth > MAX_DEPTH {
            let message = format!("more than {MAX_DEPTH} levels of nesting are not read");
            problems.push(Problem::error("toml-syntax", message).at(self.span(&range)));
            return None;
        }
        let kind = match value.get_ref() {
            DeValue::String(text) => Kind::Text(Text::verbatim(&**text)),
            DeValue::Integer(number) => Kind::Number(number.to_string().into()),
            DeValue::Float(number) => Kind::Number(number.as_str().into()),
            DeValue::Boolean(value) => Kind::Bool(*value),
            // A date says the same with quotes around it and without.
            DeValue::Datetime(date) => Kind::Text(Text::verbatim(date.to_string())),
            DeValue::Array(list) => return self.list(list, &range, depth + 1, problems),
            DeValue::Table(table) => return self.table(table, &range, depth + 1, problems),
        };
        Some(Tree { span: self.span(&range), kind })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Files;

    fn read(text: &str) -> (Files, Option<Tree>, Vec<Problem>) {
        let mut files = Files::default();
        let file = files.add("leastwise.toml", text);
        let mut problems = Vec::new();
        let tree = parse(file, text, &mut problems);
        (files, tree, problems)
    }

    #[test]
    fn values_keep_their_places() {
        let text = "a = 'x'\n[[b.c]]\nd = [1, true, 2027-01-31]\n[[b.c]]\ne = { f = \"ü\" }\n";
        let (files, tree, problems) = read(text);
        assert_eq!(problems, []);
        let tree = tree.unwrap();
        let list = tree.get("b").unwrap().get("c").unwrap().as_list().unwrap();
        let date = &list[0].get("d").unwrap().as_list().unwrap()[2];
        assert_eq!((date.as_str(), files.slice(date.span)), (Some("2027-01-31"), "2027-01-31"));
        let inner = list[1].get("e").unwrap().get("f").unwrap();
        assert_eq!((inner.as_str(), files.slice(inner.span)), (Some("ü"), "\"ü\""));
        assert_eq!(files.slice(tree.as_map().unwrap().entries[0].key.span), "a");
    }

    #[test]
    fn all_mistakes_are_told_with_their_places() {
        let (files, tree, problems) = read("a = \nb = [1,\nc = 'x'\nc = 'y'\n");
        assert!(tree.is_none() && problems.len() > 1, "{problems:?}");
        assert!(problems.iter().all(|problem| problem.span.is_some()));
        assert_eq!(files.start(problems[0].span.unwrap()).line, 1);
    }

    #[test]
    fn depth_is_bounded() {
        let text = format!("a = {}{}\n", "[".repeat(70), "]".repeat(70));
        let (_, tree, problems) = read(&text);
        assert!(tree.is_none() && !problems.is_empty());
    }
}
