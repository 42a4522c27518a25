//! Options that several commands share, and what they mean for the run.

use std::hash::Hasher;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use rustc_hash::FxHasher;

use super::console::Console;
use super::exit::Exit;
use crate::clouds::clock;
use crate::configuration::{self, Configuration, RuleIds};
use crate::findings::Level;
use crate::input::disk::{self, Limits};
use crate::pipeline::{BaselineFile, Settings, rule_ids};
use crate::report::{ContentKind, REPORTERS, Reporter, reporter};
use crate::solver::{EngineSelection, Portfolio, Scripts};

/// How to analyse.
#[derive(Debug, Args)]
#[command(next_help_heading = "Analysis")]
pub(super) struct AnalysisOptions {
    /// The engines that may answer: native first and Z3 for the rest, one of them, or both with a comparison.
    #[arg(long, value_name = "ENGINE", default_value = "auto")]
    engine: Engine,
    /// The most steps that an engine may take for one question.
    #[arg(long, value_name = "STEPS", default_value_t = Portfolio::default().budget)]
    budget: u64,
    /// Ask about requests from this time on: a day, or a time such as `2027-01-31T18:00:00Z`. Without it, about those since
    /// the day of the catalogs.
    #[arg(long, value_name = "TIME", value_parser = time)]
    now: Option<i64>,
    /// Write each question that reaches an engine into this folder, as a script for any SMT solver.
    #[arg(long, value_name = "FOLDER")]
    dump_smt: Option<PathBuf>,
    /// The largest file that is read, in MiB after decompression.
    #[arg(long, value_name = "MIB", default_value_t = Limits::default().file_bytes >> 20)]
    max_file_size: u64,
}

/// What leads where.
#[derive(Debug, Args)]
#[command(next_help_heading = "Analysis")]
pub(super) struct StepOptions {
    /// A file with further escalation steps; may be given more than once.
    #[arg(long, value_name = "FILE")]
    pub(super) steps: Vec<String>,
}

/// What a team wants.
#[derive(Debug, Args)]
#[command(next_help_heading = "Configuration")]
pub(super) struct ConfigurationOptions {
    /// The configuration; `leastwise.toml` in the current folder or above it without this.
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    config: Option<String>,
    /// Without any configuration.
    #[arg(long)]
    no_config: bool,
    /// Findings that were there when a team began, as `scan --write-baseline` writes them: they are counted, not reported.
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
    /// The level from which on a finding makes the exit code 1; without it that of the configuration, or else `high`.
    /// Gained access is `high` for strangers, `medium` for whoever was there before, and `low` for whoever is new.
    #[arg(long, value_name = "LEVEL")]
    fail_on: Option<FailOn>,
}

impl ConfigurationOptions {
    /// The settings with the configuration, and the level from which on findings make the run fail. `written` is where a
    /// baseline is to be written.
    pub(super) fn settings(
        &self,
        settings: Settings,
        written: Option<&Path>,
        console: &mut Console,
    ) -> Result<(Settings, Option<Level>), Exit> {
        let configuration = if self.no_config {
            Configuration::default()
        } else {
            let ids = rule_ids();
            let read = configuration::read(self.config.as_deref(), RuleIds(&ids), settings.limits);
            read.map_err(|problem| {
                let message = format!("no analysis took place: {}", problem.message);
                console.fail(&message, problem.help.as_deref())
            })?
        };
        let named = self.baseline.clone().or_else(|| configuration.baseline.clone());
        let path = written.map(Path::to_path_buf).or(named);
        let baseline = path.map(|path| BaselineFile { path, may_lack: written.is_some() });
        let of_file = configuration.fail_on.unwrap_or(Some(Level::High));
        let threshold = self.fail_on.map_or(of_file, FailOn::threshold);
        Ok((Settings { configuration: Arc::new(configuration), baseline, ..settings }, threshold))
    }
}

/// From which level on findings make a run fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    Info,
    Low,
    Medium,
    High,
    /// Findings never make the run fail.
    Never,
}

