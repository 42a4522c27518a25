//! What holds for every request of a question: the keys that follow from who asks and from whose the resource is. What
//! follows from the caller alone is in `caller.rs`, and which keys any request carries in `presence.rs`.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>

use std::collections::BTreeSet;
use std::sync::LazyLock;

use super::caller::{Caller, Class};
use super::inside::coverage;
use super::layers::{Work, estate_accounts, owner};
use super::{conditions, guards, keys, organization, outside, presence, service_keys};
use crate::logic::{Attribute, Case, Formula, Kind, Part, Pattern, Patterns, Template};
use crate::model::{Layers, Object, Question, Subject};

impl Work<'_> {
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
        if self.mentions(keys::RESOURCE_ACCOUNT) && !names_both(question) {
            facts.extend(self.ownership(&question.object));
        }
        facts.extend(self.ids());
        facts.extend(self.issue());
        facts.extend(self.organization(question));
        facts.extend(self.sources());
        facts.extend(service_keys::facts(self, question));
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
                Object::Named(name) if names_both(question) => {
                    let owner = owner(self.estate, name).or(self.caller.account.map(str::to_owned));
                    facts.extend(owner.map(|owner| organization::of_strange_owner(self.estate, &owner)));
                }
                _ => facts.extend(organization::of_resources(self.estate, |account| self.owns(account))),
            }
        }
        facts
    }

    pub(super) fn mentions(&self, name: &str) -> bool {
        let attribute = keys::attribute(name, Kind::Text);
        let grants = self.groups.iter().flat_map(|group| &group.grants);
        let mut formulas = grants.flat_map(|grant| [&grant.condition, &grant.resources]);
        formulas.any(|formula| formula.speaks_of(&attribute))
    }

    /// `aws:ResourceAccount` is the account that owns the resource.
    fn ownership(&self, object: &Object) -> Vec<Formula> {
        let key = Attribute::text(keys::RESOURCE_ACCOUNT);
        let named = match object {
            Object::Named(name) => owner(self.estate, name),
            Object::Within(_) | Object::Any => None,
        };
        let mut accounts: BTreeSet<&str> = estate_accounts(self.estate).collect();
        accounts.extend(self.caller.account.into_iter().chain(named.as_deref()));
        let is = |account: &str| Formula::matches(key.clone(), Patterns::literal(account));
        let said = presence::without_owner().not();
        let facts = accounts.into_iter().map(|account| is(account).iff(self.owns(account).and(said.clone())));
        facts.chain([Formula::present(key.clone()).implies(said.clone())]).collect()
    }

    /// The id of a session of a role, "included in the request context for all requests", is the role's with the name of the
    /// session.
    fn ids(&self) -> Option<Formula> {
        let beginning = self.caller.beginning_of_ids().filter(|_| self.mentions(keys::USER_ID))?;
        let (id, session) = (Attribute::text(keys::USER_ID), Attribute::text(keys::SESSION));
        let whole =
            Template::new([Part::literal(&beginning), Part::Reference(session.clone())], Case::Sensitive);
        let mut grants = self.groups.iter().flat_map(|group| &group.grants);
        let asks_for_session = grants.any(|grant| grant.who.speaks_of(&session));
        let begins = Patterns::of([Pattern::prefix(&beginning, Case::Sensitive)]);
        let follows = if asks_for_session {
            Formula::present(session).implies(Formula::same(id.clone(), whole))
        } else {
            Formula::True
        };
        Some(Formula::matches(id, begins).and(follows))
    }

    /// Sessions have temporary credentials, and their requests say when these were issued:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-tokenissuetime>.
    /// As with [`Self::sources`], the concrete rule takes a request at its word.
    fn issue(&self) -> Option<Formula> {
        let is_session = self.caller.is_session() && self.mentions(keys::TOKEN_ISSUE_TIME);
        is_session.then(|| Formula::present(Attribute::new(keys::TOKEN_ISSUE_TIME, Kind::Instant)))
    }

    /// The resource belongs to the account.
    pub(super) fn owns(&self, account: &str) -> Formula {
        if self.caller.account == Some(account) {
            return same_account(account, guards::owned_by_others(self.estate, account, &Object::Any));
        }
        let by_estate = guards::owned_by(self.estate, account);
        let by_name = conditions::in_account_part(&Patterns::literal(account));
        Formula::matches(Attribute::resource(), by_estate.union(&by_name))
    }
}

/// Whether a question is about one action on one resource.
fn names_both(question: &Question) -> bool {
    question.action.is_some() && matches!(question.object, Object::Named(_))
}

/// The resource belongs to `account`: no other account number stands in its ARN, and it is none of the `others` that the
/// estate knows another owner of. What has no owner by either is taken to be the caller's own.
pub(super) fn same_account(account: &str, others: Patterns) -> Formula {
    static NUMBERED: LazyLock<Patterns> = LazyLock::new(|| Patterns::of([Pattern::arn("arn:*:*:*:?*:*")]));
    let resource = Attribute::resource;
    // `aws` stands there for the managed policies, which every account may use as its own.
    let own = conditions::in_account_part(&Patterns::globs([account, "aws"]));
    let foreign = Formula::any([
        Formula::matches(resource(), NUMBERED.clone()).and(Formula::matches(resource(), own).not()),
        Formula::matches(resource(), others),
    ]);
    foreign.not()
}

/// A user has the tags that the estate knows and no others. A role may get more with its session.
pub(super) fn absent_tags(caller: &Caller<'_>, layers: &mut Layers) {
    if !caller.has_known_tags_only() {
        return;
    }
    let named = |attribute: &Attribute| attribute.name().strip_prefix(keys::PRINCIPAL_TAG).map(str::to_owned);
    let grants = layers.groups.iter().flat_map(|group| &group.grants);
    let formulas = grants.flat_map(|grant| [&grant.condition, &grant.resources]);
    let mentioned: BTreeSet<Attribute> =
        formulas.filter(|formula| **formula != Formula::True).flat_map(Formula::attributes).collect();
    let own = caller.principal.iter().flat_map(|(_, principal)| principal.facts.keys());
    let known: BTreeSet<String> = own.map(|name| keys::folded(name)).collect();
    for attribute in mentioned {
        if named(&attribute).is_some() && !known.contains(attribute.name()) {
            layers.known.set_absent(attribute);
        }
    }
}
