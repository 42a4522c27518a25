//! Versions of managed policies as something to go back to: which of them may allow more than the one in force.
//!
//! "You can have up to five versions of a managed policy", and any of them can be made the default one:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-versioning.html>. What a version allows is
//! not decided here.

use std::collections::BTreeSet;

use crate::clouds::aws::ast::Document;
use crate::clouds::aws::{Body, body, sense};
use crate::model::{Effect, Estate, PolicyId};

/// The places of the versions of a policy that may allow more than the one in force, each text once; `None` if the input
/// does not say which versions there are.
pub(super) fn wider(estate: &Estate, policy: PolicyId) -> Option<Vec<u32>> {
    let versions = estate.versions().of(policy)?;
    let Some(now) = estate.policy(policy).and_then(body) else { return Some(Vec::new()) };
    let now = Said::by(&now.document);
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (version, at) in versions.iter().zip(0..) {
        let Some(version) = version.body.downcast_ref::<Body>() else { continue };
        let said = Said::by(&version.document);
        if !said.is_within(&now) && seen.insert(said) {
            found.push(at);
        }
    }
    Some(found)
}

/// What the statements of a document say, whatever their order.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    allowed: BTreeSet<String>,
    denied: BTreeSet<String>,
}

impl Said {
    fn by(document: &Document) -> Self {
        let of = |effect: Effect| {
            let statements = document.statements.iter().filter(|one| one.effect == effect);
            let alone = statements.map(|one| Document { statements: vec![one.clone()], ..document.clone() });
            alone.map(|one| sense::plain(&one)).collect()
        };
        Self { allowed: of(Effect::Allow), denied: of(Effect::Deny) }
    }

    /// Whether it allows nothing that the other does not by the same statements.
    fn is_within(&self, other: &Self) -> bool {
        self.allowed.is_subset(&other.allowed) && self.denied.is_superset(&other.denied)
    }
}
