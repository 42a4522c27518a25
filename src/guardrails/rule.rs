//! What a guardrail is.

use std::fmt;
use std::sync::Arc;

use crate::clouds::documents::DocumentKind;
use crate::findings::Level;
use crate::logic::Formula;
use crate::model::{CloudId, Origin, Policy};

/// One guardrail.
#[derive(Clone, Debug)]
pub struct Guardrail {
    /// By what it goes, once in a configuration.
    pub id: Arc<str>,
    /// Where it is written; no place for those that the program ships.
    pub origin: Origin,
    /// How bad it is if it is broken.
    pub level: Level,
    /// Why it is there, in the words of whoever wrote it; may be empty.
    pub reason: Arc<str>,
    /// The cloud it speaks of, where that is one.
    pub cloud: Option<CloudId>,
    /// Whether the program ships it: such a guardrail may well find nothing that it speaks of.
    pub shipped: bool,
    /// What has to hold.
    pub claim: Claim,
}

/// What has to hold.
#[derive(Clone, Debug)]
pub enum Claim {
    /// Nobody but some may do something.
    Only(Only),
    /// Some must be able to do something.
    Able(Able),
    /// There is no path from some to something.
    NoPath(NoPath),
    /// Policies give no more than a document does.
    NoWider(Box<NoWider>),
}

/// Nobody but `but` may do an action of `may` on a resource of `on`, unless a condition holds.
#[derive(Clone, Debug)]
pub struct Only {
    /// Who may.
    pub but: Vec<Name>,
    /// The actions.
    pub may: Formula,
    /// The resources.
    pub on: Vec<Name>,
    /// The requests that anybody may make; `False` for none.
    pub unless: Formula,
}

/// Each of `who` can do each action of `to` on each of `on`.
#[derive(Clone, Debug)]
pub struct Able {
    /// Who.
    pub who: Vec<Name>,
    /// The actions, in their cloud's spelling.
    pub to: Vec<String>,
    /// The resources; of those that a pattern stands for, one is enough.
    pub on: Vec<Name>,
    /// Whether under all circumstances.
    pub always: bool,
}

/// None of `from` can come to `to`.
#[derive(Clone, Debug)]
pub struct NoPath {
    /// Who must not.
    pub from: Vec<Name>,
    /// To what.
    pub to: End,
}

/// Where a path may not lead.
#[derive(Clone, Debug)]
pub enum End {
    /// To the administration of anything.
    Administration,
    /// To principals or resources.
    Names(Vec<Name>),
}

/// None of the policies that go by a name gives more than the document.
#[derive(Clone)]
pub struct NoWider {
    /// The policies, by name.
    pub policies: Vec<Name>,
    /// The document.
    pub reference: Reference,
}

/// A document that others are held against.
#[derive(Clone)]
pub struct Reference {
    /// What it says, read as each kind of documents of its cloud that it can be.
    pub read_as: Vec<(DocumentKind, Policy)>,
    /// How people find it.
    pub shown: Arc<str>,
}

impl fmt::Debug for NoWider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoWider")
            .field("policies", &self.policies)
            .field("than", &self.reference.shown)
            .finish()
    }
}

/// A name or pattern that a guardrail uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// As it is written.
    pub text: Arc<str>,
    /// Where.
    pub origin: Origin,
}

impl Name {
    /// Whether it is one name, and no pattern.
    pub fn is_plain(&self) -> bool {
        !self.text.contains(['*', '?'])
    }
}

impl Claim {
    /// Its kind in reports for programs, named like the key that begins it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Only(_) => "nobody-but",
            Self::Able(_) => "must-stay-able",
            Self::NoPath(_) => "no-path-from",
            Self::NoWider(_) => "no-wider-than",
        }
    }
}
