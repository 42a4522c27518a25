//! Principals of the directory: users, groups and their members, service principals, managed identities, and the
//! applications whose credentials service principals sign in with.

use std::collections::BTreeMap;

use super::{Loader, Row, shapes};
use crate::clouds::azure::ast::{Body, Credential, Listing};
use crate::clouds::azure::directory::{MANAGED_ELSEWHERE, PROGRAM_TYPE, ROLE_ASSIGNABLE, UNIFIED};
use crate::clouds::azure::names::{self, CLOUD};
use crate::clouds::azure::{APPLICATION_ID, CREDENTIAL, USER_TYPE};
use crate::model::{Membership, Origin, Principal, PrincipalId, PrincipalKind, Target};
use crate::text::Tree;

const USERS: &str = "az ad user list";
const MEMBERS: &str = "az ad group member list --group G";
const APPLICATIONS: &str = "az ad app list --all";

/// Whether a row is an application, of which a service principal is what acts in a tenant:
/// <https://learn.microsoft.com/entra/identity-platform/app-objects-and-service-principals>.
pub fn is_application(row: &Row<'_>) -> bool {
    let typed = row.text(&["@odata.type"]).is_some_and(|kind| kind.ends_with(".application"));
    let marks = ["requiredResourceAccess", "identifierUris", "publisherDomain"];
    let acts = row.field(&["servicePrincipalType", "servicePrincipalNames"]).is_some();
    typed || !acts && row.field(&["appId"]).is_some() && row.field(&marks).is_some()
}

