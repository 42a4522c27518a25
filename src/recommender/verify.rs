//! Checks a certificate again, from the inputs alone: what is needed comes from the logs, what is held from the estate,
//! and the proof is made anew by every engine there is. Of the certificate only the replacement itself is taken.
//!
//! Whether the inputs are the same files is not judged here.

use std::collections::{BTreeMap, BTreeSet};

use super::candidates;
use super::certificate::{Claims, Given, Replacement, Taken};
use super::needed::{self, Need};
use super::proof::{self, Change};
use super::{Options, Proof, Recorded, RecordedUse, Suggestion, difference, keys, policies, recommend, used};
use crate::clouds::own_policies::OwnPolicies;
use crate::clouds::{CLOUDS, Cloud, HeldRole, RoleAt, Roles};
use crate::evaluator::{Bug, Evaluator};
use crate::logic::{Attribute, Formula};
use crate::model::{Estate, Principal, PrincipalId, Usage};

/// What became of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The file that holds it.
    pub path: String,
    /// The cloud, as the certificate names it.
    pub cloud: String,
    /// Whose access, as the certificate names it.
    pub principal: String,
    /// Everything that is not as the certificate says, in words.
    pub failures: Vec<String>,
    /// The proof as it was made again; `None` where it could not be tried.
    pub proof: Option<Proof>,
}

impl Verified {
    /// Whether an engine left open whether a claim holds.
    pub fn is_undecided(&self) -> bool {
        let open = |proof: &Proof| proof.keeps.holds.is_none() || proof.narrows.holds.is_none();
        self.failures.is_empty() && self.proof.as_ref().is_some_and(open)
    }

    /// One word for it: `holds`, `fails`, `undecided`.
    pub fn as_str(&self) -> &'static str {
        match (self.failures.is_empty(), self.is_undecided()) {
            (false, _) => "fails",
            (true, true) => "undecided",
            (true, false) => "holds",
        }
    }
}

/// Checks one replacement of the certificate at `path`.
pub fn verify(
    evaluator: &Evaluator<'_>,
    usage: &Usage,
    path: &str,
    claimed: &Replacement,
) -> Result<Verified, Bug> {
    let mut verified = Verified {
        path: path.to_owned(),
        cloud: claimed.cloud.clone(),
        principal: claimed.principal.clone(),
        failures: Vec::new(),
        proof: None,
    };
    let case = match case(evaluator.estate(), usage, claimed) {
        Ok(case) => case,
        Err(reason) => {
            verified.failures.push(reason);
            return Ok(verified);
        }
    };
    let proof = if let Some(roles) = case.cloud.roles() {
        by_roles(evaluator, roles, &case, &mut verified.failures)?
    } else if let Some(own) = case.cloud.own_policies() {
        by_policies(evaluator, own, &case, &mut verified.failures)?
    } else {
        None
    };
    // What is wider than the proposal and no wider than what is held passes both directions of the proof.
    let options = Options { principal: Some(case.id), days: 0 };
    let again = recommend(evaluator, usage, &options)?;
    let same = |one: &Suggestion| Replacement::of(one).replacement == claimed.replacement;
    let is_open = |proof: &Proof| proof.keeps.holds.is_none() || proof.narrows.holds.is_none();
    if !again.iter().any(same) && !proof.as_ref().is_some_and(is_open) {
        verified.failures.push("the replacement is not the one that follows from the files".to_owned());
    }
    if let Some(proof) = &proof {
        verified.failures.extend(broken(proof, &claimed.claims));
    }
    verified.proof = proof;
    Ok(verified)
}

/// What the claim is about.
struct Case<'a> {
    cloud: &'static dyn Cloud,
    id: PrincipalId,
    principal: &'a Principal,
    all: BTreeMap<PrincipalId, needed::Uses<'a>>,
    claimed: &'a Replacement,
}

