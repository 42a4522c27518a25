//! The program as one readable function: load, relate, evaluate, find, recommend, report.
//!
//! [`run`] is what every command that looks at files does. It neither prints nor chooses an exit code.

mod accepting;
mod check;
mod edited;
mod logs;
mod question;
mod scan;
mod seals;
mod simulate;
mod ways;

pub use accepting::BaselineFile;
pub use scan::{rule_ids, rules};

use question::{admit, principal, question, unread};
use scan::{Judgement, find, scanned};

use std::sync::Arc;

use crate::clouds::escalation::Step;
use crate::configuration::Configuration;
use crate::evaluator::{self, Access, Answer, Bug, Entrant, Evaluator, Extent, Simulated};
use crate::findings::{self, Finding, Meta, RULES};
use crate::graph::{Administrators, Edge, Graph, Paths, Radius, Way, Ways};
use crate::input::disk::Limits;
use crate::input::{self, Base, Loaded};
use crate::logic::{Attribute, Case, Formula, Pattern, Patterns};
use crate::model::{Estate, Object, Question, Usage};
use crate::progress::{self, Stage};
use crate::recommender::{self, Certificate, Edits, Sealed, Suggestion, Summary, Verified};
use crate::report::{Content, Input, Report, Verdict};
use crate::review::{Baseline, Review, Suppressed};
use crate::solver::Portfolio;

/// Which files suggestions are to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Editing {
    /// None.
    None,
    /// Those that the estate is read from.
    Estate,
    /// Terraform, by these paths.
    Terraform(Vec<String>),
}

/// What to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
    /// Findings of all rules.
    Scan,
    /// Paths, of one principal or of all, to administration or to something else.
    Paths {
        /// The principal, as the user typed it.
        from: Option<String>,
        /// The principal or resource, as the user typed it; the administration of any scope without it.
        to: Option<String>,
    },
    /// Everything that a principal comes to.
    BlastRadius {
        /// The principal, as the user typed it.
        principal: String,
    },
    /// Who administers what, or can come to.
    Admins,
    /// What outsiders reach: the findings about them.
    External,
    /// The permission graph.
    Graph,
    /// Whether a principal may do an action on a resource.
    Can {
        /// The principal as the user typed it, or [`ANONYMOUS`] or [`OUTSIDE`].
        principal: String,
        /// The action as the user typed it; `*` for any.
        action: String,
        /// The resource as the user typed it; `*` for any.
        resource: String,
    },
    /// All that a principal may do.
    Access {
        /// The principal as the user typed it, or [`ANONYMOUS`] or [`OUTSIDE`].
        principal: String,
        /// Only actions that match this pattern.
        action: Option<String>,
        /// Only resources that match this pattern.
        resource: Option<String>,
    },
    /// Everybody who may do an action on a resource.
    WhoCan {
        /// The action as the user typed it; `*` for any.
        action: String,
        /// The resource as the user typed it; `*` for any.
        resource: String,
        /// Whether those are asked for, too, who can come to act as somebody who may.
        via_paths: bool,
    },
    /// Narrower grants for what was used.
    Recommend {
        /// Paths to activity logs.
        usage: Vec<String>,
        /// Only for this principal, as the user typed it.
        principal: Option<String>,
        /// For how many days use should have been watched.
        days: u32,
        /// Whether certificates are wanted.
        certify: bool,
        /// Which changes of files are wanted.
        edit: Editing,
    },
    /// Whether certificates hold.
    Verify {
        /// Paths to activity logs.
        usage: Vec<String>,
        /// Paths to certificates.
        certificates: Vec<String>,
    },
    /// What a change newly allows, and for whom.
    Check {
        /// What the files were before; none where plans alone tell of a change.
        base: Option<Base>,
        /// Paths to what does not change.
        estate: Vec<String>,
        /// Paths to plans, which tell both sides.
        plans: Vec<String>,
        /// Whether what was found before is reported, too.
        all: bool,
    },
    /// Decisions on scenarios, each of which brings its own policies.
    Simulate {
        /// Whether decisions are compared with those that the scenarios expect.
        check: bool,
    },
}

impl Task {
    /// The logs that it looks at.
    fn usage(&self) -> Option<&[String]> {
        match self {
            Self::Recommend { usage, .. } | Self::Verify { usage, .. } => Some(usage),
            _ => None,
        }
    }

    /// Whether it matters which files those were that were read.
    fn is_about_files(&self) -> bool {
        matches!(self, Self::Recommend { certify: true, .. } | Self::Verify { .. })
    }
}

/// The word for somebody without credentials.
pub const ANONYMOUS: &str = "anonymous";
/// The word for principals that belong to none of the files.
pub const OUTSIDE: &str = "outside";

