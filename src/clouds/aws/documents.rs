//! Two AWS policy documents side by side: which kind they are of, and their statements as rules in one vocabulary.
//!
//! A document is read as if it were alone. A service control policy without any allow statement is read beside
//! `FullAWSAccess`, and a resource control policy beside `RCPFullAWSAccess`, as AWS attaches them:
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html>,
//! <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html>.
//! What a document says to one request is said by `decide.rs`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use super::ast::{Document, PrincipalName, Statement};
use super::differing::{self, Differing};
use super::parse::{self, Capacity};
use super::rule::{self, TRUSTED_ACTIONS};
use super::{
    AWS, Body, body, caller, conditions, decide, facts, keys, lower, presence, requests, sense, statements,
};
use crate::clouds::documents::{
    DocumentKind, Documents, Omission, Opened, Rule, Rules, RulesOfTwo, Sense, Statements,
};
use crate::logic::{Assignment, Atom, Attribute, Case, Formula, Literal, Pattern, Patterns};
use crate::model::{Decision, Effect, Gap, GapKind, Layer, Policy, Request};
use crate::text::{Kind, Problem, Route, Tree, json};

/// Attached to a user, group or role.
pub(super) const IDENTITY: DocumentKind = DocumentKind { id: "identity", name: "identity policy" };
/// Attached to a user or role as its permission boundary.
pub(super) const BOUNDARY: DocumentKind = DocumentKind { id: "boundary", name: "permission boundary" };
/// Attached to a resource.
pub(super) const RESOURCE: DocumentKind = DocumentKind { id: "resource", name: "resource policy" };
/// Attached to a role, about who may take it on.
pub(super) const TRUST: DocumentKind = DocumentKind { id: "trust", name: "trust policy" };
/// Attached to an account or a part of an organization, about its principals.
pub(super) const SERVICE_CONTROL: DocumentKind =
    DocumentKind { id: "service-control", name: "service control policy" };
/// Attached to an account or a part of an organization, about its resources.
pub(super) const RESOURCE_CONTROL: DocumentKind =
    DocumentKind { id: "resource-control", name: "resource control policy" };

/// The principal of a request of which no statement asks who it is.
const HOLDER: &str = "whoever holds the policy";

/// The documents of this cloud.
#[derive(Clone, Copy, Debug)]
pub struct AwsDocuments;

