//! What is fuzzed: one function for each reader of hostile text, and one that sets the engines against each other.
//!
//! Written once: `fuzz/` runs these under libFuzzer, `fuzzing.rs` beside this file runs them in every test run on
//! changed seeds. A target fails by a panic. What a text means is not checked here.

use leastwise::clouds::aws::parse::{self, Capacity};
use leastwise::clouds::{self, CLOUDS};
use leastwise::input;
use leastwise::logic::{
    Attribute, Case, Decimal, Formula, Goal, Kind, Part, Pattern, Patterns, Ranges, Template, Token,
    Universe, Value,
};
use leastwise::model::Usage;
use leastwise::solver::{Answer, EngineSelection, Portfolio};
use leastwise::text::{Files, Problem, Route, json};
use leastwise::usage::LOGS;

/// What is run on any bytes.
pub type Target = fn(&[u8]);

/// All targets by the names that `cargo fuzz run` takes.
pub const TARGETS: &[(&str, Target)] = &[
    ("json", json_text),
    ("aws_policy", aws_policy),
    ("loaders", loaders),
    ("gcp_condition", gcp_condition),
    ("usage_log", usage_log),
    ("scenarios", scenarios),
    ("engines", engines),
];

/// Every problem stands in its file, at the border of a character.
fn check_spans(files: &Files, problems: &[Problem]) {
    for problem in problems {
        let Some(span) = problem.span else { continue };
        let text = files.text(span.file);
        let fits = span.start <= span.end && text.get(span.start as usize..span.end as usize).is_some();
        assert!(fits, "{problem:?} does not stand in a text of {} bytes", text.len());
    }
}

fn text(data: &[u8]) -> String {
    String::from_utf8_lossy(data).into_owned()
}

/// JSON documents and JSON Lines.
pub fn json_text(data: &[u8]) {
    let (text, mut files, mut problems) = (text(data), Files::default(), Vec::new());
    let file = files.add("fuzz.json", text.as_str());
    let tree = json::parse(file, &text, &mut problems);
    assert!(tree.is_some() || !problems.is_empty(), "nothing was read and nobody says why");
    let read = serde_json::from_str::<serde_json::Value>(&text);
    // serde_json has a limit for depth of its own, and no numbers beyond those of a machine.
    if tree.is_none() && text.len() < 100 && !text.contains(['e', 'E']) {
        assert!(read.is_err(), "{text:?} is JSON: {problems:?}");
    }
    json::parse_lines(file, &text, &mut problems);
    check_spans(&files, &problems);
}

/// AWS policy documents in every capacity, and the conditions in them.
pub fn aws_policy(data: &[u8]) {
    let (text, mut files, mut problems) = (text(data), Files::default(), Vec::new());
    let file = files.add("fuzz.json", text.as_str());
    let Some(tree) = json::parse(file, &text, &mut problems) else { return };
    for capacity in [Capacity::Identity, Capacity::Resource, Capacity::Trust] {
        parse::policy(&tree, "fuzz", &Route::root(), capacity, &mut problems);
    }
    check_spans(&files, &problems);
    loaders(data);
}

/// Every input format, whichever the text looks like.
pub fn loaders(data: &[u8]) {
    let loaded = input::load_text("fuzz.json", text(data));
    check_spans(&loaded.files, &loaded.problems);
    for (id, policy) in loaded.estate.policies() {
        let Some(cloud) = clouds::cloud(policy.cloud) else { continue };
        for attached in loaded.estate.attachments().iter().filter(|attached| attached.policy == id) {
            cloud.grants(&loaded.estate, id, attached.layer);
        }
    }
}

/// The text as a condition of a GCP binding.
pub fn gcp_condition(data: &[u8]) {
    let binding = serde_json::json!({
        "bindings": [{
            "role": "roles/viewer", "members": ["user:ann@acme.example"],
            "condition": {"title": "fuzz", "expression": text(data)},
        }],
        "version": 3, "etag": "BwX",
    });
    loaders(binding.to_string().as_bytes());
}

/// Activity logs of every kind.
pub fn usage_log(data: &[u8]) {
    let text = text(data);
    for log in LOGS {
        log.detects(&text);
        let (mut usage, mut problems) = (Usage::default(), Vec::new());
        let read = log.read(&mut text.as_bytes(), &mut usage, &mut problems);
        assert!(read.is_ok() && problems.len() < 200, "{read:?} with {} problems", problems.len());
    }
}

