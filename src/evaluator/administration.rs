//! Who administers what: in effect, not by the name of a policy.

use super::{Bug, Certainty, Evaluator, Outcome, Witness};
use crate::clouds::{self, Demand};
use crate::logic::{Attribute, Formula, Pattern, Patterns};
use crate::model::{CloudId, Object, PrincipalId, Question, ScopeId, Subject};

/// How a principal stands to the administration of a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It may do all that makes an administrator, always. The witness is one such request.
    Always(Certainty, Box<Witness>),
    /// It may do all of it under some circumstances: the witness shows one, the refusal one in which it may not.
    Conditionally(Certainty, Box<Witness>, Box<Witness>),
    /// There is something that it may never do.
    Never(Certainty),
    /// It was not decided, for this reason.
    Undecided(String),
}

impl Standing {
    /// How sure it is.
    pub fn certainty(&self) -> Certainty {
        match self {
            Self::Undecided(reason) => Certainty::Undecided(reason.clone()),
            decided => decided.sure().cloned().unwrap_or(Certainty::Proven),
        }
    }

    /// How sure it is, if it was decided.
    pub fn sure(&self) -> Option<&Certainty> {
        match self {
            Self::Always(certainty, _) | Self::Conditionally(certainty, ..) | Self::Never(certainty) => {
                Some(certainty)
            }
            Self::Undecided(_) => None,
        }
    }

    /// The standing of somebody about whom a question was not decided.
    pub(super) fn undecided(certainty: Certainty) -> Self {
        match certainty {
            Certainty::Undecided(reason) => Self::Undecided(reason),
            Certainty::Proven | Certainty::Assuming(_) => Self::Undecided("not decided".to_owned()),
        }
    }
}

impl Evaluator<'_> {
    /// How `principal` stands to the administration of `scope`. `None` when the scope is not administered on its own,
    /// or belongs to another cloud.
    pub fn standing(&self, principal: PrincipalId, scope: ScopeId) -> Result<Option<Standing>, Bug> {
        let Some(cloud) = self.estate().scope(scope).and_then(|place| clouds::cloud(place.cloud)) else {
            return Ok(None);
        };
        self.standing_by(principal, cloud.id(), &cloud.administration(self.estate(), scope))
    }

    /// How `principal` stands to all these demands of a cloud together. `None` when there are none, or when it belongs to
    /// another cloud.
    pub fn standing_by(
        &self,
        principal: PrincipalId,
        cloud: CloudId,
        demands: &[Demand],
    ) -> Result<Option<Standing>, Bug> {
        if self.estate().principal(principal).is_none_or(|who| who.cloud != cloud) {
            return Ok(None);
        }
        let mut shown: Option<Box<Witness>> = None;
        let mut refused: Option<Box<Witness>> = None;
        let mut certainty = Certainty::Proven;
        for demand in demands {
            let question = Question {
                cloud,
                subject: Subject::Principal(principal),
                action: Some(demand.action.clone()),
                object: object(&demand.resources),
            };
            let on = |patterns: &Patterns| Formula::matches(Attribute::resource(), patterns.clone());
            let given = Formula::all([on(&demand.resources), on(&demand.except).not(), demand.given.clone()]);
            let asked = self.ask(question)?;
            let can = asked.can(&given)?;
            certainty = certainty.and(can.certainty);
            match can.outcome {
                Outcome::Never => return Ok(Some(Standing::Never(certainty))),
                Outcome::Undecided => return Ok(Some(Standing::undecided(certainty))),
                Outcome::Sometimes(witness) => shown = shown.or(Some(witness)),
            }
            let lacks = asked.lacks(&given)?;
            certainty = certainty.and(lacks.certainty);
            match lacks.outcome {
                Outcome::Never => {}
                Outcome::Undecided => return Ok(Some(Standing::undecided(certainty))),
                Outcome::Sometimes(witness) => refused = refused.or(Some(witness)),
            }
        }
        Ok(shown.map(|witness| match refused {
            Some(refusal) => Standing::Conditionally(certainty, witness, refusal),
            None => Standing::Always(certainty, witness),
        }))
    }
}

/// What a demand is about: one resource by its name, or all that match. The first is asked with far less around it.
fn object(resources: &Patterns) -> Object {
    let mut texts = resources.iter().map(Pattern::as_literal);
    match (texts.next(), texts.next(), resources.is_finite()) {
        (Some(Some(only)), None, true) => Object::Named(only.to_owned()),
        _ => Object::Any,
    }
}
