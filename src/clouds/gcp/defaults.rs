//! What the policy of a bucket or a dataset is when nobody has changed it.
//!
//! A new one gives the holders of the basic roles of its project their access by convenience values in its own policy,
//! not by inheritance; its owner may remove them. With uniform bucket-level access the two object roles are part of a
//! bucket's; with access control lists, the default list of new objects gives the same:
//! <https://cloud.google.com/storage/docs/access-control/iam-roles#basic-roles-modifiable>. The entries of a new dataset:
//! <https://cloud.google.com/bigquery/docs/access-control-basic-roles>. That whoever made a dataset owns it, too, is told
//! by no file and not assumed.

use std::collections::BTreeMap;

use super::ALLOW;
use super::ast::Basic;
use super::names::{self, CLOUD};
use crate::logic::{Attribute, Formula, Patterns};
use crate::model::{Estate, Gap, GapKind, Origin, ResourceId, ScopeId, Target};

/// A kind of resource that is made with a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Container {
    Bucket,
    Dataset,
}

impl Container {
    pub(super) const ALL: [Self; 2] = [Self::Bucket, Self::Dataset];

    /// What a resource is or lies in, with the full name of that.
    pub(super) fn around(resource: &str) -> Option<(Self, &str)> {
        Self::ALL.into_iter().find_map(|kind| Some((kind, kind.name_of(resource)?)))
    }

    fn name_of(self, resource: &str) -> Option<&str> {
        match self {
            Self::Bucket => names::around_bucket(resource),
            Self::Dataset => names::around_dataset(resource),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Bucket => "bucket",
            Self::Dataset => "dataset",
        }
    }

    /// The roles of the default policy, and the convenience values that get each.
    pub(super) fn bindings(self) -> &'static [(&'static str, &'static [Basic])] {
        match self {
            Self::Bucket => &[
                ("roles/storage.legacyBucketOwner", &[Basic::Editor, Basic::Owner]),
                ("roles/storage.legacyBucketReader", &[Basic::Viewer]),
                ("roles/storage.legacyObjectOwner", &[Basic::Editor, Basic::Owner]),
                ("roles/storage.legacyObjectReader", &[Basic::Viewer]),
            ],
            Self::Dataset => &[
                ("roles/bigquery.dataOwner", &[Basic::Owner]),
                ("roles/bigquery.dataEditor", &[Basic::Editor]),
                ("roles/bigquery.dataViewer", &[Basic::Viewer]),
            ],
        }
    }

    /// Whether the default policy is assumed for one of `project`: if the input knows it but not its policy, or knows no
    /// policy of any of that project. An export that holds some of them is taken to hold all.
    pub(super) fn is_assumed(self, estate: &Estate, name: &str, project: ScopeId) -> bool {
        match estate.find_resource(CLOUD, name) {
            Some(id) => !has_policy(estate, id),
            None => !estate.derived(Known::of).of_kind(self).have_policies(project),
        }
    }

    /// Holds for those of `project` for which the default policy is assumed, as long as they stand in no other.
    pub(super) fn assumed(self, estate: &Estate, project: ScopeId) -> Formula {
        let known = estate.derived(Known::of);
        let known = known.of_kind(self);
        let these = |ids: &[ResourceId]| {
            let found = ids.iter().filter_map(|id| estate.resource(*id));
            let patterns = found.flat_map(|resource| names::inside(&resource.name));
            Formula::matches(Attribute::resource(), Patterns::of(patterns))
        };
        if known.have_policies(project) {
            return these(of(&known.without, Some(project))).or(these(of(&known.without, None)));
        }
        let some = match self {
            Self::Bucket => names::in_some_bucket(),
            Self::Dataset => names::in_some_dataset(),
        };
        some.and(these(of(&known.with, None)).not())
    }

    /// What a default binding is called.
    pub(super) fn origin(self, role: &str, basic: Basic, project: &str) -> Origin {
        let what =
            format!("default binding of `{role}` to `{}{project}` on a new {}", basic.prefix(), self.word());
        Origin { what, ..Origin::default() }
    }

    /// What was assumed.
    pub(super) fn gap(self, project: &str, origin: &Origin) -> Gap {
        let word = self.word();
        Gap {
            kind: GapKind::AssumedDefault,
            message: format!(
                "the allow policy of a {word} in `projects/{project}` is not in the input; assumed the bindings of a new {word}"
            ),
            origin: Some(origin.clone()),
        }
    }
}

fn has_policy(estate: &Estate, id: ResourceId) -> bool {
    estate.attached_to(Target::Resource(id)).any(|attachment| attachment.layer == ALLOW)
}

/// The buckets and datasets that the estate knows.
struct Known {
    buckets: Listed,
    datasets: Listed,
}

/// Those of one kind, with a policy and without.
#[derive(Default)]
struct Listed {
    with: ByProject,
    without: ByProject,
}

/// By the project that they stand in, if that is known.
type ByProject = BTreeMap<Option<ScopeId>, Vec<ResourceId>>;

fn of(all: &ByProject, project: Option<ScopeId>) -> &[ResourceId] {
    all.get(&project).map(Vec::as_slice).unwrap_or_default()
}

impl Known {
    fn of(estate: &Estate) -> Self {
        let mut known = Self { buckets: Listed::default(), datasets: Listed::default() };
        for (id, resource) in estate.resources().filter(|(_, resource)| resource.cloud == CLOUD) {
            let listed = match Container::around(&resource.name) {
                Some((_, name)) if name != resource.name => continue,
                Some((Container::Bucket, _)) => &mut known.buckets,
                Some((Container::Dataset, _)) => &mut known.datasets,
                None => continue,
            };
            let half = if has_policy(estate, id) { &mut listed.with } else { &mut listed.without };
            half.entry(resource.home).or_default().push(id);
        }
        known
    }

    fn of_kind(&self, kind: Container) -> &Listed {
        match kind {
            Container::Bucket => &self.buckets,
            Container::Dataset => &self.datasets,
        }
    }
}

impl Listed {
    fn have_policies(&self, project: ScopeId) -> bool {
        self.with.contains_key(&Some(project))
    }
}
