//! All that decides a question: which policies apply, to which requests, and what is known of every request.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use super::ast::{Arn, PrincipalName, Statement, is_account};
use super::caller::{Caller, Class};
use super::lower::{Body, Lowered};
use super::rule::{
    ACCESS_LIST, ALWAYS, BOUNDARY, DEFAULT_KEY, ENDPOINT, IDENTITY, KEY_GRANT, OWN_ACCOUNT, OWN_SIDE_ASSUMED,
    RESOURCE, RESOURCE_CONTROL, RESOURCE_SIDE_ALONE, SERVICE_CONTROL, SESSION, TO_ACCOUNT, TO_GRANTEE,
    TO_ROLE, TRUST, TRUSTED_ACTIONS, UNLESS_DENIED, key_resources, role_resources,
};
use super::{
    AWS, access_points, at_home, body, endpoints, facts, follows, guards, inside, keys, no_say, organization,
    outside, presence, protected, service_keys, unknown,
};
use crate::logic::{Assignment, Attribute, Formula, Patterns};
use crate::model::{
    Attachment, Effect, Estate, Gap, GapKind, Grant, Layer, LayerGroup, Layers, Object, Question, ResourceId,
    ScopeId, ScopeKind, Subject, Target,
};
use inside::covering;

/// Everything that decides `question`.
pub(super) fn layers(estate: &Estate, question: &Question) -> Layers {
    gathered(estate, question, None, None)
}

/// The same for a question of a member about any resource, as if no resource had a policy but these. Of the others it
/// is not asked who owns them either: they are taken to be the caller's own, and keys to have the default policy. Both
/// allow all that policies of theirs could not allow anyway, see [`Cloud::layers_among`](crate::clouds::Cloud).
pub(super) fn layers_among(
    estate: &Estate,
    question: &Question,
    resources: &BTreeSet<ResourceId>,
) -> Option<Layers> {
    let caller = Caller::of(estate, question.subject);
    if question.object != Object::Any || caller.class != Class::Member {
        return None;
    }
    let work = Work::new(estate, question, None);
    let all = guards::how_many(estate, work.known.text(&Attribute::action()), work.names());
    (all > FEW).then(|| gathered(estate, question, Some(resources), None))
}

/// `point`: the access point that the requests come through, if the question is about the bucket behind one.
fn gathered(
    estate: &Estate,
    question: &Question,
    among: Option<&BTreeSet<ResourceId>>,
    point: Option<&str>,
) -> Layers {
    let mut work = Work::new(estate, question, among);
    work.through(point, &question.object);
    let caller = work.caller;
    work.own_side();
    for resource in work.guarded(&question.object).iter() {
        work.resource_side(*resource);
    }
    let facts = if work.may_allow() {
        let by_network = [keys::SOURCE_VPCE, keys::SOURCE_VPC].into_iter().any(|key| work.mentions(key));
        if by_network {
            work.groups.extend(endpoints::groups(estate));
        }
        work.groups.extend(protected::group(&caller));
        work.rule_groups(&question.object);
        let by_address = by_network && work.mentions(keys::SOURCE_IP);
        let network = if by_address { endpoints::no_address() } else { Formula::True };
        work.facts(question).and(network)
    } else {
        Formula::True
    };
    let mut layers =
        Layers { groups: work.groups, known: work.known, facts, gaps: work.gaps.into_iter().collect() };
    if question.subject == Subject::Outside {
        outside::rewrite(&mut layers);
    }
    follows::absent_tags(&caller, &mut layers);
    through_points(estate, question, &mut layers);
    unknown_trust(estate, question, &caller, &mut layers);
    layers.gaps.extend(unknown::of_question(estate, question, &caller));
    layers
}