fn case<'a>(estate: &'a Estate, usage: &'a Usage, claimed: &'a Replacement) -> Result<Case<'a>, String> {
    let cloud = CLOUDS.iter().copied().find(|cloud| cloud.id().as_str() == claimed.cloud);
    let cloud = cloud.ok_or_else(|| format!("there is no cloud `{}`", claimed.cloud))?;
    let known = estate.find_principal(cloud.id(), &claimed.principal);
    let known = known.and_then(|id| Some((id, estate.principal(id)?)));
    let (id, principal) = known.ok_or_else(|| format!("`{}` is in none of the files", claimed.principal))?;
    Ok(Case { cloud, id, principal, all: needed::by_principal(estate, usage), claimed })
}

/// For clouds whose access is given by roles.
fn by_roles(
    evaluator: &Evaluator<'_>,
    roles: &dyn Roles,
    case: &Case<'_>,
    failures: &mut Vec<String>,
) -> Result<Option<Proof>, Bug> {
    let estate = evaluator.estate();
    let held: Vec<HeldRole> =
        roles.held(estate, case.id).into_iter().filter(|held| !held.conditional).collect();
    let own = held.iter().map(|held| Taken { what: held.at.role.clone(), on: held.at.place.clone() });
    failures.extend(held_otherwise(own.collect(), case.claimed));
    let wanted: Vec<RoleAt> = case
        .claimed
        .replacement
        .iter()
        .map(|given| RoleAt { role: given.role.clone(), place: given.on.clone() })
        .collect();
    let (remove, add) = difference(&held, &wanted);
    let catalog = roles.catalog();
    let unknown = add.iter().filter(|at| !catalog.roles.iter().any(|role| *role.name == *at.role));
    failures.extend(unknown.map(|at| format!("`{}` is no role that may be proposed", at.role)));
    let used = used(roles, estate, &keys::split(roles, estate, case.id, &case.all));
    failures.extend(needed_otherwise(&used, case.claimed));
    let changed = roles.replace(estate, case.id, &remove, &add);
    let change = Change {
        changed: &changed,
        used: &used,
        within: &|place| roles.within(estate, place),
        is_kept_whole: &|need| is_kept_whole(need, case.claimed),
        added: &candidates::permissions(roles, &add),
    };
    proof::prove(evaluator, &change, case.id, case.principal).map(Some)
}

/// For clouds in which principals have policies of their own. A policy that cannot be read cannot be judged.
fn by_policies(
    evaluator: &Evaluator<'_>,
    own: &dyn OwnPolicies,
    case: &Case<'_>,
    failures: &mut Vec<String>,
) -> Result<Option<Proof>, Bug> {
    let estate = evaluator.estate();
    let held = own.held(estate, case.id);
    let taken = held.iter().map(|one| Taken { what: one.name.clone(), on: case.principal.name.clone() });
    failures.extend(held_otherwise(taken.collect(), case.claimed));
    failures.extend(own.fixed(case.principal).map(str::to_owned));
    let uses = case.all.get(&case.id).map(Vec::as_slice).unwrap_or_default();
    let used = policies::used(own, estate, uses);
    let kept = policies::kept(own, &used);
    failures.extend(needed_otherwise(&kept, case.claimed));
    let elsewhere = case.claimed.replacement.iter().filter(|given| given.on != case.principal.name);
    failures.extend(elsewhere.map(|given| format!("`{}` is given to `{}`", given.role, given.on)));
    let read = |given: &Given| own.read(&given.role, given.policy.as_deref().unwrap_or_default());
    let new = match case.claimed.replacement.iter().map(read).collect::<Result<Vec<_>, _>>() {
        Ok(new) => new,
        Err(reason) => {
            failures.push(reason);
            return Ok(None);
        }
    };
    let changed = own.replace(estate, case.id, &held, &new);
    let change = Change {
        changed: &changed,
        used: &kept,
        within: &|place| Formula::matches(Attribute::resource(), own.below(place)),
        is_kept_whole: &|need| is_kept_whole(need, case.claimed),
        added: &[],
    };
    proof::prove(evaluator, &change, case.id, case.principal).map(Some)
}

