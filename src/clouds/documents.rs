//! Clouds whose policies are documents that can be judged on their own: what two of them need to be compared.
//!
//! Everything about the rest of an account is left out: what other policies add or take away is the business of
//! [`super::Cloud::layers`]. The same two readings exist here, as rules of formulas and as a concrete decision, and
//! share nothing but the typed document.

use std::borrow::Cow;

use crate::logic::{Assignment, Formula};
use crate::model::{Decision, Gap, Policy, Request};
use crate::text::{Problem, Route, Tree};

/// A cloud whose policy documents can be compared.
pub trait Documents: Sync {
    /// The kinds of documents, in the order in which they are listed.
    fn kinds(&self) -> &'static [DocumentKind];

    /// The document inside what the cloud's tools put around it. `None` when there is none of this cloud; problems are
    /// only about documents of this cloud that cannot be read.
    fn open<'t>(&self, tree: &'t Tree, problems: &mut Vec<Problem>) -> Option<Opened<'t>>;

    /// The kind of which both documents can be, judged by their content.
    fn guess(&self, old: &Tree, new: &Tree) -> DocumentKind;

    /// Reads a document under a name. `None` after a problem when it is no policy at all.
    fn read(
        &self,
        document: &Opened<'_>,
        name: &str,
        kind: DocumentKind,
        problems: &mut Vec<Problem>,
    ) -> Option<Policy>;

    /// What the two documents say, in the same attributes.
    fn rules(&self, kind: DocumentKind, old: &Policy, new: &Policy) -> RulesOfTwo;

    /// The request, printed the way users write it, that an assignment of these attributes stands for.
    fn request(&self, kind: DocumentKind, witness: &Assignment) -> Request;

    /// What the document alone says to a request, from its typed text. Its reasons are the statements that decide.
    fn decide(&self, kind: DocumentKind, policy: &Policy, request: &Request) -> Decision;
}

/// A kind of documents: what they are attached to, and so what their statements mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentKind {
    /// Its name on the command line and in reports for programs: `identity`, `service-control`.
    pub id: &'static str,
    /// Its name for people: "service control policy".
    pub name: &'static str,
}

/// A document that was found inside a file.
#[derive(Clone, Debug)]
pub struct Opened<'t> {
    /// The document itself.
    pub tree: Cow<'t, Tree>,
    /// The way to it.
    pub route: Route,
}

/// Two documents as rules.
#[derive(Clone, Debug)]
pub struct RulesOfTwo {
    /// The rules of the old document.
    pub old: Rules,
    /// The rules of the new document.
    pub new: Rules,
    /// What holds for every possible request.
    pub facts: Formula,
    /// What is not known about the documents.
    pub gaps: Vec<Gap>,
}

/// A document: it allows what some rule allows and no rule denies.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// What is allowed unless it is denied.
    pub allows: Vec<Rule>,
    /// What is denied in any case.
    pub denies: Vec<Rule>,
}

/// The requests that one rule is about: both parts hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// What is said about the action alone.
    pub actions: Formula,
    /// Everything else.
    pub rest: Formula,
}

impl Rule {
    /// The rule about every request.
    pub fn everything() -> Self {
        Self { actions: Formula::True, rest: Formula::True }
    }

    /// The requests as one formula.
    pub fn formula(&self) -> Formula {
        self.actions.clone().and(self.rest.clone())
    }
}
