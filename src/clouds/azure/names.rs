//! Names of resources and scopes, and where a resource stands in the hierarchy.
//!
//! Azure compares names without case. A resource has one spelling here: known words in Azure's own spelling, everything
//! else in lower case, except for the path of a blob, in which case counts
//! (<https://learn.microsoft.com/rest/api/storageservices/naming-and-referencing-containers--blobs--and-metadata>).
//! A name tells its subscription and resource group; only which management groups stand above a subscription is a
//! fact of the estate (<https://learn.microsoft.com/azure/role-based-access-control/scope-overview>).

use super::catalog;
use super::directory::TENANT;
use super::index::Index;
use crate::logic::{Attribute, Case, Formula, Pattern, Patterns};
use crate::model::{CloudId, Estate, ScopeId, ScopeKind, Target};

/// Microsoft Azure.
pub const CLOUD: CloudId = CloudId::new("azure");

/// The scope above everything.
pub const ROOT: &str = "/";
/// How the names of management groups begin.
pub const MANAGEMENT_GROUPS: &str = "/providers/Microsoft.Management/managementGroups/";
/// How the names of subscriptions begin.
pub const SUBSCRIPTIONS: &str = "/subscriptions/";

/// Words of names in Azure's spelling, where the catalog of operations does not settle it.
const SPELLINGS: [&str; 14] = [
    "directory",
    "servicePrincipals",
    "subscriptions",
    "resourceGroups",
    "providers",
    "managementGroups",
    "Microsoft.Management",
    "Microsoft.Authorization",
    "Microsoft.Storage",
    "storageAccounts",
    "blobServices",
    "default",
    "containers",
    "blobs",
];

/// The name by which the estate knows a resource or scope.
pub fn full_name(written: &str) -> String {
    let written = written.trim().trim_matches('/');
    if written.is_empty() {
        return ROOT.to_owned();
    }
    let mut name = String::with_capacity(written.len() + 1);
    let mut provider: Option<(String, usize)> = None;
    let mut rest = written;
    loop {
        let (word, tail) = rest.split_once('/').map_or((rest, None), |(word, tail)| (word, Some(tail)));
        let place = provider.as_ref().map(|(_, place)| *place);
        let spelled = spell(word, provider.as_ref());
        name.push('/');
        name.push_str(&spelled);
        provider = match (spelled.as_str(), provider) {
            ("providers", found) if found.as_ref().is_none_or(|(_, place)| place % 2 == 1) => {
                Some((String::new(), 0))
            }
            (_, Some((path, place))) if place == 0 || place % 2 == 1 => {
                let path = if path.is_empty() { spelled.clone() } else { format!("{path}/{spelled}") };
                Some((path, place + 1))
            }
            (_, Some((path, place))) => Some((path, place + 1)),
            (_, None) => None,
        };
        let Some(tail) = tail else { return name };
        // A blob's path is kept as it is: the word `blobs` stands where a type stands.
        if spelled == "blobs" && place.is_some_and(|place| place % 2 == 1) {
            name.push('/');
            name.push_str(tail);
            return name;
        }
        rest = tail;
    }
}

/// A word in Azure's spelling; `provider` holds the provider and types so far, and how many words follow `providers`.
fn spell(word: &str, provider: Option<&(String, usize)>) -> String {
    let is_type = provider.is_none_or(|(_, place)| *place == 0 || place % 2 == 1);
    let folded = word.to_ascii_lowercase();
    if let Some(known) = SPELLINGS.iter().find(|known| known.eq_ignore_ascii_case(word))
        && (is_type || *known == "default")
    {
        return (*known).to_owned();
    }
    match provider {
        Some((path, place)) if is_type && *place < 9 => {
            let prefix = if path.is_empty() {
                folded.clone()
            } else {
                format!("{}/{folded}", path.to_ascii_lowercase())
            };
            let operations = catalog::operations();
            let first = operations.operations_in(operations.with_prefix(&format!("{prefix}/"))).next();
            let own = first.and_then(|one| one.name().get(prefix.len() - folded.len()..prefix.len()));
            own.map_or(folded, str::to_owned)
        }
        _ => folded,
    }
}

/// The kind of level that a name stands for, if it is one: `/`, a management group, a subscription, a resource group.
pub fn scope_kind(name: &str) -> Option<ScopeKind> {
    if name == ROOT {
        return Some(ScopeKind::Organization);
    }
    if let Some(group) = name.strip_prefix(MANAGEMENT_GROUPS) {
        return (!group.contains('/')).then_some(ScopeKind::Folder);
    }
    let mut parts = name.strip_prefix(SUBSCRIPTIONS)?.split('/');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(id), None, ..) if !id.is_empty() => Some(ScopeKind::Account),
        (Some(_), Some("resourceGroups"), Some(_), None) => Some(ScopeKind::Group),
        _ => None,
    }
}

