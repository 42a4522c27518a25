//! The providers: the trait that each implements, and the list of them.
//!
//! A cloud writes each question about access down twice: as a formula ([`Cloud::layers`] and [`Cloud::combine`]) that
//! an engine can decide for all requests at once, and as a concrete rule ([`Cloud::decide`]) that judges one request.
//! The two share the typed policies and nothing else, so each checks the other.
//!
//! Invariant: no cloud knows that a solver exists. Promise: a new cloud costs new files plus one line in [`CLOUDS`].

pub mod aws;
pub mod azure;
pub mod catalog;
pub mod clock;
pub mod documents;
pub mod edits;
pub mod escalation;
pub mod federation;
pub mod gcp;
pub mod own_policies;
mod roles;
mod service_accounts;
mod subjects;

pub use roles::{CandidateRole, HeldRole, Place, RoleAt, RoleCatalog, Roles, Standby};
pub use service_accounts::{AccountKey, Impersonator, ServiceAccounts};

use crate::logic::{Assignment, Attribute, Formula, Patterns, Universe};
use crate::model::{
    CloudId, Decision, Estate, Gap, Grant, Layer, Layers, Origin, PolicyId, Principal, PrincipalId, Question,
    Request, ResourceId, ScopeId, Subject, Verdict,
};
use crate::text::{Problem, Tree};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Every cloud that can be evaluated.
pub const CLOUDS: &[&dyn Cloud] = &[&aws::Aws, &gcp::Gcp, &azure::Azure];

/// The cloud of that id.
pub fn cloud(id: CloudId) -> Option<&'static dyn Cloud> {
    CLOUDS.iter().copied().find(|cloud| cloud.id() == id)
}

/// A provider's rules.
pub trait Cloud: Sync {
    /// Its id.
    fn id(&self) -> CloudId;

    /// Its name for people.
    fn name(&self) -> &'static str;

    /// The actions that exist, and on which resources each can be asked.
    fn universe(&self) -> Universe;

    /// The catalog's spelling of an action that a user typed, or the nearest spellings when there is no such action.
    fn action(&self, typed: &str) -> Result<String, Vec<String>>;

    /// The grants of one policy in the capacity of `layer`, in document order. For rules that judge what is written;
    /// whether it has effect is a question for [`Cloud::layers`].
    fn grants(&self, estate: &Estate, policy: PolicyId, layer: Layer) -> Vec<Arc<Grant>>;

    /// All that decides `question`, with what is known of each of its requests.
    fn layers(&self, estate: &Estate, question: &Question) -> Layers;

    /// The layers of a question about any resource as they were if no resource had a policy but these, and nothing else
    /// were known of the others. They never refuse what [`Cloud::layers`] allows, other policies of resources aside.
    /// `None` where the cloud has no such layers for the question: it is asked with all policies then.
    fn layers_among(
        &self,
        _estate: &Estate,
        _question: &Question,
        _resources: &BTreeSet<ResourceId>,
    ) -> Option<Layers> {
        None
    }

    /// The resources whose policies may allow a request of `question` for which `given` holds, and those about whose
    /// policies something is missing. For questions that have [`Cloud::layers_among`].
    fn givers(&self, _estate: &Estate, _question: &Question, _given: &Formula) -> BTreeSet<ResourceId> {
        BTreeSet::new()
    }

    /// The resources whose policies decide about a request.
    fn guardians(&self, _estate: &Estate, _request: &Request) -> Vec<ResourceId> {
        Vec::new()
    }

    /// The decision rule as a formula: it holds for a request exactly when the request is allowed. It does not
    /// include `layers.facts`, and `layers.known` is not yet filled in.
    fn combine(&self, layers: &Layers) -> Formula;

    /// The request, printed the way users write it, that a witness of `question` stands for.
    fn request(&self, estate: &Estate, question: &Question, witness: &Assignment) -> Request;

    /// Whether requests need not carry a key of their context, so that a witness says nothing of it where it makes no
    /// difference.
    fn may_lack(&self, _key: &str) -> bool {
        false
    }

    /// Witnesses of `question` that read more like requests of the estate than this one, the best first. They need not be
    /// such: whoever asks tries them.
    fn familiar(&self, _estate: &Estate, _question: &Question, _witness: &Assignment) -> Vec<Assignment> {
        Vec::new()
    }

    /// The attributes of a concrete request, all that follow from it included: the inverse of [`Cloud::request`].
    fn assignment(&self, estate: &Estate, request: &Request) -> Assignment;

    /// The concrete rule. Judges the typed policies directly and shares no code with [`Cloud::layers`].
    fn decide(&self, estate: &Estate, request: &Request) -> Decision;

    /// The verdict of [`Cloud::decide`] alone, which is the same and can be had faster than the reasons. Policies are
    /// made ready when the first request meets them; what an estate keeps of that is kept for all further requests.
    fn verdict(&self, estate: &Estate, request: &Request) -> Verdict {
        self.decide(estate, request).verdict
    }

