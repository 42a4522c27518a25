//! How assignments decide: the concrete rule and the formulas side by side, on estates loaded from documents. The
//! documented cases are in `tests/corpus/azure`.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::clouds::Scenario;
use crate::clouds::escalation::{AskOn, Candidates};
use crate::evaluator::{Evaluator, Outcome, Standing};
use crate::input::load_text;
use crate::logic::{Attribute, Goal};
use crate::model::{GapKind, Object, Question, Subject};
use crate::solver::{Answer, EngineSelection, Portfolio};
use crate::text::{Files, json};

const S: &str = "/subscriptions/11111111-1111-1111-1111-111111111111";
const T: &str = "/subscriptions/22222222-2222-2222-2222-222222222222";
const ANN: &str = "aaaaaaaa-0000-0000-0000-000000000001";
const BOB: &str = "aaaaaaaa-0000-0000-0000-000000000002";
const OUTER: &str = "bbbbbbbb-0000-0000-0000-000000000001";
const INNER: &str = "bbbbbbbb-0000-0000-0000-000000000002";
const VM: &str = "providers/Microsoft.Compute/virtualMachines/web";
const ACCOUNT: &str = "providers/Microsoft.Storage/storageAccounts/files";
const READ: &str = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read";

fn scenario(document: &Json) -> Scenario {
    let text = document.to_string();
    let mut problems = Vec::new();
    let tree = json::parse(Files::default().add("scenario.json", &*text), &text, &mut problems).unwrap();
    let read = Azure.scenario(&tree, &mut problems);
    assert_eq!(problems, [], "{text}");
    read.unwrap()
}

fn subject(scenario: &Scenario) -> Subject {
    match scenario.estate.find_principal(names::CLOUD, &scenario.request.principal) {
        Some(id) => Subject::Principal(id),
        None => Subject::Anonymous,
    }
}

/// What the formulas of all questions about the request say of it; `None` where that rests on an opaque part.
fn symbolically(scenario: &Scenario) -> Vec<Option<bool>> {
    let Scenario { estate, request } = scenario;
    let asked = Azure.assignment(estate, request);
    let mut objects = vec![Object::Any, Object::Named(request.resource.clone())];
    let resource = names::full_name(&request.resource);
    let known = names::enclosing(&resource).find_map(|name| estate.find_resource(names::CLOUD, name));
    objects.extend(known.map(Object::Within));
    let mut answers = Vec::new();
    for object in objects {
        for action in [None, Some(request.action.clone())] {
            let question =
                Question { cloud: names::CLOUD, subject: subject(scenario), action, object: object.clone() };
            let layers = Azure.layers(estate, &question);
            assert_eq!(layers.facts.evaluate(&asked), Some(true), "{request:?} {object:?}\n{}", layers.facts);
            for (attribute, value) in layers.known.iter() {
                assert_eq!(asked.known(attribute), Some(value), "{attribute:?} of {request:?}");
            }
            let formula = Azure.combine(&layers);
            assert_eq!(formula.evaluate(&asked), formula.restrict(&layers.known).evaluate(&asked));
            answers.push(formula.evaluate(&asked));
        }
    }
    answers
}

/// A condition of each kind, and what the context may hold for it.
const CONDITIONS: [&str; 11] = [
    "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringEquals 'docs'",
    "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name] StringStartsWith 'd'",
    "@Resource[Microsoft.Storage/storageAccounts:name] StringNotEquals 'files'",
    "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path] StringLike 'a/*.txt'",
    "!(ActionMatches{'Microsoft.Storage/*/read'} AND NOT SubOperationMatches{'Blob.List'}) OR Exists @Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:path]",
    "@Request[Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags&$keys$&] ForAllOfAnyValues:StringEquals {'x', 'y'}",
    "@Request[Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags&$keys$&] ForAnyOfAllValues:StringNotLike {'x*', 'y'}",
    "@Environment[UtcNow] DateTimeLessThan '2026-06-01T00:00:00Z' AND @Principal[level] NumericGreaterThan 3",
    "NOT @Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags:p<$key_case_sensitive$>] StringEqualsIgnoreCase @Principal[team]",
    "@Request[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:versionId] DateTimeLessThanEquals '2022-06-01T23:38:32.8883645Z'",
    "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {8e3af657a8ff443ca75c2fe8c4bcb635}",
];

