//! What requests have attributes: types of resources that conditions may ask for, with the names that resources of each
//! have, and permissions that are asked with more than a resource and a time.
//!
//! Types:
//! <https://cloud.google.com/iam/docs/conditions-resource-attributes#resource-type> (November 2026). A fact table:
//! how a name is held against it, each side of the decision says for itself.

/// A type of resources.
#[derive(Debug)]
pub(super) struct ResourceType {
    /// Its name: `storage.googleapis.com/Bucket`.
    pub(super) name: &'static str,
    /// The names of its resources without their service; `*` stands for an id.
    pub(super) form: &'static str,
    /// Names of other resources that would fit the form, too, because ids are not all without slashes.
    pub(super) except: &'static str,
}

/// The types that are told apart.
const TYPES: &[ResourceType] = &[
    of("storage.googleapis.com/Bucket", "projects/_/buckets/*", "projects/_/buckets/*/*"),
    of("storage.googleapis.com/Object", "projects/_/buckets/*/objects/*", ""),
    of(
        "storage.googleapis.com/ManagedFolder",
        "projects/_/buckets/*/managedFolders/*",
        "projects/_/buckets/*/objects/*",
    ),
    of("cloudresourcemanager.googleapis.com/Project", "projects/*", "projects/*/*"),
    of("bigquery.googleapis.com/Dataset", "projects/*/datasets/*", "projects/*/datasets/*/*"),
    of("bigquery.googleapis.com/Table", "projects/*/datasets/*/tables/*", "projects/*/datasets/*/tables/*/*"),
    of("bigquery.googleapis.com/Model", "projects/*/datasets/*/models/*", "projects/*/datasets/*/models/*/*"),
    of(
        "bigquery.googleapis.com/Routine",
        "projects/*/datasets/*/routines/*",
        "projects/*/datasets/*/routines/*/*",
    ),
    of(
        "cloudkms.googleapis.com/KeyRing",
        "projects/*/locations/*/keyRings/*",
        "projects/*/locations/*/keyRings/*/*",
    ),
    of(
        "cloudkms.googleapis.com/CryptoKey",
        "projects/*/locations/*/keyRings/*/cryptoKeys/*",
        "projects/*/locations/*/keyRings/*/cryptoKeys/*/*",
    ),
    of(
        "cloudkms.googleapis.com/CryptoKeyVersion",
        "projects/*/locations/*/keyRings/*/cryptoKeys/*/cryptoKeyVersions/*",
        "projects/*/locations/*/keyRings/*/cryptoKeys/*/cryptoKeyVersions/*/*",
    ),
    of(
        "compute.googleapis.com/Instance",
        "projects/*/zones/*/instances/*",
        "projects/*/zones/*/instances/*/*",
    ),
    of("compute.googleapis.com/Disk", "projects/*/zones/*/disks/*", "projects/*/zones/*/disks/*/*"),
    of("compute.googleapis.com/Image", "projects/*/global/images/*", "projects/*/global/images/*/*"),
    of(
        "compute.googleapis.com/InstanceTemplate",
        "projects/*/global/instanceTemplates/*",
        "projects/*/global/instanceTemplates/*/*",
    ),
    of("compute.googleapis.com/Snapshot", "projects/*/global/snapshots/*", "projects/*/global/snapshots/*/*"),
    of("secretmanager.googleapis.com/Secret", "projects/*/secrets/*", "projects/*/secrets/*/*"),
    of(
        "secretmanager.googleapis.com/SecretVersion",
        "projects/*/secrets/*/versions/*",
        "projects/*/secrets/*/versions/*/*",
    ),
    of("spanner.googleapis.com/Instance", "projects/*/instances/*", "projects/*/instances/*/*"),
    of(
        "spanner.googleapis.com/Database",
        "projects/*/instances/*/databases/*",
        "projects/*/instances/*/databases/*/*",
    ),
    of(
        "spanner.googleapis.com/Backup",
        "projects/*/instances/*/backups/*",
        "projects/*/instances/*/backups/*/*",
    ),
    of("sqladmin.googleapis.com/Instance", "projects/*/instances/*", "projects/*/instances/*/*"),
    of(
        "logging.googleapis.com/LogBucket",
        "projects/*/locations/*/buckets/*",
        "projects/*/locations/*/buckets/*/*",
    ),
    of(
        "logging.googleapis.com/LogView",
        "projects/*/locations/*/buckets/*/views/*",
        "projects/*/locations/*/buckets/*/views/*/*",
    ),
];

const fn of(name: &'static str, form: &'static str, except: &'static str) -> ResourceType {
    ResourceType { name, form, except }
}

/// The type of that name, if its resources are told apart.
pub(super) fn named(name: &str) -> Option<&'static ResourceType> {
    TYPES.iter().find(|own| own.name == name)
}

impl ResourceType {
    /// The service that its resources belong to.
    pub(super) fn service(&self) -> &'static str {
        self.name.split_once('/').map_or("", |(service, _)| service)
    }
}
/// The permissions of which requests carry an attribute that few do; requests for any other have no value of it
/// (<https://cloud.google.com/iam/docs/conditions-attribute-reference#request-attributes>, November 2026).
pub(super) fn permissions_with(attribute: &str) -> &'static [&'static str] {
    match attribute {
        ACCESS_LEVELS => &[
            "iap.tunnelDestGroups.accessViaIAP",
            "iap.tunnelInstances.accessViaIAP",
            "iap.webServiceVersions.accessViaIAP",
        ],
        "destination.ip" | PORT => &["iap.tunnelDestGroups.accessViaIAP", "iap.tunnelInstances.accessViaIAP"],
        "request.path" | "request.host" => &["iap.webServiceVersions.accessViaIAP", "run.routes.invoke"],
        _ => &[],
    }
}

/// The access levels that a request meets.
pub(super) const ACCESS_LEVELS: &str = "request.auth.access_levels";
/// The port that a tunnel leads to.
pub(super) const PORT: &str = "destination.port";