impl FailOn {
    /// The level; none where findings do not count.
    pub(super) fn threshold(self) -> Option<Level> {
        match self {
            Self::Info => Some(Level::Info),
            Self::Low => Some(Level::Low),
            Self::Medium => Some(Level::Medium),
            Self::High => Some(Level::High),
            Self::Never => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Engine {
    Auto,
    Native,
    Z3,
    Both,
}

impl AnalysisOptions {
    /// The settings of the run.
    pub(super) fn settings(&self, console: &mut Console) -> Result<Settings, Exit> {
        let engines = match self.engine {
            Engine::Auto => EngineSelection::Auto,
            Engine::Native => EngineSelection::Native,
            Engine::Z3 => EngineSelection::Z3,
            Engine::Both => EngineSelection::Both,
        };
        let needs_z3 = matches!(self.engine, Engine::Z3 | Engine::Both);
        if needs_z3 && let Err((why, help)) = z3_is_usable() {
            return Err(console.fail(&format!("no analysis took place: {why}"), Some(help)));
        }
        let scripts = match &self.dump_smt {
            Some(folder) => Some(scripts(folder, console)?),
            None => None,
        };
        let file_bytes = self.max_file_size.saturating_mul(1 << 20);
        Ok(Settings {
            limits: Limits { file_bytes, ..Limits::default() },
            portfolio: Portfolio { engines, budget: self.budget, scripts },
            earliest: self.now,
            ..Settings::default()
        })
    }
}

/// A time in microseconds since the Unix epoch.
fn time(text: &str) -> Result<i64, String> {
    clock::instant(text).ok_or_else(|| {
        "expected a day such as `2027-01-31`, or a time such as `2027-01-31T18:00:00Z`".to_owned()
    })
}

/// Writes each script into the folder under a name that follows from its content.
fn scripts(folder: &Path, console: &mut Console) -> Result<Scripts, Exit> {
    let about = "; Each file here is a question that the analysis asked, for any solver that reads SMT-LIB:\n\
                 ; `sat` means that there is such a request.\n";
    let written = disk::write(&folder.join("about.txt"), about.as_bytes());
    written.map_err(|problem| {
        let help = "name a folder that exists and can be written to";
        console.fail(&format!("no analysis took place: {}", problem.message), Some(help))
    })?;
    let (folder, late) = (folder.to_owned(), console.late_failure());
    Ok(Scripts::new(move |script| {
        let mut hasher = FxHasher::default();
        hasher.write(script.as_bytes());
        let path = folder.join(format!("{:016x}.smt2", hasher.finish()));
        if let Err(problem) = disk::write(&path, script.as_bytes()) {
            late.set(&problem.message);
        }
    }))
}

/// Why Z3 cannot be asked, with advice, if it cannot.
#[cfg(feature = "z3")]
fn z3_is_usable() -> Result<(), (String, &'static str)> {
    if crate::solver::z3::is_usable() {
        return Ok(());
    }
    let version = crate::solver::z3::version();
    Err((
        format!("the library that is linked is `{version}`, too old to be asked"),
        "use `--engine native`, or put Z3 5.1 or newer in its place",
    ))
}

/// Why Z3 cannot be asked, with advice.
#[cfg(not(feature = "z3"))]
fn z3_is_usable() -> Result<(), (String, &'static str)> {
    Err((
        "this `leastwise` was built without Z3".to_owned(),
        "use `--engine native`, or a build with the feature `z3`",
    ))
}

/// How to report.
#[derive(Debug, Args)]
#[command(next_help_heading = "Report")]
pub(super) struct ReportOptions {
    /// The format on standard output.
    #[arg(long, value_name = "FORMAT", default_value = "text", value_parser = formats())]
    format: String,
    /// Also write a report to a file; can be given several times.
    #[arg(long, value_name = "FORMAT=PATH", value_parser = output)]
    output: Vec<(String, PathBuf)>,
}

/// The reports that were asked for.
pub(super) struct Reports {
    /// The one on standard output.
    pub(super) printed: &'static dyn Reporter,
    /// Those in files.
    pub(super) written: Vec<(&'static dyn Reporter, PathBuf)>,
}

impl ReportOptions {
    /// The reporters, if each can hold what the command finds.
    pub(super) fn reports(&self, kind: ContentKind, console: &mut Console) -> Result<Reports, Exit> {
        let printed = fitting(&self.format, kind, console)?;
        let mut written = Vec::new();
        for (format, path) in &self.output {
            written.push((fitting(format, kind, console)?, path.clone()));
        }
        Ok(Reports { printed, written })
    }
}

fn fitting(id: &str, kind: ContentKind, console: &mut Console) -> Result<&'static dyn Reporter, Exit> {
    if let Some(reporter) = reporter(id).filter(|reporter| reporter.holds(kind)) {
        return Ok(reporter);
    }
    let others: Vec<String> =
        REPORTERS.iter().filter(|other| other.holds(kind)).map(|other| format!("`{}`", other.id())).collect();
    Err(console.fail(
        &format!("no analysis took place: the format `{id}` cannot hold what `{}` finds", kind.as_str()),
        Some(&format!("use one of {}", others.join(", "))),
    ))
}

fn formats() -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(REPORTERS.iter().map(|reporter| reporter.id()))
}

/// `FORMAT=PATH`.
fn output(text: &str) -> Result<(String, PathBuf), String> {
    let formats: Vec<&str> = REPORTERS.iter().map(|reporter| reporter.id()).collect();
    match text.split_once('=') {
        Some((_, "")) => Err("the path is empty".to_owned()),
        Some((format, path)) if reporter(format).is_some() => Ok((format.to_owned(), PathBuf::from(path))),
        Some((format, _)) => Err(format!("`{format}` is no format; the formats are {}", formats.join(", "))),
        None => Err(format!("expected `FORMAT=PATH` with a format of {}", formats.join(", "))),
    }
}