fn some_scope() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just("/".to_owned()),
        2 => Just("/providers/Microsoft.Management/managementGroups/top".to_owned()),
        1 => Just("/providers/Microsoft.Management/managementGroups/Prod".to_owned()),
        3 => Just(S.to_owned()),
        1 => Just(T.to_uppercase()),
        1 => Just(format!("{S}/resourceGroups/app")),
        1 => Just(format!("{S}/resourceGroups/app/{ACCOUNT}")),
        1 => Just(format!("{S}/resourceGroups/app/{ACCOUNT}/blobServices/default/containers/docs")),
    ]
}

fn some_holder() -> impl Strategy<Value = (&'static str, &'static str)> {
    prop_oneof![Just((ANN, "User")), Just((BOB, "User")), Just((OUTER, "Group")), Just((INNER, "Group"))]
}

fn some_assignment() -> impl Strategy<Value = Json> {
    let role = prop::sample::select(vec![
        "Owner",
        "Contributor",
        "Reader",
        "Storage Blob Data Owner",
        "Storage Blob Data Reader",
        "Key Vault Secrets User",
        "Key Vault Data Access Administrator",
        "Mine",
    ]);
    let condition = prop::option::weighted(0.4, prop::sample::select(CONDITIONS.to_vec()));
    (some_holder(), some_scope(), role, condition).prop_map(|((holder, kind), scope, role, condition)| {
        json!({"principalId": holder, "principalType": kind, "scope": scope, "roleDefinitionName": role, "condition": condition})
    })
}

fn some_patterns() -> impl Strategy<Value = Vec<&'static str>> {
    let all = vec![
        "*",
        "*/read",
        "Microsoft.Storage/*",
        "Microsoft.Authorization/*/Write",
        READ,
        "microsoft.compute/*/READ",
    ];
    prop::sample::subsequence(all, 0..3)
}

fn some_block() -> impl Strategy<Value = Json> {
    let condition = prop::option::weighted(0.2, prop::sample::select(CONDITIONS.to_vec()));
    (some_patterns(), some_patterns(), some_patterns(), some_patterns(), condition).prop_map(|(a, na, d, nd, condition)| {
        json!({"actions": a, "notActions": na, "dataActions": d, "notDataActions": nd, "condition": condition})
    })
}

fn some_deny() -> impl Strategy<Value = Json> {
    let who = prop_oneof![
        Just(json!([{"id": "00000000-0000-0000-0000-000000000000", "type": "SystemDefined"}])),
        some_holder().prop_map(|(id, kind)| json!([{"id": id, "type": kind}])),
    ];
    let excluded = prop::option::of(some_holder());
    // Broad ones, or hardly any would meet the request.
    let broad = prop::sample::select(vec!["*", "*/read", "*/write", "Microsoft.Storage/*"]);
    let block = (some_block(), broad).prop_map(|(mut block, broad)| {
        for key in ["actions", "dataActions"] {
            block[key].as_array_mut().unwrap().push(json!(broad));
        }
        block
    });
    (some_scope(), who, excluded, block, prop::bool::weighted(0.2)).prop_map(|(scope, who, excluded, block, own)| {
        let excluded: Vec<Json> = excluded.into_iter().map(|(id, kind)| json!({"id": id, "type": kind})).collect();
        json!({"type": "Microsoft.Authorization/denyAssignments", "scope": scope, "principals": who, "excludePrincipals": excluded,
               "permissions": [block], "doNotApplyToChildScopes": own})
    })
}

