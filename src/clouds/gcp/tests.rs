//! How bindings decide: the concrete rule and the formulas side by side, on estates loaded from documents.

mod agreement;

use super::*;
use crate::input::gcp_asset_policies::GcpAssetPolicies;
use crate::input::gcp_group_members::GcpGroupMembers;
use crate::input::gcp_iam_policy::GcpIamPolicy;
use crate::input::gcp_roles::GcpRoles;
use crate::input::{Document, Format};
use crate::logic::{Attribute, Value};
use crate::model::{GapKind, Object, Principal, PrincipalId, PrincipalKind, Subject};
use crate::text::{Files, json};
use std::collections::BTreeMap;

/// Loads documents, each with the path that some formats go by.
fn estate(documents: &[(&str, &str)]) -> Estate {
    let mut files = Files::default();
    let mut estate = Estate::default();
    for (path, text) in documents {
        let file = files.add(*path, *text);
        let mut problems = Vec::new();
        let tree = json::parse(file, text, &mut problems).unwrap();
        let formats: [&dyn Format; 4] = [&GcpIamPolicy, &GcpAssetPolicies, &GcpRoles, &GcpGroupMembers];
        let format = formats.into_iter().max_by_key(|format| format.detects(&tree)).unwrap();
        format.load(&Document { file, path, tree: &tree }, &mut estate, &mut problems);
        assert_eq!(problems, [], "{path}");
    }
    estate
}

/// An organization, two folders, two projects, buckets; the flagship's editor among the members.
const ORGANIZATION: &[(&str, &str)] = &[
    (
        "assets.json",
        r#"[
 {"resource":"//cloudresourcemanager.googleapis.com/organizations/1","assetType":"cloudresourcemanager.googleapis.com/Organization",
  "organization":"organizations/1","policy":{"bindings":[{"role":"roles/viewer","members":["group:auditors@x.org"]}]}},
 {"resource":"//cloudresourcemanager.googleapis.com/folders/2","assetType":"cloudresourcemanager.googleapis.com/Folder",
  "folders":["folders/2"],"organization":"organizations/1",
  "policy":{"bindings":[{"role":"roles/storage.objectViewer","members":["user:lead@x.org"]},
                        {"role":"roles/editor","members":["user:high@x.org"]}]}},
 {"resource":"//cloudresourcemanager.googleapis.com/projects/p","assetType":"cloudresourcemanager.googleapis.com/Project",
  "project":"projects/77","folders":["folders/2"],"organization":"organizations/1","policy":{"bindings":[
   {"role":"roles/editor","members":["serviceAccount:up@p.iam.gserviceaccount.com","deleted:user:gone@x.org?uid=1"]},
   {"role":"roles/viewer","members":["domain:y.org"]},
   {"role":"roles/storage.objectAdmin","members":["user:night@x.org"],"condition":{"title":"a prefix, for a time",
     "expression":"resource.name.startsWith('projects/_/buckets/b/objects/night/') && request.time < timestamp('2026-10-01T00:00:00Z')"}},
   {"role":"roles/storage.objectViewer","members":["user:not@x.org"],"condition":{"title":"not secret",
     "expression":"!resource.name.startsWith('projects/_/buckets/b/objects/secret')"}},
   {"role":"roles/storage.admin","members":["user:kind@x.org"],"condition":{"title":"objects only",
     "expression":"resource.type == 'storage.googleapis.com/Object' || resource.service == 'compute.googleapis.com'"}},
   {"role":"roles/storage.objectViewer","members":["user:tag@x.org"],"condition":{"title":"tag",
     "expression":"resource.name.matches('s.cret')"}},
   {"role":"projects/p/roles/lister","members":["user:custom@x.org"]},
   {"role":"projects/p/roles/missing","members":["user:missing@x.org"]},
   {"role":"roles/iam.serviceAccountTokenCreator","members":["user:ci@x.org"]}]}},
 {"resource":"//cloudresourcemanager.googleapis.com/projects/q","assetType":"cloudresourcemanager.googleapis.com/Project",
  "project":"projects/88","organization":"organizations/1","policy":{"bindings":[{"role":"roles/owner","members":["user:own@x.org"]}]}},
 {"resource":"//storage.googleapis.com/b","assetType":"storage.googleapis.com/Bucket","project":"projects/77",
  "folders":["folders/2"],"organization":"organizations/1","policy":{"bindings":[
   {"role":"roles/storage.legacyBucketOwner","members":["projectEditor:p","projectOwner:p"]},
   {"role":"roles/storage.legacyBucketReader","members":["projectViewer:p"]},
   {"role":"roles/storage.objectViewer","members":["user:only@x.org"]}]}},
 {"resource":"//storage.googleapis.com/site","assetType":"storage.googleapis.com/Bucket","project":"projects/77",
  "folders":["folders/2"],"organization":"organizations/1","policy":{"bindings":[
   {"role":"roles/storage.objectViewer","members":["allUsers"]},
   {"role":"roles/storage.objectCreator","members":["allAuthenticatedUsers"]}]}},
 {"resource":"//iam.googleapis.com/projects/p/serviceAccounts/up@p.iam.gserviceaccount.com","assetType":"iam.googleapis.com/ServiceAccount",
  "project":"projects/77","folders":["folders/2"],"organization":"organizations/1","policy":{"bindings":[
   {"role":"roles/iam.serviceAccountKeyAdmin","members":["user:keys@x.org"]}]}}
]"#,
    ),
    ("group-auditors@x.org.members.json", r#"[{"preferredMemberKey":{"id":"aud@x.org"},"type":"USER"}]"#),
    (
        "role.json",
        r#"{"name":"projects/p/roles/lister","stage":"GA","includedPermissions":["storage.objects.list","storage.buckets.list"]}"#,
    ),
];