    /// Reads one request with all policies that decide it. `None` after at least one problem when it cannot be read.
    fn scenario(&self, tree: &Tree, problems: &mut Vec<Problem>) -> Option<Scenario> {
        let message = format!("scenarios of {} are not read", self.name());
        problems.push(Problem::error("scenario-cloud", message).at(tree.span));
        None
    }

    /// Whether a name or pattern of a resource that somebody wrote is one of this cloud, as far as its beginning tells.
    fn claims(&self, written: &str) -> bool;

    /// The names of the principals whom the name of one stands for that the files only mention: of an account, all in it.
    fn mentioned(&self, name: &str) -> Patterns {
        Patterns::literal(name)
    }

    /// The names that a name or pattern of a resource stands for, which somebody wrote with `*` and `?`.
    fn written(&self, written: &str) -> Patterns {
        Patterns::globs([written])
    }

    /// The requests for which a condition holds that stands alone, in this cloud's own language. `None` after a problem:
    /// what cannot be read has no meaning here.
    fn circumstances(&self, condition: &Tree, problems: &mut Vec<Problem>) -> Option<Formula>;

    /// The names of all requests that are asked on `resource` or inside it.
    fn coverage(&self, estate: &Estate, resource: ResourceId) -> Patterns;

    /// The steps by which principals of the estate may become other principals of it, each with the question it
    /// rests on. May contain steps that turn out to be denied, never lacks one that is allowed.
    fn steps(&self, estate: &Estate) -> Vec<Step>;

    /// The steps by which somebody may become `to`, out of those of [`Cloud::steps`]. `None` where working them out one
    /// by one is no cheaper than all of them together.
    fn steps_to(&self, _estate: &Estate, _to: PrincipalId) -> Option<Vec<Step>> {
        None
    }

