//! The corpus in `tests/corpus/`: small cases with the page of the provider that decides each, as data. Its README
//! describes the form.
//!
//! Each case is judged by the concrete rule, by every engine alone and together, and by trying requests
//! (`brute_force.rs`). What a case means is not repeated here.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use leastwise::clouds::{CLOUDS, Cloud, Scenario};
use leastwise::evaluator::{Bug, Comparison, Difference, DocumentEvaluator, Relation, TwoDocuments};
use leastwise::input::document_pairs::{self, ReadDocuments};
use leastwise::logic::{Assignment, Attribute, Formula, Goal, Universe};
use leastwise::model::{Object, Question, Subject, Verdict};
use leastwise::solver::{Answer, EngineSelection, Portfolio};
use leastwise::text::{Files, Problem, json};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::brute_force::{BruteForce, fixed, satisfies};

/// Where each cloud's pages are.
const PAGES: &[(&str, &[&str])] = &[
    ("aws", &["https://docs.aws.amazon.com/"]),
    ("gcp", &["https://docs.cloud.google.com/", "https://cloud.google.com/"]),
    ("azure", &["https://learn.microsoft.com/"]),
];

/// What stands in place of a decision where the policies cannot be read.
const UNREADABLE: &str = "unreadable";

/// One file: cases about one topic.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Topic {
    /// What all scenarios of the file have in common.
    #[serde(default)]
    base: Value,
    cases: Vec<Case>,
}

/// One rule of a provider, as one scenario or a few about the same policies, or as two documents.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    id: String,
    page: String,
    why: String,
    /// The codes of the problems that reading it reports, once each.
    #[serde(default)]
    problems: Vec<String>,
    #[serde(default)]
    simulate: Option<Value>,
    /// Further scenarios, each written as what differs from the first.
    #[serde(default)]
    also: Vec<Value>,
    #[serde(default)]
    compare: Option<Pair>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair {
    #[serde(default)]
    kind: Option<String>,
    /// `known`, `any`; both where it is left out.
    #[serde(default)]
    universe: Option<String>,
    old: Value,
    new: Value,
    expected: String,
}

/// What the cases came to.
#[derive(Default)]
struct Tally {
    failures: Vec<String>,
    cases: usize,
    decisions: usize,
    /// Goals that an engine says hold sometimes, and of these those for which a request was found by trying.
    possible: usize,
    tried: usize,
    /// Comparisons that one engine alone left undecided.
    passed: usize,
}

#[test]
fn every_case_is_decided_as_its_page_says() {
    let mut tally = Tally::default();
    for (cloud, path) in files() {
        let topic = read(&path);
        for case in &topic.cases {
            let problems = check(cloud, &topic.base, case, &mut tally);
            let name = format!("{}: {}", path.display(), case.id);
            tally.failures.extend(problems.into_iter().map(|problem| format!("{name}: {problem}")));
            tally.cases += 1;
        }
    }
    assert!(tally.failures.is_empty(), "{}", tally.failures.join("\n"));
    println!("{} cases with {} decisions", tally.cases, tally.decisions);
    println!("{} of {} possible requests were found by trying", tally.tried, tally.possible);
    println!("{} comparisons were left undecided by one engine alone", tally.passed);
    assert!(tally.passed * 20 <= tally.decisions, "{} of {} undecided", tally.passed, tally.decisions);
    assert!(tally.tried * 10 >= tally.possible * 9, "trying finds {} of {}", tally.tried, tally.possible);
}

