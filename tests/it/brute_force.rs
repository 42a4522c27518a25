//! An engine that tries requests. It finds one that makes a formula true, or none *among those it tried*: values that
//! the formula itself suggests, such as each pattern with nothing, a letter or several segments in place of its
//! wildcards, and values that just miss it.
//!
//! It shares the meaning of an atom with everybody ([`Atom::evaluate`]) and nothing with the engines: no classes, no
//! automaton, no encoding. So a request that it finds refutes *never*. That it finds nothing says nothing.
//!
//! Used by the tests of the solver (`src/solver/tests.rs`) and by those of policies beside this file.

use std::collections::{BTreeMap, BTreeSet};

use super::logic::{
    ActionEntry, Actions, Assignment, Atom, Attribute, Case, Formula, Goal, Kind, Part, Pattern, Patterns,
    Shape, Template, Token, Universe, Value,
};

/// How much is tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BruteForce {
    /// The most values that are tried for one attribute.
    pub(crate) values: usize,
    /// The most choices of a value that are made for one goal.
    pub(crate) steps: usize,
}

impl Default for BruteForce {
    fn default() -> Self {
        Self { values: 60, steps: 2_000 }
    }
}

impl BruteForce {
    /// A request of the universe that makes the formula true, if one is among those that are tried.
    pub(crate) fn find(self, goal: &Goal) -> Option<Assignment> {
        let mut order: Vec<(Attribute, Vec<Option<Value>>)> =
            candidates(goal, self.values).into_iter().collect();
        // Few values first: what they leave of the formula prunes the many.
        order.sort_by_key(|(_, values)| values.len());
        let mut search = Search { goal, order, steps: self.steps };
        search.from(0, Assignment::new())
    }
}

/// A request without an undecided attribute; the way there is cut short where the formula is false already.
struct Search<'a> {
    goal: &'a Goal,
    order: Vec<(Attribute, Vec<Option<Value>>)>,
    steps: usize,
}

impl Search<'_> {
    fn from(&mut self, at: usize, request: Assignment) -> Option<Assignment> {
        if truth(&self.goal.formula, &request) == Some(false) || !exists(&self.goal.universe, &request) {
            return None;
        }
        let Some((attribute, values)) = self.order.get(at).cloned() else { return Some(request) };
        for value in values {
            self.steps = self.steps.checked_sub(1)?;
            let mut next = request.clone();
            match value {
                Some(value) => next.set(attribute.clone(), value),
                None => next.set_absent(attribute.clone()),
            }
            let found = self.from(at + 1, next);
            if found.is_some() {
                return found;
            }
        }
        None
    }
}

/// What is certain about the formula while some attributes are open.
fn truth(formula: &Formula, request: &Assignment) -> Option<bool> {
    let decided = |parts: &[Formula], decisive: bool| {
        let mut open = false;
        for part in parts {
            match truth(part, request) {
                Some(value) if value == decisive => return Some(decisive),
                Some(_) => {}
                None => open = true,
            }
        }
        if open { None } else { Some(!decisive) }
    };
    match formula.shape() {
        None => Some(*formula == Formula::True),
        Some(Shape::All(parts)) => decided(parts, false),
        Some(Shape::Any(parts)) => decided(parts, true),
        Some(Shape::Literal(literal)) => {
            let known = |attribute: &&Attribute| request.known(attribute).is_some();
            let ready = literal.atom.attributes().iter().all(known);
            let holds = if ready { literal.atom.evaluate(request) } else { None };
            holds.map(|holds| holds == literal.positive)
        }
    }
}

/// Whether the universe has the request, as far as its action and resource are chosen.
fn exists(universe: &Universe, request: &Assignment) -> bool {
    let Universe::Known(actions) = universe else { return true };
    match (request.text(&Attribute::action()), request.text(&Attribute::resource())) {
        (Some(action), Some(resource)) => actions.contains(action, resource),
        _ => true,
    }
}

