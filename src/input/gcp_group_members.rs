//! Members of a group as `gcloud identity groups memberships list --group-email=G --format=json` prints them.
//!
//! The document does not name its group: the file does, `group-MAIL.members.json`.

use super::gcp_rows::first_rows;
use super::{Confidence, Document, Format};
use crate::clouds::gcp::{load, shapes};
use crate::model::{Estate, Origin};
use crate::text::{Problem, Route, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct GcpGroupMembers;

impl Format for GcpGroupMembers {
    fn id(&self) -> &'static str {
        "gcp-group-members"
    }

    fn summary(&self) -> &'static str {
        "members of a group: gcloud identity groups memberships list --group-email=G --format=json > group-G.members.json"
    }

    fn commands(&self) -> &'static [&'static str] {
        &["group-G.members.json    gcloud identity groups memberships list --group-email=G --format=json"]
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let is_own = |row: &Tree| row.get("preferredMemberKey").is_some();
        if tree.as_list().is_some() && first_rows(tree).any(is_own) {
            Confidence::Certain
        } else {
            Confidence::No
        }
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        let Some(group) = group(document.path) else {
            let message = format!("`{}` lists the members of a group, but not of which", document.path);
            let problem = Problem::error("gcp-group-of-what", message).at(document.tree.span);
            problems.push(problem.help("name the file `group-MAIL.members.json`"));
            return;
        };
        for (index, item) in document.tree.as_list().unwrap_or_default().iter().enumerate() {
            let Some(key) = item.get("preferredMemberKey").and_then(|key| key.get("id")) else {
                let problem =
                    Problem::error("gcp-group-member", "a membership without `preferredMemberKey.id`");
                problems.push(problem.at(item.span).help("export the list again with --format=json"));
                continue;
            };
            shapes::check(item, &shapes::MEMBERSHIP, problems);
            let Some(mail) = key.as_str() else { continue };
            let origin = Origin {
                span: Some(key.span),
                route: Route::root().index(index).key("preferredMemberKey").key("id"),
                what: format!("membership of `{mail}` in group `{group}`"),
            };
            let kind = item.get("type").and_then(Tree::as_str).unwrap_or_default();
            load::group_member(group, &member(mail, kind), &origin, estate);
        }
    }
}

fn group(path: &str) -> Option<&str> {
    let file = path.rsplit(['/', '\\']).next()?;
    let mail = file.strip_prefix("group-")?;
    let mail = [".members.json", ".json", ".members.yaml", ".yaml", ".yml"]
        .iter()
        .find_map(|end| mail.strip_suffix(end))?;
    mail.contains('@').then_some(mail)
}

/// The kind is told by `type` where the list was made with the full view, else by the address.
fn member(mail: &str, kind: &str) -> String {
    match kind {
        "GROUP" => format!("group:{mail}"),
        _ if mail.ends_with(".gserviceaccount.com") => format!("serviceAccount:{mail}"),
        _ => format!("user:{mail}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_names_the_group() {
        assert_eq!(group("x/group-a@b.org.members.json"), Some("a@b.org"));
        assert_eq!(group("members.json"), None);
    }
}
