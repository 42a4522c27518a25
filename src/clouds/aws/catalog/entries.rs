//! Views of one entry of the action catalog: action, service, resource type, condition key.
//!
//! A view is a reference and an index, cheap to copy; what it shows is decoded already.

use super::{AccessLevel, ActionIndex, ActionSource, AwsCatalog, ResourceSource};
use crate::clouds::catalog::Lists;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// One action of the catalog.
#[derive(Clone, Copy, Debug)]
pub struct Action<'a> {
    pub(super) catalog: &'a AwsCatalog,
    pub(super) index: ActionIndex,
}

impl<'a> Action<'a> {
    /// Its place in the catalog.
    pub fn index(self) -> ActionIndex {
        self.index
    }

    /// Its full name in AWS's spelling: `s3:GetObject`.
    pub fn name(self) -> &'a str {
        self.catalog.actions.get(self.index)
    }

    /// Its full name in lower case.
    pub fn folded(self) -> &'a str {
        self.catalog.actions.folded(self.index)
    }

    /// The service prefix: `s3`.
    pub fn service(self) -> &'a str {
        self.name().split_once(':').map_or("", |(service, _)| service)
    }

    /// The name without the service: `GetObject`.
    pub fn local_name(self) -> &'a str {
        self.name().split_once(':').map_or(self.name(), |(_, local)| local)
    }

    /// The access level: permissions management when either source says so (sources disagree on
    /// `iam:PassRole` among others, and it is the dangerous reading), else what the main source
    /// says; `None` when no source tells.
    pub fn level(self) -> Option<AccessLevel> {
        let (first, second) = self.stated_levels();
        let danger = AccessLevel::PermissionsManagement;
        if second == Some(danger) { second } else { first.or(second) }
    }

    /// The levels of the main and of the second source; the second only where it differs.
    pub fn stated_levels(self) -> (Option<AccessLevel>, Option<AccessLevel>) {
        let packed = self.catalog.levels.get(self.index as usize).copied().unwrap_or_default();
        (AccessLevel::unpack(packed), AccessLevel::unpack(packed >> 3))
    }

    /// The resource types it applies to, and whether a statement must name one of that type.
    pub fn resource_types(self) -> impl Iterator<Item = (ResourceType<'a>, bool)> {
        let catalog = self.catalog;
        let packed = column(&catalog.action_resource_lists, &catalog.action_resources, self.index);
        packed.iter().map(move |packed| (ResourceType { catalog, index: packed >> 1 }, packed & 1 == 1))
    }

    /// Whether it applies to resources at all. If not, only `Resource: "*"` is meaningful and a
    /// narrower one never matches.
    pub fn has_resource_types(self) -> bool {
        !column(&self.catalog.action_resource_lists, &self.catalog.action_resources, self.index).is_empty()
    }

    /// The condition keys listed for the action itself, in the order of lower-case names.
    pub fn own_condition_keys(self) -> impl Iterator<Item = ConditionKey<'a>> {
        let catalog = self.catalog;
        let keys = column(&catalog.action_key_lists, &catalog.action_keys, self.index);
        keys.iter().map(move |index| ConditionKey { catalog, index: *index })
    }

    /// The condition keys of the action and of its resource types, in the order of lower-case names.
    pub fn condition_keys(self) -> impl Iterator<Item = ConditionKey<'a>> {
        let mut all: BTreeSet<u32> = self.own_condition_keys().map(|key| key.index).collect();
        for (kind, _) in self.resource_types() {
            all.extend(kind.condition_keys().map(|key| key.index));
        }
        let catalog = self.catalog;
        all.into_iter().map(move |index| ConditionKey { catalog, index })
    }

    /// The actions a caller needs as well for this one to succeed.
    pub fn depends_on(self) -> impl Iterator<Item = Action<'a>> {
        let catalog = self.catalog;
        let needed = column(&catalog.action_needed_lists, &catalog.action_needed, self.index);
        needed.iter().map(move |index| Action { catalog, index: *index })
    }

    /// The facts in plain form.
    pub(super) fn to_source(self) -> ActionSource {
        let (level, second_level) = self.stated_levels();
        let resources: BTreeMap<String, bool> =
            self.resource_types().map(|(kind, required)| (kind.name().to_owned(), required)).collect();
        ActionSource {
            level,
            second_level,
            resources,
            keys: self.own_condition_keys().map(|key| key.name().to_owned()).collect(),
            depends_on: self.depends_on().map(|action| action.name().to_owned()).collect(),
        }
    }
}

/// One service of the catalog.
#[derive(Clone, Copy, Debug)]
pub struct Service<'a> {
    pub(super) catalog: &'a AwsCatalog,
    pub(super) index: u32,
}

