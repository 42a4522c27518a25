//! Lookup, encoding and reading, on small fixtures and on the shipped parts.

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn shipped() -> &'static AwsCatalog {
    load().unwrap()
}

fn names<'a>(actions: impl Iterator<Item = Action<'a>>) -> Vec<&'a str> {
    actions.map(Action::name).collect()
}

#[test]
fn the_counts_are_those_of_the_fact_table() {
    assert_eq!(shipped().counts()[..3], [("services", 457), ("actions", 22_108), ("resource types", 2336)]);
    assert_eq!(load_managed().unwrap().counts(), [("managed policies", 1661)]);
}

#[test]
fn an_action_is_found_in_any_case_with_all_its_facts() {
    let action = shipped().action("S3:getobject").unwrap();
    assert_eq!(action.name(), "s3:GetObject");
    assert_eq!((action.service(), action.local_name()), ("s3", "GetObject"));
    assert_eq!(action.level(), Some(AccessLevel::Read));
    let kinds: Vec<_> = action.resource_types().map(|(kind, required)| (kind.name(), required)).collect();
    assert_eq!(kinds, [("accesspointobject", false), ("object", false)]);
    let object = shipped().resource_type("s3", "Object").unwrap();
    assert_eq!(object.arns().collect::<Vec<_>>(), ["arn:${Partition}:s3:::${BucketName}/${ObjectName}"]);
    assert_eq!(object.resource_globs().collect::<Vec<_>>(), ["arn:*:s3:::*/*"]);
    let own: Vec<&str> = action.own_condition_keys().map(ConditionKey::name).collect();
    assert!(own.contains(&"s3:ExistingObjectTag/<key>") && !own.contains(&"s3:BucketTag/${TagKey}"));
    let all: Vec<&str> = action.condition_keys().map(ConditionKey::name).collect();
    assert!(own.iter().all(|key| all.contains(key)) && all.contains(&"s3:BucketTag/${TagKey}"));
    assert!(shipped().action("s3:GetObjekt").is_none());
}

#[test]
fn the_dangerous_reading_of_two_levels_wins() {
    let action = shipped().action("iam:PassRole").unwrap();
    let danger = AccessLevel::PermissionsManagement;
    assert_eq!(action.stated_levels(), (Some(AccessLevel::Write), Some(danger)));
    assert_eq!(action.level(), Some(danger));
    let stated = shipped().actions().filter(|action| {
        let (first, second) = action.stated_levels();
        first == Some(danger) || second == Some(danger)
    });
    let merged = shipped().actions().filter(|action| action.level() == Some(danger));
    assert_eq!(names(stated), names(merged));
}

#[test]
fn indices_follow_lower_case_names_and_prefixes_are_ranges() {
    let all: Vec<&str> = shipped().actions().map(Action::folded).collect();
    assert!(all.is_sorted());
    assert!(
        shipped().actions().all(|action| shipped().action(action.name()).unwrap().index() == action.index())
    );
    for (prefix, pattern) in [("s3:get", "s3:Get*"), ("", "*"), ("ec2:", "ec2:*"), ("nothing:", "nothing:*")]
    {
        let plain: Vec<&str> = shipped()
            .actions()
            .filter(|action| action.folded().starts_with(prefix))
            .map(Action::name)
            .collect();
        assert_eq!(names(shipped().actions_in(shipped().with_prefix(prefix))), plain);
        assert_eq!(names(shipped().matching(pattern)), plain);
    }
    assert_eq!(names(shipped().matching("S3:?etObject")), ["s3:GetObject"]);
    assert!(names(shipped().matching("*:PassRole")).contains(&"iam:PassRole"));
    assert!(shipped().action_at(shipped().action_count()).is_none());
}

#[test]
fn actions_without_resource_types_are_known_as_such() {
    assert!(!shipped().action("s3:ListAllMyBuckets").unwrap().has_resource_types());
    assert!(shipped().action("s3:ListBucket").unwrap().has_resource_types());
    assert_eq!(shipped().actions().filter(|action| !action.has_resource_types()).count(), 6741);
}

