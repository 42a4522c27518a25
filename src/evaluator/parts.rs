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
    let mut groups: Vec<(Vec<Attribute>, Vec<Formula>)> = Vec::new();
    for part in all {
        let mut joined = (spoken_of(part)?, vec![part.clone()]);
        let (near, far): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group| group.0.iter().any(|one| joined.0.contains(one)));
        groups = far;
        for (attributes, parts) in near {
            joined.0.extend(attributes);
            joined.1.extend(parts);
        }
        groups.push(joined);
    }
    Some(groups.into_iter().map(|(_, parts)| Formula::all(parts)).collect())
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