    /// The steps as data that the program ships for this cloud.
    fn escalation(&self) -> &'static [escalation::Step] {
        &[]
    }

    /// The words of this cloud in steps as data.
    fn lexicon(&self) -> escalation::Lexicon {
        escalation::Lexicon::EMPTY
    }

    /// The steps as data at the targets of the estate: those of `into` only, if that is given. Those that lack
    /// something that has to exist are left out.
    fn situations(
        &self,
        _estate: &Estate,
        _step: &escalation::Step,
        _into: Option<PrincipalId>,
    ) -> Vec<escalation::Situation> {
        Vec::new()
    }

    /// The targets of a step, with the same number where they are alike: in the estate and after any change of it their
    /// situations are the same in the same order, but for their own names, and whoever is none of them is answered the
    /// same about each. `None` where this is not worked out: then every target is like no other.
    fn alike_targets(
        &self,
        _estate: &Estate,
        _step: &escalation::Step,
        _change: Option<escalation::Change>,
    ) -> Option<Arc<escalation::Likeness>> {
        None
    }

    /// Principals with the same number where they are alike: in the estate after a change of it, or as it is, they may do
    /// an action on the same of all resources but themselves. Those without a number are like no other. `None` where this
    /// is not worked out.
    fn alike_askers(
        &self,
        _estate: &Estate,
        _action: &str,
        _change: Option<escalation::Change>,
    ) -> Option<Arc<escalation::Likeness>> {
        None
    }

    /// A copy of the estate in which something was changed. Principals, resources, scopes and policies keep their ids.
    fn supposed(&self, estate: &Estate, _change: escalation::Change) -> Estate {
        estate.clone()
    }

    /// A copy of the estate without some grants: statements that allow, or bindings, by where they stand.
    fn without(&self, estate: &Estate, grants: &BTreeSet<Origin>) -> Estate {
        let mut changed = estate.clone();
        let gone: BTreeSet<PolicyId> = estate
            .policies()
            .filter(|(_, policy)| policy.cloud == self.id() && grants.contains(&policy.origin))
            .map(|(id, _)| id)
            .collect();
        changed.detach(|attachment| gone.contains(&attachment.policy));
        changed
    }

    /// The name of the resource that a principal is when others do something to it.
    fn as_resource(&self, estate: &Estate, principal: PrincipalId) -> String {
        estate.principal(principal).map(|found| found.name.clone()).unwrap_or_default()
    }

    /// What it takes to administer `scope`: who may do all of these, always, can give itself anything in it. Empty
    /// for scopes that are not administered on their own.
    fn administration(&self, estate: &Estate, scope: ScopeId) -> Vec<Demand>;

    /// The principals that some grant which bears on the administration of `scope` speaks of: nobody else administers
    /// it. `None` where that is no easier to tell than to ask.
    fn contenders(&self, _estate: &Estate, _scope: ScopeId) -> Option<BTreeSet<PrincipalId>> {
        None
    }

    /// The scopes that a principal can administer at all, whatever policies of its own say. `None` where
    /// that may be any.
    fn administrable(&self, _estate: &Estate, _principal: PrincipalId) -> Option<BTreeSet<ScopeId>> {
        None
    }

    /// Whether the policies of a resource may let in strangers of that kind, as far as the names in them tell. False only
    /// where they certainly let in none.
    fn may_admit(&self, _estate: &Estate, _stranger: Subject, _resource: ResourceId) -> bool {
        true
    }

    /// Questions that tell whether a stranger of that kind gets at `resource`. Empty where there are none.
    fn probes(&self, _estate: &Estate, _resource: ResourceId, _kind: ProbeKind) -> Vec<Probe> {
        Vec::new()
    }

    /// The keys of its requests that hold a time, if there are such.
    fn clocks(&self) -> Option<&'static clock::Clocks> {
        None
    }

    /// Whether a user's account belongs to another organization.
    fn is_guest(&self, _principal: &Principal) -> bool {
        false
    }

    /// The cloud's roles, if its access is given by roles.
    fn roles(&self) -> Option<&dyn Roles> {
        None
    }

    /// The cloud's policies that principals have of their own, if its access is given by such.
    fn own_policies(&self) -> Option<&dyn own_policies::OwnPolicies> {
        None
    }

    /// What the requests that `allowed` lets in rest on that is in none of the files.
    fn rests_on(&self, _estate: &Estate, _allowed: &Formula) -> Vec<Gap> {
        Vec::new()
    }

    /// What is not known of the resources that the files speak of, for answers about all resources.
    fn unread(&self, _estate: &Estate) -> Vec<Gap> {
        Vec::new()
    }

    /// Adds the principal that a user asks about, where no file tells of it and its name alone says who it is.
    fn admit(&self, _estate: &mut Estate, _typed: &str) {}

    /// The principal of the estate that a log names.
    fn find_principal(&self, estate: &Estate, name: &str) -> Option<PrincipalId> {
        estate.find_principal(self.id(), name)
    }

    /// What is known of a request that a service made for a principal, by the names of attributes.
    fn called_via(&self, _service: &str) -> BTreeMap<String, Vec<String>> {
        BTreeMap::new()
    }

    /// The cloud's accounts for programs, if it has any.
    fn service_accounts(&self) -> Option<&dyn ServiceAccounts> {
        None
    }

    /// The cloud's way with tokens of identity providers, if it takes any.
    fn federation(&self) -> Option<&dyn federation::Federation> {
        None
    }

    /// The cloud's policy documents, if two of them can be compared on their own.
    fn documents(&self) -> Option<&dyn documents::Documents> {
        None
    }

    /// What holds for every request that is sent, as far as it concerns these attributes. A request that is judged need not
    /// heed it; descriptions leave out what is about other requests.
    fn holds_always(&self, _attributes: &BTreeSet<Attribute>) -> Formula {
        Formula::True
    }

    /// The action that formulas write as `folded`, in its cloud's spelling: `s3:GetObject`, `storage.objects.get`.
    fn display_action(&self, folded: &str) -> String {
        self.action(folded).unwrap_or_else(|_| folded.to_owned())
    }
}

/// One request, and an estate with all that decides it and nothing else.
#[derive(Clone)]
pub struct Scenario {
    /// What is known; many requests may be decided by the same.
    pub estate: Arc<Estate>,
    /// What is asked.
    pub request: Request,
}

/// A way in which one principal may become another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Who.
    pub from: PrincipalId,
    /// Becomes whom.
    pub to: PrincipalId,
    /// By what, as an id: `assume-role`, `impersonate`.
    pub kind: &'static str,
    /// What happens, in words that follow the name of who does it; may be empty.
    pub summary: &'static str,
    /// What must be allowed for it.
    pub question: Question,
}

/// Kinds of strangers that may get at a resource because a policy trusts more than was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeKind {
    /// Somebody else's token of an identity provider that many share.
    ForeignSubject,
    /// A token of the same customer of an identity provider, or of the same cluster, for a subject that nobody meant.
    WideSubject,
    /// Somebody else for whom a trusted service of the provider acts.
    ForeignCustomer,
    /// A principal of another account of the same estate.
    Neighbour,
}

/// A question about a stranger.
#[derive(Clone, Debug)]
pub struct Probe {
    /// What is asked.
    pub question: Question,
    /// What holds for the stranger's requests.
    pub given: Formula,
    /// Whose token it is, where the request does not say it.
    pub token: Option<String>,
}

/// One thing that an administrator may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The action in its cloud's spelling.
    pub action: String,
    /// On every resource that matches these.
    pub resources: Patterns,
    /// In requests of this kind only; `True` for all.
    pub given: Formula,
    /// But for those that match these: what nobody may do there takes nothing from an administrator.
    pub except: Patterns,
}
