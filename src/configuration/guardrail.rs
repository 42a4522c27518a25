//! `[[guardrail]]`: one table for each, whose kind is told by the key that begins the sentence.

use std::path::Path;

use super::levels::LEVELS;
use super::source::Source;
use super::table::{Table, located};
use crate::clouds::{CLOUDS, Cloud};
use crate::findings::Level;
use crate::guardrails::{Able, Claim, End, Guardrail, Name, NoPath, NoWider, Only, Reference, WORDS};
use crate::input::disk::Limits;
use crate::input::document_pairs;
use crate::logic::{Attribute, Case, Formula, Pattern, Patterns, Universe};
use crate::text::{Files, Problem, Tree};

/// Keys of every guardrail.
const COMMON: &[&str] = &["id", "reason", "level", "cloud"];
/// The kinds, by the key that begins the sentence, with the keys of each.
const KINDS: [(&str, &[&str]); 4] = [
    ("nobody_but", &["may", "on", "unless"]),
    ("must_stay_able", &["to", "on", "always"]),
    ("no_path_from", &["to"]),
    ("no_wider_than", &["policy"]),
];
/// The word for the administration of anything.
const ADMINISTRATION: &str = "administration";

/// What reading a guardrail needs.
pub(super) struct Reading<'r> {
    pub(super) source: Source,
    /// Where files that are named lie.
    pub(super) folder: &'r Path,
    pub(super) limits: Limits,
    pub(super) files: &'r mut Files,
    pub(super) problems: &'r mut Vec<Problem>,
}

/// What is the same for all kinds.
struct Head {
    id: Name,
    reason: Option<Name>,
    level: Level,
    cloud: Option<&'static dyn Cloud>,
}

