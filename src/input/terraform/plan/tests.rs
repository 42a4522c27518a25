use super::*;
use crate::text::{Files, json};

/// Loads a plan; answers the estate and the codes of problems.
fn loaded(text: &str, side: Side) -> (Estate, Vec<&'static str>) {
    let file = Files::default().add("plan.json", text);
    let mut problems = Vec::new();
    let tree = json::parse(file, text, &mut problems).unwrap();
    let mut estate = Estate::default();
    load(&Document { file, path: "plan.json", tree: &tree }, side, &mut estate, &mut problems);
    (estate, problems.iter().map(|problem| problem.code).collect())
}

fn change(kind: &str, change: &str) -> String {
    format!(
        r#"{{"format_version": "1.2", "resource_changes": [{{"address": "{kind}.x", "mode": "managed", "type": "{kind}", "name": "x", "change": {change}}}]}}"#
    )
}

#[test]
fn what_has_another_shape_is_said_and_the_rest_is_read() {
    let good = r#"{"address": "aws_iam_user.ana", "mode": "managed", "type": "aws_iam_user", "change": {"actions": ["create"], "before": null, "after": {"name": "ana"}}}"#;
    for bad in [
        "7",
        "{}",
        r#"{"address": "aws_iam_user.b"}"#,
        r#"{"address": 7, "type": "aws_iam_user", "change": {"after": {}}}"#,
        r#"{"address": "aws_iam_user.b", "type": "aws_iam_user"}"#,
    ] {
        let text = format!(r#"{{"format_version": "1.2", "resource_changes": [{bad}, {good}]}}"#);
        let (estate, problems) = loaded(&text, Side::After);
        assert_eq!(problems, ["terraform-plan-shape"], "{bad}");
        assert_eq!(estate.principals().count(), 1, "{bad}");
    }
    for whole in [
        r#"{"format_version": "1.2", "resource_changes": {}}"#,
        r#"{"format_version": "1.2", "planned_values": {}}"#,
    ] {
        assert_eq!(loaded(whole, Side::After).1, ["terraform-plan-shape"], "{whole}");
    }
}

#[test]
fn a_resource_is_on_the_sides_it_exists_on() {
    let ana = r#"{"name": "ana", "path": "/"}"#;
    for (text, before, after) in [
        (format!(r#"{{"actions": ["create"], "before": null, "after": {ana}}}"#), 0, 1),
        (format!(r#"{{"actions": ["delete"], "before": {ana}, "after": null}}"#), 1, 0),
        (format!(r#"{{"actions": ["delete", "create"], "before": {ana}, "after": {ana}}}"#), 1, 1),
    ] {
        let text = change("aws_iam_user", &text);
        let count = |side| loaded(&text, side).0.principals().count();
        assert_eq!((count(Side::Before), count(Side::After)), (before, after), "{text}");
    }
}

#[test]
fn what_is_not_read_is_a_gap_that_tells_whether_it_changes() {
    let same = r#"{"actions": ["no-op"], "before": {"a": 1}, "after": {"a": 1}}"#;
    let other = r#"{"actions": ["update"], "before": {"a": 1}, "after": {"a": 2}}"#;
    for kind in [
        "azurerm_role_assignment",
        "aws_lambda_permission",
        "google_project_iam_policy",
        "aws_ssoadmin_permission_set",
    ] {
        let gaps = |text: &str, side| -> Vec<String> {
            let (estate, problems) = loaded(&change(kind, text), side);
            assert!(problems.is_empty(), "{problems:?}");
            estate.gaps().iter().map(|gap| gap.message.clone()).collect()
        };
        assert_eq!(gaps(same, Side::Before), gaps(same, Side::After), "{kind}");
        assert_eq!(gaps(other, Side::After).len(), 1, "{kind}");
        assert_ne!(gaps(other, Side::Before), gaps(other, Side::After), "{kind}");
    }
    let (estate, _) = loaded(&change("aws_instance", other), Side::After);
    assert!(estate.gaps().is_empty());
}
