//! The statements of one document beside each other: what each is about, when, and what it gives.
//!
//! What a document says to one request is said by `decide.rs`; which keys requests carry, by `presence.rs`.

use super::ast::{Document, Statement as Written};
use super::documents::{
    BOUNDARY, IDENTITY, RESOURCE, RESOURCE_CONTROL, SERVICE_CONTROL, TRUST, asks_who, name_by_arn, signed,
    statements_name,
};
use super::lower::Lowered;
use super::rule::{self, TRUSTED_ACTIONS};
use super::{Body, presence};
use crate::clouds::documents::{Condition, DocumentKind, Statement, Statements};
use crate::logic::{Attribute, Formula, Patterns};
use crate::model::{Effect, Gap, GapKind, Grant, Layer};

/// As what a document is read that is attached in these layers. One that is attached nowhere waits to be given to
/// somebody, unless it names principals.
pub(super) fn kind_of(document: &Document, layers: &[Layer]) -> Option<DocumentKind> {
    let kinds = [
        (rule::IDENTITY, IDENTITY),
        (rule::RESOURCE, RESOURCE),
        (rule::TRUST, TRUST),
        (rule::SERVICE_CONTROL, SERVICE_CONTROL),
        (rule::RESOURCE_CONTROL, RESOURCE_CONTROL),
        (rule::ENDPOINT, RESOURCE),
        (rule::BOUNDARY, BOUNDARY),
        (rule::SESSION, BOUNDARY),
    ];
    let names = || document.statements.iter().any(|statement| statement.principal.is_some());
    if layers.is_empty() {
        return (!names()).then_some(IDENTITY);
    }
    kinds.into_iter().find(|(layer, _)| layers.contains(layer)).map(|(_, kind)| kind)
}

/// The statements of a document, all in the same attributes.
pub(super) fn statements(kind: DocumentKind, body: &Body) -> Statements {
    let document = &body.document;
    // A statement that must name somebody and does not applies to nobody.
    let speaks = |written: &Written| written.principal.is_some() || !statements_name(kind);
    let written = document.statements.iter().zip(body.lowered());
    let mut statements: Vec<Statement> = written
        .filter(|(written, _)| speaks(written))
        .map(|(written, lowered)| one(written, lowered))
        .collect();
    let mut facts = Vec::new();
    if kind == TRUST {
        let calls = Patterns::globs(TRUSTED_ACTIONS.iter().copied());
        facts.push(Formula::matches(Attribute::action(), calls));
    }
    let mut formulas: Vec<&mut Formula> = statements.iter_mut().flat_map(formulas_of).collect();
    if statements_name(kind) || asks_who(&formulas) {
        facts.push(name_by_arn(kind, &[document], &mut formulas));
    }
    let mentioned = formulas.iter().flat_map(|formula| formula.attributes()).collect();
    for condition in statements.iter_mut().flat_map(|statement| &mut statement.conditions) {
        // A key that follows from who asks is spoken of no longer.
        let asked = condition.formula.attributes();
        condition.universal = condition.universal.take().filter(|universal| asked.contains(&universal.key));
    }
    let signed = if statements_name(kind) { signed() } else { Formula::True };
    facts.extend(presence::facts(&mentioned, &signed));
    Statements {
        statements,
        facts,
        sensible: presence::sensible(&mentioned),
        others: others(kind, document),
        gaps: document.gaps.clone(),
    }
}

fn formulas_of(statement: &mut Statement) -> impl Iterator<Item = &mut Formula> {
    let conditions = statement.conditions.iter_mut().map(|condition| &mut condition.formula);
    [&mut statement.scope, &mut statement.effects].into_iter().chain(conditions)
}

fn one(written: &Written, lowered: &Lowered) -> Statement {
    let grant = &lowered.whole;
    let tests = written.condition.iter().zip(&lowered.tests);
    let conditions = tests.map(|(test, formula)| Condition {
        text: test.text.clone(),
        formula: formula.clone(),
        universal: presence::universal(test, formula),
    });
    Statement {
        effect: grant.effect,
        actions: grant.actions.clone(),
        scope: Formula::all([grant.who.clone(), grant.actions.clone(), grant.resources.clone()]),
        conditions: conditions.collect(),
        effects: effects(lowered),
        origin: grant.origin.clone(),
        gaps: grant.gaps.clone(),
    }
}

/// The ways to be given something by a policy that names principals, the strongest first (see `rule.rs`): what is given
/// to an account its principals have only if their own policies allow it too, and what is given to a role its boundary
/// limits.
const WAYS: [&str; 3] = ["principal", "role", "account"];

/// The way as an attribute of no request, which only [`Statement::effects`] speak of. A statement gives in a way, and in
/// all that are weaker.
fn way() -> Attribute {
    Attribute::text("way of being named")
}

fn effects(lowered: &Lowered) -> Formula {
    let grant = &lowered.whole;
    let [direct, role, account] = [&lowered.direct, &lowered.role, &lowered.account];
    if grant.effect == Effect::Deny || [direct, role, account].iter().all(|part| part.is_none()) {
        return grant.formula();
    }
    let in_ways = |part: &Grant, ways: &[&str]| {
        part.formula().and(Formula::matches(way(), Patterns::globs(ways.iter().copied())))
    };
    let parts = [
        direct.as_ref().map(|part| part.formula()),
        role.as_ref().map(|part| in_ways(part, &["role", "account"])),
        account.as_ref().map(|part| in_ways(part, &["account"])),
    ];
    Formula::any(parts.into_iter().flatten()).and(Formula::matches(way(), Patterns::globs(WAYS)))
}

/// Whoever is stopped by a trust policy or a boundary, no other document lets in. Beside the other kinds, more policies
/// take part.
fn others(kind: DocumentKind, document: &Document) -> Option<Gap> {
    let closed = [TRUST, BOUNDARY].contains(&kind);
    (!closed).then(|| Gap {
        kind: GapKind::AssumedDefault,
        message: format!(
            "other policies beside `{}` were taken to allow what it does not deny",
            document.name
        ),
        origin: None,
    })
}