impl<'a> Service<'a> {
    /// The prefix of its actions: `s3`.
    pub fn name(self) -> &'a str {
        self.catalog.services.get(self.index)
    }

    /// Whether resource control policies apply to its resources.
    pub fn supports_rcp(self) -> bool {
        self.catalog.service_flags.get(self.index as usize).is_some_and(|flags| flags & 1 == 1)
    }

    /// The indices of its actions.
    pub fn action_range(self) -> Range<ActionIndex> {
        self.catalog.actions.with_prefix(&format!("{}:", self.catalog.services.folded(self.index)))
    }

    /// Its actions.
    pub fn actions(self) -> impl Iterator<Item = Action<'a>> {
        self.catalog.actions_in(self.action_range())
    }

    /// Its resource types.
    pub fn resource_types(self) -> impl Iterator<Item = ResourceType<'a>> {
        let catalog = self.catalog;
        let range = catalog.resources.with_prefix(&format!("{}:", catalog.services.folded(self.index)));
        range.map(move |index| ResourceType { catalog, index })
    }

    /// The condition keys it documents, each with the type it states (empty when unknown).
    pub fn condition_keys(self) -> impl Iterator<Item = (ConditionKey<'a>, &'a str)> {
        let catalog = self.catalog;
        let keys = catalog.service_keys.get(self.index as usize).map(Vec::as_slice).unwrap_or_default();
        keys.iter()
            .map(move |(index, kind)| (ConditionKey { catalog, index: *index }, catalog.types.get(*kind)))
    }
}

/// One resource type of a service.
#[derive(Clone, Copy, Debug)]
pub struct ResourceType<'a> {
    pub(super) catalog: &'a AwsCatalog,
    pub(super) index: u32,
}

impl<'a> ResourceType<'a> {
    /// The service prefix: `s3`.
    pub fn service(self) -> &'a str {
        self.catalog.resources.get(self.index).split_once(':').map_or("", |(service, _)| service)
    }

    /// Its name: `object`.
    pub fn name(self) -> &'a str {
        self.catalog.resources.get(self.index).split_once(':').map_or("", |(_, name)| name)
    }

    /// Its ARN patterns as AWS writes them: `arn:${Partition}:s3:::${BucketName}/${ObjectName}`.
    pub fn arns(self) -> impl Iterator<Item = &'a str> {
        let catalog = self.catalog;
        let arns = catalog.resource_arns.get(self.index as usize).map(Vec::as_slice).unwrap_or_default();
        arns.iter().map(move |index| catalog.arns.get(*index))
    }

    /// Its ARN patterns with every `${..}` as `*`: `arn:*:s3:::*/*`.
    pub fn resource_globs(self) -> impl Iterator<Item = String> + use<'a> {
        self.arns().map(resource_glob)
    }

    /// The condition keys of requests on it, in the order of lower-case names.
    pub fn condition_keys(self) -> impl Iterator<Item = ConditionKey<'a>> {
        let catalog = self.catalog;
        let keys = column(&catalog.resource_key_lists, &catalog.resource_keys, self.index);
        keys.iter().map(move |index| ConditionKey { catalog, index: *index })
    }

    /// The facts in plain form.
    pub(super) fn to_source(self) -> ResourceSource {
        ResourceSource {
            arns: self.arns().map(str::to_owned).collect(),
            keys: self.condition_keys().map(|key| key.name().to_owned()).collect(),
        }
    }
}

/// One condition key.
#[derive(Clone, Copy, Debug)]
pub struct ConditionKey<'a> {
    pub(super) catalog: &'a AwsCatalog,
    pub(super) index: u32,
}

impl<'a> ConditionKey<'a> {
    /// Its name in AWS's spelling, templated part included: `s3:ExistingObjectTag/<key>`.
    pub fn name(self) -> &'a str {
        self.catalog.keys.get(self.index)
    }

    /// Whether the name is a family: its last part is a placeholder for any text.
    pub fn is_template(self) -> bool {
        is_template(self.name())
    }

    /// The types services state for it (`String`, `ArrayOfString`, `Bool`, `ARN`, ...), usually one.
    pub fn types(self) -> Vec<&'a str> {
        let mut types = BTreeSet::new();
        for service in self.services() {
            let stated = service.condition_keys().filter(|(key, _)| key.index == self.index);
            types.extend(stated.map(|(_, kind)| kind).filter(|kind| !kind.is_empty()));
        }
        types.into_iter().collect()
    }

    /// The services that list it.
    pub fn services(self) -> impl Iterator<Item = Service<'a>> {
        self.catalog
            .services()
            .filter(move |service| service.condition_keys().any(|(key, _)| key.index == self.index))
    }
}

/// An ARN pattern of the catalog with every `${..}` as `*`.
pub fn resource_glob(template: &str) -> String {
    let mut glob = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("${") {
        glob.push_str(before);
        glob.push('*');
        rest = after.split_once('}').map_or("", |(_, tail)| tail);
    }
    glob.push_str(rest);
    glob
}

/// Whether a condition key's name stands for a family; sources write `<key>` and `${TagKey}`.
pub(super) fn is_template(name: &str) -> bool {
    name.split_once('/').is_some_and(|(_, tail)| tail.starts_with("${") || tail.starts_with('<'))
}

/// The list a record refers to.
fn column<'a>(lists: &'a Lists, numbers: &[u32], index: u32) -> &'a [u32] {
    lists.get(numbers.get(index as usize).copied().unwrap_or_default())
}
