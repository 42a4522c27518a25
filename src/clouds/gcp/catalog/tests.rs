//! Lookup, encoding and reading, on small fixtures and on the shipped part.

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn shipped() -> &'static GcpCatalog {
    load().unwrap()
}

#[test]
fn the_counts_are_those_of_the_fact_table() {
    assert_eq!(shipped().counts(), [("roles", 2461), ("permissions", 13_790)]);
    assert!(shipped().permissions().map(str::to_ascii_lowercase).is_sorted());
}

#[test]
fn object_creator_is_not_inside_editor() {
    let creator = shipped().role("roles/storage.objectCreator").unwrap();
    assert_eq!(creator.index(), shipped().role("STORAGE.objectcreator").unwrap().index());
    assert_eq!((creator.name().as_str(), creator.service()), ("roles/storage.objectCreator", "storage"));
    assert_eq!((creator.len(), creator.stage()), (10, Stage::Ga));
    let editor = shipped().role("editor").unwrap();
    assert_eq!(editor.len(), 11_979);
    let create = shipped().permission("storage.objects.create").unwrap();
    assert!(creator.contains(create) && !editor.contains(create));
    assert!(shipped().role("storage.legacyBucketOwner").unwrap().contains(create));
    let mut both = creator.permission_set();
    both.intersect_with(&editor.permission_set());
    assert_eq!(both.len(), 4);
    assert!(!shipped().role("no.such").is_some_and(|_| true));
}

#[test]
fn viewer_is_inside_editor_is_inside_owner() {
    let set = |name: &str| shipped().role(name).unwrap().permission_set();
    assert!(set("viewer").is_subset(&set("editor")) && set("editor").is_subset(&set("owner")));
    let setters = |name: &str| {
        let role = shipped().role(name).unwrap();
        role.permissions()
            .filter(|index| shipped().permission_name(*index).ends_with(".setIamPolicy"))
            .count()
    };
    assert_eq!((setters("editor"), setters("owner")), (0, 302));
    let editor = set("editor");
    let inside = shipped().roles().filter(|role| role.permission_set().is_subset(&editor));
    let (empty, inside): (Vec<_>, Vec<_>) = inside.partition(|role| role.permissions().next().is_none());
    // Editor itself is the one more.
    assert_eq!((inside.len(), empty.len(), shipped().role_count()), (1_634 + 1, 27, 2_461));
}

#[test]
fn kinds_of_roles_are_told_by_their_names() {
    let role = |name: &str| shipped().role(name).unwrap();
    assert!(["owner", "editor", "viewer"].iter().all(|name| role(name).is_basic()));
    assert_eq!(shipped().roles().filter(|role| role.is_basic()).count(), 3);
    assert!(
        role("dataproc.serviceAgent").is_service_agent()
            && role("composer.ServiceAgentV2Ext").is_service_agent()
    );
    assert!(role("storage.legacyObjectOwner").is_legacy() && !role("storage.objectAdmin").is_legacy());
    assert!(!role("cloudtrace.agent").is_service_agent());
    assert_eq!(shipped().roles().filter(|role| role.is_gone()).count(), 74);
    assert_eq!(shipped().roles().filter(|role| role.stage() == Stage::Ga).count(), 1768);
    assert!(shipped().roles().all(|role| role.stage() != Stage::Unknown));
}

#[test]
fn prefixes_are_ranges_and_roles_are_found_by_permission() {
    let range = shipped().with_prefix("storage.objects.");
    assert!(range.clone().all(|index| shipped().permission_name(index).starts_with("storage.objects.")));
    assert!(range.contains(&shipped().permission("storage.objects.get").unwrap()));
    let create = shipped().permission("storage.objects.create").unwrap();
    let with: BTreeSet<&str> = shipped().roles_with(create).map(Role::short_name).collect();
    let plain = shipped().roles().filter(|role| role.permission_set().contains(create)).map(Role::short_name);
    assert_eq!(with, plain.collect());
    assert!(with.contains("storage.objectCreator") && !with.contains("storage.objectViewer"));
}

#[test]
fn a_slip_of_the_pen_finds_the_role() {
    assert_eq!(search("roles/storage.objectCreater", 3)[0].name, "roles/storage.objectCreator");
    assert_eq!(search("storage.object.create", 3)[0].name, "storage.objects.create");
    assert_eq!(search("editr", 1)[0].name, "roles/editor");
}

#[test]
fn show_has_labels_for_roles_and_permissions() {
    let rows: BTreeMap<String, Vec<String>> = describe("roles/editor").unwrap().into_iter().collect();
    assert_eq!(
        (rows["kind"].as_slice(), rows["stage"].as_slice()),
        (&["basic role".to_owned()][..], &["GA".to_owned()][..])
    );
    assert_eq!(rows["permissions"].len(), 11_979);
    let rows: BTreeMap<String, Vec<String>> =
        describe("storage.objects.create").unwrap().into_iter().collect();
    assert!(rows["roles"].contains(&"roles/storage.objectCreator".to_owned()));
    assert_eq!(describe("nothing.at.all"), None);
}

#[test]
fn listings_and_descriptions_are_put_together() {
    let files = [
        (
            "list.json",
            r#"[{"description":"x","etag":"AA==","name":"roles/a.viewer","stage":"GA","title":"A Viewer"},
                          {"name":"roles/a.admin","stage":"BETA","title":"A Admin"}]"#,
        ),
        (
            "a.viewer.json",
            r#"{"name":"roles/a.viewer","title":"A Viewer","stage":"GA","includedPermissions":["a.b.list","a.b.get"]}"#,
        ),
        (
            "page.json",
            r#"{"roles":[{"name":"roles/a.new","title":"New","includedPermissions":["a.b.new"]},
                          {"name":"projects/p/roles/mine","includedPermissions":["a.b.get"]},
                          {"name":"roles/a.old","stage":"DEPRECATED","deleted":true,"includedPermissions":["a.b.get"]}],"nextPageToken":""}"#,
        ),
        ("other.json", r#"{"bindings":[]}"#),
    ];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned()));
    let mut problems = Vec::new();
    let catalog = decode(&encode(&read_roles(&files, &mut problems)).unwrap()).unwrap();
    let roles: Vec<_> = catalog.roles().map(|role| (role.short_name(), role.stage(), role.len())).collect();
    assert_eq!(
        roles,
        [("a.new", Stage::Alpha, 1), ("a.old", Stage::Deprecated, 1), ("a.viewer", Stage::Ga, 2)]
    );
    assert!(catalog.role("a.old").unwrap().is_gone() && !catalog.role("a.new").unwrap().is_gone());
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].starts_with("`other.json` has no role"));
    assert!(problems[1].starts_with("`roles/a.admin` is listed without permissions and left out"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn every_source_comes_back(roles in proptest::collection::btree_map("[a-cA-C.]{1,4}", ("[a-zé ]{0,5}", 0usize..7, any::<bool>(), proptest::collection::btree_set("[a-cB.]{1,3}", 0..20)), 0..10)) {
        let mut source = GcpSource { sources: vec!["test".to_owned()], date: "2026-01-01".to_owned(), ..GcpSource::default() };
        for (name, (title, stage, gone, permissions)) in roles {
            source.permissions.extend(permissions.iter().cloned());
            source.roles.insert(name, RoleSource { title, stage: Stage::ALL[stage], gone, permissions });
        }
        let catalog = decode(&encode(&source).unwrap()).unwrap();
        prop_assert_eq!(catalog.to_source(), source);
    }
}