impl Documents for AwsDocuments {
    fn kinds(&self) -> &'static [DocumentKind] {
        &[IDENTITY, RESOURCE, TRUST, SERVICE_CONTROL, RESOURCE_CONTROL]
    }

    fn open<'t>(&self, tree: &'t Tree, problems: &mut Vec<Problem>) -> Option<Opened<'t>> {
        let (found, route) = inside(tree);
        let tree = match &found.kind {
            Kind::Text(text) => {
                let decoding = json::Decoding::UrlEncoded;
                Cow::Owned(json::parse_embedded(text, found.span, decoding, problems)?)
            }
            _ => Cow::Borrowed(found),
        };
        tree.get("Statement").is_some().then_some(Opened { tree, route })
    }

    fn guess(&self, old: &Tree, new: &Tree) -> DocumentKind {
        let statements: Vec<&Tree> = [old, new].into_iter().flat_map(listed).collect();
        let names =
            |statement: &&Tree| statement.get("Principal").or(statement.get("NotPrincipal")).is_some();
        let only_denies = !statements.is_empty()
            && statements.iter().all(|one| one.get("Effect").and_then(Tree::as_str) == Some("Deny"));
        let trusts = statements.iter().all(|statement| {
            let has_resource = statement.get("Resource").or(statement.get("NotResource")).is_some();
            !has_resource && statement.get("Action").is_some_and(speaks_of_sts)
        });
        match (statements.iter().any(names), only_denies) {
            (true, _) if trusts => TRUST,
            (true, true) => RESOURCE_CONTROL,
            (true, false) => RESOURCE,
            (false, true) => SERVICE_CONTROL,
            (false, false) => IDENTITY,
        }
    }

    fn read(
        &self,
        document: &Opened<'_>,
        name: &str,
        kind: DocumentKind,
        problems: &mut Vec<Problem>,
    ) -> Option<Policy> {
        let capacity = match kind {
            IDENTITY | BOUNDARY | SERVICE_CONTROL => Capacity::Identity,
            TRUST => Capacity::Trust,
            _ => Capacity::Resource,
        };
        let read = parse::policy(&document.tree, name, &document.route, capacity, problems)?;
        let origin = read.origin();
        Some(Policy { cloud: AWS, name: name.to_owned(), body: Arc::new(Body::new(read)), origin })
    }

    fn rules(&self, kind: DocumentKind, old: &Policy, new: &Policy) -> RulesOfTwo {
        let bodies = [body(old), body(new)];
        let documents: Vec<&Document> = bodies.iter().flatten().map(|body| &body.document).collect();
        let mut gaps: Vec<Gap> = documents.iter().flat_map(|document| document.gaps.clone()).collect();
        let differing = match &*documents {
            [old, new] => differing::between(old, new, |statement| speaks(kind, statement)),
            _ => Differing::Everything,
        };
        let [old, new] = bodies
            .map(|body| body.map(|body| of_document(kind, body, &differing, &mut gaps)).unwrap_or_default());
        let mut both = RulesOfTwo { old, new, facts: Formula::True, gaps };
        if kind == TRUST {
            let calls = Patterns::globs(TRUSTED_ACTIONS.iter().copied());
            both.facts = Formula::matches(Attribute::action(), calls);
        }
        let mut formulas: Vec<&mut Formula> = all_rules(&mut both).map(|rule| &mut rule.rest).collect();
        if asks_who(&formulas) {
            let known = name_by_arn(kind, &documents, &mut formulas);
            both.facts = both.facts.clone().and(known);
        }
        both
    }

    fn kind_of(&self, policy: &Policy, layers: &[Layer]) -> Option<DocumentKind> {
        let document = &body(policy)?.document;
        let is_own = !document.provided && document.span.is_some();
        is_own.then(|| statements::kind_of(document, layers)).flatten()
    }

    fn statements(&self, kind: DocumentKind, policy: &Policy) -> Statements {
        body(policy).map(|body| statements::statements(kind, body)).unwrap_or_default()
    }

    fn sense(&self, policy: &Policy, own: Option<&str>) -> Option<Sense> {
        Some(sense::sense(&body(policy)?.document, own))
    }

    fn omissions(&self, kind: DocumentKind) -> &'static [Omission] {
        static BY_ANYBODY: LazyLock<Vec<Omission>> = LazyLock::new(|| presence::omissions(&signed()));
        static BY_HOLDERS: LazyLock<Vec<Omission>> = LazyLock::new(|| presence::omissions(&Formula::True));
        if statements_name(kind) { &BY_ANYBODY } else { &BY_HOLDERS }
    }

    fn key_name(&self, key: &Attribute) -> String {
        keys::spelling(key.name())
    }

    fn request(&self, kind: DocumentKind, witness: &Assignment) -> Request {
        let mut context = BTreeMap::new();
        let apart = [Attribute::principal(), Attribute::action(), Attribute::resource()];
        for (attribute, value) in witness.iter() {
            let Some(value) = value else { continue };
            if !apart.contains(attribute) && attribute.name() != keys::SESSION {
                context.insert(keys::spelling(attribute.name()), requests::written(value));
            }
        }
        let unnamed = if statements_name(kind) { "*" } else { HOLDER };
        let name = witness.text(&Attribute::principal()).unwrap_or(unnamed).to_owned();
        let session = witness.text(&Attribute::text(keys::SESSION));
        let session = session.and_then(|session| caller::session_arn(&name, session));
        if session.is_some() && name.split_once(":role/").is_some_and(|(_, path)| path.contains('/')) {
            // The ARN of the session does not tell the path of the role.
            context.insert(keys::spelling(keys::PRINCIPAL_ARN), vec![name.clone()]);
        }
        let action = witness.text(&Attribute::action()).unwrap_or("*");
        Request {
            cloud: AWS,
            principal: session.unwrap_or(name),
            action: facts::spelled(action),
            resource: witness.text(&Attribute::resource()).unwrap_or("*").to_owned(),
            context,
        }
    }

    fn decide(&self, kind: DocumentKind, policy: &Policy, request: &Request) -> Decision {
        let layer = match kind {
            RESOURCE => rule::RESOURCE,
            TRUST => rule::TRUST,
            SERVICE_CONTROL => rule::SERVICE_CONTROL,
            RESOURCE_CONTROL => rule::RESOURCE_CONTROL,
            _ => rule::IDENTITY,
        };
        decide::decide_alone(policy, layer, request)
    }
}