/// What comes through an access point meets the bucket behind it.
fn through_points(estate: &Estate, question: &Question, layers: &mut Layers) {
    let is_of_s3 = question.action.as_ref().is_none_or(|action| action.starts_with("s3:"));
    if !is_of_s3 || Caller::of(estate, question.subject).class == Class::Holder {
        return;
    }
    for point in access_points::asked(estate, &question.object) {
        let Some(bucket) = access_points::bucket(estate, &point) else { continue };
        let Some(name) = estate.resource(bucket).map(|found| found.name.as_str()) else { continue };
        let inner = Question { object: Object::Within(bucket), ..question.clone() };
        let met = gathered(estate, &inner, None, Some(&point));
        access_points::join(layers, &point, name, &met);
    }
}

fn known(estate: &Estate, question: &Question, caller: &Caller<'_>) -> Assignment {
    let mut known = caller.facts();
    known.extend(&organization::of_caller(estate, caller));
    if let Some(action) = &question.action {
        known = known.with_text(Attribute::action(), action.to_ascii_lowercase());
    }
    if let Object::Named(name) = &question.object {
        known = known.with_text(Attribute::resource(), name.clone());
    }
    match (&question.action, &question.object) {
        (Some(action), _) if presence::names_no_owner(action) => {
            for key in presence::of_owners() {
                known.set_absent(key);
            }
        }
        // Without an action it is not known whether requests say whose the resource is.
        (Some(_), Object::Named(name)) => {
            if let Some(owner) = owner(estate, name).or(caller.account.map(str::to_owned)) {
                known.extend(&organization::of_owner(estate, &owner));
                known = known.with_text(Attribute::text(keys::RESOURCE_ACCOUNT), owner);
            }
        }
        _ => {}
    }
    known
}

/// The account that owns a resource: by its ARN, or by the estate. `None` when neither tells.
pub(super) fn owner(estate: &Estate, name: &str) -> Option<String> {
    if let Some(account) = Arn::parse(name).map(|arn| arn.account).filter(|account| is_account(account)) {
        return Some(account.to_owned());
    }
    let home =
        covering(estate, name).into_iter().find_map(|id| estate.resource(id).and_then(|found| found.home))?;
    estate.scope(home).map(|scope| scope.name.clone())
}

/// A question that so few resources bear on is as quickly asked with all of them.
const FEW: usize = 32;

/// The call that everybody may make.
const NEEDS_NOTHING: &str = "sts:getcalleridentity";

/// The call that users may make unless it is denied.
const NEEDS_NO_ALLOW: &str = "sts:getsessiontoken";

pub(super) struct Work<'e> {
    pub(super) estate: &'e Estate,
    pub(super) caller: Caller<'e>,
    known: Assignment,
    pub(super) groups: Vec<LayerGroup>,
    gaps: BTreeSet<Gap>,
    /// The only resources whose policies take part, if not all do.
    among: Option<&'e BTreeSet<ResourceId>>,
    /// Whether the requests come through an access point.
    pub(super) by_point: bool,
}

impl<'e> Work<'e> {
    pub(super) fn new(
        estate: &'e Estate,
        question: &Question,
        among: Option<&'e BTreeSet<ResourceId>>,
    ) -> Self {
        let caller = Caller::of(estate, question.subject);
        let known = known(estate, question, &caller);
        Self { estate, caller, known, groups: Vec::new(), gaps: BTreeSet::new(), among, by_point: false }
    }

    /// Makes the question one about requests through an access point.
    fn through(&mut self, point: Option<&str>, object: &Object) {
        let (Some(point), Object::Within(bucket)) = (point, object) else { return };
        self.by_point = true;
        let mut known = std::mem::take(&mut self.known);
        let name = self.estate.resource(*bucket).map_or("", |found| &found.name);
        if let Some(owner) = owner(self.estate, name).or(self.caller.account.map(str::to_owned)) {
            known.extend(&organization::of_owner(self.estate, &owner));
            known = known.with_text(Attribute::text(keys::RESOURCE_ACCOUNT), owner);
        }
        self.known = known
            .with_text(Attribute::text(service_keys::POINT), point)
            .with_text(Attribute::text(service_keys::POINT_ACCOUNT), access_points::account(point));
    }