/// What the formula says of one attribute.
#[derive(Default)]
struct Mentions {
    patterns: BTreeSet<Pattern>,
    points: BTreeSet<u128>,
    /// Texts that come from relations with other attributes.
    texts: Vec<String>,
    /// The texts of one statement about a set, together.
    sets: Vec<BTreeSet<String>>,
}

/// For each attribute the values to try.
fn candidates(goal: &Goal, most: usize) -> BTreeMap<Attribute, Vec<Option<Value>>> {
    let mut all: BTreeMap<Attribute, Mentions> = BTreeMap::new();
    goal.formula.for_each_literal(&mut |literal| {
        mention(&literal.atom, &mut all);
        // What is asked for outright comes before what is only left out, of which there may be thousands.
        if let (true, Atom::Matches(attribute, patterns)) = (literal.positive, &literal.atom)
            && patterns.len() == 1
        {
            let texts = patterns.iter().flat_map(|pattern| filled(pattern, &FILLINGS[0]));
            all.entry(attribute.clone()).or_default().texts.extend(texts);
        }
    });
    if let Universe::Known(actions) = &goal.universe {
        let asked = known_actions(actions, &all.entry(Attribute::action()).or_default().patterns);
        let resources = all.entry(Attribute::resource()).or_default();
        for entry in &asked {
            let group = actions.group(entry).into_iter().flat_map(|group| group.patterns.iter());
            resources.texts.extend(group.flat_map(|pattern| filled(pattern, &FILLINGS[1])));
        }
        let names = asked.iter().map(|entry| entry.name.to_string()).collect();
        all.insert(Attribute::action(), Mentions { texts: names, ..Mentions::default() });
    }
    all.into_iter()
        .map(|(attribute, mentions)| (attribute.clone(), values(&attribute, &mentions, most)))
        .collect()
}

fn mention(atom: &Atom, all: &mut BTreeMap<Attribute, Mentions>) {
    match atom {
        Atom::Matches(attribute, patterns)
        | Atom::AnyIn(attribute, patterns)
        | Atom::AllIn(attribute, patterns) => {
            let mentions = all.entry(attribute.clone()).or_default();
            mentions.patterns.extend(patterns.iter().cloned());
            mentions.sets.push(patterns.iter().flat_map(|pattern| filled(pattern, &FILLINGS[1])).collect());
        }
        Atom::Within(attribute, ranges) => {
            // The ends of the line are no values that anybody writes.
            let ends = [0, u128::MAX];
            let bounds = ranges.intervals().iter().flat_map(|(low, high)| [*low, *high]);
            let bounds = bounds.filter(|at| attribute.kind() == Kind::Address || !ends.contains(at));
            let near = bounds.flat_map(|at| [at, at.saturating_sub(1), at.saturating_add(1)]);
            all.entry(attribute.clone()).or_default().points.extend(near);
        }
        Atom::Same(text, pattern) => {
            relate(text, pattern, all);
            relate(pattern, text, all);
        }
        Atom::IsTrue(attribute) | Atom::Present(attribute) => {
            all.entry(attribute.clone()).or_default();
        }
        Atom::Opaque(_) => {}
    }
}

/// What `of` refers to may have to be the whole of `other`, or a piece of it.
fn relate(of: &Template, other: &Template, all: &mut BTreeMap<Attribute, Mentions>) {
    let mut texts: Vec<String> = ["x", ""].iter().filter_map(|word| with_references(other, word)).collect();
    texts.extend(pieces(other.parts()));
    texts.extend(pieces(of.parts()));
    for attribute in of.references() {
        all.entry(attribute.clone()).or_default().texts.extend(texts.iter().cloned());
    }
}

/// The template with `word` for every reference and for every run.
fn with_references(template: &Template, word: &str) -> Option<String> {
    let pattern = template.fill(|_| Some(word.to_owned())).ok()?;
    filled(&pattern, &Filling { run: word, one: 'x' }).into_iter().next()
}

