//! Goals as scripts in SMT-LIB 2.7: what the Z3 engine reads and what `--dump-smt` writes, one and the same.
//!
//! The encoding is direct. A text is a string constant and a pattern a regular expression; numbers and instants are
//! integers, addresses bit vectors; each attribute that may be absent has a truth value that says whether it is there.
//! A set has as many members as there are statements about it: one witness for each statement that needs one is
//! enough, and fewer members never make a statement fail that held. Known actions are one bit vector over the classes
//! of actions that the formula cannot tell apart.
//! What has no encoding makes the whole script [`None`]; nothing is approximated.

mod actions;
mod finite;
mod patterns;
mod relations;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use rustc_hash::FxHashMap;

#[cfg(all(test, feature = "z3"))]
pub(super) use self::patterns::quoted;
use self::patterns::regex;
#[cfg(feature = "z3")]
use crate::logic::Value;
use crate::logic::{Atom, Attribute, Formula, Goal, Kind, Literal, Patterns, Ranges, Shape, Universe};

/// A goal as a script, and the meaning of its constants.
#[cfg_attr(not(feature = "z3"), expect(dead_code, reason = "read by the Z3 engine alone"))]
pub(super) struct Script {
    /// Declarations and assertions, without commands.
    pub(super) text: String,
    /// The constant that stands for each attribute.
    pub(super) variables: BTreeMap<Attribute, Constant>,
    /// The classes of known actions, by the value of the constant [`ACTION_CLASS`]; empty for plain texts.
    pub(super) classes: Vec<ActionClass>,
}

/// How an attribute is written.
#[cfg_attr(not(feature = "z3"), expect(dead_code, reason = "read by the Z3 engine alone"))]
#[derive(Clone, Debug)]
pub(super) struct Constant {
    /// The constant that holds the value; for sets the beginning of the members' names.
    pub(super) name: String,
    /// The truth value that says whether the attribute is present; none for attributes that always are.
    pub(super) present: Option<String>,
    /// For sets, how many members there are; member `i` is `NAME_i`, and counts if `NAME_i_in` is true.
    pub(super) members: usize,
    /// For texts that are written as classes, one text of each.
    pub(super) examples: Vec<String>,
}

/// How texts are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "z3"), expect(dead_code, reason = "only the Z3 engine asks for classes"))]
pub(super) enum Texts {
    /// As strings.
    Direct,
    /// As classes where that takes no more than so many steps, as strings otherwise.
    Classes(u64),
}

/// A class of actions of one group of resources that the formula cannot tell apart.
#[cfg_attr(not(feature = "z3"), expect(dead_code, reason = "read by the Z3 engine alone"))]
#[derive(Clone, Debug)]
pub(super) struct ActionClass {
    /// One of them.
    pub(super) name: Arc<str>,
    /// Their group of resources.
    pub(super) group: u32,
}

/// The constant for the class of a known action.
pub(super) const ACTION_CLASS: &str = "action-class";
/// More statements about one set than this are not encoded.
const MOST_MEMBERS: usize = 24;
/// Formulas nested deeper than this are not encoded.
const DEEPEST: usize = 400;

/// The script for `goal`, in which actions are kept to their resources for the groups in `groups` only; `None` when
/// the goal has no encoding.
pub(super) fn script(goal: &Goal, groups: &BTreeSet<u32>, texts: Texts) -> Option<Script> {
    let mut writer = Writer::default();
    if let Texts::Classes(budget) = texts {
        writer.plan_classes(goal, groups, budget);
    }
    writer.declare_sets(&goal.formula);
    if let Universe::Known(actions) = &goal.universe {
        writer.declare_actions(&goal.formula, actions)?;
    }
    let root = writer.formula(&goal.formula, 0)?;
    let _ = writeln!(writer.body, "(assert {root})");
    if let Universe::Known(actions) = &goal.universe {
        writer.keep_to_groups(actions, groups)?;
    }
    let Writer { head, body, variables, classes, .. } = writer;
    Some(Script { text: format!("{head}{body}"), variables, classes })
}

/// The whole question as a script that any solver reads, with all groups of resources.
pub(super) fn standalone(goal: &Goal) -> Option<String> {
    let groups = match &goal.universe {
        Universe::Any => BTreeSet::new(),
        Universe::Known(actions) => (0..).zip(actions.groups()).map(|(group, _)| group).collect(),
    };
    let script = script(goal, &groups, Texts::Direct)?;
    Some(format!("(set-logic ALL)\n{}(check-sat)\n(get-model)\n", script.text))
}

#[derive(Default)]
struct Writer {
    /// Declarations and definitions of regular expressions.
    head: String,
    /// Definitions of formulas, and assertions.
    body: String,
    variables: BTreeMap<Attribute, Constant>,
    regexes: BTreeMap<Patterns, String>,
    formulas: FxHashMap<usize, String>,
    opaques: BTreeMap<Arc<str>, String>,
    classes: Vec<ActionClass>,
    /// By atom about the action, the classes for which it holds.
    action_atoms: BTreeMap<Patterns, Vec<usize>>,
    /// The classes of texts that are written as such.
    planned: BTreeMap<Attribute, finite::Classes>,
    fresh: usize,
}