    fn group(&mut self, layer: Layer, applies: Formula, grants: Vec<Arc<Grant>>) {
        self.groups.push(LayerGroup::new(layer, applies, grants));
    }

    fn body(&mut self, attachment: &Attachment) -> Option<&'e Body> {
        let body = body(self.estate.policy(attachment.policy)?)?;
        self.gaps.extend(body.document.gaps.iter().cloned());
        Some(body)
    }

    /// The grants about the action of the question: of a large policy that is seldom more than one.
    fn wholes(&mut self, attachments: &[&'e Attachment]) -> Vec<Arc<Grant>> {
        let mut grants = Vec::new();
        for attachment in attachments {
            let Some(body) = self.body(attachment) else { continue };
            match self.known.text(&Attribute::action()) {
                Some(action) => grants.extend(body.about(action).iter().cloned()),
                None => grants.extend(body.lowered().iter().map(|lowered| lowered.whole.clone())),
            }
        }
        grants
    }

    /// The resources of the estate whose policies may decide a request of the question.
    pub(super) fn guarded(&self, object: &Object) -> Arc<Vec<ResourceId>> {
        let action = self.known.text(&Attribute::action());
        if let Some(among) = self.among {
            return Arc::new(among.iter().copied().collect());
        }
        match object {
            Object::Named(name) => Arc::new(covering(self.estate, name)),
            Object::Within(resource) => Arc::new(guards::around(self.estate, *resource)),
            Object::Any => guards::resources(self.estate, action, self.names()),
        }
    }

    /// The name and the account of the caller, if policies that name others cannot mean it.
    fn names(&self) -> Option<[&'e str; 2]> {
        let (_, principal) = self.caller.principal?;
        let told = matches!(self.caller.class, Class::Member | Class::Assumed)
            && self.caller.federated_by().is_none();
        told.then(|| [principal.name.as_str(), self.caller.account.unwrap_or_default()])
    }

    /// Whether some request of the question can be allowed: somebody whose policies are known needs a statement that
    /// allows. Most questions end here.
    fn may_allow(&self) -> bool {
        let assumed = self.caller.class == Class::Assumed && self.caller.account.is_some();
        // Only who has policies of its own is asked about the calls that need none.
        let has_policies = match self.caller.class {
            Class::Holder => true,
            Class::Member => self.caller.account.is_some(),
            Class::Assumed | Class::Bare | Class::Anonymous => false,
        };
        let free = [NEEDS_NOTHING, NEEDS_NO_ALLOW];
        let always = self.known.text(&Attribute::action()).is_none_or(|action| free.contains(&action));
        let allows = |group: &LayerGroup| {
            !group.layer.is_ceiling() && group.grants.iter().any(|grant| grant.effect == Effect::Allow)
        };
        assumed || (always && has_policies) || self.groups.iter().any(allows)
    }

    /// What is attached to the caller, to its groups and to its account's place in the organization.
    fn own_side(&mut self) {
        let estate = self.estate;
        let Some((id, principal)) = self.caller.principal else { return };
        let own: Vec<_> = estate.attached_to(Target::Principal(id)).collect();
        let mut identity: Vec<_> = own.iter().copied().filter(|one| one.layer == IDENTITY).collect();
        for membership in estate.groups_of(id) {
            let group = estate.attached_to(Target::Principal(membership.group));
            identity.extend(group.filter(|one| one.layer == IDENTITY));
        }
        let grants = self.wholes(&identity);
        self.group(IDENTITY, Formula::True, grants);
        for layer in [BOUNDARY, SESSION, ENDPOINT] {
            let attached: Vec<_> = own.iter().copied().filter(|one| one.layer == layer).collect();
            if !attached.is_empty() {
                let grants = self.wholes(&attached);
                self.group(layer, Formula::True, grants);
            }
        }
        // Service control policies do not reach service-linked roles:
        // <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html>
        if let Some(home) = principal.home.filter(|_| !is_service_linked(&principal.name)) {
            self.service_control(home);
        }
    }

    /// Each level of the organization must allow what these policies have a say about.
    fn service_control(&mut self, home: ScopeId) {
        for scope in self.estate.ancestry(home) {
            let attached: Vec<_> = self
                .estate
                .attached_to(Target::Scope(scope))
                .filter(|one| one.layer == SERVICE_CONTROL)
                .collect();
            if !attached.is_empty() {
                let grants = self.wholes(&attached);
                self.group(SERVICE_CONTROL, facts::service_controlled(), grants);
            }
        }
    }

    /// Whether the question may be about a call that trust policies decide. An account has a trust policy for each
    /// role, and most questions about an action need none of them.
    fn asks_for_trusted_call(&self) -> bool {
        self.known.text(&Attribute::action()).is_none_or(|action| TRUSTED_ACTIONS.contains(&action))
    }

    /// The policies of one resource, for the requests on it.
    fn resource_side(&mut self, resource: ResourceId) {
        let estate = self.estate;
        let (on_it, decided) = guards::on_it(estate, resource);
        let unheard = self.unheard(resource);
        for attachment in estate.attached_to(Target::Resource(resource)) {
            match attachment.layer {
                RESOURCE if unheard == Formula::True => {}
                RESOURCE => {
                    let heard = decided.clone().and(unheard.clone().not());
                    self.resource_policy(attachment, resource, &heard);
                }
                KEY_GRANT | ACCESS_LIST => self.resource_policy(attachment, resource, &on_it),
                // Whoever has no credentials cannot call what a trust policy decides about.
                TRUST if self.caller.class != Class::Anonymous && self.asks_for_trusted_call() => {
                    self.resource_policy(attachment, resource, &decided);
                }
                _ => {}
            }
        }
        // Resource control policies spare service-linked roles and who takes them on:
        // <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
        let by_linked =
            self.caller.principal.is_some_and(|(_, principal)| is_service_linked(&principal.name));
        if by_linked || self.estate.resource(resource).is_some_and(|found| is_service_linked(&found.name)) {
            return;
        }
        let home = self.estate.resource(resource).and_then(|found| found.home);
        for scope in home.map(|home| self.estate.ancestry(home)).unwrap_or_default() {
            // The default policy, which allows everything, is always attached, so only denials count:
            // <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>
            let attached: Vec<_> = self
                .estate
                .attached_to(Target::Scope(scope))
                .filter(|one| one.layer == RESOURCE_CONTROL)
                .collect();
            if !attached.is_empty() {
                let denials =
                    self.wholes(&attached).into_iter().filter(|one| one.effect == Effect::Deny).collect();
                self.group(RESOURCE_CONTROL, on_it.clone().and(facts::resource_controlled()), denials);
            }
        }
    }

    /// What the policy of a resource has no say about because of who asks.
    fn unheard(&self, resource: ResourceId) -> Formula {
        let Some(found) = self.estate.resource(resource) else { return Formula::False };
        let owner = found.home.and_then(|home| self.estate.scope(home)).map(|scope| scope.name.as_str());
        let is_own = owner.is_none() || owner == self.caller.account;
        no_say::of_caller(&self.caller, &found.kind, is_own)
    }

    fn resource_policy(&mut self, attachment: &Attachment, resource: ResourceId, applies: &Formula) {
        let Some(body) = self.body(attachment) else { return };
        let mut sorted: [Vec<Arc<Grant>>; 3] = [Vec::new(), Vec::new(), Vec::new()];
        let [named, role, account] = &mut sorted;
        for (statement, lowered) in body.document.statements.iter().zip(body.lowered()) {
            // A statement without principal applies to nobody.
            if statement.principal.is_none() {
                continue;
            }
            let Lowered { whole, direct, role: to_role, account: to_account, .. } = lowered;
            match self.through_user(statement) {
                Some(true) => {
                    let grant = Arc::new(Grant { who: Formula::True, ..Grant::clone(whole) });
                    let slot = if whole.effect == Effect::Deny { &mut *named } else { &mut *role };
                    slot.extend(self.concerning(Some(&grant)));
                }
                Some(false) => continue,
                None => {}
            }
            if whole.effect == Effect::Deny {
                // "The NotPrincipal element with a Deny effect will always deny any IAM principal that has a permissions
                // boundary": <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html>
                if statement.principal.as_ref().is_some_and(|names| names.negated) && self.is_bounded() {
                    let grant = Arc::new(Grant { who: Formula::True, ..Grant::clone(whole) });
                    named.extend(self.concerning(Some(&grant)));
                } else {
                    named.extend(self.concerning(Some(whole)));
                }
                continue;
            }
            named.extend(self.concerning(direct.as_ref()));
            role.extend(self.concerning(to_role.as_ref()));
            account.extend(self.concerning(to_account.as_ref()));
        }
        let [named, role, account] = sorted;
        let by_name = if attachment.layer == KEY_GRANT { [&*named, &*role].concat() } else { Vec::new() };
        let sorted =
            [(attachment.layer, named), (TO_ROLE, role), (TO_GRANTEE, by_name), (TO_ACCOUNT, account)];
        let groups = sorted.into_iter().filter(|(_, grants)| !grants.is_empty());
        let groups: Vec<LayerGroup> =
            groups.map(|(layer, grants)| LayerGroup::new(layer, applies.clone(), grants)).collect();
        // Questions about one action see few policies, and others of their grants each time.
        let groups = match self.known.text(&Attribute::action()) {
            None if !groups.is_empty() => guards::shared(self.estate, attachment, resource, groups),
            _ => groups,
        };
        self.groups.extend(groups);
    }

    /// Whether the caller has a permission boundary.
    fn is_bounded(&self) -> bool {
        let attached = |(id, _)| self.estate.attached_to(Target::Principal(id));
        self.caller.principal.is_some_and(|found| attached(found).any(|one| one.layer == BOUNDARY))
    }

    /// Whether a statement that lists the user who opened the federated session which asks is for the session too, or
    /// is not. What it gives is limited by boundary and session policy, like what is given to the role of a session:
    /// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
    fn through_user(&self, statement: &Statement) -> Option<bool> {
        let user = self.caller.federated_by()?;
        let principals = statement.principal.as_ref()?;
        let is_it = |name: &PrincipalName| matches!(name, PrincipalName::User(arn) if **arn == *user);
        let listed = principals.names.iter().any(|name| is_it(&name.value));
        match (principals.negated, statement.effect) {
            _ if !listed => None,
            (false, _) => Some(true),
            // Everybody but the user, and so not the user's sessions.
            (true, Effect::Allow) => Some(false),
            // A deny spares only sessions that are listed themselves.
            (true, Effect::Deny) => None,
        }
    }

    /// The grant, unless it is for others than the caller or about other actions.
    pub(super) fn concerning(&self, grant: Option<&Arc<Grant>>) -> Option<Arc<Grant>> {
        let grant = grant?;
        let asks = self.known.text(&Attribute::action()).is_some();
        if asks && grant.actions.evaluate(&self.known) == Some(false) {
            return None;
        }
        let is_outside = self.caller.class == Class::Assumed && self.caller.principal.is_none();
        if is_outside && outside::is_inside(self.estate, &grant.who) {
            return None;
        }
        (grant.who.restrict(&self.known) != Formula::False).then(|| grant.clone())
    }

    /// What the rule has to know about the caller and who owns what.
    fn rule_groups(&mut self, object: &Object) {
        match self.caller.class {
            Class::Bare => self.group(RESOURCE_SIDE_ALONE, Formula::True, Vec::new()),
            Class::Anonymous => self.group(RESOURCE_SIDE_ALONE, at_home::calls().not(), Vec::new()),
            Class::Assumed => self.group(OWN_SIDE_ASSUMED, Formula::True, Vec::new()),
            Class::Member | Class::Holder => {}
        }
        let same = match (self.caller.class, self.caller.account) {
            (Class::Holder, _) => Formula::True,
            (Class::Member | Class::Assumed, Some(account)) => {
                let others = match self.among {
                    Some(among) => guards::owned_by_others_among(self.estate, account, among),
                    None => guards::owned_by_others(self.estate, account, object),
                };
                follows::same_account(account, others)
            }
            _ => return,
        };
        self.group(OWN_ACCOUNT, same, Vec::new());
        let with_policy = match self.among {
            Some(among) => guards::keys_among(self.estate, among),
            None => guards::keys(self.estate, object),
        };
        let default_key = Formula::matches(Attribute::resource(), key_resources())
            .and(Formula::matches(Attribute::resource(), with_policy).not());
        let mut assumed = default_key;
        if self.caller.class == Class::Holder {
            // Nothing is known of the account, so a role is taken to trust it, as the console proposes.
            assumed = assumed.or(Formula::matches(Attribute::resource(), unlisted_roles(self.estate)));
        }
        self.group(DEFAULT_KEY, assumed, Vec::new());
        // "No permissions are required to perform this operation", not even against an explicit deny:
        // <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
        let always = Formula::matches(Attribute::action(), Patterns::literal(NEEDS_NOTHING));
        if self.caller.class != Class::Assumed {
            self.group(ALWAYS, always, Vec::new());
        }
        // "No permissions are required for a user to get a session token"; a deny counts, as the page's own example of
        // a deny without multi-factor authentication spares the call:
        // <https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_getsessiontoken.html>,
        // <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_aws_my-sec-creds-self-manage.html>
        if self.caller.has_own_credentials() {
            let free = Formula::matches(Attribute::action(), Patterns::literal(NEEDS_NO_ALLOW));
            self.group(UNLESS_DENIED, free, Vec::new());
        }
    }
}

