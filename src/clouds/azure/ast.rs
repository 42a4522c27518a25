//! Azure's policies as typed values: role assignments, role definitions, deny assignments, and what else lets in.
//!
//! Reading them from documents is `parse`; what they mean is `lower` (for engines) and `decide` (for one request).
//! Object ids, role ids and scopes are held in the spelling of `names`.

use std::sync::Arc;

use super::claims::Claim;
use super::condition::Condition;
use crate::model::Gap;
use crate::text::Located;

/// What a policy of the estate holds as its body.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// A role assignment, or one that a principal may activate.
    Assignment(Assignment),
    /// A role definition of the user's files.
    Role(RoleDefinition),
    /// A deny assignment.
    Deny(DenyAssignment),
    /// That a principal may activate an eligible assignment.
    Eligible(Eligibility),
    /// A role of the directory, Microsoft Entra ID.
    Directory(DirectoryAssignment),
    /// A key vault: which of its two models of access it uses, and its access policies.
    Vault(Vault),
    /// A storage container whose blobs anybody may read.
    Container(PublicContainer),
    /// That a key of a storage account or the like opens all its data.
    AccountKey(AccountKey),
    /// That tokens of an issuer are taken for an application or a managed identity.
    Federated(FederatedCredential),
    /// A secret or a certificate by which a program signs in.
    Credential(Credential),
    /// The id of a tenant that the input speaks of.
    Tenant(Arc<str>),
    /// That a list was exported, even if it is empty.
    Listed(Listing),
}

/// A federated credential: <https://learn.microsoft.com/graph/api/resources/federatedidentitycredential>.
#[derive(Clone, Debug, PartialEq)]
pub struct FederatedCredential {
    /// The object id of whom the token makes its bearer.
    pub holder: Arc<str>,
    /// The issuer as it is written.
    pub issuer: Arc<str>,
    /// What the token has to say, all of it.
    pub claims: Vec<Claim>,
}

/// A secret or a certificate of a program:
/// <https://learn.microsoft.com/graph/api/resources/passwordcredential>,
/// <https://learn.microsoft.com/graph/api/resources/keycredential>.
#[derive(Clone, Debug, PartialEq)]
pub struct Credential {
    /// Until when it works, as it is written.
    pub until: Option<Arc<str>>,
}

/// A role given to a principal at a scope:
/// <https://learn.microsoft.com/azure/role-based-access-control/role-assignments>.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// The object id of whom it is for.
    pub holder: Arc<str>,
    /// What kind of principal that is, as far as the document says it.
    pub kind: HolderKind,
    /// The role: the GUID of its definition, or its name where a document gives no more.
    pub role: Located<Arc<str>>,
    /// When; always if none.
    pub condition: Option<Condition>,
    /// What is not known about the assignment as it was read.
    pub gaps: Vec<Gap>,
}

/// Kinds of principals, as assignments name them:
/// <https://learn.microsoft.com/azure/role-based-access-control/role-assignments#principal>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HolderKind {
    /// `User`
    User,
    /// `Group`
    Group,
    /// `ServicePrincipal`, managed identities among them.
    ServicePrincipal,
    /// `ForeignGroup`: a group of another tenant.
    ForeignGroup,
    /// Nothing is said, or something else.
    Unknown,
}

impl HolderKind {
    /// Reads `principalType`.
    pub fn read(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "user" => Self::User,
            "group" => Self::Group,
            "serviceprincipal" | "msi" => Self::ServicePrincipal,
            "foreigngroup" => Self::ForeignGroup,
            _ => Self::Unknown,
        }
    }
}

/// A role: <https://learn.microsoft.com/azure/role-based-access-control/role-definitions>.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RoleDefinition {
    /// The GUID.
    pub id: Arc<str>,
    /// The name for people.
    pub name: Arc<str>,
    /// Its permissions. Blocks add up; each subtracts from itself only.
    pub blocks: Vec<Block>,
    /// Where a custom role can be given, by full names; nothing for what is not known to be one.
    pub scopes: Vec<Arc<str>>,
}

