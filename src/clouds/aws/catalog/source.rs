//! The facts of the action catalog in plain form, and the compact file they become.
//!
//! Every reader of a provider's export produces an [`AwsSource`]; one writer turns it into bytes.
//! Lookup is in the module above.

use super::{AccessLevel, AwsCatalog, ID};
use crate::clouds::catalog::{
    Builder, CatalogError, Container, Cursor, Damage, ListPool, Lists, Names, Strings, Writer, whole,
};
use std::collections::{BTreeMap, BTreeSet};

/// The facts of the action catalog before encoding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AwsSource {
    /// Where the facts come from.
    pub sources: Vec<String>,
    /// The date of the newest source, `YYYY-MM-DD`.
    pub date: String,
    /// Service prefixes that support resource control policies.
    pub rcp_services: BTreeSet<String>,
    /// Services by their prefix in action names, for example `s3`.
    pub services: BTreeMap<String, ServiceSource>,
}

/// One service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceSource {
    /// Actions by name without prefix.
    pub actions: BTreeMap<String, ActionSource>,
    /// Resource types by name.
    pub resources: BTreeMap<String, ResourceSource>,
    /// Condition keys the service documents, with their type (empty when unknown).
    pub keys: BTreeMap<String, String>,
}

/// One action.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ActionSource {
    /// The level the main source states.
    pub level: Option<AccessLevel>,
    /// The level a second source states, where it differs.
    pub second_level: Option<AccessLevel>,
    /// Resource types the action applies to, and whether a policy must name one of that type.
    pub resources: BTreeMap<String, bool>,
    /// Condition keys of the action itself.
    pub keys: BTreeSet<String>,
    /// Full names of the actions a caller needs in addition.
    pub depends_on: BTreeSet<String>,
}

/// One resource type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResourceSource {
    /// ARN patterns with `${..}` variables, in the source's order.
    pub arns: Vec<String>,
    /// Condition keys that requests on such a resource carry.
    pub keys: BTreeSet<String>,
}

impl AwsSource {
    /// Fills what a provider's export does not tell (dependent actions, whether a resource type is
    /// required, second opinions on levels, services with resource control policies) from `older`,
    /// where it describes the same action. Nothing the export tells is changed.
    pub fn complete_from(&mut self, older: &AwsSource) {
        if self.rcp_services.is_empty() {
            self.rcp_services = older.rcp_services.clone();
        }
        for (name, service) in &mut self.services {
            let Some(known) = older.services.get(name) else { continue };
            for (name, action) in &mut service.actions {
                let Some(known) = known.actions.get(name) else { continue };
                if action.depends_on.is_empty() {
                    action.depends_on = known.depends_on.clone();
                }
                for (resource, required) in &mut action.resources {
                    *required |= known.resources.get(resource).copied().unwrap_or_default();
                }
                if action.level.is_none() {
                    (action.level, action.second_level) = (known.level, known.second_level);
                }
                let stated = [action.second_level, known.level, known.second_level].into_iter().flatten();
                // Of several other opinions the most dangerous one is kept.
                action.second_level = stated.filter(|level| Some(*level) != action.level).max();
            }
        }
        if let Some(source) = older.sources.first() {
            self.sources.push(format!("completed from: {source}"));
        }
    }

    /// Removes dependent actions that no service of this source has, one problem each.
    pub fn drop_unknown_dependents(&mut self, problems: &mut Vec<String>) {
        let known: BTreeSet<String> = self.action_names().map(|name| name.to_ascii_lowercase()).collect();
        for (prefix, service) in &mut self.services {
            for (name, action) in &mut service.actions {
                action.depends_on.retain(|needed| {
                    let found = known.contains(&needed.to_ascii_lowercase());
                    if !found {
                        problems.push(format!(
                            "`{prefix}:{name}` depends on `{needed}`, which no service has; left out"
                        ));
                    }
                    found
                });
            }
        }
    }

    /// Full names of all actions.
    fn action_names(&self) -> impl Iterator<Item = String> + '_ {
        self.services
            .iter()
            .flat_map(|(prefix, service)| service.actions.keys().map(move |name| format!("{prefix}:{name}")))
    }
}

/// The tables of one encoding run: every name that will have an index.
struct Plan {
    services: Vec<String>,
    actions: Vec<String>,
    resources: Vec<String>,
    arns: Vec<String>,
    keys: Vec<String>,
    types: Vec<String>,
    index: BTreeMap<(u8, String), u32>,
}

const ACTIONS: u8 = 0;
const RESOURCES: u8 = 1;
const ARNS: u8 = 2;
const KEYS: u8 = 3;
const TYPES: u8 = 4;

