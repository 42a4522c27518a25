//! The shape of the JSON report, version 1. Every field is always present unless its comment says otherwise; lists
//! may be empty. `src/report/README.md` explains the fields to users.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::report::picture::Picture;

#[derive(Serialize)]
pub(super) struct Document<'a> {
    pub(super) schema: &'static str,
    pub(super) tool: Tool,
    /// The command that was run: `scan`, `paths`, `can`, `access`, `who-can`, `recommend`, `compare`.
    pub(super) command: &'static str,
    pub(super) inputs: Vec<Input<'a>>,
    pub(super) summary: Summary,
    #[serde(flatten)]
    pub(super) content: Content<'a>,
    /// Only for `scan` and `check`.
    #[serde(flatten)]
    pub(super) configured: Option<Configured<'a>>,
    /// What is missing for all answers. Absent if nothing is.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) gaps: Vec<Gap<'a>>,
    pub(super) undecided: &'a [String],
    pub(super) problems: Vec<Problem<'a>>,
}

#[derive(Serialize)]
pub(super) struct Tool {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
}

#[derive(Serialize)]
pub(super) struct Input<'a> {
    pub(super) path: &'a str,
    pub(super) format: &'a str,
}

#[derive(Serialize)]
pub(super) struct Summary {
    pub(super) documents: usize,
    pub(super) principals: usize,
    pub(super) resources: usize,
    /// Only for `scan` and `check`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) findings: Option<BTreeMap<&'static str, usize>>,
    /// Only for `scan` and `check`: findings that are not reported, by reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) suppressed: Option<BTreeMap<&'static str, usize>>,
    pub(super) undecided: usize,
    pub(super) errors: usize,
    pub(super) warnings: usize,
}

/// One of these, by command.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Content<'a> {
    Findings(Vec<Finding<'a>>),
    #[serde(rename = "reached")]
    Radius(Radius<'a>),
    #[serde(rename = "administrators")]
    Admins(Administrators<'a>),
    Graph(Picture<'a>),
    Answer(Box<Verdict<'a>>),
    Access(Access<'a>),
    Verified(Vec<Verified<'a>>),
    Review(Box<Review<'a>>),
    #[serde(untagged)]
    Suggestions {
        suggestions: Vec<Suggestion<'a>>,
        totals: Totals<'a>,
    },
    /// Its fields stand in the report itself, so that one comparison and each of many look the same.
    #[serde(untagged)]
    Comparison(Box<Comparison<'a>>),
    #[serde(untagged)]
    Paths {
        paths: Vec<Path<'a>>,
        own: Vec<Administrator<'a>>,
        /// Only for the paths of one principal.
        #[serde(skip_serializing_if = "Option::is_none")]
        cut: Option<Cut<'a>>,
    },
    #[serde(untagged)]
    Ways {
        ways: Vec<Way<'a>>,
        more: bool,
        own: Vec<&'a str>,
        /// Only for the ways of one principal to another.
        #[serde(skip_serializing_if = "Option::is_none")]
        cut: Option<Cut<'a>>,
    },
    #[serde(untagged)]
    WhoCan {
        who_can: Vec<Entrant<'a>>,
        /// Only if they were asked for.
        #[serde(skip_serializing_if = "Option::is_none")]
        ways: Option<Vec<Way<'a>>>,
    },
}

#[derive(Serialize)]
pub(super) struct Review<'a> {
    pub(super) gains_nothing: bool,
    pub(super) gained: Vec<AccessChange<'a>>,
    pub(super) lost: Vec<AccessChange<'a>>,
    pub(super) new_findings: Vec<Finding<'a>>,
    pub(super) resolved_findings: Vec<Finding<'a>>,
    pub(super) known_findings: usize,
    pub(super) rests_on: Certainty<'a>,
}

#[derive(Serialize)]
pub(super) struct AccessChange<'a> {
    pub(super) cloud: &'a str,
    pub(super) principal: &'a str,
    pub(super) alone: bool,
    pub(super) witness: Option<Witness<'a>>,
    pub(super) rows: Vec<AccessRow<'a>>,
    pub(super) certainty: Certainty<'a>,
}

#[derive(Serialize)]
pub(super) struct Comparison<'a> {
    pub(super) name: &'a str,
    /// As what both documents were read: `identity`, `resource`, `trust`, `service-control`, `resource-control`.
    pub(super) kind: &'static str,
    /// `equivalent`, `narrower`, `broader`, `incomparable` or `undecided`.
    pub(super) relation: &'static str,
    /// Null when nothing is gained.
    pub(super) gained: Option<Difference<'a>>,
    /// Null when nothing is lost.
    pub(super) lost: Option<Difference<'a>>,
    /// What is gained with actions that no catalog knows, where nothing is with others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) gained_beyond_catalog: Option<Difference<'a>>,
    /// What is lost with such actions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) lost_beyond_catalog: Option<Difference<'a>>,
    pub(super) engine: &'a str,
    pub(super) steps: u64,
    pub(super) certainty: Certainty<'a>,
}

/// A request that one document allows and the other does not, or that this is not decided.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Difference<'a> {
    Found {
        #[serde(flatten)]
        witness: Witness<'a>,
        /// The whole difference; only where two files are compared. Null when it could not be listed.
        #[serde(skip_serializing_if = "Option::is_none")]
        rows: Option<Option<Vec<AccessRow<'a>>>>,
    },
    Undecided {
        undecided: &'a str,
    },
}

#[derive(Serialize)]
pub(super) struct Problem<'a> {
    pub(super) severity: &'static str,
    pub(super) code: &'a str,
    pub(super) message: &'a str,
    /// Null for a file that could not be read; `path` names it then.
    pub(super) place: Option<Place<'a>>,
    pub(super) path: Option<&'a str>,
    pub(super) help: Option<&'a str>,
}

/// Lines and columns count from 1, columns in characters; the end is just after the last character.
#[derive(Serialize)]
pub(super) struct Place<'a> {
    pub(super) path: &'a str,
    pub(super) line: u32,
    pub(super) column: u32,
    pub(super) end_line: u32,
    pub(super) end_column: u32,
}

#[derive(Serialize)]
pub(super) struct Origin<'a> {
    pub(super) what: &'a str,
    /// Keys and indices from the document's root; empty when not known.
    pub(super) route: String,
    /// Null for what the provider defines and no file holds.
    pub(super) place: Option<Place<'a>>,
}

#[derive(Serialize)]
pub(super) struct Certainty<'a> {
    /// `proven`, `assuming` or `undecided`.
    pub(super) kind: &'static str,
    pub(super) gaps: Vec<Gap<'a>>,
    /// Why it is undecided; null otherwise.
    pub(super) reason: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct Gap<'a> {
    pub(super) kind: &'static str,
    pub(super) message: &'a str,
    pub(super) origin: Option<Origin<'a>>,
}

