//! The concrete rule: one request, judged from the typed documents.
//!
//! Written apart from `lower.rs`, `conditions.rs`, `layers.rs` and `rule.rs` on purpose, so that a mistake on either
//! side shows as a disagreement. There is one rule for both uses: a decision with its reasons, and a bare verdict,
//! which takes hardly any memory and so is much faster.

use super::asker::{Caller, Folded, Holders, Keys, Kind, Places, holders, owner};
use super::ast::{Arn, Document, Statement};
use super::evaluate::Clause;
use super::named::{self, Named};
use super::notes::{Found, Notes, Unwritten, Written};
use super::rule::{
    ACCESS_LIST, BOUNDARY, ENDPOINT, IDENTITY, KEY_GRANT, PROTECTED, RESOURCE, RESOURCE_CONTROL,
    SERVICE_CONTROL, SESSION, TRUST,
};
use super::{Body, access_points, at_home, body, facts, no_say, protected, sessions, unknown};
use crate::model::{
    Attachment, Decision, Effect, Estate, Gap, GapKind, Layer, Origin, Policy, Reason, Request, ScopeId,
    Target, Verdict,
};

/// Judges one request.
///
/// Pages: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
pub(super) fn decide(estate: &Estate, request: &Request) -> Decision {
    let mut notes = Written::default();
    let verdict = judge(estate, request, &mut notes);
    let decision = notes.decision(verdict);
    match behind(estate, request, verdict) {
        Some(on_bucket) => after(decision, decide(estate, &on_bucket)),
        None => decision,
    }
}

/// What a request that is allowed through an access point has to pass still.
fn behind(estate: &Estate, request: &Request, verdict: Verdict) -> Option<Request> {
    (verdict == Verdict::Allowed).then(|| access_points::behind(estate, request)).flatten()
}

/// A decision that another one follows, after the first has allowed.
fn after(first: Decision, second: Decision) -> Decision {
    let mut gaps = [first.gaps, second.gaps].concat();
    gaps.sort();
    gaps.dedup();
    match second.verdict {
        Verdict::Allowed => Decision { because: [first.because, second.because].concat(), gaps, ..second },
        _ => Decision { gaps, ..second },
    }
}

/// The verdict that [`decide`] comes to.
pub(super) fn verdict(estate: &Estate, request: &Request) -> Verdict {
    let verdict = judge(estate, request, &mut Unwritten);
    behind(estate, request, verdict).map_or(verdict, |on_bucket| self::verdict(estate, &on_bucket))
}

fn judge<N: Notes>(estate: &Estate, request: &Request, notes: &mut N) -> Verdict {
    let caller = Caller::find(estate, &request.principal);
    let arn = Arn::parse(&request.resource);
    let holders = holders(estate, &request.resource);
    let owner = owner(estate, arn, &holders);
    let keys = Keys {
        request,
        caller: &caller,
        owner,
        alone: false,
        places: Places::of(estate),
        folded: Folded::default(),
    };
    let found = [false; Found::ALL];
    let (caller, holders, named_only) = (&caller, &holders, false);
    let mut judge = Judge { estate, request, arn, caller, holders, keys, found, named_only, notes };
    judge.own_side();
    judge.resource_side();
    judge.through_endpoint();
    judge.refusals();
    judge.conclude()
}

/// What one document says to a request when no other policy takes part: allowed by some statement and denied by none.
///
/// A service control policy without allow statements and every resource control policy stand beside a policy of AWS
/// that allows everything. A trust policy decides about nothing but the calls that take a role on.
pub(super) fn decide_alone(policy: &Policy, layer: Layer, request: &Request) -> Decision {
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
        let named = Named::of(judge.estate, judge.caller, statement);
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

struct Judge<'a, N> {
    estate: &'a Estate,
    request: &'a Request,
    arn: Option<Arn<'a>>,
    caller: &'a Caller<'a>,
    /// The resources of the estate that the request is on.
    holders: &'a Holders,
    keys: Keys<'a>,
    found: [bool; Found::ALL],
    /// Whether only statements count that name the caller.
    named_only: bool,
    notes: &'a mut N,
}