fn some_request() -> impl Strategy<Value = Json> {
    let resource = prop::sample::select(vec![
        "/".to_owned(),
        "/providers/Microsoft.Management/managementGroups/prod".to_owned(),
        S.to_owned(),
        T.to_owned(),
        format!("{S}/resourceGroups/app"),
        format!("{S}/resourcegroups/APP/{VM}"),
        format!("{T}/resourceGroups/app/{ACCOUNT}"),
        format!("{S}/resourceGroups/app/{ACCOUNT}/blobServices/default/containers/docs"),
        format!("{S}/resourceGroups/app/{ACCOUNT}/blobServices/default/containers/Docs/blobs/a/B.txt"),
        format!("{S}/resourceGroups/app/{ACCOUNT}/blobServices/default/containers/old/blobs/A/b.txt"),
        format!("{S}/resourceGroups/app/providers/Microsoft.KeyVault/vaults/safe"),
    ]);
    let action = prop::sample::select(vec![
        READ,
        "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write",
        "Microsoft.Storage/storageAccounts/listKeys/action",
        "microsoft.compute/virtualmachines/READ",
        "Microsoft.Authorization/roleAssignments/write",
        "Microsoft.KeyVault/vaults/secrets/getSecret/action",
    ]);
    let context = (
        prop::option::of(prop::sample::select(vec!["Blob.List", "other"])),
        prop::option::of(prop::sample::subsequence(vec!["x", "xx", "y", "z"], 0..3)),
        prop::option::of(0..6i32),
        prop::option::of(prop::sample::select(vec![roles::OWNER, "ffffffff-0000-0000-0000-000000000000"])),
        prop::sample::select(vec!["2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"]),
    );
    (prop::sample::select(vec![ANN, BOB, "*"]), action, resource, context).prop_map(
        |(principal, action, resource, (suboperation, tags, level, role, now))| {
            let mut context = serde_json::Map::new();
            context.insert("@Environment[UtcNow]".to_owned(), json!(now));
            let mut add = |key: &str, value: Option<Json>| {
                if let Some(value) = value {
                    context.insert(key.to_owned(), value);
                }
            };
            add("@Request[subOperation]", suboperation.map(|one| json!(one)));
            let tag_keys =
                "@Request[Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags&$keys$&]";
            add(tag_keys, tags.map(|tags| json!(tags)));
            add("@Principal[level]#number", level.map(|level| json!(level)));
            add("@Principal[team]", level.filter(|level| *level > 1).map(|_| json!("Blue")));
            let tag = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers/blobs/tags:p<$key_case_sensitive$>]";
            add(tag, level.map(|level| json!(if level > 3 { "red" } else { "blue" })));
            let version = "@Request[Microsoft.Storage/storageAccounts/blobServices/containers/blobs:versionId]";
            add(version, level.map(|level| json!(format!("2022-06-01T23:38:32.888364{level}Z"))));
            add(
                "@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId]",
                role.map(|role| json!(role)),
            );
            json!({"principal": principal, "action": action, "resource": resource, "context": context})
        },
    )
}

