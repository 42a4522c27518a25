//! The cases of the corpus that are about whole estates: files, a command, and what its report must hold.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Estate {
    files: BTreeMap<String, Value>,
    ask: Vec<String>,
    answer: Value,
}

/// Where the report on the files differs from what the case expects. `name` is for the folder.
pub(crate) fn answered(name: &str, estate: &Value) -> Vec<String> {
    let estate: Estate = match serde_json::from_value(estate.clone()) {
        Ok(estate) => estate,
        Err(error) => return vec![error.to_string()],
    };
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("corpus-{name}-{}", std::process::id()));
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).unwrap();
    for (file, content) in &estate.files {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content.as_str().map_or_else(|| content.to_string(), str::to_owned)).unwrap();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_leastwise"));
    let output =
        command.args(&estate.ask).arg(&folder).args(["--format", "json"]).env_clear().output().unwrap();
    fs::remove_dir_all(&folder).unwrap();
    let Ok(report) = serde_json::from_slice::<Value>(&output.stdout) else {
        return vec![String::from_utf8_lossy(&output.stderr).into_owned()];
    };
    let mut wrong = Vec::new();
    compare("", &estate.answer, &report, &mut wrong);
    wrong
}

fn compare(at: &str, expected: &Value, found: &Value, wrong: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(expected), _) => {
            for (key, value) in expected {
                compare(&format!("{at}.{key}"), value, &found[key], wrong);
            }
        }
        (Value::Array(expected), _) if expected.is_empty() => {
            if !found.is_null() && !found.as_array().is_some_and(Vec::is_empty) {
                wrong.push(format!("{at}: expected nothing, found {found}"));
            }
        }
        (Value::Array(expected), Value::Array(found)) => {
            for value in expected {
                let absent = value.get("not");
                let fits = |one: &&Value| {
                    let mut differs = Vec::new();
                    compare("", absent.unwrap_or(value), one, &mut differs);
                    differs.is_empty()
                };
                let fitting = found.iter().find(fits);
                if let Some(one) = fitting.filter(|_| absent.is_some()) {
                    wrong.push(format!("{at}: {one} is not expected"));
                } else if fitting.is_none() && absent.is_none() {
                    wrong.push(format!("{at}: {value} is not among {}", Value::from(found.clone())));
                }
            }
        }
        (Value::String(expected), Value::String(found)) if expected.len() > 1 => {
            let part = expected.strip_prefix('*').and_then(|rest| rest.strip_suffix('*'));
            if !part.map_or(expected == found, |part| found.contains(part)) {
                wrong.push(format!("{at}: expected `{expected}`, found `{found}`"));
            }
        }
        (expected, found) if expected == found => {}
        (expected, found) => wrong.push(format!("{at}: expected {expected}, found {found}")),
    }
}

#[test]
fn what_differs_in_a_report_is_found() {
    let report = serde_json::json!({"a": [{"b": "some text", "c": 1}], "d": [], "e": null});
    let differs = |expected: Value| {
        let mut wrong = Vec::new();
        compare("", &expected, &report, &mut wrong);
        wrong.len()
    };
    for fits in [
        serde_json::json!({"a": [{"b": "*me te*"}]}),
        serde_json::json!({"a": [{"b": "some text", "c": 1}], "d": [], "e": [], "f": []}),
    ] {
        assert_eq!(differs(fits.clone()), 0, "{fits}");
    }
    for other in [
        serde_json::json!({"a": []}),
        serde_json::json!({"d": null}),
        serde_json::json!({"a": [{"b": "*other*"}]}),
        serde_json::json!({"a": [{"b": "text"}]}),
        serde_json::json!({"a": [{"c": 2}]}),
        serde_json::json!({"d": ["x"]}),
        serde_json::json!({"g": 1}),
    ] {
        assert_eq!(differs(other.clone()), 1, "{other}");
    }
}
