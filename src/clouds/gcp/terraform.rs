//! What a change of roles means for Terraform: resources that give one role to one member at one place.
//!
//! Only what is written as plain strings is recognized. Resources that hold all members of a role, or a whole policy, are
//! not changed: what else they hold is not known here.

use std::collections::BTreeSet;

use super::names;
use crate::clouds::edits::TerraformEdit;
use crate::clouds::{HeldRole, RoleAt};
use crate::text::Splice;
use crate::text::hcl::Resource;

/// How Terraform names a place: the type of the resource, the argument for the place, and its value.
/// <https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/google_project_iam>,
/// <https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/storage_bucket_iam>,
/// <https://registry.terraform.io/providers/hashicorp/google/latest/docs/resources/google_service_account_iam>.
fn place_of(at: &RoleAt) -> Option<(&'static str, &'static str, String)> {
    if let Some(scope) = names::scope_of(&at.place) {
        let (kind, key) = match scope.split_once('/')?.0 {
            "projects" => ("google_project_iam_member", "project"),
            "folders" => ("google_folder_iam_member", "folder"),
            "organizations" => ("google_organization_iam_member", "org_id"),
            _ => return None,
        };
        let id = if key == "folder" { scope } else { scope.split_once('/')?.1 };
        return Some((kind, key, id.to_owned()));
    }
    if let Some(bucket) = names::bucket(&at.place) {
        return Some(("google_storage_bucket_iam_member", "bucket", bucket.to_owned()));
    }
    let account =
        at.place.strip_prefix("//iam.googleapis.com/").filter(|path| path.contains("/serviceAccounts/"));
    account.map(|path| ("google_service_account_iam_member", "service_account_id", path.to_owned()))
}

/// The resources that give the role to the member, and nothing else.
pub(super) fn givers<'r>(principal: &str, at: &RoleAt, resources: &'r [Resource]) -> Vec<&'r Resource> {
    let Some((kind, key, place)) = place_of(at) else { return Vec::new() };
    let says = |resource: &Resource, key: &str, value: &str| {
        resource.literals.get(key).is_some_and(|(written, _)| written == value)
    };
    let gives = |one: &&Resource| {
        one.kind == kind
            && one.others.is_empty()
            && says(one, key, &place)
            && says(one, "role", &at.role)
            && says(one, "member", principal)
    };
    resources.iter().filter(gives).collect()
}

/// The changes of the texts. The error says, for people, why there are none.
pub(super) fn edits(
    principal: &str,
    remove: &[HeldRole],
    add: &[RoleAt],
    resources: &[Resource],
) -> Result<Vec<TerraformEdit>, String> {
    let mut taken = Vec::new();
    for held in remove {
        let what = || format!("`{}` on `{}`", held.at.role, held.at.place);
        match givers(principal, &held.at, resources).as_slice() {
            [only] => taken.push((held, *only)),
            [] => return Err(format!("no resource with plain strings gives {}", what())),
            several => return Err(format!("{} resources give {}", several.len(), what())),
        }
    }
    let mut wanted: Vec<&RoleAt> = add.iter().collect();
    let mut changes = Vec::new();
    let mut gone = Vec::new();
    for (held, resource) in taken {
        // The same place with another role is the same resource with another argument.
        let same = wanted.iter().position(|at| at.place == held.at.place);
        match (same, resource.literals.get("role")) {
            (Some(index), Some((_, span))) => {
                let at = wanted.remove(index);
                let change = Splice { span: *span, new: format!("\"{}\"", at.role) };
                changes.push(TerraformEdit { change, gone: None });
            }
            _ => gone.push(resource),
        }
    }
    let Some(first) = gone.first() else {
        return match wanted.first() {
            Some(at) => Err(format!("no resource that goes shows where one for `{}` belongs", at.place)),
            None => Ok(changes),
        };
    };
    let mut names: BTreeSet<(String, String)> =
        resources.iter().map(|one| (one.kind.clone(), one.name.clone())).collect();
    let mut texts = Vec::new();
    for at in wanted {
        texts.push(written(principal, at, &first.name, &mut names)?);
    }
    for (number, resource) in gone.iter().enumerate() {
        let new = if number == 0 { texts.join("\n\n") } else { String::new() };
        let address = format!("{}.{}", resource.kind, resource.name);
        let change = Splice { span: resource.span, new };
        changes.push(TerraformEdit { change, gone: Some(address) });
    }
    Ok(changes)
}

/// A new resource, laid out as `terraform fmt` does, under a name that is free.
fn written(
    principal: &str,
    at: &RoleAt,
    name: &str,
    names: &mut BTreeSet<(String, String)>,
) -> Result<String, String> {
    let unknown = || format!("it is not known which resource of Terraform is for `{}`", at.place);
    let (kind, key, place) = place_of(at).ok_or_else(unknown)?;
    let numbered = (2..).map(|number: u32| format!("{name}_{number}"));
    let free = std::iter::once(name.to_owned()).chain(numbered);
    let name =
        free.map(|name| (kind.to_owned(), name)).find(|one| !names.contains(one)).ok_or_else(unknown)?;
    let lines = [(key, place.as_str()), ("role", at.role.as_str()), ("member", principal)];
    let widest = lines.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
    let lines = lines.map(|(key, value)| format!("  {key:widest$} = \"{value}\"\n"));
    let text = format!("resource \"{kind}\" \"{}\" {{\n{}}}", name.1, lines.concat());
    names.insert(name);
    Ok(text)
}
