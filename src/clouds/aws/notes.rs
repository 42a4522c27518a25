//! What the concrete rule writes down on its way to a verdict: nothing, or all reasons.

use super::rule::ALWAYS;
use crate::model::{Decision, Effect, Gap, Origin, Reason, Verdict};

/// What can speak for and against the request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Denials,
    Identity,
    Direct,
    Role,
    Account,
    /// A grant of a key names the caller, which is told apart from other ways in.
    Grantee,
    /// Ceilings that leave the request out: those that limit identity policies only.
    Limits,
    /// And the others.
    Outer,
}

impl Found {
    pub(super) const ALL: usize = 8;

    /// Where a statement of that effect belongs, if those that allow belong to `allows`.
    pub(super) fn of(effect: Effect, allows: Self) -> Self {
        if effect == Effect::Deny { Self::Denials } else { allows }
    }
}

/// What is written down on the way to a verdict.
pub(super) trait Notes {
    /// Whether nothing is: then only what changes the verdict has to be looked at.
    const SILENT: bool;

    fn reason(&mut self, found: Found, reason: impl FnOnce() -> Reason);
    fn gap(&mut self, gap: impl FnOnce() -> Gap);
    fn gaps(&mut self, gaps: &[Gap]);
    /// What made the verdict.
    fn because(&mut self, found: &[Found]);
    /// What stopped a request that something would have allowed.
    fn blocked(&mut self, found: &[Found]);
    /// The call needs no permission.
    fn always(&mut self);
}

/// Nothing.
pub(super) struct Unwritten;

impl Notes for Unwritten {
    const SILENT: bool = true;

    fn reason(&mut self, _: Found, _: impl FnOnce() -> Reason) {}
    fn gap(&mut self, _: impl FnOnce() -> Gap) {}
    fn gaps(&mut self, _: &[Gap]) {}
    fn because(&mut self, _: &[Found]) {}
    fn blocked(&mut self, _: &[Found]) {}
    fn always(&mut self) {}
}

/// Everything.
#[derive(Default)]
pub(super) struct Written {
    reasons: Vec<(Found, Reason)>,
    gaps: Vec<Gap>,
    because: Vec<Reason>,
    blocked_by: Vec<Reason>,
}

impl Written {
    fn of(&self, wanted: &[Found]) -> Vec<Reason> {
        let mut said: Vec<Reason> = Vec::new();
        for list in wanted {
            for (_, reason) in self.reasons.iter().filter(|(found, _)| found == list) {
                // A policy that is attached at several levels, or that lets in by two names, is one reason.
                if !said.contains(reason) {
                    said.push(reason.clone());
                }
            }
        }
        said
    }

    pub(super) fn decision(mut self, verdict: Verdict) -> Decision {
        self.gaps.sort();
        self.gaps.dedup();
        let Self { because, mut blocked_by, gaps, .. } = self;
        if verdict == Verdict::ExplicitlyDenied {
            blocked_by.clone_from(&because);
        }
        Decision { verdict, because, blocked_by, gaps }
    }
}

impl Notes for Written {
    const SILENT: bool = false;

    fn reason(&mut self, found: Found, reason: impl FnOnce() -> Reason) {
        self.reasons.push((found, reason()));
    }

    fn gap(&mut self, gap: impl FnOnce() -> Gap) {
        self.gaps.push(gap());
    }

    fn gaps(&mut self, gaps: &[Gap]) {
        self.gaps.extend(gaps.iter().cloned());
    }

    fn because(&mut self, found: &[Found]) {
        self.because = self.of(found);
    }

    fn blocked(&mut self, found: &[Found]) {
        self.blocked_by = self.of(found);
    }

    fn always(&mut self) {
        let what = "the rule that this call needs no permission".to_owned();
        let origin = Origin { what, ..Origin::default() };
        *self = Self::default();
        self.because = vec![Reason { layer: ALWAYS, effect: Some(Effect::Allow), origin }];
    }
}