/// The document inside the answers of `get-policy-version`, `get-role-policy`, `get-role`, `get-bucket-policy`, `aws
/// organizations describe-policy` and the like.
fn inside(tree: &Tree) -> (&Tree, Route) {
    let paths: [&[&str]; 9] = [
        &["PolicyVersion", "Document"],
        &["PolicyDocument"],
        &["Role", "AssumeRolePolicyDocument"],
        &["AssumeRolePolicyDocument"],
        &["Policy", "Content"],
        &["Attributes", "Policy"],
        &["ResourcePolicy"],
        &["Policy"],
        &["policy"],
    ];
    let follow = |path: &&[&'static str]| {
        let mut at = (tree, Route::root());
        for key in *path {
            at = (at.0.get(key)?, at.1.key(*key));
        }
        matches!(at.0.kind, Kind::Map(_) | Kind::Text(_)).then_some(at)
    };
    if tree.get("Statement").is_some() {
        return (tree, Route::root());
    }
    paths.iter().find_map(follow).unwrap_or((tree, Route::root()))
}

fn listed(document: &Tree) -> &[Tree] {
    match document.get("Statement") {
        Some(list) => list.as_list().unwrap_or(std::slice::from_ref(list)),
        None => &[],
    }
}

fn speaks_of_sts(action: &Tree) -> bool {
    let values = action.as_list().unwrap_or(std::slice::from_ref(action));
    values.iter().all(|value| {
        value.as_str().is_some_and(|text| text.get(..4).is_some_and(|head| head.eq_ignore_ascii_case("sts:")))
    })
}

/// Whether statements of that kind name principals.
pub(super) fn statements_name(kind: DocumentKind) -> bool {
    [RESOURCE, TRUST, RESOURCE_CONTROL].contains(&kind)
}

/// Whether the statement has a say: one that must name somebody and does not applies to nobody.
fn speaks(kind: DocumentKind, statement: &Statement) -> bool {
    statement.principal.is_some() || !statements_name(kind)
}

/// The rules of a document, as far as they bear on what it may differ in.
fn of_document(kind: DocumentKind, body: &Body, differing: &Differing, gaps: &mut Vec<Gap>) -> Rules {
    let mut rules = Rules::default();
    let mut allows = false;
    for statement in body.document.statements.iter().filter(|statement| speaks(kind, statement)) {
        allows |= statement.effect == Effect::Allow;
        let actions = differing.actions(&statement.action);
        if actions == Formula::False {
            continue;
        }
        let (rest, unknown) = lower::rest(&body.document, statement);
        gaps.extend(unknown);
        let rule = Rule { actions, rest };
        match statement.effect {
            Effect::Allow => rules.allows.push(rule),
            Effect::Deny => rules.denies.push(rule),
        }
    }
    let beside = match kind {
        SERVICE_CONTROL if !allows => "FullAWSAccess",
        RESOURCE_CONTROL => "RCPFullAWSAccess",
        _ => return rules,
    };
    rules.allows = vec![Rule::everything()];
    gaps.push(Gap {
        kind: GapKind::AssumedDefault,
        message: format!("`{}` was taken to be attached beside `{beside}`", body.document.name),
        origin: None,
    });
    rules
}

fn all_rules(both: &mut RulesOfTwo) -> impl Iterator<Item = &mut Rule> {
    let sides = [&mut both.old, &mut both.new].into_iter();
    sides.flat_map(|side| side.allows.iter_mut().chain(side.denies.iter_mut()))
}

/// Whether some formula asks who sends the request.
pub(super) fn asks_who(formulas: &[&mut Formula]) -> bool {
    let asking = ["principal", keys::PRINCIPAL_ARN, keys::PRINCIPAL_ACCOUNT, keys::UNIQUE_ID];
    let mut found = false;
    for formula in formulas {
        formula.for_each_literal(&mut |literal| {
            found |=
                literal.atom.attributes().into_iter().any(|attribute| asking.contains(&attribute.name()));
        });
    }
    found
}

/// Says everything that follows from who sends a request by the sender's name, so that the two cannot contradict each
/// other; answers which names there are.
pub(super) fn name_by_arn(
    kind: DocumentKind,
    documents: &[&Document],
    formulas: &mut [&mut Formula],
) -> Formula {
    // A relation to the account cannot be said by the name; then the account stays a key of its own.
    let mut relates = false;
    for formula in formulas.iter() {
        formula.for_each_literal(&mut |literal| {
            let is_account = |attribute: &&Attribute| attribute.name() == keys::PRINCIPAL_ACCOUNT;
            relates |=
                matches!(literal.atom, Atom::Same(..)) && literal.atom.attributes().iter().any(is_account);
        });
    }
    for formula in formulas.iter_mut() {
        **formula = formula.rewritten(&|atom| of_atom(atom, relates));
    }
    let known = Formula::matches(Attribute::principal(), names(kind, documents));
    if !relates {
        return known;
    }
    let account = Formula::present(Attribute::text(keys::PRINCIPAL_ACCOUNT));
    known.and(account.iff(signed()))
}