#[test]
fn every_case_has_an_id_of_its_own_and_a_page_of_its_provider() {
    let (mut ids, mut count) = (BTreeSet::new(), 0);
    for (cloud, path) in files() {
        for case in read(&path).cases {
            let name = format!("{}: {}", path.display(), case.id);
            let kebab = case.id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
            assert!(kebab && !case.id.is_empty(), "{name}: an id is lower-case words with hyphens");
            assert!(ids.insert(case.id), "{name}: the id is taken");
            let hosts =
                PAGES.iter().find(|(id, _)| *id == cloud.id().as_str()).map_or(&[][..], |(_, hosts)| hosts);
            let stands = hosts.iter().any(|host| case.page.len() > host.len() && case.page.starts_with(host));
            assert!(stands && !case.page.contains(char::is_whitespace), "{name}: `{}` is no page", case.page);
            let sentence = case.why.ends_with(['.', '"']) && case.why.len() > 20 && case.why.len() < 400;
            assert!(sentence, "{name}: `why` is one sentence");
            count += 1;
        }
    }
    assert!(count >= 60, "only {count} cases");
}

/// A file with a mistake must not pass as one without cases.
#[test]
fn mistakes_in_a_case_are_found() {
    let good =
        r#"{"cases": [{"id": "a", "page": "https://docs.aws.amazon.com/x", "why": "Because it is so."}]}"#;
    assert_eq!(parse(good).map(|topic| topic.cases.len()), Ok(1));
    for (from, to, said) in [
        ("\"why\"", "\"wy\"", "unknown field `wy`"),
        (r#""why": "Because it is so.""#, r#""problems": []"#, "missing field `why`"),
        (r#""page": "https://docs.aws.amazon.com/x", "#, "", "missing field `page`"),
        ("\"cases\"", "\"case\"", "unknown field `case`"),
        (r#""id": "a""#, r#""id": "a", "id": "b""#, "duplicate"),
        (r#""why""#, r#""compare": {"old": {}, "new": {}}, "why""#, "missing field `expected`"),
    ] {
        let bad = good.replace(from, to);
        let error = parse(&bad).err().unwrap_or_else(|| panic!("nobody minds {bad}"));
        assert!(error.contains(said), "{error}");
    }
    let case = |more: Value| {
        let mut case = json!({"id": "a", "page": "https://docs.aws.amazon.com/x", "why": "Because."});
        case.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let case: Case = serde_json::from_value(case).unwrap();
        check(CLOUDS[0], &Value::Null, &case, &mut Tally::default()).join("\n")
    };
    let request = json!({"principal": "arn:aws:iam::111122223333:user/ann", "action": "s3:GetObject",
        "resource": "arn:aws:s3:::b/k", "resource_account": "111122223333"});
    let scenario = |more: Value| merged(&json!({"request": request, "expected": "implicitly_denied"}), &more);
    let statement =
        |action: &str| json!({"Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}});
    assert_eq!(case(json!({"simulate": scenario(json!({}))})), "");
    for (more, said) in [
        (json!({}), "neither `simulate` nor `compare`"),
        (json!({"simulate": scenario(json!({"expected": "allowed"}))}), "expected allowed"),
        (json!({"simulate": scenario(json!({"expected": "yes"}))}), "`yes` is no decision"),
        (json!({"simulate": scenario(json!({"expected": null}))}), "no decision"),
        (json!({"simulate": scenario(json!({"polices": {}}))}), "unknown key `polices`"),
        (json!({"simulate": scenario(json!({"policies": {"identiy": []}}))}), "scenario-shape"),
        (json!({"simulate": scenario(json!({"request": {"action": null}}))}), "scenario-shape"),
        (json!({"simulate": scenario(json!({})), "problems": ["aws-policy-shape"]}), "aws-policy-shape"),
        (json!({"simulate": scenario(json!({})), "also": [{"expected": "allowed"}]}), "expected allowed"),
        (
            json!({"also": [{}], "compare": {"old": statement("s3:*"), "new": statement("s3:*"), "expected": "equivalent"}}),
            "`also` belongs to `simulate`",
        ),
        (
            json!({"compare": {"old": statement("s3:*"), "new": statement("s3:*"), "expected": "narrower"}}),
            "is equivalent",
        ),
        (
            json!({"compare": {"old": statement("s3:*"), "new": statement("s3:*"), "expected": "same"}}),
            "is equivalent",
        ),
        (json!({"compare": {"old": statement("s3:*"), "new": 7, "expected": "same"}}), "unknown-kind"),
        (
            json!({"compare": {"old": statement("s3:*"), "new": statement("s3:*"), "expected": "equivalent", "universe": "all"}}),
            "`all` is no universe",
        ),
    ] {
        let found = case(more.clone());
        assert!(found.contains(said), "{more}\n{found}");
    }
}

/// All files with cases, with the cloud that their folder names.
fn files() -> Vec<(&'static dyn Cloud, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut found = Vec::new();
    for folder in fs::read_dir(&root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
    {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let cloud = CLOUDS.iter().find(|cloud| cloud.id().as_str() == name);
        let cloud = cloud.unwrap_or_else(|| panic!("{}: no cloud goes by that name", folder.display()));
        for file in fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()) {
            assert!(file.extension().is_some_and(|ending| ending == "json"), "{}: no JSON", file.display());
            found.push((*cloud, file));
        }
    }
    found.sort_by(|a, b| a.1.cmp(&b.1));
    found
}

fn read(path: &Path) -> Topic {
    parse(&fs::read_to_string(path).unwrap()).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn parse(text: &str) -> Result<Topic, String> {
    let mut problems = Vec::new();
    // Reports what serde_json passes over, such as keys that are there twice.
    json::parse(Files::default().add("topic.json", text), text, &mut problems);
    let topic = serde_json::from_str(text).map_err(|error| error.to_string());
    match problems.first() {
        Some(problem) => Err(format!("{}; {}", problem.message, topic.err().unwrap_or_default())),
        None => topic,
    }
}

fn check(cloud: &'static dyn Cloud, base: &Value, case: &Case, tally: &mut Tally) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut codes = BTreeSet::new();
    match (&case.simulate, &case.compare) {
        (Some(_), Some(_)) | (None, None) => {
            wrong.push("neither `simulate` nor `compare`, or both".to_owned())
        }
        (Some(first), None) => {
            let first = merged(base, first);
            let others = case.also.iter().map(|patch| merged(&first, patch));
            for (index, scenario) in [first.clone()].into_iter().chain(others).enumerate() {
                let found = decided(cloud, &scenario, &mut codes, tally);
                wrong.extend(found.into_iter().map(|what| format!("scenario {}: {what}", index + 1)));
            }
        }
        (None, Some(pair)) => {
            if !case.also.is_empty() {
                wrong.push("`also` belongs to `simulate`".to_owned());
            }
            wrong.extend(compared(pair, &mut codes, tally));
        }
    }
    let wanted: BTreeSet<String> = case.problems.iter().cloned().collect();
    if codes != wanted {
        wrong.push(format!("expected the problems {wanted:?}, found {codes:?}"));
    }
    wrong
}

/// `patch` laid over `base`, as RFC 7396 says: objects key by key, `null` takes a key away, all else is replaced.
/// <https://www.rfc-editor.org/rfc/rfc7396>
fn merged(base: &Value, patch: &Value) -> Value {
    let Some(patch) = patch.as_object() else { return patch.clone() };
    let mut result = base.as_object().cloned().unwrap_or_default();
    for (key, value) in patch {
        if value.is_null() {
            result.remove(key);
        } else {
            let under = result.remove(key).unwrap_or_default();
            result.insert(key.clone(), merged(&under, value));
        }
    }
    Value::Object(result)
}

/// The engines that are built in, each alone.
fn alone() -> &'static [EngineSelection] {
    if cfg!(feature = "z3") {
        &[EngineSelection::Native, EngineSelection::Z3]
    } else {
        &[EngineSelection::Native]
    }
}

fn portfolio(engines: EngineSelection) -> Portfolio {
    Portfolio { engines, ..Portfolio::default() }
}

// ---- single requests

fn decided(
    cloud: &'static dyn Cloud,
    scenario: &Value,
    codes: &mut BTreeSet<String>,
    tally: &mut Tally,
) -> Vec<String> {
    let mut wrong: Vec<String> = unknown_keys(scenario);
    let expected = scenario["expected"].as_str().unwrap_or_default();
    let verdict = Verdict::ALL.into_iter().find(|verdict| verdict.as_str() == expected);
    if verdict.is_none() && expected != UNREADABLE {
        wrong.push(format!("`{expected}` is no decision"));
        return wrong;
    }
    let text = scenario.to_string();
    let mut problems = Vec::new();
    let tree = json::parse(Files::default().add("case.json", &*text), &text, &mut problems);
    let read = tree.and_then(|tree| cloud.scenario(&tree, &mut problems));
    codes.extend(problems.iter().map(|problem: &Problem| problem.code.to_owned()));
    tally.decisions += 1;
    match (read, verdict) {
        (Some(scenario), Some(expected)) => wrong.extend(judged(cloud, &scenario, expected, tally)),
        (None, None) => {}
        (None, Some(_)) => wrong.push(format!("could not be read: {problems:?}")),
        (Some(_), None) => wrong.push("was read".to_owned()),
    }
    wrong
}

/// The concrete rule and the formula of the request.
fn judged(
    cloud: &'static dyn Cloud,
    scenario: &Scenario,
    expected: Verdict,
    tally: &mut Tally,
) -> Vec<String> {
    let Scenario { estate, request } = scenario;
    let mut wrong = Vec::new();
    let verdict = cloud.decide(estate, request).verdict;
    if verdict != expected {
        wrong.push(format!("expected {}, the rule decides {}", expected.as_str(), verdict.as_str()));
    }
    let subject = match (estate.find_principal(cloud.id(), &request.principal), request.principal.as_str()) {
        (Some(asking), _) => Subject::Principal(asking),
        (None, "*") => Subject::Anonymous,
        (None, "allAuthenticatedUsers") => Subject::Outside,
        (None, _) => {
            let principals: Vec<_> = estate.principals().collect();
            let [(asking, _)] = principals.as_slice() else {
                wrong.push(format!("{} principals in one scenario", principals.len()));
                return wrong;
            };
            Subject::Principal(*asking)
        }
    };
    let asked = cloud.assignment(estate, request);
    let named = Object::Named(request.resource.clone());
    for (action, object) in [(Some(request.action.clone()), named), (None, Object::Any)] {
        let question = Question { cloud: cloud.id(), subject, action, object };
        let layers = cloud.layers(estate, &question);
        let allowed = cloud.combine(&layers).restrict(&layers.known);
        let facts = layers.facts.restrict(&layers.known);
        let symbolic = Symbolic { allowed, facts, asked: &asked, expected: expected == Verdict::Allowed };
        // What is not asked on a resource has no place among the requests that can occur.
        if request.resource != "*" && symbolic.facts.evaluate(&asked) == Some(false) {
            wrong.push(format!("the request is excluded by the facts: {}", symbolic.facts));
        }
        let is_whole = question.action.is_some();
        wrong.extend(symbolic.of_this_request(is_whole));
        if is_whole {
            wrong.extend(symbolic.of_any_request(tally));
        }
    }
    wrong
}

fn unknown_keys(scenario: &Value) -> Vec<String> {
    let keys = scenario.as_object().into_iter().flat_map(Map::keys);
    let known = ["request", "policies", "expected"];
    keys.filter(|key| !known.contains(&key.as_str())).map(|key| format!("unknown key `{key}`")).collect()
}

/// The question of a scenario as formulas, and what is expected of the request in it.
struct Symbolic<'a> {
    allowed: Formula,
    facts: Formula,
    asked: &'a Assignment,
    expected: bool,
}

impl Symbolic<'_> {
    /// With the request fixed: allowed is possible or refused is, as expected, and not the other. Z3 takes its time, so
    /// it is asked only `with_z3`.
    fn of_this_request(&self, with_z3: bool) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.allowed.evaluate(self.asked) != Some(self.expected) {
            wrong
                .push(format!("the formula does not say {} of the request: {}", self.expected, self.allowed));
        }
        let request = fixed(&self.allowed, self.asked);
        for (formula, expected) in
            [(self.allowed.clone(), self.expected), (self.allowed.clone().not(), !self.expected)]
        {
            let goal = Goal::satisfiable(formula.clone().and(request.clone()), Universe::Any);
            for engines in alone().iter().take(if with_z3 { 2 } else { 1 }) {
                let fits = match portfolio(*engines).decide(&goal).map(|decided| decided.answer) {
                    Ok(Answer::Never) => !expected,
                    Ok(Answer::Sometimes(witness)) => expected && satisfies(&goal, &witness),
                    Ok(Answer::Undecided(_)) => *engines == EngineSelection::Z3,
                    Err(_) => false,
                };
                if !fits {
                    wrong.push(format!("{engines:?} does not say {expected} of {}", goal.formula));
                }
            }
            // A role holds more actions than are tried, so the one that is asked for is filled in, and the resource
            // with it.
            let mut filled = Assignment::new();
            for attribute in [Attribute::action(), Attribute::resource()] {
                if let Some(text) = self.asked.text(&attribute) {
                    filled = filled.with_text(attribute.clone(), text);
                }
            }
            let goal = Goal::satisfiable(formula.restrict(&filled).and(request.clone()), Universe::Any);
            if BruteForce::default().find(&goal).is_some() != expected {
                wrong.push(format!("trying does not say {expected} of {}", goal.formula));
            }
        }
        wrong
    }

    /// With the context open: the engines agree, and *never* is not refuted by the request nor by trying others.
    fn of_any_request(&self, tally: &mut Tally) -> Vec<String> {
        let mut wrong = Vec::new();
        for (formula, holds) in
            [(self.allowed.clone(), self.expected), (self.allowed.clone().not(), !self.expected)]
        {
            let goal = Goal::satisfiable(formula.and(self.facts.clone()), Universe::Any);
            wrong.extend(agree(&goal, holds, tally));
        }
        wrong
    }
}

/// Asks each engine alone. One may pass if another decides; what any of them finds, or trying does, refutes *never*.
/// `holds`: a request is known that does.
fn agree(goal: &Goal, holds: bool, tally: &mut Tally) -> Vec<String> {
    let tried = BruteForce::default().find(goal);
    let mut wrong = Vec::new();
    let mut witnesses: Vec<Assignment> = tried.iter().cloned().collect();
    let (mut never, mut passed) = (Vec::new(), Vec::new());
    for engines in alone() {
        match portfolio(*engines).decide(goal).map(|decided| decided.answer) {
            Err(clash) => wrong.push(format!("{clash:?}")),
            Ok(Answer::Never) => never.push(engines),
            Ok(Answer::Sometimes(request)) if satisfies(goal, &request) => witnesses.push(request),
            Ok(Answer::Sometimes(request)) => {
                wrong.push(format!("{engines:?}: {request:?} does not satisfy {}", goal.formula));
            }
            Ok(Answer::Undecided(_)) => passed.push(engines),
        }
    }
    if !never.is_empty() && (holds || !witnesses.is_empty()) {
        wrong.push(format!("{never:?}: never, but {:?} satisfies {}", witnesses.first(), goal.formula));
    }
    if cfg!(feature = "z3") && passed.len() == alone().len() {
        wrong.push(format!("undecided: {}", goal.formula));
    }
    tally.possible += usize::from(!witnesses.is_empty());
    tally.tried += usize::from(tried.is_some());
    wrong
}

// ---- two documents

fn compared(pair: &Pair, codes: &mut BTreeSet<String>, tally: &mut Tally) -> Vec<String> {
    let universes: &[bool] = match pair.universe.as_deref() {
        None => &[false, true],
        Some("known") => &[false],
        Some("any") => &[true],
        Some(other) => return vec![format!("`{other}` is no universe")],
    };
    let line = json!({"name": "case", "old": pair.old, "new": pair.new}).to_string();
    let read = document_pairs::from_line("case.json", 1, &line, pair.kind.as_deref());
    codes.extend(read.problems.iter().map(|problem| problem.code.to_owned()));
    let Some(read_documents) = read.documents else {
        return vec![format!("could not be read: {:?}", read.problems)];
    };
    let mut wrong = Vec::new();
    for any in universes {
        // Both together repeat what each does alone, so the small universe is enough to see that they are compared.
        let together = [EngineSelection::Both].into_iter().filter(|_| cfg!(feature = "z3") && *any);
        for engines in alone().iter().copied().chain(together) {
            let said = match comparison(&read_documents, engines, *any) {
                Ok(found) if found.relation.as_str() == pair.expected => continue,
                // One engine alone may pass; a wrong answer it may not give.
                Ok(found) if found.relation == Relation::Undecided && engines != EngineSelection::Both => {
                    tally.passed += 1;
                    continue;
                }
                Ok(found) => format!("is {}, not {}", found.relation.as_str(), pair.expected),
                Err(bug) => bug.to_string(),
            };
            wrong.push(format!("{engines:?}, any request: {any}: {said}"));
        }
        wrong.extend(tried(&read_documents, *any, tally));
        tally.decisions += 1;
    }
    wrong
}

/// Compares, and replays what is found with the concrete rule.
fn comparison(read: &ReadDocuments, engines: EngineSelection, any: bool) -> Result<Comparison, Bug> {
    let portfolio = portfolio(engines);
    let evaluator = DocumentEvaluator::new(read.cloud, &portfolio, any).unwrap();
    let two = TwoDocuments { kind: read.kind, old: &read.old, new: &read.new };
    let found = evaluator.compare(two)?;
    for (difference, allowing, other) in
        [(&found.gained, &read.new, &read.old), (&found.lost, &read.old, &read.new)]
    {
        if let Difference::Some(change) = difference {
            let decide = |policy| read.cloud.documents().unwrap().decide(read.kind, policy, &change.request);
            let (yes, no) = (decide(allowing), decide(other));
            if (!yes.is_allowed() || no.is_allowed()) && yes.gaps.is_empty() && no.gaps.is_empty() {
                return Err(Bug { message: format!("{change:?} does not survive its replay") });
            }
        }
    }
    Ok(found)
}

/// Looks for a request that one document allows and the other does not by trying; what is found refutes an engine
/// that denies it, and the concrete rule must say so too.
fn tried(read: &ReadDocuments, any: bool, tally: &mut Tally) -> Vec<String> {
    let documents = read.cloud.documents().unwrap();
    let rules = documents.rules(read.kind, &read.old, &read.new);
    let allowed = |rules: &leastwise::clouds::documents::Rules| {
        let any = |rules: &[leastwise::clouds::documents::Rule]| {
            Formula::any(rules.iter().map(leastwise::clouds::documents::Rule::formula))
        };
        any(&rules.allows).and(any(&rules.denies).not())
    };
    let (old, new) = (allowed(&rules.old), allowed(&rules.new));
    let universe = || if any { Universe::Any } else { read.cloud.universe() };
    let mut wrong = Vec::new();
    for (more, less, by, of) in [(&new, &old, &read.new, &read.old), (&old, &new, &read.old, &read.new)] {
        let formula = Formula::all([more.clone(), less.clone().not(), rules.facts.clone()]);
        let goal = Goal::satisfiable(formula, universe());
        wrong.extend(agree(&goal, false, tally));
        let Some(found) = BruteForce::default().find(&goal) else { continue };
        let names: BTreeSet<String> =
            found.iter().map(|(attribute, _)| attribute.name().to_owned()).collect();
        if names.len() < found.iter().count() || !goal.formula.opaques().is_empty() {
            // One name as of two kinds, or a condition that cannot be read: not a request that the rule can judge.
            continue;
        }
        let request = documents.request(read.kind, &found);
        let decide = |policy| documents.decide(read.kind, policy, &request).is_allowed();
        if !decide(by) || decide(of) {
            wrong.push(format!("the rule sees no difference in {request:?} of {}", goal.formula));
        }
    }
    wrong
}