fn some_scenario() -> impl Strategy<Value = Json> {
    let many = |most| prop::collection::vec(some_assignment(), 1..most);
    let vault = prop::option::of(any::<bool>());
    let level = prop::sample::select(vec!["None", "Blob", "Container"]);
    let parts =
        (many(7), prop::collection::vec(some_deny(), 0..3), prop::collection::vec(some_block(), 1..3));
    (some_request(), parts, vault, any::<bool>(), level).prop_map(
        |(request, (assignments, denies, blocks), vault, public, level)| {
            let account = format!("{S}/resourceGroups/app/{ACCOUNT}");
            let vaults = vault.map(|uses_roles| json!({
                "id": format!("{S}/resourceGroups/app/providers/Microsoft.KeyVault/vaults/safe"), "location": "x",
                "properties": {"enableRbacAuthorization": uses_roles, "accessPolicies": [{"objectId": INNER, "permissions": {"secrets": ["get"]}}]}}));
            let mut resources = vec![json!({"id": account, "location": "x", "allowBlobPublicAccess": public})];
            resources.extend(vaults);
            json!({"request": request, "policies": {
                "management_groups": {"id": "/providers/Microsoft.Management/managementGroups/top", "children": [
                    {"id": "/providers/Microsoft.Management/managementGroups/prod", "children": [{"id": S}]}, {"id": T}]},
                "users": [{"id": ANN, "userPrincipalName": "ann@x.example"}, {"id": BOB, "userPrincipalName": "bob@x.example"}],
                "groups": [{"id": OUTER, "displayName": "outer", "securityEnabled": true}, {"id": INNER, "displayName": "inner", "securityEnabled": true}],
                "group_members": {"outer": [{"@odata.type": "#microsoft.graph.group", "id": INNER}], "inner": [{"@odata.type": "#microsoft.graph.user", "id": ANN}]},
                "resources": resources,
                "containers": [{"id": format!("{account}/blobServices/default/containers/docs"), "publicAccess": level}],
                "role_definitions": [{"roleName": "Mine", "name": "dddddddd-0000-0000-0000-000000000001", "permissions": blocks}],
                "role_assignments": assignments,
                "deny_assignments": denies,
            }})
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    /// Both sides read the same policies and share nothing else, so agreement on anything is evidence for both.
    #[test]
    fn formula_and_concrete_rule_agree(document in some_scenario()) {
        let scenario = scenario(&document);
        let decision = Azure.decide(&scenario.estate, &scenario.request);
        let is_open = decision.gaps.iter().any(|gap| gap.kind == GapKind::OpaqueCondition);
        for answer in symbolically(&scenario) {
            let agrees = answer.map_or(is_open, |answer| answer == decision.is_allowed());
            prop_assert!(agrees, "{answer:?} {document} {decision:?}");
        }
    }
}

proptest! {
    // Each case asks four questions of an engine.
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// What the engines find for any request survives the concrete rule, or the evaluator would call it a bug.
    #[test]
    fn witnesses_survive_their_replay(document in some_scenario()) {
        let scenario = scenario(&document);
        let portfolio = Portfolio { engines: EngineSelection::Native, ..Portfolio::default() };
        let evaluator = Evaluator::new(&scenario.estate, &portfolio);
        let action = Azure.action(&scenario.request.action).ok();
        for object in [Object::Any, Object::Named(scenario.request.resource.clone())] {
            let question = Question { cloud: names::CLOUD, subject: subject(&scenario), action: action.clone(), object };
            let can = evaluator.can(&question, &Formula::True);
            prop_assert!(can.is_ok(), "{can:?} {document}");
            let lacks = evaluator.lacks(&question, &Formula::True);
            prop_assert!(lacks.is_ok(), "{lacks:?} {document}");
        }
    }
}

/// Conditions aside, each of the three holds all that the one before holds.
#[test]
fn reader_lies_in_contributor_and_contributor_in_owner() {
    let actions = |name: &str| {
        let role = roles::built_in(name).unwrap();
        Formula::any(role.blocks.iter().map(|block| roles::actions(block, None)))
    };
    let included = |inner: &str, outer: &str| {
        let goal = Goal::included(actions(inner), actions(outer), Azure.universe());
        Portfolio::default().decide(&goal).unwrap().answer
    };
    assert_eq!(included("Reader", "Contributor"), Answer::Never);
    assert_eq!(included("Contributor", "Owner"), Answer::Never);
    let Answer::Sometimes(witness) = included("Owner", "Contributor") else { panic!() };
    let action = witness.text(&Attribute::action()).unwrap();
    let contributor = catalog::current().role("Contributor").unwrap();
    assert!(!contributor.allows(action, catalog::Plane::Control), "{action}");
    // The data plane is apart.
    assert!(matches!(included("Storage Blob Data Reader", "Owner"), Answer::Sometimes(_)));
}

fn load(files: &[(&str, Json)]) -> (crate::input::Loaded, Vec<String>) {
    let mut all = serde_json::Map::new();
    for (name, document) in files {
        all.insert((*name).to_owned(), document.clone());
    }
    let (name, document) = files.first().unwrap();
    let loaded = load_text(name, document.to_string());
    let codes = loaded.problems.iter().map(|problem| problem.code.to_owned()).collect();
    (loaded, codes)
}

#[test]
fn broken_rows_are_reported_in_their_place_and_the_rest_is_read() {
    let good =
        json!({"principalId": ANN, "principalType": "User", "roleDefinitionName": "Reader", "scope": S});
    let assignments = json!([good, 7, {"principalId": ANN, "roleDefinitionName": "Reader", "scope": 5},
        {"roleDefinitionName": "Reader", "scope": S}, {"principalId": ANN, "roleDefinitionName": null, "scope": S},
        {"principalId": ANN, "principalType": "User", "roleDefinitionName": "Owner", "scope": S, "condition": 3}]);
    let (loaded, codes) = load(&[("role-assignments.json", assignments)]);
    assert_eq!(codes, ["azure-shape"; 5]);
    assert!(loaded.problems.iter().all(|problem| problem.span.is_some() && problem.help.is_some()));
    // The assignment whose condition is lost is kept, and its condition stays open.
    let ann = loaded
        .estate
        .principals()
        .find(|(_, one)| one.facts.get(OBJECT_ID).is_some_and(|id| id == ANN))
        .unwrap();
    let request = |action: &str| Request {
        cloud: names::CLOUD,
        principal: ann.1.name.clone(),
        action: action.to_owned(),
        resource: S.to_owned(),
        context: Default::default(),
    };
    assert!(Azure.decide(&loaded.estate, &request("Microsoft.Compute/virtualMachines/read")).is_allowed());
    let write = Azure.decide(&loaded.estate, &request("Microsoft.Compute/virtualMachines/write"));
    assert!(!write.is_allowed() && write.gaps.iter().any(|gap| gap.kind == GapKind::OpaqueCondition));
    for (name, document) in [
        (
            "definitions.json",
            json!([{"roleName": "y", "permissions": [], "name": "dddddddd-0000-0000-0000-000000000002"}, {"roleName": "x", "permissions": 7, "name": "no-guid"}]),
        ),
        (
            "definitions.json",
            json!([{"roleName": "x", "name": "dddddddd-0000-0000-0000-000000000001", "permissions": [{"actions": "x"}, 5]}]),
        ),
        (
            "deny-assignments.json",
            json!({"value": [{"type": "Microsoft.Authorization/denyAssignments", "properties": {"scope": S, "principals": 4}}]}),
        ),
        (
            "groups.json",
            json!({"id": "/providers/Microsoft.Management/managementGroups/a", "displayName": "a", "children": [7, {"id": "/x"}]}),
        ),
        ("resources.json", json!([{"id": format!("{S}/{VM}"), "location": "x"}, {"location": "y"}])),
    ] {
        let (loaded, codes) = load(&[(name, document.clone())]);
        assert!(
            !codes.is_empty() && codes.iter().all(|code| code == "azure-shape"),
            "{document} {:?}",
            loaded.problems
        );
    }
    let mut deep = json!({"id": "/providers/Microsoft.Management/managementGroups/z"});
    for level in 0..100 {
        deep = json!({"id": format!("/providers/Microsoft.Management/managementGroups/m{level}"), "displayName": "m", "children": [deep]});
    }
    assert_eq!(load(&[("groups.json", deep)]).1, ["azure-shape"]);
}

#[test]
fn what_is_missing_is_a_gap_only_where_it_matters() {
    let text = json!([{"principalId": OUTER, "principalType": "Group", "principalName": "outer", "roleDefinitionName": "Reader", "scope": S},
                      {"principalId": ANN, "principalType": "User", "principalName": "ann@x.example", "roleDefinitionName": "Nowhere", "scope": T}]);
    let loaded = load_text("role-assignments.json", text.to_string());
    assert_eq!(loaded.problems, []);
    let gaps = |action: &str, resource: &str| {
        let request = Request {
            cloud: names::CLOUD,
            principal: "user:ann@x.example".to_owned(),
            action: action.to_owned(),
            resource: resource.to_owned(),
            context: Default::default(),
        };
        let decision = Azure.decide(&loaded.estate, &request);
        let messages: Vec<String> = decision.gaps.iter().map(|gap| gap.message.clone()).collect();
        (decision.is_allowed(), messages.join("; "))
    };
    let (allowed, read) = gaps("Microsoft.Compute/virtualMachines/read", S);
    assert!(
        !allowed && read.contains("members of `group:outer`") && read.contains("management groups above"),
        "{read}"
    );
    let (_, write) = gaps("Microsoft.Compute/virtualMachines/write", S);
    assert!(!write.contains("members of"), "{write}");
    assert!(gaps("Microsoft.Compute/virtualMachines/write", T).1.contains("role `Nowhere`"));
}

#[test]
fn shapes_of_all_tools_are_one() {
    let flat = json!([{"principalId": ANN, "principalType": "User", "principalName": "ann@x.example", "roleDefinitionId": format!("{S}/providers/Microsoft.Authorization/roleDefinitions/{}", roles::OWNER), "scope": S}]);
    let rest = json!({"value": [{"id": format!("{S}/providers/Microsoft.Authorization/roleAssignments/x"), "properties":
        {"principalId": ANN.to_uppercase(), "principalType": "User", "roleDefinitionId": format!("{S}/providers/Microsoft.Authorization/roleDefinitions/{}", roles::OWNER), "scope": S}}]});
    let shell = json!([{"ObjectId": ANN, "ObjectType": "User", "SignInName": "ann@x.example", "RoleDefinitionName": "Owner", "RoleDefinitionId": roles::OWNER, "Scope": S, "RoleAssignmentId": format!("{S}/providers/Microsoft.Authorization/roleAssignments/x")}]);
    for document in [flat, rest, shell] {
        let loaded = load_text("a.json", document.to_string());
        assert_eq!(loaded.problems, [], "{document}");
        let [one] = loaded.estate.attachments() else { panic!("{document}") };
        let body = loaded.estate.policy(one.policy).unwrap().body.clone();
        let Some(ast::Body::Assignment(read)) = body.downcast_ref::<ast::Body>() else { panic!() };
        assert_eq!((&*read.holder, &*read.role.value), (ANN, roles::OWNER), "{document}");
    }
}

#[test]
fn administration_is_assigning_roles_that_give_everything() {
    let condition = |guid: &str| {
        format!(
            "!(ActionMatches{{'Microsoft.Authorization/roleAssignments/write'}}) OR @Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{{guid}}}"
        )
    };
    let reader = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
    for (role, condition, expected) in [
        ("Owner", None, "always"),
        ("User Access Administrator", None, "always"),
        ("Contributor", None, "never"),
        ("Role Based Access Control Administrator", None, "always"),
        ("Role Based Access Control Administrator", Some(condition(reader)), "never"),
        ("Role Based Access Control Administrator", Some(condition(roles::OWNER)), "sometimes"),
        ("Key Vault Data Access Administrator", None, "never"),
    ] {
        let scenario = scenario(&json!({
            "request": {"principal": ANN, "action": READ, "resource": S},
            "policies": {"role_assignments": [{"principalId": ANN, "principalType": "User", "roleDefinitionName": role, "scope": S, "condition": condition}]}}));
        let portfolio = Portfolio::default();
        let evaluator = Evaluator::new(&scenario.estate, &portfolio);
        let Subject::Principal(ann) = subject(&scenario) else { panic!() };
        let place = scenario.estate.find_scope(names::CLOUD, S).unwrap();
        let standing = evaluator.standing(ann, place).unwrap().unwrap();
        let found = match standing {
            Standing::Always(..) => "always",
            Standing::Conditionally(..) => "sometimes",
            Standing::Never(_) => "never",
            Standing::Undecided(_) => "undecided",
        };
        assert_eq!(found, expected, "{role} {condition:?}");
    }
}

#[test]
fn steps_lead_to_identities_keys_and_activated_roles() {
    let vm = format!("{S}/resourceGroups/app/{VM}");
    let account = format!("{S}/resourceGroups/app/{ACCOUNT}");
    let identity = "cccccccc-0000-0000-0000-000000000001";
    let eligible = format!("{S}/providers/Microsoft.Authorization/roleEligibilityScheduleInstances/e");
    let scenario = scenario(&json!({
        "request": {"principal": ANN, "action": READ, "resource": S},
        "policies": {
            "users": [{"id": ANN, "userPrincipalName": "ann@x.example"}, {"id": BOB, "userPrincipalName": "bob@x.example"}],
            "groups": [{"id": OUTER, "displayName": "outer", "securityEnabled": true}],
            "group_members": {"outer": [{"@odata.type": "#microsoft.graph.user", "id": BOB}]},
            "resources": [{"id": vm, "location": "x", "identity": {"type": "SystemAssigned", "principalId": identity}},
                          {"id": account, "location": "x", "allowSharedKeyAccess": null},
                          {"id": format!("{account}2"), "location": "x", "allowSharedKeyAccess": false}],
            "role_assignments": [{"principalId": ANN, "principalType": "User", "roleDefinitionName": "Virtual Machine Contributor", "scope": S},
                                 {"principalId": BOB, "principalType": "User", "roleDefinitionName": "Storage Account Contributor", "scope": account}],
            "eligible_assignments": [{"id": eligible, "properties": {"principalId": OUTER, "principalType": "Group", "roleDefinitionId": format!("/x/{}", roles::OWNER), "scope": S}}],
            "directory_roles": [{"principalId": ANN, "roleDefinitionId": GLOBAL_ADMINISTRATOR, "directoryScopeId": "/"}]}}));
    let estate = &scenario.estate;
    let portfolio = Portfolio::default();
    let evaluator = Evaluator::new(estate, &portfolio);
    let name = |id| estate.principal(id).unwrap().name.clone();
    let mut seen = Vec::new();
    for step in Azure.steps(estate) {
        let answer = evaluator.can(&step.question, &Formula::True).unwrap();
        if matches!(answer.outcome, Outcome::Sometimes(_)) {
            seen.push((name(step.from), step.kind, name(step.to)));
        }
    }
    for step in Azure.escalation() {
        for situation in Azure.situations(estate, step, None) {
            let to = situation.gained.principal().unwrap();
            let (Candidates::Only(who), [ask]) = (&*situation.candidates, situation.asks.as_slice()) else {
                panic!("{situation:?}")
            };
            let AskOn::Object(object) = ask.on.clone() else { panic!("{ask:?}") };
            for from in who.iter().copied() {
                let (subject, action) = (Subject::Principal(from), Some(ask.action.to_string()));
                let question = Question { cloud: names::CLOUD, subject, action, object: object.clone() };
                let answer = evaluator.can(&question, &Formula::True).unwrap();
                if matches!(answer.outcome, Outcome::Sometimes(_)) {
                    seen.push((name(from), &*step.id, name(to)));
                }
            }
        }
    }
    let owner = format!("group:outer (eligible: Owner on {S})");
    let key = format!("account key of {account}");
    let machine = "servicePrincipal:web".to_owned();
    for (from, kind, to) in [
        ("user:ann@x.example", "run-command", &machine),
        ("user:ann@x.example", "vm-extension", &machine),
        ("user:ann@x.example", "elevate-access", &"elevated Global Administrator".to_owned()),
        ("user:bob@x.example", "list-keys", &key),
        ("user:bob@x.example", "activate-role", &owner),
        (owner.as_str(), "run-command", &machine),
    ] {
        assert!(seen.contains(&(from.to_owned(), kind, to.clone())), "{from} {kind} {to}\n{seen:#?}");
    }
    assert!(!seen.iter().any(|(from, kind, _)| from.contains("ann") && *kind == "activate-role"));
    assert!(!seen.iter().any(|(_, _, to)| to.ends_with("files2")), "its keys are turned off");
}

#[test]
fn actions_are_found_in_any_case() {
    assert_eq!(
        Azure.action("microsoft.compute/VIRTUALMACHINES/read").as_deref(),
        Ok("Microsoft.Compute/virtualMachines/read")
    );
    assert!(!Azure.action("Microsoft.Compute/virtualMachine/read").unwrap_err().is_empty());
}
