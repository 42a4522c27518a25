//! What code scanning gets: the standard's schema, places, order, and the limits of the consumer.

use std::path::Path;

use insta::assert_snapshot;
use serde_json::Value;

use super::convert::MAX_RESULTS;
use crate::report::fixture::Fixture;
use crate::report::{Content, ContentKind, Style, reporter};

fn sarif(fixture: &Fixture) -> Value {
    serde_json::from_str(&fixture.render("sarif", Content::Findings(&fixture.findings))).unwrap()
}

#[test]
fn findings() {
    let fixture = Fixture::new();
    assert_snapshot!(fixture.render("sarif", Content::Findings(&fixture.findings)));
}

#[test]
fn the_standard_schema_accepts_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/sarif/sarif-schema-2.1.0.json");
    #[expect(clippy::disallowed_methods, reason = "a test reads its material")]
    let schema = std::fs::read_to_string(path).unwrap();
    // A pattern for languages, which are not written here, has a bracket too many for the validator.
    let schema: Value = serde_json::from_str(&schema.replace("{2}]?$", "{2}$")).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let fixture = Fixture::new();
    let full = sarif(&fixture);
    let empty = serde_json::from_str(&fixture.render("sarif", Content::Findings(&[]))).unwrap();
    for log in [&full, &empty] {
        let errors: Vec<String> =
            schema.iter_errors(log).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
    let mut broken = full;
    broken["runs"][0]["results"][0]["level"] = "high".into();
    assert!(!schema.is_valid(&broken), "the schema lets everything pass");
}

#[test]
fn regions_are_the_source() {
    let fixture = Fixture::new();
    let log = sarif(&fixture);
    assert_eq!(log["runs"][0]["columnKind"], "unicodeCodePoints");
    let expected = [
        ("/results/0/locations/0", "\"Action\": \"*\""),
        ("/results/0/relatedLocations/0", "[\"user/ana\"]"),
        ("/results/0/codeFlows/0/threadFlows/0/locations/0/location", "\"Action\": \"*\""),
        ("/results/0/codeFlows/0/threadFlows/0/locations/1/location", "\"user/ana\""),
        ("/results/2/locations/0", "\"user/ana\""),
        ("/invocations/0/toolExecutionNotifications/0/locations/0", "\"Name\""),
    ];
    for (pointer, text) in expected {
        let place = &log["runs"][0].pointer(pointer).unwrap()["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap().replace("%20", " ");
        let (file, _) = fixture.files.iter().find(|(_, path)| *path == uri).unwrap();
        let number = |key: &str| usize::try_from(place["region"][key].as_u64().unwrap()).unwrap();
        let line = fixture.files.text(file).lines().nth(number("startLine") - 1).unwrap();
        let width = number("endColumn") - number("startColumn");
        let marked: String = line.chars().skip(number("startColumn") - 1).take(width).collect();
        assert_eq!(marked, text, "{pointer}");
    }
}

#[test]
fn results_name_their_rule() {
    let log = sarif(&Fixture::new());
    let run = &log["runs"][0];
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
        assert!(!result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].is_null());
    }
}

#[test]
fn an_open_question_is_neither_passed_nor_failed() {
    let log = sarif(&Fixture::new());
    let open = &log["runs"][0]["results"][2];
    assert_eq!((&open["kind"], &open["level"]), (&"open".into(), &"none".into()));
}

#[test]
fn too_many_results_are_cut_and_counted() {
    let mut fixture = Fixture::new();
    fixture.findings = vec![fixture.findings[1].clone(); MAX_RESULTS + 1];
    fixture.suppressed.clear();
    let log = sarif(&fixture);
    assert_eq!(log["runs"][0]["results"].as_array().unwrap().len(), MAX_RESULTS);
    let notes = log["runs"][0]["invocations"][0]["toolExecutionNotifications"].as_array().unwrap();
    let note = notes.iter().find(|note| note["descriptor"]["id"] == "truncated").unwrap();
    assert!(note["message"]["text"].as_str().unwrap().contains("25001 findings"));
}

#[test]
fn only_findings_have_a_place() {
    let fixture = Fixture::new();
    let sarif = reporter("sarif").unwrap();
    for content in fixture.contents() {
        let rendered = sarif.render(&fixture.report(content), Style::default());
        assert_eq!(sarif.holds(content.kind()), rendered.is_ok());
        let has_findings = matches!(content.kind(), ContentKind::Scan | ContentKind::Check);
        assert_eq!(rendered.is_ok(), has_findings);
    }
}
