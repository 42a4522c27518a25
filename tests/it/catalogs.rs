//! The shipped catalogs are exactly what the fact tables give, and `policies/` holds nothing else.

use crate::shared::shared;
use leastwise::clouds::catalog::{build, parts};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn policies() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("policies")
}

/// With `LEASTWISE_WRITE_CATALOGS=1` this writes the files instead of comparing them.
#[test]
fn shipped_files_are_what_the_fact_tables_give() {
    let Some(folder) = shared("catalog") else { return };
    let mut tables = Vec::new();
    for part in parts() {
        let name = format!("{}.json.zst", part.id);
        let packed = fs::read(folder.join(&name)).unwrap();
        let text = String::from_utf8(zstd::stream::decode_all(packed.as_slice()).unwrap()).unwrap();
        tables.push((name, text));
    }
    let mut problems = Vec::new();
    let built = build(&tables, "", &mut problems).unwrap();
    assert_eq!(problems, [""; 0]);
    assert_eq!(built.len(), tables.len());
    for part in built {
        let path = policies().join(format!("{}.bin.zst", part.id));
        if std::env::var_os("LEASTWISE_WRITE_CATALOGS").is_some() {
            fs::write(&path, &part.bytes).unwrap();
        } else {
            let same = fs::read(&path).unwrap() == part.bytes;
            assert!(same, "{} differs; write it anew with LEASTWISE_WRITE_CATALOGS=1", path.display());
        }
    }
}

#[test]
fn together_they_are_below_a_megabyte_and_every_file_is_embedded() {
    let names: BTreeSet<String> = parts().iter().map(|part| part.file_name()).collect();
    let mut total = 0;
    for entry in fs::read_dir(policies()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if name.ends_with(".bin.zst") {
            assert!(names.contains(&name), "{name} is shipped and not used");
            total += entry.metadata().unwrap().len();
        }
    }
    assert!(total < 1 << 20, "{total} bytes");
    assert_eq!(total, parts().iter().map(|part| part.bytes as u64).sum::<u64>());
}
