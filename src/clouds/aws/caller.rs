//! Who asks, and what follows from it for the request: the global keys that describe the principal.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principal-properties>

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::ast::Arn;
use super::{AWS, keys};
use crate::logic::{Assignment, Attribute, Kind, Value};
use crate::model::{Estate, Principal, PrincipalId, PrincipalKind, Subject};

/// Kinds of callers, by how a decision about them is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// A user or role whose policies are known.
    Member,
    /// Whoever holds a policy that was given alone.
    Holder,
    /// A principal whose own policies are not known; they are assumed to allow.
    Assumed,
    /// A service or a federated identity: it has no identity policies.
    Bare,
    /// Nobody in particular, without credentials.
    Anonymous,
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller<'e> {
    pub(super) class: Class,
    /// The principal of the estate, if it is one.
    pub(super) principal: Option<(PrincipalId, &'e Principal)>,
    /// The twelve digits of its account, if known.
    pub(super) account: Option<&'e str>,
}

impl<'e> Caller<'e> {
    pub(super) fn of(estate: &'e Estate, subject: Subject) -> Self {
        match subject {
            Subject::Outside => Self { class: Class::Assumed, principal: None, account: None },
            Subject::Anonymous => Self { class: Class::Anonymous, principal: None, account: None },
            Subject::Principal(id) => match estate.principal(id) {
                Some(principal) => Self::known(estate, id, principal),
                None => Self { class: Class::Anonymous, principal: None, account: None },
            },
        }
    }

    fn known(estate: &'e Estate, id: PrincipalId, principal: &'e Principal) -> Self {
        let arn = Arn::parse(&principal.name);
        let class = match principal.kind {
            PrincipalKind::Holder => Class::Holder,
            PrincipalKind::Service => Class::Bare,
            PrincipalKind::Public => Class::Anonymous,
            PrincipalKind::External if is_federated(&principal.name) => Class::Bare,
            PrincipalKind::External => Class::Assumed,
            _ => Class::Member,
        };
        let home = principal.home.and_then(|home| estate.scope(home)).map(|scope| scope.name.as_str());
        let in_arn = arn.map(|arn| arn.account).filter(|account| !account.is_empty() && class != Class::Bare);
        Self { class, principal: Some((id, principal)), account: home.or(in_arn) }
    }