/// The subscription that a name tells: `/subscriptions/ID`.
pub fn subscription(name: &str) -> Option<&str> {
    let rest = name.strip_prefix(SUBSCRIPTIONS)?;
    let length = rest.find('/').unwrap_or(rest.len());
    (length > 0).then(|| name.get(..SUBSCRIPTIONS.len() + length)).flatten()
}

/// The management group that a name tells, itself included.
pub fn management_group(name: &str) -> Option<&str> {
    let rest = name.strip_prefix(MANAGEMENT_GROUPS)?;
    let length = rest.find('/').unwrap_or(rest.len());
    (length > 0).then(|| name.get(..MANAGEMENT_GROUPS.len() + length)).flatten()
}

/// The name and the names of all that it may lie in, from the inside out, `/` not included.
pub fn enclosing(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors((name != ROOT).then_some(name), |name: &&str| {
        name.rsplit_once('/').map(|(before, _)| before).filter(|before| !before.is_empty())
    })
}

/// Every resource that is `name` or lies in it, by its own name.
pub fn inside(name: &str) -> Vec<Pattern> {
    if name == ROOT {
        return vec![Pattern::anything()];
    }
    vec![Pattern::literal(name, Case::Insensitive), Pattern::prefix(&format!("{name}/"), Case::Insensitive)]
}

/// Every resource below a scope or resource: by its name, or by the management groups of its subscription.
pub fn below(estate: &Estate, target: Target) -> Patterns {
    let scope = match target {
        Target::Scope(scope) => scope,
        Target::Resource(resource) => {
            let name = estate.resource(resource).map(|resource| resource.name.as_str()).unwrap_or_default();
            return Patterns::of(inside(name));
        }
        Target::Principal(_) => return Patterns::of([]),
    };
    let own = estate.scope(scope).map(|scope| scope.name.as_str()).unwrap_or_default();
    if own == ROOT {
        return Patterns::anything();
    }
    if !own.starts_with(MANAGEMENT_GROUPS) {
        return Patterns::of(inside(own));
    }
    let under = Index::of(estate).scopes_in(scope).into_iter().filter_map(|id| estate.scope(id));
    let under = under.filter(|one| one.cloud == CLOUD && one.kind != ScopeKind::Group);
    Patterns::of(under.flat_map(|one| inside(&one.name)))
}

/// The scopes above a resource from the inside out: resource group, subscription, management groups, `/`. Those that
/// the estate does not know are left out.
pub fn scopes_above(estate: &Estate, name: &str) -> Vec<ScopeId> {
    let mut found: Vec<ScopeId> = Vec::new();
    let named = enclosing(name).filter(|name| scope_kind(name).is_some());
    for scope in named.filter_map(|name| estate.find_scope(CLOUD, name)) {
        found.extend(
            estate.ancestry(scope).into_iter().filter(|one| !found.contains(one)).collect::<Vec<_>>(),
        );
    }
    if let Some(root) = estate.find_scope(CLOUD, ROOT).filter(|root| !found.contains(root)) {
        found.push(root);
    }
    found
}

/// Whether the management groups above a subscription are known.
pub fn is_placed(estate: &Estate, subscription: &str) -> bool {
    estate.find_scope(CLOUD, subscription).is_some_and(|id| {
        let above = estate.ancestry(id);
        above.iter().skip(1).filter_map(|id| estate.scope(*id)).any(|scope| scope.kind == ScopeKind::Folder)
    })
}

/// What can be the name of a resource at all: in a subscription, in a management group, the root, or in the directory.
pub fn well_formed() -> Formula {
    let shapes = [
        format!("{SUBSCRIPTIONS}?*"),
        "/providers/?*".to_owned(),
        ROOT.to_owned(),
        TENANT.to_owned(),
        format!("{TENANT}/?*"),
    ];
    let shapes = shapes.iter().map(|glob| Pattern::glob(glob, Case::Insensitive));
    Formula::matches(Attribute::resource(), Patterns::of(shapes))
}

/// A GUID in lower case with hyphens; `None` for any other text. Conditions also write it without hyphens.
pub fn guid(text: &str) -> Option<String> {
    let digits: String = text.trim().chars().filter(|c| *c != '-').collect::<String>().to_ascii_lowercase();
    if digits.len() != 32 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    Some(format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)))
}

/// How the name of a storage account goes on after its resource group, in lower case.
pub const ACCOUNTS: &str = "/providers/microsoft.storage/storageaccounts/";
/// How the name of a container goes on after its account, in lower case.
pub const CONTAINERS: &str = "/blobservices/default/containers/";
/// How the name of a blob goes on after its container.
pub const BLOBS: &str = "/blobs/";