impl Writer {
    fn formula(&mut self, formula: &Formula, depth: usize) -> Option<String> {
        let node = match formula {
            Formula::True => return Some("true".to_owned()),
            Formula::False => return Some("false".to_owned()),
            Formula::Node(node) => node,
        };
        if let Some(ready) = self.formulas.get(&node.address()) {
            return Some(ready.clone());
        }
        if depth > DEEPEST {
            return None;
        }
        let (connective, parts) = match node.shape() {
            Shape::Literal(literal) => return self.literal(literal),
            Shape::All(parts) => ("and", parts),
            Shape::Any(parts) => ("or", parts),
        };
        let mut terms = Vec::with_capacity(parts.len());
        for part in parts.iter() {
            terms.push(self.formula(part, depth + 1)?);
        }
        let name = format!("f{}", self.formulas.len());
        let _ = writeln!(self.body, "(define-fun {name} () Bool ({connective} {}))", terms.join(" "));
        self.formulas.insert(node.address(), name.clone());
        Some(name)
    }

    fn literal(&mut self, literal: &Literal) -> Option<String> {
        let atom = match &literal.atom {
            Atom::Same(text, pattern) => self.related(text, pattern, literal.positive)?,
            atom => self.atom(atom)?,
        };
        Some(if literal.positive { atom } else { format!("(not {atom})") })
    }

    fn atom(&mut self, atom: &Atom) -> Option<String> {
        let Some(attribute) = atom.attributes().first().copied().cloned() else {
            return if let Atom::Opaque(id) = atom { Some(self.opaque(id)) } else { None };
        };
        let kind = attribute.kind();
        let holds = match atom {
            Atom::Matches(_, patterns) if !self.classes.is_empty() && attribute == Attribute::action() => {
                return Some(self.action_in(patterns));
            }
            Atom::Matches(_, patterns) if kind == Kind::Text => self.text_in(&attribute, patterns)?,
            Atom::Within(_, ranges) if kind == Kind::Address => self.address_in(&attribute, ranges),
            Atom::Within(_, ranges) if matches!(kind, Kind::Number | Kind::Instant) => {
                self.number_in(&attribute, ranges)?
            }
            Atom::IsTrue(_) if kind == Kind::Boolean => self.constant(&attribute).name,
            Atom::Present(_) => "true".to_owned(),
            Atom::AnyIn(_, patterns) if kind == Kind::TextSet => self.members(&attribute, patterns, true)?,
            Atom::AllIn(_, patterns) if kind == Kind::TextSet => self.members(&attribute, patterns, false)?,
            _ => return Some("false".to_owned()),
        };
        let present = self.constant(&attribute).present;
        Some(present.map_or(holds.clone(), |present| format!("(and {present} {holds})")))
    }

    fn text_in(&mut self, attribute: &Attribute, patterns: &Patterns) -> Option<String> {
        if let Some(told) = self.class_matches(attribute, patterns) {
            return Some(told);
        }
        if self.planned.contains_key(attribute) {
            return Some(if patterns.is_empty() { "false" } else { "true" }.to_owned());
        }
        let regex = self.regex(patterns)?;
        Some(format!("(str.in_re {} {regex})", self.constant(attribute).name))
    }

    fn opaque(&mut self, id: &Arc<str>) -> String {
        let next = format!("opaque-{}", self.opaques.len());
        if let Some(ready) = self.opaques.get(id) {
            return ready.clone();
        }
        let _ = writeln!(self.head, "(declare-const {next} Bool)");
        self.opaques.insert(id.clone(), next.clone());
        next
    }

    fn address_in(&mut self, attribute: &Attribute, ranges: &Ranges) -> String {
        let name = self.constant(attribute).name;
        let parts = ranges.intervals().iter().map(|(low, high)| {
            if low == high {
                format!("(= {name} #x{low:032x})")
            } else {
                format!("(and (bvule #x{low:032x} {name}) (bvule {name} #x{high:032x}))")
            }
        });
        any_of(parts.collect())
    }

    fn number_in(&mut self, attribute: &Attribute, ranges: &Ranges) -> Option<String> {
        let name = self.constant(attribute).name;
        let mut parts = Vec::new();
        for (low, high) in ranges.intervals() {
            let (low, high) = (integer(signed(*low)), integer(signed(*high)));
            parts.push(if low == high {
                format!("(= {name} {low})")
            } else {
                format!("(<= {low} {name} {high})")
            });
        }
        Some(any_of(parts))
    }

    /// Some member, or every member, matches.
    fn members(&mut self, attribute: &Attribute, patterns: &Patterns, some: bool) -> Option<String> {
        let Constant { name, members, .. } = self.constant(attribute);
        if members > MOST_MEMBERS {
            return None;
        }
        let regex = self.regex(patterns)?;
        let member = |index: usize| {
            if some {
                format!("(and {name}_{index}_in (str.in_re {name}_{index} {regex}))")
            } else {
                format!("(=> {name}_{index}_in (str.in_re {name}_{index} {regex}))")
            }
        };
        let parts: Vec<String> = (0..members).map(member).collect();
        Some(if some { any_of(parts) } else { all_of(parts) })
    }