impl Reading<'_> {
    /// Reads one. `None` after a problem: half of a guardrail may hold where the whole does not.
    pub(super) fn read(&mut self, tree: &Tree) -> Option<Guardrail> {
        let before = self.problems.len();
        let head = self.head(tree);
        let claim = self.kind(tree).and_then(|(kind, keys)| {
            let all: Vec<&str> = COMMON.iter().chain(keys).chain([&kind]).copied().collect();
            self.table(tree).only(&all);
            self.claim(tree, kind, head.as_ref().and_then(|head| head.cloud))
        });
        let is_whole = self.problems.len() == before;
        let (head, (claim, cloud)) = head.zip(claim).filter(|_| is_whole)?;
        let span = head.id.origin.span?;
        Some(Guardrail {
            origin: self.source.origin(span, format!("the guardrail `{}`", head.id.text)),
            id: head.id.text,
            level: head.level,
            reason: head.reason.map(|reason| reason.text).unwrap_or_default(),
            cloud: cloud.map(|cloud| cloud.id()),
            shipped: self.source != Source::Own,
            claim,
        })
    }

    fn table<'t>(&mut self, tree: &'t Tree) -> Table<'t, '_> {
        Table::new(tree, "a guardrail", self.problems)
    }

    fn head(&mut self, tree: &Tree) -> Option<Head> {
        let clouds: Vec<(&str, &'static dyn Cloud)> =
            CLOUDS.iter().map(|cloud| (cloud.id().as_str(), *cloud)).collect();
        let mut table = self.table(tree);
        let (id, reason) = (table.needed("id"), table.text("reason"));
        let level = table.choice("level", &LEVELS).unwrap_or(Level::High);
        let cloud = table.choice("cloud", &clouds);
        Some(Head { id: id?, reason, level, cloud })
    }

    /// The kind, with its keys.
    fn kind(&mut self, tree: &Tree) -> Option<(&'static str, &'static [&'static str])> {
        let mut told = KINDS.iter().filter(|(key, _)| tree.get(key).is_some());
        if let (Some(kind), None) = (told.next(), told.next()) {
            return Some(*kind);
        }
        let keys: Vec<String> = KINDS.iter().map(|(key, _)| format!("`{key}`")).collect();
        let span = tree.entries().next().map_or(tree.span, |entry| entry.key.span);
        let message = format!("expected a guardrail to have one of {}", keys.join(", "));
        let help = "the key says what kind it is: `nobody_but … may … on …`, `must_stay_able … to … on …`, \
                    `no_path_from … to …`, `no_wider_than … policy …`";
        self.problems.push(Problem::error("guardrail", message).at(span).help(help));
        None
    }

    fn claim(&mut self, tree: &Tree, kind: &str, cloud: Option<&'static dyn Cloud>) -> Option<Read> {
        match kind {
            "nobody_but" => self.only(tree, cloud),
            "must_stay_able" => self.able(tree, cloud),
            "no_path_from" => self.no_path(tree, cloud),
            _ => self.no_wider(tree, cloud),
        }
    }

    fn only(&mut self, tree: &Tree, cloud: Option<&'static dyn Cloud>) -> Option<Read> {
        let source = self.source;
        let mut table = self.table(tree);
        let but = source.names(table.texts("nobody_but"));
        let may = table.needed_texts("may");
        let on = source.names(table.needed_texts("on"));
        let cloud = cloud_of(cloud, &may, &on, tree, self.problems)?;
        known_actions(cloud, &may, self.problems);
        let patterns = may.iter().map(|name| Pattern::glob(&name.text, Case::Insensitive));
        let may = Formula::matches(Attribute::action(), Patterns::of(patterns));
        let unless = match tree.get("unless") {
            Some(condition) => cloud.circumstances(condition, self.problems)?,
            None => Formula::False,
        };
        Some((Claim::Only(Only { but, may, on, unless }), Some(cloud)))
    }

    fn able(&mut self, tree: &Tree, cloud: Option<&'static dyn Cloud>) -> Option<Read> {
        let mut table = self.table(tree);
        let who = table.needed_texts("must_stay_able");
        let (to, on) = (table.needed_texts("to"), table.needed_texts("on"));
        let always = table.flag("always").unwrap_or(false);
        let cloud = cloud_of(cloud, &to, &on, tree, self.problems)?;
        let mut actions = Vec::new();
        for name in &to {
            match cloud.action(&name.text) {
                Ok(spelled) => actions.push(spelled),
                Err(nearest) if name.is_plain() => self.problems.push(unknown_action(cloud, name, &nearest)),
                Err(_) => {
                    let message = format!("expected one action in `to`, found the pattern `{}`", name.text);
                    self.problems.push(located(Problem::error("unknown-action", message), name));
                }
            }
        }
        Some((Claim::Able(Able { who, to: actions, on, always }), Some(cloud)))
    }

    fn no_path(&mut self, tree: &Tree, cloud: Option<&'static dyn Cloud>) -> Option<Read> {
        let source = self.source;
        let mut table = self.table(tree);
        let from = source.names(table.needed_texts("no_path_from"));
        let to = source.names(table.needed_texts("to"));
        let (administration, names): (Vec<_>, Vec<_>) =
            to.into_iter().partition(|name| &*name.text == ADMINISTRATION);
        let to = match (administration.first(), names.first()) {
            (Some(_), None) => End::Administration,
            (None, _) => End::Names(names),
            (Some(word), Some(_)) => {
                let message = format!("`{ADMINISTRATION}` stands alone in `to`");
                let help = "write a guardrail for each";
                self.problems.push(located(Problem::error("guardrail", message).help(help), word));
                return None;
            }
        };
        Some((Claim::NoPath(NoPath { from, to }), cloud))
    }

    fn no_wider(&mut self, tree: &Tree, cloud: Option<&'static dyn Cloud>) -> Option<Read> {
        let mut table = self.table(tree);
        let (file, policies) = (table.needed("no_wider_than"), table.needed_texts("policy"));
        let file = file?;
        if let Some(word) = policies.iter().find(|name| WORDS.contains(&&*name.text)) {
            let message = format!("expected `policy` to name policies, found the word `{}`", word.text);
            self.problems.push(located(Problem::error("guardrail", message), word));
        }
        let path = self.folder.join(&*file.text);
        let read = document_pairs::reference(&path, self.limits, self.files, self.problems);
        let Some((own, read_as)) = read else {
            let message = format!("`{}` could not be read as a policy document", file.text);
            self.problems.push(located(Problem::error("guardrail", message), &file));
            return None;
        };
        if let Some(cloud) = cloud.filter(|cloud| cloud.id() != own.id()) {
            let message = format!("`{}` is a document of {}, not of {}", file.text, own.name(), cloud.name());
            self.problems.push(located(Problem::error("guardrail", message), &file));
        }
        let reference = Reference { read_as, shown: file.text };
        Some((Claim::NoWider(Box::new(NoWider { policies, reference })), Some(own)))
    }
}

/// What was read: the claim, and the cloud it speaks of.
type Read = (Claim, Option<&'static dyn Cloud>);

/// The cloud that a guardrail speaks of: the one that is named, or the only one that its actions and resources are of.
fn cloud_of(
    named: Option<&'static dyn Cloud>,
    actions: &[Name],
    on: &[Name],
    tree: &Tree,
    problems: &mut Vec<Problem>,
) -> Option<&'static dyn Cloud> {
    if named.is_some() {
        return named;
    }
    let telling: Vec<&Name> = on.iter().filter(|name| &*name.text != "*").collect();
    let claims = |cloud: &&dyn Cloud| telling.iter().all(|name| cloud.claims(&name.text));
    let by_name: Vec<_> =
        CLOUDS.iter().copied().filter(|cloud| !telling.is_empty() && claims(cloud)).collect();
    if let [only] = by_name.as_slice() {
        return Some(*only);
    }
    let knows = |cloud: &&dyn Cloud| actions.iter().all(|name| knows_action(*cloud, &name.text));
    let found: Vec<_> = CLOUDS.iter().copied().filter(knows).collect();
    if let [only] = found.as_slice() {
        return Some(*only);
    }
    let ids: Vec<&str> = CLOUDS.iter().map(|cloud| cloud.id().as_str()).collect();
    let span = tree.entries().next().map_or(tree.span, |entry| entry.key.span);
    let problem = match (found.is_empty(), actions.first()) {
        (true, Some(name)) => {
            let message = "the actions of the guardrail are of no one cloud";
            located(Problem::error("guardrail", message), name)
        }
        _ => Problem::error("guardrail", "the cloud of the guardrail is not clear").at(span),
    };
    problems.push(problem.help(format!("add `cloud = \"…\"`, one of {}", ids.join(", "))));
    None
}

fn knows_action(cloud: &dyn Cloud, typed: &str) -> bool {
    let pattern = Pattern::glob(typed, Case::Insensitive);
    match cloud.universe() {
        Universe::Known(actions) => !actions.matching(&Patterns::of([pattern])).is_empty(),
        Universe::Any => true,
    }
}

/// A pattern for actions that matches none is a slip of the pen.
fn known_actions(cloud: &dyn Cloud, names: &[Name], problems: &mut Vec<Problem>) {
    for name in names.iter().filter(|name| !knows_action(cloud, &name.text)) {
        let nearest = cloud.action(&name.text).err().unwrap_or_default();
        problems.push(unknown_action(cloud, name, &nearest));
    }
}

fn unknown_action(cloud: &dyn Cloud, name: &Name, nearest: &[String]) -> Problem {
    let has = if name.is_plain() { "no action" } else { "no action that matches" };
    let message = format!("{} has {has} `{}`", cloud.name(), name.text);
    let problem = located(Problem::error("unknown-action", message), name);
    match nearest {
        [] => problem,
        near => problem.help(format!("did you mean `{}`?", near.join("`, `"))),
    }
}