/// Scenarios for `simulate`, and the decision on each.
pub fn scenarios(data: &[u8]) {
    let (text, mut files, mut problems) = (text(data), Files::default(), Vec::new());
    let file = files.add("fuzz.json", text.as_str());
    let Some(tree) = json::parse(file, &text, &mut problems) else { return };
    for cloud in CLOUDS {
        if let Some(scenario) = cloud.scenario(&tree, &mut problems) {
            cloud.decide(&scenario.estate, &scenario.request);
        }
    }
    check_spans(&files, &problems);
}

/// A formula that the bytes spell: the engines must not contradict each other, and what they find must satisfy it.
pub fn engines(data: &[u8]) {
    let mut bytes = data.iter().copied().take(120);
    let goal = Goal::satisfiable(formula(&mut bytes, 4), Universe::Any);
    let selection = if cfg!(feature = "z3") { EngineSelection::Both } else { EngineSelection::Native };
    let portfolio = Portfolio { engines: selection, budget: 200_000, scripts: None };
    match portfolio.decide(&goal) {
        Ok(decided) => {
            if let Answer::Sometimes(request) = decided.answer {
                assert_ne!(goal.formula.evaluate(&request), Some(false), "{request:?} of {}", goal.formula);
            }
        }
        Err(clash) => panic!("{clash:?}"),
    }
}

fn formula(bytes: &mut impl Iterator<Item = u8>, depth: u32) -> Formula {
    let Some(choice) = bytes.next() else { return Formula::True };
    let parts = usize::from(choice / 16 % 3) + 2;
    match choice % 8 {
        0 | 1 if depth > 0 => {
            Formula::all((0..parts).map(|_| formula(&mut *bytes, depth - 1)).collect::<Vec<_>>())
        }
        2 | 3 if depth > 0 => {
            Formula::any((0..parts).map(|_| formula(&mut *bytes, depth - 1)).collect::<Vec<_>>())
        }
        4 if depth > 0 => formula(bytes, depth - 1).not(),
        _ => atom(bytes),
    }
}

fn atom(bytes: &mut impl Iterator<Item = u8>) -> Formula {
    let (choice, which) = (bytes.next().unwrap_or(0), bytes.next().unwrap_or(0));
    let text = if which % 2 == 0 { Attribute::resource() } else { Attribute::text("k") };
    let set = || Attribute::new("s", Kind::TextSet);
    match choice % 10 {
        0..=2 => Formula::matches(text, patterns(bytes)),
        3 => Formula::present(Attribute::text("k")),
        4 => Formula::any_in(set(), patterns(bytes)),
        5 => Formula::all_in(set(), patterns(bytes)),
        6 => Formula::is_true(Attribute::new("b", Kind::Boolean)),
        7 => Formula::is_false(Attribute::new("b", Kind::Boolean)),
        8 => {
            let point = |n: u8| Value::Number(Decimal::from_units(i128::from(n % 16))).point().unwrap_or(0);
            let (low, high) = (point(bytes.next().unwrap_or(0)), point(bytes.next().unwrap_or(0)));
            Formula::within(Attribute::new("n", Kind::Number), Ranges::of([(low, high)]))
        }
        _ => {
            let rest = Part::Tokens(pattern(bytes).tokens().collect());
            let parts = [Part::literal("a"), Part::Reference(Attribute::text("k")), rest];
            Formula::same(Attribute::resource(), Template::new(parts, Case::Sensitive))
        }
    }
}

fn patterns(bytes: &mut impl Iterator<Item = u8>) -> Patterns {
    let count = bytes.next().unwrap_or(0) % 3 + 1;
    Patterns::of((0..count).map(|_| pattern(bytes)).collect::<Vec<_>>())
}

fn pattern(bytes: &mut impl Iterator<Item = u8>) -> Pattern {
    let head = bytes.next().unwrap_or(0);
    let case = if head >= 224 { Case::Insensitive } else { Case::Sensitive };
    let token = |byte: u8| match byte % 8 {
        0 | 1 => Token::Char('a'),
        2 => Token::Char('b'),
        3 => Token::Char(':'),
        4 => Token::Run,
        5 => Token::One,
        6 => Token::RunInSegment,
        _ => Token::OneInSegment,
    };
    let length = usize::from(head % 5);
    Pattern::new((0..length).map(|_| token(bytes.next().unwrap_or(0))).collect::<Vec<_>>(), case)
}
