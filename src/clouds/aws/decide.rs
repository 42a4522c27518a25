//! The concrete rule: one request, judged from the typed documents.
//!
//! Written apart from `lower.rs`, `conditions.rs`, `layers.rs` and `rule.rs` on purpose, so that a mistake on either
//! side shows as a disagreement. Of the symbolic side it uses patterns only.

use super::asker::{Caller, Kind, holders, owner};
use super::ast::{Arn, Document, PrincipalName, Statement};
use super::evaluate::{Context, element_fits, test_holds};
use super::rule::{
    ACCESS_LIST, ALWAYS, BOUNDARY, ENDPOINT, IDENTITY, KEY_GRANT, PROTECTED, RESOURCE, RESOURCE_CONTROL,
    SERVICE_CONTROL, SESSION, TRUST,
};
use super::{Body, body, facts, protected, unknown};
use crate::model::{
    Attachment, Decision, Effect, Estate, Gap, GapKind, Layer, Origin, Policy, Reason, Request, ScopeId,
    Target, Verdict,
};

/// Judges one request.
///
/// Pages: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
pub(super) fn decide(estate: &Estate, request: &Request) -> Decision {
    let caller = Caller::find(estate, &request.principal);
    let owner = owner(estate, &request.resource);
    let context = caller.context(estate, request, owner.as_deref());
    let mut judge =
        Judge { estate, request, caller, context, owner, found: Found::default(), named_only: false };
    judge.own_side();
    judge.resource_side();
    judge.through_endpoint();
    judge.edits();
    judge.conclude()
}

/// What one document says to a request when no other policy takes part: allowed by some statement and denied by none.
///
/// A service control policy without allow statements and every resource control policy stand beside a policy of AWS
/// that allows everything. A trust policy decides about nothing but the calls that take a role on.
pub(super) fn decide_alone(policy: &Policy, layer: Layer, request: &Request) -> Decision {
    let nothing = Vec::new();
    let Some(Body { document, .. }) = body(policy) else {
        let verdict = Verdict::ImplicitlyDenied;
        return Decision { verdict, because: nothing.clone(), blocked_by: nothing.clone(), gaps: Vec::new() };
    };
    let estate = Estate::default();
    let caller = Caller::find(&estate, &request.principal);
    let context = caller.of_stranger(request);
    let found = Found { gaps: document.gaps.clone(), ..Found::default() };
    let mut judge =
        Judge { estate: &estate, request, caller, context, owner: None, found, named_only: false };
    let (mut allows, mut denials) = (Vec::new(), Vec::new());
    for statement in &document.statements {
        let named = judge.named(statement);
        let concerns = match layer {
            IDENTITY | SERVICE_CONTROL => true,
            TRUST if !is_trusted_call(&request.action) => false,
            _ => named.direct || named.role || named.account,
        };
        if concerns && judge.fits(document, statement) {
            let effect = statement.effect;
            let reason = Reason { layer, effect: Some(effect), origin: document.statement_origin(statement) };
            if effect == Effect::Allow { allows.push(reason) } else { denials.push(reason) }
        }
    }
    let gives = document.statements.iter().any(|statement| statement.effect == Effect::Allow);
    let stands_beside = layer == RESOURCE_CONTROL || (layer == SERVICE_CONTROL && !gives);
    let verdict = match (allows.is_empty() && !stands_beside, denials.is_empty()) {
        (_, false) => Verdict::ExplicitlyDenied,
        (true, true) => Verdict::ImplicitlyDenied,
        (false, true) => Verdict::Allowed,
    };
    let blocked_by = denials.clone();
    let because = if denials.is_empty() { allows } else { denials };
    Decision { verdict, because, blocked_by, gaps: unique(judge.found.gaps) }
}

/// What spoke for and against the request.
#[derive(Default)]
struct Found {
    denials: Vec<Reason>,
    identity: Vec<Reason>,
    direct: Vec<Reason>,
    role: Vec<Reason>,
    account: Vec<Reason>,
    /// Ceilings that leave the request out.
    limits: Vec<Reason>,
    outer: Vec<Reason>,
    gaps: Vec<Gap>,
}

struct Judge<'e> {
    estate: &'e Estate,
    request: &'e Request,
    caller: Caller<'e>,
    context: Context,
    owner: Option<String>,
    found: Found,
    /// Whether only statements count that name the caller.
    named_only: bool,
}

