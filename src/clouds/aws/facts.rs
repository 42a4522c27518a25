//! What the catalog knows, in the words of this module: actions and their resources, types of condition keys, managed
//! policies. Read from the catalog once.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use super::ast::Document;
use super::{catalog, parse};
use crate::logic::{
    ActionEntry, Actions, Attribute, Case, Formula, Kind, Pattern, Patterns, ResourceGroup, Token, Universe,
};
use crate::text::{Files, Route, json};

/// At most so many actions are proposed for one that does not exist.
const PROPOSALS: usize = 3;

/// Types and spelling of the services' condition keys by lower-case name; of a family, by its part up to the slash.
fn condition_keys() -> &'static BTreeMap<String, (Kind, String)> {
    static KEYS: OnceLock<BTreeMap<String, (Kind, String)>> = OnceLock::new();
    KEYS.get_or_init(|| {
        let mut all: BTreeMap<String, (Kind, String)> = BTreeMap::new();
        for (key, stated) in catalog::current().services().flat_map(|service| service.condition_keys()) {
            let name = if key.is_template() { stem(key.name()) } else { key.name() };
            let kind = type_of(stated);
            let slot = all.entry(name.to_ascii_lowercase()).or_insert_with(|| (kind, name.to_owned()));
            // Where services disagree, a key that holds several values for one of them may do so.
            if kind == Kind::TextSet {
                slot.0 = kind;
            }
        }
        all
    })
}

fn stem(name: &str) -> &str {
    name.find('/').and_then(|at| name.get(..=at)).unwrap_or(name)
}

fn type_of(stated: &str) -> Kind {
    match stated {
        _ if stated.starts_with("ArrayOf") => Kind::TextSet,
        "Bool" | "Boolean" => Kind::Boolean,
        "Numeric" | "Long" | "Integer" => Kind::Number,
        "Date" => Kind::Instant,
        "IPAddress" | "IpAddress" => Kind::Address,
        _ => Kind::Text,
    }
}

/// The type of a service's condition key.
pub(super) fn key_kind(folded: &str) -> Option<Kind> {
    let keys = condition_keys();
    keys.get(folded).or_else(|| keys.get(stem(folded))).map(|(kind, _)| *kind)
}

/// A service's condition key in AWS's spelling.
pub(super) fn key_spelling(folded: &str) -> Option<String> {
    let keys = condition_keys();
    if let Some((_, name)) = keys.get(folded) {
        return Some(name.clone());
    }
    let (_, name) = keys.get(stem(folded))?;
    Some(format!("{name}{}", folded.strip_prefix(stem(folded))?))
}

/// The action in the catalog's spelling, or as it is where no catalog has it.
pub(super) fn spelled(typed: &str) -> String {
    catalog::current().action(typed.trim()).map_or(typed, |found| found.name()).to_owned()
}

/// The catalog's spelling of an action, or the nearest ones.
pub(super) fn action(typed: &str) -> Result<String, Vec<String>> {
    let catalog = catalog::current();
    if let Some(found) = catalog.action(typed.trim()) {
        return Ok(found.name().to_owned());
    }
    let near = catalog.search(typed.trim(), PROPOSALS * 4).into_iter().filter(|found| found.kind == "action");
    Err(near.map(|found| found.name).take(PROPOSALS).collect())
}

/// Every action with the resources of its types; an action without types is asked on `*`.
pub(super) fn universe() -> Universe {
    static ACTIONS: OnceLock<Arc<Actions>> = OnceLock::new();
    Universe::Known(ACTIONS.get_or_init(|| Arc::new(actions())).clone())
}

/// Whether an action, in lower case, is ever asked on such a resource.
pub(super) fn is_asked_on(action: &str, resource: &str) -> bool {
    match universe() {
        Universe::Known(actions) => actions.contains(action, resource),
        _ => false,
    }
}

/// Thousands of actions share a few hundred lists of ARN templates, so each list is read once. A resource type whose
/// ARN is in no source counts as none.
fn actions() -> Actions {
    let mut groups: Vec<ResourceGroup> = Vec::new();
    let mut places: FxHashMap<Vec<&str>, u32> = FxHashMap::default();
    let mut entries = Vec::with_capacity(catalog::current().action_count() as usize);
    for action in catalog::current().actions() {
        // Types are seldom marked as required in the sources, so a mark that lacks says nothing: `s3:GetObject` has none.
        let templates: Vec<&str> = action.resource_types().flat_map(|(kind, _)| kind.arns()).collect();
        let next = u32::try_from(groups.len()).unwrap_or(u32::MAX);
        let place = match places.get(&templates) {
            Some(place) => *place,
            None => {
                let unnamed = templates.is_empty().then(|| Pattern::literal("*", Case::Sensitive));
                let patterns = templates.iter().map(|template| arns(template)).chain(unnamed);
                groups.push(ResourceGroup { patterns: Patterns::of(patterns) });
                places.insert(templates, next);
                next
            }
        };
        entries.push(ActionEntry { name: action.folded().into(), resources: place });
    }
    Actions::new(entries, groups)
}

