//! Escalation steps as data: ways in which somebody who may do a few things gains more than he was given.
//!
//! A file of steps says for each what has to be allowed, what has to exist and what is gained, in words that are the
//! same for all clouds (`docs/escalation-steps.md` is the grammar). What a word like `role` or `instance-profile`
//! stands for in an estate is its cloud's business: it resolves a step into [`Situation`]s, and the graph asks whether
//! they can happen. The files that the program ships and a user's own go through the same code.
//!
//! Invariant: a situation names everything that it rests on. What is taken to exist without having been seen is a gap
//! of it.

mod read;
mod situation;

pub use read::{SHAPE, read};
pub use situation::{Ask, Asker, Basis, Candidates, Change, Gained, On as AskOn, Situation};

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::model::{CloudId, PrincipalId};
use crate::text::{Files, Located, Problem, Span, yaml};

/// One way to gain more, for anybody and any target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The cloud it belongs to.
    pub cloud: CloudId,
    /// Its id: `lambda-create-invoke`.
    pub id: Arc<str>,
    /// Ids that other catalogs publish for it.
    pub aliases: Vec<Arc<str>>,
    /// What happens, in words that follow the name of who does it: "creates a function that runs as the role".
    pub summary: Arc<str>,
    /// The kinds of targets, in the words of the cloud.
    pub targets: Vec<Located<Arc<str>>>,
    /// What has to be allowed, all of it.
    pub needs: Vec<Need>,
    /// What has to be there, all of it.
    pub exists: Vec<Requirement>,
    /// What is gained.
    pub gain: Gain,
    /// The provider's page that describes what the step uses.
    pub reference: Arc<str>,
    /// Where the step is written; none for what the program ships.
    pub span: Option<Span>,
}

/// What a step gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Gain {
    /// To act as the target.
    Become,
    /// To give the target any permissions, of which ceilings and denials elsewhere leave what they leave.
    Rewrite,
    /// To give the target what another version of one of its policies allows.
    Restore,
    /// To put principals into the target, a group.
    Join,
    /// To decide whom the target lets in: its resource or trust policy can be set to anything.
    Manage,
}

impl Gain {
    /// All gains.
    pub const ALL: [Self; 5] = [Self::Become, Self::Rewrite, Self::Restore, Self::Join, Self::Manage];

    /// The word for it in files and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Become => "become",
            Self::Rewrite => "rewrite",
            Self::Restore => "restore",
            Self::Join => "join",
            Self::Manage => "manage",
        }
    }
}

/// A permission that a step needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The action in its cloud's spelling.
    pub action: Arc<str>,
    /// On what.
    pub on: On,
    /// What the request says of itself, by the cloud's names for it.
    pub context: Vec<(Arc<str>, Arc<str>)>,
}

/// What a permission is needed on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum On {
    /// The target.
    Target,
    /// The resource that runs as the target.
    Host,
    /// The resource that is there, whoever it runs as.
    Existing,
    /// The principal in between.
    Via,
    /// A policy of the target that can be edited.
    Policy,
    /// Whoever takes the step.
    Own,
    /// Something that the step brings into being in the target's home.
    New,
    /// Anything in the target's home with such a name; `{home}` in it stands for that home.
    Like(Arc<str>),
}

/// Something that has to be there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Requirement {
    /// The target lets this service of the provider act as it.
    Trusts(Arc<str>),
    /// A resource of this kind runs as the target.
    Host(Arc<str>),
    /// A resource of this kind lives where the target does, whoever it runs as.
    Existing(Arc<str>),
    /// A principal in between may itself become the target: one that this service may act as, or, where principals
    /// delegate without a service, one that has this permission on the target.
    Via(Arc<str>),
    /// The target is in a state that the cloud knows by this word.
    Target(Arc<str>),
    /// Something that no export tells: always taken to be so, and always said.
    Assume(Arc<str>),
}

/// Principals by what they have in common: those with the same number are alike.
#[derive(Clone, Debug, Default)]
pub struct Likeness {
    told: FxHashMap<PrincipalId, Option<u32>>,
    /// Of those of whom nothing else is told.
    others: Option<Arc<FxHashMap<PrincipalId, u32>>>,
}

/// Numbers of the others begin here.
const OTHERS: u32 = 1 << 31;

impl Likeness {
    /// Principals with their numbers, and all others by what they have in common. Those with no number are like nobody.
    pub fn new(
        told: FxHashMap<PrincipalId, Option<u32>>,
        others: Option<Arc<FxHashMap<PrincipalId, u32>>>,
    ) -> Self {
        Self { told, others }
    }

    /// The number of a principal, if it may be like others.
    pub fn get(&self, principal: PrincipalId) -> Option<u32> {
        match self.told.get(&principal) {
            Some(told) => *told,
            None => self.others.as_ref()?.get(&principal).map(|number| number | OTHERS),
        }
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.told.is_empty() && self.others.is_none()
    }
}

/// The words of a cloud for targets, hosts and states.
#[derive(Clone, Copy, Debug)]
pub struct Lexicon {
    /// Kinds of targets.
    pub targets: &'static [&'static str],
    /// Kinds of resources that run as somebody.
    pub hosts: &'static [&'static str],
    /// Those of them that are known also if it is not known as whom they run.
    pub existing: &'static [&'static str],
    /// States of targets.
    pub states: &'static [&'static str],
}

impl Lexicon {
    /// No words at all: for a cloud without steps as data.
    pub const EMPTY: Self = Self { targets: &[], hosts: &[], existing: &[], states: &[] };
}

/// The steps that the program ships for a cloud, whose file holds `text`. The problems are defects of the program.
pub fn shipped(cloud: CloudId, text: &str) -> (Vec<Step>, Vec<Problem>) {
    let mut problems = Vec::new();
    let file = Files::default().add(format!("policies/{cloud}/escalation.yaml"), text);
    let tree = yaml::parse(file, text, &mut problems);
    let mut steps = tree.map(|tree| read(&tree, &mut problems)).unwrap_or_default();
    for step in &mut steps {
        step.span = None;
    }
    (steps, problems)
}
