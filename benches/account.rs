//! How long accounts take to be loaded and analysed, beside the time that parsing their JSON alone takes, how much
//! memory that needs, and how both grow with the size.
//!
//! `cargo bench --bench account -- 1000 10000` measures accounts of these numbers of principals, and as many
//! resources; `-- 1000 resources=50 policies=20` changes what there is of something, see `made_up/mod.rs`.
//! `-- --write FOLDER 1000` only writes such an account, to look closer at. Each size is measured by a process of its own, so that its memory is its own too.

#![expect(clippy::print_stdout, reason = "prints times and ratios")]
#![expect(clippy::disallowed_methods, reason = "writes the accounts to a folder of its own")]

use std::fs::{self, File};
use std::hint::black_box;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use leastwise::clouds::CLOUDS;
use leastwise::evaluator::{Evaluator, OneDocument};
use leastwise::findings::{self, Context};
use leastwise::graph::Graph;
use leastwise::input;
use leastwise::input::disk::Limits;
use leastwise::solver::Portfolio;
use leastwise::text::{Files, json as reader};

#[path = "clock/mod.rs"]
mod clock;
#[path = "made_up/mod.rs"]
mod made_up;

use clock::Clock;
use made_up::Size;

/// Up to so many principals every stage runs several times, and the fastest run counts.
const REPEATED: usize = 5_000;
const RUNS: usize = 5;
const MEASURABLE: Duration = Duration::from_millis(100);
/// Up to so many resources each has a file of its own; more lie together, so many in each file.
const OWN_FILE: usize = 10_000;
const TOGETHER: usize = 100;
/// How the process that measures one size is called.
const MEASURE: &str = "--measure";
/// Asks for the files alone.
const WRITE: &str = "--write";
const LIMITS: Limits = Limits { file_bytes: 4 << 30, files: 1_000_000, sources: false };

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [mode, folder, runs] = arguments.as_slice()
        && mode == MEASURE
    {
        return measure(Path::new(folder), runs.parse().unwrap_or(1));
    }
    if let [mode, folder, rest @ ..] = arguments.as_slice()
        && mode == WRITE
    {
        let principals = rest.iter().find_map(|argument| argument.parse().ok()).unwrap_or(1_000);
        return write(Path::new(folder), changed(Size::of(principals), rest));
    }
    let sizes: Vec<usize> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    let sizes = if sizes.is_empty() { vec![100, 300, 1_000, 3_000, 10_000] } else { sizes };
    println!(
        "principals resources      JSON     parse      load   analyse  together / parse   loaded  analysed  findings"
    );
    for principals in sizes {
        let size = changed(Size::of(principals), &arguments);
        let folder =
            std::env::temp_dir().join(format!("leastwise-account-{}-{principals}", std::process::id()));
        write(&folder, size);
        let runs = if principals <= REPEATED { RUNS } else { 1 };
        let itself = std::env::current_exe().unwrap_or_default();
        let child = Command::new(itself).arg(MEASURE).arg(&folder).arg(runs.to_string()).output();
        let printed =
            child.map(|done| String::from_utf8_lossy(&done.stdout).into_owned()).unwrap_or_default();
        println!("{:>10} {:>9} {printed}", size.roles + size.users, size.resources);
        drop(fs::remove_dir_all(&folder));
    }
}

/// The size with all that the arguments change.
fn changed(size: Size, arguments: &[String]) -> Size {
    let changes = arguments.iter().filter_map(|argument| argument.split_once('='));
    changes.fold(size, |size, (name, number)| {
        number.parse().ok().and_then(|number| with(size, name, number)).unwrap_or(size)
    })
}

/// The size with what `name=number` says; `None` when there is nothing of that name.
fn with(mut size: Size, name: &str, number: usize) -> Option<Size> {
    let place = match name {
        "accounts" => &mut size.accounts,
        "roles" => &mut size.roles,
        "users" => &mut size.users,
        "groups" => &mut size.groups,
        "policies" => &mut size.policies,
        "resources" => &mut size.resources,
        "seed" => &mut size.seed,
        _ => return None,
    };
    *place = number;
    Some(size)
}

