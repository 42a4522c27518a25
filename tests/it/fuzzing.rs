//! The fuzz targets on changed seeds, a few thousand times: the same bytes in every run, no tool needed.
//!
//! The seeds are the small files of this repository. `fuzz/` looks further, for as long as somebody lets it.

use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};

use crate::fuzz_targets::TARGETS;

/// Seeds are short: what is long is only slower.
const LONGEST: usize = 3_000;

/// Conditions, scenarios and events, which no file of the repository holds alone.
const SPELLED: &[&str] = &[
    "resource.name.startsWith('projects/p/') && request.time < timestamp('2024-01-01T00:00:00Z') || !(a in ['b', \"c\"])",
    r#"{"request": {"principal": "arn:aws:iam::111122223333:user/ann", "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k", "resource_account": "111122223333", "context": {"aws:TagKeys": ["a"], "aws:SourceIp": "10.0.0.1"}}, "policies": {"identity": [{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "arn:aws:s3:::b/${aws:username, 'x'}*", "Condition": {"ForAllValues:StringLike": {"aws:TagKeys": ["a*"]}, "NumericLessThan": {"s3:max-keys": "10"}, "DateLessThan": {"aws:CurrentTime": "2024-01-01"}}}]}], "service_control": [[]]}}"#,
    r#"{"protoPayload": {"methodName": "storage.objects.get", "authenticationInfo": {"principalEmail": "a@b.example"}, "authorizationInfo": [{"permission": "storage.objects.get", "resource": "projects/_/buckets/b", "granted": true}]}, "timestamp": "2024-01-01T00:00:00Z", "logName": "projects/p/logs/cloudaudit.googleapis.com%2Fdata_access"}"#,
    r#"{"bindings": [{"role": "roles/editor", "members": ["user:ann@acme.example", "allUsers"]}], "etag": "x", "version": 1}"#,
    r#"{"Version": "2012-10-17", "Statement": [{"Sid": "a\u0041", "Effect": "Deny", "NotPrincipal": {"AWS": ["111122223333"]}, "NotAction": "s3:*", "NotResource": ["*"], "Condition": {"Null": {"a": true}}}]}"#,
    "[1, 2.5e3, -0, true, null, \"\\ud83d\\ude00\", {\"a\": {\"a\": []}}]",
    "\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}\u{7}\u{8}abcdefghijklmnopqrstuvwxyz0123456789",
];

/// A generator that is the same everywhere: splitmix64, <https://prng.di.unimi.it/splitmix64.c>.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % (below.max(1) as u64)).unwrap()
    }

    /// The seed with one to six changes: bytes replaced, taken out, doubled, and pieces of other seeds put in.
    fn changed(&mut self, seed: &[u8], other: &[u8]) -> Vec<u8> {
        const SIGNS: &[u8] = b"{}[]\",:\\'()$*?!&|<>=+-.0 \n\xff\xc3e";
        let mut bytes = seed.to_vec();
        for _ in 0..=self.roll(6) {
            let at = self.roll(bytes.len() + 1);
            let end = (at + self.roll(12)).min(bytes.len());
            match self.roll(6) {
                0 => bytes.insert(at, SIGNS[self.roll(SIGNS.len())]),
                1 => drop(bytes.drain(at..end)),
                2 => drop(bytes.splice(at..at, bytes[at..end].to_vec())),
                3 if at < bytes.len() => bytes[at] = SIGNS[self.roll(SIGNS.len())],
                4 if at < bytes.len() => bytes[at] ^= 1 << self.roll(8),
                _ => {
                    let from = self.roll(other.len() + 1);
                    let to = (from + self.roll(40)).min(other.len());
                    drop(bytes.splice(at..end, other[from..to].iter().copied()));
                }
            }
        }
        bytes
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut open: Vec<PathBuf> =
        ["tests/fixtures", "tests/corpus", "examples"].map(|name| root.join(name)).into();
    let mut files = Vec::new();
    while let Some(folder) = open.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            match path.extension() {
                _ if path.is_dir() => open.push(path),
                Some(ending) if ending == "json" || ending == "jsonl" => files.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    let read = files.iter().map(|path| fs::read(path).unwrap()).filter(|bytes| bytes.len() <= LONGEST);
    read.chain(SPELLED.iter().map(|text| text.as_bytes().to_vec())).collect()
}

#[test]
fn targets_survive_changed_seeds() {
    let seeds = seeds();
    assert!(seeds.len() >= 10, "only {} seeds", seeds.len());
    for (name, target) in TARGETS {
        let mut dice = Dice(7);
        // Z3 takes milliseconds for what the readers do in microseconds.
        let rounds = if *name == "engines" { 150 } else { 1_500 };
        for round in 0..rounds {
            let seed = &seeds[round % seeds.len()];
            let other = dice.roll(seeds.len());
            let mut bytes = dice.changed(seed, &seeds[other]);
            if *name == "engines" {
                bytes = (0..80).map(|_| u8::try_from(dice.roll(256)).unwrap()).collect();
            }
            if panic::catch_unwind(AssertUnwindSafe(|| target(&bytes))).is_err() {
                panic!("target `{name}` fails on {:?}", String::from_utf8_lossy(&bytes));
            }
        }
    }
}

/// Each target has a file in `fuzz/`, and no file there is left over.
#[test]
fn every_target_can_be_fuzzed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets");
    if !folder.exists() {
        println!("skipped: the published package has no `fuzz/`");
        return;
    }
    let mut files: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    files.sort();
    let mut names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    names.sort_unstable();
    assert_eq!(files, names);
    let manifest = fs::read_to_string(folder.join("../Cargo.toml")).unwrap();
    for name in names {
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "fuzz/Cargo.toml lacks `{name}`");
    }
}