impl Loader<'_> {
    /// Users, groups and service principals, as `az ad user|group|sp list` prints them.
    pub fn directory(&mut self, tree: &Tree) {
        for row in self.rows(tree, "an entry of the directory", USERS, &shapes::ENTRY) {
            if let Some(id) = self.entry(&row)
                && row.text(&["servicePrincipalType"]) != Some("ManagedIdentity")
            {
                self.credentials(&row, id);
            }
        }
    }

    /// Applications, as `az ad app list` prints them: their credentials are those of their service principals, which have
    /// to be known by now.
    pub fn applications(&mut self, tree: &Tree) {
        let programs = self.estate.principals().filter(|(_, one)| one.cloud == CLOUD);
        let programs = programs.filter_map(|(id, one)| Some((one.facts.get(APPLICATION_ID)?.clone(), id)));
        let programs: BTreeMap<String, PrincipalId> =
            programs.map(|(application, id)| (application.to_ascii_lowercase(), id)).collect();
        for row in self.rows(tree, "an application", APPLICATIONS, &shapes::ENTRY) {
            let Some(id) = self.required(&row, &["appId"], "an application", APPLICATIONS) else { continue };
            if let Some(program) = programs.get(&id.to_ascii_lowercase()) {
                self.credentials(&row, *program);
            }
        }
    }

    /// Secrets, and certificates by which a program proves who it is. Those that sign tokens for others, with the secrets
    /// that belong to them, let nobody in.
    fn credentials(&mut self, row: &Row<'_>, program: PrincipalId) {
        let list = |key: &str| row.field(&[key]).and_then(Tree::as_list).unwrap_or_default();
        let (secrets, certificates) = (list("passwordCredentials"), list("keyCredentials"));
        let signs = |one: &&Tree| text(one, "usage") == Some("Sign");
        let signing: Vec<&str> =
            certificates.iter().filter(signs).filter_map(|one| text(one, "customKeyIdentifier")).collect();
        let of_signing =
            |one: &&Tree| text(one, "customKeyIdentifier").is_some_and(|own| signing.contains(&own));
        for secret in secrets.iter().filter(|one| !of_signing(one)) {
            self.credential(row, program, "secret", secret);
        }
        for certificate in certificates.iter().filter(|one| !signs(one)) {
            self.credential(row, program, "certificate", certificate);
        }
    }

    fn credential(&mut self, row: &Row<'_>, program: PrincipalId, kind: &str, one: &Tree) {
        let Some(id) = text(one, "keyId") else { return };
        let label = text(one, "displayName").filter(|label| !label.is_empty());
        let name = label.map_or_else(|| id.to_owned(), |label| format!("{label} ({id})"));
        let origin = row.origin(one.span, format!("{kind} `{name}` of `{}`", self.name_of(program)));
        let body = Body::Credential(Credential { until: text(one, "endDateTime").map(Into::into) });
        self.attach(&name, body, Target::Principal(program), CREDENTIAL, origin);
    }

    pub(super) fn entry(&mut self, row: &Row<'_>) -> Option<PrincipalId> {
        let object = self.required(row, &["id", "objectId"], "an entry of the directory", USERS)?;
        let name = row.text(&["userPrincipalName", "displayName"]);
        let kind = entry_kind(row);
        let place = row.field(&["id", "objectId"]).map_or(row.tree.span, |id| id.span);
        let origin = row.origin(place, format!("`{}` of the directory", name.unwrap_or(object)));
        let id = self.principal(object, kind, name, origin);
        for (fact, key) in
            [(APPLICATION_ID, "appId"), (USER_TYPE, "userType"), (PROGRAM_TYPE, "servicePrincipalType")]
        {
            if let Some(value) = row.text(&[key]) {
                self.fact(id, fact, value);
            }
        }
        let is_true = |key: &str| row.field(&[key]).and_then(Tree::as_bool) == Some(true);
        if is_true("isAssignableToRole") {
            self.fact(id, ROLE_ASSIGNABLE, "");
        }
        let types = row.field(&["groupTypes"]).and_then(Tree::as_list).unwrap_or_default();
        if types.iter().any(|one| one.as_str() == Some("Unified")) {
            self.fact(id, UNIFIED, "");
        }
        // Members that a rule or another directory brings are not for anybody to add here:
        // <https://learn.microsoft.com/entra/identity/users/groups-create-rule>.
        if row.text(&["membershipRule"]).is_some() || is_true("onPremisesSyncEnabled") {
            self.fact(id, MANAGED_ELSEWHERE, "");
        }
        Some(id)
    }

    /// The members of a group, as `az ad group member list --group G` prints them. `group` is its name or object id.
    pub fn group_members(&mut self, group: &str, tree: &Tree) {
        let place = Origin {
            span: Some(tree.span),
            what: format!("members of group `{group}`"),
            ..Origin::default()
        };
        let folded = group.to_ascii_lowercase();
        let known = self.by_id.get(&folded).copied();
        let group_id = known.unwrap_or_else(|| match names::guid(group) {
            Some(object) => self.principal(&object, PrincipalKind::Group, None, place.clone()),
            None => self.named_group(group, place.clone()),
        });
        self.listed(Listing::Members, Target::Principal(group_id), place);
        for row in self.rows(tree, "a member of a group", MEMBERS, &shapes::ENTRY) {
            let Some(member) = self.entry(&row) else { continue };
            let origin = row.origin(
                row.tree.span,
                format!("membership of `{}` in group `{group}`", self.name_of(member)),
            );
            self.estate.add_membership(Membership { group: group_id, member, origin });
        }
    }

    /// A group of which only the name is known so far.
    pub(super) fn named_group(&mut self, name: &str, origin: Origin) -> PrincipalId {
        let named = |one: &Principal| {
            one.cloud == CLOUD
                && one.kind == PrincipalKind::Group
                && one.name.strip_prefix("group:").is_some_and(|own| own.eq_ignore_ascii_case(name))
        };
        let exactly = self.estate.find_principal(CLOUD, &format!("group:{name}"));
        let known =
            exactly.or_else(|| self.estate.principals().find(|(_, one)| named(one)).map(|(id, _)| id));
        known.unwrap_or_else(|| {
            self.estate.add_principal(Principal {
                cloud: CLOUD,
                name: format!("group:{name}"),
                kind: PrincipalKind::Group,
                home: None,
                facts: BTreeMap::new(),
                origin,
            })
        })
    }
}

fn text<'t>(tree: &'t Tree, key: &str) -> Option<&'t str> {
    tree.get_ignoring_case(key).and_then(Tree::as_str)
}

/// What an entry of the directory is, by its type or by the fields that only this kind has.
fn entry_kind(row: &Row<'_>) -> PrincipalKind {
    let written = row.text(&["@odata.type", "objectType"]).unwrap_or_default().to_ascii_lowercase();
    match written.rsplit('.').next().unwrap_or_default() {
        "user" => return PrincipalKind::User,
        "group" => return PrincipalKind::Group,
        "serviceprincipal" => return PrincipalKind::ServiceAccount,
        _ => {}
    }
    if row.field(&["userPrincipalName"]).is_some() {
        PrincipalKind::User
    } else if row.field(&["servicePrincipalType", "appId", "servicePrincipalNames"]).is_some() {
        PrincipalKind::ServiceAccount
    } else if row.field(&["securityEnabled", "groupTypes", "mailEnabled"]).is_some() {
        PrincipalKind::Group
    } else {
        PrincipalKind::External
    }
}
