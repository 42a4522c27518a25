//! What is needed: what was used, at the narrowest places that grants can be made for.

use std::collections::{BTreeMap, BTreeSet};

use super::{Needed, Options, Recorded, RecordedUse, Used};
use crate::clouds::{self, Place};
use crate::model::{Estate, Principal, PrincipalId, Request, Usage, Use, Verdict};

/// What one principal did, with how often.
pub(super) type Uses<'u> = Vec<(&'u Use, u64)>;

/// What each principal of the estate did.
pub(super) fn by_principal<'u>(estate: &Estate, usage: &'u Usage) -> BTreeMap<PrincipalId, Uses<'u>> {
    let mut found: BTreeMap<PrincipalId, Uses<'u>> = BTreeMap::new();
    // Uses are sorted by principal, so each is looked up once.
    let mut last: Option<(&Use, Option<PrincipalId>)> = None;
    for (one, count) in &usage.counts {
        let same = last.filter(|(last, _)| last.cloud == one.cloud && last.principal == one.principal);
        let find = || clouds::cloud(one.cloud)?.find_principal(estate, &one.principal);
        let id = same.map_or_else(find, |(_, id)| id);
        last = Some((one, id));
        if let Some(id) = id {
            found.entry(id).or_default().push((one, *count));
        }
    }
    found
}

/// Where something was done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    /// The resource.
    pub(super) resource: String,
    /// The service that did it for the principal; empty without one.
    pub(super) via: String,
}

/// A permission that was used at a place, with the resources it was used on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Need {
    /// The permission.
    pub(super) action: String,
    /// The places at which a grant would cover it, the narrowest first; at least one.
    pub(super) places: Vec<Place>,
    /// The resources it was used on, with how often; none for what goes with something that was used.
    pub(super) spots: BTreeMap<Spot, u64>,
    /// Whose keys it was used with: what stands for them.
    pub(super) with: Option<Key>,
}

/// What stands for whoever has the keys of a service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// Its id.
    pub(super) id: PrincipalId,
    /// Its name.
    pub(super) name: String,
    /// The action that reads the keys.
    pub(super) action: String,
    /// The service whose keys they are.
    pub(super) resource: String,
}

impl Need {
    /// The narrowest place.
    pub(super) fn place(&self) -> &str {
        self.places.first().map_or("", |place| &place.name)
    }

    /// The resources it was used on.
    pub(super) fn resources(&self) -> BTreeSet<&str> {
        self.spots.keys().map(|spot| spot.resource.as_str()).collect()
    }

    /// Whether it was used on something that the log does not tell.
    pub(super) fn is_vague(&self) -> bool {
        self.spots.keys().any(|spot| spot.resource.is_empty())
    }

    pub(super) fn summary(&self) -> Used {
        Used {
            action: self.action.clone(),
            place: self.place().to_owned(),
            resources: self.resources().len(),
            count: self.spots.values().sum(),
        }
    }

    pub(super) fn needed(&self) -> Needed {
        Needed { action: self.action.clone(), place: self.place().to_owned() }
    }

    /// Resource by resource; `whole` as the proof takes it.
    pub(super) fn recorded(&self, whole: bool) -> Recorded {
        let uses = self.spots.iter().map(|(spot, count)| RecordedUse {
            resource: spot.resource.clone(),
            via: spot.via.clone(),
            count: *count,
        });
        Recorded {
            action: self.action.clone(),
            on: self.place().to_owned(),
            whole,
            with: self.with.as_ref().map(|key| key.name.clone()),
            uses: uses.collect(),
        }
    }

    /// The requests that were recorded, with how often.
    pub(super) fn requests(&self, principal: &Principal) -> impl Iterator<Item = (Request, u64)> {
        let known = self.spots.iter().filter(|(spot, _)| !spot.resource.is_empty());
        known.map(|(spot, count)| {
            let cloud = clouds::cloud(principal.cloud).filter(|_| !spot.via.is_empty());
            let request = Request {
                cloud: principal.cloud,
                principal: principal.name.clone(),
                action: self.action.clone(),
                resource: spot.resource.clone(),
                context: cloud.map(|cloud| cloud.called_via(&spot.via)).unwrap_or_default(),
            };
            (request, *count)
        })
    }
}

/// What was used, by permission and narrowest place.
pub(super) fn used(
    uses: &[(&Use, u64)],
    resources: impl Fn(&Use) -> Vec<String>,
    places: impl Fn(&str) -> Vec<Place>,
) -> Vec<Need> {
    let mut needs: BTreeMap<(String, String), Need> = BTreeMap::new();
    for (one, count) in uses {
        for resource in resources(one) {
            let places = places(&resource);
            let Some(narrowest) = places.first().map(|place| place.name.clone()) else { continue };
            let need = needs.entry((one.action.clone(), narrowest)).or_insert_with(|| Need {
                action: one.action.clone(),
                places,
                spots: BTreeMap::new(),
                with: None,
            });
            *need.spots.entry(Spot { resource, via: one.via.clone() }).or_default() += count;
        }
    }
    needs.into_values().collect()
}

/// The needs that are not met once the principal's own grants are gone: what groups and others give it stays.
pub(super) fn not_covered_without(bare: &Estate, principal: &Principal, used: &[Need]) -> Vec<Need> {
    let Some(cloud) = clouds::cloud(principal.cloud) else { return used.to_vec() };
    let allowed = |(request, _): (Request, u64)| cloud.verdict(bare, &request) == Verdict::Allowed;
    let met = |need: &Need| !need.is_vague() && need.requests(principal).all(allowed);
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
    notes.extend(usage.not_shown.iter().map(|&what| what.to_owned()));
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
