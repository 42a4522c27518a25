//! One step that somebody can take, with the answers it rests on.

use std::sync::Arc;

use crate::clouds::escalation::{Basis, Change, Gained};
use crate::evaluator::{Certainty, Standing, Witness};
use crate::model::{Effect, Estate, Origin, PolicyId, PrincipalId, ResourceId, ScopeId};

/// Somebody to act as: a principal as it is, or after a change of its permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node {
    /// Who.
    pub principal: PrincipalId,
    /// With what change; as it is if there is none.
    pub change: Option<Change>,
}

impl Node {
    /// A principal as it is.
    pub fn as_is(principal: PrincipalId) -> Self {
        Self { principal, change: None }
    }

    /// A principal after a change.
    pub fn changed(principal: PrincipalId, change: Change) -> Self {
        Self { principal, change: Some(change) }
    }
}

/// Somebody takes a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hop {
    /// Who.
    pub from: Node,
    /// What it gains.
    pub gained: Gained,
    /// Which step, by its id: `assume-role`, `lambda-create-invoke`.
    pub kind: Arc<str>,
    /// What happens, in words that follow the name of who takes the step; empty where the gain says it all.
    pub summary: Arc<str>,
    /// The requests that do it and what they rest on. The first are those of whoever takes the step.
    pub proofs: Vec<Arc<Evidence>>,
    /// What lets it happen beside requests; something if there are none.
    pub basis: Vec<Basis>,
    /// The resource that runs as whom the step leads to, if it uses one.
    pub host: Option<ResourceId>,
    /// How sure it is.
    pub certainty: Certainty,
}

/// An allowed request, and whether it always is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The request, allowed.
    pub witness: Witness,
    /// The same under circumstances in which it is not allowed, if there are such.
    pub refusal: Option<Box<Witness>>,
    /// Whether it stayed undecided if there are such.
    pub open: bool,
    /// Whether it is a request of whoever takes the step, not of somebody else that has to be allowed something.
    pub own: bool,
}

impl Gained {
    /// What can be done, in words that follow "comes to".
    pub fn in_words(self, estate: &Estate) -> String {
        let name = |id: PrincipalId| estate.principal(id).map_or("", |found| found.name.as_str());
        match self {
            Self::Become(id) => format!("act as `{}`", name(id)),
            Self::Rewrite(id, Change::Version(policy, at)) => {
                format!("give `{}` what {} allows", name(id), version(estate, policy, at))
            }
            Self::Rewrite(id, _) => format!("give `{}` any permission", name(id)),
            Self::Join(id) => format!("decide who belongs to `{}`", name(id)),
            Self::Admit(id) => format!("decide who becomes `{}`", name(id)),
            Self::Manage(id) => {
                let name = estate.resource(id).map_or("", |found| found.name.as_str());
                format!("decide who may use `{name}`")
            }
        }
    }
}

/// A version of a policy, in words.
fn version(estate: &Estate, policy: PolicyId, at: u32) -> String {
    let name = estate.policy(policy).map_or("", |policy| policy.name.as_str());
    let version = estate.versions().get(policy, at).map_or("", |version| version.name.as_str());
    format!("version {version} of policy `{name}`")
}

