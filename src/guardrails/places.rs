//! What the names of resources in guardrails stand for, and whether the files speak of any such thing.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::Name;
use crate::clouds::Cloud;
use crate::logic::{Atom, Attribute, Case, Formula, Pattern};
use crate::model::{Estate, Object, Target};

/// What people write for any resource.
const ANY: &str = "*";

/// Resources that a question can be asked about.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) object: Object,
    /// Holds for requests on them.
    pub(super) within: Formula,
}

/// The place of a name: a resource with what lies in it, or all that a pattern stands for.
pub(super) fn place(estate: &Estate, cloud: &dyn Cloud, name: &Name) -> Place {
    if &*name.text == ANY {
        return Place { object: Object::Any, within: Formula::True };
    }
    let patterns = cloud.written(&name.text);
    if !name.is_plain() {
        return Place { object: Object::Any, within: Formula::matches(Attribute::resource(), patterns) };
    }
    let mut own = estate.resources().filter(|(_, known)| known.cloud == cloud.id());
    let known = own.find(|(_, known)| patterns.matches(&known.name)).map(|(id, _)| id);
    let spelled = patterns.iter().next().map_or_else(String::new, ToString::to_string);
    Place { object: known.map_or(Object::Named(spelled), Object::Within), within: Formula::True }
}

/// What the files of a cloud call by name. Collected when the first name is looked for.
pub(super) struct Named<'a> {
    estate: &'a Estate,
    cloud: &'a dyn Cloud,
    texts: OnceCell<BTreeSet<String>>,
}

impl<'a> Named<'a> {
    pub(super) fn new(estate: &'a Estate, cloud: &'a dyn Cloud) -> Self {
        Self { estate, cloud, texts: OnceCell::new() }
    }

    /// Whether the files speak of anything that the name stands for, otherwise than as of everything: as a resource, a
    /// scope or a principal, or in a statement.
    pub(super) fn knows(&self, name: &Name) -> bool {
        if &*name.text == ANY {
            return true;
        }
        let patterns = self.cloud.written(&name.text);
        let speaks_of_it = |text: &String| {
            patterns.matches(text)
                || tells(text, &name.text)
                || (text.contains(ANY) && reaches(text, &name.text))
        };
        self.texts.get_or_init(|| self.collect()).iter().any(speaks_of_it)
    }

    fn collect(&self) -> BTreeSet<String> {
        let (estate, cloud) = (self.estate, self.cloud);
        let mut texts = BTreeSet::new();
        texts.extend(
            estate.resources().filter(|(_, one)| one.cloud == cloud.id()).map(|(_, one)| one.name.clone()),
        );
        texts.extend(
            estate.scopes().filter(|(_, one)| one.cloud == cloud.id()).map(|(_, one)| one.name.clone()),
        );
        let own = estate.principals().filter(|(_, one)| one.cloud == cloud.id());
        texts.extend(own.map(|(_, one)| one.name.clone()));
        for attachment in estate.attachments() {
            let is_own = estate.policy(attachment.policy).is_some_and(|policy| policy.cloud == cloud.id());
            if !is_own {
                continue;
            }
            for grant in cloud.grants(estate, attachment.policy, attachment.layer) {
                grant.resources.for_each_literal(&mut |literal| {
                    if let Atom::Matches(attribute, patterns) = &literal.atom
                        && *attribute == Attribute::resource()
                    {
                        texts.extend(patterns.iter().map(ToString::to_string));
                    }
                });
            }
            if let Target::Resource(id) = attachment.target {
                texts.extend(estate.resource(id).map(|one| one.name.clone()));
            }
        }
        texts
    }
}

/// Whether a name lies in what a text names: `projects/p` in `//cloudresourcemanager.googleapis.com/projects/p`, an
/// object in its bucket.
fn tells(text: &str, name: &str) -> bool {
    let inside = |rest: &str| rest.is_empty() || rest.starts_with(['/', ':']);
    name.strip_prefix(text).is_some_and(inside) || (text.len() > 3 && name.ends_with(&format!("/{text}")))
}

/// Whether a pattern of a statement reaches a name, and says more than which kind of thing it is.
fn reaches(pattern: &str, name: &str) -> bool {
    let start = pattern.split(['*', '?']).next().unwrap_or_default();
    let is_telling = !start.is_empty() && !start.ends_with(':') && start != "/" && start != "//";
    is_telling && Pattern::glob(pattern, Case::Sensitive).matches(name)
}
