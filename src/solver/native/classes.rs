//! The classes of one variable's values, as far as some atoms tell them apart.

use super::bits::Bits;
use super::intervals;
use super::members::{self, Quantifier};
use super::meter::{Meter, Spent};
use super::problem::{Problem, Variable};
use super::texts::{self, Question};
use crate::logic::{Atom, Attribute, Kind, Patterns, Ranges, Value};

/// All classes of a variable.
pub(super) struct Classes {
    pub(super) variable: u32,
    /// The atoms that the signatures speak of, ascending.
    pub(super) atoms: Vec<u32>,
    pub(super) list: Vec<Class>,
}

/// One class: which atoms hold, and a member.
#[derive(Clone, Debug)]
pub(super) struct Class {
    /// Indexes into [`Classes::atoms`].
    pub(super) holds: Bits,
    pub(super) member: Member,
}

/// What stands for a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Member {
    /// The attribute is absent.
    Absent,
    /// The attribute has this value.
    Value(Value),
    /// A truth value that no attribute shows: of an opaque condition, or of a relation.
    Truth(bool),
}

/// Atoms of one variable that must hold or must not; other classes need not be found.
pub(super) struct Demand<'a> {
    /// All atoms that matter, ascending.
    pub(super) atoms: &'a [u32],
    /// For each of them whether it must hold.
    pub(super) fixed: &'a [Option<bool>],
}

/// Finds the classes. Classes that contradict the demand may be missing, all others are there.
pub(super) fn find(
    problem: &Problem,
    variable: u32,
    demand: &Demand<'_>,
    meter: &mut Meter,
) -> Result<Classes, Spent> {
    let list = match problem.variable(variable) {
        Some(Variable::Attribute(attribute)) => of_attribute(problem, attribute, demand, meter)?,
        _ => truths(demand.atoms.len()),
    };
    Ok(Classes { variable, atoms: demand.atoms.to_vec(), list })
}

/// One class that meets the whole demand, which says of every atom whether it must hold; none if there is no such
/// class.
pub(super) fn best(
    problem: &Problem,
    variable: u32,
    demand: &Demand<'_>,
    meter: &mut Meter,
) -> Result<Classes, Spent> {
    let mut holds = Bits::none(demand.atoms.len());
    for (index, _) in demand.fixed.iter().enumerate().filter(|(_, fixed)| **fixed == Some(true)) {
        holds.insert(index);
    }
    let mut classes = find(problem, variable, demand, meter)?;
    classes.list.retain(|class| class.holds == holds);
    classes.list.truncate(1);
    Ok(classes)
}

/// Both truth values of a variable that has just one atom.
fn truths(atoms: usize) -> Vec<Class> {
    let class = |holds, truth| Class { holds, member: Member::Truth(truth) };
    vec![class(Bits::all(atoms), true), class(Bits::none(atoms), false)]
}

fn of_attribute(
    problem: &Problem,
    attribute: &Attribute,
    demand: &Demand<'_>,
    meter: &mut Meter,
) -> Result<Vec<Class>, Spent> {
    let atoms: Vec<&Atom> =
        demand.atoms.iter().filter_map(|atom| problem.atom(*atom)).map(|info| &info.atom).collect();
    let size = demand.atoms.len();
    let mut list = match attribute.kind() {
        Kind::Text => of_text(&atoms, demand, meter)?,
        Kind::TextSet => of_set(&atoms, meter)?,
        Kind::Boolean => [true, false].into_iter().map(|value| of_boolean(&atoms, value)).collect(),
        kind => of_points(kind, &atoms, meter)?,
    };
    let mut presence = Bits::none(size);
    for (index, _) in atoms.iter().enumerate().filter(|(_, atom)| matches!(atom, Atom::Present(_))) {
        presence.insert(index);
    }
    list.iter_mut().for_each(|class| class.holds.unite(&presence));
    let must_exist = demand.fixed.contains(&Some(true));
    if !attribute.is_always_present() && !must_exist {
        list.push(Class { holds: Bits::none(size), member: Member::Absent });
    }
    Ok(list)
}

fn of_text(atoms: &[&Atom], demand: &Demand<'_>, meter: &mut Meter) -> Result<Vec<Class>, Spent> {
    let places: Vec<(usize, &Patterns)> = atoms
        .iter()
        .enumerate()
        .filter_map(|(index, atom)| if let Atom::Matches(_, p) = atom { Some((index, p)) } else { None })
        .collect();
    let sets: Vec<&Patterns> = places.iter().map(|(_, patterns)| *patterns).collect();
    let (mut wanted, mut banned) = (Bits::none(sets.len()), Bits::none(sets.len()));
    for (place, (index, _)) in places.iter().enumerate() {
        match demand.fixed.get(*index) {
            Some(Some(true)) => wanted.insert(place),
            Some(Some(false)) => banned.insert(place),
            _ => {}
        }
    }
    let found = texts::classes(&Question { sets: &sets, wanted, banned }, meter)?;
    let class = |class: texts::TextClass| Class {
        holds: spread(&class.matched, places.iter().map(|(index, _)| *index), atoms.len()),
        member: Member::Value(Value::Text(class.example)),
    };
    Ok(found.into_iter().map(class).collect())
}

fn of_set(atoms: &[&Atom], meter: &mut Meter) -> Result<Vec<Class>, Spent> {
    let statements: Vec<(usize, (Quantifier, &Patterns))> = atoms
        .iter()
        .enumerate()
        .filter_map(|(index, atom)| match atom {
            Atom::AnyIn(_, patterns) => Some((index, (Quantifier::Any, patterns))),
            Atom::AllIn(_, patterns) => Some((index, (Quantifier::All, patterns))),
            _ => None,
        })
        .collect();
    let plain: Vec<_> = statements.iter().map(|(_, statement)| *statement).collect();
    let class = |class: members::SetClass| Class {
        holds: spread(&class.matched, statements.iter().map(|(index, _)| *index), atoms.len()),
        member: Member::Value(Value::Set(class.example.into_iter().collect())),
    };
    Ok(members::classes(&plain, meter)?.into_iter().map(class).collect())
}

fn of_boolean(atoms: &[&Atom], value: bool) -> Class {
    let mut holds = Bits::none(atoms.len());
    for (index, _) in atoms.iter().enumerate().filter(|(_, atom)| value && matches!(atom, Atom::IsTrue(_))) {
        holds.insert(index);
    }
    Class { holds, member: Member::Value(Value::Boolean(value)) }
}

fn of_points(kind: Kind, atoms: &[&Atom], meter: &mut Meter) -> Result<Vec<Class>, Spent> {
    let places: Vec<(usize, &Ranges)> = atoms
        .iter()
        .enumerate()
        .filter_map(|(index, atom)| if let Atom::Within(_, r) = atom { Some((index, r)) } else { None })
        .collect();
    let ranges: Vec<&Ranges> = places.iter().map(|(_, ranges)| *ranges).collect();
    let class = |class: intervals::PointClass| Class {
        holds: spread(&class.matched, places.iter().map(|(index, _)| *index), atoms.len()),
        member: Member::Value(class.example),
    };
    Ok(intervals::classes(kind, &ranges, meter)?.into_iter().map(class).collect())
}

/// Moves the bits of a part of the atoms to their places among all.
fn spread(bits: &Bits, places: impl Iterator<Item = usize>, size: usize) -> Bits {
    let mut all = Bits::none(size);
    places.enumerate().filter(|(index, _)| bits.contains(*index)).for_each(|(_, place)| all.insert(place));
    all
}