impl Plan {
    /// Sorts every name of `source` into its table.
    fn new(source: &AwsSource) -> Plan {
        let (mut services, mut resources, mut arns) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let (mut keys, mut types) = (BTreeSet::new(), BTreeSet::from([String::new()]));
        services.extend(source.rcp_services.iter().cloned());
        for (prefix, service) in &source.services {
            services.insert(prefix.clone());
            keys.extend(service.keys.keys().cloned());
            types.extend(service.keys.values().cloned());
            for (name, resource) in &service.resources {
                resources.insert(format!("{prefix}:{name}"));
                arns.extend(resource.arns.iter().cloned());
                keys.extend(resource.keys.iter().cloned());
            }
            for action in service.actions.values() {
                keys.extend(action.keys.iter().cloned());
                resources.extend(action.resources.keys().map(|name| format!("{prefix}:{name}")));
            }
        }
        let sorted = |names: BTreeSet<String>| -> Vec<String> {
            Names::plan(names.iter().map(String::as_str)).into_iter().map(str::to_owned).collect()
        };
        let mut plan = Plan {
            services: sorted(services),
            actions: sorted(source.action_names().collect()),
            resources: sorted(resources),
            arns: sorted(arns),
            keys: sorted(keys),
            types: sorted(types),
            index: BTreeMap::new(),
        };
        let tables = [&plan.actions, &plan.resources, &plan.arns, &plan.keys, &plan.types];
        for (kind, table) in (0u8..).zip(tables) {
            for (index, name) in (0u32..).zip(table) {
                plan.index.insert((kind, name.clone()), index);
            }
        }
        plan
    }

    /// The index of `name` in the table `kind`.
    fn find(&self, kind: u8, name: &str) -> Option<u32> {
        self.index.get(&(kind, name.to_owned())).copied()
    }

    /// The indices of `names` in the table `kind`.
    fn find_all<'a>(&self, kind: u8, names: impl IntoIterator<Item = &'a String>) -> Vec<u32> {
        names.into_iter().filter_map(|name| self.find(kind, name)).collect()
    }

    /// An action's index, whatever the case its name was written in.
    fn find_action(&self, name: &str) -> Option<u32> {
        self.find(ACTIONS, name).or_else(|| {
            let found = self.actions.iter().position(|action| action.eq_ignore_ascii_case(name))?;
            u32::try_from(found).ok()
        })
    }
}

/// Encodes the catalog; the same source gives the same bytes. An error means the compressor failed.
pub fn encode(source: &AwsSource) -> Result<Vec<u8>, CatalogError> {
    let plan = Plan::new(source);
    let mut file = Builder::new(ID, &source.sources, &source.date);
    for table in [&plan.services, &plan.actions, &plan.resources, &plan.arns, &plan.keys, &plan.types] {
        file.section(|writer| Strings::write(writer, table.iter().map(String::as_str)));
    }
    file.section(|writer| write_services(writer, source, &plan));
    file.section(|writer| write_resources(writer, source, &plan));
    file.section(|writer| write_actions(writer, source, &plan));
    file.finish()
}

/// Flags, then keys with their types, of each service.
fn write_services(writer: &mut Writer, source: &AwsSource, plan: &Plan) {
    for service in &plan.services {
        writer.byte(u8::from(source.rcp_services.contains(service)));
    }
    for service in &plan.services {
        let keys = source.services.get(service).map(|service| &service.keys);
        writer.number(keys.map_or(0, BTreeMap::len));
        for (key, kind) in keys.into_iter().flatten() {
            writer.number(plan.find(KEYS, key).unwrap_or_default() as usize);
            writer.number(plan.find(TYPES, kind).unwrap_or_default() as usize);
        }
    }
}

/// Patterns and key lists of each resource type.
fn write_resources(writer: &mut Writer, source: &AwsSource, plan: &Plan) {
    let (mut lists, mut numbers) = (ListPool::default(), Vec::new());
    for name in &plan.resources {
        let resource = name
            .split_once(':')
            .and_then(|(service, name)| source.services.get(service)?.resources.get(name));
        let arns = resource.map(|resource| plan.find_all(ARNS, &resource.arns)).unwrap_or_default();
        writer.number(arns.len());
        for arn in arns {
            writer.number(arn as usize);
        }
        let keys = resource.map(|resource| plan.find_all(KEYS, &resource.keys)).unwrap_or_default();
        numbers.push(lists.add(keys));
    }
    lists.write(writer);
    for number in numbers {
        writer.number(number);
    }
}

