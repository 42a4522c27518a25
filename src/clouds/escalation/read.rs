//! Reading files of steps: from a located tree to typed steps, with a problem at the place of everything that is not
//! understood. A step with a problem is left out; the others go on.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Gain, Need, On, Requirement, Step};
use crate::clouds::{CLOUDS, Cloud};
use crate::text::{Located, Problem, Span, Tree};

/// What a file of steps looks like, for messages.
pub const SHAPE: &str =
    "expected an object with `cloud` and `steps`; docs/escalation-steps.md has the grammar";

const CODE: &str = "escalation-steps";
const KEYS: [&str; 8] = ["id", "aliases", "summary", "target", "needs", "exists", "gains", "reference"];
const NEED: [&str; 3] = ["action", "resource", "context"];
const OBJECTS: &str = "`target`, `host`, `existing`, `via`, `policy`, `own`, `new` or `like: NAME`";
const REQUIREMENTS: [&str; 6] = ["trusts", "host", "existing", "via", "target", "assume"];

/// The steps of a file; several documents in one file are read one after the other.
pub fn read(tree: &Tree, problems: &mut Vec<Problem>) -> Vec<Step> {
    let documents = tree.as_list().unwrap_or(std::slice::from_ref(tree));
    let mut ids = BTreeSet::new();
    let mut steps = Vec::new();
    for document in documents {
        let Some(cloud) = cloud_of(document, problems) else { continue };
        let listed = document.get("steps").and_then(Tree::as_list);
        let Some(listed) = listed else {
            problems.push(Problem::error(CODE, "expected `steps`, an array").at(document.span).help(SHAPE));
            continue;
        };
        for entry in document.entries() {
            match &*entry.key.value {
                "cloud" | "steps" => {}
                "not_steps" => passed_over(&entry.value, problems),
                key => unknown(key, entry.key.span, "`cloud`, `steps` or `not_steps`", problems),
            }
        }
        for item in listed {
            let mut reader = Reader { cloud, problems, sound: true };
            let Some(step) = reader.step(item).filter(|_| reader.sound) else { continue };
            if ids.insert(step.id.clone()) {
                steps.push(step);
            } else {
                let message = format!("another step has the id `{}` already", step.id);
                problems.push(Problem::error(CODE, message).at(item.span).help("give it an id of its own"));
            }
        }
    }
    steps
}

fn cloud_of(document: &Tree, problems: &mut Vec<Problem>) -> Option<&'static dyn Cloud> {
    let named = document.get("cloud");
    let text = named.and_then(Tree::as_str).unwrap_or_default();
    let found = CLOUDS.iter().copied().find(|cloud| cloud.id().as_str() == text);
    if found.is_none() {
        let ids: Vec<&str> = CLOUDS.iter().map(|cloud| cloud.id().as_str()).collect();
        let message = format!("expected `cloud` to be one of `{}`", ids.join("`, `"));
        let span = named.map_or(document.span, |named| named.span);
        problems.push(Problem::error(CODE, message).at(span).help(SHAPE));
    }
    found
}

/// Ids of other catalogs that are no steps, each with the reason: for readers of the file, so only the form is checked.
fn passed_over(tree: &Tree, problems: &mut Vec<Problem>) {
    let text = |tree: &Tree| tree.as_str().is_some_and(|text| !text.trim().is_empty());
    let is_sound = |item: &Tree| {
        let mut aliases = item.get("aliases").and_then(Tree::as_list).unwrap_or_default().iter();
        item.entries().count() == 2
            && item.get("why").is_some_and(text)
            && aliases.len() > 0
            && aliases.all(text)
    };
    for item in tree.as_list().unwrap_or(std::slice::from_ref(tree)) {
        if !is_sound(item) {
            let message = "expected `aliases`, an array of texts, and `why`, a text";
            problems.push(Problem::error(CODE, message).at(item.span));
        }
    }
}

fn unknown(key: &str, span: Span, expected: &str, problems: &mut Vec<Problem>) {
    problems.push(Problem::error(CODE, format!("`{key}` is not known here: expected {expected}")).at(span));
}

struct Reader<'p> {
    cloud: &'static dyn Cloud,
    problems: &'p mut Vec<Problem>,
    sound: bool,
}

