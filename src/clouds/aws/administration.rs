//! What makes an administrator of an account, and who comes into question.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::ast::Arn;
use super::caller::{Caller, Class};
use super::rule::{ACCESS_LIST, IDENTITY, KEY_GRANT, RESOURCE};
use super::{AWS, body, protected};
use crate::clouds::Demand;
use crate::logic::{Case, Formula, Pattern, Patterns};
use crate::model::{Effect, Estate, PrincipalId, ScopeId, ScopeKind, Subject, Target};

/// What it takes: each action, and on which kind of principals.
const DEMANDED: [(&str, &str); 4] = [
    ("iam:AttachRolePolicy", "role"),
    ("iam:AttachUserPolicy", "user"),
    ("iam:PutRolePolicy", "role"),
    ("iam:PutUserPolicy", "user"),
];

/// What makes an administrator of an account: to give policies to all of its users and all of its roles.
///
/// Whoever may attach any managed policy, or write any inline policy, on every user and role of an account can give
/// `AdministratorAccess` to whatever it acts as, or to somebody it can act as; nothing inside the account is closed to
/// it then. Both ways (attaching and writing) and both kinds of target are demanded, so that a right over one role
/// does not count as administration of the account; who has less may still get there in steps, which is what paths
/// are for. A boundary or a service control policy that forbids any of the four takes the name away, as it should.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_manage-attach-detach.html>
pub(super) fn administration(estate: &Estate, scope: ScopeId) -> Vec<Demand> {
    let Some(scope) =
        estate.scope(scope).filter(|scope| scope.cloud == AWS && scope.kind == ScopeKind::Account)
    else {
        return Vec::new();
    };
    let accounts = Accounts::of(estate);
    let partition = accounts.partitions.get(&*scope.name).map_or("aws", |partition| partition);
    let all = |kind: &str| {
        let head = format!("arn:{partition}:iam::{}:{kind}/", scope.name);
        Patterns::of([Pattern::prefix(&head, Case::Sensitive)])
    };
    let demand = |(action, kind): (&str, &str)| Demand {
        action: action.to_owned(),
        resources: all(kind),
        given: Formula::True,
        except: protected::roles(),
    };
    DEMANDED.into_iter().map(demand).collect()
}

/// The principals with statements that allow all that is demanded, somewhere: in their own account, because
/// users and roles have no policies that let in other accounts for such calls. `None` where the input says otherwise.
pub(super) fn contenders(estate: &Estate, scope: ScopeId) -> Option<BTreeSet<PrincipalId>> {
    let accounts = Accounts::of(estate);
    if accounts.open {
        return None;
    }
    let name = estate.scope(scope).map_or("", |scope| scope.name.as_str());
    let own = accounts.contenders.get(name).into_iter().flatten();
    Some(own.chain(&accounts.unplaced).copied().collect())
}

/// The account of a principal: it administers no other, whatever its policies say. `None` where it may.
pub(super) fn administrable(estate: &Estate, principal: PrincipalId) -> Option<BTreeSet<ScopeId>> {
    let caller = Caller::of(estate, Subject::Principal(principal));
    if Accounts::of(estate).open || caller.class != Class::Member {
        return None;
    }
    Some(estate.find_scope(AWS, caller.account?).into_iter().collect())
}

/// What the administration of all accounts asks of the whole estate.
struct Accounts {
    /// The partition that an account's own ARNs name.
    partitions: BTreeMap<Box<str>, Box<str>>,
    /// Those who may administer each account.
    contenders: BTreeMap<Box<str>, Vec<PrincipalId>>,
    /// Those of whom it is not known where they live, or what they may do there.
    unplaced: Vec<PrincipalId>,
    /// Whether users or roles have policies as other resources do.
    open: bool,
}

impl Accounts {
    fn of(estate: &Estate) -> Arc<Self> {
        estate.derived(Self::new)
    }

    fn new(estate: &Estate) -> Self {
        let mut accounts = Self {
            partitions: BTreeMap::new(),
            contenders: BTreeMap::new(),
            unplaced: Vec::new(),
            open: has_open_principals(estate),
        };
        for (id, principal) in estate.principals().filter(|(_, one)| one.cloud == AWS) {
            if let Some(arn) = Arn::parse(&principal.name)
                && !accounts.partitions.contains_key(arn.account)
            {
                accounts.partitions.insert(arn.account.into(), arn.partition.into());
            }
            let caller = Caller::of(estate, Subject::Principal(id));
            match (caller.class, caller.account) {
                // Nobody lets them in for such calls.
                (Class::Bare | Class::Anonymous, _) => {}
                (Class::Member, Some(account)) => {
                    if may_do_all(estate, id) {
                        match accounts.contenders.get_mut(account) {
                            Some(known) => known.push(id),
                            None => drop(accounts.contenders.insert(account.into(), vec![id])),
                        }
                    }
                }
                (Class::Holder | Class::Assumed | Class::Member, _) => accounts.unplaced.push(id),
            }
        }
        accounts
    }
}

/// Whether policies of a principal and of its groups allow each action that is demanded, on something.
fn may_do_all(estate: &Estate, id: PrincipalId) -> bool {
    let holders = || std::iter::once(id).chain(estate.groups_of(id).map(|membership| membership.group));
    let attached = || holders().flat_map(|holder| estate.attached_to(Target::Principal(holder)));
    let bodies =
        || attached().filter(|one| one.layer == IDENTITY).filter_map(|one| body(estate.policy(one.policy)?));
    DEMANDED.iter().all(|(action, _)| {
        let action = action.to_ascii_lowercase();
        bodies().any(|body| body.about(&action).iter().any(|grant| grant.effect == Effect::Allow))
    })
}

/// Whether something that may be a user or a role has a policy that could let others do to it what is demanded. No
/// service of AWS has such, but an input may say anything. Trust policies decide about other calls.
fn has_open_principals(estate: &Estate) -> bool {
    let may_be_principal =
        |name: &str| name.starts_with("arn") && Arn::parse(name).is_none_or(|arn| arn.service == "iam");
    let layers = [RESOURCE, KEY_GRANT, ACCESS_LIST];
    estate
        .resources()
        .filter(|(_, one)| one.cloud == AWS && may_be_principal(&one.name))
        .any(|(id, _)| estate.attached_to(Target::Resource(id)).any(|one| layers.contains(&one.layer)))
}
