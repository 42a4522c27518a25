//! The names and patterns that users type, as questions about an estate.

use super::{ANONYMOUS, ANY, OUTSIDE, Reason};
use crate::clouds::{self, CLOUDS, Cloud};
use crate::evaluator::{self, Certainty, Unknown};
use crate::logic::Universe;
use crate::model::{CloudId, Estate, Object, PrincipalId, Question, Subject};

/// The question that the user typed. An action with wildcards only helps to tell the cloud.
pub(super) fn question(
    estate: &Estate,
    typed_principal: &str,
    typed_action: Option<&str>,
    resource: &str,
) -> Result<Question, Reason> {
    let subject = match typed_principal {
        ANONYMOUS => Subject::Anonymous,
        OUTSIDE => Subject::Outside,
        typed => Subject::Principal(principal(estate, typed)?),
    };
    let typed_action = typed_action.filter(|action| *action != ANY);
    let cloud = match subject {
        Subject::Principal(id) => estate.principal(id).and_then(|found| clouds::cloud(found.cloud)),
        Subject::Outside | Subject::Anonymous => cloud_of(estate, typed_action),
    };
    let Some(cloud) = cloud else {
        return Err(Reason::Unanswerable {
            message: format!("for `{typed_principal}` the cloud has to be clear from the action"),
            nearest: Vec::new(),
        });
    };
    let action = match typed_action {
        Some(typed) if typed.contains(['*', '?']) => None,
        Some(typed) => Some(cloud.action(typed).map_err(|nearest| Reason::Unanswerable {
            message: format!("{} has no action `{typed}`", cloud.name()),
            nearest,
        })?),
        None => None,
    };
    let object = match resource {
        ANY => Object::Any,
        typed => object(estate, cloud, action.as_deref(), typed),
    };
    Ok(Question { cloud: cloud.id(), subject, action, object })
}

/// What an answer about all resources rests on.
pub(super) fn unread(estate: &Estate, cloud: CloudId) -> Certainty {
    let gaps = clouds::cloud(cloud).map(|cloud| cloud.unread(estate)).unwrap_or_default();
    Certainty::from_gaps(gaps)
}

/// The resource of that full or short name, or one that no file mentions. What the action is never asked on, but on
/// what lies inside it, stands for that: objects for their bucket.
pub(super) fn object(estate: &Estate, cloud: &dyn Cloud, action: Option<&str>, typed: &str) -> Object {
    let named = named(estate, cloud.id(), typed);
    let known = estate.find_resource(cloud.id(), &named);
    match (known, action, cloud.universe()) {
        (Some(id), Some(action), Universe::Known(actions))
            if !actions.contains(&action.to_ascii_lowercase(), &named) =>
        {
            Object::Within(id)
        }
        _ => Object::Named(named),
    }
}

pub(super) fn named(estate: &Estate, cloud: CloudId, typed: &str) -> String {
    let is_short_for =
        |name: &str| name.strip_suffix(typed).is_some_and(|before| before.ends_with(['/', ':']));
    let mut named = estate.resources().filter(|(_, known)| known.cloud == cloud && is_short_for(&known.name));
    match (estate.find_resource(cloud, typed), named.next(), named.next()) {
        (None, Some((_, only)), None) => only.name.clone(),
        _ => typed.to_owned(),
    }
}

/// The only cloud of the files, or else the first whose catalog has the action.
pub(super) fn cloud_of(estate: &Estate, action: Option<&str>) -> Option<&'static dyn Cloud> {
    let has = |cloud: &&dyn Cloud| estate.policies().any(|(_, policy)| policy.cloud == cloud.id());
    let mut present = CLOUDS.iter().copied().filter(has);
    match (present.next(), present.next()) {
        (only, None) => only,
        _ => CLOUDS.iter().copied().find(|cloud| action.is_some_and(|action| cloud.action(action).is_ok())),
    }
}

/// Lets the clouds add whom a question is about, if the files know nobody of that name.
pub(super) fn admit(estate: &mut Estate, typed: &str) {
    let is_word = [ANONYMOUS, OUTSIDE].contains(&typed);
    if !is_word && matches!(evaluator::find_principal(estate, typed), Err(Unknown::Nobody(_))) {
        CLOUDS.iter().for_each(|cloud| cloud.admit(estate, typed));
    }
}

pub(super) fn principal(estate: &Estate, typed: &str) -> Result<PrincipalId, Reason> {
    evaluator::find_principal(estate, typed).map_err(|unknown| unanswerable(typed, unknown, "principal"))
}

/// At most so many of those that go by a name are named.
const MOST_NAMED: usize = 10;

/// Why nothing goes by a name; `what` should.
pub(super) fn unanswerable(typed: &str, unknown: Unknown, what: &str) -> Reason {
    match unknown {
        Unknown::Nobody(nearest) => {
            let strangers = "; `outside` and `anonymous` stand for callers that are in none of the files";
            let strangers = if nearest.is_empty() && what == "principal" { strangers } else { "" };
            Reason::Unanswerable { message: format!("no {what} goes by `{typed}`{strangers}"), nearest }
        }
        Unknown::Several(mut names) => {
            let number = names.len();
            names.truncate(MOST_NAMED);
            let first = if number > MOST_NAMED { ", such as one of these" } else { "" };
            let message = format!("{number} principals go by `{typed}`: give the full name{first}");
            Reason::Unanswerable { message, nearest: names }
        }
    }
}
