//! Whom a statement names; a part of the concrete rule.

use super::asker::Caller;
use super::ast::{PrincipalName, Statement};
use super::rule::BOUNDARY;
use crate::model::{Effect, Estate, Target};

/// In which ways a statement names the caller.
#[derive(Clone, Copy, Default)]
pub(super) struct Named {
    pub(super) direct: bool,
    pub(super) role: bool,
    pub(super) account: bool,
}

impl Named {
    pub(super) fn of(estate: &Estate, caller: &Caller<'_>, statement: &Statement) -> Self {
        let Some(principals) = &statement.principal else { return Self::default() };
        let mut named = Self::default();
        for name in &principals.names {
            match &name.value {
                PrincipalName::Account(number) => named.account |= caller.account == Some(&**number),
                PrincipalName::Role(arn) => named.role |= caller.name == **arn,
                // What names the user behind a federated session is limited like what names the role behind a session:
                // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
                PrincipalName::User(arn) if caller.federated_by() == Some(arn) => named.role = true,
                other => named.direct |= is_caller(caller, other),
            }
        }
        if !principals.negated {
            return named;
        }
        let spared = match statement.effect {
            Effect::Allow => named.direct || named.role || named.account,
            // A user is spared when it is listed with its account, a role when its session is listed too; nobody is who
            // has a boundary: <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>
            Effect::Deny => {
                let is_role = caller.name.contains(":role/") || caller.federated_by().is_some();
                let account = named.account || caller.account.is_none();
                (named.direct || (named.role && !is_role)) && account && !is_bounded(estate, caller)
            }
        };
        Self { direct: !spared, ..Self::default() }
    }
}

/// Whether the caller has a permission boundary.
fn is_bounded(estate: &Estate, caller: &Caller<'_>) -> bool {
    let attached = |(id, _)| estate.attached_to(Target::Principal(id));
    caller.principal.is_some_and(|found| attached(found).any(|one| one.layer == BOUNDARY))
}

fn is_caller(caller: &Caller<'_>, name: &PrincipalName) -> bool {
    match name {
        PrincipalName::Anyone => true,
        PrincipalName::User(arn) | PrincipalName::Other(arn) => caller.name == **arn,
        PrincipalName::Service(text) | PrincipalName::Federated(text) => caller.name == **text,
        PrincipalName::Session { account, role, session, .. } => {
            caller.session == Some(&**session)
                && caller.account == Some(&**account)
                && caller.name.contains(":role/")
                && caller.name.rsplit('/').next() == Some(role)
        }
        PrincipalName::UniqueId(id) => {
            let own = caller.principal.and_then(|(_, principal)| principal.facts.get("unique-id"));
            own.is_some_and(|own| **own == **id) || caller.name == **id
        }
        PrincipalName::Account(_) | PrincipalName::Role(_) | PrincipalName::Canonical(_) => false,
    }
}

/// A canonical user id that a statement names, and whether it is among those left out.
pub(super) fn canonical(statement: &Statement) -> Option<(&str, bool)> {
    let principals = statement.principal.as_ref()?;
    let mut names = principals.names.iter();
    names.find_map(|name| match &name.value {
        PrincipalName::Canonical(id) => Some((&**id, principals.negated)),
        _ => None,
    })
}
