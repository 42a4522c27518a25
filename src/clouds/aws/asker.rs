//! Who asks, who owns what is asked for, and the keys of the request; a part of the concrete rule.

use std::borrow::Cow;
use std::cell::OnceCell;

use rustc_hash::FxHashMap;

use super::ast::{Arn, is_account};
use super::keys::OF_CREDENTIALS;
use super::{AWS, access_points, inside, presence};
use crate::model::{Estate, Principal, PrincipalId, PrincipalKind, Request, ResourceId};

/// Who asks, as the concrete rule sees it.
pub(super) struct Caller<'a> {
    pub(super) kind: Kind,
    pub(super) principal: Option<(PrincipalId, &'a Principal)>,
    /// The user, role, service or provider, without session.
    pub(super) name: Cow<'a, str>,
    pub(super) session: Option<&'a str>,
    pub(super) account: Option<&'a str>,
    /// What stands behind the account in the name, if that is an ARN.
    resource: Option<Resource>,
    /// The id of the session that asks, where it follows from who it is.
    session_id: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Its identity policies are in the estate.
    Known,
    /// A policy without anybody it is attached to.
    Holder,
    /// An AWS principal of which nothing is known.
    Stranger,
    /// Service or federated identity.
    Bare,
    Anonymous,
}

/// What an ARN is the ARN of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Resource {
    User,
    Role,
    ServiceLinkedRole,
    Federated,
    Root,
    Other,
}

impl<'a> Caller<'a> {
    pub(super) fn find(estate: &'a Estate, name: &'a str) -> Self {
        let named = Arn::parse(name);
        let takes_on = named.is_some_and(|arn| arn.resource.starts_with("assumed-role/"));
        let (role, session) = match takes_on.then(|| split_session(name)).flatten() {
            Some((role, session)) => (Some(role), Some(session)),
            None => (None, None),
        };
        let exact = estate.find_principal(AWS, name);
        let by_role =
            |role: &String| estate.find_principal(AWS, role).or_else(|| role_with_path(estate, role));
        let id = exact.or_else(|| role.as_ref().and_then(by_role));
        let principal = id.and_then(|id| estate.principal(id).map(|principal| (id, principal)));
        let arn = match principal {
            Some((_, principal)) if principal.name != name => Arn::parse(&principal.name),
            _ => named,
        };
        let name = match (principal, role) {
            (Some((_, principal)), _) => Cow::Borrowed(principal.name.as_str()),
            (None, Some(role)) => Cow::Owned(role),
            (None, None) => Cow::Borrowed(name),
        };
        let kind = match principal.map(|(_, principal)| principal.kind) {
            _ if name == "*" => Kind::Anonymous,
            Some(PrincipalKind::Holder) => Kind::Holder,
            Some(PrincipalKind::Service | PrincipalKind::Public) => Kind::Bare,
            Some(PrincipalKind::External) if is_provider(&name) => Kind::Bare,
            Some(PrincipalKind::External) | None => Kind::Stranger,
            Some(_) => Kind::Known,
        };
        let home = principal.and_then(|(_, principal)| principal.home).and_then(|home| estate.scope(home));
        // A session's ARN has the account of its role's.
        let in_arn = arn.map(|arn| arn.account).filter(|account| !account.is_empty());
        let account = home.map(|scope| scope.name.as_str()).or(in_arn).filter(|_| kind != Kind::Bare);
        let resource = arn.map(|arn| match head(arn.resource) {
            "role" if arn.resource.starts_with(SERVICE_LINKED) => Resource::ServiceLinkedRole,
            "user" => Resource::User,
            "role" | "assumed-role" => Resource::Role,
            "federated-user" => Resource::Federated,
            "root" => Resource::Root,
            _ => Resource::Other,
        });
        let mut caller = Self { kind, principal, name, session, account, resource, session_id: None };
        caller.session_id = caller.id_of_session();
        caller
    }

    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#principaltable>
    fn id_of_session(&self) -> Option<String> {
        match self.resource? {
            Resource::Role | Resource::ServiceLinkedRole => {
                let session = self.session?;
                Some(format!("{}:{session}", self.fact("unique-id")?))
            }
            Resource::Federated => Some(format!("{}:{}", self.account?, self.name.rsplit('/').next()?)),
            Resource::User | Resource::Root | Resource::Other => None,
        }
    }