/// In which ways a statement names the caller.
#[derive(Clone, Copy, Default)]
struct Named {
    direct: bool,
    role: bool,
    account: bool,
}

impl<'e> Judge<'e> {
    fn document(&mut self, attachment: &Attachment) -> Option<&'e Document> {
        let body = body(self.estate.policy(attachment.policy)?)?;
        self.found.gaps.extend(body.document.gaps.iter().cloned());
        Some(&body.document)
    }

    /// Whether action, resource and condition of a statement fit the request.
    fn fits(&mut self, document: &Document, statement: &Statement) -> bool {
        let action = |pattern: &str| {
            let pattern = crate::logic::Pattern::glob(pattern.trim(), crate::logic::Case::Insensitive);
            pattern.matches(&self.request.action)
        };
        let listed = statement.action.values.iter().any(|value| action(&value.value));
        if listed == statement.action.negated {
            return false;
        }
        let resource = statement.resource.as_ref();
        let on_it = resource.is_none_or(|element| {
            element_fits(element, &self.request.resource, document.version, &self.context)
        });
        if !on_it {
            return false;
        }
        for test in &statement.condition {
            match test_holds(test, document.version, &self.context) {
                Some(true) => {}
                Some(false) => return false,
                None => {
                    self.found.gaps.push(Gap {
                        kind: GapKind::OpaqueCondition,
                        message: format!("`{}` could not be read and was taken not to hold", test.text),
                        origin: Some(document.statement_origin(statement)),
                    });
                    return false;
                }
            }
        }
        true
    }

    /// Sorts the statements that fit into denials and `allows`; returns whether one allowed.
    fn collect(&mut self, attachments: &[&Attachment]) -> (Vec<Reason>, Vec<Reason>) {
        let (mut allows, mut denials) = (Vec::new(), Vec::new());
        for attachment in attachments {
            let Some(document) = self.document(attachment) else { continue };
            for statement in &document.statements {
                let Named { direct, role, account } = self.named(statement);
                if (!self.named_only || direct || role || account) && self.fits(document, statement) {
                    let reason = Reason {
                        layer: attachment.layer,
                        effect: Some(statement.effect),
                        origin: document.statement_origin(statement),
                    };
                    if statement.effect == Effect::Allow { allows.push(reason) } else { denials.push(reason) }
                }
            }
        }
        (allows, denials)
    }

    fn own_side(&mut self) {
        let Some((id, principal)) = self.caller.principal else { return };
        let estate = self.estate;
        let attached: Vec<&Attachment> = estate.attached_to(Target::Principal(id)).collect();
        let groups = estate.memberships().iter().filter(|membership| membership.member == id);
        let inherited = groups.flat_map(|membership| estate.attached_to(Target::Principal(membership.group)));
        let identity: Vec<&Attachment> =
            attached.iter().copied().chain(inherited).filter(|one| one.layer == IDENTITY).collect();
        let (allows, denials) = self.collect(&identity);
        self.found.identity = allows;
        self.found.denials.extend(denials);
        for layer in [BOUNDARY, SESSION, ENDPOINT] {
            let of_layer: Vec<&Attachment> =
                attached.iter().copied().filter(|one| one.layer == layer).collect();
            self.ceiling(&of_layer, layer != ENDPOINT);
        }
        if let Some(home) = principal.home
            && !principal.name.contains(":role/aws-service-role/")
        {
            for scope in levels(estate, home) {
                let of_level: Vec<&Attachment> = estate
                    .attached_to(Target::Scope(scope))
                    .filter(|one| one.layer == SERVICE_CONTROL)
                    .collect();
                self.ceiling(&of_level, false);
            }
        }
    }

    /// Policies of which one must allow. `inner` ceilings limit identity policies only.
    fn ceiling(&mut self, attachments: &[&Attachment], inner: bool) {
        let Some(first) = attachments.first() else { return };
        let (allows, denials) = self.collect(attachments);
        self.found.denials.extend(denials);
        if allows.is_empty() {
            let origin = match self.estate.policy(first.policy) {
                Some(policy) => policy.origin.clone(),
                None => Origin::default(),
            };
            let reason = Reason { layer: first.layer, effect: None, origin };
            if inner { self.found.limits.push(reason) } else { self.found.outer.push(reason) }
        }
    }

    fn resource_side(&mut self) {
        for resource in holders(self.estate, &self.request.resource) {
            let attached: Vec<&Attachment> = self.estate.attached_to(Target::Resource(resource)).collect();
            for attachment in attached {
                let concerns = match attachment.layer {
                    RESOURCE | KEY_GRANT | ACCESS_LIST => true,
                    TRUST => is_trusted_call(&self.request.action) && self.caller.kind != Kind::Anonymous,
                    _ => false,
                };
                if concerns {
                    self.resource_policy(attachment);
                }
            }
            let home = self.estate.resource(resource).and_then(|found| found.home);
            let home = home.filter(|_| facts::is_resource_controlled(&self.request.action));
            for scope in home.map(|home| levels(self.estate, home)).unwrap_or_default() {
                let of_level: Vec<&Attachment> = self
                    .estate
                    .attached_to(Target::Scope(scope))
                    .filter(|one| one.layer == RESOURCE_CONTROL)
                    .collect();
                let (_, denials) = self.collect(&of_level);
                self.found.denials.extend(denials);
            }
        }
    }

    /// What only AWS edits: its managed policies, roles of IAM Identity Center, service-linked roles.
    fn edits(&mut self) {
        const VERBS: [&str; 9] =
            ["attach", "create", "delete", "detach", "put", "setdefault", "tag", "untag", "update"];
        let action = self.request.action.to_ascii_lowercase();
        let Some(call) = action.strip_prefix("iam:") else { return };
        let Some(arn) = Arn::parse(&self.request.resource).filter(|arn| arn.service == "iam") else { return };
        let mut path = arn.resource.split('/');
        let what = match (path.next(), path.next()) {
            (Some("policy"), Some(_)) if arn.account == "aws" => "policy",
            (Some("role"), Some("aws-reserved" | "aws-service-role")) => "role",
            _ => return,
        };
        // Descriptions and tags of such roles are the account's own.
        let own = what == "role" && (call.ends_with("tagrole") || call == "updateroledescription");
        let kind = call.contains(what) || call == "updateassumerolepolicy";
        let by_service = self.caller.name.contains(":role/aws-service-role/");
        let makes = ["createrole", "createpolicy"].contains(&call);
        if kind && !own && !makes && !by_service && VERBS.iter().any(|verb| call.starts_with(verb)) {
            let reason = Reason { layer: PROTECTED, effect: Some(Effect::Deny), origin: protected::origin() };
            self.found.denials.push(reason);
        }
    }

    /// The policy of the VPC endpoint that the request says it comes through. It names principals, and allows nothing.
    fn through_endpoint(&mut self) {
        let Some([id]) = self.context.values.get("aws:sourcevpce").map(Vec::as_slice) else { return };
        let suffix = format!(":vpc-endpoint/{id}");
        let all = self.estate.resources().filter(|(_, found)| found.name.ends_with(&suffix));
        let attached = all.flat_map(|(id, _)| self.estate.attached_to(Target::Resource(id)));
        let policies: Vec<&Attachment> = attached.filter(|one| one.layer == ENDPOINT).collect();
        self.named_only = true;
        self.ceiling(&policies, false);
        self.named_only = false;
    }

    fn resource_policy(&mut self, attachment: &Attachment) {
        let Some(document) = self.document(attachment) else { return };
        for statement in &document.statements {
            let named = self.named(statement);
            if !(named.direct || named.role || named.account) || !self.fits(document, statement) {
                continue;
            }
            let reason = Reason {
                layer: attachment.layer,
                effect: Some(statement.effect),
                origin: document.statement_origin(statement),
            };
            if statement.effect == Effect::Deny {
                self.found.denials.push(reason);
                continue;
            }
            if named.direct {
                self.found.direct.push(reason.clone());
            }
            if named.role {
                self.found.role.push(reason.clone());
            }
            if named.account {
                self.found.account.push(reason);
            }
        }
    }

    fn named(&self, statement: &Statement) -> Named {
        let Some(principals) = &statement.principal else { return Named::default() };
        let mut named = Named::default();
        for name in &principals.names {
            match &name.value {
                PrincipalName::Account(number) => {
                    named.account |= self.caller.account.as_deref() == Some(&**number)
                }
                PrincipalName::Role(arn) => named.role |= self.caller.name == **arn,
                other => named.direct |= self.is_caller(other),
            }
        }
        if !principals.negated {
            return named;
        }
        let spared = match statement.effect {
            Effect::Allow => named.direct || named.role || named.account,
            // A user is spared when it is listed with its account, a role when its session is listed too.
            Effect::Deny => {
                let is_role = self.caller.name.contains(":role/");
                let account = named.account || self.caller.account.is_none();
                (named.direct || (named.role && !is_role)) && account
            }
        };
        Named { direct: !spared, ..Named::default() }
    }

    fn is_caller(&self, name: &PrincipalName) -> bool {
        match name {
            PrincipalName::Anyone => true,
            PrincipalName::User(arn) | PrincipalName::Other(arn) => self.caller.name == **arn,
            PrincipalName::Service(text) | PrincipalName::Federated(text) => self.caller.name == **text,
            PrincipalName::Session { account, role, session, .. } => {
                self.caller.session.as_deref() == Some(session)
                    && self.caller.account.as_deref() == Some(account)
                    && self.caller.name.contains(":role/")
                    && self.caller.name.rsplit('/').next() == Some(role)
            }
            PrincipalName::UniqueId(id) => {
                let own = self.caller.principal.and_then(|(_, principal)| principal.facts.get("unique-id"));
                own.is_some_and(|own| **own == **id) || self.caller.name == **id
            }
            PrincipalName::Account(_) | PrincipalName::Role(_) | PrincipalName::Canonical(_) => false,
        }
    }

    /// Whether the resource belongs to the caller's account. What nobody is known to own counts as its own.
    fn is_own(&self) -> bool {
        if self.caller.kind == Kind::Holder {
            return true;
        }
        let Some(account) = &self.caller.account else { return false };
        match &self.owner {
            Some(owner) => owner == account,
            // Nor is it the stranger's, of whom not even that is known.
            None if self.caller.kind == Kind::Stranger && self.caller.principal.is_none() => false,
            None => Arn::parse(&self.request.resource).is_none_or(|arn| ["", "aws"].contains(&arn.account)),
        }
    }

    /// Whether the resource side must allow in any case.
    fn needs_resource_side(&self) -> bool {
        let resource = &self.request.resource;
        let arn = Arn::parse(resource);
        let is_role = arn.is_some_and(|arn| arn.service == "iam" && arn.resource.starts_with("role/"));
        let is_key = arn.is_some_and(|arn| arn.service == "kms" && arn.resource.starts_with("key/"));
        let takes_on = self.request.action.to_ascii_lowercase().starts_with("sts:assumerole");
        (is_trusted_call(&self.request.action) && (is_role || takes_on)) || is_key
    }

    /// A resource whose policy is not in the input and taken to be the one that AWS proposes: it lets the account in.
    fn takes_default(&mut self) -> bool {
        let arn = Arn::parse(&self.request.resource);
        let is_key = arn.is_some_and(|arn| arn.service == "kms" && arn.resource.starts_with("key/"));
        let listed = holders(self.estate, &self.request.resource)
            .into_iter()
            .any(|id| self.estate.attached_to(Target::Resource(id)).any(|one| one.layer == RESOURCE));
        let no_roles = || self.estate.resources().all(|(_, resource)| resource.kind != "iam:role");
        let is_role = arn.is_some_and(|arn| arn.service == "iam" && arn.resource.starts_with("role/"));
        let takes = if is_key { !listed } else { is_role && self.caller.kind == Kind::Holder && no_roles() };
        if takes {
            self.assumed(format!(
                "the policy of `{}` is not in the input and was taken to be the default one",
                self.request.resource
            ));
        }
        takes
    }

    fn assumed(&mut self, message: String) {
        self.found.gaps.push(Gap { kind: GapKind::AssumedDefault, message, origin: None });
    }

    fn conclude(mut self) -> Decision {
        let known = matches!(self.caller.kind, Kind::Known | Kind::Holder);
        if known && self.request.action.eq_ignore_ascii_case("sts:GetCallerIdentity") {
            let what = "the rule that this call needs no permission".to_owned();
            let origin = Origin { what, ..Origin::default() };
            return Decision {
                verdict: Verdict::Allowed,
                because: vec![Reason { layer: ALWAYS, effect: Some(Effect::Allow), origin }],
                blocked_by: Vec::new(),
                gaps: Vec::new(),
            };
        }
        let because = self.allowed_by();
        self.note_assumptions(because.is_some());
        let is_allowed = because.is_some() && self.found.denials.is_empty() && self.found.outer.is_empty();
        let gaps =
            unknown::of_request(self.estate, self.request, &self.caller, self.owner.as_deref(), is_allowed);
        self.found.gaps.extend(gaps);
        let Found { denials, identity, direct, role, account, limits, outer, gaps } = self.found;
        let gaps = unique(gaps);
        if !denials.is_empty() {
            let verdict = Verdict::ExplicitlyDenied;
            return Decision { verdict, because: denials.clone(), blocked_by: denials, gaps };
        }
        match because {
            Some(because) if outer.is_empty() => {
                Decision { verdict: Verdict::Allowed, because, blocked_by: Vec::new(), gaps }
            }
            _ => {
                let would = identity.into_iter().chain(direct).chain(role).chain(account).next().is_some();
                let blocked_by = if would { limits.into_iter().chain(outer).collect() } else { Vec::new() };
                Decision { verdict: Verdict::ImplicitlyDenied, because: Vec::new(), blocked_by, gaps }
            }
        }
    }

    /// The statements that allow the request, denials and outer ceilings aside; `None` when it is not allowed.
    fn allowed_by(&mut self) -> Option<Vec<Reason>> {
        let own = match self.caller.kind {
            Kind::Bare | Kind::Anonymous => {
                return Some(self.found.direct.clone()).filter(|direct| !direct.is_empty());
            }
            Kind::Stranger => true,
            Kind::Known | Kind::Holder => !self.found.identity.is_empty(),
        };
        let own = own && self.found.limits.is_empty();
        let resource_side = || {
            [&self.found.direct, &self.found.role, &self.found.account]
                .into_iter()
                .flatten()
                .cloned()
                .collect()
        };
        let from_resource: Vec<Reason> = resource_side();
        let both = || [self.found.identity.clone(), from_resource.clone()].concat();
        if !self.is_own() {
            return (own && !from_resource.is_empty()).then(both);
        }
        if !self.found.direct.is_empty() {
            return Some(self.found.direct.clone());
        }
        if !self.found.role.is_empty() && self.found.limits.is_empty() {
            return Some(self.found.role.clone());
        }
        if !own {
            return None;
        }
        let both = both();
        if !self.needs_resource_side() || !self.found.account.is_empty() || self.takes_default() {
            return Some(both);
        }
        None
    }

    /// What an answer rests on that is not in the input.
    fn note_assumptions(&mut self, allowed: bool) {
        if allowed && self.caller.kind == Kind::Stranger {
            self.assumed(format!(
                "the policies of `{}` are not in the input and were taken to allow this",
                self.request.principal
            ));
        }
        let arn = Arn::parse(&self.request.resource);
        let unowned =
            self.owner.is_none() && arn.is_some_and(|arn| arn.service == "s3" && arn.account.is_empty());
        if allowed && unowned && self.caller.kind == Kind::Known {
            self.assumed(format!("`{}` was taken to belong to the caller's account", self.request.resource));
        }
        let unknown_role = is_trusted_call(&self.request.action)
            && arn.is_some_and(|arn| arn.resource.starts_with("role/"))
            && holders(self.estate, &self.request.resource).is_empty();
        if !allowed && unknown_role {
            let role = &self.request.resource;
            self.assumed(format!(
                "the trust policy of `{role}` is not in the input and was taken to let nobody in"
            ));
        }
    }
}

fn unique(mut gaps: Vec<Gap>) -> Vec<Gap> {
    gaps.sort();
    gaps.dedup();
    gaps
}

/// The account and the levels above it.
fn levels(estate: &Estate, home: ScopeId) -> Vec<ScopeId> {
    estate.ancestry(home)
}

/// The calls that a role's trust policy decides about.
fn is_trusted_call(action: &str) -> bool {
    let (service, call) = action.split_once(':').unwrap_or(("", action));
    let calls = [
        "AssumeRole",
        "AssumeRoleWithSAML",
        "AssumeRoleWithWebIdentity",
        "TagSession",
        "SetSourceIdentity",
        "SetContext",
    ];
    service.eq_ignore_ascii_case("sts") && calls.iter().any(|known| known.eq_ignore_ascii_case(call))
}