    /// Whether it is a user or a root user, who signs in without taking on anything.
    pub(super) fn has_own_credentials(&self) -> bool {
        let arn = self.principal.and_then(|(_, principal)| Arn::parse(&principal.name));
        let of_user = |arn: Arn<'_>| {
            arn.service == "iam" && (arn.resource.starts_with("user/") || arn.resource == "root")
        };
        self.class == Class::Member && arn.is_some_and(of_user)
    }

    /// Whether it is the root user of an account.
    pub(super) fn is_root(&self) -> bool {
        self.class == Class::Member
            && self.principal.is_some_and(|(_, principal)| principal.name.ends_with(":root"))
    }

    /// The user that opened the federated session which asks, if the estate says so.
    pub(super) fn federated_by(&self) -> Option<&'e str> {
        let (_, principal) = self.principal?;
        principal.facts.get(FEDERATED_BY).map(String::as_str)
    }

    /// Whether it is a service of AWS.
    pub(super) fn is_service(&self) -> bool {
        self.principal.is_some_and(|(_, principal)| principal.kind == PrincipalKind::Service)
    }

    /// Whether it is neither a user nor a role nor a session of one.
    fn is_no_identity(&self) -> bool {
        self.class == Class::Anonymous || self.is_service()
    }

    /// Whether it has no tags but those that the estate knows. A session may be given more; who is neither user nor role
    /// has none.
    pub(super) fn has_known_tags_only(&self) -> bool {
        let of_user = |one: &Principal| one.kind == PrincipalKind::User && !is_federated_session(&one.name);
        self.is_no_identity() || self.principal.is_some_and(|(_, principal)| of_user(principal))
    }

    /// Whether it acts in a session, and never with credentials that last: a role, or whom a user opened one for.
    pub(super) fn is_session(&self) -> bool {
        let is_role = |name: &str| Arn::parse(name).is_some_and(|arn| arn.resource.starts_with("role/"));
        let is_one = |name: &str| is_role(name) || is_federated_session(name);
        self.class == Class::Member && self.principal.is_some_and(|(_, principal)| is_one(&principal.name))
    }

    /// What the id of each session of a role begins with, if it is one whose own id is known: the rest is the session's name.
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable>
    pub(super) fn beginning_of_ids(&self) -> Option<String> {
        let (_, principal) = self.principal.filter(|_| self.is_session())?;
        principal.facts.get("unique-id").map(|id| format!("{id}:"))
    }

    /// What is known of every request of this caller.
    pub(super) fn facts(&self) -> Assignment {
        let mut known = Assignment::new();
        let service = self.is_service();
        let key = |name: &str| Attribute::text(name);
        let is_service = Attribute::new(keys::PRINCIPAL_IS_SERVICE, Kind::Boolean);
        match self.class {
            // Only "signed API requests that use AWS credentials" carry it, and whoever comes with a token has none:
            // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalisawsservice>
            Class::Anonymous | Class::Bare if !service => known.set_absent(is_service),
            _ => known.set(is_service, Value::Boolean(service)),
        }
        if self.is_no_identity() {
            for (name, kind) in keys::OF_CREDENTIALS {
                known.set_absent(Attribute::new(name, kind));
            }
            known.set(Attribute::new(keys::VIA_SERVICE, Kind::Boolean), Value::Boolean(false));
        }
        if !service {
            known.set_absent(key(keys::PRINCIPAL_SERVICE_NAME));
            known.set_absent(Attribute::new("aws:principalservicenameslist", Kind::TextSet));
        }
        match (self.class, self.principal) {
            (Class::Anonymous, _) => {
                known = known
                    .with_text(Attribute::principal(), "*")
                    .with_text(key(keys::PRINCIPAL_TYPE), "Anonymous");
                // "For anonymous requests, the request context returns anonymous", and there is no ARN. The id is the same
                // word: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable>
                known = known
                    .with_text(key(keys::PRINCIPAL_ACCOUNT), "anonymous")
                    .with_text(key(keys::USER_ID), "anonymous");
                for absent in [keys::PRINCIPAL_ARN, keys::USER_NAME, keys::UNIQUE_ID, keys::SESSION] {
                    known.set_absent(key(absent));
                }
            }
            (_, None) => known.set_absent(key(keys::UNIQUE_ID)),
            (_, Some((_, principal))) => self.describe(principal, &mut known),
        }
        known
    }

    fn describe(&self, principal: &Principal, known: &mut Assignment) {
        let mut set = |name: &str, value: Option<&str>| match value {
            Some(value) => known.set(Attribute::text(name), Value::Text(value.to_owned())),
            None => known.set_absent(Attribute::text(name)),
        };
        set("principal", Some(&principal.name));
        let unique = principal.facts.get("unique-id").map(String::as_str);
        match self.class {
            Class::Holder => {}
            Class::Bare => {
                let service = principal.kind == PrincipalKind::Service;
                set(keys::PRINCIPAL_SERVICE_NAME, service.then_some(principal.name.as_str()));
                for absent in
                    [keys::PRINCIPAL_ARN, keys::PRINCIPAL_ACCOUNT, keys::PRINCIPAL_TYPE, keys::USER_NAME]
                {
                    set(absent, None);
                }
                set(keys::SESSION, None);
            }
            _ => {
                let is_role =
                    Arn::parse(&principal.name).is_some_and(|arn| arn.resource.starts_with("role/"));
                set(keys::PRINCIPAL_ARN, Some(&principal.name));
                set(keys::PRINCIPAL_ACCOUNT, self.account);
                set(keys::PRINCIPAL_TYPE, principal_type(&principal.name));
                if !is_role {
                    set(keys::SESSION, None);
                    set(keys::USER_NAME, user_name(&principal.name));
                    // The id of a root user is its account's, that of a federated session `account:name`.
                    let is_root = principal.name.ends_with(":root");
                    let of_session = self.account.zip(principal.name.split_once(":federated-user/"));
                    let of_session = of_session.map(|(account, (_, name))| format!("{account}:{name}"));
                    let own = if is_root { self.account } else { unique };
                    let own = of_session.as_deref().or(own);
                    if own.is_some() {
                        set(keys::USER_ID, own);
                    }
                } else {
                    set(keys::USER_NAME, None);
                }
                for (name, value) in &principal.facts {
                    let folded = keys::folded(name);
                    if folded.starts_with(keys::PRINCIPAL_TAG) {
                        set(&folded, Some(value));
                    }
                }
            }
        }
        set(keys::UNIQUE_ID, unique);
    }
}

