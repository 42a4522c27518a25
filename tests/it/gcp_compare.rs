//! Roles and allow policies of Google Cloud side by side, decided by each engine alone.

use leastwise::clouds::gcp::catalog;
use leastwise::evaluator::Relation;
use serde_json::json;

use crate::two_documents::{engines, relation};

fn role(name: &str) -> String {
    format!(r#"{{"name": "roles/{name}"}}"#)
}

/// The basic roles hold each other: <https://cloud.google.com/iam/docs/roles-overview#basic>; and editor lacks what it
/// takes to write objects: <https://cloud.google.com/storage/docs/access-control/iam-roles>.
#[test]
fn known_inclusions_of_roles_are_proven() {
    for engines in engines() {
        assert_eq!(relation(&role("editor"), &role("viewer"), *engines).0, Relation::Narrower);
        assert_eq!(relation(&role("editor"), &role("owner"), *engines).0, Relation::Broader);
        assert_eq!(relation(&role("viewer"), &role("viewer"), *engines).0, Relation::Equivalent);
        let objects = relation(&role("editor"), &role("storage.objectCreator"), *engines).0;
        assert_eq!(objects, Relation::Incomparable);
    }
}

fn of(permissions: &[&str]) -> String {
    json!({"name": "projects/p/roles/some", "includedPermissions": permissions}).to_string()
}

/// The catalog's facts that recommendations rest on, each proven: editor writes no object and sets no policy, and what it
/// holds of `roles/storage.objectCreator` is four permissions of ten.
#[test]
fn what_editor_lacks_is_proven() {
    let known = catalog::current();
    let with =
        |fits: &dyn Fn(&str) -> bool| -> Vec<&str> { known.permissions().filter(|one| fits(one)).collect() };
    let objects = with(&|name| name.starts_with("storage.objects."));
    let setters = with(&|name| name.ends_with(".setIamPolicy"));
    let editor = known.role("roles/editor").unwrap();
    let creator: Vec<&str> = known
        .role("roles/storage.objectCreator")
        .unwrap()
        .permissions()
        .map(|index| known.permission_name(index))
        .collect();
    let held = |name: &&str| known.permission(name).is_some_and(|index| editor.contains(index));
    let (shared, lacking): (Vec<&str>, Vec<&str>) = creator.iter().partition(|name| held(name));
    assert_eq!((shared.len(), lacking.len()), (4, 6));
    for engines in engines() {
        let stands = |old: &str, new: &str| relation(old, new, *engines).0;
        for none in [&objects, &setters, &lacking] {
            assert!(none.len() > 5 && !none.iter().any(held));
            assert_eq!(stands(&role("editor"), &of(none)), Relation::Incomparable);
        }
        assert_eq!(stands(&role("editor"), &of(&shared)), Relation::Narrower);
        assert_eq!(
            stands(&role("storage.legacyBucketOwner"), &of(&["storage.objects.create"])),
            Relation::Narrower
        );
    }
    // Of every role by its permissions: those that lie in editor are proven to, the others are not.
    let all: Vec<catalog::Role<'_>> = known.roles().filter(|role| !role.is_empty()).collect();
    for one in all.iter().step_by(29) {
        let inside = one.permissions().all(|index| editor.contains(index));
        let found = relation(&role("editor"), &json!({"name": one.name()}).to_string(), engines()[0]).0;
        let expected = match one.name().as_str() {
            "roles/editor" => Relation::Equivalent,
            _ if inside => Relation::Narrower,
            _ if editor.permissions().all(|index| one.contains(index)) => Relation::Broader,
            _ => Relation::Incomparable,
        };
        assert_eq!(found, expected, "{}", one.name());
    }
}

#[test]
fn a_policy_says_who_gained() {
    let policy = |bindings: &str| format!(r#"{{"bindings": [{bindings}], "etag": "x"}}"#);
    let binding = |role: &str, member: &str, condition: &str| {
        format!(r#"{{"role": "roles/{role}", "members": ["{member}"]{condition}}}"#)
    };
    let ann = binding("compute.viewer", "user:ann@example.com", "");
    let bob = binding("compute.viewer", "user:bob@example.com", "");
    let domain = binding("compute.viewer", "domain:example.com", "");
    let until = |time: &str| {
        let expression = format!("request.time < timestamp('{time}')");
        let condition = format!(r#", "condition": {{"title": "t", "expression": "{expression}"}}"#);
        binding("compute.viewer", "user:ann@example.com", &condition)
    };
    for engines in engines() {
        let both = policy(&format!("{ann},{bob}"));
        let gained = relation(&policy(&ann), &both, *engines);
        assert_eq!(gained, (Relation::Broader, "user:bob@example.com".to_owned()));
        assert_eq!(relation(&both, &policy(&domain), *engines).0, Relation::Broader);
        let longer = relation(
            &policy(&until("2026-01-01T00:00:00Z")),
            &policy(&until("2027-01-01T00:00:00Z")),
            *engines,
        );
        assert_eq!(longer.0, Relation::Broader);
        let less = relation(&policy(&ann), &policy(&until("2027-01-01T00:00:00Z")), *engines);
        assert_eq!(less.0, Relation::Narrower);
    }
}