/// How to look.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// What a team wants of `scan` and `check`.
    pub configuration: Arc<Configuration>,
    /// Findings that were there when a team began.
    pub baseline: Option<BaselineFile>,
    /// Limits on what is read.
    pub limits: Limits,
    /// The engines, and how long they may take.
    pub portfolio: Portfolio,
    /// No request is made before this time, in microseconds since the Unix epoch. Without it that is known of the time
    /// when the facts about each cloud were taken.
    pub earliest: Option<i64>,
    /// Files with escalation steps beside those that the program ships.
    pub steps: Vec<String>,
}

/// What came out.
pub struct Outcome {
    loaded: Loaded,
    inputs: Vec<Input>,
    rules: Vec<&'static Meta>,
    undecided: Vec<String>,
    found: Found,
    judged: Judgement,
    sealed: Seals,
}

/// What a certificate says of the run as a whole.
#[derive(Default)]
struct Seals {
    inputs: Vec<Sealed>,
    now: Option<i64>,
}

/// What was found, by task.
enum Found {
    Findings(Vec<Finding>),
    Paths(Paths),
    Ways(Ways),
    Radius(Radius),
    Admins(Administrators),
    Graph(Vec<Edge>),
    Answer(Box<(Question, Answer, Answer)>),
    Access(Question, Access),
    WhoCan(Question, Vec<Entrant>, Option<Vec<Way>>),
    Suggestions(Vec<Suggestion>, Box<(Summary, Edits)>),
    Verified(Vec<Verified>),
    Decisions(Vec<Simulated>),
    Review(Box<Review>),
}

/// Why nothing came out.
pub struct Stopped {
    /// What was loaded until then, with its problems.
    pub loaded: Loaded,
    /// The reason.
    pub reason: Reason,
}

/// Why a run stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No document could be analysed.
    NoDocuments,
    /// No activity log could be read.
    NoUsage,
    /// No scenario could be read.
    NoScenarios,
    /// No certificate could be read.
    NoCertificates,
    /// There is nothing to compare with, for this reason.
    NoBase(String),
    /// The question names something that does not exist.
    Unanswerable {
        /// What, for people.
        message: String,
        /// What comes near.
        nearest: Vec<String>,
    },
    /// The program is at fault.
    Bug(Bug),
}

/// Runs `task` on the files that `paths` stand for.
pub fn run(task: &Task, paths: &[String], settings: &Settings) -> Result<Outcome, Box<Stopped>> {
    if let Task::Simulate { check } = task {
        return simulate::simulate(paths, settings.limits, *check);
    }
    if let Task::Check { base, estate, plans, all } = task {
        let compared = check::Compared { base: base.as_ref(), paths, estate, plans, all: *all };
        return check::check(&compared, settings);
    }
    // What a recommendation changes is what exports tell of; sources are changed by what they are told with it.
    let sources = !matches!(task, Task::Recommend { .. } | Task::Verify { .. });
    let limits = Limits { sources, ..settings.limits };
    let mut loaded = input::load_beside(settings.configuration.files.clone(), paths, limits);
    if let Some(earliest) = settings.earliest {
        loaded.estate.set_earliest(earliest);
    }
    let mut inputs = documents(&loaded);
    if inputs.is_empty() {
        return Err(Box::new(Stopped { loaded, reason: Reason::NoDocuments }));
    }
    let mut used = Usage::default();
    let mut sealed = task.is_about_files().then(|| seals::estate(&loaded, paths));
    if let Some(usage) = task.usage() {
        let logs = logs::read(usage, settings.limits, sealed.as_mut(), &mut used, &mut loaded.problems);
        if logs.is_empty() {
            return Err(Box::new(Stopped { loaded, reason: Reason::NoUsage }));
        }
        inputs.extend(logs);
        loaded.problems.extend(logs::unaccounted(&used, &loaded.estate));
    }
    let sealed = Seals { inputs: sealed.unwrap_or_default(), now: settings.earliest };
    if let Task::Verify { certificates, .. } = task {
        let read = seals::read(certificates, settings.limits, &mut loaded);
        return seals::verify(read, loaded, inputs, &used, &sealed, &settings.portfolio);
    }
    let steps = input::read_steps(&settings.steps, settings.limits, &mut loaded);
    if let Task::Can { principal, .. } | Task::Access { principal, .. } = task {
        admit(&mut loaded.estate, principal);
    }
    if *task == Task::Scan {
        return scanned(loaded, inputs, &steps, settings);
    }
    let analysed = analyse(task, &loaded.estate, &used, &settings.portfolio, &steps);
    let edited = |(found, open)| Ok((edited::edited(task, found, &mut loaded, settings)?, open));
    match analysed.and_then(edited) {
        Ok((found, undecided)) => Ok(Outcome {
            inputs,
            rules: RULES.iter().map(|rule| rule.meta()).collect(),
            undecided,
            found,
            judged: Judgement::default(),
            sealed,
            loaded,
        }),
        Err(reason) => Err(Box::new(Stopped { loaded, reason })),
    }
}

