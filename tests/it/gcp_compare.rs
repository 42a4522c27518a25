//! Roles and allow policies of Google Cloud side by side, decided by each engine alone.

use leastwise::evaluator::Relation;

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
