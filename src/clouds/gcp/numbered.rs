//! Service accounts that documents name by their numbers. Asset Inventory does so where it lists accounts, their keys and
//! their policies (<https://cloud.google.com/asset-inventory/docs/resource-name-format>); who asks is named by address.
//! The row of the account itself tells both, and may come last.

use std::collections::BTreeMap;

use super::accounts::KEY;
use super::ast::{Body, Member};
use super::load::{self, Subject};
use super::names::{self, CLOUD};
use super::shapes;
use crate::model::{Attachment, Estate, Gap, GapKind, Origin, PrincipalId, ResourceId, Target};
use crate::text::{Problem, Route, Tree};

/// The fact of a service account that is its number.
pub(super) const NUMBER: &str = "number";

/// What Asset Inventory says of a service account.
pub fn account(
    subject: &Subject<'_>,
    data: &Tree,
    route: &Route,
    estate: &mut Estate,
    problems: &mut Vec<Problem>,
) {
    shapes::check(data, &shapes::ACCOUNT, problems);
    let text = |key: &str| data.get(key).and_then(Tree::as_str);
    let told = text("name").and_then(|name| name.rsplit_once("/serviceAccounts/")).map(|(_, mail)| mail);
    let own = subject.name.rsplit_once("/serviceAccounts/").map(|(_, mail)| mail);
    let mail = [text("email"), told, own].into_iter().flatten().find(|mail| mail.contains('@'));
    let Some(mail) = mail.map(str::to_ascii_lowercase) else {
        let problem = Problem::error("gcp-asset-shape", "a service account without its `email`");
        problems.push(problem.at(data.span).help("export it again with --content-type=resource"));
        return;
    };
    let project = names::full_name(subject.name);
    let named = match project.rsplit_once('/') {
        Some((start, _)) => format!("{start}/{mail}"),
        None => return,
    };
    // The name that others use stands for its project's id, which the address tells.
    let name = names::service_account(&mail).unwrap_or(named);
    load::known(&Subject { name: &name, ..subject.clone() }, route, estate);
    let number = text("uniqueId").or_else(|| number(subject.name));
    let id = estate.find_principal(CLOUD, &Member::ServiceAccount(mail).name());
    let known = id.and_then(|id| estate.principal(id)).cloned();
    if let (Some(mut principal), Some(number)) = (known, number) {
        principal.facts.insert(NUMBER.to_owned(), number.to_owned());
        estate.add_principal(principal);
    }
}

/// Takes note of a key of the account of that number, which its row will tell.
pub(super) fn key(number: &str, project: &str, body: Body, id: &str, origin: Origin, estate: &mut Estate) {
    let name = format!("//iam.googleapis.com/{project}/serviceAccounts/{number}");
    let account = load::placed(&name, None, origin.clone(), estate);
    load::attach(estate, id, body, Target::Resource(account), origin);
}

/// Puts what was said of an account by its number onto the account.
pub fn settle(estate: &mut Estate) {
    let numbered: BTreeMap<ResourceId, String> = estate
        .resources()
        .filter(|(_, resource)| resource.cloud == CLOUD)
        .filter_map(|(id, resource)| Some((id, number(&resource.name)?.to_owned())))
        .collect();
    let on = |attachment: &Attachment| match attachment.target {
        Target::Resource(id) => numbered.get(&id),
        _ => None,
    };
    let said: Vec<(Attachment, String)> =
        estate.attachments().iter().filter_map(|one| Some((one.clone(), on(one)?.clone()))).collect();
    if said.is_empty() {
        return;
    }
    let accounts = accounts(estate);
    let is_known = |number: &String| accounts.contains_key(number);
    estate.detach(|attachment| on(attachment).is_some_and(is_known));
    for (attachment, number) in said {
        match accounts.get(&number) {
            Some((principal, resource)) => {
                let own = if attachment.layer == KEY { Some(Target::Principal(*principal)) } else { None };
                let target = own.or_else(|| resource.map(Target::Resource));
                if let Some(target) = target {
                    estate.attach(Attachment { target, ..attachment });
                }
            }
            None => estate.add_gap(unknown(&number, attachment.origin)),
        }
    }
}

/// The accounts whose numbers are known.
fn accounts(estate: &Estate) -> BTreeMap<String, (PrincipalId, Option<ResourceId>)> {
    let own = estate.principals().filter(|(_, one)| one.cloud == CLOUD);
    own.filter_map(|(id, one)| {
        let mail = one.name.strip_prefix("serviceAccount:")?;
        let resource = names::service_account(mail).and_then(|name| estate.find_resource(CLOUD, &name));
        Some((one.facts.get(NUMBER)?.clone(), (id, resource)))
    })
    .collect()
}

/// The number in the name of a service account that has one.
fn number(name: &str) -> Option<&str> {
    let (_, id) = name.rsplit_once("/serviceAccounts/")?;
    (!id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit())).then_some(id)
}

fn unknown(number: &str, origin: Origin) -> Gap {
    Gap {
        kind: GapKind::MissingPolicy,
        message: format!(
            "which service account has the number `{number}` is not in the input, so {} was left out; export resources, too",
            origin.what
        ),
        origin: Some(origin),
    }
}
