use super::super::{Files, splice, yaml};
use super::*;

/// The text after the edit of the list at `key`.
fn after(is_yaml: bool, text: &str, key: &str, take: &[usize], add: &[&str]) -> Result<String, String> {
    let mut problems = Vec::new();
    let file = Files::default().add("x", text);
    let parse = if is_yaml { yaml::parse } else { json::parse };
    let tree = parse(file, text, &mut problems).unwrap();
    let change =
        ListEdit { take: take.to_vec(), add: add.iter().map(|one| New::Json((*one).to_owned())).collect() };
    let splices = edit(text, tree.get(key).unwrap(), &change)?;
    let new = splice(text, &splices).unwrap();
    assert!(parse(file, &new, &mut problems).is_some(), "{new}\n{problems:?}");
    Ok(new)
}

#[test]
fn json_keeps_its_lines() {
    let text = "{\n    \"l\": [\n        \"a\",\n        \"b\",\n\n        \"c\"\n    ]\n}\n";
    let json = |take: &[usize], add: &[&str]| after(false, text, "l", take, add).unwrap();
    assert_eq!(json(&[0], &[]), text.replace("\"a\",\n        ", ""));
    assert_eq!(json(&[1], &[]), text.replace(",\n        \"b\"", ""));
    assert_eq!(json(&[1, 2], &[]), text.replace(",\n        \"b\",\n\n        \"c\"", ""));
    assert_eq!(json(&[], &["1"]), text.replace("\"c\"", "\"c\",\n        1"));
    assert_eq!(json(&[2], &["1"]), text.replace(",\n\n        \"c\"", ",\n        1"));
    assert_eq!(json(&[0, 1, 2], &[]), "{\n    \"l\": []\n}\n");
    assert_eq!(
        json(&[0, 1, 2], &["{\"k\":[1,{}]}"]),
        "{\n    \"l\": [\n        {\n            \"k\": [\n                1,\n                {}\n            ]\n        }\n    ]\n}\n"
    );
}

#[test]
fn json_on_one_line_stays_there() {
    let text = r#"{"l":["a","b"],"e":[ ]}"#;
    assert_eq!(
        after(false, text, "l", &[0], &["{\"k\":\"\\n\"}"]).unwrap(),
        r#"{"l":["b",{"k": "\n"}],"e":[ ]}"#
    );
    assert_eq!(after(false, text, "e", &[], &["1", "2"]).unwrap(), r#"{"l":["a","b"],"e":[1, 2]}"#);
    let lines = "{\n\t\"e\": []\n}";
    assert_eq!(
        after(false, lines, "e", &[], &["[1]"]).unwrap(),
        "{\n\t\"e\": [\n\t\t[\n\t\t\t1\n\t\t]\n\t]\n}"
    );
}

#[test]
fn yaml_keeps_its_comments() {
    let text =
        "# who\nl: # all\n# first\n- m:\n  - user:a\n  r: x # why\n# second\n- r: y\n  m: [b, c]\ne: 1\n";
    let yaml = |take: &[usize], add: &[&str]| after(true, text, "l", take, add);
    assert_eq!(yaml(&[0], &[]).unwrap(), text.replace("- m:\n  - user:a\n  r: x # why\n", ""));
    assert_eq!(
        yaml(&[1], &["{\"members\":[\"user:a@b\",\"yes\"],\"o\":{\"p\":\"q r\"},\"e\":[]}"]).unwrap(),
        text.replace(
            "- r: y\n  m: [b, c]\n",
            "- members:\n  - user:a@b\n  - \"yes\"\n  o:\n    p: \"q r\"\n  e: []\n"
        )
    );
    // What would leave a comment in the way is refused, not guessed.
    assert!(yaml(&[0, 1], &[]).is_err());
    assert_eq!(after(true, "l:\n  - a\n  - b", "l", &[0, 1], &[]).unwrap(), "l: []\n");
    assert_eq!(after(true, "l:\n  - a\n  - b", "l", &[0], &["\"c\""]).unwrap(), "l:\n  - b\n  - c");
    assert_eq!(after(true, "l: [a, 'b', c]\n", "l", &[1], &["\"d\""]).unwrap(), "l: [a, c, \"d\"]\n");
    assert!(after(true, "l: [a, # why\n b]\n", "l", &[1], &[]).is_err());
    assert!(after(true, "l:\n- - a\n", "l", &[0], &[]).is_ok());
}
