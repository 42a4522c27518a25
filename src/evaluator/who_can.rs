//! Who may do an action on a resource: the same question asked of everybody.

use super::{Access, Answer, Bug, Evaluator, Outcome};
use crate::logic::Formula;
use crate::model::{CloudId, Object, PrincipalKind, Question, Subject};

/// The answer for one principal, for principals outside of the files, or for anybody without credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entrant {
    /// The question about it.
    pub question: Question,
    /// Whether some request of the question is allowed; the witness is allowed.
    pub can: Answer,
    /// Whether some request of the question is refused; the witness is refused.
    pub lacks: Answer,
    /// Under which conditions, where it is allowed under some and refused under others. Not for principals outside
    /// of the files: the witness has to do.
    pub access: Option<Access>,
}

/// How far somebody gets, the farthest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Extent {
    /// Every request is allowed.
    Always,
    /// Some request is allowed; another is refused, or whether one is stayed open.
    Sometimes,
    /// Whether any request is allowed stayed open.
    Undecided,
    /// No request is allowed.
    Never,
}

impl Entrant {
    /// How far it gets.
    pub fn extent(&self) -> Extent {
        match (&self.can.outcome, &self.lacks.outcome) {
            (Outcome::Never, _) => Extent::Never,
            (Outcome::Undecided, _) => Extent::Undecided,
            (Outcome::Sometimes(_), Outcome::Never) => Extent::Always,
            (Outcome::Sometimes(_), Outcome::Sometimes(_) | Outcome::Undecided) => Extent::Sometimes,
        }
    }
}

impl Evaluator<'_> {
    /// Asks whether `action` on `object` is allowed for each principal of `cloud` in the estate, for principals outside
    /// of it, and for anybody without credentials. Sorted by extent, then in the order of loading. Groups ask for
    /// nothing themselves; their members are asked about.
    pub fn who_can(
        &self,
        cloud: CloudId,
        action: Option<&str>,
        object: &Object,
    ) -> Result<Vec<Entrant>, Bug> {
        let known = self.estate().principals().filter(|(_, principal)| {
            principal.cloud == cloud
                && !matches!(principal.kind, PrincipalKind::Group | PrincipalKind::Public)
        });
        let subjects = known.map(|(id, _)| Subject::Principal(id));
        let mut entrants = Vec::new();
        for subject in subjects.chain([Subject::Outside, Subject::Anonymous]) {
            let action = action.map(str::to_owned);
            entrants.push(self.entrant(Question { cloud, subject, action, object: object.clone() })?);
        }
        entrants.sort_by_key(Entrant::extent);
        Ok(entrants)
    }

    fn entrant(&self, question: Question) -> Result<Entrant, Bug> {
        let posed = self.pose(&question)?;
        let can = self.can_posed(&question, &posed, &Formula::True)?;
        let lacks = self.lacks_posed(&question, &posed, &Formula::True)?;
        // What is known of principals outside are their possible names, which is no condition to be shown.
        let partly = can.witness().is_some() && !lacks.is_never() && question.subject != Subject::Outside;
        let access =
            partly.then(|| self.access_posed(&posed, &Self::place(&question, &posed))).transpose()?;
        let access = access.map(|access| access.resting_on(&can.certainty));
        Ok(Entrant { question, can, lacks, access })
    }
}