const B: &str = "//storage.googleapis.com/projects/_/buckets/b";
const OBJECT: &str = "//storage.googleapis.com/projects/_/buckets/b/objects/o";
const UP: &str = "serviceAccount:up@p.iam.gserviceaccount.com";

fn request(principal: &str, action: &str, resource: &str, time: Option<&str>) -> Request {
    let context = time.map(|time| ("request.time".to_owned(), vec![time.to_owned()])).into_iter().collect();
    let (principal, action, resource) = (principal.to_owned(), action.to_owned(), resource.to_owned());
    Request { cloud: names::CLOUD, principal, action, resource, context }
}

fn subject(estate: &mut Estate, name: &str) -> Subject {
    match name {
        "*" => Subject::Anonymous,
        "allAuthenticatedUsers" => Subject::Outside,
        name => Subject::Principal(estate.add_principal(Principal {
            cloud: names::CLOUD,
            name: name.to_owned(),
            kind: PrincipalKind::External,
            home: None,
            facts: BTreeMap::new(),
            origin: Default::default(),
        })),
    }
}

/// What each kind of question says of the request; `None` where it rests on an opaque condition.
fn symbolically(estate: &mut Estate, request: &Request) -> Vec<Option<bool>> {
    let subject = subject(estate, &request.principal);
    let assignment = Gcp.assignment(estate, request);
    let mut objects = vec![Object::Any, Object::Named(request.resource.clone())];
    let known = names::enclosing(&request.resource).find_map(|name| estate.find_resource(names::CLOUD, name));
    objects.extend(known.map(Object::Within));
    let mut answers = Vec::new();
    for object in objects {
        for action in [None, Some(request.action.clone())] {
            let question = Question { cloud: names::CLOUD, subject, action, object: object.clone() };
            let layers = Gcp.layers(estate, &question);
            assert_eq!(
                layers.facts.evaluate(&assignment),
                Some(true),
                "{request:?} {object:?}\n{}",
                layers.facts
            );
            for (attribute, value) in layers.known.iter() {
                assert_eq!(assignment.known(attribute), Some(value), "{attribute:?} of {request:?}");
            }
            let formula = Gcp.combine(&layers);
            assert_eq!(formula.evaluate(&assignment), formula.restrict(&layers.known).evaluate(&assignment));
            answers.push(formula.evaluate(&assignment));
        }
    }
    answers
}

