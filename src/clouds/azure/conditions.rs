//! Conditions as formulas.
//!
//! What a comparison comes to whose attribute a request lacks is documented only where it stands as it is: the check fails
//! (<https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac-attributes#suboperations>). The operators with `Not`
//! are called the "negation of" the others, and yet an example asks for `NOT Exists` beside `StringNotEquals`, so that
//! blobs without the tag can be read
//! (<https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac-examples>). So what holds there of a negation, of a
//! comparison under `NOT`, and of `ForAll…`, is open: both outcomes are considered.

use super::abac;
use super::condition::{Comparison, Condition, Expression, InName, Key, Order, Quantifier, Test, TextTest};
use super::names::{self, ACCOUNTS, BLOBS, CONTAINERS, QUEUES, StorageParts};
use super::roles;
use crate::logic::{
    Attribute, Case, Decimal, Formula, Kind, Part, Pattern, Patterns, Ranges, Template, Token, Value,
};
use crate::model::{Gap, GapKind, Origin};
use crate::text::{Problem, Tree};

/// The attribute of formulas for an attribute of conditions.
pub(super) fn attribute(key: &Key) -> Attribute {
    Attribute::new(key.name.clone(), key.kind)
}

/// What is known of the resource that is asked on.
#[derive(Clone, Copy)]
pub(super) enum Place<'a> {
    /// Nothing.
    Anywhere,
    /// It is the resource of that name.
    At(&'a str),
    /// It is that resource or lies in it.
    In(&'a str),
}

/// The requests for which a condition holds; `True` for none.
pub(super) fn holds(condition: Option<&Condition>, place: Place<'_>) -> Formula {
    condition.map_or(Formula::True, |condition| lower(&condition.expression, place, true))
}

/// The requests for which a condition holds that stands alone. `None` after a problem.
pub(super) fn circumstances(tree: &Tree, problems: &mut Vec<Problem>) -> Option<Formula> {
    let Some(text) = tree.as_text() else {
        let message = format!("expected a condition to be a string, found {}", tree.kind_name());
        let help = "write it as role assignments do: `@Resource[…] StringEquals '…'`";
        problems.push(Problem::error("condition", message).at(tree.span).help(help));
        return None;
    };
    let place = |start, end| Some(text.source_span(tree.span, start, end));
    let condition = abac::read(text.as_str(), None, &place);
    let before = problems.len();
    condition.expression.for_each_opaque(&mut |part, span| {
        let message = format!("the condition `{part}` is not understood");
        problems.push(Problem::error("condition", message).at(span.unwrap_or(tree.span)));
    });
    (problems.len() == before).then(|| holds(Some(&condition), Place::Anywhere))
}

/// One gap for each part of the condition that is not understood.
pub(super) fn gaps(condition: Option<&Condition>) -> Vec<Gap> {
    let mut found = Vec::new();
    if let Some(condition) = condition {
        condition.expression.for_each_opaque(&mut |part, span| {
            let origin = Origin { span, what: "condition".to_owned(), ..Origin::default() };
            found.push(Gap {
                kind: GapKind::OpaqueCondition,
                message: format!("the condition `{part}` is not understood; both outcomes were considered"),
                origin: span.is_some().then_some(origin),
            });
        });
    }
    found
}

/// `plainly` is false below an odd number of `NOT`s.
fn lower(expression: &Expression, place: Place<'_>, plainly: bool) -> Formula {
    match expression {
        Expression::Not(inner) => lower(inner, place, !plainly).not(),
        Expression::And(parts) => Formula::all(parts.iter().map(|part| lower(part, place, plainly))),
        Expression::Or(parts) => Formula::any(parts.iter().map(|part| lower(part, place, plainly))),
        Expression::Action(pattern) => {
            Formula::matches(Attribute::action(), Patterns::of([roles::pattern(pattern)]))
        }
        Expression::SubOperation(pattern) => {
            let tokens = pattern.chars().map(|c| if c == '*' { Token::Run } else { Token::Char(c) });
            let pattern = Pattern::new(tokens, Case::Insensitive);
            Formula::matches(attribute(&Key::suboperation()), Patterns::of([pattern]))
        }
        Expression::Exists(key) => present(key, place),
        Expression::Compare(comparison) => match compare(comparison, place) {
            Some(holds) if comparison.fails_without_value(plainly) => holds,
            Some(holds) => {
                let others = comparison.others().map(|other| present(other, place));
                let present = present(&comparison.key, place).and(Formula::all(others));
                holds.and(present.clone()).or(present.not().and(opaque("without a value", comparison)))
            }
            None => opaque("unsaid", comparison),
        },
        Expression::Opaque(part, _) => Formula::opaque(format!("azure:{part}")),
    }
}

/// A comparison of which it is open whether it holds.
fn opaque(why: &str, comparison: &Comparison) -> Formula {
    Formula::opaque(format!("azure:{why} {comparison:?}"))
}

/// The request has the attribute.
fn present(key: &Key, place: Place<'_>) -> Formula {
    match key.in_name() {
        None => Formula::present(attribute(key)),
        Some(part) => in_name(part, &Pattern::anything(), place),
    }
}

fn constant(holds: bool) -> Formula {
    if holds { Formula::True } else { Formula::False }
}

/// What holds if the request has the attribute, and `None` for what cannot be said in formulas.
fn compare(comparison: &Comparison, place: Place<'_>) -> Option<Formula> {
    let Comparison { key, quantifier, negated, tests } = comparison;
    if key.kind == Kind::TextSet {
        return set(&attribute(key), (*quantifier)?, *negated, tests);
    }
    let one = |test: &Test| {
        let holds = test_one(key, test, place)?;
        Some(if *negated { holds.not() } else { holds })
    };
    let Some(quantifier) = quantifier else { return one(tests.first()?) };
    let each: Option<Vec<Formula>> = tests.iter().map(one).collect();
    let right = if quantifier.all_right { Formula::all(each?) } else { Formula::any(each?) };
    Some(present(key, place).and(right))
}

/// The one value of the attribute satisfies the test.
fn test_one(key: &Key, test: &Test, place: Place<'_>) -> Option<Formula> {
    let attribute = attribute(key);
    Some(match test {
        Test::Bool(true) => Formula::is_true(attribute),
        Test::Bool(false) => Formula::is_false(attribute),
        Test::Number(order, number) => {
            let value = Value::Number(Decimal::parse(&number.to_string())?);
            Formula::within(attribute, ranges(*order, &value)?)
        }
        Test::Instant(order, instant) => {
            Formula::within(attribute, ranges(*order, &Value::Instant(*instant))?)
        }
        Test::ExactInstant(order, seconds) => {
            Formula::within(attribute, ranges(*order, &Value::Number(*seconds))?)
        }
        Test::Other(how, ignore_case, other) => {
            let case = if *ignore_case { Case::Insensitive } else { Case::Sensitive };
            let behind = match how {
                TextTest::Equals => None,
                TextTest::StartsWith => Some(Part::Tokens([Token::Run].into())),
                TextTest::Like => return None,
            };
            let own = Part::Reference(self::attribute(other));
            Formula::same(attribute, Template::new(std::iter::once(own).chain(behind), case))
        }
        Test::Text(..) | Test::Guid(_) => match key.in_name() {
            None => Formula::matches(attribute, Patterns::of([text_pattern(test)?])),
            Some(part) => in_name(part, &name_pattern(part, test)?, place),
        },
    })
}

fn ranges(order: Order, value: &Value) -> Option<Ranges> {
    match order {
        Order::Equal => Ranges::exactly(value),
        Order::Less => Ranges::below(value, false),
        Order::LessOrEqual => Ranges::below(value, true),
        Order::Greater => Ranges::above(value, false),
        Order::GreaterOrEqual => Ranges::above(value, true),
    }
}

/// The texts that satisfy a test of texts.
fn text_pattern(test: &Test) -> Option<Pattern> {
    match test {
        Test::Guid(guid) => Some(Pattern::literal(guid, Case::Insensitive)),
        Test::Text(how, ignore_case, text) => {
            let case = if *ignore_case { Case::Insensitive } else { Case::Sensitive };
            Some(match how {
                TextTest::Equals => Pattern::literal(text, case),
                TextTest::StartsWith => Pattern::prefix(text, case),
                TextTest::Like => Pattern::new(like(text), case),
            })
        }
        _ => None,
    }
}

/// `*` and `?` are wildcards unless a backslash stands before them.
fn like(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        tokens.push(match (c, rest.peek()) {
            ('\\', Some('*' | '?')) => Token::Char(rest.next().unwrap_or(c)),
            ('*', _) => Token::Run,
            ('?', _) => Token::One,
            _ => Token::Char(c),
        });
    }
    tokens
}