    fn fact(&self, name: &str) -> Option<&'a str> {
        let (_, principal) = self.principal?;
        principal.facts.get(name).map(String::as_str)
    }

    /// The caller of a request that no estate is known for. The ARN of a session lacks the path of its role; the
    /// request may say it under `aws:PrincipalArn`, which holds the ARN of the role itself:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn>
    pub(super) fn alone(estate: &'a Estate, request: &'a Request) -> Self {
        let mut caller = Self::find(estate, &request.principal);
        let said = request.context.iter().find(|(key, _)| key.eq_ignore_ascii_case("aws:PrincipalArn"));
        if let (Some(_), Some((_, values))) = (caller.session, said)
            && let [name] = values.as_slice()
            && is_with_path(name, &caller.name)
        {
            caller.name = Cow::Borrowed(name);
        }
        caller
    }

    /// The last part of a user's name.
    fn user_name(&self) -> Option<&str> {
        self.is_user().then(|| self.name.rsplit('/').next()).flatten()
    }

    fn is_user(&self) -> bool {
        self.resource == Some(Resource::User)
            && self.signs()
            && Arn::parse(&self.name).is_some_and(|arn| arn.resource.starts_with("user/"))
    }

    pub(super) fn is_role(&self) -> bool {
        matches!(self.resource, Some(Resource::Role | Resource::ServiceLinkedRole)) && self.signs()
    }

    pub(super) fn is_service_linked(&self) -> bool {
        self.resource == Some(Resource::ServiceLinkedRole)
    }

    pub(super) fn is_root(&self) -> bool {
        self.resource == Some(Resource::Root) && self.kind == Kind::Known
    }

    /// Whether it is a user or a root user, and no session of somebody else.
    pub(super) fn has_own_credentials(&self) -> bool {
        self.kind == Kind::Known
            && self.account.is_some()
            && matches!(self.resource, Some(Resource::User | Resource::Root))
    }

    /// Whether it is a session that a user opened for somebody.
    pub(super) fn is_federated(&self) -> bool {
        self.resource == Some(Resource::Federated)
    }

    /// The user that opened the federated session which asks, if the request says so.
    pub(super) fn federated_by(&self) -> Option<&'a str> {
        let (_, principal) = self.principal.filter(|_| self.resource == Some(Resource::Federated))?;
        principal.facts.get("federated-by").map(String::as_str)
    }

    /// Whether requests carry the ARN of whoever asks.
    fn signs(&self) -> bool {
        self.resource.is_some() && !matches!(self.kind, Kind::Bare | Kind::Anonymous)
    }

    /// Whether it is a service of AWS.
    pub(super) fn is_service(&self) -> bool {
        self.principal.is_some_and(|(_, principal)| principal.kind == PrincipalKind::Service)
    }

    /// Whether nothing that users and roles carry is in its requests: their sessions, and their tags.
    fn is_no_identity(&self) -> bool {
        self.kind == Kind::Anonymous || self.is_service()
    }
}

/// The keys of one request: those it carries, and those that follow from the caller and the resource.
pub(super) struct Keys<'a> {
    pub(super) request: &'a Request,
    pub(super) caller: &'a Caller<'a>,
    /// The account that owns the resource, if it is known.
    pub(super) owner: Option<&'a str>,
    /// Whether nothing but the name of the caller is known.
    pub(super) alone: bool,
    pub(super) places: Places<'a>,
    pub(super) folded: Folded<'a>,
}

/// The keys that a request carries, in lower case, once somebody asks and there are many.
#[derive(Default)]
pub(super) struct Folded<'a>(OnceCell<FxHashMap<String, &'a [String]>>);

/// So many keys of a request are looked through one by one.
const FEW: usize = 24;

/// Where the accounts of the caller and of the resource stand in an organization, once a policy asks.
pub(super) struct Places<'a> {
    estate: &'a Estate,
    caller: OnceCell<Place<'a>>,
    owner: OnceCell<Place<'a>>,
}

impl<'a> Places<'a> {
    pub(super) fn of(estate: &'a Estate) -> Self {
        Self { estate, caller: OnceCell::new(), owner: OnceCell::new() }
    }
}

#[derive(Default)]
struct Place<'a> {
    id: Option<&'a str>,
    path: Option<String>,
}

/// The organization of an account and the way to the account, which a request cannot contradict:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalorgpaths>.
fn place_in_organization<'a>(estate: &'a Estate, account: &str) -> Place<'a> {
    let mut way = Vec::new();
    let mut at = estate.find_scope(AWS, account).and_then(|id| estate.scope(id)?.parent);
    while let Some(scope) = at.and_then(|id| estate.scope(id)).filter(|_| way.len() < 64) {
        way.insert(0, scope.name.as_str());
        at = scope.parent;
    }
    let Some(id) = way.first().copied().filter(|name| name.starts_with("o-")) else {
        return Place::default();
    };
    let whole = way.get(1).is_some_and(|name| name.starts_with("r-"));
    Place { id: Some(id), path: whole.then(|| format!("{}/", way.join("/"))) }
}

