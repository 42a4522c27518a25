//! Decisions that another project expects; see the folder's own description. Not part of the repository.
#![expect(clippy::disallowed_methods, reason = "the cases lie outside the repository")]

use serde_json::Value as Json;

use super::scenario::Scenario;
use crate::model::Verdict;

/// Where we follow AWS's page and the case does not.
///
/// A resource policy of the same account that names the session gives to the session directly, "not limited by an
/// implicit deny in an identity-based policy, a permissions boundary, or session policy":
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html>
const DISAGREE: &[&str] =
    &["sessionPolicies.json#7 Implicit deny in session policy denies even if session ARN in resource policy"];

#[test]
fn decisions_from_elsewhere() {
    let shared = std::env::var("LEASTWISE_SHARED").unwrap_or_else(|_| "../shared".to_owned());
    let Ok(text) = std::fs::read_to_string(format!("{shared}/oracles/aws-decisions.jsonl")) else {
        println!("skipped: no aws-decisions.jsonl in {shared}/oracles");
        return;
    };
    let (mut passed, mut failed) = (0, Vec::new());
    for line in text.lines() {
        let case: Json = serde_json::from_str(line).unwrap();
        let id = case["id"].as_str().unwrap();
        let verdict = match Scenario::new(&case).agreed() {
            Verdict::Allowed => "allowed",
            Verdict::ExplicitlyDenied => "explicitly_denied",
            Verdict::ImplicitlyDenied => "implicitly_denied",
        };
        if (case["expected"] == verdict) == DISAGREE.contains(&id) {
            failed.push(format!("{id}: {verdict}"));
        } else {
            passed += usize::from(!DISAGREE.contains(&id));
        }
    }
    println!("{passed} cases agree, {} are settled by AWS's page", DISAGREE.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