/// The fact of a federated session that says which user opened it.
pub(super) const FEDERATED_BY: &str = "federated-by";

/// Whether a principal is a session that a user opened for somebody else:
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html>.
pub(super) fn is_federated_session(name: &str) -> bool {
    Arn::parse(name).is_some_and(|arn| arn.resource.starts_with("federated-user/"))
}

/// Whether a name stands for an identity provider.
pub(super) fn is_federated(name: &str) -> bool {
    match Arn::parse(name) {
        Some(arn) => arn.resource.starts_with("oidc-provider/") || arn.resource.starts_with("saml-provider/"),
        None => true,
    }
}

/// The value of `aws:PrincipalType` for an ARN.
fn principal_type(arn: &str) -> Option<&'static str> {
    let resource = Arn::parse(arn)?.resource;
    match resource.split('/').next()? {
        "user" => Some("User"),
        "role" | "assumed-role" => Some("AssumedRole"),
        "federated-user" => Some("FederatedUser"),
        "root" => Some("Account"),
        _ => None,
    }
}

fn user_name(arn: &str) -> Option<&str> {
    let resource = Arn::parse(arn)?.resource;
    resource.strip_prefix("user/").and_then(|path| path.rsplit('/').next())
}

/// Finds the principal of the estate that a request names, and the name of the session if it names one. The ARN of a
/// session holds the role's name without its path.
pub(super) fn find(estate: &Estate, name: &str) -> (Option<PrincipalId>, Option<String>) {
    if let Some(id) = estate.find_principal(AWS, name) {
        return (Some(id), None);
    }
    let Some((role, session)) = session_of(name) else { return (None, None) };
    let plain = estate.find_principal(AWS, &role);
    let by_name = || {
        let (head, last) = role.split_once(":role/")?;
        RolesByName::of(estate).0.get(&(head.into(), last.into())).copied()
    };
    (plain.or_else(by_name), Some(session))
}

/// The first role of each name, whatever its path, by account and name.
struct RolesByName(FxHashMap<(Box<str>, Box<str>), PrincipalId>);

impl RolesByName {
    fn of(estate: &Estate) -> Arc<Self> {
        estate.derived(|estate| {
            let mut found = FxHashMap::default();
            for (id, principal) in estate.principals().filter(|(_, one)| one.kind == PrincipalKind::Role) {
                let Some((head, path)) = principal.name.split_once(":role/") else { continue };
                let last = path.rsplit('/').next().unwrap_or(path);
                found.entry((head.into(), last.into())).or_insert(id);
            }
            Self(found)
        })
    }
}

/// The role, as an ARN without path, and the session's name of a session's ARN.
pub(super) fn session_of(name: &str) -> Option<(String, String)> {
    let arn = Arn::parse(name)?;
    let (role, session) = arn.resource.strip_prefix("assumed-role/")?.split_once('/')?;
    let role = format!("arn:{}:iam::{}:role/{role}", arn.partition, arn.account);
    Some((role, session.to_owned()))
}

/// The ARN of a session of a role.
pub(super) fn session_arn(role: &str, session: &str) -> Option<String> {
    let arn = Arn::parse(role)?;
    let name = arn.resource.strip_prefix("role/")?.rsplit('/').next()?;
    Some(format!("arn:{}:sts::{}:assumed-role/{name}/{session}", arn.partition, arn.account))
}

/// The keys that follow from the ARN of a principal that is not in the estate.
pub(super) fn of_arn(name: &str) -> Vec<(Attribute, Value)> {
    let text = |key: &str, value: &str| (Attribute::text(key), Value::Text(value.to_owned()));
    let mut all = vec![text("principal", name)];
    if let Some(arn) = Arn::parse(name) {
        all.push(text(keys::PRINCIPAL_ARN, name));
        all.push(text(keys::PRINCIPAL_ACCOUNT, arn.account));
        all.extend(principal_type(name).map(|kind| text(keys::PRINCIPAL_TYPE, kind)));
    }
    all
}