#[derive(Serialize)]
pub(super) struct Witness<'a> {
    pub(super) principal: &'a str,
    pub(super) action: &'a str,
    pub(super) resource: &'a str,
    pub(super) context: &'a BTreeMap<String, Vec<String>>,
    /// `allowed`, `explicitly-denied` or `implicitly-denied`.
    pub(super) verdict: &'static str,
    pub(super) because: Vec<Reason<'a>>,
    pub(super) blocked_by: Vec<Reason<'a>>,
}

#[derive(Serialize)]
pub(super) struct Reason<'a> {
    pub(super) layer: &'static str,
    /// `allow` or `deny`; null for a ceiling that leaves the request out.
    pub(super) effect: Option<&'static str>,
    pub(super) origin: Origin<'a>,
}

#[derive(Serialize)]
pub(super) struct Finding<'a> {
    pub(super) rule: &'a str,
    pub(super) cloud: &'a str,
    pub(super) level: &'static str,
    pub(super) message: &'a str,
    pub(super) advice: &'a str,
    pub(super) certainty: Certainty<'a>,
    pub(super) primary: Origin<'a>,
    pub(super) related: Vec<Related<'a>>,
    pub(super) witness: Option<Witness<'a>>,
    pub(super) steps: Vec<Step<'a>>,
    pub(super) principal: Option<&'a str>,
    pub(super) policy: Option<&'a str>,
    /// Only for findings about a guardrail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) guardrail: Option<&'a str>,
    pub(super) fingerprint: &'a str,
}

/// What came of the configuration.
#[derive(Serialize)]
pub(super) struct Configured<'a> {
    pub(super) guardrails: Vec<Guardrail<'a>>,
    pub(super) suppressed: Vec<Suppressed<'a>>,
    /// Entries of the baseline that do not occur any more.
    pub(super) stale_baseline: usize,
}

#[derive(Serialize)]
pub(super) struct Guardrail<'a> {
    pub(super) id: &'a str,
    pub(super) kind: &'static str,
    pub(super) outcome: &'static str,
    pub(super) certainty: Certainty<'a>,
}

