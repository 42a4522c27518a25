//! The shape of the JSON report, and the places in it.

use insta::assert_snapshot;
use serde_json::Value;

use crate::report::Content;
use crate::report::fixture::Fixture;

#[test]
fn each_content() {
    let fixture = Fixture::new();
    for content in fixture.contents() {
        let name = content.kind().as_str();
        assert_snapshot!(name, fixture.render("json", content));
    }
}

#[test]
fn ways() {
    let fixture = Fixture::new();
    assert_snapshot!(fixture.render("json", Content::Ways(&fixture.ways)));
}

/// Cuts every place out of the source and compares it with the text that was marked.
#[test]
fn places_are_the_source() {
    let fixture = Fixture::new();
    let marked = ["\"Action\": \"*\"", "[\"user/ana\"]", "\"user/ana\"", "\"Trust\"", "\"Name\""];
    let mut seen = 0;
    for content in fixture.contents() {
        // Decisions are one document a line.
        let text = fixture.render("json", content);
        let reports = serde_json::Deserializer::from_str(&text).into_iter::<Value>().map(Result::unwrap);
        reports.for_each(|report| {
            for_each_place(&report, &mut |place| {
                let number = |key: &str| usize::try_from(place[key].as_u64().unwrap()).unwrap();
                let path = place["path"].as_str().unwrap();
                let (file, _) = fixture.files.iter().find(|(_, known)| *known == path).unwrap();
                let lines: Vec<&str> = fixture.files.text(file).split('\n').collect();
                let cut = |line: usize, from: usize, to: usize| -> String {
                    lines[line - 1].chars().skip(from - 1).take(to - from).collect()
                };
                let (first, last) = (number("line"), number("end_line"));
                if first == last {
                    let text = cut(first, number("column"), number("end_column"));
                    assert!(marked.contains(&text.as_str()), "{place}: {text}");
                } else {
                    assert_eq!(cut(first, number("column"), 1000), "[");
                    assert_eq!(cut(last, 1, number("end_column")), "      ]");
                }
                seen += 1;
            })
        });
    }
    assert!(seen >= 15, "{seen}");
}

fn for_each_place(value: &Value, visit: &mut impl FnMut(&Value)) {
    match value {
        Value::Object(entries) if entries.contains_key("end_column") => visit(value),
        Value::Object(entries) => entries.values().for_each(|value| for_each_place(value, visit)),
        Value::Array(items) => items.iter().for_each(|item| for_each_place(item, visit)),
        _ => {}
    }
}