impl<'a, N: Notes> Judge<'a, N> {
    fn has(&self, found: Found) -> bool {
        self.found.get(found as usize).copied().unwrap_or_default()
    }

    fn mark(&mut self, found: Found) {
        if let Some(slot) = self.found.get_mut(found as usize) {
            *slot = true;
        }
    }

    fn note(&mut self, found: Found, layer: Layer, document: &Document, statement: &Statement) {
        self.mark(found);
        self.notes.reason(found, || Reason {
            layer,
            effect: Some(statement.effect),
            origin: document.statement_origin(statement),
        });
    }

    fn body(&mut self, attachment: &Attachment) -> Option<&'a Body> {
        let body = body(self.estate.policy(attachment.policy)?)?;
        self.notes.gaps(&body.document.gaps);
        Some(body)
    }

    /// Whether action, resource and condition of a statement fit the request.
    fn fits(&mut self, document: &Document, statement: &Statement, clause: &Clause) -> bool {
        if !clause.is_about(&self.request.action, &self.request.resource, &self.keys) {
            return false;
        }
        let text = |test: usize| statement.condition.get(test).map_or("", |test| &*test.text);
        match clause.holds(&self.keys) {
            Ok(true) if !N::SILENT => {
                if let Some(test) = clause.taken_to_hold(&self.keys) {
                    self.notes.gap(|| {
                        assumed(format!(
                            "`{}` has no set operator and was taken to hold of several values of which one fits",
                            text(test)
                        ))
                    });
                }
                true
            }
            Ok(holds) => holds,
            Err(unread) => {
                self.notes.gap(|| Gap {
                    kind: GapKind::OpaqueCondition,
                    message: format!("`{}` could not be read and was taken not to hold", text(unread)),
                    origin: Some(document.statement_origin(statement)),
                });
                false
            }
        }
    }

    /// Sorts the statements that fit into denials and, if these are asked for, those that allow. Answers whether one
    /// allowed.
    fn collect(&mut self, attachment: &Attachment, allows: Option<Found>) -> bool {
        let Some(body) = self.body(attachment) else { return false };
        let mut allowed = false;
        for (statement, clause) in body.clauses() {
            let allow = statement.effect == Effect::Allow;
            let settled = allowed || allows.is_some_and(|allows| self.has(allows));
            // A policy of an endpoint that stands beside a request may say whom it is about, and need not.
            let names = attachment.layer == ENDPOINT && statement.principal.is_some();
            let Named { direct, role, account } = if self.named_only || names {
                Named::of(self.estate, self.caller, statement)
            } else {
                Named { direct: true, ..Named::default() }
            };
            let named = direct || role || account;
            if (N::SILENT && allow && settled) || !named || !self.fits(&body.document, statement, clause) {
                continue;
            }
            allowed |= allow;
            let list = if allow { allows } else { Some(Found::Denials) };
            if let Some(list) = list {
                self.note(list, attachment.layer, &body.document, statement);
            }
        }
        allowed
    }

    fn own_side(&mut self) {
        let Some((id, principal)) = self.caller.principal else { return };
        let estate = self.estate;
        let attached = estate.attached_to(Target::Principal(id));
        let inherited = estate
            .groups_of(id)
            .flat_map(|membership| estate.attached_to(Target::Principal(membership.group)));
        for attachment in attached.clone().chain(inherited).filter(|one| one.layer == IDENTITY) {
            self.collect(attachment, Some(Found::Identity));
        }
        if attached.clone().any(|one| one.layer != IDENTITY) {
            for layer in [BOUNDARY, SESSION, ENDPOINT] {
                let missed = if layer == ENDPOINT { Found::Outer } else { Found::Limits };
                self.ceiling(attached.clone().filter(|one| one.layer == layer), missed);
            }
        }
        if let Some(home) = principal.home
            && !self.caller.is_service_linked()
            && facts::is_service_controlled(&self.request.action)
        {
            for scope in levels(estate, home) {
                let attached = estate.attached_to(Target::Scope(scope));
                self.ceiling(attached.filter(|one| one.layer == SERVICE_CONTROL), Found::Outer);
            }
        }
    }

    /// Policies of which one must allow.
    fn ceiling(&mut self, attachments: impl Iterator<Item = &'a Attachment>, missed: Found) {
        let mut first: Option<&Attachment> = None;
        let mut allowed = false;
        for attachment in attachments {
            first = first.or(Some(attachment));
            allowed |= self.collect(attachment, None);
        }
        let Some(first) = first.filter(|_| !allowed) else { return };
        self.mark(missed);
        let estate = self.estate;
        self.notes.reason(missed, || {
            let origin = estate.policy(first.policy).map_or_else(Origin::default, |one| one.origin.clone());
            Reason { layer: first.layer, effect: None, origin }
        });
    }

    fn resource_side(&mut self) {
        let estate = self.estate;
        let is_own = self.is_own();
        for resource in self.holders.iter() {
            let kind = estate.resource(resource).map_or("", |found| &found.kind);
            for attachment in estate.attached_to(Target::Resource(resource)) {
                let concerns = match attachment.layer {
                    RESOURCE => !no_say::is_unheard(kind, &self.request.action, self.caller, is_own),
                    KEY_GRANT | ACCESS_LIST => true,
                    TRUST => is_trusted_call(&self.request.action) && self.caller.kind != Kind::Anonymous,
                    _ => false,
                };
                if concerns {
                    self.resource_policy(attachment);
                }
            }
            let Some(home) = estate.resource(resource).and_then(|found| found.home) else { continue };
            let above = levels(estate, home).flat_map(|scope| estate.attached_to(Target::Scope(scope)));
            let mut controls = above.filter(|one| one.layer == RESOURCE_CONTROL).peekable();
            // Service-linked roles and who takes them on are spared, and so are resources of the management account,
            // which has no place in the tree:
            // <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
            let linked = self.arn.is_some_and(|arn| arn.resource.starts_with("role/aws-service-role/"));
            let reached = controls.peek().is_some() && !linked && !self.caller.is_service_linked();
            if reached && facts::is_resource_controlled(&self.request.action) {
                for attachment in controls {
                    self.collect(attachment, None);
                }
            }
        }
    }

    /// What AWS refuses whatever policies say.
    fn refusals(&mut self) {
        if protected::is_refused(self.caller, &self.request.action, self.arn) {
            self.mark(Found::Denials);
            self.notes.reason(Found::Denials, || Reason {
                layer: PROTECTED,
                effect: Some(Effect::Deny),
                origin: protected::origin(),
            });
        }
    }

    /// The policy of the VPC endpoint that the request says it comes through. It names principals, and allows nothing.
    fn through_endpoint(&mut self) {
        let Some(id) = self.keys.get("aws:sourcevpce").only() else { return };
        let suffix = format!(":vpc-endpoint/{id}");
        let estate = self.estate;
        let all = estate.resources().filter(|(_, found)| found.name.ends_with(&suffix));
        let attached = all.flat_map(|(id, _)| estate.attached_to(Target::Resource(id)));
        self.named_only = true;
        self.ceiling(attached.filter(|one| one.layer == ENDPOINT), Found::Outer);
        self.named_only = false;
    }

    fn resource_policy(&mut self, attachment: &Attachment) {
        let Some(body) = self.body(attachment) else { return };
        let document = &body.document;
        for (statement, clause) in body.clauses() {
            let named = Named::of(self.estate, self.caller, statement);
            let is_named = named.direct || named.role || named.account;
            let owners = named::canonical(statement).filter(|(_, negated)| *negated || !is_named);
            if !(is_named || owners.is_some()) || !self.fits(document, statement, clause) {
                continue;
            }
            if let Some((id, _)) = owners {
                self.notes.gap(|| Gap {
                    kind: GapKind::OpaqueCondition,
                    message: format!(
                        "whose the canonical user id `{id}` is, is in no file; it was taken to be somebody else's"
                    ),
                    origin: Some(document.statement_origin(statement)),
                });
            }
            if statement.effect == Effect::Deny && is_named {
                self.note(Found::Denials, attachment.layer, document, statement);
                continue;
            }
            // A grant is noted like other statements, and marked because it is enough across accounts:
            // <https://docs.aws.amazon.com/kms/latest/developerguide/grants.html>
            if attachment.layer == KEY_GRANT && (named.direct || named.role) {
                self.mark(Found::Grantee);
            }
            let ways =
                [(named.direct, Found::Direct), (named.role, Found::Role), (named.account, Found::Account)];
            for (_, way) in ways.into_iter().filter(|(is, _)| *is) {
                self.note(way, attachment.layer, document, statement);
            }
        }
    }

    /// Whether the resource belongs to the caller's account. What nobody is known to own counts as its own.
    fn is_own(&self) -> bool {
        if self.caller.kind == Kind::Holder {
            return true;
        }
        let Some(account) = self.caller.account else { return false };
        match self.keys.owner {
            Some(owner) => owner == account,
            // Nor is it the stranger's, of whom not even that is known.
            None if self.caller.kind == Kind::Stranger && self.caller.principal.is_none() => false,
            None => self.arn.is_none_or(|arn| ["", "aws"].contains(&arn.account)),
        }
    }

    fn is_on_role(&self) -> bool {
        self.arn.is_some_and(|arn| arn.service == "iam" && arn.resource.starts_with("role/"))
    }

    fn is_on_key(&self) -> bool {
        self.arn.is_some_and(|arn| arn.service == "kms" && arn.resource.starts_with("key/"))
    }

    /// Whether a key's policy has no say: <https://docs.aws.amazon.com/kms/latest/developerguide/grant-delete.html>
    fn retires(&self) -> bool {
        self.is_on_key() && self.request.action.eq_ignore_ascii_case("kms:RetireGrant")
    }

    /// Whether the resource side must allow in any case.
    fn needs_resource_side(&self) -> bool {
        const TAKES_ON: &str = "sts:assumerole";
        let beginning = self.request.action.as_bytes().get(..TAKES_ON.len());
        let takes_on = beginning.is_some_and(|found| found.eq_ignore_ascii_case(TAKES_ON.as_bytes()));
        ((takes_on || self.is_on_role()) && is_trusted_call(&self.request.action))
            || (self.is_on_key() && !self.retires())
    }

    /// A resource whose policy is not in the input and taken to be the one that AWS proposes: it lets the account in.
    fn takes_default(&mut self) -> bool {
        let estate = self.estate;
        let listed = || {
            let mut holders = self.holders.iter();
            holders.any(|id| estate.attached_to(Target::Resource(id)).any(|one| one.layer == RESOURCE))
        };
        let no_roles = || estate.resources().all(|(_, resource)| resource.kind != "iam:role");
        let takes = if self.is_on_key() {
            !listed()
        } else {
            self.is_on_role() && self.caller.kind == Kind::Holder && no_roles()
        };
        if takes {
            let resource = &self.request.resource;
            self.notes.gap(|| {
                assumed(format!(
                    "the policy of `{resource}` is not in the input and was taken to be the default one"
                ))
            });
        }
        takes
    }

    fn conclude(mut self) -> Verdict {
        let known = matches!(self.caller.kind, Kind::Known | Kind::Holder);
        if known && self.request.action.eq_ignore_ascii_case("sts:GetCallerIdentity") {
            self.notes.always();
            return Verdict::Allowed;
        }
        let because = self.allowed_by();
        if !N::SILENT {
            self.note_assumptions(because.is_some());
            let is_allowed = because.is_some() && !self.has(Found::Denials) && !self.has(Found::Outer);
            let (caller, owner) = (self.caller, self.keys.owner);
            self.notes.gaps(&unknown::of_request(self.estate, self.request, caller, owner, is_allowed));
        }
        if self.has(Found::Denials) {
            self.notes.because(&[Found::Denials]);
            return Verdict::ExplicitlyDenied;
        }
        if self.caller.has_own_credentials()
            && self.request.action.eq_ignore_ascii_case("sts:GetSessionToken")
        {
            self.notes.always();
            return Verdict::Allowed;
        }
        match because {
            Some(because) if !self.has(Found::Outer) => {
                self.notes.because(because);
                Verdict::Allowed
            }
            _ => {
                if ALLOWING.iter().any(|found| self.has(*found)) {
                    self.notes.blocked(&[Found::Limits, Found::Outer]);
                }
                Verdict::ImplicitlyDenied
            }
        }
    }

    /// The statements that allow the request, denials and outer ceilings aside; `None` when it is not allowed.
    fn allowed_by(&mut self) -> Option<&'static [Found]> {
        let own = match self.caller.kind {
            Kind::Bare | Kind::Anonymous => {
                let stays = self.caller.kind == Kind::Anonymous && at_home::is_call(&self.request.action);
                return (self.has(Found::Direct) && !stays).then_some(&[Found::Direct]);
            }
            Kind::Stranger => true,
            Kind::Known | Kind::Holder => self.has(Found::Identity),
        };
        let limited = self.has(Found::Limits);
        let own = own && !limited;
        if !self.is_own() {
            let from_resource = self.has(Found::Direct) || self.has(Found::Role) || self.has(Found::Account);
            let stays = || at_home::is_call(&self.request.action);
            let both = own && from_resource;
            let by_grant = self.has(Found::Grantee) && !limited;
            return ((both || by_grant) && !stays()).then_some(ALLOWING);
        }
        if self.has(Found::Direct) {
            return Some(&[Found::Direct]);
        }
        if self.has(Found::Role) && !limited {
            return Some(&[Found::Role]);
        }
        let enough = own && (!self.needs_resource_side() || self.has(Found::Account) || self.takes_default());
        enough.then_some(ALLOWING)
    }

    /// What an answer rests on that is not in the input.
    fn note_assumptions(&mut self, allowed: bool) {
        let request = self.request;
        if allowed && self.caller.kind == Kind::Stranger {
            self.notes.gap(|| {
                assumed(format!(
                    "the policies of `{}` are not in the input and were taken to allow this",
                    request.principal
                ))
            });
        }
        self.notes.gaps(&sessions::of_request(
            self.estate,
            request,
            self.caller,
            &self.holders.iter().collect::<Vec<_>>(),
            allowed,
        ));
        let unowned = self.keys.owner.is_none()
            && self.arn.is_some_and(|arn| arn.service == "s3" && arn.account.is_empty());
        if allowed && unowned && self.caller.kind == Kind::Known {
            self.notes.gap(|| {
                assumed(format!("`{}` was taken to belong to the caller's account", request.resource))
            });
        }
        let unknown_role = is_trusted_call(&request.action)
            && self.arn.is_some_and(|arn| arn.resource.starts_with("role/"))
            && self.holders.is_empty();
        if !allowed && unknown_role {
            self.notes.gap(|| {
                let role = &request.resource;
                assumed(format!(
                    "the trust policy of `{role}` is not in the input and was taken to let nobody in"
                ))
            });
        }
    }
}

/// What can allow a request.
const ALLOWING: &[Found] = &[Found::Identity, Found::Direct, Found::Role, Found::Account];

fn assumed(message: String) -> Gap {
    Gap { kind: GapKind::AssumedDefault, message, origin: None }
}

/// The account and the levels above it.
fn levels(estate: &Estate, home: ScopeId) -> impl Iterator<Item = ScopeId> {
    let mut seen = Vec::new();
    std::iter::successors(Some(home), move |scope| {
        let parent = estate.scope(*scope)?.parent?;
        seen.push(*scope);
        // Parents that form a circle end it.
        (!seen.contains(&parent)).then_some(parent)
    })
}

/// The calls that a role's trust policy decides about.
fn is_trusted_call(action: &str) -> bool {
    const SERVICE: &str = "sts:";
    let calls = [
        "AssumeRole",
        "AssumeRoleWithSAML",
        "AssumeRoleWithWebIdentity",
        "TagSession",
        "SetSourceIdentity",
        "SetContext",
    ];
    let Some((service, call)) = action.split_at_checked(SERVICE.len()) else { return false };
    service.eq_ignore_ascii_case(SERVICE) && calls.iter().any(|known| known.eq_ignore_ascii_case(call))
}