#[derive(Serialize)]
pub(super) struct Suppressed<'a> {
    pub(super) by: &'static str,
    pub(super) justification: String,
    pub(super) finding: Finding<'a>,
}

#[derive(Serialize)]
pub(super) struct Related<'a> {
    pub(super) message: &'a str,
    #[serde(flatten)]
    pub(super) origin: Origin<'a>,
}

#[derive(Serialize)]
pub(super) struct Step<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    /// `become`, `rewrite`, `restore`, `join` or `manage`.
    pub(super) gain: &'static str,
    pub(super) kind: &'a str,
    pub(super) sentence: String,
    /// The change that would break it.
    pub(super) remedy: Option<String>,
    /// The first of `requests`.
    pub(super) witness: Option<Witness<'a>>,
    pub(super) requests: Vec<Taken<'a>>,
    pub(super) certainty: Certainty<'a>,
}

#[derive(Serialize)]
pub(super) struct Taken<'a> {
    #[serde(flatten)]
    pub(super) witness: Witness<'a>,
    /// Whether such requests are always allowed; null where that stayed undecided.
    pub(super) always: Option<bool>,
    /// A request that differs in its circumstances and is not allowed.
    pub(super) refused: Option<Witness<'a>>,
}

/// A chain of steps from one principal to another.
#[derive(Serialize)]
pub(super) struct Way<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    pub(super) steps: Vec<Step<'a>>,
    pub(super) certainty: Certainty<'a>,
}

/// Grants that stand between somebody and a goal.
#[derive(Serialize)]
pub(super) struct Cut<'a> {
    pub(super) grants: Vec<Origin<'a>>,
    pub(super) complete: bool,
    pub(super) smallest: bool,
}

/// What somebody comes to.
#[derive(Serialize)]
pub(super) struct Radius<'a> {
    pub(super) from: &'a str,
    pub(super) reached: Vec<Reached<'a>>,
}

#[derive(Serialize)]
pub(super) struct Reached<'a> {
    /// `act-as`, `administer`, `rewrite`, `restore`, `join` or `manage`.
    pub(super) what: &'static str,
    pub(super) name: &'a str,
    /// With which change of its permissions somebody is acted as.
    pub(super) change: Option<String>,
    pub(super) steps: Vec<Step<'a>>,
    pub(super) certainty: Certainty<'a>,
}

#[derive(Serialize)]
pub(super) struct Administrators<'a> {
    pub(super) direct: Vec<Administrator<'a>>,
    pub(super) by_path: Vec<Path<'a>>,
}

#[derive(Serialize)]
pub(super) struct Administrator<'a> {
    pub(super) principal: &'a str,
    pub(super) scope: &'a str,
    /// `always`, `conditionally`, `never` or `undecided`.
    pub(super) standing: &'static str,
    pub(super) certainty: Option<Certainty<'a>>,
}

#[derive(Serialize)]
pub(super) struct Path<'a> {
    pub(super) from: &'a str,
    pub(super) steps: Vec<Step<'a>>,
    pub(super) administrator: &'a str,
    pub(super) scope: &'a str,
    /// `always`, `conditionally`, `never` or `undecided`.
    pub(super) standing: &'static str,
    /// How many further principals it comes to that administer the same.
    pub(super) others: usize,
    pub(super) certainty: Certainty<'a>,
}

#[derive(Serialize)]
pub(super) struct Question<'a> {
    pub(super) cloud: &'a str,
    /// The principal's full name, or `outside` or `anonymous`.
    pub(super) principal: &'a str,
    /// Null for any action.
    pub(super) action: Option<&'a str>,
    /// Null for any resource.
    pub(super) resource: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct Verdict<'a> {
    pub(super) question: Question<'a>,
    /// `never`, `sometimes`, `always` or `undecided`. `sometimes` also where it stayed open whether always.
    pub(super) allowed: &'static str,
    pub(super) example: Answer<'a>,
    pub(super) counterexample: Answer<'a>,
}

#[derive(Serialize)]
pub(super) struct Entrant<'a> {
    #[serde(flatten)]
    pub(super) verdict: Verdict<'a>,
    /// The conditions, where `allowed` is `sometimes` and the principal is not `outside`; null otherwise.
    pub(super) rows: Option<Vec<AccessRow<'a>>>,
}

#[derive(Serialize)]
pub(super) struct Answer<'a> {
    /// `found`, `none` or `undecided`.
    pub(super) outcome: &'static str,
    pub(super) witness: Option<Witness<'a>>,
    pub(super) certainty: Certainty<'a>,
    pub(super) engine: &'a str,
    pub(super) steps: u64,
}

