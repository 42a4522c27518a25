//! How long it takes to compare two policy documents: real edits if they are at hand, each by the native engine and
//! some of them by our own encoding for Z3 in the same run, and documents that grow in one dimension at a time.

#![expect(
    clippy::print_stdout,
    reason = "prints the figures that criterion does not compute: percentiles and ratios"
)]
#![expect(clippy::disallowed_methods, reason = "reads the edits, and the clock")]

mod clock;

use std::fs::File;
use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clock::Clock;
use criterion::{BenchmarkId, Criterion};
use flate2::read::MultiGzDecoder;
use leastwise::evaluator::{Comparison, DocumentEvaluator, TwoDocuments};
use leastwise::input::document_pairs::{self, ReadDocuments};
use leastwise::solver::{EngineSelection, Portfolio};
use serde_json::{Value, json};

/// Every so many edits are also decided by Z3; of the small policies all are.
const SAMPLED: usize = 8;
/// How often each edit is measured; the fastest run counts, because the others were disturbed.
const RUNS: usize = 5;
/// From here on the time that the thread ran is taken, which the system counts in pieces of some milliseconds: on a
/// shared machine what takes long is interrupted in any case.
const LONG: Duration = Duration::from_millis(40);

fn main() {
    if let Some(small) = small() {
        measured("pairs of small policies", &small, 1);
    }
    measured("edits", &edits(), SAMPLED);
    growth_table();
    let mut criterion = Criterion::default().configure_from_args();
    growth(&mut criterion);
    criterion.final_summary();
}

fn portfolio(engines: EngineSelection) -> Portfolio {
    Portfolio { engines, ..Portfolio::default() }
}

/// A pair of documents as `compare --pairs` reads it, and what both are if that need not be guessed.
type Line = (String, Option<String>);

fn read((line, kind): &Line) -> Option<ReadDocuments> {
    document_pairs::from_line("pairs", 1, line, kind.as_deref()).documents
}

fn compare(read: &ReadDocuments, portfolio: &Portfolio) -> Option<Comparison> {
    let evaluator = DocumentEvaluator::new(read.cloud, portfolio, false)?;
    evaluator.compare(TwoDocuments { kind: read.kind, old: &read.old, new: &read.new }).ok()
}

fn timed<T>(mut work: impl FnMut() -> T) -> Duration {
    let (clock, started) = (Clock::start(), Instant::now());
    black_box(work());
    let passed = started.elapsed();
    if passed < LONG { passed } else { clock.elapsed().min(passed) }
}

