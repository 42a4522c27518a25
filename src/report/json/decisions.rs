//! Decisions on scenarios as JSON Lines: one object a line, in the order of the scenarios, so that long lists can be read
//! line by line. They do not come in the object that the other commands write.

use serde::Serialize;

use crate::evaluator::Simulated;
use crate::model::{Effect, Reason};
use crate::report::Report;
use crate::text::{Route, Step};

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    /// `allowed`, `explicitly_denied` or `implicitly_denied`.
    decision: &'static str,
    because: Vec<Rule<'a>>,
    blocked_by: Vec<Rule<'a>>,
    /// What was assumed because the scenario does not say it.
    assumed: Vec<&'a str>,
    /// Only where decisions are compared: the one that the scenario's author expects.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected: Option<&'static str>,
}

#[derive(Serialize)]
struct Rule<'a> {
    layer: &'static str,
    /// Where the policy stands in the scenario: `policies.identity[0]`; null for a rule of the cloud itself.
    policy: Option<String>,
    /// Where the statement stands in the policy: `Statement[0]`; null for a policy that leaves the request out.
    statement: Option<String>,
    /// `allow` or `deny`; null for a policy that leaves the request out.
    effect: Option<&'static str>,
    /// The same in words, with the statement's `Sid` if it has one.
    what: &'a str,
    /// Null where no text stands behind it, as for a level of the organization without policies.
    place: Option<Place<'a>>,
}

#[derive(Serialize)]
struct Place<'a> {
    path: &'a str,
    line: u32,
    column: u32,
}

/// All decisions.
pub(super) fn lines(report: &Report<'_>, decisions: &[Simulated]) -> Result<String, String> {
    let mut text = String::new();
    for simulated in decisions {
        let line = line(report, simulated);
        text += &serde_json::to_string(&line).map_err(|error| error.to_string())?;
        text.push('\n');
    }
    Ok(text)
}

fn line<'a>(report: &Report<'a>, simulated: &'a Simulated) -> Line<'a> {
    let decision = &simulated.decision;
    let rules = |reasons: &'a [Reason]| reasons.iter().map(|reason| rule(report, reason)).collect();
    Line {
        id: &simulated.id,
        decision: decision.verdict.as_str(),
        because: rules(&decision.because),
        blocked_by: rules(&decision.blocked_by),
        assumed: decision.gaps.iter().map(|gap| gap.message.as_str()).collect(),
        expected: simulated.expected.map(|expected| expected.as_str()),
    }
}

fn rule<'a>(report: &Report<'a>, reason: &'a Reason) -> Rule<'a> {
    let origin = &reason.origin;
    let (policy, statement) = split(&origin.route);
    let place = origin.span.map(|span| {
        let start = report.files.start(span);
        Place { path: report.files.path(span.file), line: start.line, column: start.column }
    });
    let effect = reason.effect.map(|effect| match effect {
        Effect::Allow => "allow",
        Effect::Deny => "deny",
    });
    Rule { layer: reason.layer.as_str(), policy, statement, effect, what: &origin.what, place }
}

/// The route of a policy and that of the statement in it.
fn split(route: &Route) -> (Option<String>, Option<String>) {
    let steps = route.steps();
    let is_statement = |step: &&Step| matches!(step, Step::Key(key) if &**key == "Statement");
    let at = steps.iter().position(is_statement).unwrap_or(steps.len());
    let (policy, statement) = steps.split_at(at);
    let text = |steps: &[&Step]| {
        let route: Route = steps.iter().copied().cloned().collect();
        Some(route.to_string()).filter(|_| !route.is_root())
    };
    (text(policy), text(statement))
}