/// How the name of a queue goes on after its account, in lower case.
pub const QUEUES: &str = "/queueservices/default/queues/";

/// The parts of a storage resource's name that attributes of conditions tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StorageParts<'n> {
    /// The account.
    pub account: &'n str,
    /// The container.
    pub container: Option<&'n str>,
    /// The path of the blob in it.
    pub path: Option<&'n str>,
    /// The queue.
    pub queue: Option<&'n str>,
}

/// The parts that a name has; `None` outside of storage accounts.
pub fn storage_parts(name: &str) -> Option<StorageParts<'_>> {
    let folded = name.to_ascii_lowercase();
    let start = folded.find(ACCOUNTS)? + ACCOUNTS.len();
    let word = |from: usize| name.get(from..).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let after = |from: usize, marker: &str| {
        let end = from + word(from).len();
        folded.get(end..)?.starts_with(marker).then_some(end + marker.len())
    };
    let container = after(start, CONTAINERS);
    let path = container.and_then(|at| name.get(after(at, BLOBS)?..)).filter(|path| !path.is_empty());
    Some(StorageParts {
        account: word(start),
        container: container.map(word),
        path,
        queue: after(start, QUEUES).map(word),
    })
}

/// A resource and all that lies in it, in the one spelling that [`full_name`] gives.
pub fn exactly_inside(name: &str) -> Patterns {
    if name == ROOT {
        return Patterns::anything();
    }
    Patterns::of([
        Pattern::literal(name, Case::Sensitive),
        Pattern::prefix(&format!("{name}/"), Case::Sensitive),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_one_spelling() {
        let vm = "/subscriptions/0A/resourcegroups/RG/Providers/microsoft.compute/VIRTUALMACHINES/Web1/";
        assert_eq!(
            full_name(vm),
            "/subscriptions/0a/resourceGroups/rg/providers/Microsoft.Compute/virtualMachines/web1"
        );
        assert_eq!(full_name(""), "/");
        assert_eq!(full_name("/"), "/");
        let group = "/PROVIDERS/microsoft.management/managementgroups/Corp";
        assert_eq!(full_name(group), "/providers/Microsoft.Management/managementGroups/corp");
        let blob = "/subscriptions/s/resourceGroups/g/providers/microsoft.storage/storageaccounts/A/blobservices/DEFAULT/containers/C/BLOBS/Dir/Blobs/X";
        let spelled = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a/blobServices/default/containers/c/blobs/Dir/Blobs/X";
        assert_eq!(full_name(blob), spelled);
        assert_eq!(full_name(spelled), spelled);
        let parts =
            StorageParts { account: "a", container: Some("c"), path: Some("Dir/Blobs/X"), queue: None };
        assert_eq!(storage_parts(spelled), Some(parts));
        let queue = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a/queueServices/default/queues/q/messages/1";
        let parts = StorageParts { account: "a", queue: Some("q"), ..StorageParts::default() };
        assert_eq!(storage_parts(queue), Some(parts));
        // A resource group may be called like a keyword.
        assert_eq!(scope_kind(&full_name("/subscriptions/s/resourceGroups/blobs")), Some(ScopeKind::Group));
        let nested = "/subscriptions/s/providers/microsoft.authorization/roleassignments/X";
        assert_eq!(full_name(nested), "/subscriptions/s/providers/Microsoft.Authorization/roleAssignments/x");
    }

    #[test]
    fn levels_are_told_apart() {
        assert_eq!(scope_kind("/"), Some(ScopeKind::Organization));
        assert_eq!(scope_kind("/subscriptions/s"), Some(ScopeKind::Account));
        assert_eq!(scope_kind("/subscriptions/s/resourceGroups/g"), Some(ScopeKind::Group));
        assert_eq!(scope_kind("/subscriptions/s/resourceGroups/g/providers/x"), None);
        assert_eq!(subscription("/subscriptions/s/resourceGroups/g"), Some("/subscriptions/s"));
        assert_eq!(enclosing("/a/b").collect::<Vec<_>>(), ["/a/b", "/a"]);
        assert_eq!(enclosing("/").count(), 0);
    }

    #[test]
    fn guids_are_read_in_both_forms() {
        let spelled = "4bad4d9e-2a13-4888-94bb-c8432f6f3040";
        assert_eq!(guid("4BAD4D9E2A13488894BBC8432F6F3040").as_deref(), Some(spelled));
        assert_eq!(guid(spelled).as_deref(), Some(spelled));
        assert_eq!(guid("Contributor"), None);
    }
}
