//! What is needed: what was used, at the narrowest places that roles can be bound to.

use std::collections::{BTreeMap, BTreeSet};

use super::{Needed, Options, Used};
use crate::clouds::{self, Place, Roles};
use crate::model::{Estate, Principal, Request, Usage};

/// A permission that was used at a place, with the resources it was used on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Need {
    /// The permission.
    pub(super) action: String,
    /// The places at which a role would cover it, the narrowest first; at least one.
    pub(super) places: Vec<Place>,
    /// The resources it was used on, with how often.
    pub(super) resources: BTreeMap<String, u64>,
}

impl Need {
    /// The narrowest place.
    pub(super) fn place(&self) -> &str {
        self.places.first().map_or("", |place| &place.name)
    }

    pub(super) fn summary(&self) -> Used {
        Used {
            action: self.action.clone(),
            place: self.place().to_owned(),
            resources: self.resources.len(),
            count: self.resources.values().sum(),
        }
    }

    pub(super) fn needed(&self) -> Needed {
        Needed { action: self.action.clone(), place: self.place().to_owned() }
    }

    /// The requests that were recorded.
    pub(super) fn requests(&self, principal: &Principal) -> impl Iterator<Item = Request> {
        self.resources.keys().map(|resource| Request {
            cloud: principal.cloud,
            principal: principal.name.clone(),
            action: self.action.clone(),
            resource: resource.clone(),
            context: BTreeMap::new(),
        })
    }
}

/// What the principal used, by permission and narrowest place.
pub(super) fn used_by(roles: &dyn Roles, estate: &Estate, principal: &Principal, usage: &Usage) -> Vec<Need> {
    let mut needs: BTreeMap<(String, String), Need> = BTreeMap::new();
    let own = usage
        .counts
        .iter()
        .filter(|(one, _)| one.cloud == principal.cloud && one.principal == principal.name);
    for (one, count) in own {
        let places = roles.places(estate, &one.resource);
        let Some(narrowest) = places.first().map(|place| place.name.clone()) else { continue };
        let need = needs.entry((one.action.clone(), narrowest)).or_insert_with(|| Need {
            action: one.action.clone(),
            places,
            resources: BTreeMap::new(),
        });
        *need.resources.entry(one.resource.clone()).or_default() += count;
    }
    needs.into_values().collect()
}

/// The needs that are not met once the principal's own roles are gone: what groups and others give it stays.
pub(super) fn not_covered_without(bare: &Estate, principal: &Principal, used: &[Need]) -> Vec<Need> {
    let Some(cloud) = clouds::cloud(principal.cloud) else { return used.to_vec() };
    let met = |need: &Need| need.requests(principal).all(|request| cloud.decide(bare, &request).is_allowed());
    used.iter().filter(|need| !met(need)).cloned().collect()
}

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// What the reader should know about the log.
pub(super) fn notes(usage: &Usage, used: &[Need], options: &Options) -> Vec<String> {
    let mut notes = Vec::new();
    let days = usage.window.map_or(0, |(first, last)| last.saturating_sub(first) / MICROS_PER_DAY + 1);
    if days < i64::from(options.days) {
        notes.push(format!(
            "the log covers {days} days, fewer than the {} asked for: what is done more rarely may be missing",
            options.days
        ));
    }
    if used.is_empty() {
        notes.push(
            "the principal does not appear in the log: nothing shows that it is needed, or that it is not"
                .to_owned(),
        );
    }
    if !usage.unmapped.is_empty() {
        let names: BTreeSet<&str> = usage.unmapped.keys().map(String::as_str).take(5).collect();
        let total: u64 = usage.unmapped.values().sum();
        let list: Vec<&str> = names.into_iter().collect();
        notes.push(format!(
            "{total} events could not be mapped to a permission and count for nobody, among them `{}`",
            list.join("`, `")
        ));
    }
    notes
}
