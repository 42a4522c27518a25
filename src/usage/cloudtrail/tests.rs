//! Events and the permissions they are counted as: `cases.json`, one call each in a frame that the test puts around it.

use std::collections::BTreeMap;
use std::io::BufReader;

use serde_json::{Value, json};

use super::*;

fn read(log: &str, chunk: usize) -> (Usage, Vec<Problem>) {
    let (mut usage, mut problems) = (Usage::default(), Vec::new());
    let mut source = BufReader::with_capacity(chunk, log.as_bytes());
    CloudTrail.read(&mut source, &mut usage, &mut problems).unwrap();
    (usage, problems)
}

/// An event with what every event has; what a case says comes on top.
fn event(case: &Value) -> Value {
    let mut event = json!({
        "eventVersion": "1.09",
        "userIdentity": {
            "type": "AssumedRole",
            "principalId": "AROAEXAMPLE:worker",
            "arn": "arn:aws:sts::111122223333:assumed-role/worker/session",
            "accountId": "111122223333",
            "sessionContext": {"sessionIssuer": {
                "type": "Role", "arn": "arn:aws:iam::111122223333:role/team/worker", "accountId": "111122223333"
            }}
        },
        "eventTime": "2026-08-01T10:00:00Z",
        "awsRegion": "eu-west-1",
        "eventType": "AwsApiCall",
        "recipientAccountId": "111122223333"
    });
    for (key, value) in case.as_object().unwrap() {
        event[key] = value.clone();
    }
    event
}

fn cases() -> Vec<Value> {
    serde_json::from_str(include_str!("cases.json")).unwrap()
}

#[test]
fn calls_are_counted_as_what_they_use() {
    for case in cases() {
        let (usage, problems) = read(&event(&case["event"]).to_string(), 4096);
        assert_eq!(problems, [], "{case}");
        let who = |one: &Use| {
            if one.via.is_empty() {
                one.principal.clone()
            } else {
                format!("{} via {}", one.principal, one.via)
            }
        };
        let used: Vec<String> =
            usage.counts.keys().map(|one| format!("{} {}", one.action, one.resource)).collect();
        let expected: Vec<&str> = case["used"]
            .as_array()
            .map(|all| all.iter().map(|one| one.as_str().unwrap()).collect())
            .unwrap_or_default();
        assert_eq!(used, expected, "{case}");
        if let Some(by) = case["by"].as_str() {
            assert!(
                !usage.counts.is_empty() && usage.counts.keys().all(|one| who(one) == by),
                "{case}: {:?}",
                usage.counts
            );
        }
        let unmapped: Vec<&str> = usage.unmapped.keys().map(String::as_str).collect();
        let expected: Vec<&str> = case["unmapped"].as_str().into_iter().collect();
        assert_eq!(unmapped, expected, "{case}");
        assert_eq!(usage.denied, u64::from(case["denied"] == true), "{case}");
    }
}

#[test]
fn all_shapes_give_the_same() {
    let all: Vec<Value> = cases().iter().map(|case| event(&case["event"])).collect();
    let lines: String = all.iter().map(|event| format!("{event}\n")).collect();
    let looked_up: Vec<Value> = all
        .iter()
        .map(|event| json!({"EventId": "1", "EventName": event["eventName"], "CloudTrailEvent": event.to_string()}))
        .collect();
    let (expected, _) = read(&lines, 1 << 16);
    assert!(expected.counts.len() > 20);
    for shape in [
        json!({"Records": all}).to_string(),
        serde_json::to_string_pretty(&json!({"Records": all})).unwrap(),
        serde_json::to_string_pretty(&json!({"Events": looked_up, "NextToken": "abc="})).unwrap(),
        serde_json::to_string(&all).unwrap(),
        looked_up.iter().map(|event| format!("{event}\n")).collect(),
    ] {
        for chunk in [64, 1 << 16] {
            let (usage, problems) = read(&shape, chunk);
            assert_eq!(problems, []);
            assert_eq!(usage, expected);
        }
        assert!(CloudTrail.detects(shape.get(..600).unwrap()), "{shape}");
    }
    assert!(CloudTrail.detects("{\"Records\": []}"));
    assert!(!CloudTrail.detects("{\"Records\": [{\"a\": 1}]}"));
    assert!(!CloudTrail.detects("{\"awsAccountId\": \"111122223333\", \"digestStartTime\": \"x\"}"));
}

#[test]
fn broken_records_do_not_spoil_the_others() {
    let good = event(&cases()[0]["event"]).to_string();
    let (usage, problems) = read(&format!("{good}\n{{\"eventVersion\":\n{good}\n"), 1 << 16);
    assert_eq!((usage.counts.values().max(), problems.len()), (Some(&2), 1));
    let cut = format!("{{\"Records\":[{good},{}", good.get(..100).unwrap());
    let (usage, problems) = read(&cut, 1 << 16);
    assert_eq!((usage.counts.values().max(), problems.len()), (Some(&1), 1));
}

#[test]
fn the_window_spans_all_events() {
    let at = |time: &str| {
        let mut one = event(&cases()[0]["event"]);
        one["eventTime"] = json!(time);
        one.to_string()
    };
    let log = [at("2026-08-02T00:00:00Z"), at("2026-08-01T00:00:00Z"), at("2026-08-03T00:00:00Z")].join("\n");
    let (first, last) = read(&log, 1 << 16).0.window.unwrap();
    assert_eq!(last - first, 2 * 86_400_000_000);
}

/// Memory grows with what is distinct: a thousand times the same is one entry.
#[test]
fn the_same_again_is_only_counted() {
    let line = format!("{}\n", event(&cases()[0]["event"]));
    let (usage, _) = read(&line.repeat(1000), 1 << 16);
    let counts: BTreeMap<&str, u64> =
        usage.counts.iter().map(|(one, count)| (&*one.action, *count)).collect();
    assert_eq!(counts.values().collect::<Vec<_>>(), [&1000]);
}