#[derive(Serialize)]
pub(super) struct Access<'a> {
    pub(super) question: Question<'a>,
    pub(super) rows: Vec<AccessRow<'a>>,
    pub(super) certainty: Certainty<'a>,
}

#[derive(Serialize)]
pub(super) struct AccessRow<'a> {
    /// Empty where `matching` says which.
    pub(super) actions: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) matching: Option<MatchingActions<'a>>,
    /// Empty for any resource.
    pub(super) resources: &'a [Vec<String>],
    pub(super) except: &'a [String],
    pub(super) condition: Option<&'a str>,
}

/// Actions as plain texts.
#[derive(Serialize)]
pub(super) struct MatchingActions<'a> {
    /// Empty for any action.
    pub(super) patterns: &'a [Vec<String>],
    pub(super) except: &'a [String],
}

#[derive(Serialize)]
pub(super) struct Totals<'a> {
    /// Null where no event tells its time.
    pub(super) first_event: Option<&'a str>,
    pub(super) last_event: Option<&'a str>,
    pub(super) days_asked_for: u32,
    pub(super) permissions_before: usize,
    pub(super) permissions_after: usize,
    pub(super) dangerous_removed: usize,
    pub(super) never_seen: &'a [String],
}

#[derive(Serialize)]
pub(super) struct Removed<'a> {
    pub(super) permissions_before: usize,
    pub(super) permissions_after: usize,
    pub(super) dangerous: &'a [String],
}

#[derive(Serialize)]
pub(super) struct Suggestion<'a> {
    pub(super) cloud: &'a str,
    pub(super) principal: &'a str,
    /// `safe`, `review` or `unproven`.
    pub(super) applicability: &'static str,
    pub(super) held: Vec<Held<'a>>,
    pub(super) used: Vec<Used<'a>>,
    pub(super) needed: Vec<Permission<'a>>,
    pub(super) replacement: Vec<Binding<'a>>,
    pub(super) removed: Removed<'a>,
    pub(super) excess: Vec<Excess<'a>>,
    pub(super) proof: Proof<'a>,
    pub(super) apply: &'a [String],
    pub(super) rollback: &'a [String],
    pub(super) notes: &'a [String],
    pub(super) chosen_by: &'a str,
}

#[derive(Serialize)]
pub(super) struct Held<'a> {
    pub(super) what: &'a str,
    pub(super) on: &'a str,
    pub(super) permissions: usize,
    /// Those that were used.
    pub(super) used: &'a [String],
    /// How many were not.
    pub(super) unused: usize,
    pub(super) origin: Origin<'a>,
}

#[derive(Serialize)]
pub(super) struct Used<'a> {
    pub(super) action: &'a str,
    pub(super) on: &'a str,
    pub(super) resources: usize,
    pub(super) count: u64,
}

#[derive(Serialize)]
pub(super) struct Permission<'a> {
    pub(super) action: &'a str,
    pub(super) on: &'a str,
}

#[derive(Serialize)]
pub(super) struct Binding<'a> {
    pub(super) role: &'a str,
    pub(super) on: &'a str,
    pub(super) permissions: usize,
    /// The policy itself, if one was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) policy: Option<serde_json::Value>,
}

#[derive(Serialize)]
pub(super) struct Excess<'a> {
    pub(super) action: &'a str,
    pub(super) on: &'a str,
    pub(super) weight: u64,
}

#[derive(Serialize)]
pub(super) struct Proof<'a> {
    pub(super) keeps: Check<'a>,
    pub(super) narrows: Check<'a>,
    pub(super) gained: Vec<Permission<'a>>,
    pub(super) reached: Vec<Permission<'a>>,
    pub(super) replayed: u64,
}

#[derive(Serialize)]
pub(super) struct Verified<'a> {
    pub(super) certificate: &'a str,
    pub(super) cloud: &'a str,
    pub(super) principal: &'a str,
    /// `holds`, `fails` or `undecided`.
    pub(super) outcome: &'static str,
    pub(super) failures: &'a [String],
    /// Null where no proof could be tried.
    pub(super) applicability: Option<&'static str>,
    pub(super) proof: Option<Proof<'a>>,
}

#[derive(Serialize)]
pub(super) struct Check<'a> {
    /// Null when it was not decided.
    pub(super) holds: Option<bool>,
    pub(super) certainty: Certainty<'a>,
    pub(super) counterexample: Option<Witness<'a>>,
    pub(super) engine: &'a str,
}
