//! What an engine's witness goes through before anybody sees it: checked, made consistent, made readable.
//!
//! Nothing here decides a goal. Every change of a request is checked by evaluating the formula again, so a step that
//! does not apply leaves the request as it was.

use std::collections::BTreeMap;

use crate::logic::{
    Assignment, Atom, Attribute, Decimal, Formula, Goal, Kind, Pattern, Token, Universe, Value,
};

/// Whether the request belongs to the universe and does not make the formula false.
pub(super) fn satisfies(goal: &Goal, request: &Assignment) -> bool {
    let exists = match &goal.universe {
        Universe::Any => true,
        Universe::Known(actions) => {
            let text = |attribute| request.text(&attribute).unwrap_or_default();
            actions.contains(text(Attribute::action()), text(Attribute::resource()))
        }
    };
    exists && goal.formula.evaluate(request) != Some(false)
}

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
        present.iter().map(|value| agreed(&request, &kinds, value)).find(|next| satisfies(goal, next))
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

/// Replaces texts by ones that read like what the policies name, as long as the answer stays the same.
fn readable(goal: &Goal, mut request: Assignment) -> Assignment {
    let known = matches!(goal.universe, Universe::Known(_));
    let mut patterns: BTreeMap<Attribute, Vec<Pattern>> = BTreeMap::new();
    goal.formula.for_each_literal(&mut |literal| {
        if let Atom::Matches(attribute, set) = &literal.atom
            && request.text(attribute).is_some()
            && !(known && *attribute == Attribute::action())
        {
            patterns.entry(attribute.clone()).or_default().extend(set.iter().cloned());
        }
    });
    for (attribute, patterns) in patterns {
        let current = request.text(&attribute).unwrap_or_default().to_owned();
        let mut matching: Vec<_> = patterns.into_iter().filter(|pattern| pattern.matches(&current)).collect();
        matching.sort_by_key(|pattern| std::cmp::Reverse(pattern.literal_prefix().len()));
        let candidates =
            matching.iter().take(8).flat_map(|pattern| [filled(pattern, "example"), filled(pattern, "x")]);
        for candidate in candidates.filter(|candidate| candidate.len() > current.len()) {
            let next = request.clone().with_text(attribute.clone(), candidate);
            if is_settled(&goal.formula, &next) && satisfies(goal, &next) {
                request = next;
                break;
            }
        }
    }
    request
}

/// Whether no name has values of two kinds, so that a text may be replaced on its own.
fn is_settled(formula: &Formula, request: &Assignment) -> bool {
    let attributes = formula.attributes();
    let mut names: Vec<&str> = attributes
        .iter()
        .filter(|attribute| request.value(attribute).is_some())
        .map(Attribute::name)
        .collect();
    let count = names.len();
    names.dedup();
    names.len() == count
}

/// The pattern with a word for each run and a letter for each single character.
fn filled(pattern: &Pattern, word: &str) -> String {
    let mut text = String::new();
    for token in pattern.tokens() {
        match token {
            Token::Char(c) => text.push(*c),
            Token::One | Token::OneInSegment => text.push('x'),
            Token::Run | Token::RunInSegment => text.push_str(word),
        }
    }
    text
}
