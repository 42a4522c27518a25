//! Clouds whose policies are documents that can be judged on their own: what two of them need to be compared, and what
//! the statements of one need to be judged beside each other.
//!
//! Everything about the rest of an account is left out: what other policies add or take away is the business of
//! [`super::Cloud::layers`]. The same two readings exist here, as rules of formulas and as a concrete decision, and
//! share nothing but the typed document.

use std::borrow::Cow;
use std::sync::Arc;

use crate::logic::{Assignment, Attribute, Formula};
use crate::model::{Decision, Effect, Gap, Layer, Origin, Policy, Request};
use crate::text::{Problem, Route, Tree};

/// The principal of a request of which no document asks who it is.
pub const HOLDER: &str = "whoever holds the role";

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

    /// The text of a document of the provider's own that goes by this name, such as a role, so that nobody has to write
    /// a file for it.
    fn named(&self, _name: &str) -> Option<String> {
        None
    }

    /// Names that somebody may have meant who wrote this one, for which there is no document of the provider's own.
    fn nearest(&self, _name: &str) -> Vec<String> {
        Vec::new()
    }

    /// As what the policy of an estate is read on its own that is attached in these layers, or nowhere. `None` for what
    /// its users cannot change, such as a policy of the provider, and for what is no document.
    ///
    /// Documents that only give have no kind here: there is nothing in one of them that another could make idle but the
    /// same grant, which is no defect.
    fn kind_of(&self, _policy: &Policy, _layers: &[Layer]) -> Option<DocumentKind> {
        None
    }

    /// The statements of one document, all in the same attributes.
    fn statements(&self, _kind: DocumentKind, _policy: &Policy) -> Statements {
        Statements::default()
    }

    /// What a policy says apart from names that make no difference. `own` is the resource that it belongs to, if it is
    /// attached to nothing else. `None` where that is not told.
    fn sense(&self, _policy: &Policy, _own: Option<&str>) -> Option<Sense> {
        None
    }

    /// The keys that senders can leave out of a request, and what that amounts to.
    fn omissions(&self, _kind: DocumentKind) -> &'static [Omission] {
        &[]
    }

    /// The name of a key as users write it.
    fn key_name(&self, key: &Attribute) -> String {
        key.name().to_owned()
    }

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

/// One document as its statements.
#[derive(Clone, Debug, Default)]
pub struct Statements {
    /// The statements, in document order.
    pub statements: Vec<Statement>,
    /// What holds for every possible request. Each fact can be fulfilled whatever the attributes are that it does not
    /// speak of, so facts that share none with a question have no bearing on it.
    pub facts: Vec<Formula>,
    /// What holds too of requests that somebody would really send. For requests that are shown; a proof that there is
    /// none must do without.
    pub sensible: Formula,
    /// That other documents beside this one may allow what it does not. `None` where it alone can allow.
    pub others: Option<Gap>,
    /// What is not known about the document as a whole.
    pub gaps: Vec<Gap>,
}

/// What a document says, in short. Two documents of one kind with the same text give the same answers to questions
/// about the document alone, but for places, names and requests that are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sense {
    /// Whether a statement that allows and one that denies may be about the same request.
    pub opposed: bool,
    /// Whether two statements of the same effect may be about the same request.
    pub doubled: bool,
    /// Whether some statement has conditions.
    pub conditional: bool,
    /// Whether a statement that denies may look at a key of [`Documents::omissions`].
    pub omissible: bool,
    /// Whether a statement that allows has a condition that may hold because there is no value.
    pub universal: bool,
    /// All elements as they are written; `None` where the document is neither omissible nor universal.
    pub plain: Option<String>,
    /// The same with signs in place of names; empty where [`Sense::is_silent`]. Only for questions that take actions and
    /// resources as plain texts.
    pub renamed: String,
}

impl Sense {
    /// Whether no statement and no condition can make another idle, or be idle itself.
    pub fn is_silent(&self) -> bool {
        !self.opposed && !self.doubled && !self.conditional
    }
}

/// One statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Whether it gives or takes.
    pub effect: Effect,
    /// Which actions it is about.
    pub actions: Formula,
    /// Whom, which actions and which resources it is about.
    pub scope: Formula,
    /// When: all of these hold.
    pub conditions: Vec<Condition>,
    /// What it gives or takes, fit for comparing it with other statements: of two that speak of the same requests, one
    /// may give more.
    pub effects: Formula,
    /// Where it stands.
    pub origin: Origin,
    /// What is not known about it.
    pub gaps: Vec<Gap>,
}

/// One condition of a statement.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The condition in words.
    pub text: Arc<str>,
    /// When it holds.
    pub formula: Formula,
    /// The key, if the condition speaks of all its values, and so holds when there is none, without saying so.
    pub universal: Option<Universal>,
}

/// A key whose values must all fit, and that requests may lack.
#[derive(Clone, Debug)]
pub struct Universal {
    /// The key.
    pub key: Attribute,
    /// Whether the key is one that has many values.
    pub multivalued: bool,
    /// That it is not known whether requests may lack the key.
    pub gap: Option<Gap>,
}

/// A key that senders can leave out of a request, where that amounts to giving it.
#[derive(Clone, Debug)]
pub struct Omission {
    /// The key.
    pub key: Attribute,
    /// In which requests.
    pub requests: Formula,
    /// The values that leaving it out amounts to, said of the key.
    pub amounts_to: Formula,
    /// Why, in words that can follow "because".
    pub because: &'static str,
    /// What is assumed with that.
    pub gap: Option<Gap>,
}

impl Statement {
    /// The requests that it applies to.
    pub fn formula(&self) -> Formula {
        let conditions = self.conditions.iter().map(|condition| condition.formula.clone());
        self.scope.clone().and(Formula::all(conditions))
    }
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