#[track_caller]
fn check(estate: &mut Estate, request: &Request, expected: bool) -> Decision {
    let decision = Gcp.decide(estate, request);
    assert_eq!(decision.is_allowed(), expected, "concretely: {request:?} {decision:?}");
    for answer in symbolically(estate, request) {
        assert_eq!(answer, Some(expected), "symbolically: {request:?}");
    }
    decision
}

#[test]
fn both_sides_agree_on_a_table_of_cases() {
    let mut estate = estate(ORGANIZATION);
    let project = "//cloudresourcemanager.googleapis.com/projects/p";
    let site = "//storage.googleapis.com/projects/_/buckets/site/objects/index.html";
    let instance = "//compute.googleapis.com/projects/p/zones/z/instances/i";
    let night = "//storage.googleapis.com/projects/_/buckets/b/objects/night/1";
    let secret = "//storage.googleapis.com/projects/_/buckets/b/objects/secret";
    let (early, late) = (Some("2026-09-01T00:00:00Z"), Some("2026-10-01T00:00:00Z"));
    let cases: &[(&str, &str, &str, Option<&str>, bool)] = &[
        // Inheritance: organization to group members, folder to project, not to a project elsewhere.
        ("user:aud@x.org", "compute.instances.get", instance, None, true),
        ("group:auditors@x.org", "compute.instances.get", instance, None, true),
        ("user:stranger@x.org", "compute.instances.get", instance, None, false),
        ("user:lead@x.org", "storage.objects.get", OBJECT, None, true),
        ("user:lead@x.org", "storage.objects.create", OBJECT, None, false),
        ("user:lead@x.org", "storage.objects.get", "//compute.googleapis.com/projects/q/x", None, false),
        ("user:lead@x.org", "storage.objects.get", "//compute.googleapis.com/projects/77/x", None, true),
        // Convenience values.
        (UP, "storage.objects.create", OBJECT, None, true),
        (UP, "storage.objects.create", project, None, false),
        (UP, "storage.objects.create", site, None, true),
        (UP, "storage.objects.delete", site, None, false),
        (UP, "compute.instances.delete", instance, None, true),
        ("user:own@x.org", "storage.objects.create", OBJECT, None, false),
        ("user:z@y.org", "storage.buckets.get", B, None, true),
        ("user:z@y.org", "storage.objects.create", OBJECT, None, false),
        // Domains hold users only, and only their own.
        ("user:z@y.org", "compute.instances.get", instance, None, true),
        ("user:z@z.y.org", "compute.instances.get", instance, None, false),
        ("serviceAccount:z@y.org", "compute.instances.get", instance, None, false),
        // A binding on a bucket is for the bucket and what lies in it.
        ("user:only@x.org", "storage.objects.get", OBJECT, None, true),
        (
            "user:only@x.org",
            "storage.objects.get",
            "//storage.googleapis.com/projects/_/buckets/bb/objects/o",
            None,
            false,
        ),
        // Everybody, and everybody with an account.
        ("*", "storage.objects.get", site, None, true),
        ("*", "storage.objects.create", site, None, false),
        ("allAuthenticatedUsers", "storage.objects.create", site, None, true),
        ("user:any@else.com", "storage.objects.create", site, None, true),
        ("*", "storage.objects.get", OBJECT, None, false),
        // Deleted members grant nothing.
        ("user:gone@x.org", "compute.instances.get", instance, None, false),
        // Conditions.
        ("user:night@x.org", "storage.objects.delete", night, early, true),
        ("user:night@x.org", "storage.objects.delete", night, late, false),
        ("user:night@x.org", "storage.objects.delete", OBJECT, early, false),
        ("user:not@x.org", "storage.objects.get", OBJECT, None, true),
        ("user:not@x.org", "storage.objects.get", secret, None, false),
        // A service that knows no resource attributes fails the condition, negated or not.
        ("user:not@x.org", "storage.objects.get", "//pubsub.googleapis.com/projects/p/topics/t", None, false),
        ("user:kind@x.org", "storage.objects.get", OBJECT, None, true),
        ("user:kind@x.org", "storage.buckets.get", B, None, false),
        ("user:kind@x.org", "storage.buckets.get", instance, None, true),
        // Custom roles.
        ("user:custom@x.org", "storage.objects.list", B, None, true),
        ("user:custom@x.org", "storage.objects.get", OBJECT, None, false),
        ("user:missing@x.org", "storage.objects.get", OBJECT, None, false),
        // Service accounts as resources.
        (
            "user:ci@x.org",
            "iam.serviceAccounts.getAccessToken",
            "//iam.googleapis.com/projects/p/serviceAccounts/up@p.iam.gserviceaccount.com",
            None,
            true,
        ),
        (
            "user:keys@x.org",
            "iam.serviceAccountKeys.create",
            "//iam.googleapis.com/projects/p/serviceAccounts/up@p.iam.gserviceaccount.com",
            None,
            true,
        ),
        (
            "user:keys@x.org",
            "iam.serviceAccountKeys.create",
            "//iam.googleapis.com/projects/p/serviceAccounts/other@p.iam.gserviceaccount.com",
            None,
            false,
        ),
    ];
    for (principal, action, resource, time, expected) in cases {
        check(&mut estate, &request(principal, action, resource, *time), *expected);
    }
}

