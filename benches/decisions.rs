//! How many decisions on single requests one core makes in a second, on the cases of other people that are beside the
//! checkout: with policies that were read once, with reasons, and with reading the policies each time. The peer
//! decides the same cases in the same run where it is installed.
//!
//! `LEASTWISE_PEER=folder cargo bench --bench decisions`, where `folder` holds a `node_modules` with
//! `@cloud-copilot/iam-simulate`; `node` must be there too.

#![expect(clippy::print_stdout, reason = "prints decisions per second and ratios")]
#![expect(clippy::disallowed_methods, reason = "reads the cases, and who the peer is")]

use std::fs;
use std::hint::black_box;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use leastwise::clouds::{Cloud, Scenario, cloud};
use leastwise::input::disk::Limits;
use leastwise::input::scenarios;
use leastwise::text::{Files, json};

#[path = "clock/mod.rs"]
mod clock;

use clock::Clock;

/// How long each way is measured, several times; the fastest run counts, because the others were disturbed.
const SPAN: Duration = Duration::from_millis(300);
const RUNS: usize = 7;
/// So often all cases are decided between two looks at the clock.
const ROUNDS: u32 = 20;
/// What the peer did when it was measured once (0.1.173, November 2026, CPU time on a shared machine): reading
/// policies each time, and with policies that were read once.
const MEASURED: (f64, f64) = (39_000.0, 45_000.0);

fn main() {
    let folder =
        std::env::var_os("LEASTWISE_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let path = folder.join("oracles/aws-decisions.jsonl");
    let Ok(text) = fs::read_to_string(&path) else {
        println!("decisions: `{}` is not here, so nothing is measured", path.display());
        return;
    };
    let mut cases = Vec::new();
    let paths = [path.to_string_lossy().into_owned()];
    scenarios::read(&paths, Limits::default(), |read| cases.push(read.scenario));
    let rules: Vec<(&Scenario, &'static dyn Cloud)> =
        cases.iter().filter_map(|case| Some((case, cloud(case.request.cloud)?))).collect();
    for (case, cloud) in &rules {
        assert_eq!(
            cloud.verdict(&case.estate, &case.request),
            cloud.decide(&case.estate, &case.request).verdict,
            "{:?}",
            case.request
        );
    }
    let verdicts = rate(rules.len(), || {
        for (case, cloud) in &rules {
            black_box(cloud.verdict(&case.estate, black_box(&case.request)));
        }
    });
    let decisions = rate(rules.len(), || {
        for (case, cloud) in &rules {
            black_box(cloud.decide(&case.estate, black_box(&case.request)));
        }
    });
    let reading = rate(rules.len(), || read_and_decide(&text));
    let (peer_reading, peer, whose) = match peer(&path) {
        Some((reading, read)) => (reading, read, "in this run"),
        None => (MEASURED.0, MEASURED.1, "as measured once; set LEASTWISE_PEER to measure it here"),
    };
    println!("{} cases, on one core; the peer is @cloud-copilot/iam-simulate, {whose}", rules.len());
    line("verdicts, policies read once", verdicts, peer);
    line("decisions with reasons, policies read once", decisions, peer);
    line("decisions with reasons, policies read each time", reading, peer_reading);
}

fn line(what: &str, own: f64, peer: f64) {
    println!("{what:<50} {own:>12.0} a second; peer {peer:>8.0}; ratio {:.0}", own / peer);
}

/// How often a second something is done, of which `work` does so much.
fn rate(count: usize, mut work: impl FnMut()) -> f64 {
    let mut best = 0.0_f64;
    for _ in 0..RUNS {
        let clock = Clock::start();
        let mut rounds = 0_u32;
        while clock.elapsed() < SPAN {
            (0..ROUNDS).for_each(|_| work());
            rounds += ROUNDS;
        }
        let each = clock.elapsed().as_secs_f64() / f64::from(rounds);
        best = best.max(f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / each);
    }
    best
}

/// From the text of the cases to decisions.
fn read_and_decide(text: &str) {
    let file = Files::default().add("cases", text);
    let mut problems = Vec::new();
    for tree in json::parse_lines(file, text, &mut problems) {
        let name = tree.get("cloud").and_then(|name| name.as_str());
        let Some(cloud) = leastwise::clouds::CLOUDS.iter().find(|cloud| Some(cloud.id().as_str()) == name)
        else {
            continue;
        };
        if let Some(Scenario { estate, request }) = cloud.scenario(&tree, &mut problems) {
            black_box(cloud.decide(&estate, &request));
        }
    }
}

/// Decisions a second of the peer: reading policies each time, and with policies that were read once.
fn peer(cases: &std::path::Path) -> Option<(f64, f64)> {
    let folder = std::env::var_os("LEASTWISE_PEER")?;
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/decisions_peer.mjs");
    let run = Command::new("node").arg(script).arg(folder).arg(cases).output().ok()?;
    let out = String::from_utf8_lossy(&run.stdout);
    let mut numbers = out.split_whitespace().filter_map(|word| word.parse::<f64>().ok());
    let found = numbers.next().zip(numbers.next());
    if found.is_none() {
        println!("the peer did not run: {}", String::from_utf8_lossy(&run.stderr));
    }
    found
}