/// A file beside the checkout or where `LEASTWISE_SHARED` says.
fn shared(name: &str) -> PathBuf {
    let folder =
        std::env::var_os("LEASTWISE_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    folder.join(name)
}

/// AWS's own samples of policies to compare: a few statements each, of all kinds.
fn small() -> Option<Vec<Line>> {
    let file = File::open(shared("oracles/aws-no-new-access.jsonl")).ok()?;
    let line = |text: String| {
        let sample: Value = serde_json::from_str(&text).ok()?;
        let kind = sample.get("kind")?.as_str()?.to_ascii_lowercase();
        Some((pair(sample.get("existing")?, sample.get("new")?).0, Some(kind)))
    };
    Some(BufReader::new(file).lines().map_while(Result::ok).filter_map(line).collect())
}

/// Edits of AWS managed policies.
fn edits() -> Vec<Line> {
    let path = shared("bench/policy-edits-shared.jsonl.gz");
    match File::open(&path) {
        Ok(file) => {
            let lines = BufReader::new(MultiGzDecoder::new(file)).lines();
            lines.map_while(Result::ok).map(|line| (line, None)).collect()
        }
        Err(_) => {
            println!("`{}` is absent: generated edits instead", path.display());
            (1..100).map(|size| pair(&statements(size), &statements(size + 1))).collect()
        }
    }
}

fn measured(what: &str, lines: &[Line], every: usize) {
    // The catalog is read once for all, and not measured.
    let warm = pair(&statements(1), &statements(2));
    drop(read(&warm).and_then(|pair| compare(&pair, &portfolio(EngineSelection::Native))));
    let mut figures: [Vec<Duration>; 5] = Default::default();
    let [parsing, first, again, sampled, z3] = &mut figures;
    let mut slowest = (Duration::ZERO, String::new());
    for (index, line) in lines.iter().enumerate() {
        let native = portfolio(EngineSelection::Native);
        let (mut parse, mut fresh, mut repeat) = (Duration::MAX, Duration::MAX, Duration::MAX);
        for _ in 0..RUNS {
            let mut pair = None;
            parse = parse.min(timed(|| pair = read(line)));
            let Some(pair) = pair else { continue };
            fresh = fresh.min(timed(|| compare(&pair, &native)));
            repeat = repeat.min(timed(|| compare(&pair, &native)));
            if cfg!(feature = "z3") && index % every == 0 && z3.len() == sampled.len() {
                z3.push(timed(|| compare(&pair, &portfolio(EngineSelection::Z3))));
            }
        }
        if cfg!(feature = "z3") && index % every == 0 {
            sampled.push(fresh);
        }
        if fresh > slowest.0 {
            slowest = (fresh, line.0.chars().take(90).collect());
        }
        parsing.push(parse);
        first.push(fresh);
        again.push(repeat);
    }
    println!("\n{} {what}, both directions each, without the time to read them:", parsing.len());
    let mut ratios: Vec<f64> =
        z3.iter().zip(&*sampled).map(|(z3, native)| z3.as_secs_f64() / native.as_secs_f64()).collect();
    show("reading both documents", parsing);
    show("native, from the documents on", first);
    show("native, documents compiled before", again);
    show("native, those that Z3 is asked too", sampled);
    show("z3, the same", z3);
    ratios.sort_by(f64::total_cmp);
    if let (Some(median), Some(worst)) = (ratios.get(ratios.len() / 2), ratios.last()) {
        let (p99, mine) = (percentile(z3, 99), percentile(sampled, 99));
        let tail = p99.as_secs_f64() / mine.as_secs_f64();
        println!(
            "z3 / native: median of the ratios {median:.0}, largest {worst:.0}, of the 99th percentiles {tail:.0}"
        );
    }
    println!("slowest: {}", slowest.1);
}

fn show(what: &str, times: &mut [Duration]) {
    if times.is_empty() {
        return;
    }
    times.sort();
    println!(
        "{what:<36} median {:>9.1?}  p90 {:>9.1?}  p99 {:>9.1?}  worst {:>9.1?}",
        percentile(times, 50),
        percentile(times, 90),
        percentile(times, 99),
        percentile(times, 100)
    );
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let at = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(at).copied().unwrap_or_default()
}

fn pair(old: &Value, new: &Value) -> Line {
    (json!({"name": "generated", "old": old, "new": new}).to_string(), None)
}

fn document(statements: &[Value]) -> Value {
    json!({"Version": "2012-10-17", "Statement": statements})
}

const SERVICES: &[(&str, &str)] = &[
    ("s3", "arn:aws:s3:::bucket"),
    ("dynamodb", "arn:aws:dynamodb:*:111122223333:table/table"),
    ("sqs", "arn:aws:sqs:*:111122223333:queue"),
    ("lambda", "arn:aws:lambda:*:111122223333:function:f"),
    ("kms", "arn:aws:kms:*:111122223333:key/k"),
    ("sns", "arn:aws:sns:*:111122223333:topic"),
];

/// A document of so many statements, each about things of its own.
fn statements(count: usize) -> Value {
    let statement = |index: usize| {
        let (service, resource) = SERVICES.get(index % SERVICES.len()).copied().unwrap_or(("s3", "*"));
        let action = if index.is_multiple_of(2) { "Get*" } else { "*" };
        json!({"Effect": if index % 7 == 6 { "Deny" } else { "Allow" }, "Action": format!("{service}:{action}"),
            "Resource": format!("{resource}{index}*")})
    };
    document(&(0..count).map(statement).collect::<Vec<_>>())
}

/// A document with so many patterns for resources in one statement.
fn patterns(count: usize) -> Value {
    let resources: Vec<_> = (0..count).map(|index| format!("arn:aws:s3:::bucket-{index}/*/data*")).collect();
    document(&[json!({"Effect": "Allow", "Action": "s3:GetObject", "Resource": resources})])
}

/// A document with so many condition keys in one statement.
fn keys(count: usize) -> Value {
    let tests: serde_json::Map<String, Value> =
        (0..count).map(|index| (format!("aws:RequestTag/key{index}"), json!(["a", "b*"]))).collect();
    document(&[json!({"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*",
        "Condition": {"StringLike": tests}})])
}

/// Statements that overlap, some of them under conditions; with `narrow`, every third names fewer resources.
fn overlapping(count: usize, narrow: bool) -> Value {
    let statement = |index: usize| {
        let (service, resource) = SERVICES.get(index % SERVICES.len()).copied().unwrap_or(("s3", "*"));
        let action = ["Get*", "List*", "*Tag*"].get(index % 3).copied().unwrap_or("*");
        let number = index / SERVICES.len();
        let mut resources = vec![format!("{resource}{number}*"), format!("{resource}{number}-*-x")];
        resources.truncate(if narrow && index.is_multiple_of(3) { 1 } else { 2 });
        let condition = match (index % 4, index % 5) {
            (_, 1) => {
                json!({"StringLike": {format!("aws:ResourceTag/team{}", index % 9): format!("t{index}*")}})
            }
            (1, _) => json!({"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}}),
            _ => json!({}),
        };
        json!({"Effect": "Allow", "Action": format!("{service}:{action}"), "Resource": resources,
            "Condition": condition})
    };
    document(&(0..count).map(statement).collect::<Vec<_>>())
}

/// A way to make two documents of a size.
type Dimension = (&'static str, fn(usize) -> (Value, Value));
const DIMENSIONS: &[Dimension] = &[
    ("statements", |size| (statements(size), statements(size + 1))),
    ("patterns", |size| (patterns(size), patterns(size + 1))),
    ("condition-keys", |size| (keys(size), keys(size + 1))),
    ("overlapping", |size| (overlapping(size, false), overlapping(size + 1, false))),
    ("rewritten", |size| (overlapping(size, false), overlapping(size, true))),
];
const SIZES: &[usize] = &[1, 3, 10, 30, 100, 300, 1000];

/// A document against the one with one part more, or against one that says the same in fewer words.
fn grown((_, make): &Dimension, size: usize) -> Option<ReadDocuments> {
    let (old, new) = make(size);
    read(&pair(&old, &new))
}

fn growth_table() {
    let native = portfolio(EngineSelection::Native);
    println!("\nnative, a document against a changed one, both of that size:");
    for dimension in DIMENSIONS {
        for size in SIZES {
            let mut best = Duration::MAX;
            for _ in 0..RUNS {
                let Some(pair) = grown(dimension, *size) else { continue };
                best = best.min(timed(|| compare(&pair, &native)));
            }
            println!("{:<16} {size:>5}  {best:>9.1?}", dimension.0);
        }
    }
    println!();
}

fn growth(criterion: &mut Criterion) {
    let native = portfolio(EngineSelection::Native);
    for dimension in DIMENSIONS {
        let mut group = criterion.benchmark_group(format!("compare/{}", dimension.0));
        group.sample_size(20);
        for size in [1, 10, 100, 1000] {
            let Some(pair) = grown(dimension, size) else { continue };
            group.bench_with_input(BenchmarkId::from_parameter(size), &pair, |bench, pair| {
                bench.iter(|| compare(pair, &native));
            });
        }
        group.finish();
    }
}
