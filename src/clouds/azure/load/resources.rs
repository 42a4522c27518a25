//! Resources: their managed identities, storage accounts and their containers, key vaults.

use std::sync::Arc;

use super::{Loader, Row, shapes};
use crate::clouds::azure::ast::{AccountKey, Body, PublicContainer, Vault, VaultPolicy};
use crate::clouds::azure::index::{IDENTITY_OF, KUBELET_OF, OWN_RESOURCE};
use crate::clouds::azure::names::{self, CLOUD};
use crate::clouds::azure::steps::KEY_OF;
use crate::clouds::azure::{KEY, OBJECT_ID, PUBLIC, VAULT};
use crate::model::{Gap, GapKind, Host, Origin, Principal, PrincipalId, PrincipalKind, Target};
use crate::text::Tree;

const RESOURCES: &str = "az resource list";
const CONTAINERS: &str = "az storage container-rm list --storage-account A";
const VAULTS: &str = "az keyvault show --name V";

impl Loader<'_> {
    /// Notes where the keys of services are turned off. `az resource list` does not tell, so all files have their say
    /// before any resource is read; a key that one of them calls usable is.
    pub fn switches(&mut self, tree: &Tree) {
        for row in super::rows(tree) {
            let Some(id) = row.text(&["id"]) else { continue };
            let switch = |key: &str| row.field(&[key]).and_then(Tree::as_bool);
            let off = switch("allowSharedKeyAccess").map(|on| !on).or_else(|| switch("disableLocalAuth"));
            if let Some(off) = off {
                let known = self.keys_off.entry(names::full_name(id)).or_insert(off);
                *known &= off;
            }
        }
    }

    /// Resources as `az resource list`, `az storage account list` and `az keyvault show` print them.
    pub fn resources(&mut self, tree: &Tree) {
        for row in self.rows(tree, "a resource", RESOURCES, &shapes::RESOURCE) {
            self.resource(&row);
        }
    }

    fn resource(&mut self, row: &Row<'_>) -> Option<()> {
        let id = self.required(row, &["id"], "a resource", RESOURCES)?;
        let place = row.field(&["id"]).map_or(row.tree.span, |found| found.span);
        let name = names::full_name(id);
        let origin = row.origin(place, format!("resource `{name}`"));
        let target = self.target(&name, &origin);
        self.identities(row, &name, &origin);
        self.tenant(row);
        match super::resource_kind(&name).as_str() {
            "Microsoft.Storage/storageAccounts" => self.account(row, &name, target, origin),
            "Microsoft.DocumentDB/databaseAccounts"
            | "Microsoft.ServiceBus/namespaces"
            | "Microsoft.EventHub/namespaces" => {
                self.key(&name, target, origin);
            }
            "Microsoft.KeyVault/vaults" => self.vault(row, target, origin),
            _ => {}
        }
        Some(())
    }

    /// The identities of a resource, and the one that it is
    /// (<https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/overview>).
    fn identities(&mut self, row: &Row<'_>, name: &str, origin: &Origin) {
        let short = name.rsplit('/').next();
        let is_identity = super::resource_kind(name) == "Microsoft.ManagedIdentity/userAssignedIdentities";
        if is_identity && let Some(object) = row.text(&["principalId"]) {
            let id = self.identity(object, short, origin.clone());
            self.fact(id, OWN_RESOURCE, name);
        }
        if let Some(identity) = row.field(&["identity"]) {
            let what = format!("managed identity of `{name}`");
            let place = Origin { span: Some(identity.span), what, ..origin.clone() };
            if let Some(object) = identity.get_ignoring_case("principalId").and_then(Tree::as_str) {
                let id = self.identity(object, short, place.clone());
                self.fact(id, &format!("{IDENTITY_OF}{name}"), "");
                self.runs_as(name, id, &place);
            }
            let assigned = identity.get_ignoring_case("userAssignedIdentities");
            for entry in assigned.into_iter().flat_map(Tree::entries) {
                let object = entry.value.get_ignoring_case("principalId").and_then(Tree::as_str);
                let id =
                    self.user_assigned(object, &entry.key.value, &format!("{IDENTITY_OF}{name}"), &place);
                id.into_iter().for_each(|id| self.runs_as(name, id, &place));
            }
        }
        // What runs on the nodes of a cluster gets at this identity, and not at that of the cluster itself:
        // <https://learn.microsoft.com/azure/aks/use-managed-identity>.
        let kubelet =
            row.field(&["identityProfile"]).and_then(|own| own.get_ignoring_case("kubeletidentity"));
        if let Some(kubelet) = kubelet {
            let text = |key: &str| kubelet.get_ignoring_case(key).and_then(Tree::as_str);
            let what = format!("kubelet identity of `{name}`");
            let place = Origin { span: Some(kubelet.span), what, ..origin.clone() };
            let own = text("resourceId").unwrap_or_default();
            let id = self.user_assigned(text("objectId"), own, &format!("{KUBELET_OF}{name}"), &place);
            id.into_iter().for_each(|id| self.runs_as(name, id, &place));
        }
    }

    /// An identity that is a resource of its own and that another resource has.
    fn user_assigned(
        &mut self,
        object: Option<&str>,
        own: &str,
        fact: &str,
        place: &Origin,
    ) -> Option<PrincipalId> {
        let object = object?;
        let id = self.identity(object, own.rsplit('/').next(), place.clone());
        self.fact(id, fact, "");
        if own.contains('/') {
            self.fact(id, OWN_RESOURCE, &names::full_name(own));
        }
        Some(id)
    }

    /// Notes that a resource acts as somebody.
    fn runs_as(&mut self, name: &str, identity: PrincipalId, origin: &Origin) {
        let Some(resource) = self.estate.find_resource(CLOUD, name) else { return };
        let (kind, origin) = (super::resource_kind(name), origin.clone());
        self.estate.hosts_mut().add(Host { resource, kind, identity, origin });
    }

    fn identity(&mut self, object: &str, label: Option<&str>, place: Origin) -> PrincipalId {
        self.principal(object, PrincipalKind::ServiceAccount, label, place)
    }

    /// A storage account. Without `allowSharedKeyAccess: false` its keys open all of its data:
    /// <https://learn.microsoft.com/azure/storage/common/shared-key-authorization-prevent>.
    fn account(&mut self, row: &Row<'_>, name: &str, target: Target, origin: Origin) {
        let public = row.field(&["allowBlobPublicAccess"]).and_then(Tree::as_bool);
        let known = self.accounts.entry(name.to_owned()).or_default();
        *known = public.or(*known);
        self.key(name, target, origin);
    }

    /// What stands for whoever has a key of a service. Keys work unless they are turned off:
    /// <https://learn.microsoft.com/azure/cosmos-db/nosql/how-to-connect-role-based-access-control>,
    /// <https://learn.microsoft.com/azure/service-bus-messaging/disable-local-authentication>,
    /// <https://learn.microsoft.com/azure/event-hubs/disable-local-authentication>.
    fn key(&mut self, name: &str, target: Target, origin: Origin) {
        let holder = format!("{KEY_OF}{name}");
        let is_off = self.keys_off.get(name).is_some_and(|off| *off);
        if is_off || self.by_id.contains_key(&holder) {
            return;
        }
        let facts = [(OBJECT_ID.to_owned(), holder.clone())].into();
        let principal = Principal {
            cloud: CLOUD,
            name: format!("account key of {name}"),
            kind: PrincipalKind::StandIn,
            home: None,
            facts,
            origin: origin.clone(),
        };
        let id = self.estate.add_principal(principal);
        self.by_id.insert(holder.clone(), id);
        let kind = super::resource_kind(name).to_ascii_lowercase();
        let origin = Origin { what: format!("keys of `{name}`"), ..origin };
        let key = AccountKey { holder: holder.into(), service: format!("{kind}/").into() };
        self.attach("account key", Body::AccountKey(key), target, KEY, origin);
    }

    /// A vault, if the row tells its model; `az keyvault list` and `az resource list` do not. Without
    /// `enableRbacAuthorization` it uses access policies:
    /// <https://learn.microsoft.com/azure/key-vault/general/rbac-access-policy>.
    fn vault(&mut self, row: &Row<'_>, target: Target, origin: Origin) {
        let switch = row.field(&["enableRbacAuthorization"]).and_then(Tree::as_bool);
        let policies = row.field(&["accessPolicies"]);
        if switch.is_none() && policies.is_none() {
            return;
        }
        let mut read = Vec::new();
        let items = match policies.map(|list| (list, list.as_list())) {
            Some((_, Some(items))) => items,
            Some((list, None)) => {
                self.wrong(list, "`accessPolicies`", "an array of objects", VAULTS);
                &[]
            }
            None => &[],
        };
        for item in items {
            match item.get_ignoring_case("objectId").and_then(Tree::as_str) {
                Some(object) => {
                    let what = format!("access policy of {}", origin.what);
                    let place = Origin { span: Some(item.span), what, ..origin.clone() };
                    self.principal(object, PrincipalKind::External, None, place);
                    read.push(VaultPolicy {
                        holder: object.to_ascii_lowercase().into(),
                        actions: vault_actions(item),
                    });
                }
                None => self.wrong(
                    item,
                    "an access policy",
                    "an object with `objectId` and `permissions`",
                    VAULTS,
                ),
            }
        }
        let vault = Vault { uses_roles: switch == Some(true), policies: read };
        let origin = Origin { what: format!("access policies of {}", origin.what), ..origin };
        self.attach("access policies", Body::Vault(vault), target, VAULT, origin);
    }

    /// Containers. Rows of the data plane (`az storage container list`) do not name their account: `account` is its
    /// name, if it is known from elsewhere.
    pub fn containers(&mut self, tree: &Tree, account: Option<&str>) {
        for row in self.rows(tree, "a container", CONTAINERS, &shapes::CONTAINER) {
            self.container(&row, account);
        }
    }

    fn container(&mut self, row: &Row<'_>, account: Option<&str>) -> Option<()> {
        let id = match (row.text(&["id"]), account) {
            (Some(id), _) => names::full_name(id),
            (None, Some(account)) => {
                let name = self.required(row, &["name"], "a container", CONTAINERS)?;
                let suffix =
                    format!("/providers/Microsoft.Storage/storageAccounts/{}", account.to_ascii_lowercase());
                let known = self.accounts.keys().find(|known| known.ends_with(&suffix)).cloned();
                let known =
                    known.unwrap_or_else(|| format!("/subscriptions/unknown/resourceGroups/unknown{suffix}"));
                names::full_name(&format!("{known}/blobServices/default/containers/{name}"))
            }
            (None, None) => {
                self.required(row, &["id"], "a container", CONTAINERS)?;
                return None;
            }
        };
        let level = row.text(&["publicAccess"]).unwrap_or("none").to_ascii_lowercase();
        let place = row.field(&["publicAccess", "id", "name"]).map_or(row.tree.span, |found| found.span);
        let origin = row.origin(place, format!("container `{id}`"));
        let target = self.target(&id, &origin);
        let account = id.split("/blobServices/").next().unwrap_or_default();
        let access = format!("public access level `{level}`");
        let assumed = |message| Gap { kind: GapKind::AssumedDefault, message, origin: Some(origin.clone()) };
        let switch = self.accounts.get(account).copied().flatten();
        let open = match (level.as_str(), switch) {
            ("container" | "blob", Some(true)) => Some((access.as_str(), level == "container", None)),
            // Old accounts that never had the switch set permit it, and new ones do not:
            // <https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-prevent>.
            ("container" | "blob", None) => {
                let message = format!(
                    "whether `{account}` permits public access is not in the input; assumed that it does"
                );
                Some((access.as_str(), level == "container", Some(assumed(message))))
            }
            // "The $web container is always publicly accessible", whatever the switch and the level say:
            // <https://learn.microsoft.com/azure/storage/blobs/anonymous-read-access-configure>.
            _ if id.ends_with("/containers/$web") => {
                let message = format!(
                    "`{account}` has the container `$web`; assumed that it serves it as a static website"
                );
                Some(("static website", false, Some(assumed(message))))
            }
            _ => None,
        };
        let Some((by, lists, gap)) = open else { return Some(()) };
        let body = PublicContainer { lists, gaps: gap.into_iter().collect() };
        let origin = Origin { what: format!("{by} of {}", origin.what), ..origin };
        self.attach(by, Body::Container(body), target, PUBLIC, origin);
        Some(())
    }
}

