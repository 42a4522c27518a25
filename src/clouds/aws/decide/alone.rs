//! The concrete rule for one document that no other takes part beside.

use super::super::asker::{Caller, Folded, Holders, Keys, Places};
use super::super::body;
use super::super::evaluate::Clause;
use super::super::notes::{Found, Notes, Written};
use super::super::rule::{IDENTITY, RESOURCE_CONTROL, SERVICE_CONTROL, TRUST};
use super::{Judge, is_trusted_call};
use crate::model::{Decision, Effect, Estate, Layer, Policy, Request, Verdict};

/// What one document says to a request when no other policy takes part: allowed by some statement and denied by none.
///
/// A service control policy without allow statements and every resource control policy stand beside a policy of AWS
/// that allows everything. A trust policy decides about nothing but the calls that take a role on.
pub(in super::super) fn decide_alone(policy: &Policy, layer: Layer, request: &Request) -> Decision {
    let mut notes = Written::default();
    let Some(body) = body(policy) else { return notes.decision(Verdict::ImplicitlyDenied) };
    let document = &body.document;
    let estate = Estate::default();
    let caller = Caller::alone(&estate, request);
    let keys = Keys {
        request,
        caller: &caller,
        owner: None,
        alone: true,
        places: Places::of(&estate),
        folded: Folded::default(),
    };
    let (arn, found, holders) = (None, [false; Found::ALL], Holders::default());
    let (estate, caller, holders) = (&estate, &caller, &holders);
    let mut judge =
        Judge { estate, request, arn, caller, holders, keys, found, named_only: false, notes: &mut notes };
    judge.notes.gaps(&document.gaps);
    // Documents that are judged alone are judged once or twice: only what the request needs is made ready.
    let clause = |statement| Clause::for_action(statement, document.version, &request.action);
    for statement in &document.statements {
        let Some(clause) = clause(statement) else { continue };
        let named = judge.named(statement);
        let concerns = match layer {
            IDENTITY | SERVICE_CONTROL => true,
            TRUST if !is_trusted_call(&request.action) => false,
            _ => named.direct || named.role || named.account,
        };
        if concerns && judge.fits(document, statement, &clause) {
            judge.note(Found::of(statement.effect, Found::Identity), layer, document, statement);
        }
    }
    let gives = document.statements.iter().any(|statement| statement.effect == Effect::Allow);
    let stands_beside = layer == RESOURCE_CONTROL || (layer == SERVICE_CONTROL && !gives);
    let verdict = match (judge.has(Found::Identity) || stands_beside, judge.has(Found::Denials)) {
        (_, true) => Verdict::ExplicitlyDenied,
        (false, false) => Verdict::ImplicitlyDenied,
        (true, false) => Verdict::Allowed,
    };
    match verdict {
        Verdict::ExplicitlyDenied => judge.notes.because(&[Found::Denials]),
        Verdict::Allowed | Verdict::ImplicitlyDenied => judge.notes.because(&[Found::Identity]),
    }
    notes.decision(verdict)
}