/// Names of accounts and containers are in lower case, and "attributes and values listed are considered
/// case-insensitive, unless stated otherwise"; paths of blobs tell cases apart:
/// <https://learn.microsoft.com/azure/storage/blobs/storage-auth-abac-attributes>.
fn name_pattern(part: InName, test: &Test) -> Option<Pattern> {
    let pattern = text_pattern(test)?;
    if part == InName::Path {
        return Some(pattern);
    }
    let pattern = Pattern::new(pattern.tokens(), Case::Insensitive);
    // A wildcard stays within the name; only at the end that can be said of the whole name of a resource.
    let tokens: Vec<Token> = pattern.tokens().collect();
    let mut inner = tokens.iter().rev().skip_while(|token| **token == Token::Run);
    inner.all(|token| matches!(token, Token::Char(_))).then_some(pattern)
}

fn own_part(part: InName, resource: &str) -> Option<&str> {
    let parts = names::storage_parts(resource)?;
    match part {
        InName::Account => Some(parts.account),
        InName::Container => parts.container,
        InName::Path => parts.path,
        InName::Queue => parts.queue,
    }
}

/// The resource's name has this part, and it matches.
fn in_name(part: InName, pattern: &Pattern, place: Place<'_>) -> Formula {
    let known = |name: &str| own_part(part, name).map(|own| constant(pattern.matches(own)));
    match place {
        Place::At(name) => known(name).unwrap_or(Formula::False),
        // What lies in a resource has its account and container, and a path of its own.
        Place::In(name) if part != InName::Path => known(name).unwrap_or_else(|| below(part, pattern, name)),
        Place::In(name) => below(part, pattern, name),
        Place::Anywhere => anywhere(part, pattern),
    }
}