/// The data actions that an access policy gives, by its lists of words. Words are united with the roles' operations as
/// the guide to migration pairs them: <https://learn.microsoft.com/azure/key-vault/general/rbac-migration>.
const VAULT_WORDS: [(&str, &str, &str); 36] = [
    ("secrets", "get", "secrets/getsecret/action"),
    ("secrets", "list", "secrets/readmetadata/action"),
    ("secrets", "set", "secrets/setsecret/action"),
    ("secrets", "delete", "secrets/delete"),
    ("secrets", "recover", "secrets/recover/action"),
    ("secrets", "backup", "secrets/backup/action"),
    ("secrets", "restore", "secrets/restore/action"),
    ("secrets", "purge", "secrets/purge/action"),
    ("keys", "get", "keys/read"),
    ("keys", "list", "keys/read"),
    ("keys", "create", "keys/create/action"),
    ("keys", "import", "keys/import/action"),
    ("keys", "update", "keys/update/action"),
    ("keys", "delete", "keys/delete"),
    ("keys", "recover", "keys/recover/action"),
    ("keys", "backup", "keys/backup/action"),
    ("keys", "restore", "keys/restore/action"),
    ("keys", "purge", "keys/purge/action"),
    ("keys", "encrypt", "keys/encrypt/action"),
    ("keys", "decrypt", "keys/decrypt/action"),
    ("keys", "wrapkey", "keys/wrap/action"),
    ("keys", "unwrapkey", "keys/unwrap/action"),
    ("keys", "sign", "keys/sign/action"),
    ("keys", "verify", "keys/verify/action"),
    ("keys", "release", "keys/release/action"),
    ("keys", "rotate", "keys/rotate/action"),
    ("certificates", "get", "certificates/read"),
    ("certificates", "list", "certificates/read"),
    ("certificates", "create", "certificates/create/action"),
    ("certificates", "import", "certificates/import/action"),
    ("certificates", "update", "certificates/update/action"),
    ("certificates", "delete", "certificates/delete"),
    ("certificates", "purge", "certificates/purge/action"),
    ("certificates", "recover", "certificates/recover/action"),
    ("certificates", "backup", "certificates/backup/action"),
    ("certificates", "managecontacts", "certificatecontacts/write"),
];

fn vault_actions(policy: &Tree) -> Vec<Arc<str>> {
    let mut found: Vec<Arc<str>> = Vec::new();
    for kind in ["secrets", "keys", "certificates"] {
        let list = policy.get_ignoring_case("permissions").and_then(|all| all.get_ignoring_case(kind));
        for word in list.and_then(Tree::as_list).unwrap_or_default().iter().filter_map(Tree::as_str) {
            let word = word.to_ascii_lowercase();
            if word == "all" {
                found.push(format!("microsoft.keyvault/vaults/{kind}/*").into());
            }
            let fitting = VAULT_WORDS.iter().filter(|(own, known, _)| *own == kind && *known == word);
            found.extend(fitting.map(|(_, _, action)| format!("microsoft.keyvault/vaults/{action}").into()));
        }
    }
    found.sort();
    found.dedup();
    found
}
