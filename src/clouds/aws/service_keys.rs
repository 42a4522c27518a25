//! Keys of services that follow from who asks and on what, so that a request cannot say otherwise: whose key of KMS is
//! used by whom, whose bucket it is, and which access point a request comes through. The concrete rule says the same in
//! `asker.rs`.
//!
//! - `kms:CallerAccount` is about "all identities (users and roles) in an AWS account":
//!   <https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-caller-account>.
//! - `s3:ResourceAccount` is the account that owns the bucket, `s3:DataAccessPointArn` and `s3:DataAccessPointAccount` are
//!   the access point and its account:
//!   <https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-points-policies.html#access-points-condition-keys>.

use std::collections::BTreeSet;

use super::access_points;
use super::caller::{Caller, Class};
use super::conditions;
use super::layers::{self, Work};
use crate::logic::{Assignment, Attribute, Case, Formula, Pattern, Patterns};
use crate::model::{Object, Question};

/// `kms:CallerAccount`.
pub(super) const CALLER_ACCOUNT: &str = "kms:calleraccount";
/// `s3:ResourceAccount`.
pub(super) const BUCKET_ACCOUNT: &str = "s3:resourceaccount";
/// `s3:DataAccessPointArn`.
pub(super) const POINT: &str = "s3:dataaccesspointarn";
/// `s3:DataAccessPointAccount`.
pub(super) const POINT_ACCOUNT: &str = "s3:dataaccesspointaccount";
/// The keys that only requests through an access point carry.
const OF_POINTS: [&str; 3] = [POINT, POINT_ACCOUNT, "s3:accesspointnetworkorigin"];

/// What follows from a question for the keys that its policies speak of.
pub(super) fn facts(work: &Work<'_>, question: &Question) -> Vec<Formula> {
    let caller = &work.caller;
    if caller.class == Class::Holder {
        return Vec::new();
    }
    let mut facts = Vec::new();
    if work.mentions(CALLER_ACCOUNT) {
        facts.push(calls("kms:").implies(of_caller(caller)));
    }
    if work.mentions(BUCKET_ACCOUNT) {
        let is =
            |account: &str| Formula::matches(Attribute::text(BUCKET_ACCOUNT), Patterns::literal(account));
        let owners = match &question.object {
            Object::Named(name) => {
                let owner = layers::owner(work.estate, name).or(caller.account.map(str::to_owned));
                owner.map(|owner| is(&owner)).into_iter().collect()
            }
            _ => layers::estate_accounts(work.estate)
                .chain(caller.account)
                .collect::<BTreeSet<&str>>()
                .into_iter()
                .map(|account| is(account).iff(work.owns(account)))
                .collect::<Vec<_>>(),
        };
        facts.push(calls("s3:").implies(Formula::all(owners)));
    }
    if work.by_point {
        return facts;
    }
    let spoken = OF_POINTS.into_iter().filter(|key| work.mentions(key)).map(Attribute::text);
    for key in spoken {
        // Who asks on a bucket by its own name comes through no access point.
        let direct = Patterns::of([Pattern::arn("arn:*:s3:::*")]);
        let direct = Formula::matches(Attribute::resource(), direct);
        facts.push(direct.implies(Formula::present(key.clone()).not()));
        for point in access_points::asked(work.estate, &question.object) {
            let value = match key.name() {
                POINT => point.as_str(),
                POINT_ACCOUNT => access_points::account(&point),
                _ => continue,
            };
            let through = Formula::matches(Attribute::resource(), access_points::requests(&point));
            facts.push(through.implies(Formula::matches(key.clone(), Patterns::literal(value))));
        }
    }
    facts
}

/// The requests for the calls of a service.
fn calls(service: &str) -> Formula {
    Formula::matches(Attribute::action(), Patterns::of([Pattern::prefix(service, Case::Sensitive)]))
}

/// Calls of KMS are signed, but for those of services that ask for themselves.
fn of_caller(caller: &Caller<'_>) -> Formula {
    let key = Attribute::text(CALLER_ACCOUNT);
    match (caller.class, caller.account) {
        (Class::Anonymous, _) => Formula::present(key).not(),
        (Class::Member | Class::Assumed, Some(account)) => Formula::matches(key, Patterns::literal(account)),
        _ => Formula::True,
    }
}

/// The key as a part of the ARN of whoever is outside: the two cannot contradict each other.
pub(super) fn of_stranger(patterns: &Patterns, carried: Formula) -> Formula {
    let by_name = Formula::matches(Attribute::principal(), conditions::in_account_part(patterns));
    let kms = calls("kms:");
    Formula::any([kms.clone().and(by_name), kms.not().and(carried)])
}

/// Puts the keys of one request to what follows from who asks and on what.
pub(super) fn settle(
    caller: &Caller<'_>,
    action: &str,
    owner: Option<&str>,
    resource: &str,
    all: &mut Assignment,
) {
    if caller.class == Class::Holder {
        return;
    }
    let mut set = |key: &str, value: Option<&str>| match value {
        Some(value) => *all = std::mem::take(all).with_text(Attribute::text(key), value),
        None => all.set_absent(Attribute::text(key)),
    };
    let is_of =
        |service: &str| action.get(..service.len()).is_some_and(|head| head.eq_ignore_ascii_case(service));
    match caller.class {
        Class::Anonymous if is_of("kms:") => set(CALLER_ACCOUNT, None),
        Class::Member | Class::Assumed if is_of("kms:") && caller.account.is_some() => {
            set(CALLER_ACCOUNT, caller.account);
        }
        _ => {}
    }
    if is_of("s3:") && owner.is_some() {
        set(BUCKET_ACCOUNT, owner);
    }
    if let Some(point) = access_points::of_request(resource) {
        set(POINT, Some(point));
        set(POINT_ACCOUNT, Some(access_points::account(point)));
    }
}