impl Reader<'_> {
    fn refuse(&mut self, span: Span, message: impl Into<String>) {
        self.sound = false;
        self.problems.push(Problem::error(CODE, message).at(span));
    }

    fn step(&mut self, tree: &Tree) -> Option<Step> {
        for entry in tree.entries() {
            if !KEYS.contains(&&*entry.key.value) {
                let expected = format!("one of `{}`", KEYS.join("`, `"));
                self.refuse(
                    entry.key.span,
                    format!("`{}` is not known here: expected {expected}", entry.key.value),
                );
            }
        }
        let id = self.text(tree, "id")?;
        let summary = self.text(tree, "summary")?;
        let reference = self.text(tree, "reference")?;
        let gain = self.gain(tree)?;
        let targets = self.targets(tree);
        let needs = self.needs(tree);
        let exists = self.requirements(tree);
        let aliases = tree.get("aliases").map(|list| self.words(list)).unwrap_or_default();
        let step = Step {
            cloud: self.cloud.id(),
            id,
            aliases: aliases.into_iter().map(|alias| alias.value).collect(),
            summary,
            targets,
            needs,
            exists,
            gain,
            reference,
            span: Some(tree.span),
        };
        self.coherent(&step, tree.span);
        Some(step)
    }

    /// What one part of a step asks of another.
    fn coherent(&mut self, step: &Step, span: Span) {
        let on = |wanted: &On| step.needs.iter().any(|need| need.on == *wanted);
        let has = |wanted: fn(&Requirement) -> bool| step.exists.iter().any(wanted);
        // Needs that cannot be read were told already.
        if step.needs.is_empty() && self.sound {
            self.refuse(span, format!("step `{}` needs nothing: everybody could take it", step.id));
        }
        if on(&On::Host) && !has(|one| matches!(one, Requirement::Host(_))) {
            self.refuse(span, format!("step `{}` speaks of a `host`, but `exists` names none", step.id));
        }
        if on(&On::Existing) && !has(|one| matches!(one, Requirement::Existing(_))) {
            self.refuse(span, format!("step `{}` speaks of `existing`, but `exists` has none", step.id));
        }
        if on(&On::Via) && !has(|one| matches!(one, Requirement::Via(_))) {
            self.refuse(span, format!("step `{}` speaks of `via`, but `exists` names none", step.id));
        }
    }

    fn text(&mut self, tree: &Tree, key: &str) -> Option<Arc<str>> {
        let value = tree.get(key);
        let text = value.and_then(Tree::as_str).map(str::trim).filter(|text| !text.is_empty());
        if text.is_none() {
            let span = value.map_or(tree.span, |value| value.span);
            self.refuse(span, format!("expected `{key}`, a text"));
        }
        text.map(Arc::from)
    }

    fn gain(&mut self, tree: &Tree) -> Option<Gain> {
        let text = self.text(tree, "gains")?;
        let found = Gain::ALL.into_iter().find(|gain| gain.as_str() == &*text);
        if found.is_none() {
            let span = tree.get("gains").map_or(tree.span, |value| value.span);
            let words = Gain::ALL.map(Gain::as_str).join("`, `");
            self.refuse(span, format!("expected `gains` to be one of `{words}`, found `{text}`"));
        }
        found
    }

    /// One word or a list of words.
    fn words(&mut self, tree: &Tree) -> Vec<Located<Arc<str>>> {
        let items = tree.as_list().unwrap_or(std::slice::from_ref(tree));
        let mut words = Vec::new();
        for item in items {
            match item.as_str() {
                Some(text) => words.push(Located::new(Arc::from(text.trim()), item.span)),
                None => self.refuse(item.span, format!("expected a text, found {}", item.kind_name())),
            }
        }
        words
    }

    /// Whether a word is one of the cloud's.
    fn known(&mut self, word: &str, span: Span, what: &str, words: &[&str]) {
        if !words.contains(&word) {
            let name = self.cloud.name();
            let expected = if words.is_empty() {
                "nothing".to_owned()
            } else {
                format!("one of `{}`", words.join("`, `"))
            };
            self.refuse(span, format!("{name} has no {what} `{word}`: expected {expected}"));
        }
    }

    fn targets(&mut self, tree: &Tree) -> Vec<Located<Arc<str>>> {
        let Some(value) = tree.get("target") else {
            self.refuse(tree.span, "expected `target`, a kind of target or an array of such");
            return Vec::new();
        };
        let words = self.words(value);
        for word in &words {
            self.known(&word.value, word.span, "target", self.cloud.lexicon().targets);
        }
        words
    }

    fn needs(&mut self, tree: &Tree) -> Vec<Need> {
        let items = tree.get("needs").and_then(Tree::as_list).unwrap_or_default();
        items.iter().filter_map(|item| self.need(item)).collect()
    }

    fn need(&mut self, tree: &Tree) -> Option<Need> {
        for entry in tree.entries() {
            if !NEED.contains(&&*entry.key.value) {
                let (key, words) = (&entry.key.value, NEED.join("`, `"));
                self.refuse(entry.key.span, format!("`{key}` is not known here: expected one of `{words}`"));
            }
        }
        let typed = self.text(tree, "action")?;
        let action = match self.cloud.action(&typed) {
            Ok(action) => Arc::from(action),
            Err(near) => {
                let span = tree.get("action").map_or(tree.span, |value| value.span);
                let hint = near.first().map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                self.refuse(span, format!("{} has no action `{typed}`{hint}", self.cloud.name()));
                return None;
            }
        };
        let on = self.on(tree)?;
        let mut context = Vec::new();
        for entry in tree.get("context").into_iter().flat_map(Tree::entries) {
            match entry.value.scalar() {
                Some(value) => context.push((entry.key.value.clone(), Arc::from(value))),
                None => self.refuse(entry.value.span, "expected a text, a number, or true or false"),
            }
        }
        Some(Need { action, on, context })
    }

    fn on(&mut self, tree: &Tree) -> Option<On> {
        let Some(value) = tree.get("resource") else {
            self.refuse(tree.span, format!("expected `resource`: {OBJECTS}"));
            return None;
        };
        let like = value.get("like").and_then(Tree::as_str);
        let found = match (value.as_str(), like) {
            (Some("target"), _) => On::Target,
            (Some("host"), _) => On::Host,
            (Some("existing"), _) => On::Existing,
            (Some("via"), _) => On::Via,
            (Some("policy"), _) => On::Policy,
            (Some("own"), _) => On::Own,
            (Some("new"), _) => On::New,
            (None, Some(name)) => On::Like(Arc::from(name)),
            _ => {
                self.refuse(value.span, format!("expected {OBJECTS}"));
                return None;
            }
        };
        Some(found)
    }

    fn requirements(&mut self, tree: &Tree) -> Vec<Requirement> {
        let items = tree.get("exists").and_then(Tree::as_list).unwrap_or_default();
        items.iter().filter_map(|item| self.requirement(item)).collect()
    }

    fn requirement(&mut self, tree: &Tree) -> Option<Requirement> {
        let mut entries = tree.entries();
        let (Some(entry), None) = (entries.next(), entries.next()) else {
            let words = REQUIREMENTS.join("`, `");
            self.refuse(tree.span, format!("expected one key with its value, the key one of `{words}`"));
            return None;
        };
        let Some(text) = entry.value.as_str().map(str::trim).filter(|text| !text.is_empty()) else {
            self.refuse(entry.value.span, format!("expected `{}` to be a text", entry.key.value));
            return None;
        };
        let lexicon = self.cloud.lexicon();
        let value: Arc<str> = Arc::from(text);
        match &*entry.key.value {
            "trusts" => Some(Requirement::Trusts(value)),
            "via" => Some(Requirement::Via(value)),
            "assume" => Some(Requirement::Assume(value)),
            "host" => {
                self.known(text, entry.value.span, "host", lexicon.hosts);
                Some(Requirement::Host(value))
            }
            "existing" => {
                self.known(text, entry.value.span, "list of what there is of", lexicon.existing);
                Some(Requirement::Existing(value))
            }
            "target" => {
                self.known(text, entry.value.span, "state of a target", lexicon.states);
                Some(Requirement::Target(value))
            }
            other => {
                let words = REQUIREMENTS.join("`, `");
                self.refuse(
                    entry.key.span,
                    format!("`{other}` is not known here: expected one of `{words}`"),
                );
                None
            }
        }
    }
}
