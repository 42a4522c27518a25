//! What an engine's witness goes through before anybody sees it: checked, made consistent, made readable.
//!
//! Nothing here decides a goal. Every change of a request is checked by evaluating the formula again, so a step that
//! does not apply leaves the request as it was.

use std::collections::BTreeMap;

use super::native::intervals;
use super::native::meter::Meter;
use crate::logic::{
    Assignment, Atom, Attribute, Decimal, Goal, Kind, Pattern, Ranges, Token, Universe, Value,
};

/// The request with readable values; `None` when it gives one name two values that contradict each other and no way
/// to settle that is found.
pub(super) fn finish(goal: &Goal, request: Assignment) -> Option<Assignment> {
    let settled = settle(goal, request)?;
    Some(readable(goal, settled))
}

/// Formulas may speak of one name as of two kinds, such as a number and a text. One value must then explain both: the
/// value that one kind has is rewritten for the others.
fn settle(goal: &Goal, request: Assignment) -> Option<Assignment> {
    let attributes = goal.formula.attributes();
    let mut kinds: BTreeMap<&str, Vec<&Attribute>> = BTreeMap::new();
    for attribute in &attributes {
        kinds.entry(attribute.name()).or_default().push(attribute);
    }
    kinds.into_values().filter(|kinds| kinds.len() > 1).try_fold(request, |request, kinds| {
        let present = kinds.iter().filter_map(|kind| request.value(kind)).cloned().collect::<Vec<_>>();
        if present.is_empty() {
            return Some(request);
        }
        present.iter().map(|value| agreed(&request, &kinds, value)).find(|next| goal.admits(next))
    })
}

/// The request in which each attribute has what `value` is as one of its kind.
fn agreed(request: &Assignment, kinds: &[&Attribute], value: &Value) -> Assignment {
    let mut next = request.clone();
    for attribute in kinds {
        match converted(value, attribute.kind()) {
            Some(value) => next.set((*attribute).clone(), value),
            None => next.set_absent((*attribute).clone()),
        }
    }
    next
}

/// The value read as one of another kind; `None` when its text is none.
fn converted(value: &Value, kind: Kind) -> Option<Value> {
    if value.kind() == kind {
        return Some(value.clone());
    }
    let text = match value {
        Value::Text(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Instant(micros) => jiff::Timestamp::from_microsecond(*micros).ok()?.to_string(),
        Value::Address(address) => address.to_string(),
        Value::Boolean(value) => value.to_string(),
        Value::Set(set) => match set.iter().collect::<Vec<_>>().as_slice() {
            [only] => (*only).clone(),
            _ => return None,
        },
    };
    match kind {
        Kind::Text => Some(Value::Text(text)),
        Kind::Number => Decimal::parse(&text).map(Value::Number),
        Kind::Instant => {
            text.parse::<jiff::Timestamp>().ok().map(|time| Value::Instant(time.as_microsecond()))
        }
        Kind::Address => text.parse().ok().map(Value::Address),
        Kind::Boolean => text.to_ascii_lowercase().parse().ok().map(Value::Boolean),
        Kind::TextSet => Some(Value::Set([text].into())),
    }
}

/// Replaces values by ones that read like what the policies name, as long as the answer stays the same. Names that
/// have several kinds are left alone: their values depend on each other.
fn readable(goal: &Goal, mut request: Assignment) -> Assignment {
    let mut seen: BTreeMap<Attribute, Mentions> = BTreeMap::new();
    goal.formula.for_each_literal(&mut |literal| match &literal.atom {
        Atom::Matches(attribute, set) => {
            seen.entry(attribute.clone()).or_default().patterns.extend(set.iter().cloned())
        }
        Atom::Within(attribute, ranges) => {
            seen.entry(attribute.clone()).or_default().ranges.push(ranges.clone())
        }
        Atom::Same(..) => literal.atom.attributes().into_iter().for_each(|attribute| {
            seen.entry(attribute.clone()).or_default();
        }),
        _ => {}
    });
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    seen.keys().for_each(|attribute| *kinds.entry(attribute.name().to_owned()).or_default() += 1);
    for (attribute, mentions) in seen {
        let shared = kinds.get(attribute.name()).is_some_and(|kinds| *kinds > 1);
        let fixed = matches!(goal.universe, Universe::Known(_)) && attribute == Attribute::action();
        if shared || fixed {
            continue;
        }
        // A text that is there only to differ from what is asked for need not be there at all.
        let differs = |text: &str| !mentions.patterns.iter().any(|pattern| pattern.matches(text));
        if matches!(request.value(&attribute), Some(Value::Text(text)) if differs(text)) {
            let mut next = request.clone();
            next.set_absent(attribute.clone());
            if goal.admits(&next) {
                request = next;
                continue;
            }
        }
        let candidates = match request.value(&attribute) {
            Some(Value::Text(current)) if current.is_empty() && is_named(&attribute) => {
                vec![Value::Text("example".to_owned())]
            }
            Some(Value::Text(current)) => texts_like(current, mentions.patterns),
            Some(value) => value_like(value, &mentions.ranges).into_iter().collect(),
            None => Vec::new(),
        };
        for candidate in candidates {
            let mut next = request.clone();
            next.set(attribute.clone(), candidate);
            if goal.admits(&next) {
                request = next;
                break;
            }
        }
    }
    request
}

/// Whether a request always names it, so that an empty text reads as if something were missing.
fn is_named(attribute: &Attribute) -> bool {
    [Attribute::action(), Attribute::resource()].contains(attribute)
}

/// What the formula says of an attribute.
#[derive(Default)]
struct Mentions {
    patterns: Vec<Pattern>,
    ranges: Vec<Ranges>,
}

/// Texts that match what `current` matches, the most telling first: from the pattern with the longest fixed beginning.
/// The last resort is the text itself without characters that cannot be printed.
fn texts_like(current: &str, patterns: Vec<Pattern>) -> Vec<Value> {
    let mut matching: Vec<_> = patterns.into_iter().filter(|pattern| pattern.matches(current)).collect();
    matching.sort_by_key(|pattern| std::cmp::Reverse(pattern.literal_prefix().len()));
    let printable = current.chars().all(|c| c.is_ascii_graphic());
    let words =
        matching.iter().take(8).flat_map(|pattern| [filled(pattern, "example"), filled(pattern, "x")]);
    let mut texts: Vec<String> =
        words.filter(|candidate| candidate.len() > current.len() || !printable).collect();
    if !printable {
        texts.push(current.chars().map(|c| if c.is_ascii_graphic() { c } else { 'x' }).collect());
    }
    texts.into_iter().map(Value::Text).collect()
}

/// A readable value that lies in the same ranges.
fn value_like(value: &Value, ranges: &[Ranges]) -> Option<Value> {
    let point = value.point()?;
    let ranges: Vec<&Ranges> = ranges.iter().collect();
    let mut meter = Meter::new(100_000);
    intervals::alike(value.kind(), point, &ranges, &mut meter).ok().flatten()
}

/// The pattern with a word for each run and a letter for each single character.
fn filled(pattern: &Pattern, word: &str) -> String {
    let mut text = String::new();
    for token in pattern.tokens() {
        match token {
            Token::Char(c) => text.push(c),
            Token::One | Token::OneInSegment => text.push('x'),
            Token::Run | Token::RunInSegment => text.push_str(word),
        }
    }
    text
}