/// The principals that requests may come from: everybody with an ARN, and for documents that name principals also
/// services, identity providers, the anonymous `*`, and whatever they name.
fn names(kind: DocumentKind, documents: &[&Document]) -> Patterns {
    let arns = |account: &str| {
        [
            format!("arn:aws*:iam::{account}:user/?*"),
            format!("arn:aws*:iam::{account}:role/?*"),
            format!("arn:aws*:iam::{account}:root"),
            format!("arn:aws*:sts::{account}:federated-user/?*"),
        ]
    };
    let mut texts: Vec<String> = arns("????????????").into();
    let mut all = Vec::new();
    if statements_name(kind) {
        texts.push("arn:aws*:iam::????????????:saml-provider/?*".to_owned());
        texts.push("arn:aws*:iam::????????????:oidc-provider/?*".to_owned());
        all.push(Pattern::glob("?*.amazonaws.com", Case::Sensitive));
        all.push(Pattern::literal("*", Case::Sensitive));
    }
    let statements = documents.iter().flat_map(|document| &document.statements);
    for name in statements.filter_map(|one| one.principal.as_ref()).flat_map(|one| &one.names) {
        match &name.value {
            PrincipalName::Account(number) => texts.extend(arns(number)),
            PrincipalName::User(text)
            | PrincipalName::Role(text)
            | PrincipalName::Other(text)
            | PrincipalName::UniqueId(text)
            | PrincipalName::Service(text)
            | PrincipalName::Federated(text) => all.push(Pattern::literal(text, Case::Sensitive)),
            PrincipalName::Session { account, role, .. } => {
                texts.push(format!("arn:aws*:iam::{account}:role/{role}"));
            }
            PrincipalName::Anyone | PrincipalName::Canonical(_) => {}
        }
    }
    Patterns::of(all.into_iter().chain(texts.iter().map(|text| Pattern::arn(text))))
}

/// The sender signs its requests with credentials of an account, so that `aws:PrincipalArn` and `aws:PrincipalAccount`
/// are there:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn>.
pub(super) fn signed() -> Formula {
    let arns = [
        "arn:*:iam::?*:user/*",
        "arn:*:iam::?*:role/*",
        "arn:*:iam::?*:root",
        "arn:*:sts::?*:federated-user/*",
    ];
    Formula::matches(Attribute::principal(), Patterns::of(arns.iter().map(|text| Pattern::arn(text))))
}

fn of_atom(atom: &Atom, keeps_account: bool) -> Formula {
    let by_name = |patterns: Patterns| Formula::matches(Attribute::principal(), patterns);
    match atom {
        Atom::Matches(attribute, patterns) if attribute.name() == keys::PRINCIPAL_ARN => {
            by_name(patterns.clone()).and(signed())
        }
        Atom::Matches(attribute, patterns)
            if attribute.name() == keys::PRINCIPAL_ACCOUNT && !keeps_account =>
        {
            by_name(conditions::in_account_part(patterns)).and(signed())
        }
        Atom::Matches(attribute, patterns) if attribute.name() == keys::UNIQUE_ID => {
            by_name(patterns.clone())
        }
        Atom::Present(attribute) if attribute.name() == keys::PRINCIPAL_ARN => signed(),
        Atom::Present(attribute) if attribute.name() == keys::PRINCIPAL_ACCOUNT && !keeps_account => signed(),
        Atom::Same(text, pattern) => {
            let refers =
                |name: &str| text.references().chain(pattern.references()).any(|one| one.name() == name);
            let atom = Atom::Same(text.renamed(&by_principal), pattern.renamed(&by_principal));
            let relation = Formula::literal(Literal { atom, positive: true });
            if refers(keys::PRINCIPAL_ARN) { relation.and(signed()) } else { relation }
        }
        atom => Formula::literal(Literal { atom: atom.clone(), positive: true }),
    }
}

fn by_principal(attribute: &Attribute) -> Attribute {
    if attribute.name() == keys::PRINCIPAL_ARN { Attribute::principal() } else { attribute.clone() }
}
