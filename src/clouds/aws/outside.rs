//! Questions about principals of accounts that are not in the estate: who they may be, and their keys as parts of
//! their ARN, so that the two cannot contradict each other.

use std::sync::Arc;

use super::ast::{Arn, PrincipalName, is_account};
use super::service_keys::{self, CALLER_ACCOUNT};
use super::{AWS, body, conditions, keys, layers};
use crate::logic::{Atom, Attribute, Formula, Literal, Part, Pattern, Patterns, Shape, Template};
use crate::model::{Effect, Estate, Grant, LayerGroup, Layers, Object, ResourceId, Subject, Target};

/// The ARNs of principals outside the estate, and the type that goes with each. Who owns what is asked for is no
/// stranger to it, even if the estate does not know the account.
pub(super) fn principals(estate: &Estate, object: &Object) -> Formula {
    let matches = |patterns: &[&str]| {
        Formula::matches(Attribute::principal(), Patterns::of(patterns.iter().map(|text| Pattern::arn(text))))
    };
    let owner = match object {
        Object::Named(name) => layers::owner(estate, name),
        Object::Within(_) | Object::Any => None,
    };
    let accounts = Patterns::globs(layers::estate_accounts(estate).chain(owner.as_deref()));
    let inside = Formula::matches(Attribute::principal(), conditions::in_account_part(&accounts));
    let kinds = [
        ("arn:aws*:iam::????????????:user/?*", "User"),
        ("arn:aws*:iam::????????????:role/?*", "AssumedRole"),
        ("arn:aws*:sts::????????????:federated-user/?*", "FederatedUser"),
        ("arn:aws*:iam::????????????:root", "Account"),
    ];
    let is = |text: &str| Formula::matches(Attribute::text(keys::PRINCIPAL_TYPE), Patterns::literal(text));
    let typed = kinds.iter().map(|(pattern, kind)| matches(&[pattern]).implies(is(kind)));
    let known = matches(&kinds.map(|(pattern, _)| pattern));
    Formula::all(typed.chain([known, inside.not()]))
}

/// Whether a rule about principals, as it stands in a grant, is for none outside: it names services and principals of
/// the estate's own accounts only. What is not recognized counts as for somebody.
pub(super) fn is_inside(estate: &Estate, who: &Formula) -> bool {
    let known = |account: &str| estate.find_scope(AWS, account).is_some();
    let inside = |attribute: &Attribute, text: &str| {
        if attribute.name() == keys::PRINCIPAL_ACCOUNT {
            return known(text);
        }
        let named = *attribute == Attribute::principal();
        named && Arn::parse(text).is_none_or(|arn| known(arn.account))
    };
    match who.shape() {
        Some(Shape::Any(parts)) => parts.iter().all(|part| is_inside(estate, part)),
        Some(Shape::Literal(Literal { atom: Atom::Matches(attribute, patterns), positive: true })) => {
            patterns.iter().all(|pattern| pattern.as_literal().is_some_and(|text| inside(attribute, text)))
        }
        _ => false,
    }
}

/// Whether the policies of a resource name somebody who may be a stranger of that kind: outside the estate, or without
/// credentials.
pub(super) fn may_be_admitted(estate: &Estate, stranger: Subject, resource: ResourceId) -> bool {
    let is_known =
        |text: &str| Arn::parse(text).is_none_or(|arn| estate.find_scope(AWS, arn.account).is_some());
    let may_be = |name: &PrincipalName| match (stranger, name) {
        (Subject::Anonymous, PrincipalName::User(_) | PrincipalName::Role(_)) => false,
        (Subject::Anonymous, PrincipalName::Service(text) | PrincipalName::Federated(text)) => **text == *"*",
        (Subject::Anonymous, PrincipalName::Account(number)) => !is_account(number),
        (Subject::Outside, PrincipalName::Account(number)) => estate.find_scope(AWS, number).is_none(),
        (
            Subject::Outside,
            PrincipalName::User(text)
            | PrincipalName::Role(text)
            | PrincipalName::Service(text)
            | PrincipalName::Federated(text),
        ) => !is_known(text),
        _ => true,
    };
    let bodies = estate.attached_to(Target::Resource(resource));
    let bodies = bodies.filter_map(|one| body(estate.policy(one.policy)?));
    let mut statements = bodies.flat_map(|body| &body.document.statements);
    statements.any(|one| {
        let names = one.principal.as_ref();
        one.effect == Effect::Allow
            && names.is_some_and(|names| names.negated || names.names.iter().any(|name| may_be(&name.value)))
    })
}

/// Replaces the keys that follow from the principal's ARN by the ARN itself.
pub(super) fn rewrite(layers: &mut Layers) {
    for group in &mut layers.groups {
        let grants = group.grants.iter().map(|grant| Arc::new(of_grant(grant))).collect();
        *group = LayerGroup::new(group.layer, of_formula(&group.applies), grants);
    }
    layers.facts = of_formula(&layers.facts);
}

fn of_grant(grant: &Grant) -> Grant {
    Grant {
        effect: grant.effect,
        who: of_formula(&grant.who),
        actions: grant.actions.clone(),
        resources: of_formula(&grant.resources),
        condition: of_formula(&grant.condition),
        origin: grant.origin.clone(),
        gaps: grant.gaps.clone(),
    }
}

fn of_formula(formula: &Formula) -> Formula {
    match formula.shape() {
        None => formula.clone(),
        Some(Shape::All(parts)) => Formula::all(parts.iter().map(of_formula)),
        Some(Shape::Any(parts)) => Formula::any(parts.iter().map(of_formula)),
        Some(Shape::Literal(literal)) => {
            let atom = of_atom(literal);
            if literal.positive { atom } else { atom.not() }
        }
    }
}

fn of_atom(literal: &Literal) -> Formula {
    match &literal.atom {
        Atom::Matches(attribute, patterns) if attribute.name() == keys::PRINCIPAL_ARN => {
            Formula::matches(Attribute::principal(), patterns.clone())
        }
        Atom::Matches(attribute, patterns) if attribute.name() == keys::PRINCIPAL_ACCOUNT => {
            Formula::matches(Attribute::principal(), conditions::in_account_part(patterns))
        }
        Atom::Matches(attribute, patterns) if attribute.name() == CALLER_ACCOUNT => {
            let carried = Formula::literal(Literal { atom: literal.atom.clone(), positive: true });
            service_keys::of_stranger(patterns, carried)
        }
        Atom::Present(attribute)
            if [keys::PRINCIPAL_ARN, keys::PRINCIPAL_ACCOUNT].contains(&attribute.name()) =>
        {
            Formula::True
        }
        Atom::Same(text, pattern) => {
            let refers =
                |name: &str| text.references().chain(pattern.references()).any(|one| one.name() == name);
            if refers(keys::PRINCIPAL_ACCOUNT) {
                return Formula::opaque("a relation to the account number of a principal outside");
            }
            let atom = Atom::Same(renamed(text), renamed(pattern));
            Formula::literal(Literal { atom, positive: true })
        }
        atom => Formula::literal(Literal { atom: atom.clone(), positive: true }),
    }
}

fn renamed(template: &Template) -> Template {
    let parts = template.parts().iter().map(|part| match part {
        Part::Reference(attribute) if attribute.name() == keys::PRINCIPAL_ARN => {
            Part::Reference(Attribute::principal())
        }
        other => other.clone(),
    });
    Template::new(parts, template.case())
}