impl Hop {
    /// The full name of what it is about.
    pub fn to<'e>(&self, estate: &'e Estate) -> &'e str {
        match self.gained {
            Gained::Manage(id) => estate.resource(id).map_or("", |found| &found.name),
            Gained::Become(id) | Gained::Rewrite(id, _) | Gained::Join(id) | Gained::Admit(id) => {
                estate.principal(id).map_or("", |found| &found.name)
            }
        }
    }

    /// What happens, in one sentence without a final period.
    pub fn sentence(&self, estate: &Estate) -> String {
        let from = estate.principal(self.from.principal).map_or("", |found| found.name.as_str());
        let to = self.to(estate);
        let is_own = self.gained.principal() == Some(self.from.principal);
        let what = match self.gained {
            Gained::Become(_) => format!("becomes `{to}`"),
            Gained::Rewrite(_, Change::Version(policy, at)) => {
                let whom = if is_own { "itself".to_owned() } else { format!("`{to}`") };
                format!("gives {whom} what {} allows", version(estate, policy, at))
            }
            Gained::Rewrite(..) if is_own => "gives itself any permission".to_owned(),
            Gained::Rewrite(..) => format!("gives `{to}` any permission"),
            Gained::Join(_) => format!("decides who belongs to `{to}`"),
            Gained::Admit(_) => format!("decides who becomes `{to}`"),
            Gained::Manage(_) => format!("decides who may use `{to}`"),
        };
        let actions: Vec<String> = self.actions().iter().map(|action| format!("`{action}`")).collect();
        let actions = match actions.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} and {last}", others.join(", ")),
            None => String::new(),
        };
        let actions = if actions.is_empty() { actions } else { format!(" with {actions}") };
        let how = if self.summary.is_empty() { String::new() } else { format!(": it {}", self.summary) };
        let host = self.host.and_then(|host| estate.resource(host));
        let host = host.map(|host| format!(" (`{}`)", host.name)).unwrap_or_default();
        format!("`{from}` {what}{actions}{how}{host}")
    }

    /// The first request.
    pub fn witness(&self) -> Option<&Witness> {
        self.proofs.first().map(|proof| &proof.witness)
    }

    /// All requests that it takes.
    pub fn witnesses(&self) -> impl Iterator<Item = &Witness> {
        self.proofs.iter().map(|proof| &proof.witness)
    }

    /// The actions of whoever takes the step, each once.
    pub fn actions(&self) -> Vec<&str> {
        let mut actions: Vec<&str> = Vec::new();
        for proof in self.proofs.iter().filter(|proof| proof.own) {
            if !actions.contains(&proof.witness.request.action.as_str()) {
                actions.push(&proof.witness.request.action);
            }
        }
        actions
    }

    /// Everything that allows it, each place once, in the order of the requests.
    pub fn because(&self) -> Vec<&Origin> {
        let reasons = self.proofs.iter().flat_map(|proof| &proof.witness.decision.because);
        let mut origins: Vec<&Origin> = Vec::new();
        let basis = self.basis.iter().map(|basis| &basis.origin);
        for origin in reasons.map(|reason| &reason.origin).chain(basis) {
            if !origins.contains(&origin) {
                origins.push(origin);
            }
        }
        origins
    }

    /// The change that would break it, as a sentence that tells what to do: of its requests the one that the fewest
    /// grants allow loses them. `None` where an earlier step gave everything it takes.
    pub fn remedy(&self, estate: &Estate) -> Option<String> {
        let grants = |evidence: &Evidence| -> Vec<String> {
            let reasons = evidence.witness.decision.because.iter();
            let allows = reasons.filter(|one| one.effect == Some(Effect::Allow) && !one.layer.is_ceiling());
            allows.map(|one| one.origin.what.clone()).collect()
        };
        // What an earlier step put in place is broken there.
        let given = |evidence: &Evidence| evidence.own && self.from.change.is_some();
        let open = self.proofs.iter().filter(|evidence| !given(evidence));
        let told = open.map(|evidence| (evidence, grants(evidence))).filter(|(_, grants)| !grants.is_empty());
        let Some((evidence, grants)) = told.min_by_key(|(_, grants)| grants.len()) else {
            return self.basis.first().map(|basis| basis.remedy.to_string());
        };
        let request = &evidence.witness.request;
        let known = estate.principals().any(|(_, one)| one.name == request.resource)
            || estate.resources().any(|(_, one)| one.name == request.resource);
        let on = if known { format!(" on `{}`", request.resource) } else { String::new() };
        let whom = if evidence.own { String::new() } else { format!(" for `{}`", request.principal) };
        let action = &request.action;
        // Whether both sides have to allow, or one is enough, is not told by who allowed.
        let doubt = if grants.len() > 1 { "; one of them may be enough" } else { "" };
        Some(format!("take `{action}`{on}{whom} away from {}{doubt}", grants.join(" and from ")))
    }

    /// The circumstances that it needs and that do not always hold: what the allowed requests say of themselves and the
    /// refused ones do not.
    pub fn conditions(&self) -> Vec<String> {
        let mut told = Vec::new();
        for evidence in &self.proofs {
            let Some(refusal) = &evidence.refusal else { continue };
            let (allowed, refused) = (&evidence.witness.request.context, &refusal.request.context);
            let differs = allowed.iter().filter(|(key, values)| refused.get(*key) != Some(values));
            let mut parts: Vec<String> =
                differs.map(|(key, values)| format!("`{key}` is `{}`", values.join("`, `"))).collect();
            // Where a request is refused for what it says, it is allowed for not saying so.
            let absent = refused.keys().filter(|key| !allowed.contains_key(*key));
            parts.extend(absent.map(|key| format!("`{key}` is not given")));
            for part in parts {
                if !told.contains(&part) {
                    told.push(part);
                }
            }
        }
        told
    }

    /// Whether it needs circumstances that do not always hold.
    pub fn is_conditional(&self) -> bool {
        self.proofs.iter().any(|proof| proof.refusal.is_some())
    }
}

/// Somebody who administers a scope by permissions of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Who.
    pub node: Node,
    /// What.
    pub scope: ScopeId,
    /// Whether always, or under some circumstances only.
    pub standing: Standing,
}
