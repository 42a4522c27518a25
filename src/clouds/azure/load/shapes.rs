//! Which kind of value stands under which key of a row, as far as nobody else reports it. A value of another kind would be
//! taken for one that is absent: a deny assignment would reach further, a container would not be public.
//!
//! The kinds are those of the references that each document's format names.

use super::{Loader, Row};
use crate::text::{
    Problem, Shape,
    Shape::{Flag, List, Map, Objects, Text, Values},
    Tree,
};

const NAMED: Shape = Map(&[("displayName", Text), ("email", Text), ("type", Text)]);

/// Role assignments, and those that may be activated.
pub(super) const ASSIGNMENT: Shape = Map(&[
    ("id", Text),
    ("type", Text),
    ("scope", Text),
    ("principalType", Text),
    ("objectType", Text),
    ("principalName", Text),
    ("signInName", Text),
    ("displayName", Text),
    ("roleDefinitionName", Text),
    ("conditionVersion", Text),
    ("expandedProperties", Map(&[("principal", NAMED), ("roleDefinition", NAMED)])),
]);

const PRINCIPAL: Shape = Map(&[("type", Text), ("objectType", Text)]);
const BLOCK: Shape = Map(&[("conditionVersion", Text)]);

/// Role definitions.
pub(super) const DEFINITION: Shape = Map(&[
    ("id", Text),
    ("name", Text),
    ("roleName", Text),
    ("roleType", Text),
    ("assignableScopes", WORDS),
    ("permissions", Objects(&BLOCK)),
]);

/// Deny assignments.
pub(super) const DENY: Shape = Map(&[
    ("id", Text),
    ("scope", Text),
    ("denyAssignmentName", Text),
    ("denyAssignmentEffect", Text),
    ("doNotApplyToChildScopes", Flag),
    ("conditionVersion", Text),
    ("permissions", Objects(&BLOCK)),
    ("principals", Objects(&PRINCIPAL)),
    ("excludePrincipals", Objects(&PRINCIPAL)),
]);

/// Users, groups, service principals, members, owners.
pub(super) const ENTRY: Shape = Map(&[
    ("@odata.type", Text),
    ("objectType", Text),
    ("userPrincipalName", Text),
    ("displayName", Text),
    ("appId", Text),
    ("userType", Text),
    ("servicePrincipalType", Text),
    ("isAssignableToRole", Flag),
    ("onPremisesSyncEnabled", Flag),
    ("membershipRule", Text),
    ("groupTypes", WORDS),
    ("passwordCredentials", List(&CREDENTIAL)),
    ("keyCredentials", List(&CREDENTIAL)),
]);

const CREDENTIAL: Shape = Map(&[
    ("keyId", Text),
    ("displayName", Text),
    ("customKeyIdentifier", Text),
    ("endDateTime", Text),
    ("usage", Text),
]);

/// Assignments of roles of the directory, and granted permissions.
pub(super) const POWER: Shape = Map(&[
    ("id", Text),
    ("directoryScopeId", Text),
    ("roleEligibilityScheduleId", Text),
    ("roleDefinition", Map(&[("displayName", Text)])),
]);

/// Definitions of the directory's roles.
pub(super) const DIRECTORY_ROLE: Shape = Map(&[
    ("id", Text),
    ("templateId", Text),
    ("displayName", Text),
    ("isEnabled", Flag),
    ("rolePermissions", List(&Map(&[("allowedResourceActions", WORDS), ("condition", Text)]))),
]);

/// Management groups and subscriptions; what lies below them, others check.
pub(super) const LEVEL: Shape = Map(&[
    ("id", Text),
    ("parent", Map(&[("id", Text)])),
    ("details", Map(&[("parent", Map(&[("id", Text)]))])),
    ("children", List(&Map(&[]))),
]);

const IDENTITY: Shape =
    Map(&[("principalId", Text), ("userAssignedIdentities", Values(&Map(&[("principalId", Text)])))]);
const WORDS: Shape = List(&Text);
const VAULT_POLICY: Shape =
    Map(&[("permissions", Map(&[("secrets", WORDS), ("keys", WORDS), ("certificates", WORDS)]))]);

/// Resources, storage accounts and vaults among them.
pub(super) const RESOURCE: Shape = Map(&[
    ("identity", IDENTITY),
    ("principalId", Text),
    ("identityProfile", Map(&[("kubeletidentity", Map(&[("objectId", Text), ("resourceId", Text)]))])),
    ("disableLocalAuth", Flag),
    ("allowBlobPublicAccess", Flag),
    ("allowSharedKeyAccess", Flag),
    ("enableRbacAuthorization", Flag),
    ("accessPolicies", Objects(&VAULT_POLICY)),
]);

/// Federated credentials.
pub(super) const FEDERATED: Shape = Map(&[
    ("id", Text),
    ("name", Text),
    ("issuer", Text),
    ("subject", Text),
    ("audiences", WORDS),
    ("claimsMatchingExpression", Map(&[("value", Text)])),
]);

/// Containers.
pub(super) const CONTAINER: Shape = Map(&[("id", Text), ("name", Text), ("publicAccess", Text)]);

impl Loader<'_> {
    /// Reports what is of another kind than expected, in the row and in its `properties`.
    pub(super) fn check(&mut self, row: &Row<'_>, shape: &Shape, command: &str) {
        let problems = &mut *self.problems;
        let mut report = |span, message| {
            let problem = Problem::error("azure-shape", message).at(span);
            problems.push(problem.help(format!("compare the file with what `{command}` prints")));
        };
        shape.check_ignoring_case(row.tree, &mut report);
        if let Some(inner) = row.tree.get_ignoring_case("properties") {
            shape.check_ignoring_case(inner, &mut report);
        }
    }

    /// A REST answer comes in pages, and one that names a next page is not all there is:
    /// <https://learn.microsoft.com/graph/paging>.
    pub(super) fn check_pages(&mut self, tree: &Tree, command: &str) {
        let next = ["nextLink", "@odata.nextLink"].into_iter().find_map(|key| tree.get_ignoring_case(key));
        let Some(next) = next.filter(|next| !next.is_null() && next.as_str() != Some("")) else { return };
        let message = "the answer has further pages, which are not in the file".to_owned();
        let problem = Problem::error("azure-pages", message).at(next.span);
        self.problems.push(problem.help(format!(
            "ask for each `nextLink` too, and put the rows of all pages into one `value`; the first was `{command}`"
        )));
    }
}