/// roles/editor does not hold `storage.objects.create`; editors get it from the bucket:
/// <https://cloud.google.com/storage/docs/access-control/iam-roles#basic-roles-modifiable>.
#[test]
fn an_editor_uploads_through_the_bucket_and_the_reason_shows_the_chain() {
    let mut estate = estate(ORGANIZATION);
    assert!(!roles::find(&estate, "roles/editor").unwrap().contains("storage.objects.create"));
    let decision = check(&mut estate, &request(UP, "storage.objects.create", OBJECT, None), true);
    let reasons: Vec<&str> = decision.because.iter().map(|reason| reason.origin.what.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "binding of `roles/storage.legacyBucketOwner` in the allow policy of bucket `b`",
            "binding of `roles/editor` in the allow policy of `projects/p`",
        ]
    );
    assert_eq!(decision.gaps, []);
}

#[test]
fn a_basic_role_that_is_only_inherited_answers_to_convenience_values_with_a_gap() {
    let mut estate = estate(ORGANIZATION);
    let decision =
        check(&mut estate, &request("user:high@x.org", "storage.objects.create", OBJECT, None), true);
    assert_eq!(decision.gaps.len(), 1);
    assert_eq!(decision.gaps[0].kind, GapKind::AssumedDefault);
}

/// A project alone may lie in an organization that gives more; with what is above it, nothing is open.
#[test]
fn what_stands_above_a_project_is_assumed_to_give_nothing() {
    let policy = r#"{"bindings":[{"role":"roles/viewer","members":["user:e@x.org"]}],"etag":"x"}"#;
    let name = "//cloudresourcemanager.googleapis.com/projects/p";
    let wrapped =
        |ancestors: &str| format!(r#"{{"resource":"{name}","ancestors":{ancestors},"policy":{policy}}}"#);
    let (alone, placed) = (wrapped(r#"["projects/p"]"#), wrapped(r#"["projects/p","organizations/1"]"#));
    for (text, known) in [(policy, false), (alone.as_str(), true), (placed.as_str(), true)] {
        let mut estate = estate(&[("project-p.iam.json", text)]);
        let asked = request("user:e@x.org", "iam.roles.delete", name, None);
        let decision = check(&mut estate, &asked, false);
        assert_eq!(decision.gaps.is_empty(), known, "{text}: {:?}", decision.gaps);
        let subject = subject(&mut estate, "user:e@x.org");
        for object in [Object::Any, Object::Named(name.to_owned())] {
            let question = Question { cloud: names::CLOUD, subject, action: None, object };
            assert_eq!(Gcp.layers(&estate, &question).gaps.is_empty(), known, "{text}");
        }
    }
}

#[test]
fn a_bucket_without_a_policy_is_assumed_to_be_new() {
    let policy = r#"{"bindings":[{"role":"roles/editor","members":["user:e@x.org"]}],"etag":"x"}"#;
    let mut estate = estate(&[("project-p.iam.json", policy)]);
    let mut asked = request("user:e@x.org", "storage.objects.create", OBJECT, None);
    let nowhere = Gcp.decide(&estate, &asked);
    assert!(!nowhere.is_allowed());
    assert_eq!(nowhere.gaps[0].kind, GapKind::MissingScope);
    asked.context.insert(names::ANCESTRY.to_owned(), vec!["projects/p".to_owned()]);
    let decision = Gcp.decide(&estate, &asked);
    assert!(decision.is_allowed());
    let kinds: Vec<GapKind> = decision.gaps.iter().map(|gap| gap.kind).collect();
    assert!(kinds.contains(&GapKind::AssumedDefault), "{kinds:?}");
    assert_eq!(decision.because.len(), 2);
    let subject = subject(&mut estate, "user:e@x.org");
    let question = Question { cloud: names::CLOUD, subject, action: None, object: Object::Any };
    let layers = Gcp.layers(&estate, &question);
    let assignment = Gcp.assignment(&estate, &asked);
    assert_eq!(layers.facts.evaluate(&assignment), Some(true));
    assert_eq!(Gcp.combine(&layers).evaluate(&assignment), Some(true));
    assert!(layers.groups.iter().flat_map(|group| &group.grants).any(|grant| !grant.gaps.is_empty()));
}

#[test]
fn an_export_with_some_bucket_policies_is_taken_to_have_all() {
    let mut estate = estate(&[
        (
            "project-p.iam.json",
            r#"{"bindings":[{"role":"roles/editor","members":["user:e@x.org"]}],"etag":"x"}"#,
        ),
        (
            "b.json",
            r#"{"resource":"//storage.googleapis.com/b","ancestors":["projects/p"],"policy":{"etag":"x"}}"#,
        ),
    ]);
    let mut asked = request("user:e@x.org", "storage.objects.create", "gs://other/o", None);
    asked.context.insert(names::ANCESTRY.to_owned(), vec!["projects/p".to_owned()]);
    assert!(!Gcp.decide(&estate, &asked).is_allowed());
    let subject = subject(&mut estate, "user:e@x.org");
    let question = Question { cloud: names::CLOUD, subject, action: None, object: Object::Any };
    let formula = Gcp.combine(&Gcp.layers(&estate, &question));
    assert_eq!(formula.evaluate(&Gcp.assignment(&estate, &asked)), Some(false));
}

#[test]
fn an_empty_bucket_policy_is_not_the_default_one() {
    let mut estate = estate(&[
        (
            "project-p.iam.json",
            r#"{"bindings":[{"role":"roles/editor","members":["user:e@x.org"]}],"etag":"x"}"#,
        ),
        (
            "b.json",
            r#"{"resource":"//storage.googleapis.com/b","ancestors":["projects/p"],"policy":{"etag":"x"}}"#,
        ),
    ]);
    check(&mut estate, &request("user:e@x.org", "storage.objects.create", OBJECT, None), false);
}

#[test]
fn the_members_of_a_convenience_value_tell_the_project_of_a_bucket() {
    let bucket = r#"{"bindings":[{"role":"roles/storage.legacyBucketOwner","members":["projectEditor:p"]}],"etag":"x"}"#;
    let estate = estate(&[("bucket-b.iam.json", bucket)]);
    let project = estate.find_scope(names::CLOUD, "projects/p");
    assert!(project.is_some());
    assert_eq!(names::placement(&estate, OBJECT), project);
}

#[test]
fn what_is_not_known_is_a_gap_only_where_it_matters() {
    let mut estate = estate(ORGANIZATION);
    let tag = Gcp.decide(&estate, &request("user:tag@x.org", "storage.objects.get", OBJECT, None));
    assert!(!tag.is_allowed());
    assert_eq!(tag.gaps[0].kind, GapKind::OpaqueCondition);
    let other = Gcp.decide(&estate, &request("user:tag@x.org", "storage.objects.create", OBJECT, None));
    assert_eq!(other.gaps, []);
    let symbolic = symbolically(&mut estate, &request("user:tag@x.org", "storage.objects.get", OBJECT, None));
    assert!(symbolic.iter().all(Option::is_none), "both outcomes are considered");
    let missing = Gcp.decide(&estate, &request("user:missing@x.org", "storage.objects.get", OBJECT, None));
    assert_eq!(missing.gaps[0].kind, GapKind::MissingPolicy);
}

#[test]
fn groups_of_unknown_members_are_a_gap() {
    let policy = r#"{"bindings":[{"role":"roles/viewer","members":["group:g@x.org"]}],"etag":"x"}"#;
    let mut estate = estate(&[("project-p.iam.json", policy)]);
    let asked =
        request("user:u@x.org", "compute.instances.get", "//compute.googleapis.com/projects/p/x", None);
    let decision = check(&mut estate, &asked, false);
    assert_eq!(decision.gaps[0].kind, GapKind::MissingScope);
    let subject = subject(&mut estate, "user:u@x.org");
    let object = Object::Named(asked.resource.clone());
    let question = Question { cloud: names::CLOUD, subject, action: Some(asked.action.clone()), object };
    assert_eq!(Gcp.layers(&estate, &question).gaps, decision.gaps);
}

/// <https://cloud.google.com/iam/docs/troubleshooting-withcond>
#[test]
fn a_hidden_condition_neither_grants_nor_denies() {
    let policy = r#"{"bindings":[{"role":"roles/viewer_withcond_2b17cc25d2cd9e2c54d8","members":["user:u@x.org"]}],"etag":"x","version":1}"#;
    let mut estate = estate(&[("project-p.iam.json", policy)]);
    let asked =
        request("user:u@x.org", "compute.instances.get", "//compute.googleapis.com/projects/p/x", None);
    let decision = Gcp.decide(&estate, &asked);
    assert!(!decision.is_allowed() && !decision.gaps.is_empty());
    assert!(symbolically(&mut estate, &asked).iter().all(Option::is_none));
}

#[test]
fn service_accounts_are_reached_through_their_own_and_the_project_policy() {
    let estate = estate(ORGANIZATION);
    let name = |id| estate.principal(id).unwrap().name.as_str();
    let steps = single_steps(&estate);
    let seen: Vec<(&str, &str, &str)> =
        steps.iter().map(|(from, to, kind, _)| (name(*from), name(*to), *kind)).collect();
    for kind in ["get-access-token", "sign-blob", "sign-jwt"] {
        assert!(seen.contains(&("user:ci@x.org", UP, kind)), "{kind} {seen:?}");
    }
    assert!(seen.contains(&("user:keys@x.org", UP, "create-key")));
    assert!(!seen.iter().any(|(from, ..)| *from == "user:lead@x.org"));
    // An editor is let to act as an account by services, which is no step alone.
    assert!(!seen.contains(&("user:high@x.org", UP, "get-access-token")));
    for (from, _, _, question) in &steps {
        let Object::Named(resource) = &question.object else { panic!() };
        let action = question.action.clone().unwrap();
        let asked = request(name(*from), &action, resource, None);
        assert!(Gcp.decide(&estate, &asked).is_allowed(), "{asked:?}");
    }
}

/// The steps that take one permission on a service account: from, to, kind, and the question.
fn single_steps(estate: &Estate) -> Vec<(PrincipalId, PrincipalId, &'static str, Question)> {
    use crate::clouds::escalation::{AskOn, Candidates, Gained};
    let mut found = Vec::new();
    for step in Gcp.escalation().iter().filter(|step| step.needs.len() == 1 && step.exists.is_empty()) {
        for situation in Gcp.situations(estate, step, None) {
            let (Gained::Become(to), Candidates::Only(who)) = (situation.gained, &*situation.candidates)
            else {
                continue;
            };
            let AskOn::Object(object) = &situation.asks[0].on else { panic!() };
            found.extend(who.iter().filter(|from| **from != to).map(|from| {
                let question = Question {
                    cloud: names::CLOUD,
                    subject: Subject::Principal(*from),
                    action: Some(step.needs[0].action.to_string()),
                    object: object.clone(),
                };
                (*from, to, &*step.id, question)
            }));
        }
    }
    found
}

#[test]
fn administration_is_setting_the_policy() {
    let estate = estate(ORGANIZATION);
    let scope = estate.find_scope(names::CLOUD, "projects/q").unwrap();
    let [demand] = Gcp.administration(&estate, scope).try_into().unwrap();
    let resource = "//cloudresourcemanager.googleapis.com/projects/q";
    assert!(demand.resources.matches(resource));
    assert!(Gcp.decide(&estate, &request("user:own@x.org", &demand.action, resource, None)).is_allowed());
    assert!(!Gcp.decide(&estate, &request("user:high@x.org", &demand.action, resource, None)).is_allowed());
}

/// A project's own policy, the policies of its buckets from an asset search, and two groups.
const FLAGSHIP: &[(&str, &str)] = &[
    ("bucket-policies.json", include_str!("../../../examples/gcp-editor/bucket-policies.json")),
    ("project-acme-media.iam.json", include_str!("../../../examples/gcp-editor/project-acme-media.iam.json")),
    (
        "group-media-analysts@acme.example.members.json",
        include_str!("../../../examples/gcp-editor/group-media-analysts@acme.example.members.json"),
    ),
    (
        "group-platform-admins@acme.example.members.json",
        include_str!("../../../examples/gcp-editor/group-platform-admins@acme.example.members.json"),
    ),
];

#[test]
fn all_that_the_log_of_the_example_shows_is_allowed() {
    use crate::usage::Log;
    let mut estate = estate(FLAGSHIP);
    let log = &include_bytes!("../../../examples/gcp-editor/audit-log.jsonl.gz")[..];
    let mut log = std::io::BufReader::new(flate2::read::GzDecoder::new(log));
    let (mut usage, mut problems) = (crate::model::Usage::default(), Vec::new());
    crate::usage::gcp_audit::GcpAudit.read(&mut log, &mut usage, &mut problems).unwrap();
    assert_eq!((problems, usage.denied, usage.unmapped.len()), (Vec::new(), 3, 0));
    let mut kinds = std::collections::BTreeSet::new();
    for one in usage.counts.keys() {
        let asked = request(&one.principal, &one.action, &one.resource, Some("2026-10-30T12:00:00Z"));
        let first = kinds.insert((one.principal.as_str(), one.action.as_str(), names::bucket(&one.resource)));
        let decision = if first { check(&mut estate, &asked, true) } else { Gcp.decide(&estate, &asked) };
        assert!(decision.is_allowed(), "{asked:?}");
        assert_eq!(decision.gaps, [], "{asked:?}");
    }
    assert_eq!(kinds.len(), 5);
    let uploader = "serviceAccount:uploader@acme-media.iam.gserviceaccount.com";
    let uses: Vec<_> = usage.counts.keys().filter(|one| one.principal == uploader).collect();
    assert!(uses.len() > 300);
    assert!(uses.iter().all(|one| one.action == "storage.objects.create"));
    assert!(uses.iter().all(|one| names::bucket(&one.resource) == Some("acme-media-uploads")));
}

#[test]
fn the_project_of_the_example_is_one_under_both_of_its_names() {
    let estate = estate(FLAGSHIP);
    let project = estate.find_scope(names::CLOUD, "projects/acme-media").unwrap();
    assert_eq!(estate.find_scope(names::CLOUD, "projects/402119873340"), Some(project));
    assert_eq!(
        names::chain(&estate, project),
        "organizations/530914826001/folders/618203947715/projects/acme-media"
    );
    assert_eq!(estate.scopes().count(), 3);
}

/// <https://cloud.google.com/iam/docs/workload-identity-federation#impersonation>
#[test]
fn identities_of_pools_and_scopes_reach_service_accounts() {
    let pool = "iam.googleapis.com/projects/9/locations/global/workloadIdentityPools/w";
    let policy = format!(
        r#"{{"bindings":[{{"role":"roles/iam.serviceAccountTokenCreator","members":["principalSet://{pool}/attribute.repo/a",
            "principalSet://cloudresourcemanager.googleapis.com/projects/p"]}},
            {{"role":"roles/viewer","members":["serviceAccount:t@p.iam.gserviceaccount.com","principal://{pool}/subject/s"]}}],"etag":"x"}}"#
    );
    let account = "service-account-s@p.iam.gserviceaccount.com.iam.json";
    let estate = estate(&[(account, &policy)]);
    let steps = single_steps(&estate);
    let name = |id| estate.principal(id).unwrap().name.clone();
    let tokens = || steps.iter().filter(|(_, _, kind, _)| *kind == "get-access-token");
    let from: std::collections::BTreeSet<String> = tokens().map(|(from, ..)| name(*from)).collect();
    let expected = [
        format!("principal://{pool}/subject/s"),
        format!("principalSet://{pool}/attribute.repo/a"),
        "serviceAccount:t@p.iam.gserviceaccount.com".to_owned(),
    ];
    assert_eq!(from, std::collections::BTreeSet::from(expected));
    // A subject needs a token that says so; whoever stands for the set has one.
    let decides = |from: &str| {
        let (.., question) = tokens().find(|(own, ..)| name(*own) == from).unwrap();
        let layers = Gcp.layers(&estate, question);
        Gcp.combine(&layers).restrict(&layers.known)
    };
    assert_eq!(decides(&format!("principalSet://{pool}/attribute.repo/a")), crate::logic::Formula::True);
    assert_eq!(decides(&format!("principal://{pool}/subject/s")).to_string(), "attribute.repo ~ `a`");
}

