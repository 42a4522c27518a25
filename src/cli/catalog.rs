//! `leastwise catalog`: what the embedded catalogs hold, and rebuilding them from the providers' exports.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use tabled::builder::Builder;
use tabled::settings::Style;

use super::analysis::alternatives;
use super::console::{Console, without_trailing_blanks};
use super::exit::Exit;
use crate::clouds::catalog::{self, CatalogPart};
use crate::clouds::{self, Cloud};
use crate::input::disk::{self, Limits};
use crate::model::CloudId;
use crate::text::{Files, printable, render};

/// Show, search and rebuild the catalogs of actions, roles and managed policies.
#[derive(Debug, Args)]
pub(super) struct Catalog {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what is known of actions, roles, permissions, managed policies, resource types or condition keys.
    Show {
        /// Such as `s3:GetObject`, `s3:Get*`, `roles/editor`, `storage.objects.get`, `ReadOnlyAccess`.
        #[arg(required = true, value_name = "NAME")]
        names: Vec<String>,
    },
    /// Search names by a part of them or by something near to it.
    Search {
        /// Such as `getobjct` or `objectCreator`.
        #[arg(value_name = "TEXT")]
        text: String,
        /// The most matches, those that are nearest in all catalogs.
        #[arg(long, value_name = "NUMBER", default_value_t = 10)]
        limit: usize,
    },
    /// Rebuild catalogs from the providers' own exports: the AWS service reference, `aws iam
    /// get-account-authorization-details`, `gcloud iam roles list` and `describe`, `az role definition list`, `az
    /// provider operation list`.
    Build {
        /// Folders or files with the exports.
        #[arg(long, required = true, value_name = "PATH", num_args = 1..)]
        from: Vec<String>,
        /// The folder to write the catalogs to; it has to exist.
        #[arg(long, value_name = "FOLDER")]
        to: PathBuf,
        /// The date of the exports, YYYY-MM-DD; it is written into the catalogs.
        #[arg(long, value_name = "DATE", value_parser = date)]
        date: String,
    },
}

impl Catalog {
    /// Runs the command.
    pub(super) fn run(&self, console: &mut Console) -> Exit {
        match &self.command {
            None => list(console),
            Some(Command::Show { names }) => show(names, console),
            Some(Command::Search { text, limit }) => search(text, *limit, console),
            Some(Command::Build { from, to, date }) => build(from, to, date, console),
        }
    }
}

fn date(text: &str) -> Result<String, String> {
    match text.parse::<jiff::civil::Date>() {
        Ok(date) => Ok(date.to_string()),
        Err(_) => Err("expected a date such as `2026-11-23`".to_owned()),
    }
}

/// All parts with date, counts and size.
fn list(console: &mut Console) -> Exit {
    let parts = catalog::parts();
    let mut table = Builder::default();
    table.push_record(["catalog", "date", "holds", "bytes"]);
    for part in &parts {
        let counts: Vec<String> = part.counts.iter().map(|(what, count)| format!("{count} {what}")).collect();
        table.push_record([part.id, part.date.as_str(), &counts.join(", "), &part.bytes.to_string()]);
    }
    let total: usize = parts.iter().map(|part| part.bytes).sum();
    let mut table = table.build();
    table.with(Style::blank());
    let table = without_trailing_blanks(&table.to_string());
    console.out(&format!("{table}\n\n{total} bytes in all, embedded in the program.\n"));
    for part in &parts {
        for source in &part.source {
            console.out(&format!("  {}: {source}\n", part.id));
        }
    }
    damaged(&parts, console)
}

fn damaged(parts: &[CatalogPart], console: &mut Console) -> Exit {
    let mut exit = Exit::Clean;
    for problem in parts.iter().filter_map(|part| part.problem.as_ref()) {
        exit = console.fail(&problem.to_string(), None);
    }
    exit
}

/// Labels and values of each name, from every cloud that has it.
fn show(names: &[String], console: &mut Console) -> Exit {
    let mut exit = Exit::Clean;
    for (name, index) in names.iter().zip(0..) {
        let known = catalog::describe(name);
        if known.is_empty() {
            exit = unknown(name, console);
        }
        for (cloud, rows) in known {
            if index > 0 {
                console.out("\n");
            }
            let title = clouds::cloud(CloudId::new(cloud)).map_or(cloud, Cloud::name);
            console.out(&format!("{title}\n{}", described(&rows)));
        }
    }
    exit
}

fn described(rows: &[(String, Vec<String>)]) -> String {
    let width = rows.iter().map(|(label, _)| label.len()).max().unwrap_or(0);
    let mut text = String::new();
    for (label, values) in rows {
        let mut label = label.as_str();
        for value in values {
            let value = printable(value).replace('\n', &format!("\n  {:width$}  ", ""));
            text.push_str(&format!("  {label:<width$}  {value}\n"));
            label = "";
        }
    }
    text
}

fn unknown(name: &str, console: &mut Console) -> Exit {
    let nearest: Vec<String> = catalog::search(name, 5).into_iter().map(|(_, found)| found.name).collect();
    let help = (!nearest.is_empty()).then(|| format!("did you mean {}?", alternatives(&nearest)));
    console.fail(&format!("no catalog knows `{name}`"), help.as_deref())
}

fn search(text: &str, limit: usize, console: &mut Console) -> Exit {
    let found = catalog::search(text, limit);
    if found.is_empty() {
        return console.fail(&format!("nothing in the catalogs is near `{text}`"), None);
    }
    let mut table = Builder::default();
    for (cloud, found) in found {
        table.push_record([cloud, found.kind, &found.name]);
    }
    let mut table = table.build();
    table.with(Style::blank());
    let table = without_trailing_blanks(&table.to_string());
    console.out(&format!("{table}\n"));
    Exit::Clean
}

/// Reads the exports and writes every part that they make.
fn build(from: &[String], to: &std::path::Path, date: &str, console: &mut Console) -> Exit {
    let limits = Limits::default();
    let mut problems = Vec::new();
    let mut files = Vec::new();
    for found in disk::expand(from, limits, &mut problems) {
        match disk::read(&found.path, limits) {
            Ok(text) => files.push((found.path.to_string_lossy().into_owned(), text)),
            Err(problem) => problems.push(*problem),
        }
    }
    for problem in &problems {
        let shown = render(problem, &Files::default(), console.err_colour());
        console.err(&format!("{shown}\n\n"));
    }
    let mut remarks = Vec::new();
    let built = catalog::build(&files, date, &mut remarks);
    for remark in &remarks {
        console.err(&format!("warning: {}\n", printable(remark)));
    }
    let built = match built {
        Ok(built) if built.is_empty() => {
            return console.fail("no catalog was built: none of the files is an export that is known", None);
        }
        Ok(built) => built,
        Err(error) => return console.fail(&format!("no catalog was built: {error}"), None),
    };
    for part in &built {
        let path = to.join(format!("{}.bin.zst", part.id));
        if let Err(problem) = disk::write(&path, &part.bytes) {
            return console.fail(&problem.message, None);
        }
        console.out(&format!("{} ({} bytes)\n", path.display(), part.bytes.len()));
    }
    if problems.is_empty() { Exit::Clean } else { Exit::NotRun }
}
