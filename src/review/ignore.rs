//! Entries that say of some access that it is meant, by whom and until when.
//!
//! An entry is about the meaning of what is granted, not about where it is written: it applies to a finding if all of the
//! access that the finding is about lies within the entry's principals, actions and resources. So it goes on when lines
//! move, and it stops when a grant comes to give more. What cannot be decided is not covered.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::GAINED_ACCESS;
use crate::clouds;
use crate::evaluator::{AccessRow, Bug, Evaluator, Possible, RowActions, is_short_for};
use crate::findings::Finding;
use crate::graph::Hop;
use crate::logic::{Attribute, Case, Formula, Pattern, Patterns};
use crate::model::{CloudId, Effect, Origin, PrincipalId, Subject, Target};
use crate::review::Change;

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ignore {
    /// The id of a rule.
    pub rule: Arc<str>,
    /// Whose access; empty for anybody's.
    pub principals: Vec<Arc<str>>,
    /// Which actions; empty for any.
    pub actions: Vec<Arc<str>>,
    /// On what; empty for anything.
    pub resources: Vec<Arc<str>>,
    /// Why it is meant.
    pub reason: Arc<str>,
    /// Who answers for it.
    pub owner: Arc<str>,
    /// From when on it does not apply any more, in microseconds since the Unix epoch and as it is written.
    pub expires: Option<(i64, Arc<str>)>,
    /// Where it stands.
    pub origin: Origin,
}

impl Ignore {
    /// What it says, but for its reason: the same wherever it stands.
    pub(super) fn meaning(&self) -> String {
        let parts = [&self.principals, &self.actions, &self.resources];
        let parts: Vec<String> = parts.iter().map(|part| part.join(",")).collect();
        format!("{} {}", self.rule, parts.join(" "))
    }
}

/// The words for strangers.
const ANONYMOUS: &str = "anonymous";
const OUTSIDE: &str = "outside";

/// Holds entries against findings of one estate.
pub(super) struct Meaning<'a> {
    evaluator: Evaluator<'a>,
    gained: &'a [Change],
    /// All that is granted, by where it is written. Collected when the first entry needs it.
    granted: OnceCell<BTreeMap<Origin, Vec<(CloudId, Formula)>>>,
}

impl<'a> Meaning<'a> {
    pub(super) fn new(evaluator: Evaluator<'a>, gained: &'a [Change]) -> Self {
        Self { evaluator, gained, granted: OnceCell::new() }
    }

