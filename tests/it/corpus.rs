//! The corpus in `tests/corpus/`: small cases with the page of the provider that decides each, as data. Its README
//! describes the form.
//!
//! Each case is judged by the concrete rule, by every engine alone and together, and by trying requests
//! (`brute_force.rs`). What a case means is not repeated here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use leastwise::clouds::{CLOUDS, Cloud, Scenario};
use leastwise::evaluator::Relation;
use leastwise::input::document_pairs;
use leastwise::logic::{Assignment, Attribute, Formula, Goal, Universe};
use leastwise::model::{GapKind, Object, Question, Subject, Verdict};
use leastwise::solver::{Answer, EngineSelection};
use leastwise::text::{Files, Problem, json};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::agreement::{Tried, agree, alone, comparison, portfolio, tried, usual_budget};
use crate::brute_force::{BruteForce, fixed, satisfies};
use crate::corpus_estates::answered;
use crate::shared::shared;
use crate::simulate::SETTLED;

/// Where each cloud's pages are.
const PAGES: &[(&str, &[&str])] = &[
    ("aws", &["https://docs.aws.amazon.com/"]),
    ("gcp", &["https://docs.cloud.google.com/", "https://cloud.google.com/"]),
    ("azure", &["https://learn.microsoft.com/"]),
];

/// What stands in place of a decision where the policies cannot be read.
const UNREADABLE: &str = "unreadable";

/// What stands in place of a decision where both are possible, because something that decides cannot be read.
const UNDECIDED: &str = "undecided";

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
    /// The rows of the cloud's list (`rows-aws.json` and so on) that the case stands for.
    #[serde(default)]
    rows: Vec<String>,
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
    /// A question to the program about files.
    #[serde(default)]
    estate: Option<Value>,
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
    tried: Tried,
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
    let Tried { possible, found } = tally.tried;
    println!("{found} of {possible} possible requests were found by trying");
    println!("{} comparisons were left undecided by one engine alone", tally.passed);
    assert!(tally.passed * 20 <= tally.decisions, "{} of {} undecided", tally.passed, tally.decisions);
    assert!(found * 10 >= possible * 9, "trying finds {found} of {possible}");
}