/// The words between the separators of a template's fixed parts.
fn pieces(parts: &[Part]) -> Vec<String> {
    let fixed = parts.iter().filter_map(|part| match part {
        Part::Tokens(tokens) => Some(Pattern::new(tokens.iter().copied(), Case::Sensitive)),
        Part::Reference(_) => None,
    });
    fixed.flat_map(|pattern| words(&pattern)).collect()
}

/// Actions of a catalog for each pattern: some that match it, on different resources, and one that nothing matches.
fn known_actions<'a>(actions: &'a Actions, patterns: &BTreeSet<Pattern>) -> Vec<&'a ActionEntry> {
    let mut found: BTreeSet<&ActionEntry> = BTreeSet::new();
    for pattern in patterns {
        let prefix = pattern.literal_prefix();
        let from = actions.entries().partition_point(|entry| *entry.name < *prefix);
        let alike = actions.entries().iter().skip(from).take_while(|entry| entry.name.starts_with(prefix));
        let mut groups = BTreeSet::new();
        found.extend(
            alike
                .filter(|entry| pattern.matches(&entry.name))
                .filter(|entry| groups.insert(entry.resources))
                .take(4),
        );
    }
    let unnamed = |entry: &&ActionEntry| !patterns.iter().any(|pattern| pattern.matches(&entry.name));
    found.extend(actions.entries().iter().find(unnamed));
    found.into_iter().collect()
}

fn values(attribute: &Attribute, mentions: &Mentions, most: usize) -> Vec<Option<Value>> {
    let mut values: Vec<Option<Value>> = match attribute.kind() {
        Kind::Text => texts(mentions, most).into_iter().map(Value::Text).map(Some).collect(),
        Kind::Boolean => vec![Some(Value::Boolean(true)), Some(Value::Boolean(false))],
        Kind::TextSet => sets(mentions).into_iter().map(Value::Set).map(Some).collect(),
        kind => {
            let zero = Value::at_point(kind, 1 << 127).and_then(|value| value.point());
            let points = mentions.points.iter().copied().chain(zero);
            points.filter_map(|point| Value::at_point(kind, point)).map(Some).collect()
        }
    };
    values.truncate(most);
    // Principal, action and resource are never absent.
    if Formula::present(attribute.clone()) != Formula::True {
        values.insert(values.len().min(1), None);
    }
    values
}

/// Nothing, what one statement lists, each alone, some pairs, all.
fn sets(mentions: &Mentions) -> Vec<BTreeSet<String>> {
    let texts = texts(mentions, usize::MAX);
    let mut sets = vec![BTreeSet::new()];
    sets.extend(mentions.sets.iter().cloned());
    sets.push(texts.iter().cloned().collect());
    sets.extend(texts.iter().map(|text| BTreeSet::from([text.clone()])));
    for (index, one) in texts.iter().enumerate().take(6) {
        let others = texts.iter().skip(index + 1).take(6);
        sets.extend(others.map(|two| BTreeSet::from([one.clone(), two.clone()])));
    }
    sets
}

/// What stands for a run and for a single character.
struct Filling<'a> {
    run: &'a str,
    one: char,
}

const FILLINGS: [Filling<'_>; 3] = [
    Filling { run: "", one: 'x' },
    Filling { run: "x", one: 'x' },
    // Leaves a segment, where the pattern lets it.
    Filling { run: "x:x/x", one: ':' },
];

