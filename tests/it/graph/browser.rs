//! The page of `graph --format html` in a real browser without a window. Skipped, and said so, where there is none:
//! `apt-get install chromium`, or set `CHROMIUM` to one.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{TRAINING, leastwise};

/// A browser of the Chromium family.
fn browser() -> Option<PathBuf> {
    if let Some(named) = env::var_os("CHROMIUM") {
        return Some(PathBuf::from(named));
    }
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    let found =
        folders.iter().flat_map(|folder| names.map(|name| folder.join(name))).find(|path| path.is_file());
    if found.is_none() {
        println!("skipped: no browser; install chromium or set CHROMIUM to one");
    }
    found
}

/// What a user does on the page, and at its end a page of what was there each time.
const VISIT: &str = include_str!("visit.js");

/// The page as the browser leaves it.
fn dump(browser: &Path, folder: &Path, page: &str) -> String {
    let file = folder.join("page.html");
    fs::write(&file, page).unwrap();
    let profile = format!("--user-data-dir={}", folder.join("profile").display());
    let mut command = Command::new(browser);
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]);
    command.args(["--disable-background-networking", "--disable-component-update", "--disable-sync"]);
    command.args(["--virtual-time-budget=10000", "--window-size=1500,900", &profile, "--dump-dom"]);
    let output = command.arg(format!("file://{}", file.display())).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_page_can_be_searched_and_followed() {
    let Some(browser) = browser() else { return };
    let folder = env::temp_dir().join(format!("leastwise-page-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let account = format!("{TRAINING}/iam-vulnerable/estate/account-details.json");
    let page = leastwise(&["graph", &account, "--format", "html"]);
    for forbidden in ["http://", "https://", "src=", "@import", "url("] {
        let frame = page.split("id=\"graph\">").next().unwrap();
        assert!(!frame.contains(forbidden), "the page mentions `{forbidden}`");
    }
    let visited =
        dump(&browser, &folder, &page.replace("</body>", &format!("<script>{VISIT}</script></body>")));
    fs::remove_dir_all(&folder).unwrap();
    let said = visited.split("id=\"said\">").nth(1).unwrap_or_else(|| panic!("{visited}"));
    let said = said.split("</pre>").next().unwrap();
    for expected in [
        "without one are not drawn",
        "has it | what matters",
        "boxes: many",
        "goal: 111122223333 account",
        "hits: arn:aws:iam::111122223333:role/privesc9-AttachRolePolicy-role (role)",
        "after choosing: arn:aws:iam::111122223333:role/privesc9-AttachRolePolicy-role",
        "address: #node=N&amp;reach=N",
        "evidence: true",
        "way: A shortest way, 2 steps.",
        "steps: 2",
        "strong lines: true",
        "without a kind of step: true",
        "legend: Lines | Boxes | Steps shown",
        "hostile name: 0",
    ] {
        assert!(said.contains(expected), "`{expected}` is missing:\n{said}");
    }
    assert!(!said.contains("error:"), "{said}");
}