/// The decisions that `simulate.rs` holds against the concrete rule, here under each engine alone.
#[test]
fn decisions_from_elsewhere_hold_under_each_engine() {
    let Some(path) = shared("oracles/aws-decisions.jsonl") else { return };
    let mut tally = Tally::default();
    for line in fs::read_to_string(path).unwrap().lines() {
        let mut case: Value = serde_json::from_str(line).unwrap();
        let map = case.as_object_mut().unwrap();
        assert_eq!(map.remove("cloud"), Some(json!("aws")));
        let id = map.remove("id").unwrap();
        if let Some((_, decision)) = SETTLED.iter().find(|(settled, _)| id == **settled) {
            map.insert("expected".to_owned(), json!(decision));
        }
        let found = decided(CLOUDS[0], &case, &mut BTreeSet::new(), &mut tally);
        tally.failures.extend(found.into_iter().map(|what| format!("{id}: {what}")));
    }
    assert!(tally.failures.is_empty(), "{}", tally.failures.join("\n"));
    assert!(tally.decisions >= 133, "only {} decisions", tally.decisions);
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

/// The list says what must not be forgotten, so each of its rows has a case, and no case names a row that is not there.
#[test]
fn every_row_of_a_cloud_has_a_case() {
    let mut wrong = Vec::new();
    for cloud in CLOUDS {
        let path = root().join(format!("rows-{}.json", cloud.id().as_str()));
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let rows: BTreeMap<String, String> = serde_json::from_str(&text).unwrap();
        let cases = files().into_iter().filter(|(of, _)| of.id() == cloud.id());
        let cases: Vec<Case> = cases.flat_map(|(_, path)| read(&path).cases).collect();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        wrong.extend(rows_out_of_step(&rows, &cases).into_iter().map(|what| format!("{name}: {what}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn rows_out_of_step(rows: &BTreeMap<String, String>, cases: &[Case]) -> Vec<String> {
    let named: BTreeSet<&String> = cases.iter().flat_map(|case| &case.rows).collect();
    let bare = rows.keys().filter(|row| !named.contains(row)).map(|row| format!("no case is about `{row}`"));
    let unlisted = cases.iter().flat_map(|case| case.rows.iter().map(move |row| (row, &case.id)));
    let unlisted = unlisted.filter(|(row, _)| !rows.contains_key(*row));
    bare.chain(unlisted.map(|(row, id)| format!("`{id}` is about `{row}`, which is not listed"))).collect()
}

#[test]
fn a_row_without_a_case_and_a_case_without_a_row_are_found() {
    let rows = BTreeMap::from([("A1".to_owned(), "…".to_owned()), ("A2".to_owned(), "…".to_owned())]);
    let case = |rows: Value| -> Case {
        serde_json::from_value(json!({"id": "a", "page": "…", "why": "…", "rows": rows})).unwrap()
    };
    assert!(rows_out_of_step(&rows, &[case(json!(["A1"])), case(json!(["A2", "A1"]))]).is_empty());
    let wrong = rows_out_of_step(&rows, &[case(json!(["A1", "A3"]))]);
    assert_eq!(wrong, ["no case is about `A2`", "`a` is about `A3`, which is not listed"]);
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
        (json!({}), "not one of `simulate`, `compare` and `estate`"),
        (json!({"estate": {"file": {}}}), "unknown field `file`"),
        (
            json!({"estate": {"files": {"a.json": statement("s3:*")}, "ask": ["scan"], "answer": {"summary": {"documents": 2}}}}),
            "documents: expected 2",
        ),
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

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus")
}

/// All files with cases, with the cloud that their folder names.
fn files() -> Vec<(&'static dyn Cloud, PathBuf)> {
    let mut found = Vec::new();
    for folder in
        fs::read_dir(root()).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
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
    let all = |first: &Value| {
        let first = merged(base, first);
        let others: Vec<Value> = case.also.iter().map(|patch| merged(&first, patch)).collect();
        [first].into_iter().chain(others).enumerate()
    };
    match (&case.simulate, &case.compare, &case.estate) {
        (Some(first), None, None) => {
            for (index, scenario) in all(first) {
                let found = decided(cloud, &scenario, &mut codes, tally);
                wrong.extend(found.into_iter().map(|what| format!("scenario {}: {what}", index + 1)));
            }
        }
        (None, None, Some(first)) => {
            for (index, estate) in all(first) {
                let found = answered(&format!("{}-{index}", case.id), &estate);
                wrong.extend(found.into_iter().map(|what| format!("estate {}: {what}", index + 1)));
                tally.decisions += 1;
            }
        }
        (None, Some(pair), None) => {
            if !case.also.is_empty() {
                wrong.push("`also` belongs to `simulate`".to_owned());
            }
            wrong.extend(compared(pair, &mut codes, tally));
        }
        _ => wrong.push("not one of `simulate`, `compare` and `estate`".to_owned()),
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

fn decided(
    cloud: &'static dyn Cloud,
    scenario: &Value,
    codes: &mut BTreeSet<String>,
    tally: &mut Tally,
) -> Vec<String> {
    let mut wrong: Vec<String> = unknown_keys(scenario);
    let expected = scenario["expected"].as_str().unwrap_or_default();
    let verdict = Verdict::ALL.into_iter().find(|verdict| verdict.as_str() == expected);
    if verdict.is_none() && ![UNREADABLE, UNDECIDED].contains(&expected) {
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
        (Some(scenario), None) if expected == UNDECIDED => wrong.extend(open(cloud, &scenario)),
        (None, None) if expected == UNREADABLE => {}
        (None, _) => wrong.push(format!("could not be read: {problems:?}")),
        (Some(_), None) => wrong.push("was read".to_owned()),
    }
    wrong
}

/// That neither decision is claimed: the concrete rule says what it could not read, and the formula leaves both open.
fn open(cloud: &'static dyn Cloud, scenario: &Scenario) -> Vec<String> {
    let Scenario { estate, request } = scenario;
    let mut wrong = Vec::new();
    let gaps = cloud.decide(estate, request).gaps;
    if !gaps.iter().any(|gap| gap.kind == GapKind::OpaqueCondition) {
        wrong.push(format!("expected that something is not read, found {gaps:?}"));
    }
    let Some(subject) = subject(cloud, scenario) else {
        return vec![format!("who is `{}`?", request.principal)];
    };
    let asked = cloud.assignment(estate, request);
    let named = Object::Named(request.resource.clone());
    for (action, object) in [(Some(request.action.clone()), named), (None, Object::Any)] {
        let layers = cloud.layers(estate, &Question { cloud: cloud.id(), subject, action, object });
        let allowed = cloud.combine(&layers).restrict(&layers.known);
        if let Some(decided) = allowed.evaluate(&asked) {
            wrong.push(format!("the formula says {decided} of the request: {allowed}"));
        }
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
    let Some(subject) = subject(cloud, scenario) else {
        wrong.push(format!("who is `{}`?", request.principal));
        return wrong;
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

/// Who asks: the principal of that name, the only one there is, or nobody.
fn subject(cloud: &dyn Cloud, scenario: &Scenario) -> Option<Subject> {
    let Scenario { estate, request } = scenario;
    let mut all = estate.principals().map(|(id, _)| id);
    let only = all.next().filter(|_| all.next().is_none());
    match estate.find_principal(cloud.id(), &request.principal) {
        Some(id) => Some(Subject::Principal(id)),
        None if request.principal == "*" => Some(Subject::Anonymous),
        None if request.principal == "allAuthenticatedUsers" => Some(Subject::Outside),
        None => only.map(Subject::Principal),
    }
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
                let fits =
                    match portfolio(*engines, usual_budget()).decide(&goal).map(|decided| decided.answer) {
                        Ok(Answer::Never) => !expected,
                        Ok(Answer::Sometimes(witness)) => expected && satisfies(&goal, &witness),
                        Ok(Answer::Undecided(_)) | Err(_) => false,
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
            wrong.extend(agree(&goal, holds, alone(), usual_budget(), &mut tally.tried));
        }
        wrong
    }
}

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
            let said = match comparison(&read_documents, engines, *any, usual_budget()) {
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
        wrong.extend(tried(&read_documents, *any, alone(), usual_budget(), &mut tally.tried));
        tally.decisions += 1;
    }
    wrong
}