/// Texts that match the patterns, that match two of them, and that match none, the most telling first. Once there are
/// `most`, no others are thought of.
fn texts(mentions: &Mentions, most: usize) -> Vec<String> {
    let mut all: Vec<String> = mentions.texts.clone();
    for filling in &FILLINGS {
        all.extend(mentions.patterns.iter().flat_map(|pattern| filled(pattern, filling)));
    }
    let mut seen = BTreeSet::new();
    all.retain(|text| seen.insert(text.clone()));
    if all.len() >= most {
        return all;
    }
    all.extend(["x".to_owned(), String::new()]);
    let others: BTreeSet<String> = mentions
        .patterns
        .iter()
        .flat_map(|pattern| [words(pattern), filled(pattern, &FILLINGS[1])].concat())
        .collect();
    for pattern in mentions.patterns.iter().filter(|pattern| pattern.as_literal().is_none()) {
        all.extend(others.iter().flat_map(|run| filled(pattern, &Filling { run, one: 'x' })));
    }
    for near in all.clone() {
        all.push(format!("{near}~"));
        all.extend(near.char_indices().last().and_then(|(end, _)| near.get(..end)).map(str::to_owned));
        all.push(near.to_ascii_uppercase());
    }
    let mut seen = BTreeSet::new();
    all.retain(|text| seen.insert(text.clone()));
    all
}

/// The pattern with something in place of its wildcards; in the other case too where it ignores case.
fn filled(pattern: &Pattern, filling: &Filling<'_>) -> Vec<String> {
    let mut text = String::new();
    for token in pattern.tokens() {
        match token {
            Token::Char(c) => text.push(c),
            Token::One | Token::OneInSegment => text.push(filling.one),
            Token::Run | Token::RunInSegment => text.push_str(filling.run),
        }
    }
    match pattern.case() {
        Case::Sensitive => vec![text],
        Case::Insensitive => vec![text.to_ascii_uppercase(), text],
    }
}

/// The words of a pattern: what stands between wildcards, slashes and colons.
fn words(pattern: &Pattern) -> Vec<String> {
    let is_letter = |token: &Token| matches!(token, Token::Char(c) if *c != '/' && *c != ':');
    let tokens: Vec<Token> = pattern.tokens().collect();
    let runs = tokens.split(|token| !is_letter(token)).filter(|run| !run.is_empty());
    let text = |run: &[Token]| {
        run.iter().filter_map(|token| if let Token::Char(c) = token { Some(*c) } else { None }).collect()
    };
    runs.map(text).collect()
}

/// Whether a request of the goal's universe does not make its formula false: what an engine's witness must pass.
pub(crate) fn satisfies(goal: &Goal, request: &Assignment) -> bool {
    let text = |attribute: Attribute| request.text(&attribute).unwrap_or_default().to_owned();
    let exists = match &goal.universe {
        Universe::Any => true,
        Universe::Known(actions) => {
            actions.contains(&text(Attribute::action()), &text(Attribute::resource()))
        }
    };
    exists && goal.formula.evaluate(request) != Some(false)
}

/// The formula that holds for requests that agree with `request` on all attributes of `formula`, on the action and on
/// the resource.
pub(crate) fn fixed(formula: &Formula, request: &Assignment) -> Formula {
    let named = [Attribute::action(), Attribute::resource()];
    Formula::all(formula.attributes().into_iter().chain(named).map(
        |attribute| match request.value(&attribute) {
            None => Formula::present(attribute).not(),
            Some(Value::Text(text)) => Formula::matches(attribute, Patterns::literal(text)),
            Some(Value::Boolean(true)) => Formula::is_true(attribute),
            Some(Value::Boolean(false)) => Formula::is_false(attribute),
            Some(Value::Set(set)) => members(&attribute, set),
            Some(value) => match super::logic::Ranges::exactly(value) {
                Some(ranges) => Formula::within(attribute, ranges),
                None => Formula::False,
            },
        },
    ))
}

/// The set has exactly these members.
fn members(attribute: &Attribute, set: &BTreeSet<String>) -> Formula {
    let literals = |texts: &BTreeSet<String>| {
        Patterns::of(texts.iter().map(|text| Pattern::literal(text, Case::Sensitive)))
    };
    let each = set.iter().map(|text| Formula::any_in(attribute.clone(), Patterns::literal(text)));
    let none_else = if set.is_empty() {
        Formula::present(attribute.clone())
            .and(Formula::any_in(attribute.clone(), Patterns::anything()).not())
    } else {
        Formula::all_in(attribute.clone(), literals(set))
    };
    Formula::all(each.chain([none_else]))
}