#[test]
fn dependent_actions_services_and_keys() {
    let create = shipped().action("lambda:CreateFunction").unwrap();
    assert!(names(create.depends_on()).contains(&"iam:PassRole"));
    let s3 = shipped().service("S3").unwrap();
    assert!(s3.supports_rcp() && !shipped().service("iam").unwrap().supports_rcp());
    assert_eq!(s3.action_range(), shipped().with_prefix("s3:"));
    assert!(s3.condition_keys().any(|(key, kind)| key.name() == "s3:TlsVersion" && kind == "Numeric"));
    let key = shipped().condition_key("S3:existingobjecttag/Owner").unwrap();
    assert_eq!((key.name(), key.is_template()), ("s3:ExistingObjectTag/<key>", true));
    assert_eq!(shipped().condition_key("s3:tlsversion").unwrap().types(), ["Numeric"]);
    assert!(shipped().condition_key("s3:Nothing").is_none());
}

#[test]
fn managed_policies_are_found_by_arn_and_name_and_hold_policies() {
    let catalog = load_managed().unwrap();
    let policy = catalog.find("arn:aws:iam::aws:policy/job-function/ViewOnlyAccess").unwrap();
    assert_eq!((policy.name(), policy.path()), ("ViewOnlyAccess", "/job-function/"));
    assert_eq!(catalog.find("viewonlyaccess").unwrap().arn(), policy.arn());
    assert!(catalog.find("arn:aws-us-gov:iam::aws:policy/ReadOnlyAccess").is_some());
    assert!(catalog.find("arn:aws:iam::aws:policy/ViewOnlyAccess").is_none(), "the path is part of the ARN");
    assert!(catalog.find("arn:aws:iam::123456789012:policy/ReadOnlyAccess").is_none());
    assert!(catalog.policies().any(ManagedPolicy::is_deprecated));
    let admin = catalog.find("AdministratorAccess").unwrap().document().unwrap();
    assert_eq!(
        admin,
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#
    );
    for policy in catalog.policies() {
        let document: serde_json::Value = serde_json::from_str(policy.document().unwrap()).unwrap();
        assert!(document.get("Statement").is_some(), "{}", policy.name());
        assert!(policy.version().starts_with('v') && policy.updated().len() == 10, "{}", policy.name());
    }
}

#[test]
fn a_slip_of_the_pen_finds_the_action() {
    assert_eq!(search("s3:GetObjct", 3)[0].name, "s3:GetObject");
    assert_eq!(search("PassRoles", 3)[0].name, "iam:PassRole");
    assert_eq!(search("ReadOnlyAcess", 1)[0].name, "ReadOnlyAccess");
    assert!(search("qqqqqqqqqqqqqqqqqqqqqqqq", 3).is_empty());
}

#[test]
fn show_has_labels_for_every_kind_of_name() {
    let label = |name: &str| describe(name).unwrap()[0].0.clone();
    assert_eq!(label("s3:getobject"), "action");
    assert_eq!(label("s3:Get*"), "pattern");
    assert_eq!(label("s3"), "service");
    assert_eq!(label("s3/bucket"), "resource type");
    assert_eq!(label("s3:TlsVersion"), "condition key");
    assert_eq!(label("ReadOnlyAccess"), "managed policy");
    assert_eq!(describe("s3:NoSuchAction"), None);
    let rows: BTreeMap<String, Vec<String>> = describe("iam:PassRole").unwrap().into_iter().collect();
    assert_eq!(rows["access level"], ["Permissions management"]);
    assert_eq!(rows["sources disagree"], ["Write", "Permissions management"]);
    assert_eq!(
        rows["resource types"],
        ["role (required) arn:${Partition}:iam::${Account}:role/${RoleNameWithPath}"]
    );
}

const REFERENCE: &str = r#"{
    "Name": "s3",
    "Version": "v1.4",
    "Actions": [
        {
            "Name": "GetObject",
            "ActionConditionKeys": ["s3:versionid"],
            "Annotations": {"Properties": {"IsList": false, "IsPermissionManagement": false, "IsTaggingOnly": false, "IsWrite": false}},
            "Resources": [{"Name": "object"}, {"Name": "accesspointobject"}]
        },
        {"Name": "PutBucketPolicy", "Annotations": {"Properties": {"IsPermissionManagement": true, "IsWrite": true}}, "Resources": [{"Name": "bucket"}]},
        {"Name": "PutObjectTagging", "Annotations": {"Properties": {"IsTaggingOnly": true, "IsWrite": true}}, "Resources": [{"Name": "object"}]},
        {"Name": "PutObject", "Annotations": {"Properties": {"IsWrite": true}}, "Resources": [{"Name": "object"}]},
        {"Name": "ListAllMyBuckets", "Annotations": {"Properties": {"IsList": true}}},
        {"Name": "NewThing"}
    ],
    "Resources": [
        {"Name": "object", "ARNFormats": ["arn:${Partition}:s3:::${BucketName}/${ObjectName}"], "ConditionKeys": ["aws:ResourceTag/${TagKey}"]},
        {"Name": "accesspointobject", "ARNFormats": ["arn:${Partition}:s3:${Region}:${Account}:accesspoint/${A}/object/${O}", "arn:${Partition}:s3:other"]},
        {"Name": "bucket", "ARNFormats": ["arn:${Partition}:s3:::${BucketName}"]}
    ],
    "ConditionKeys": [{"Name": "s3:versionid", "Types": ["String"]}, {"Name": "aws:ResourceTag/${TagKey}", "Types": ["String"]}],
    "Operations": [{"Name": "GetObject", "AuthorizedActions": [{"Name": "GetObject", "Service": "s3"}]}]
}"#;

