//! Random policies and requests: what the formula says of a request is what the concrete rule decides.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::clouds::Cloud;
use crate::clouds::gcp::Gcp;
use crate::clouds::gcp::names::CLOUD;
use crate::evaluator::Evaluator;
use crate::logic::Formula;
use crate::model::{GapKind, Object, Question, Subject};
use crate::solver::{EngineSelection, Portfolio};
use crate::text::{Files, json as text};

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = String> {
    proptest::sample::select(texts).prop_map(str::to_owned)
}

fn some_of(texts: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<String>> {
    proptest::sample::subsequence(texts, 0..=most)
        .prop_map(|texts| texts.into_iter().map(str::to_owned).collect())
}

const MEMBERS: &[&str] = &[
    "allUsers",
    "allAuthenticatedUsers",
    "user:ann@x.org",
    "domain:x.org",
    "group:g@x.org",
    "group:h@x.org",
    "serviceAccount:s@p.iam.gserviceaccount.com",
    "projectEditor:p",
    "deleted:user:ann@x.org?uid=1",
    "principalSet://iam.googleapis.com/projects/9/locations/global/workloadIdentityPools/w/*",
    "principalSet://iam.googleapis.com/projects/9/locations/global/workloadIdentityPools/w/attribute.a/1",
    "principal://iam.googleapis.com/projects/9/locations/global/workloadIdentityPools/w/subject/s",
    "principalSet://cloudresourcemanager.googleapis.com/folders/2",
];
const DENIED: &[&str] = &[
    "principalSet://goog/public:all",
    "principal://goog/subject/ann@x.org",
    "principalSet://goog/group/g@x.org",
    "principalSet://goog/group/h@x.org",
    "principal://iam.googleapis.com/projects/-/serviceAccounts/s@p.iam.gserviceaccount.com",
    "principalSet://cloudresourcemanager.googleapis.com/organizations/1",
    "principalSet://iam.googleapis.com/projects/9/locations/global/workloadIdentityPools/w/group/f",
];
const PRINCIPALS: &[&str] = &[
    "*",
    "allAuthenticatedUsers",
    "user:ann@x.org",
    "user:bob@x.org",
    "user:eve@y.org",
    "serviceAccount:s@p.iam.gserviceaccount.com",
    "serviceAccount:s@q.iam.gserviceaccount.com",
    "principal://iam.googleapis.com/projects/9/locations/global/workloadIdentityPools/w/subject/s",
    "principalSet://iam.googleapis.com/projects/9/locations/global/workloadIdentityPools/w/attribute.a/1",
];
const ROLES: &[&str] = &[
    "roles/editor",
    "roles/storage.objectAdmin",
    "roles/bigquery.admin",
    "roles/iam.roleAdmin",
    "projects/p/roles/none",
];
const ACTIONS: &[&str] = &[
    "storage.objects.get",
    "storage.objects.create",
    "bigquery.tables.getData",
    "iam.roles.get",
    "compute.instances.get",
];
const DENIED_PERMISSIONS: &[&str] = &[
    "storage.googleapis.com/objects.get",
    "storage.googleapis.com/*.*",
    "bigquery.googleapis.com/tables.*",
    "iam.googleapis.com/*.get",
];
const RESOURCES: &[&str] = &[
    "gs://b",
    "gs://b/in/x",
    "gs://b/projects/_/buckets/b/objects/in/",
    "gs://c/o",
    "//bigquery.googleapis.com/projects/p/datasets/d",
    "//bigquery.googleapis.com/projects/q/datasets/d/tables/t",
    "//pubsub.googleapis.com/projects/p/topics/t",
    "//compute.googleapis.com/projects/q/zones/z/instances/i",
    "//cloudresourcemanager.googleapis.com/projects/p",
];
const CONDITIONS: &[&str] = &[
    "true",
    "resource.name.startsWith('projects/_/buckets/b/objects/in/')",
    "!resource.name.endsWith('/x')",
    "resource.name.contains('datasets')",
    "resource.type == 'storage.googleapis.com/Object'",
    "resource.type == 'bigquery.googleapis.com/Dataset' || resource.service == 'compute.googleapis.com'",
    "request.time < timestamp('2027-01-01T00:00:00Z')",
    "request.time.getHours('Europe/Berlin') >= 9 && request.time.getDayOfWeek() != 0",
    "request.time.getFullYear('Asia/Tokyo') <= 2026",
    "resource.matchTag('1/env', 'prod')",
    "!resource.hasTagKey('1/env')",
    "'l' in request.auth.access_levels",
    "!('l' in request.auth.access_levels) || request.host == 'h'",
    "destination.port == 22",
    "api.getAttribute('storage.googleapis.com/objectListPrefix', 'in/').startsWith('in/')",
    "!api.getAttribute('iam.googleapis.com/modifiedGrantsByRole', []).hasOnly(['roles/viewer'])",
    "resource.name.extract('projects/_/buckets/{b}/objects') == 'b'",
    "resource.name.extract('buckets/b/objects/{rest}') == 'in/x'",
    "resource.name.extract('/objects/{part}/').startsWith('in')",
    "resource.name.matches('x.*')",
    "resource.name.matches('x.z')",
    "resource.name.matches('^projects/_/buckets/(b|c)/')",
    "['x', 'b/objects/x'].exists(part, resource.name.contains(part))",
    "['x', 'z'].all(part, !resource.name.endsWith(part))",
    "(resource.type == 'storage.googleapis.com/Object' ? resource.name.endsWith('x') : request.time > timestamp('2026-01-01T00:00:00Z'))",
    "size(resource.name) > 30 && true",
    "resource.name.size() == 20 || size(request.host) < 1",
    "size(resource.service) >= 22",
    "resource.name.extract('objects/{part}').size() > 1",
    "resource.name.extract('s/{part}/').size() == 1",
    "resource.name.extract('s/{part}/') == 'b'",
    "resource.name.extract('buckets/{b}/obj').endsWith('b')",
    "resource.name.extract('{p}/').contains('j')",
    "resource.name.extract('/{p}s/').endsWith('bucket')",
    "resource.name.extract('{p}').startsWith('projects/p')",
    "api.getAttribute('storage.googleapis.com/objectListPrefix', 'in/').extract('i{n}/').size() != 1",
];

fn condition() -> impl Strategy<Value = Option<Json>> {
    proptest::option::of((one_of(CONDITIONS), one_of(CONDITIONS), one_of(&["&&", "||", ""]))).prop_map(
        |parts| {
            let (left, right, sign) = parts?;
            let expression = if sign.is_empty() { left } else { format!("({left}) {sign} !({right})") };
            Some(json!({"title": "t", "expression": expression}))
        },
    )
}

fn binding() -> impl Strategy<Value = Json> {
    (one_of(ROLES), some_of(MEMBERS, 3), condition()).prop_map(|(role, members, condition)| {
        let mut binding = json!({"role": role, "members": members});
        // Google takes no condition on these.
        let refuses = ["roles/owner", "roles/editor", "roles/viewer"].contains(&role.as_str())
            || members.iter().any(|member| member.starts_with("all"));
        if let Some(condition) = condition.filter(|_| !refuses) {
            binding["condition"] = condition;
        }
        binding
    })
}

fn denial() -> impl Strategy<Value = Json> {
    let scope = one_of(&["projects%2Fp", "folders%2F2", "organizations%2F1"]);
    let permissions = (some_of(DENIED_PERMISSIONS, 2), some_of(DENIED_PERMISSIONS, 1));
    let rule = (some_of(DENIED, 2), some_of(DENIED, 1), permissions, condition());
    (scope, rule).prop_map(|(scope, (who, except, (what, except_what), condition))| {
        let mut rule = json!({"deniedPrincipals": who, "exceptionPrincipals": except,
            "deniedPermissions": what, "exceptionPermissions": except_what});
        if let Some(condition) = condition {
            rule["denialCondition"] = condition;
        }
        let name = format!("policies/cloudresourcemanager.googleapis.com%2F{scope}/denypolicies/d");
        json!({"name": name, "rules": [{"denyRule": rule}]})
    })
}

fn boundary() -> impl Strategy<Value = (Json, Json)> {
    let set = one_of(&[
        "//cloudresourcemanager.googleapis.com/projects/p",
        "//cloudresourcemanager.googleapis.com/organizations/1",
        "//iam.googleapis.com/projects/9/locations/global/workloadIdentityPools/w",
    ]);
    let resource = one_of(&["projects/p", "folders/2", "organizations/1", "projects/elsewhere"]);
    let condition = proptest::option::of(one_of(&[
        "principal.type == 'iam.googleapis.com/ServiceAccount'",
        "principal.subject.endsWith('x.org')",
    ]));
    let id = one_of(&["x", "y"]);
    (set, resource, condition, 1u32..4, id).prop_map(|(set, resource, condition, version, id)| {
        let name = format!("organizations/1/locations/global/principalAccessBoundaryPolicies/{id}");
        let resource = format!("//cloudresourcemanager.googleapis.com/{resource}");
        let rules = json!([{"resources": [resource], "effect": "ALLOW"}]);
        let policy =
            json!({"name": name, "details": {"rules": rules, "enforcementVersion": version.to_string()}});
        let mut binding = json!({"name": "organizations/1/locations/global/policyBindings/b",
            "target": {"principalSet": set}, "policy": name});
        if let Some(expression) = condition {
            binding["condition"] = json!({"expression": expression});
        }
        (policy, binding)
    })
}

fn context() -> impl Strategy<Value = Json> {
    let maybe = |texts: &'static [&'static str]| proptest::option::of(one_of(texts));
    // Every request has a time.
    let time = one_of(&["2026-06-01T07:30:00Z", "2026-12-31T23:30:00Z", "2027-03-07T12:00:00Z"]);
    let parts = (
        time,
        maybe(&["prod", "dev"]),
        proptest::option::of(some_of(&["l", "m"], 2)),
        maybe(&["h", "i"]),
        maybe(&["in/", "out"]),
        proptest::option::of(some_of(&["roles/viewer", "roles/owner"], 2)),
        maybe(&["1", "2"]),
        proptest::option::of(some_of(&["f", "g"], 2)),
    );
    parts.prop_map(|(time, tag, levels, host, prefix, roles, attribute, groups)| {
        let mut context = serde_json::Map::new();
        let mut put = |key: &str, value: Option<Json>| {
            if let Some(value) = value {
                context.insert(key.to_owned(), value);
            }
        };
        put("request.time", Some(json!(time)));
        put("resource.tag/1/env", tag.map(|text| json!(text)));
        put("request.auth.access_levels", levels.map(|texts| json!(texts)));
        put("request.host", host.map(|text| json!(text)));
        put("storage.googleapis.com/objectListPrefix", prefix.map(|text| json!(text)));
        put("iam.googleapis.com/modifiedGrantsByRole", roles.map(|texts| json!(texts)));
        put("attribute.a", attribute.map(|text| json!(text)));
        put("google.groups", groups.map(|texts| json!(texts)));
        Json::Object(context)
    })
}

