//! Federated credentials of applications and of managed identities, and the tenants of the input.

use super::{Loader, Row, shapes};
use crate::clouds::azure::ast::{Body, FederatedCredential};
use crate::clouds::azure::claims::{self, Claim};
use crate::clouds::azure::index::OWN_RESOURCE;
use crate::clouds::azure::names::{self, CLOUD};
use crate::clouds::azure::{APPLICATION_ID, FEDERATED, LISTING, OBJECT_ID};
use crate::model::{Gap, GapKind, Origin, PrincipalKind, Resource, Target};
use crate::text::{Problem, Tree};

const OF_APPLICATION: &str = "az ad app federated-credential list --id APP";
const OF_IDENTITY: &str = "az identity federated-credential list --identity-name NAME --resource-group GROUP";

/// Whether a row is a federated credential of a managed identity, by its full name.
pub fn is_of_identity(row: &Row<'_>) -> bool {
    let id = row.text(&["id"]).unwrap_or_default().to_ascii_lowercase();
    id.contains("/microsoft.managedidentity/userassignedidentities/")
        && id.contains("/federatedidentitycredentials/")
}

impl Loader<'_> {
    /// Federated credentials, as `az ad app federated-credential list` and `az identity federated-credential list` print
    /// them. The former do not say whose they are: `application` is its id or its name.
    pub fn federated_credentials(&mut self, application: Option<&str>, tree: &Tree) {
        let command = if application.is_some() { OF_APPLICATION } else { OF_IDENTITY };
        for row in self.rows(tree, "a federated credential", command, &shapes::FEDERATED) {
            let own = if is_of_identity(&row) { None } else { application };
            self.federated_credential(&row, own, command);
        }
    }

    fn federated_credential(
        &mut self,
        row: &Row<'_>,
        application: Option<&str>,
        command: &str,
    ) -> Option<()> {
        let label = self.required(row, &["name"], "a federated credential", command)?;
        let issuer = self.required(row, &["issuer"], "a federated credential", command)?;
        let claims = self.claims(row, label, command)?;
        let whose = match application {
            Some(application) => format!("application `{application}`"),
            None => format!("identity `{}`", identity_of(row).unwrap_or_default()),
        };
        let what = format!("federated credential `{label}` of {whose}");
        let Some(holder) = self.federated_holder(row, application) else {
            let export = if application.is_some() { "az ad sp list --all" } else { "az identity list" };
            let message = format!(
                "what tokens lead to by {what} is not known: whom it is for is in none of the files (`{export}`)"
            );
            let origin = Some(row.origin(row.tree.span, what));
            self.estate.add_gap(Gap { kind: GapKind::MissingScope, message, origin });
            return None;
        };
        let name = match (row.text(&["id"]), application) {
            (Some(id), None) => names::full_name(id),
            _ => format!(
                "/applications/{}/federatedIdentityCredentials/{label}",
                application.unwrap_or_default()
            ),
        };
        let origin = row.origin(row.tree.span, what);
        let kind = "federated-credential".to_owned();
        let target = self.estate.add_resource(Resource {
            cloud: CLOUD,
            name,
            kind,
            home: None,
            origin: origin.clone(),
        });
        let body = FederatedCredential { holder: holder.into(), issuer: issuer.into(), claims };
        self.attach(label, Body::Federated(body), Target::Resource(target), FEDERATED, origin);
        Some(())
    }

    /// What a token has to say.
    fn claims(&mut self, row: &Row<'_>, label: &str, command: &str) -> Option<Vec<Claim>> {
        if let Some(subject) = row.text(&["subject"]).filter(|subject| !subject.is_empty()) {
            return Some(vec![Claim::subject(subject)]);
        }
        let expression = row.field(&["claimsMatchingExpression"]);
        let text = expression.and_then(|own| own.get_ignoring_case("value"));
        let Some(found) = text else {
            let message = format!(
                "federated credential `{label}` has neither `subject` nor `claimsMatchingExpression`"
            );
            let problem = Problem::error("azure-shape", message).at(row.tree.span);
            self.problems.push(problem.help(format!("compare the file with what `{command}` prints")));
            return None;
        };
        let version = expression.and_then(|own| own.get_ignoring_case("languageVersion"));
        let other = version.filter(|version| !version.is_null() && version.as_u64() != Some(1));
        let read = match other {
            Some(version) => Err(match version.as_u64() {
                Some(version) => format!("version {version} of the language is not known"),
                None => format!("`languageVersion` is {}, expected a number", version.kind_name()),
            }),
            None => claims::read(found.as_str().unwrap_or_default()),
        };
        match read {
            Ok(claims) => Some(claims),
            Err(why) => {
                let message =
                    format!("the expression of federated credential `{label}` cannot be read: {why}");
                let problem =
                    Problem::error("azure-federated-credential", message).at(other.unwrap_or(found).span);
                self.problems.push(problem.help("whose tokens the credential takes is not looked at"));
                None
            }
        }
    }

    /// The object id of whom a credential is for.
    fn federated_holder(&self, row: &Row<'_>, application: Option<&str>) -> Option<String> {
        let identity = identity_of(row);
        let mut own = self.estate.principals().filter(|(_, one)| {
            one.cloud == CLOUD
                && one.kind == PrincipalKind::ServiceAccount
                && one.facts.contains_key(OBJECT_ID)
        });
        let found = own.find(|(_, one)| {
            let is = |fact: &str, value: &str| {
                one.facts.get(fact).is_some_and(|own| own.eq_ignore_ascii_case(value))
            };
            match application {
                Some(application) => {
                    is(APPLICATION_ID, application)
                        || one.name.strip_prefix("servicePrincipal:") == Some(application)
                }
                None => identity.as_deref().is_some_and(|identity| is(OWN_RESOURCE, identity)),
            }
        });
        found.and_then(|(_, one)| one.facts.get(OBJECT_ID).cloned())
    }

    /// Notes a tenant that the input speaks of.
    pub(super) fn tenant(&mut self, row: &Row<'_>) {
        let Some(found) = row.field(&["tenantId"]) else { return };
        let Some(tenant) = found.as_str().and_then(names::guid) else { return };
        if self.seen.insert(format!("tenant {tenant}")) {
            let origin =
                Origin { what: format!("tenant `{tenant}`"), ..row.origin(found.span, String::new()) };
            let root = self.target(names::ROOT, &origin);
            self.attach("tenant", Body::Tenant(tenant.into()), root, LISTING, origin);
        }
    }
}

/// The full name of the managed identity that a credential belongs to.
fn identity_of(row: &Row<'_>) -> Option<String> {
    let name = names::full_name(row.text(&["id"])?);
    let at = name.to_ascii_lowercase().find("/federatedidentitycredentials/")?;
    name.get(..at).map(str::to_owned)
}