/// Whether the certificate says that the stronger claim was tried. Either way each recorded use is kept.
fn is_kept_whole(need: &Need, claimed: &Replacement) -> bool {
    let with = need.with.as_ref().map(|key| &key.name);
    let same =
        |one: &&Recorded| one.action == need.action && one.on == need.place() && one.with.as_ref() == with;
    claimed.needs.iter().find(same).is_some_and(|one| one.whole)
}

fn held_otherwise(own: BTreeSet<Taken>, claimed: &Replacement) -> Option<String> {
    let said: BTreeSet<Taken> = claimed.held.iter().cloned().collect();
    let name = |one: &Taken| format!("`{}` on `{}`", one.what, one.on);
    let more = own.difference(&said).map(|one| format!("{} is held and not in the certificate", name(one)));
    let less = said.difference(&own).map(|one| format!("{} is not held", name(one)));
    let all: Vec<String> = more.chain(less).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// What the logs show and the certificate does not say, and the other way round.
fn needed_otherwise(needs: &[Need], claimed: &Replacement) -> Vec<String> {
    let recorded: Vec<Recorded> = needs.iter().map(|need| need.recorded(false)).collect();
    let (own, said) = (each_use(&recorded), each_use(&claimed.needs));
    let all: BTreeSet<_> = own.keys().chain(said.keys()).copied().collect();
    let tell = |key: OneUse<'_>| {
        let (action, on, _, spot) = key;
        let (was, is) = (said.get(&key).copied(), own.get(&key).copied());
        (was != is).then(|| {
            let place = spot.map_or(on, |(resource, _)| resource);
            let count = |count: Option<u64>| count.map_or("not at all".to_owned(), times);
            format!("`{action}` on `{place}` was used {}, and by the certificate {}", count(is), count(was))
        })
    };
    let twice = claimed.needs.len() != claimed.needs.iter().collect::<BTreeSet<_>>().len();
    let twice = twice.then(|| "a need stands in the certificate twice".to_owned());
    all.into_iter().filter_map(tell).chain(twice).collect()
}

fn times(count: u64) -> String {
    match count {
        0 => "together with others".to_owned(),
        1 => "once".to_owned(),
        more => format!("{more} times"),
    }
}

/// How often each action was used on each resource. What only goes with others has no resource and no count.
type EachUse<'a> = BTreeMap<OneUse<'a>, u64>;

/// An action, its place, with whose keys, and on which resource through which service.
type OneUse<'a> = (&'a str, &'a str, Option<&'a str>, Option<(&'a str, &'a str)>);

fn each_use(needs: &[Recorded]) -> EachUse<'_> {
    let mut all = EachUse::new();
    for need in needs {
        if need.uses.is_empty() {
            all.insert((&need.action, &need.on, need.with.as_deref(), None), 0);
        }
        for RecordedUse { resource, via, count } in &need.uses {
            let key = (&*need.action, &*need.on, need.with.as_deref(), Some((&**resource, &**via)));
            let count_of = all.entry(key).or_default();
            *count_of = count_of.saturating_add(*count);
        }
    }
    all
}

/// The claims that do not hold, and those that are not what was found.
fn broken(proof: &Proof, claims: &Claims) -> Vec<String> {
    let mut failures = Vec::new();
    if proof.keeps.holds == Some(false) {
        failures.push("something that is needed is no longer allowed".to_owned());
    }
    if proof.narrows.holds == Some(false) {
        failures.push("something becomes allowed that was not".to_owned());
    }
    let gained = proof.gained.iter();
    failures
        .extend(gained.map(|one| format!("`{}` on `{}` becomes allowed and was not", one.action, one.place)));
    let found = Claims::of(proof);
    let is_open = proof.keeps.holds.is_none() || proof.narrows.holds.is_none();
    if failures.is_empty() && !is_open && found != *claims {
        failures.push(format!("the certificate claims {}, and found is {}", said(claims), said(&found)));
    }
    failures
}

fn said(claims: &Claims) -> String {
    let assumed = match claims.assumed.len() {
        0 => String::new(),
        _ => format!(" assuming that {}", claims.assumed.join(", and that ")),
    };
    format!("`{}` with {} uses replayed{assumed}", claims.applicability, claims.replayed)
}
