//! Members of a group as `gcloud identity groups memberships list --group-email=G --view=full --format=json` prints them,
//! or `gcloud identity groups memberships search-transitive-memberships --group-email=G`.
//!
//! The document does not name its group: the file does, `group-MAIL.members.json`. Which members are groups themselves is
//! told by their `type`, which only the full view has
//! (<https://cloud.google.com/sdk/gcloud/reference/identity/groups/memberships/list>); without it, a member is a group if
//! another file says so.

use std::collections::BTreeSet;

use super::gcp_rows::{first_rows, is_list, rows};
use super::load::stem;
use super::{Confidence, Document, Format};
use crate::clouds::gcp::names::CLOUD;
use crate::clouds::gcp::{load, shapes};
use crate::model::{Estate, Origin};
use crate::text::{Problem, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub struct GcpGroupMembers;

impl Format for GcpGroupMembers {
    fn id(&self) -> &'static str {
        "gcp-group-members"
    }

    fn summary(&self) -> &'static str {
        "members of a group: gcloud identity groups memberships list --group-email=G --view=full --format=json > group-G.members.json"
    }

    fn commands(&self) -> &'static [&'static str] {
        &[
            "group-G.members.json    gcloud identity groups memberships list --group-email=G --view=full --format=json",
        ]
    }

    /// Policies and the other lists tell which members are groups.
    fn is_joined(&self) -> bool {
        true
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let is_own = |row: &Tree| row.get("preferredMemberKey").is_some();
        if is_list(tree) && first_rows(tree).any(is_own) { Confidence::Certain } else { Confidence::No }
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        self.load_all(&[*document], estate, problems);
    }

    fn load_all(&self, documents: &[Document<'_>], estate: &mut Estate, problems: &mut Vec<Problem>) {
        let listed: BTreeSet<String> =
            documents.iter().filter_map(|one| group(one.path)).map(str::to_ascii_lowercase).collect();
        for document in documents {
            list(document, &listed, estate, problems);
        }
    }
}

/// Loads one list; `listed` are the groups of which there is one.
fn list(
    document: &Document<'_>,
    listed: &BTreeSet<String>,
    estate: &mut Estate,
    problems: &mut Vec<Problem>,
) {
    let Some(group) = group(document.path) else {
        let message = format!("`{}` lists the members of a group, but not of which", document.path);
        let problem = Problem::error("gcp-group-of-what", message).at(document.tree.span);
        problems.push(problem.help("name the file `group-MAIL.members.json`"));
        return;
    };
    let mut untold = None;
    for (route, item) in rows(document.tree, problems) {
        let keys = item.get("preferredMemberKey");
        // A search through nested groups prints a list of keys, of which the first is the address.
        let key = keys.map(|keys| keys.as_list().and_then(<[Tree]>::first).unwrap_or(keys));
        let Some((address, key)) = key.and_then(|key| Some((key, key.get("id")?))) else {
            let problem = Problem::error("gcp-group-member", "a membership without `preferredMemberKey.id`");
            problems.push(problem.at(item.span).help("export the list again with --format=json"));
            continue;
        };
        shapes::check(item, &shapes::MEMBERSHIP, problems);
        shapes::check(address, &shapes::MEMBER_KEY, problems);
        let Some(mail) = key.as_str() else { continue };
        let origin = Origin {
            span: Some(key.span),
            route: route.key("preferredMemberKey").key("id"),
            what: format!("membership of `{mail}` in group `{group}`"),
        };
        let folded = mail.to_ascii_lowercase();
        let is_group =
            || listed.contains(&folded) || estate.find_principal(CLOUD, &format!("group:{folded}")).is_some();
        let kind = match item.get("type").and_then(Tree::as_str) {
            Some(kind) => kind,
            None if is_group() => "GROUP",
            None => {
                let is_account = mail.ends_with(".gserviceaccount.com");
                untold = untold.or((!is_account).then_some(item.span));
                ""
            }
        };
        load::group_member(group, &member(mail, kind), &origin, estate);
    }
    if let Some(span) = untold {
        let message = format!("the members of `{group}` are listed without their `type`; taken to be users");
        let problem = Problem::warning("gcp-group-member", message).at(span);
        problems.push(problem.help("a member may be a group: export the list again with --view=full"));
    }
}

fn group(path: &str) -> Option<&str> {
    let mail = stem(path)?.strip_prefix("group-")?;
    let mail = mail.strip_suffix(".members").unwrap_or(mail);
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