/// Measures the account in a folder, and prints the figures without a line's end.
fn measure(folder: &Path, runs: usize) {
    // What is the same for every account is not counted.
    CLOUDS.iter().for_each(|cloud| drop(cloud.universe()));
    let paths = [folder.to_string_lossy().into_owned()];
    let load = fastest(runs, || drop(black_box(input::load(&paths, LIMITS))));
    let loaded = input::load(&paths, LIMITS);
    let loaded_memory = peak();
    let mut found = 0;
    // A copy has nothing worked out yet. Where one run counts, the original has not either, and memory counts too.
    let analyse = if runs > 1 {
        fastest(runs, || found = analyse(&loaded.estate.clone()))
    } else {
        let clock = Clock::start();
        found = analyse(&loaded.estate);
        clock.elapsed()
    };
    let analysed_memory = peak();
    drop(loaded);
    let texts = texts(folder);
    let bytes: usize = texts.iter().map(String::len).sum();
    let parse = fastest(runs, || texts.iter().for_each(|text| parse(text)));
    let whole = (load + analyse).as_secs_f64();
    print!(
        "{:>6.1} MB {:>6.0} ms {:>6.0} ms {:>6.0} ms {:>17.1} {loaded_memory:>5} MB {analysed_memory:>6} MB {found:>9}",
        bytes as f64 / 1e6,
        millis(parse),
        millis(load),
        millis(analyse),
        whole / parse.as_secs_f64()
    );
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// The most memory that this process had so far, in megabytes, as Linux says.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) / 1000
}

/// The time that one of several runs takes. A run is repeated until it can be measured: the system counts what a thread
/// ran in pieces of some milliseconds.
fn fastest(runs: usize, mut work: impl FnMut()) -> Duration {
    let mut timed = || {
        let clock = Clock::start();
        let mut rounds = 0_u32;
        loop {
            work();
            rounds += 1;
            let ran = clock.elapsed();
            if ran >= MEASURABLE {
                return ran / rounds;
            }
        }
    };
    (0..runs).map(|_| timed()).min().unwrap_or_default()
}

fn parse(text: &str) {
    let file = Files::default().add("account", text);
    black_box(reader::parse(file, text, &mut Vec::new()));
}

/// What `leastwise scan` does.
fn analyse(estate: &leastwise::model::Estate) -> usize {
    let portfolio = Portfolio::default();
    let evaluator = Evaluator::new(estate, &portfolio);
    let documents = OneDocument::all(&evaluator);
    let found = Graph::build(&evaluator, &[])
        .and_then(|graph| findings::run(&Context::new(evaluator, &graph, &documents)));
    found.map_or(0, |found| found.len())
}

/// Writes accounts into a folder: one file for the principals of each, and the resources.
fn write(folder: &Path, size: Size) {
    drop(fs::create_dir_all(folder));
    let together = if size.resources <= OWN_FILE { 1 } else { TOGETHER };
    for account in made_up::accounts(size) {
        let file = |name: String| -> Option<BufWriter<File>> {
            File::create(folder.join(format!("{}-{name}.json", account.id()))).ok().map(BufWriter::new)
        };
        if let Some(mut details) = file("principals".to_owned()) {
            account.details(|text| drop(details.write_all(text.as_bytes())));
        }
        let resources: Vec<_> = account.resources().collect();
        for (number, resources) in resources.chunks(together).enumerate() {
            let text = match resources {
                [only] => serde_json::to_string_pretty(only),
                several => serde_json::to_string_pretty(several),
            };
            let Some(mut file) = file(format!("resources-{number:06}")) else { continue };
            drop(file.write_all(text.unwrap_or_default().as_bytes()));
        }
    }
}

/// The texts of all files.
fn texts(folder: &Path) -> Vec<String> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths.iter().filter_map(|path| fs::read_to_string(path).ok()).collect()
}
