//! Findings: of all rules and guardrails, held against what a team has said of them.

use super::accepting::Said;
use super::{Found, Outcome, Reason, Seals, Settings, Stopped};
use crate::clouds::escalation::Step;
use crate::evaluator::{Evaluator, OneDocument};
use crate::findings::{self, Context, Finding, Meta, RULES};
use crate::graph::Graph;
use crate::guardrails::{self, Judge, Name};
use crate::input::Loaded;
use crate::progress::{self, Stage};
use crate::report::Input;
use crate::review::{self, Accepted, Baseline, Suppressed};

/// The findings in what was loaded.
pub(super) fn scanned(
    mut loaded: Loaded,
    inputs: Vec<Input>,
    steps: &[Step],
    settings: &Settings,
) -> Result<Outcome, Box<Stopped>> {
    let said = Said::of(settings, &mut loaded);
    progress::begin(Stage::Asking, 0);
    let found = (|| {
        let evaluator = Evaluator::new(&loaded.estate, &settings.portfolio);
        let Scanned { findings, undecided, verdicts } = scan(&evaluator, steps, &said, &[])?;
        let accepted = said.apply(evaluator, &loaded.files, (findings, &[]), &[])?;
        Ok((Judgement::new(verdicts, accepted, &said), undecided))
    })();
    match found {
        Ok(((findings, judged), undecided)) => Ok(Outcome {
            inputs,
            rules: rules().collect(),
            undecided,
            found: Found::Findings(findings),
            judged,
            sealed: Seals::default(),
            loaded,
        }),
        Err(reason) => Err(Box::new(Stopped { loaded, reason })),
    }
}

/// What all rules and guardrails find.
pub(super) struct Scanned {
    pub(super) findings: Vec<Finding>,
    pub(super) undecided: Vec<String>,
    pub(super) verdicts: Vec<guardrails::Verdict>,
}

/// The findings of all rules and guardrails, and the questions that stayed undecided on the way.
/// Of the ways to these crown jewels, all.
pub(super) fn scan(
    evaluator: &Evaluator<'_>,
    steps: &[Step],
    said: &Said<'_>,
    jewels: &[Name],
) -> Result<Scanned, Reason> {
    let graph = Graph::build(evaluator, steps)?;
    let (mut findings, undecided) = find(evaluator, &graph)?;
    let judge = Judge::new(*evaluator, &graph, steps);
    let judged = judge.judge(&said.configuration.guardrails)?;
    findings.extend(judged.findings);
    findings.extend(judge.ways_to_jewels(jewels)?);
    Ok(Scanned { findings, undecided, verdicts: judged.verdicts })
}

/// The findings of all rules, and the questions that stayed undecided on the way.
pub(super) fn find(evaluator: &Evaluator<'_>, graph: &Graph) -> Result<(Vec<Finding>, Vec<String>), Reason> {
    let found = findings::run(&Context::new(*evaluator, graph, &OneDocument::all(evaluator)))?;
    Ok((found, graph.undecided().to_vec()))
}

/// What the configuration had to say.
#[derive(Default)]
pub(super) struct Judgement {
    pub(super) verdicts: Vec<guardrails::Verdict>,
    pub(super) suppressed: Vec<Suppressed>,
    pub(super) stale: usize,
    pub(super) baseline: Option<Baseline>,
}

impl Judgement {
    /// With what is to be reported.
    pub(super) fn new(
        verdicts: Vec<guardrails::Verdict>,
        accepted: Accepted,
        said: &Said<'_>,
    ) -> (Vec<Finding>, Self) {
        let Accepted { findings, suppressed, stale } = accepted;
        let baseline = said.baseline().cloned();
        (findings, Self { verdicts, suppressed, stale, baseline })
    }
}

/// Every rule of `scan` and `check`, in the order in which they are listed.
pub fn rules() -> impl Iterator<Item = &'static Meta> {
    let others = [
        &guardrails::BROKEN_GUARDRAIL,
        &guardrails::IDLE_GUARDRAIL,
        &review::EXPIRED_IGNORE,
        &review::UNMATCHED_IGNORE,
        &guardrails::CROWN_JEWEL_PATH,
        &review::GAINED_ACCESS,
    ];
    RULES.iter().map(|rule| rule.meta()).chain(others)
}

/// The ids of all rules.
pub fn rule_ids() -> Vec<&'static str> {
    rules().map(|meta| meta.id).collect()
}