fn scenario() -> impl Strategy<Value = Json> {
    let bindings = || proptest::collection::vec(binding(), 0..3);
    let request = (one_of(PRINCIPALS), one_of(ACTIONS), one_of(RESOURCES), context());
    let allow = (bindings(), bindings(), bindings());
    let deny = proptest::collection::vec(denial(), 0..2);
    let boundaries = proptest::collection::vec(boundary(), 0..2);
    let prevention = some_of(&["gs://b", "folders/2"], 1);
    (request, allow, deny, boundaries, prevention).prop_map(|(request, allow, deny, boundaries, prevention)| {
        let (principal, action, resource, context) = request;
        let policy = |resource: &str, bindings: Vec<Json>| json!({"resource": resource, "policy": {"bindings": bindings}});
        let (policies, bindings): (Vec<Json>, Vec<Json>) = boundaries.into_iter().unzip();
        json!({
            "request": {"principal": principal, "action": action, "resource": resource, "context": context},
            "policies": {
                "hierarchy": [["organizations/1", "folders/2", "projects/p"], ["organizations/1", "projects/q"]],
                "allow": [policy("folders/2", allow.0), policy("projects/p", allow.1), policy("gs://b", allow.2)],
                "groups": {"g@x.org": ["user:bob@x.org", "group:h@x.org"]},
                "deny": deny, "boundaries": policies, "boundary_bindings": bindings,
                "public_access_prevention": prevention,
            }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// What an engine finds is a request that the concrete rule judges as the formula does.
    #[test]
    fn witnesses_survive_their_replay(scenario in scenario()) {
        let source = scenario.to_string();
        let mut problems = Vec::new();
        let tree = text::parse(Files::default().add("s.json", &*source), &source, &mut problems).unwrap();
        let read = Gcp.scenario(&tree, &mut problems).unwrap();
        let (estate, request) = (&read.estate, &read.request);
        let subject = match (estate.find_principal(CLOUD, &request.principal), request.principal.as_str()) {
            (_, "*") => Subject::Anonymous,
            (Some(id), _) => Subject::Principal(id),
            (None, _) => Subject::Outside,
        };
        let portfolio = Portfolio { engines: EngineSelection::Native, ..Portfolio::default() };
        let evaluator = Evaluator::new(estate, &portfolio);
        for object in [Object::Named(request.resource.clone()), Object::Any] {
            for action in [Some(request.action.clone()), None] {
                let question = Question { cloud: CLOUD, subject, action, object: object.clone() };
                let can = evaluator.can(&question, &Formula::True);
                prop_assert!(can.is_ok(), "{:?}", can);
                let lacks = evaluator.lacks(&question, &Formula::True);
                prop_assert!(lacks.is_ok(), "{:?}", lacks);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn the_formula_says_of_a_request_what_the_rule_decides(scenario in scenario()) {
        let source = scenario.to_string();
        let mut problems = Vec::new();
        let tree = text::parse(Files::default().add("s.json", &*source), &source, &mut problems).unwrap();
        let read = Gcp.scenario(&tree, &mut problems);
        prop_assert!(read.is_some(), "{problems:?}");
        let read = read.unwrap();
        let (estate, request) = (&read.estate, &read.request);
        let decision = Gcp.decide(estate, request);
        let subject = match (estate.find_principal(CLOUD, &request.principal), request.principal.as_str()) {
            (_, "*") => Subject::Anonymous,
            (_, "allAuthenticatedUsers") => Subject::Outside,
            (Some(id), _) => Subject::Principal(id),
            (None, name) => panic!("{name}"),
        };
        let assignment = Gcp.assignment(estate, request);
        let open = decision.gaps.iter().any(|gap| gap.kind == GapKind::OpaqueCondition);
        for object in [Object::Named(request.resource.clone()), Object::Any] {
            for action in [Some(request.action.clone()), None] {
                let question = Question { cloud: CLOUD, subject, action, object: object.clone() };
                let layers = Gcp.layers(estate, &question);
                prop_assert_ne!(layers.facts.evaluate(&assignment), Some(false), "{}", layers.facts);
                let formula = Gcp.combine(&layers);
                // A formula may leave open what the rule decides for one request, but only with a gap; and it never
                // says the contrary.
                match formula.evaluate(&assignment) {
                    Some(allowed) => prop_assert_eq!(allowed, decision.is_allowed(), "{:?}", decision),
                    None => prop_assert!(open, "{}\n{:?}", formula, decision),
                }
            }
        }
    }
}
