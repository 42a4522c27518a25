//! Gained access as a finding: what it is called, how bad it is, and where it comes from.

use std::collections::BTreeSet;

use super::{Change, Who};
use crate::evaluator::{AccessRow, Outcome, RowActions};
use crate::findings::{Finding, Intent, Level, Meta, Related};
use crate::model::{Estate, Origin};

/// The rule of `check` about access that a change gives.
pub const GAINED_ACCESS: Meta = Meta {
    id: "gained-access",
    summary: "somebody may do something after a change that was not possible before",
    level: Level::Medium,
    documentation: " ## What it does

 `leastwise check` asks of everybody whether there is a request that is allowed after the change and was not before,
 with all policies, boundaries, denials and conditions of both sides. Each principal that gains something is one finding,
 with such a request. It is of level *high* for strangers, *medium* for a principal that was there before, and *low* for
 one that is new.

 ## Why it matters

 A diff of policies does not say what it means: taking a statement away can give access, and adding one can give none.

 ## What to do

 If the access is wanted, approve the change. If not, narrow what grants it: the finding names the place.
",
};

/// Actions that a message names; the others are counted.
const NAMED: usize = 3;
/// From so many actions on names say nothing any more.
const MANY: usize = 40;

impl Change {
    /// How messages call whoever it is, and how bad it is that they gain something.
    fn called(&self) -> (String, Level) {
        match &self.who {
            Who::Anonymous => ("anybody, without credentials,".to_owned(), Level::High),
            Who::Outside => ("somebody outside the given files".to_owned(), Level::High),
            Who::Principal(name) if self.alone => (format!("the new `{name}`"), Level::Low),
            Who::Principal(name) => (format!("`{name}`"), Level::Medium),
        }
    }

    /// The fingerprint of the finding about it.
    pub(super) fn fingerprint(&self) -> String {
        Finding::fingerprint_of(GAINED_ACCESS.id, self.cloud, &[&self.called().0])
    }
}

/// The finding about a gain.
pub(super) fn finding(estate: &Estate, change: &Change) -> Finding {
    let answer = &change.surplus.answer;
    let (name, level) = change.called();
    let (message, witness) = match &answer.outcome {
        Outcome::Sometimes(witness) => {
            (format!("{name} gains {}", gain(&change.surplus.access.rows)), Some((**witness).clone()))
        }
        _ => (format!("whether {name} gains access was not decided"), None),
    };
    let mut origins: Vec<Origin> =
        witness.iter().flat_map(|one| &one.decision.because).map(|reason| reason.origin.clone()).collect();
    // What the provider wrote stands in no file: whoever makes the change sees where it was attached.
    let in_file = origins.first().is_some_and(|origin| origin.span.is_some());
    let primary = if in_file { origins.remove(0) } else { own_origin(estate, change) };
    Finding {
        rule: GAINED_ACCESS.id,
        cloud: change.cloud,
        level,
        certainty: answer.certainty.clone().and(change.surplus.access.certainty.clone()),
        message,
        primary,
        related: origins
            .into_iter()
            .map(|origin| Related { message: format!("{} also takes part", origin.what), origin })
            .collect(),
        fingerprint: change.fingerprint(),
        witness,
        hops: Vec::new(),
        advice: "approve the change if this access is wanted; otherwise narrow what grants it".to_owned(),
        intent: Intent::default(),
    }
}

fn own_origin(estate: &Estate, change: &Change) -> Origin {
    let Who::Principal(name) = &change.who else { return Origin::default() };
    let found = estate.find_principal(change.cloud, name).and_then(|id| estate.principal(id));
    found.map(|principal| principal.origin.clone()).unwrap_or_default()
}

/// `` `s3:GetObject`, `s3:PutObject` and 4 more actions on `arn:aws:s3:::b/*` ``.
fn gain(rows: &[AccessRow]) -> String {
    let mut actions = BTreeSet::new();
    let mut resources = BTreeSet::new();
    for row in rows {
        match &row.actions {
            RowActions::Named(names) => actions.extend(names.iter().map(String::as_str)),
            RowActions::Matching { patterns, .. } => {
                actions.extend(patterns.iter().flatten().map(String::as_str))
            }
        }
        resources.extend(row.resources.iter().flatten().map(String::as_str));
    }
    if actions.len() >= MANY {
        let services: BTreeSet<&str> = actions.iter().map(|action| service(action)).collect();
        return match services.len() {
            1 => format!("{} actions of {}", actions.len(), services.into_iter().collect::<String>()),
            many => format!("{} actions of {many} services", actions.len()),
        };
    }
    let named: Vec<String> = actions.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
    let more = actions.len().saturating_sub(NAMED);
    let actions = match (named.as_slice(), more) {
        ([], _) => return "access".to_owned(),
        (named, 0) => listed(named),
        (named, 1) => format!("{} and 1 more action", named.join(", ")),
        (named, more) => format!("{} and {more} more actions", named.join(", ")),
    };
    let resources: Vec<&str> = resources.into_iter().collect();
    match resources.as_slice() {
        [only] => format!("{actions} on `{only}`"),
        _ => actions,
    }
}

/// The service of an action: `s3` of `s3:GetObject`, `storage` of `storage.objects.get`.
fn service(action: &str) -> &str {
    action.split([':', '/', '.']).next().unwrap_or(action)
}

/// "a", "a and b", "a, b and c".
fn listed(items: &[String]) -> String {
    match items.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    }
}
