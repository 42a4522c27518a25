//! What holds for every request of a question: whose resources it is about, and the keys that follow from that and from
//! who asks. What policies say is not in here.

use std::collections::BTreeSet;

use super::super::caller::{Caller, Class};
use super::super::{conditions, guards, keys, organization, outside, service_keys};
use super::{Work, coverage, estate_accounts, owner, same_account};
use crate::logic::{Attribute, Formula, Kind, Patterns};
use crate::model::{Estate, Object, Question, Subject};

impl<'e> Work<'e> {
    /// What holds for every request of the question.
    pub(super) fn facts(&self, question: &Question) -> Formula {
        let mut facts = Vec::new();
        if let Object::Within(resource) = question.object {
            facts.push(Formula::matches(Attribute::resource(), coverage(self.estate, resource)));
        }
        if question.subject == Subject::Outside {
            facts.push(outside::principals(self.estate, &question.object));
        }
        if self.caller.principal.is_none() && question.object == Object::Any {
            facts.push(Formula::matches(Attribute::resource(), guards::covered(self.estate)));
        }
        if self.mentions(keys::RESOURCE_ACCOUNT) && !matches!(question.object, Object::Named(_)) {
            facts.extend(self.ownership());
        }
        facts.extend(self.organization(question));
        facts.extend(service_keys::facts(self, question));
        facts.extend(self.sources());
        Formula::all(facts)
    }

    /// Of the source of a request only services tell. The concrete rule takes a request at its word, so that one can be
    /// judged whatever it says; here it is about the requests that there are.
    fn sources(&self) -> Vec<Formula> {
        if self.caller.is_service() || self.caller.class == Class::Holder {
            return Vec::new();
        }
        let of_services = keys::OF_SERVICES.into_iter().filter(|(name, _)| self.mentions(name));
        let absent = of_services.map(|(name, kind)| Formula::present(Attribute::new(name, kind)).not());
        let owner = self.mentions(keys::SOURCE_OWNER).then(|| self.source_owner());
        absent.chain(owner).collect()
    }

    /// Somebody's own account, or none: not one of the estate for somebody who is outside.
    fn source_owner(&self) -> Formula {
        let key = Attribute::text(keys::SOURCE_OWNER);
        let is_own = match (self.caller.class, self.caller.account) {
            (Class::Member | Class::Assumed, Some(account)) => {
                Formula::matches(key.clone(), Patterns::literal(account))
            }
            (Class::Assumed, None) => {
                Formula::matches(key.clone(), Patterns::globs(estate_accounts(self.estate))).not()
            }
            _ => Formula::False,
        };
        Formula::present(key).implies(is_own)
    }

    /// What follows from who is a member of the organization.
    fn organization(&self, question: &Question) -> Vec<Formula> {
        let mut facts = Vec::new();
        if [keys::PRINCIPAL_ORG_ID, keys::PRINCIPAL_ORG_PATHS].into_iter().any(|key| self.mentions(key)) {
            facts.push(organization::of_stranger(self.estate, &self.caller));
        }
        if [keys::RESOURCE_ORG_ID, keys::RESOURCE_ORG_PATHS].into_iter().any(|key| self.mentions(key)) {
            match &question.object {
                Object::Named(name) => {
                    let owner = owner(self.estate, name).or(self.caller.account.map(str::to_owned));
                    facts.extend(owner.map(|owner| organization::of_strange_owner(self.estate, &owner)));
                }
                _ => facts.extend(organization::of_resources(self.estate, |account| self.owns(account))),
            }
        }
        facts
    }

    pub(in super::super) fn mentions(&self, name: &str) -> bool {
        let attribute = keys::attribute(name, Kind::Text);
        let grants = self.groups.iter().flat_map(|group| &group.grants);
        let mut formulas = grants.flat_map(|grant| [&grant.condition, &grant.resources]);
        formulas.any(|formula| formula.speaks_of(&attribute))
    }

    /// `aws:ResourceAccount` is the account that owns the resource.
    fn ownership(&self) -> Vec<Formula> {
        let key = Attribute::text(keys::RESOURCE_ACCOUNT);
        let is = |account: &str| Formula::matches(key.clone(), Patterns::literal(account));
        self.accounts().into_iter().map(|account| is(account).iff(self.owns(account))).collect()
    }

    /// The accounts of the estate and the caller's.
    pub(in super::super) fn accounts(&self) -> BTreeSet<&str> {
        estate_accounts(self.estate).chain(self.caller.account).collect()
    }

    pub(in super::super) fn caller(&self) -> &Caller<'e> {
        &self.caller
    }

    pub(in super::super) fn estate(&self) -> &'e Estate {
        self.estate
    }

    pub(in super::super) fn comes_through_a_point(&self) -> bool {
        self.by_point
    }

    /// The resource belongs to the account.
    pub(in super::super) fn owns(&self, account: &str) -> Formula {
        if self.caller.account == Some(account) {
            return same_account(account, guards::owned_by_others(self.estate, account, &Object::Any));
        }
        let by_estate = guards::owned_by(self.estate, account);
        let by_name = conditions::in_account_part(&Patterns::literal(account));
        Formula::matches(Attribute::resource(), by_estate.union(&by_name))
    }
}