/// The calls that a trust policy decides about.
pub(super) fn trusted_calls() -> Formula {
    static CALLS: LazyLock<Formula> = LazyLock::new(|| {
        Formula::matches(Attribute::action(), Patterns::globs(TRUSTED_ACTIONS.iter().copied()))
    });
    CALLS.clone()
}

/// The accounts of the estate.
pub(super) fn estate_accounts(estate: &Estate) -> impl Iterator<Item = &str> {
    let scopes = estate.scopes().map(|(_, scope)| scope);
    scopes
        .filter(|scope| scope.cloud == AWS && scope.kind == ScopeKind::Account)
        .map(|scope| scope.name.as_str())
}

/// Any role, when the estate knows none.
fn unlisted_roles(estate: &Estate) -> Patterns {
    if guards::has_roles(estate) { Patterns::of([]) } else { role_resources() }
}

pub(super) fn is_service_linked(name: &str) -> bool {
    name.contains(":role/aws-service-role/")
}

/// Whether a role that is in none of the files lets somebody in is not known.
fn unknown_trust(estate: &Estate, question: &Question, caller: &Caller<'_>, layers: &mut Layers) {
    let Object::Named(name) = &question.object else { return };
    let assumes = question
        .action
        .as_ref()
        .is_some_and(|action| TRUSTED_ACTIONS.contains(&action.to_ascii_lowercase().as_str()));
    if assumes && caller.class != Class::Holder && estate.find_resource(AWS, name).is_none() {
        layers.gaps.push(Gap {
            kind: GapKind::MissingPolicy,
            message: format!(
                "the trust policy of `{name}` is not in the input and was taken to let nobody in"
            ),
            origin: None,
        });
    }
}