    /// The name of a regular expression for the patterns.
    fn regex(&mut self, patterns: &Patterns) -> Option<String> {
        if let Some(ready) = self.regexes.get(patterns) {
            return Some(ready.clone());
        }
        let mut terms = Vec::with_capacity(patterns.len());
        for pattern in patterns.iter() {
            terms.push(regex(pattern)?);
        }
        let term = joined("re.union", "re.none", terms);
        let name = format!("r{}", self.regexes.len());
        let _ = writeln!(self.head, "(define-fun {name} () RegLan {term})");
        self.regexes.insert(patterns.clone(), name.clone());
        Some(name)
    }
}

/// Constants.
impl Writer {
    fn constant(&mut self, attribute: &Attribute) -> Constant {
        if let Some(ready) = self.variables.get(attribute) {
            return ready.clone();
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        let clean: String =
            attribute.name().chars().map(|c| if plain(c) { c } else { '_' }).take(40).collect();
        let name = format!("v{}_{clean}", self.variables.len());
        let always = Formula::present(attribute.clone()) == Formula::True;
        let present = (!always).then(|| format!("{name}_present"));
        let examples =
            self.planned.get(attribute).map(|classes| classes.examples.clone()).unwrap_or_default();
        let sort = match attribute.kind() {
            Kind::Text if !examples.is_empty() => Some("(_ BitVec 32)"),
            Kind::Text => Some("String"),
            Kind::Number | Kind::Instant => Some("Int"),
            Kind::Address => Some("(_ BitVec 128)"),
            Kind::Boolean => Some("Bool"),
            Kind::TextSet => None,
        };
        if let Some(sort) = sort {
            let _ = writeln!(self.head, "(declare-const {name} {sort})");
        }
        if let Some(present) = &present {
            let _ = writeln!(self.head, "(declare-const {present} Bool)");
        }
        if let Some((low, high)) = domain(attribute.kind()) {
            let _ = writeln!(self.head, "(assert (<= {} {name} {}))", integer(low), integer(high));
        }
        if let Some(most) = examples.len().checked_sub(1) {
            let _ = writeln!(self.head, "(assert (bvule {name} #x{most:08x}))");
        }
        let constant = Constant { name, present, members: 0, examples };
        self.variables.insert(attribute.clone(), constant.clone());
        constant
    }

    /// Declares the sets with a member for each statement about them.
    fn declare_sets(&mut self, formula: &Formula) {
        let mut statements: BTreeMap<Attribute, BTreeSet<Atom>> = BTreeMap::new();
        formula.for_each_literal(&mut |literal| {
            if let Atom::AnyIn(attribute, _) | Atom::AllIn(attribute, _) = &literal.atom {
                statements.entry(attribute.clone()).or_default().insert(literal.atom.clone());
            }
        });
        for (attribute, atoms) in statements {
            let mut constant = self.constant(&attribute);
            constant.members = atoms.len();
            for index in 0..atoms.len().min(MOST_MEMBERS) {
                let name = format!("{}_{index}", constant.name);
                let _ = writeln!(self.head, "(declare-const {name} String)\n(declare-const {name}_in Bool)");
            }
            self.variables.insert(attribute, constant);
        }
    }

    fn fresh_text(&mut self) -> String {
        let name = format!("run{}", self.fresh);
        self.fresh += 1;
        let _ = writeln!(self.head, "(declare-const {name} String)");
        name
    }
}

/// That a class is one of these.
fn class_in(name: &str, classes: impl Iterator<Item = usize>) -> String {
    any_of(classes.map(|class| format!("(= {name} #x{class:08x})")).collect())
}

fn any_of(parts: Vec<String>) -> String {
    joined("or", "false", parts)
}

fn all_of(parts: Vec<String>) -> String {
    joined("and", "true", parts)
}

fn joined(operator: &str, neutral: &str, mut terms: Vec<String>) -> String {
    match terms.len() {
        0 => neutral.to_owned(),
        1 => terms.pop().unwrap_or_default(),
        _ => format!("({operator} {})", terms.join(" ")),
    }
}

/// The least and the greatest value of a kind of numbers.
fn domain(kind: Kind) -> Option<(i128, i128)> {
    match kind {
        Kind::Number => Some((i128::MIN, i128::MAX)),
        Kind::Instant => Some((i128::from(i64::MIN), i128::from(i64::MAX))),
        _ => None,
    }
}

/// The number that a point stands for, see [`crate::logic::Value::point`].
fn signed(point: u128) -> i128 {
    (point ^ (1 << 127)).cast_signed()
}

/// The value that a number of a script stands for, the inverse of [`signed`].
#[cfg(feature = "z3")]
pub(super) fn value_of(kind: Kind, number: i128) -> Option<Value> {
    Value::at_point(kind, number.cast_unsigned() ^ (1 << 127))
}

fn integer(number: i128) -> String {
    if number < 0 { format!("(- {})", number.unsigned_abs()) } else { number.to_string() }
}