/// One object of a role's `permissions`. Patterns are in lower case; `*` is any text.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Block {
    /// `actions`: of the control plane.
    pub actions: Vec<Arc<str>>,
    /// `notActions`: what is taken from `actions`, which is no deny.
    pub not_actions: Vec<Arc<str>>,
    /// `dataActions`: of the data plane.
    pub data_actions: Vec<Arc<str>>,
    /// `notDataActions`.
    pub not_data_actions: Vec<Arc<str>>,
    /// The condition of the block itself.
    pub condition: Option<Condition>,
}

/// A deny assignment: <https://learn.microsoft.com/azure/role-based-access-control/deny-assignments>.
#[derive(Clone, Debug, PartialEq)]
pub struct DenyAssignment {
    /// Its name for people.
    pub name: Arc<str>,
    /// Object ids of those it is for.
    pub principals: Vec<(Arc<str>, HolderKind)>,
    /// Whether it is for everybody: the zero GUID with the type `SystemDefined`.
    pub everybody: bool,
    /// Object ids of those it spares.
    pub excluded: Vec<(Arc<str>, HolderKind)>,
    /// What it denies.
    pub blocks: Vec<Block>,
    /// `doNotApplyToChildScopes`: it holds at its own scope only.
    pub own_scope_only: bool,
    /// The condition of the whole.
    pub condition: Option<Condition>,
}

/// That a principal may activate an assignment for a while:
/// <https://learn.microsoft.com/entra/id-governance/privileged-identity-management/pim-resource-roles-activate-your-roles>.
#[derive(Clone, Debug, PartialEq)]
pub struct Eligibility {
    /// The object id of who may activate it.
    pub holder: Arc<str>,
    /// What kind of principal that is.
    pub kind: HolderKind,
    /// The full name of the eligibility, on which activating it is asked.
    pub instance: Arc<str>,
    /// The name of the principal that stands for whoever has activated it.
    pub activated: Arc<str>,
}

/// Power in the directory that a principal has: a role, an application permission of Microsoft Graph, ownership.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectoryAssignment {
    /// The object id of whom it is for.
    pub holder: Arc<str>,
    /// The template id of the role or the id of the permission, in lower case.
    pub role: Arc<str>,
    /// The actions, in lower case, of a role that is known from its definition alone; `None` where nobody exported one.
    pub actions: Option<Arc<[Arc<str>]>>,
    /// For how much of the directory.
    pub reach: Reach,
}

/// How much of the directory an assignment is for:
/// <https://learn.microsoft.com/entra/identity/role-based-access-control/assign-roles-different-scopes>.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All of it.
    Tenant,
    /// An administrative unit, by its id.
    Unit(Arc<str>),
    /// One object, by its id.
    Object(Arc<str>),
}

/// A key vault: <https://learn.microsoft.com/azure/key-vault/general/rbac-access-policy>.
#[derive(Clone, Debug, PartialEq)]
pub struct Vault {
    /// `enableRbacAuthorization`.
    pub uses_roles: bool,
    /// Who may do which data actions; without effect where roles are used.
    pub policies: Vec<VaultPolicy>,
}

/// An access policy of a vault.
#[derive(Clone, Debug, PartialEq)]
pub struct VaultPolicy {
    /// The object id of whom it is for.
    pub holder: Arc<str>,
    /// Patterns of data actions in lower case.
    pub actions: Vec<Arc<str>>,
}

/// A container whose blobs anybody may read:
/// <https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-configure>.
#[derive(Clone, Debug, PartialEq)]
pub struct PublicContainer {
    /// Whether anybody may list the blobs, too (level `Container`).
    pub lists: bool,
    /// What is not known about it.
    pub gaps: Vec<Gap>,
}

/// That whoever has a key of a storage account or the like may do everything with its data:
/// <https://learn.microsoft.com/azure/storage/common/storage-account-keys-manage>.
#[derive(Clone, Debug, PartialEq)]
pub struct AccountKey {
    /// The id of the principal that stands for whoever has the key.
    pub holder: Arc<str>,
    /// How the data actions of the service begin, in lower case.
    pub service: Arc<str>,
}

/// A list that can be exported, and whose absence is a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Listing {
    /// Deny assignments.
    DenyAssignments,
    /// The members of the group it is attached to.
    Members,
    /// The management groups above every subscription.
    Hierarchy,
    /// The definitions of the directory's roles.
    DirectoryRoles,
}