#[test]
fn the_service_reference_is_read() {
    let files =
        [("s3.json", REFERENCE), ("index.json", r#"[{"service":"s3","url":"x"}]"#), ("cut.json", "{")];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
    let mut problems = Vec::new();
    let source = read_service_reference(&files, &mut problems);
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(
        problems[0].starts_with("`index.json` has no `Name`")
            && problems[1].starts_with("`cut.json` is not JSON")
    );
    let catalog = decode(&encode(&source).unwrap()).unwrap();
    let level = |name: &str| catalog.action(name).unwrap().level();
    assert_eq!(level("s3:GetObject"), Some(AccessLevel::Read));
    assert_eq!(level("s3:PutBucketPolicy"), Some(AccessLevel::PermissionsManagement));
    assert_eq!(level("s3:PutObjectTagging"), Some(AccessLevel::Tagging));
    assert_eq!(level("s3:PutObject"), Some(AccessLevel::Write));
    assert_eq!(level("s3:ListAllMyBuckets"), Some(AccessLevel::List));
    assert_eq!(level("s3:NewThing"), None);
    assert_eq!(catalog.resource_type("s3", "accesspointobject").unwrap().arns().count(), 2);
    assert!(
        catalog.action("s3:GetObject").unwrap().condition_keys().any(|key| key.name().starts_with("aws:Res"))
    );
}

#[test]
fn what_the_reference_lacks_is_taken_from_the_older_catalog() {
    let files = [(
        "lambda.json".to_owned(),
        r#"{"Name":"lambda","Actions":[{"Name":"CreateFunction","Resources":[{"Name":"function"}]}]}"#
            .to_owned(),
    )];
    let mut source = read_service_reference(&files, &mut Vec::new());
    source.complete_from(&shipped().to_source());
    let action = source.services["lambda"].actions["CreateFunction"].clone();
    assert_eq!(action.level, Some(AccessLevel::Write));
    assert_eq!(action.resources, BTreeMap::from([("function".to_owned(), true)]));
    assert!(action.depends_on.contains("iam:PassRole"));
    assert!(source.rcp_services.contains("s3"));
    let (write, danger) = (AccessLevel::Write, AccessLevel::PermissionsManagement);
    for (fresh, levels) in [
        ("{}", (Some(write), Some(danger))),
        (r#"{"Properties":{"IsWrite":true}}"#, (Some(write), Some(danger))),
        (r#"{"Properties":{"IsPermissionManagement":true}}"#, (Some(danger), Some(write))),
    ] {
        let text = format!(r#"{{"Name":"iam","Actions":[{{"Name":"PassRole","Annotations":{fresh}}}]}}"#);
        let mut source = read_service_reference(&[("iam.json".to_owned(), text)], &mut Vec::new());
        source.complete_from(&shipped().to_source());
        let action = &source.services["iam"].actions["PassRole"];
        assert_eq!((action.level, action.second_level), levels, "{fresh}");
    }
    let mut problems = Vec::new();
    source.drop_unknown_dependents(&mut problems);
    assert!(source.services["lambda"].actions["CreateFunction"].depends_on.is_empty());
    assert!(problems.iter().any(|problem| problem.contains("`iam:PassRole`, which no service has")));
}

#[test]
fn managed_policies_are_read_from_account_details_and_single_versions() {
    let details = r#"{"Policies":[
        {"PolicyName":"Mine","Arn":"arn:aws:iam::1:policy/Mine","PolicyVersionList":[]},
        {"PolicyName":"ReadOnly","Arn":"arn:aws:iam::aws:policy/job/ReadOnly","Path":"/job/","DefaultVersionId":"v2",
         "UpdateDate":"2026-01-02T03:04:05+00:00","PolicyVersionList":[
           {"VersionId":"v1","IsDefaultVersion":false,"Document":{"Statement":[]}},
           {"VersionId":"v2","IsDefaultVersion":true,"Document":"%7B%22Statement%22%3A%5B%7B%22Resource%22%3A%22%2A%22%2C%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3AGet%2A%22%7D%5D%2C%22Version%22%3A%222012-10-17%22%7D"}]},
        {"PolicyName":"Bare","Arn":"arn:aws:iam::aws:policy/Bare","Path":"/","DefaultVersionId":"v1"},
        {"PolicyName":"Listed","Arn":"arn:aws:iam::aws:policy/Listed","Path":"/","DefaultVersionId":"v3"}]}"#;
    let version = r#"{"PolicyVersion":{"VersionId":"v3","IsDefaultVersion":true,"CreateDate":"2026-05-06T00:00:00Z","Document":{"Version":"2012-10-17","Statement":[]}}}"#;
    let files = [("gaad.json", details), ("exports/Listed.json", version)];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
    let mut problems = Vec::new();
    let source = read_managed_exports(&files, &mut problems);
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].starts_with("`Bare` has no document"));
    let catalog = decode_managed(&encode_managed(&source).unwrap()).unwrap();
    let policy = catalog.find("arn:aws:iam::aws:policy/job/ReadOnly").unwrap();
    assert_eq!((policy.version(), policy.updated()), ("v2", "2026-01-02"));
    assert_eq!(
        policy.document().unwrap(),
        r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"}]}"#
    );
    assert_eq!(
        catalog.find("listed").unwrap().document().unwrap(),
        r#"{"Version":"2012-10-17","Statement":[]}"#
    );
    assert_eq!(catalog.policies().count(), 2);
}

fn some_level() -> impl Strategy<Value = Option<AccessLevel>> {
    proptest::option::of(proptest::sample::select(AccessLevel::ALL.to_vec()))
}

fn some_names() -> impl Strategy<Value = BTreeSet<String>> {
    proptest::collection::btree_set("[A-Ca-c]{1,3}", 0..4)
}

fn some_service() -> impl Strategy<Value = ServiceSource> {
    let action = (
        some_level(),
        some_level(),
        proptest::collection::btree_map("[A-Ca-c]{1,3}", any::<bool>(), 0..3),
        some_names(),
    );
    let actions = proptest::collection::btree_map("[A-Ca-c]{1,3}", action, 0..6);
    let resource = (proptest::collection::vec("[a-c${}*:]{1,6}", 0..3), some_names());
    let resources = proptest::collection::btree_map("[A-Ca-c]{1,3}", resource, 0..4);
    let keys = proptest::collection::btree_map("[A-Ca-c]{1,3}", "[A-C]{0,2}", 0..4);
    (actions, resources, keys).prop_map(|(actions, resources, keys)| {
        let mut service = ServiceSource { keys, ..ServiceSource::default() };
        for (name, (arns, keys)) in resources {
            service.resources.insert(name, ResourceSource { arns, keys });
        }
        for (name, (level, second_level, resources, keys)) in actions {
            for resource in resources.keys() {
                service.resources.entry(resource.clone()).or_default();
            }
            let action = ActionSource { level, second_level, resources, keys, depends_on: BTreeSet::new() };
            service.actions.insert(name, action);
        }
        service
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_source_comes_back(services in proptest::collection::btree_map("[a-c-]{1,3}", some_service(), 0..4), rcp in proptest::bool::ANY) {
        let mut source = AwsSource { sources: vec!["test".to_owned()], date: "2026-01-01".to_owned(), services, ..AwsSource::default() };
        source.services.retain(|_, service| *service != ServiceSource::default());
        let all: Vec<String> = source.services.iter().flat_map(|(prefix, service)| service.actions.keys().map(move |name| format!("{prefix}:{name}"))).collect();
        for (index, action) in source.services.values_mut().flat_map(|service| service.actions.values_mut()).enumerate() {
            action.depends_on = all.iter().skip(index + 1).step_by(2).cloned().collect();
        }
        if rcp {
            source.rcp_services = source.services.keys().cloned().collect();
        }
        let catalog = decode(&encode(&source).unwrap()).unwrap();
        prop_assert_eq!(catalog.to_source(), source);
    }
}