/// The result, and the questions that stayed undecided on the way.
fn analyse(
    task: &Task,
    estate: &Estate,
    used: &Usage,
    portfolio: &Portfolio,
    steps: &[Step],
) -> Result<(Found, Vec<String>), Reason> {
    progress::begin(Stage::Asking, 0);
    let evaluator = Evaluator::new(estate, portfolio);
    match task {
        Task::Paths { from, to } => {
            let from = from.as_deref().map(|typed| principal(estate, typed)).transpose()?;
            match to {
                Some(to) => ways::to(&evaluator, steps, from, to),
                None => ways::to_administration(&evaluator, steps, from),
            }
        }
        Task::BlastRadius { principal: typed } => {
            let radius = Radius::of(&evaluator, steps, principal(estate, typed)?)?;
            let undecided = radius.undecided.clone();
            Ok((Found::Radius(radius), undecided))
        }
        Task::Admins => {
            let graph = Graph::build(&evaluator, steps)?;
            Ok((Found::Admins(Administrators::of(&graph, &evaluator)?), graph.undecided().to_vec()))
        }
        Task::External => {
            let graph = Graph::build(&evaluator, steps)?;
            let (mut found, undecided) = find(&evaluator, &graph)?;
            found.retain(|finding| findings::is_about_outsiders(estate, finding));
            Ok((Found::Findings(found), undecided))
        }
        Task::Graph => {
            let graph = Graph::to_draw(&evaluator, steps)?;
            let mut edges = graph.outline(&evaluator)?;
            let (open, unclear) = crate::graph::open(&evaluator)?;
            edges.extend(open);
            Ok((Found::Graph(edges), [graph.undecided(), &unclear].concat()))
        }
        Task::Can { principal, action, resource } => {
            let question = question(estate, principal, Some(action), resource)?;
            // Who asks one question wants to know what decides it, also the keys that it takes.
            let can = evaluator.without_shortcuts().can(&question, &Formula::True)?;
            let lacks = evaluator.lacks(&question, &Formula::True)?;
            Ok((Found::Answer(Box::new((question, can, lacks))), Vec::new()))
        }
        Task::Access { principal, action, resource } => {
            // One action and one resource are a question about these; patterns only say what is shown.
            let one = resource.as_deref().filter(|typed| !typed.contains(['*', '?']));
            let question = question(estate, principal, action.as_deref(), one.unwrap_or(ANY))?;
            let shown = action.as_deref().filter(|_| question.action.is_none());
            let given = Formula::all([
                matching(Attribute::action(), shown, Case::Insensitive),
                matching(
                    Attribute::resource(),
                    resource.as_deref().filter(|_| one.is_none()),
                    Case::Sensitive,
                ),
            ]);
            let mut access = evaluator.access(&question, &given)?;
            if question.object == Object::Any {
                access.certainty = access.certainty.and(unread(estate, question.cloud));
            }
            Ok((Found::Access(question, access), Vec::new()))
        }
        Task::WhoCan { action, resource, via_paths } => {
            let question = question(estate, ANONYMOUS, Some(action), resource)?;
            let entrants = evaluator.who_can(question.cloud, question.action.as_deref(), &question.object)?;
            if !via_paths {
                return Ok((Found::WhoCan(question, entrants, None), Vec::new()));
            }
            let (ways, undecided) = ways::to_entrants(&evaluator, steps, &entrants)?;
            Ok((Found::WhoCan(question, entrants, Some(ways)), undecided))
        }
        Task::Recommend { principal: typed, days, .. } => {
            let principal = typed.as_deref().map(|typed| principal(estate, typed)).transpose()?;
            let options = recommender::Options { principal, days: *days };
            let suggestions = recommender::recommend(&evaluator, used, &options)?;
            let summary = recommender::summary(estate, used, &options, &suggestions);
            Ok((Found::Suggestions(suggestions, Box::new((summary, Edits::default()))), Vec::new()))
        }
        // `run` has done these: scenarios are no estate, certificates no question about one, and findings are held against
        // the configuration.
        Task::Scan | Task::Verify { .. } | Task::Check { .. } | Task::Simulate { .. } => {
            Ok((Found::Decisions(Vec::new()), Vec::new()))
        }
    }
}

/// What users type for any action and any resource.
const ANY: &str = "*";

/// Holds for the values that match a pattern of `*` and `?`; for all where there is no pattern.
fn matching(attribute: Attribute, pattern: Option<&str>, case: Case) -> Formula {
    let one = |pattern| Formula::matches(attribute, Patterns::of([Pattern::glob(pattern, case)]));
    pattern.map_or(Formula::True, one)
}