/// What a request says under a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given<'a> {
    Absent,
    One(&'a str),
    Several(&'a [String]),
}

impl<'a> Given<'a> {
    fn of(value: Option<&'a str>) -> Self {
        value.map_or(Self::Absent, Self::One)
    }

    /// Whether there is no value.
    pub(super) fn is_empty(self) -> bool {
        match self {
            Self::Absent => true,
            Self::One(_) => false,
            Self::Several(values) => values.is_empty(),
        }
    }

    pub(super) fn has_several(self) -> bool {
        matches!(self, Self::Several([_, _, ..]))
    }

    /// The value, if there is just one.
    pub(super) fn only(self) -> Option<&'a str> {
        match self {
            Self::One(value) => Some(value),
            Self::Several([value]) => Some(value),
            Self::Absent | Self::Several(_) => None,
        }
    }

    pub(super) fn any(self, holds: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::Absent => false,
            Self::One(value) => holds(value),
            Self::Several(values) => values.iter().any(|value| holds(value)),
        }
    }

    pub(super) fn all(self, holds: impl Fn(&str) -> bool) -> bool {
        !self.any(|value| !holds(value))
    }
}

const TAG: &str = "aws:principaltag/";

impl<'a> Keys<'a> {
    /// What the request says under a key in lower case.
    pub(super) fn get(&self, key: &str) -> Given<'_> {
        if !self.alone && self.caller.is_no_identity() && is_of_identities(key) {
            return Given::Absent;
        }
        let is_global = key.starts_with("aws:");
        match (is_global, self.alone) {
            (true, true) => return self.of_stranger(key),
            (false, true) => return self.carried(key),
            (false, false) => return self.of_service(key),
            (true, false) => {}
        }
        match key {
            "aws:viaawsservice" if self.caller.is_no_identity() => Given::One("false"),
            // Only "signed API requests that use AWS credentials" carry it:
            // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalisawsservice>
            "aws:principalisawsservice" => match self.caller.kind {
                _ if self.caller.is_service() => Given::One("true"),
                Kind::Anonymous | Kind::Bare => Given::Absent,
                Kind::Known | Kind::Holder | Kind::Stranger => Given::One("false"),
            },
            "aws:resourceaccount" | "aws:resourceorgid" | "aws:resourceorgpaths"
                if presence::names_no_owner(&self.request.action) =>
            {
                Given::Absent
            }
            "aws:resourceaccount" => match self.owner.or(self.caller.account) {
                Some(owner) => Given::One(owner),
                None => self.carried(key),
            },
            "aws:principalservicename" | "aws:principalservicenameslist" if !self.caller.is_service() => {
                Given::Absent
            }
            "aws:resourceorgid" | "aws:resourceorgpaths" => {
                self.in_organization(key, self.owner.or(self.caller.account), &self.places.owner)
            }
            _ if key.starts_with("aws:principalorg")
                && matches!(self.caller.kind, Kind::Bare | Kind::Anonymous) =>
            {
                Given::Absent
            }
            "aws:principalorgid" | "aws:principalorgpaths" => {
                self.in_organization(key, self.caller.account, &self.places.caller)
            }
            _ if self.caller.kind == Kind::Holder => self.carried(key),
            _ => self.of_caller(key),
        }
    }

    /// Keys of services that follow from who asks and on what: see `service_keys.rs`.
    fn of_service(&self, key: &str) -> Given<'_> {
        let known = match key {
            "kms:calleraccount" if self.is_call_of("kms:") => match self.caller.kind {
                Kind::Anonymous => return Given::Absent,
                Kind::Bare => None,
                _ => self.caller.account,
            },
            "s3:resourceaccount" if self.is_call_of("s3:") => self.owner.or(self.caller.account),
            "s3:dataaccesspointarn" => access_points::of_request(&self.request.resource),
            "s3:dataaccesspointaccount" => {
                access_points::of_request(&self.request.resource).map(access_points::account)
            }
            _ => None,
        };
        let known = known.filter(|_| self.caller.kind != Kind::Holder);
        known.map_or_else(|| self.carried(key), Given::One)
    }

    fn is_call_of(&self, service: &str) -> bool {
        let head = self.request.action.get(..service.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(service))
    }

    fn in_organization<'k>(
        &'k self,
        key: &str,
        account: Option<&str>,
        kept: &'k OnceCell<Place<'a>>,
    ) -> Given<'k> {
        let Some(account) = account else { return self.carried(key) };
        let place = kept.get_or_init(|| place_in_organization(self.places.estate, account));
        let known = if key.ends_with("id") { place.id } else { place.path.as_deref() };
        known.map_or_else(|| self.carried(key), Given::One)
    }

    /// The keys that follow from who asks.
    fn of_caller(&self, key: &str) -> Given<'_> {
        let caller = self.caller;
        let anonymous = caller.kind == Kind::Anonymous;
        // Of a stranger who is nowhere in the estate only the ARN is known.
        let unknown = caller.kind == Kind::Stranger && caller.principal.is_none();
        match key {
            "aws:principalarn" => Given::of(caller.signs().then_some(&*caller.name)),
            "aws:principalaccount" if anonymous => Given::One("anonymous"),
            "aws:principalaccount" => Given::of(caller.account.filter(|_| caller.signs())),
            "aws:principaltype" if anonymous => Given::One("Anonymous"),
            "aws:principaltype" if caller.signs() => Given::of(match caller.resource {
                Some(Resource::User) => Some("User"),
                Some(Resource::Role | Resource::ServiceLinkedRole) => Some("AssumedRole"),
                Some(Resource::Federated) => Some("FederatedUser"),
                Some(Resource::Root) => Some("Account"),
                Some(Resource::Other) | None => None,
            }),
            "aws:principaltype" if caller.kind == Kind::Bare => Given::Absent,
            "aws:userid" if !unknown && caller.session_id.is_some() => {
                Given::of(caller.session_id.as_deref())
            }
            "aws:userid" if !unknown && caller.is_role() => self.id_of_some_session(),
            "aws:userid" if !unknown && caller.is_user() => match caller.fact("unique-id") {
                Some(id) => Given::One(id),
                None => self.carried(key),
            },
            "aws:userid" if anonymous => Given::One("anonymous"),
            "aws:userid" if !unknown && caller.resource == Some(Resource::Root) && caller.signs() => {
                caller.account.map_or_else(|| self.carried(key), Given::One)
            }
            "aws:username" if !unknown => Given::of(caller.user_name()),
            "aws:principalservicename" => {
                Given::of(caller.principal.map(|(_, principal)| principal.name.as_str()))
            }
            _ if key.starts_with(TAG) && !unknown => self.tag(key),
            _ => self.carried(key),
        }
    }

    /// A role or a federated user may get more tags with the session; a user has none but its own.
    fn tag(&self, key: &str) -> Given<'_> {
        let Some((_, principal)) = self.caller.principal else { return self.carried(key) };
        let mut facts = principal.facts.iter().rev();
        match facts.find(|(name, _)| name.eq_ignore_ascii_case(key)) {
            Some((_, value)) => Given::One(value),
            None if self.caller.resource == Some(Resource::Federated) => self.carried(key),
            None if principal.kind == PrincipalKind::User => Given::Absent,
            None => self.carried(key),
        }
    }

    /// The id of a role's session that the request does not name.
    fn id_of_some_session(&self) -> Given<'_> {
        let said = self.carried("aws:userid");
        let Some(own) = self.caller.fact("unique-id") else { return said };
        let of_own = |id: &str| id.strip_prefix(own).is_some_and(|rest| rest.starts_with(':'));
        if said.only().is_some_and(of_own) { said } else { Given::Absent }
    }

    /// The two keys that stand in the ARN of whoever signs requests.
    fn of_stranger(&self, key: &str) -> Given<'_> {
        let signs = |arn: &Arn<'_>| {
            let kind = arn.resource.split('/').next().unwrap_or_default();
            matches!((arn.service, kind), ("iam", "user" | "role" | "root") | ("sts", "federated-user"))
        };
        let arn = || Arn::parse(&self.caller.name).filter(|arn| signs(arn) && !arn.account.is_empty());
        match key {
            "aws:principalarn" if arn().is_some() => Given::One(&self.caller.name),
            "aws:principalaccount" => match (self.carried(key), arn()) {
                (Given::Absent, Some(arn)) => Given::One(arn.account),
                (carried, _) => carried,
            },
            _ => self.carried(key),
        }
    }

    /// What the request itself carries; of two spellings of a key the later counts.
    fn carried(&self, key: &str) -> Given<'_> {
        let context = &self.request.context;
        if context.len() > FEW {
            let folded = |(name, values): (&String, &'a Vec<String>)| {
                (name.trim().to_ascii_lowercase(), values.as_slice())
            };
            let keys = self.folded.0.get_or_init(|| context.iter().map(folded).collect());
            return keys.get(key).map_or(Given::Absent, |values| Given::Several(values));
        }
        match context.iter().rev().find(|(name, _)| name.trim().eq_ignore_ascii_case(key)) {
            Some((_, values)) => Given::Several(values),
            None => Given::Absent,
        }
    }
}