/// The same for what lies in `name`, whose own name does not settle the part.
fn below(part: InName, pattern: &Pattern, name: &str) -> Formula {
    let like = |head: &str, pattern: &Pattern| follows(head.chars().map(Token::Char), pattern, part);
    let path = |head: &str| {
        let some = Pattern::new([Token::One, Token::Run], Case::Sensitive);
        like(head, &some).and(like(head, pattern))
    };
    match (part, names::storage_parts(name)) {
        (InName::Container, Some(StorageParts { account, .. })) if name.ends_with(&format!("/{account}")) => {
            like(&format!("{name}/blobServices/default/containers/"), pattern)
        }
        (InName::Queue, Some(StorageParts { account, .. })) if name.ends_with(&format!("/{account}")) => {
            like(&format!("{name}/queueServices/default/queues/"), pattern)
        }
        (InName::Path, Some(StorageParts { container: Some(container), path: None, .. }))
            if name.ends_with(container) =>
        {
            path(&format!("{name}{BLOBS}"))
        }
        (InName::Path, Some(StorageParts { path: Some(own), .. })) => {
            path(name.strip_suffix(own).unwrap_or(name))
        }
        _ => anywhere(part, pattern),
    }
}

/// The part stands right behind `head`: to the end for a path, up to a slash for the others.
fn follows(head: impl Iterator<Item = Token>, pattern: &Pattern, part: InName) -> Formula {
    let own: Vec<Token> = head.chain(pattern.tokens()).collect();
    let matches = |patterns: Vec<Pattern>| Formula::matches(Attribute::resource(), Patterns::of(patterns));
    if part == InName::Path {
        return matches(vec![Pattern::new(own, pattern.case())]);
    }
    let deeper = own.iter().copied().chain([Token::Char('/'), Token::Run]);
    matches(vec![Pattern::new(deeper, Case::Insensitive), Pattern::new(own, Case::Insensitive)])
}

/// The part stands behind its markers, wherever those are; see [`facts`].
fn anywhere(part: InName, pattern: &Pattern) -> Formula {
    let head = |texts: &[&str]| {
        let texts: Vec<Vec<Token>> =
            texts.iter().map(|text| text.chars().map(Token::Char).collect()).collect();
        texts.into_iter().flat_map(|text| std::iter::once(Token::Run).chain(text))
    };
    match part {
        InName::Account => follows(head(&[ACCOUNTS]), pattern, part),
        InName::Container => follows(head(&[ACCOUNTS, CONTAINERS]), pattern, part),
        InName::Queue => follows(head(&[ACCOUNTS, QUEUES]), pattern, part),
        InName::Path => {
            // Something has to stand there, and in the very case that is asked for.
            let markers = [ACCOUNTS, CONTAINERS, BLOBS];
            let some = Pattern::new([Token::One, Token::Run], Case::Insensitive);
            let folded = Pattern::new(pattern.tokens(), Case::Insensitive);
            Formula::all([
                follows(head(&markers), &some, part),
                follows(head(&markers), &folded, part),
                follows(head(&[BLOBS]), pattern, part),
            ])
        }
    }
}