impl From<Bug> for Reason {
    fn from(bug: Bug) -> Self {
        Self::Bug(bug)
    }
}

/// The documents that were loaded, each with its kind.
fn documents(loaded: &Loaded) -> Vec<Input> {
    let documents = loaded.documents.iter();
    documents
        .map(|document| Input { path: loaded.files.path(document.file).to_owned(), format: document.format })
        .collect()
}

impl Outcome {
    /// What was loaded.
    pub fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// The findings, if findings were asked for.
    pub fn findings(&self) -> &[Finding] {
        match &self.found {
            Found::Findings(findings) => findings,
            Found::Review(review) => &review.findings,
            _ => &[],
        }
    }

    /// The findings that are not reported.
    pub fn suppressed(&self) -> &[Suppressed] {
        &self.judged.suppressed
    }

    /// The baseline that findings were held against.
    pub fn baseline(&self) -> Option<&Baseline> {
        self.judged.baseline.as_ref()
    }

    /// The certificates of suggestions: all in one, or one for each with the name of its principal.
    pub fn certificates(&self, each: bool) -> Vec<(String, Certificate)> {
        let Found::Suggestions(all, _) = &self.found else { return Vec::new() };
        let Seals { inputs, now } = &self.sealed;
        if !each {
            return vec![(String::new(), Certificate::of(all, inputs, *now))];
        }
        let one = |one: &Suggestion| (one.name.clone(), Certificate::of([one], inputs, *now));
        all.iter().filter(|one| one.changes_something()).map(one).collect()
    }

    /// The changes of the files that make suggestions come true, if they were asked for.
    pub fn edits(&self) -> Option<&Edits> {
        match &self.found {
            Found::Suggestions(_, more) => Some(&more.1),
            _ => None,
        }
    }

    /// Whether something is other than it was said to be: a decision, or what a certificate claims.
    pub fn differs(&self) -> bool {
        match &self.found {
            Found::Decisions(decisions) => decisions.iter().any(Simulated::differs),
            Found::Verified(verified) => verified.iter().any(|one| !one.failures.is_empty()),
            _ => false,
        }
    }

    /// Whether a question stayed undecided that the result rests on.
    pub fn is_undecided(&self) -> bool {
        let open = match &self.found {
            Found::Findings(findings) => findings.iter().any(Finding::is_undecided),
            Found::Review(review) => review.findings.iter().any(Finding::is_undecided),
            Found::Paths(_)
            | Found::Ways(_)
            | Found::Radius(_)
            | Found::Admins(_)
            | Found::Graph(_)
            | Found::Decisions(_) => false,
            Found::Verified(verified) => verified.iter().any(Verified::is_undecided),
            Found::Answer(answer) => answer.1.is_undecided(),
            Found::WhoCan(_, entrants, _) => entrants.iter().any(|one| one.extent() == Extent::Undecided),
            Found::Access(_, access) => matches!(access.certainty, evaluator::Certainty::Undecided(_)),
            Found::Suggestions(suggestions, _) => suggestions
                .iter()
                .any(|one| one.proof.keeps.holds.is_none() || one.proof.narrows.holds.is_none()),
        };
        open || !self.undecided.is_empty()
    }

    /// Everything that a reporter needs.
    pub fn report(&self) -> Report<'_> {
        Report {
            files: &self.loaded.files,
            estate: &self.loaded.estate,
            inputs: &self.inputs,
            problems: &self.loaded.problems,
            rules: &self.rules,
            undecided: &self.undecided,
            guardrails: &self.judged.verdicts,
            suppressed: &self.judged.suppressed,
            stale: self.judged.stale,
            content: match &self.found {
                Found::Findings(findings) => Content::Findings(findings),
                Found::Paths(paths) => Content::Paths(paths),
                Found::Ways(ways) => Content::Ways(ways),
                Found::Radius(radius) => Content::Radius(radius),
                Found::Admins(admins) => Content::Admins(admins),
                Found::Graph(edges) => Content::Graph(edges),
                Found::Answer(answer) => {
                    let (question, can, lacks) = &**answer;
                    Content::Answer(Verdict { question, can, lacks })
                }
                Found::Access(question, access) => Content::Access(question, access),
                Found::WhoCan(question, entrants, ways) => {
                    Content::WhoCan(question, entrants, ways.as_deref())
                }
                Found::Suggestions(suggestions, more) => Content::Suggestions(suggestions, &more.0),
                Found::Verified(verified) => Content::Verified(verified),
                Found::Decisions(decisions) => Content::Decisions(decisions),
                Found::Review(review) => Content::Review(review),
            },
        }
    }
}