/// The ARNs of a resource type: each placeholder stands for some text that is not empty, left of the sixth part
/// without a colon. Partitions begin with `aws`. The templates leave out that access points of several regions name none:
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/MultiRegionAccessPointRequests.html>.
fn arns(template: &str) -> Pattern {
    let mut tokens = Vec::new();
    let mut colons = 0;
    let mut rest = template;
    while !rest.is_empty() {
        let (before, opened) =
            rest.split_once("${").map_or((rest, None), |(before, after)| (before, Some(after)));
        colons += before.matches(':').count();
        // A few types are written with a wildcard of their own.
        tokens.extend(before.chars().map(|c| if c == '*' { Token::Run } else { Token::Char(c) }));
        let Some((name, behind)) = opened.and_then(|after| after.split_once('}')) else { break };
        rest = behind;
        match (name, colons) {
            ("Partition", _) => tokens.extend("aws".chars().map(Token::Char).chain([Token::RunInSegment])),
            ("Region", _) if template.contains(OF_REGIONS) => tokens.push(Token::RunInSegment),
            (_, ..5) => tokens.extend([Token::OneInSegment, Token::RunInSegment]),
            _ => tokens.extend([Token::One, Token::Run]),
        }
    }
    Pattern::new(tokens, Case::Sensitive)
}

/// What the templates of access points have in common.
const OF_REGIONS: &str = ":s3:${Region}:${Account}:accesspoint/";

/// "The `kms:RetireGrant` permission is not effective in an RCP", whatever its actions are:
/// <https://docs.aws.amazon.com/kms/latest/developerguide/resource-control-policies.html>.
const UNCONTROLLED: &str = "kms:retiregrant";

/// "You can't use SCPs to restrict the following tasks", one of which are those of Amazon Mechanical Turk; the others are no
/// actions that policies name:
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html#not-restricted-by-scp>.
const OUTSIDE_ORGANIZATIONS: &str = "mechanicalturk:";

/// Whether service control policies have a say about the action.
pub(super) fn is_service_controlled(action: &str) -> bool {
    let head = action.as_bytes().get(..OUTSIDE_ORGANIZATIONS.len());
    !head.is_some_and(|head| head.eq_ignore_ascii_case(OUTSIDE_ORGANIZATIONS.as_bytes()))
}

/// The actions that service control policies have a say about.
pub(super) fn service_controlled() -> Formula {
    static ACTIONS: OnceLock<Formula> = OnceLock::new();
    let spared = || Patterns::of([Pattern::prefix(OUTSIDE_ORGANIZATIONS, Case::Sensitive)]);
    ACTIONS.get_or_init(|| Formula::matches(Attribute::action(), spared()).not()).clone()
}

/// Whether resource control policies have a say about the action: they hold for some services only.
/// <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-supported-services>
pub(super) fn is_resource_controlled(action: &str) -> bool {
    if action.eq_ignore_ascii_case(UNCONTROLLED) {
        return false;
    }
    let service = action.split(':').next().unwrap_or_default();
    catalog::current().service(&service.to_ascii_lowercase()).is_some_and(|service| service.supports_rcp())
}

/// The actions of the services that resource control policies hold for.
pub(super) fn resource_controlled() -> Formula {
    static ACTIONS: OnceLock<Formula> = OnceLock::new();
    let controlled = || {
        let services = catalog::current().services().filter(|service| service.supports_rcp());
        let patterns =
            services.map(|service| Pattern::prefix(&format!("{}:", service.name()), Case::Sensitive));
        let controlled = Formula::matches(Attribute::action(), Patterns::of(patterns));
        controlled.and(Formula::matches(Attribute::action(), Patterns::literal(UNCONTROLLED)).not())
    };
    ACTIONS.get_or_init(controlled).clone()
}

/// The document of an AWS managed policy by its ARN, without places; `None` when the catalog has no such policy.
pub fn managed_policy(arn: &str) -> Option<Document> {
    let text = catalog::managed().find(arn)?.document().ok()?;
    let mut problems = Vec::new();
    let file = Files::default().add(arn, text);
    let tree = json::parse(file, text, &mut problems)?;
    let name = arn.rsplit('/').next().unwrap_or(arn);
    let document = parse::policy(&tree, name, &Route::root(), parse::Capacity::Identity, &mut problems)?;
    Some(Document { span: None, provided: true, ..document })
}