/// Levels, resource types, keys and dependent actions of each action, column by column.
fn write_actions(writer: &mut Writer, source: &AwsSource, plan: &Plan) {
    let empty = ActionSource::default();
    let (mut resources, mut keys, mut needed) =
        (ListPool::default(), ListPool::default(), ListPool::default());
    let mut columns = [Vec::new(), Vec::new(), Vec::new()];
    for name in &plan.actions {
        let (prefix, local) = name.split_once(':').unwrap_or_default();
        let action =
            source.services.get(prefix).and_then(|service| service.actions.get(local)).unwrap_or(&empty);
        writer.byte(AccessLevel::pack(action.level, action.second_level));
        let of_type = |(name, required): (&String, &bool)| {
            let index = plan.find(RESOURCES, &format!("{prefix}:{name}"))?;
            Some(index << 1 | u32::from(*required))
        };
        let [first, second, third] = &mut columns;
        first.push(resources.add(action.resources.iter().filter_map(of_type).collect()));
        second.push(keys.add(plan.find_all(KEYS, &action.keys)));
        let others = action.depends_on.iter().filter_map(|name| plan.find_action(name));
        third.push(needed.add(others.collect()));
    }
    for (pool, column) in [resources, keys, needed].iter().zip(columns) {
        pool.write(writer);
        for number in column {
            writer.number(number);
        }
    }
}

/// Decodes what [`encode`] wrote; damaged bytes are an error that says what is wrong.
pub fn decode(bytes: &[u8]) -> Result<AwsCatalog, CatalogError> {
    decode_parts(bytes).map_err(|damage| CatalogError::damaged(ID, damage))
}

/// The decoder without the part's name in its errors.
pub(super) fn decode_parts(bytes: &[u8]) -> Result<AwsCatalog, Damage> {
    let file = Container::open(ID, bytes)?;
    let names = |index: usize| whole(file.section(index)?, Names::read);
    let (services, actions, resources) = (names(0)?, names(1)?, names(2)?);
    let arns = whole(file.section(3)?, Strings::read)?;
    let keys = names(4)?;
    let types = whole(file.section(5)?, Strings::read)?;
    let mut catalog = AwsCatalog {
        info: file.info.clone(),
        services,
        actions,
        resources,
        arns,
        keys,
        types,
        ..Default::default()
    };
    whole(file.section(6)?, |cursor| read_services(cursor, &mut catalog))?;
    whole(file.section(7)?, |cursor| read_resources(cursor, &mut catalog))?;
    whole(file.section(8)?, |cursor| read_actions(cursor, &mut catalog))?;
    Ok(catalog)
}

/// Reads what [`write_services`] wrote.
fn read_services(cursor: &mut Cursor<'_>, catalog: &mut AwsCatalog) -> Result<(), Damage> {
    catalog.service_flags = cursor.raw(catalog.services.len())?.to_vec();
    for _ in 0..catalog.services.len() {
        let count = cursor.count()?;
        let mut keys = Vec::with_capacity(count);
        for _ in 0..count {
            let (key, kind) = (cursor.number()?, cursor.number()?);
            if key as usize >= catalog.keys.len() || kind as usize >= catalog.types.len() {
                return Err(Damage("a condition key points outside its table"));
            }
            keys.push((key, kind));
        }
        catalog.service_keys.push(keys);
    }
    Ok(())
}

/// Reads what [`write_resources`] wrote.
fn read_resources(cursor: &mut Cursor<'_>, catalog: &mut AwsCatalog) -> Result<(), Damage> {
    for _ in 0..catalog.resources.len() {
        let count = cursor.count()?;
        catalog.resource_arns.push(cursor.column(count, catalog.arns.len())?);
    }
    catalog.resource_key_lists = Lists::read(cursor, catalog.keys.len())?;
    catalog.resource_keys = cursor.column(catalog.resources.len(), catalog.resource_key_lists.len())?;
    Ok(())
}

/// Reads what [`write_actions`] wrote.
fn read_actions(cursor: &mut Cursor<'_>, catalog: &mut AwsCatalog) -> Result<(), Damage> {
    let count = catalog.actions.len();
    catalog.levels = cursor.raw(count)?.to_vec();
    catalog.action_resource_lists = Lists::read(cursor, catalog.resources.len() * 2)?;
    catalog.action_resources = cursor.column(count, catalog.action_resource_lists.len())?;
    catalog.action_key_lists = Lists::read(cursor, catalog.keys.len())?;
    catalog.action_keys = cursor.column(count, catalog.action_key_lists.len())?;
    catalog.action_needed_lists = Lists::read(cursor, count)?;
    catalog.action_needed = cursor.column(count, catalog.action_needed_lists.len())?;
    Ok(())
}