/// Whether only users, roles and their sessions carry the key.
fn is_of_identities(key: &str) -> bool {
    key.starts_with(TAG) || OF_CREDENTIALS.iter().any(|(name, _)| *name == key)
}

/// How the ARNs of service-linked roles go on behind the account.
const SERVICE_LINKED: &str = "role/aws-service-role/";

/// The part before the first slash.
fn head(resource: &str) -> &str {
    let end = resource.bytes().position(|byte| byte == b'/').unwrap_or(resource.len());
    resource.get(..end).unwrap_or(resource)
}

fn is_provider(name: &str) -> bool {
    !name.starts_with("arn:") || name.contains(":oidc-provider/") || name.contains(":saml-provider/")
}

/// `arn:aws:sts::1:assumed-role/R/S` as `arn:aws:iam::1:role/R` and `S`.
fn split_session(name: &str) -> Option<(String, &str)> {
    let (head, tail) = name.split_once(":assumed-role/")?;
    let (role, session) = tail.split_once('/')?;
    Some((format!("{}:role/{role}", head.replacen(":sts:", ":iam:", 1)), session))
}

/// Roles by account and by their names without path.
struct RolesByName(FxHashMap<(String, String), PrincipalId>);

/// Whether the first ARN is that of `role`, which has no path, with a path.
fn is_with_path(name: &str, role: &str) -> bool {
    let both = role.split_once(":role/").zip(name.split_once(":role/"));
    both.is_some_and(|((head, last), (other, path))| head == other && path.rsplit('/').next() == Some(last))
}

