//! Which findings are about what outsiders reach.

use super::confused_deputy::ConfusedDeputy;
use super::external_access::ExternalAccess;
use super::open_identity_provider::OpenIdentityProvider;
use super::path_to_administrator::PathToAdministrator;
use super::public_resource::PublicResource;
use super::{Finding, Rule};
use crate::model::{Estate, PrincipalKind};

/// The rules whose findings are all about outsiders.
const RULES: [&dyn Rule; 4] = [&ConfusedDeputy, &ExternalAccess, &OpenIdentityProvider, &PublicResource];

/// Whether a finding says what somebody reaches who belongs to none of the files: access that is given to outsiders or
/// to everybody, and paths that such a principal starts.
pub fn is_about_outsiders(estate: &Estate, finding: &Finding) -> bool {
    let from_outside = || {
        let start = finding.intent.principal.and_then(|id| estate.principal(id));
        start.is_some_and(|one| matches!(one.kind, PrincipalKind::External | PrincipalKind::Public))
    };
    RULES.iter().any(|rule| rule.meta().id == finding.rule)
        || finding.rule == PathToAdministrator.meta().id && from_outside()
}
