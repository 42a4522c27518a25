//! Asking whether a formula can hold, part by part: parts that have no attribute in common can hold at once if each can
//! for itself.
//!
//! The same few conditions stand beside ever other actions and resources. Apart from these they are asked once, and a
//! list of names needs no engine to show that it can match. Only for questions that take actions and resources as plain
//! texts, because the catalog says which of them go together.

use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

use crate::logic::{Atom, Attribute, Formula, Literal, Shape};

/// Which parts can hold, of those that are not about actions and resources.
#[derive(Debug, Default)]
pub(super) struct Parts(Mutex<FxHashMap<Formula, bool>>);

impl Parts {
    /// Whether all parts can hold; `None` where that was not decided. `ask` says whether one can.
    pub(super) fn can_hold<E>(
        &self,
        parts: Vec<Formula>,
        mut ask: impl FnMut(Formula) -> Result<Option<bool>, E>,
    ) -> Result<Option<bool>, E> {
        for part in parts.into_iter().filter(|part| !plainly_can(part)) {
            if let Some(can) = self.known(&part) {
                if can {
                    continue;
                }
                return Ok(Some(false));
            }
            let found = ask(part.clone())?;
            let own = [Attribute::action(), Attribute::resource()];
            if let Some(can) = found.filter(|_| !own.iter().any(|attribute| part.speaks_of(attribute))) {
                self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(part, can);
            }
            if found != Some(true) {
                return Ok(found);
            }
        }
        Ok(Some(true))
    }

    fn known(&self, part: &Formula) -> Option<bool> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(part).copied()
    }
}

/// The parts of a formula that all must hold, together where they have an attribute in common. `None` where some part
/// could not be read: its outcome is the same wherever it stands.
pub(super) fn apart(formula: &Formula) -> Option<Vec<Formula>> {
    let all = match formula.shape() {
        Some(Shape::All(parts)) => &**parts,
        _ => std::slice::from_ref(formula),
    };
    let mut groups: Vec<Group> = Vec::new();
    let mut places: FxHashMap<Attribute, usize> = FxHashMap::default();
    for part in all {
        let spoken = spoken_of(part)?;
        let new = groups.len();
        groups.push(Group { joined: new, parts: vec![part.clone()] });
        for attribute in spoken {
            if let Some(before) = places.insert(attribute, new) {
                join(&mut groups, before, new);
            }
        }
    }
    Some(
        groups
            .into_iter()
            .filter(|group| !group.parts.is_empty())
            .map(|group| Formula::all(group.parts))
            .collect(),
    )
}

/// Parts that have attributes in common.
struct Group {
    /// The later group that they went to, or this one.
    joined: usize,
    parts: Vec<Formula>,
}

/// Moves the parts of one group to another, and what was moved there before with them.
fn join(groups: &mut [Group], from: usize, to: usize) {
    let (from, to) = (at(groups, from), at(groups, to));
    if from == to {
        return;
    }
    let moved = groups.get_mut(from).map(|group| {
        group.joined = to;
        std::mem::take(&mut group.parts)
    });
    if let (Some(mut moved), Some(group)) = (moved, groups.get_mut(to)) {
        // The longer list stays where it is, so that many joins do not copy it again and again.
        if moved.len() > group.parts.len() {
            std::mem::swap(&mut moved, &mut group.parts);
        }
        group.parts.append(&mut moved);
    }
}

/// Where the parts of a group are now; the way there is shortened for the next time.
fn at(groups: &mut [Group], mut group: usize) -> usize {
    loop {
        let Some(next) = groups.get(group).map(|found| found.joined).filter(|next| *next != group) else {
            return group;
        };
        let after = groups.get(next).map_or(next, |found| found.joined);
        if let Some(found) = groups.get_mut(group) {
            found.joined = after;
        }
        group = next;
    }
}

fn spoken_of(part: &Formula) -> Option<Vec<Attribute>> {
    let mut found: Vec<Attribute> = Vec::new();
    let mut is_read = true;
    part.for_each_literal(&mut |literal| {
        is_read &= !matches!(literal.atom, Atom::Opaque(_));
        for attribute in literal.atom.attributes() {
            if !found.contains(attribute) {
                found.push(attribute.clone());
            }
        }
    });
    is_read.then_some(found)
}

/// Whether a part is no more than that a text is one of some, which always can be.
fn plainly_can(part: &Formula) -> bool {
    match part.as_literal() {
        Some(Literal { atom: Atom::Matches(_, patterns), positive: true }) => !patterns.is_empty(),
        _ => *part == Formula::True,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::Patterns;

    fn is(name: &str, value: &str) -> Formula {
        Formula::matches(Attribute::text(name), Patterns::literal(value))
    }

    #[test]
    fn parts_with_a_common_attribute_stay_together() {
        let joined = is("a", "1").or(is("b", "1"));
        let parts = apart(&Formula::all([joined.clone(), is("b", "2"), is("c", "3"), is("d", "4").not()]));
        let mut parts = parts.unwrap();
        parts.sort_by_key(|part| part.attributes());
        assert_eq!(parts, [joined.and(is("b", "2")), is("c", "3"), is("d", "4").not()]);
    }

    #[test]
    fn what_could_not_be_read_is_not_taken_apart() {
        let unread = Formula::opaque("x");
        assert_eq!(apart(&Formula::all([is("a", "1").or(unread.clone()), is("b", "1").or(unread)])), None);
    }

    #[test]
    fn a_part_is_asked_once() {
        let parts = Parts::default();
        let mut asked = 0;
        for action in ["s3:GetObject", "s3:PutObject"] {
            let formula = Formula::all([is("action", action), is("k", "v").not(), is("l", "v").not()]);
            let found = parts.can_hold(apart(&formula).unwrap(), |_| {
                asked += 1;
                Ok::<_, ()>(Some(true))
            });
            assert_eq!(found, Ok(Some(true)));
        }
        assert_eq!(asked, 2, "the conditions, and no action");
        let never = parts.can_hold(vec![is("m", "v").not()], |_| Ok::<_, ()>(Some(false)));
        assert_eq!(never, Ok(Some(false)));
        assert_eq!(parts.can_hold(vec![is("n", "v").not()], |_| Ok::<_, ()>(None)), Ok(None));
    }
}