#[test]
fn requests_and_assignments_are_inverse() {
    let mut estate = estate(ORGANIZATION);
    let subject = subject(&mut estate, "user:night@x.org");
    let question = Question { cloud: names::CLOUD, subject, action: None, object: Object::Any };
    let asked = request("user:night@x.org", "storage.objects.get", OBJECT, Some("2026-09-01T00:00:00Z"));
    let assignment = Gcp.assignment(&estate, &asked);
    assert_eq!(Gcp.request(&estate, &question, &assignment), asked);
    let mut fresh = request(
        "user:night@x.org",
        "storage.objects.get",
        "//storage.googleapis.com/projects/_/buckets/new",
        None,
    );
    fresh.context.insert(names::ANCESTRY.to_owned(), vec!["organizations/1/folders/2/projects/p".to_owned()]);
    let assignment = Gcp.assignment(&estate, &fresh);
    assert_eq!(Gcp.request(&estate, &question, &assignment), fresh);
}

#[test]
fn actions_are_found_in_any_case() {
    assert_eq!(Gcp.action("STORAGE.objects.GET").as_deref(), Ok("storage.objects.get"));
    assert!(Gcp.action("storage.object.get").unwrap_err().contains(&"storage.objects.get".to_owned()));
}

#[test]
fn a_question_about_anything_knows_what_stands_where() {
    let mut estate = estate(ORGANIZATION);
    let subject = subject(&mut estate, "user:lead@x.org");
    let question = Question { cloud: names::CLOUD, subject, action: None, object: Object::Any };
    let facts = Gcp.layers(&estate, &question).facts;
    let at = |resource: &str, chain: Option<&str>| {
        let mut one = Assignment::new().with_text(Attribute::resource(), resource);
        match chain {
            Some(chain) => one.set(names::ancestry(), Value::Text(chain.to_owned())),
            None => one.set_absent(names::ancestry()),
        }
        facts.evaluate(&one) == Some(true)
    };
    let chain = "organizations/1/folders/2/projects/p";
    assert!(at(OBJECT, Some(chain)));
    assert!(!at(OBJECT, None), "the bucket stands in the project");
    assert!(!at("//compute.googleapis.com/projects/q/x", Some(chain)), "another project");
    assert!(at("//compute.googleapis.com/projects/q/x", None));
    assert!(
        at("//storage.googleapis.com/projects/_/buckets/new/objects/o", Some(chain)),
        "a bucket nobody listed"
    );
    assert!(!at(OBJECT, Some("organizations/1/folders/9/projects/p")));
}