    /// Whether all that a finding is about is meant by an entry.
    pub(super) fn is_covered(&self, finding: &Finding, by: &Ignore) -> Result<bool, Bug> {
        if finding.is_undecided() || *by.rule != *finding.rule || !self.is_by(finding, &by.principals) {
            return Ok(false);
        }
        if by.actions.is_empty() && by.resources.is_empty() {
            return Ok(true);
        }
        let beyond = meant(finding.cloud, by).not();
        if finding.rule == GAINED_ACCESS.id {
            let change = self.gained.iter().find(|one| one.fingerprint() == finding.fingerprint);
            let rows = change.filter(|one| !one.surplus.access.rows.is_empty());
            return rows.map_or(Ok(false), |change| {
                let all = Formula::any(change.surplus.access.rows.iter().map(formula));
                self.is_never(finding.cloud, &all.and(beyond))
            });
        }
        if !finding.hops.is_empty() {
            let mut requests = finding.hops.iter().flat_map(Hop::witnesses).map(|shown| &shown.request);
            let within = |action: &str, resource: &str| is_meant(finding.cloud, by, action, resource);
            return Ok(requests.all(|request| within(&request.action, &request.resource)));
        }
        if !finding.intent.access.is_empty() {
            for (question, given) in &finding.intent.access {
                let more = self.evaluator.can(question, &given.clone().and(beyond.clone()))?;
                if !more.is_never() {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        self.is_granted_within(finding, &beyond)
    }

    /// Whether the principals of a finding are all among the names.
    fn is_by(&self, finding: &Finding, names: &[Arc<str>]) -> bool {
        let among = |who: &str| names.iter().any(|name| fits(name, who));
        names.is_empty() || {
            let own = self.principals(finding);
            !own.is_empty() && own.iter().all(|who| among(who))
        }
    }

    fn principals(&self, finding: &Finding) -> Vec<String> {
        let estate = self.evaluator.estate();
        let name = |id: PrincipalId| estate.principal(id).map(|who| who.name.clone());
        if let Some(change) = self.gained.iter().find(|_| finding.rule == GAINED_ACCESS.id)
            && change.fingerprint() == finding.fingerprint
        {
            return vec![change.who.word().to_owned()];
        }
        if let Some(id) = finding.intent.principal {
            return name(id).into_iter().collect();
        }
        let asked = finding.intent.access.iter().map(|(question, _)| match question.subject {
            Subject::Anonymous => Some(ANONYMOUS.to_owned()),
            Subject::Outside => Some(OUTSIDE.to_owned()),
            Subject::Principal(id) => name(id),
        });
        let asked: Vec<String> = asked.flatten().collect();
        if !asked.is_empty() {
            return asked;
        }
        if let Some(policy) = finding.intent.policy {
            let holders = estate.attachments_of(policy).filter_map(|one| match one.target {
                Target::Principal(id) => name(id),
                Target::Resource(_) | Target::Scope(_) => None,
            });
            return holders.collect();
        }
        finding.witness.iter().map(|shown| shown.request.principal.clone()).collect()
    }

    /// Whether the grants that a finding shows give nothing beyond.
    fn is_granted_within(&self, finding: &Finding, beyond: &Formula) -> Result<bool, Bug> {
        let because = finding.witness.iter().flat_map(|shown| &shown.decision.because);
        let shown = because.filter(|reason| reason.effect == Some(Effect::Allow)).map(|one| &one.origin);
        let mut found = false;
        for origin in shown.chain([&finding.primary]) {
            for (cloud, granted) in self.granted_at(origin) {
                found = true;
                if !self.is_never(cloud, &granted.clone().and(beyond.clone()))? {
                    return Ok(false);
                }
            }
        }
        Ok(found)
    }

    /// The grants that stand at a place, or around it.
    fn granted_at<'s>(&'s self, origin: &'s Origin) -> impl Iterator<Item = (CloudId, &'s Formula)> {
        let all = self.granted.get_or_init(|| self.collect());
        let around = move |place: &Origin| {
            let spans = place.span.zip(origin.span);
            place == origin || spans.is_some_and(|(outer, inner)| outer.contains(inner))
        };
        let here = all.iter().filter(move |(place, _)| around(place));
        here.flat_map(|(_, grants)| grants).map(|(cloud, formula)| (*cloud, formula))
    }

    fn collect(&self) -> BTreeMap<Origin, Vec<(CloudId, Formula)>> {
        let estate = self.evaluator.estate();
        let mut all: BTreeMap<Origin, Vec<(CloudId, Formula)>> = BTreeMap::new();
        for attachment in estate.attachments() {
            let Some(policy) = estate.policy(attachment.policy) else { continue };
            let Some(cloud) = clouds::cloud(policy.cloud) else { continue };
            for grant in cloud.grants(estate, attachment.policy, attachment.layer) {
                if grant.effect == Effect::Allow && !attachment.layer.is_ceiling() {
                    let requests = grant.actions.clone().and(grant.resources.clone());
                    let known = all.entry(grant.origin.clone()).or_default();
                    if !known.contains(&(policy.cloud, requests.clone())) {
                        known.push((policy.cloud, requests));
                    }
                }
            }
        }
        all
    }

    fn is_never(&self, cloud: CloudId, formula: &Formula) -> Result<bool, Bug> {
        Ok(self.evaluator.is_possible(cloud, formula)? == Possible::No)
    }
}

fn fits(name: &str, who: &str) -> bool {
    Pattern::glob(name, Case::Sensitive).matches(who)
        || (!name.contains(['*', '?']) && is_short_for(name, who))
}

/// The requests that an entry speaks of.
fn meant(cloud: CloudId, by: &Ignore) -> Formula {
    let on = |patterns: &[Patterns]| {
        Formula::any(patterns.iter().map(|set| Formula::matches(Attribute::resource(), set.clone())))
    };
    let resources = if by.resources.is_empty() { Formula::True } else { on(&resources(cloud, by)) };
    let actions = if by.actions.is_empty() {
        Formula::True
    } else {
        Formula::matches(Attribute::action(), actions(by))
    };
    actions.and(resources)
}

fn is_meant(cloud: CloudId, by: &Ignore, action: &str, resource: &str) -> bool {
    (by.actions.is_empty() || actions(by).matches(action))
        && (by.resources.is_empty() || resources(cloud, by).iter().any(|set| set.matches(resource)))
}

fn actions(by: &Ignore) -> Patterns {
    Patterns::of(by.actions.iter().map(|text| Pattern::glob(text, Case::Insensitive)))
}

fn resources(cloud: CloudId, by: &Ignore) -> Vec<Patterns> {
    let written = |text: &Arc<str>| clouds::cloud(cloud).map(|cloud| cloud.written(text));
    by.resources.iter().filter_map(written).collect()
}

/// The requests that a row is about, its condition aside: that leaves more, which is on the safe side.
fn formula(row: &AccessRow) -> Formula {
    let sets = |attribute: fn() -> Attribute, sets: &[Vec<String>], except: &[String], case: Case| {
        let set = |texts: &[String]| {
            let globs = texts.iter().map(|text| Pattern::glob(text, case));
            Formula::matches(attribute(), Patterns::of(globs))
        };
        let but = if except.is_empty() { Formula::True } else { set(except).not() };
        Formula::all(sets.iter().map(|one| set(one))).and(but)
    };
    let resources = sets(Attribute::resource, &row.resources, &row.except, Case::Sensitive);
    let actions = match &row.actions {
        RowActions::Named(names) => {
            sets(Attribute::action, std::slice::from_ref(names), &[], Case::Insensitive)
        }
        RowActions::Matching { patterns, except } => {
            sets(Attribute::action, patterns, except, Case::Insensitive)
        }
    };
    resources.and(actions)
}
