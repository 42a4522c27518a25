//! Keys of service accounts: what `gcloud iam service-accounts keys list --iam-account=A --format=json` prints
//! (<https://cloud.google.com/iam/docs/reference/rest/v1/projects.serviceAccounts.keys>).

use super::gcp_rows::{first_rows, rows};
use super::{Confidence, Document, Format};
use crate::clouds::gcp::{load, shapes};
use crate::model::Estate;
use crate::text::{Problem, Route, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct GcpAccountKeys;

impl Format for GcpAccountKeys {
    fn id(&self) -> &'static str {
        "gcp-account-keys"
    }

    fn summary(&self) -> &'static str {
        "keys of a service account: gcloud iam service-accounts keys list --iam-account=A --format=json"
    }

    fn commands(&self) -> &'static [&'static str] {
        &["keys-of-A.json    gcloud iam service-accounts keys list --iam-account=A --format=json"]
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let is_own = |key: &Tree| key.get("name").and_then(Tree::as_str).is_some_and(is_key);
        if first_rows(tree).any(is_own) { Confidence::Certain } else { Confidence::No }
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        for (route, row) in rows(document.tree, problems) {
            key(row, None, &route, estate, problems);
        }
    }
}

/// An account goes by its address, or by its number in Asset Inventory.
fn is_account(name: &str) -> bool {
    name.contains('@') || !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_key(name: &str) -> bool {
    name.split_once("/serviceAccounts/").is_some_and(|(_, rest)| rest.contains("/keys/"))
}

/// Keys that Google holds and changes by itself cannot be got hold of, and a disabled key does not work.
/// `named` is its name where the object has none.
pub(super) fn key(
    tree: &Tree,
    named: Option<&str>,
    route: &Route,
    estate: &mut Estate,
    problems: &mut Vec<Problem>,
) {
    shapes::check(tree, &shapes::KEY, problems);
    let text = |key: &str| tree.get(key).and_then(Tree::as_str);
    let disabled = tree.get("disabled").and_then(Tree::as_bool) == Some(true);
    let parts = text("name").or(named).and_then(|name| {
        let (project, rest) =
            name.trim_start_matches("//iam.googleapis.com/").split_once("/serviceAccounts/")?;
        let (account, id) = rest.split_once("/keys/")?;
        Some((project, account, id))
    });
    let Some((project, mail, id)) = parts.filter(|(_, account, id)| is_account(account) && !id.is_empty())
    else {
        let message = "a key whose `name` is not `projects/P/serviceAccounts/MAIL/keys/ID`";
        let problem = Problem::error("gcp-account-key", message).at(tree.span);
        problems.push(problem.help("export the list again with --format=json"));
        return;
    };
    match text("keyType") {
        Some("SYSTEM_MANAGED") => {}
        Some("USER_MANAGED") if disabled => {}
        Some("USER_MANAGED") => {
            load::account_key(project, mail, id, text("validBeforeTime"), tree.span, route, estate)
        }
        other => {
            let message = format!("the key `{id}` is of type `{}`", other.unwrap_or("none"));
            let problem = Problem::warning("gcp-account-key", message).at(tree.span);
            problems.push(problem.help("expected `USER_MANAGED` or `SYSTEM_MANAGED`; the key was left out"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clouds::{Cloud, gcp::Gcp};
    use crate::text::{Files, json};

    #[test]
    fn keys_of_users_that_work_are_loaded() {
        let row = |id: &str, kind: &str, more: &str| {
            format!(
                r#"{{"name":"projects/p/serviceAccounts/s@p.iam.gserviceaccount.com/keys/{id}","keyType":"{kind}"{more}}}"#
            )
        };
        let text = format!(
            "[{},{},{},{},{},{{}}]",
            row("a", "USER_MANAGED", r#","validBeforeTime":"9999-12-31T23:59:59Z""#),
            row("b", "SYSTEM_MANAGED", ""),
            row("c", "USER_MANAGED", r#","disabled":true"#),
            row("d", "USER_MANAGED", r#","validBeforeTime":"2027-01-01T00:00:00Z""#),
            row("e", "HSM", "")
        );
        let mut files = Files::default();
        let file = files.add("k.json", text.as_str());
        let (mut estate, mut problems) = (Estate::default(), Vec::new());
        let tree = json::parse(file, &text, &mut problems).unwrap();
        assert_eq!(GcpAccountKeys.detects(&tree), Confidence::Certain);
        GcpAccountKeys.load(&Document { file, path: "k.json", tree: &tree }, &mut estate, &mut problems);
        let keys = Gcp.service_accounts().unwrap().keys(&estate);
        let found: Vec<(&str, Option<&str>)> =
            keys.iter().map(|key| (key.id.as_str(), key.until.as_deref())).collect();
        assert_eq!(found, [("a", None), ("d", Some("2027-01-01T00:00:00Z"))]);
        assert_eq!(problems.iter().map(|one| one.code).collect::<Vec<_>>(), ["gcp-account-key"; 2]);
    }
}