/// The role of that name whatever its path; the ARN of a session lacks the path.
fn role_with_path(estate: &Estate, plain: &str) -> Option<PrincipalId> {
    let named = |name: &str| {
        let arn = Arn::parse(name)?;
        Some((arn.account.to_owned(), arn.resource.strip_prefix("role/")?.rsplit('/').next()?.to_owned()))
    };
    let roles = estate.derived(|estate| {
        let mut roles = FxHashMap::default();
        for (id, principal) in estate.principals() {
            if let Some(key) = named(&principal.name) {
                roles.entry(key).or_insert(id);
            }
        }
        RolesByName(roles)
    });
    roles.0.get(&named(plain)?).copied()
}

/// The resources of the estate that a request is on. That is one at most, nearly always.
#[derive(Default)]
pub(super) struct Holders {
    first: Option<ResourceId>,
    others: Vec<ResourceId>,
}

impl Holders {
    pub(super) fn iter(&self) -> impl Iterator<Item = ResourceId> {
        self.first.iter().chain(&self.others).copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }
}

/// The resources of the estate that `name` is, or lies in: an object in its bucket.
pub(super) fn holders(estate: &Estate, name: &str) -> Holders {
    let fits = |id: &ResourceId, end: usize| {
        let rest = name.get(end..).unwrap_or_default();
        estate.resource(*id).is_some_and(|resource| inside::reaches(&resource.kind, rest))
    };
    let found = estate.resources_at(AWS, name, *b"/:").filter(|(end, id)| fits(id, *end));
    let above = inside::above(name).into_iter().filter_map(|name| estate.find_resource(AWS, &name));
    let mut holders = Holders::default();
    for id in found.map(|(_, id)| id).chain(above) {
        match holders.first {
            None => holders.first = Some(id),
            Some(_) => holders.others.push(id),
        }
    }
    holders
}

/// The account that owns a resource, which lies in these.
pub(super) fn owner<'a>(estate: &'a Estate, arn: Option<Arn<'a>>, holders: &Holders) -> Option<&'a str> {
    let number = arn.map(|arn| arn.account).filter(|account| is_account(account));
    number.or_else(|| {
        let homes = holders.iter().filter_map(|id| estate.resource(id)?.home);
        homes.filter_map(|home| estate.scope(home)).map(|scope| scope.name.as_str()).next()
    })
}
