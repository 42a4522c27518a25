//! The shipped parts: they decode, they hold what they say, and they are what the fact tables give.

use super::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Fact tables and the part each becomes.
const TABLES: [(&str, &str); 5] = [
    ("aws-actions.json", aws::catalog::ID),
    ("aws-managed-policies.json", aws::catalog::MANAGED_ID),
    ("gcp-roles.json", gcp::catalog::ID),
    ("azure-roles.json", azure::catalog::ID),
    ("azure-operations.json", azure::catalog::OPERATIONS_ID),
];

fn policies() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("policies")
}

/// The fact tables, from `$LEASTWISE_SHARED/catalog`; they are not part of the repository.
fn fact_tables() -> Option<Vec<(String, String)>> {
    let shared = std::env::var_os("LEASTWISE_SHARED").map(PathBuf::from);
    let shared = shared.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared"));
    let table = |(name, _): &(&str, &str)| {
        let packed = std::fs::read(shared.join("catalog").join(format!("{name}.zst"))).ok()?;
        let text = String::from_utf8(zstd::stream::decode_all(packed.as_slice()).ok()?).ok()?;
        Some(((*name).to_owned(), text))
    };
    TABLES.iter().map(table).collect()
}

/// With `LEASTWISE_WRITE_CATALOGS=1` this writes `policies/*.bin.zst`.
#[test]
fn shipped_files_are_what_the_fact_tables_give() {
    let Some(tables) = fact_tables() else {
        eprintln!("skipped: no fact tables; set LEASTWISE_SHARED to the folder that has catalog/*.json.zst");
        return;
    };
    let mut problems = Vec::new();
    let built = build(&tables, "", &mut problems).unwrap();
    assert_eq!(problems, [""; 0]);
    assert_eq!(built.len(), TABLES.len());
    for part in built {
        let path = policies().join(format!("{}.bin.zst", part.id));
        if std::env::var_os("LEASTWISE_WRITE_CATALOGS").is_some() {
            std::fs::write(&path, &part.bytes).unwrap();
        }
        let same = std::fs::read(&path).unwrap() == part.bytes;
        assert!(same, "{} differs; write it anew with LEASTWISE_WRITE_CATALOGS=1", path.display());
    }
}