/// What holds for the names of resources that conditions are about, in requests for the data of storage accounts.
///
/// A run in a pattern also takes slashes, so names in which a marker occurs twice are left out of the questions that
/// are asked about many resources, and the word before a blob's path is in lower case. Within a container, whose name
/// stands first, nothing has to be said.
pub(super) fn facts(place: Place<'_>) -> Formula {
    let anchored = match place {
        Place::Anywhere => false,
        Place::At(_) => true,
        Place::In(name) => names::storage_parts(name).is_some_and(|parts| {
            parts.path.is_some() || parts.container.is_some_and(|container| name.ends_with(container))
        }),
    };
    if anchored {
        return Formula::True;
    }
    let like = |glob: &str, case: Case| {
        Formula::matches(Attribute::resource(), Patterns::of([Pattern::glob(glob, case)]))
    };
    let any = |glob: String| like(&glob, Case::Insensitive);
    let again = |marker: &str| marker.trim_start_matches('/').to_owned();
    let in_container = format!("*{ACCOUNTS}*{CONTAINERS}*");
    let about_data = roles::data_matching(&["microsoft.storage/*".into()]);
    about_data.implies(Formula::all([
        any(format!("*{ACCOUNTS}*{}*", again(ACCOUNTS))).not(),
        any(format!("*{ACCOUNTS}*/*{CONTAINERS}*")).not(),
        any(format!("*{ACCOUNTS}*/*{QUEUES}*")).not(),
        any(format!("*{ACCOUNTS}*{QUEUES}*{}*", again(QUEUES))).not(),
        any(format!("{in_container}/*{BLOBS}*")).not(),
        any(format!("{in_container}{}*", again(CONTAINERS))).not(),
        any(format!("{in_container}{BLOBS}*{BLOBS}*")).not(),
        any(format!("{in_container}{BLOBS}blobs/*")).not(),
        any(format!("{in_container}{BLOBS}*")).implies(like(&format!("*{BLOBS}*"), Case::Sensitive)),
    ]))
}

/// An attribute of several values. `None` where both sides need more than sets of patterns can say.
fn set(attribute: &Attribute, quantifier: Quantifier, negated: bool, tests: &[Test]) -> Option<Formula> {
    let each: Option<Vec<Pattern>> = tests.iter().map(text_pattern).collect();
    let each = each?;
    let all = Patterns::of(each.iter().cloned());
    let present = || Formula::present(attribute.clone());
    let some_in = |patterns: &Patterns| Formula::any_in(attribute.clone(), patterns.clone());
    let all_in = |patterns: &Patterns| Formula::all_in(attribute.clone(), patterns.clone());
    let some_outside = |patterns: &Patterns| present().and(all_in(patterns).not());
    let alone = |pattern: &Pattern| Patterns::of([pattern.clone()]);
    // What all values on the right have in common: of equal ones that one, of different exact ones nothing.
    let exact = each.iter().all(|pattern| pattern.as_literal().is_some());
    let common = || match (all.len(), exact) {
        (1, _) => Some(all.clone()),
        (_, true) => Some(Patterns::of([])),
        _ => None,
    };
    Some(match (quantifier.all_left, quantifier.all_right, negated) {
        (false, false, false) => some_in(&all),
        (false, false, true) => Formula::any(each.iter().map(|one| some_outside(&alone(one)))),
        (false, true, false) => some_in(&common()?),
        (false, true, true) => some_outside(&all),
        (true, false, false) => all_in(&all),
        (true, false, true) => some_in(&common()?).not(),
        (true, true, false) => Formula::all(each.iter().map(|one| all_in(&alone(one)))),
        (true, true, true) => some_in(&all).not(),
    })
}

/// Whether a condition asks what a resource's name tells.
pub(super) fn asks_names(condition: Option<&Condition>) -> bool {
    let mut found = false;
    if let Some(condition) = condition {
        condition.expression.for_each_key(&mut |key| found |= key.in_name().is_some());
    }
    found
}
