//! Names of resources and scopes, and where a resource stands in the hierarchy.
//!
//! A resource is named by its full resource name, `//SERVICE/RELATIVE-NAME`
//! (<https://cloud.google.com/iam/docs/full-resource-names>); a bucket in the form that conditions and audit logs use,
//! `//storage.googleapis.com/projects/_/buckets/B`. Where it stands is a fact of the estate, not of its name: requests
//! carry it as the text attribute [`ancestry`], the chain of scopes from the top, `organizations/1/folders/2/projects/p`.

use crate::logic::{Attribute, Case, Formula, Pattern, Patterns};
use crate::model::{CloudId, Estate, ScopeId, ScopeKind};

/// Google Cloud.
pub const CLOUD: CloudId = CloudId::new("gcp");

/// How the name of every bucket begins.
pub const BUCKETS: &str = "//storage.googleapis.com/projects/_/buckets/";
const STORAGE: &str = "//storage.googleapis.com/";
const BIGQUERY: &str = "//bigquery.googleapis.com/";
const RESOURCE_MANAGER: &str = "//cloudresourcemanager.googleapis.com/";
const SERVICE_ACCOUNTS: &str = "//iam.googleapis.com/projects/";

/// The chain of scopes above a resource, from the top; absent where that is not known.
pub fn ancestry() -> Attribute {
    Attribute::text(ANCESTRY)
}

/// The name under which a request says where its resource stands, if the resource is not in the estate.
pub const ANCESTRY: &str = "gcp:ancestry";

/// The name by which the estate knows a resource. Buckets are also written `//storage.googleapis.com/B` (by Asset
/// Inventory), `gs://B` and `b/B`; service accounts with the wildcard `-` for their project.
pub fn full_name(written: &str) -> String {
    let written = written.trim();
    if let Some(rest) = written.strip_prefix("gs://") {
        return match rest.trim_end_matches('/').split_once('/') {
            Some((bucket, object)) => format!("{BUCKETS}{bucket}/objects/{object}"),
            None => format!("{BUCKETS}{}", rest.trim_end_matches('/')),
        };
    }
    if let Some(bucket) = written.strip_prefix(STORAGE).filter(|rest| !rest.contains('/')) {
        return format!("{BUCKETS}{bucket}");
    }
    if let Some(mail) =
        written.strip_prefix(SERVICE_ACCOUNTS).and_then(|rest| rest.strip_prefix("-/serviceAccounts/"))
        && let Some(name) = service_account(mail)
    {
        return name;
    }
    match written.split_once('/') {
        Some(("projects" | "folders" | "organizations", rest)) if !rest.contains('/') => {
            format!("{RESOURCE_MANAGER}{written}")
        }
        _ => written.to_owned(),
    }
}

/// The resource that a service account is, if its mail address tells its project:
/// `//iam.googleapis.com/projects/P/serviceAccounts/MAIL`.
pub fn service_account(mail: &str) -> Option<String> {
    let project = service_account_project(mail)?;
    Some(format!("{SERVICE_ACCOUNTS}{project}/serviceAccounts/{mail}"))
}

/// The project of a service account, by id or (for the default account of Compute Engine) number:
/// <https://cloud.google.com/iam/docs/service-account-types>.
pub fn service_account_project(mail: &str) -> Option<&str> {
    let (name, domain) = mail.split_once('@')?;
    match domain {
        "developer.gserviceaccount.com" => name.strip_suffix("-compute"),
        "appspot.gserviceaccount.com" => Some(name),
        "gcp-sa.iam.gserviceaccount.com" => None,
        _ => domain.strip_suffix(".iam.gserviceaccount.com").filter(|project| !project.contains('.')),
    }
    .filter(|project| !project.is_empty() && !project.starts_with("gcp-sa-"))
}

/// Whether the account belongs to one of Google's own services, which act in a customer's project:
/// <https://cloud.google.com/iam/docs/service-agents>.
pub fn is_service_agent(mail: &str) -> bool {
    let Some((name, domain)) = mail.split_once('@') else { return false };
    domain == "cloudservices.gserviceaccount.com"
        || domain.starts_with("gcp-sa-") && domain.ends_with(".iam.gserviceaccount.com")
        || (name.starts_with("service-") || name.starts_with("bq-"))
            && domain.ends_with(".iam.gserviceaccount.com")
            && domain.strip_suffix(".iam.gserviceaccount.com").is_some_and(is_google_system)
}

/// The project, folder or organization that a service agent acts for, if its address tells:
/// `service-123@gcp-sa-pubsub.iam.gserviceaccount.com` acts for `projects/123`.
pub fn service_agent_scope(mail: &str) -> Option<String> {
    let (name, _) = mail.split_once('@').filter(|_| is_service_agent(mail))?;
    let name = name.strip_prefix("service-").or_else(|| name.strip_prefix("bq-")).unwrap_or(name);
    let (kind, number) = match name.split_once('-') {
        Some(("org", number)) => ("organizations", number),
        Some(("folder", number)) => ("folders", number),
        _ => ("projects", name),
    };
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("{kind}/{number}"))
}

/// Projects of Google's that the accounts of older services live in.
fn is_google_system(project: &str) -> bool {
    ["-system", "-robot", "cloudbuild"].iter().any(|suffix| project.ends_with(suffix))
        || ["gs-project-accounts", "bigquery-encryption", "cloud-filer"].contains(&project)
}

/// The bucket that a resource is or lies in.
pub fn bucket(name: &str) -> Option<&str> {
    let bucket = name.strip_prefix(BUCKETS)?.split('/').next()?;
    (!bucket.is_empty()).then_some(bucket)
}

/// The full name of the bucket that a resource is or lies in.
pub fn around_bucket(name: &str) -> Option<&str> {
    name.get(..BUCKETS.len() + bucket(name)?.len())
}

/// The full name of the BigQuery dataset that a resource is or lies in.
pub fn around_dataset(name: &str) -> Option<&str> {
    let (project, rest) = name.strip_prefix(BIGQUERY)?.strip_prefix("projects/")?.split_once("/datasets/")?;
    let dataset = rest.split('/').next().filter(|dataset| !dataset.is_empty())?;
    let length = BIGQUERY.len() + "projects/".len() + project.len() + "/datasets/".len() + dataset.len();
    name.get(..length).filter(|_| !project.contains('/'))
}

/// The kind of a scope by the first word of its name.
pub fn scope_kind(name: &str) -> Option<ScopeKind> {
    match name.split_once('/') {
        Some(("organizations", id)) if is_id(id) => Some(ScopeKind::Organization),
        Some(("folders", id)) if is_id(id) => Some(ScopeKind::Folder),
        Some(("projects", id)) if is_id(id) && id != "_" && id != "-" => Some(ScopeKind::Account),
        _ => None,
    }
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:".contains(c))
}

/// The full name of the resource that a scope is.
pub fn scope_resource(scope: &str) -> String {
    format!("{RESOURCE_MANAGER}{scope}")
}

/// The scope that a resource is: a project, a folder or an organization.
pub fn scope_of(name: &str) -> Option<&str> {
    name.strip_prefix(RESOURCE_MANAGER).filter(|scope| scope_kind(scope).is_some())
}

/// The scope that a resource's name itself tells: `//compute.googleapis.com/projects/p/zones/z` stands in
/// `projects/p`. Names of Cloud Storage never tell it: their project is `_`.
pub fn told_scope(name: &str) -> Option<String> {
    if name.starts_with(STORAGE) {
        return None;
    }
    let mut parts = name.strip_prefix("//")?.split('/').skip(1);
    let scope = format!("{}/{}", parts.next()?, parts.next()?);
    scope_kind(&scope).is_some().then_some(scope)
}

/// Whether the name itself tells the scope of a resource.
pub fn tells_scope(name: &str) -> bool {
    told_scope(name).is_some()
}

/// Where a resource stands: what its name tells, else what the estate knows of it or of what it lies in.
pub fn placement(estate: &Estate, name: &str) -> Option<ScopeId> {
    if let Some(scope) = told_scope(name) {
        return estate.find_scope(CLOUD, &scope);
    }
    let home = |name: &str| estate.resource(estate.find_resource(CLOUD, name)?)?.home;
    enclosing(name).find_map(home)
}

/// The name and the names of all that it may lie in, from the inside out: `//s/a/b`, `//s/a`, `//s`.
pub fn enclosing(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name), |name: &&str| {
        name.rsplit_once('/').map(|(before, _)| before).filter(|before| before.len() > 2)
    })
}

/// The chain of names from the top to `scope`.
pub fn chain(estate: &Estate, scope: ScopeId) -> String {
    let mut names: Vec<&str> = estate
        .ancestry(scope)
        .into_iter()
        .filter_map(|id| estate.scope(id))
        .map(|scope| scope.name.as_str())
        .collect();
    names.reverse();
    names.join("/")
}

/// The scope at the end of a chain, the inverse of [`chain`].
pub fn end_of_chain(estate: &Estate, chain: &str) -> Option<ScopeId> {
    let mut parts = chain.rsplit('/');
    let (id, kind) = (parts.next()?, parts.next()?);
    estate.find_scope(CLOUD, &format!("{kind}/{id}"))
}

/// Every resource that is `name` or lies in it.
pub fn inside(name: &str) -> [Pattern; 2] {
    [Pattern::literal(name, Case::Sensitive), Pattern::prefix(&format!("{name}/"), Case::Sensitive)]
}

/// The resource is in one of these scopes, by its own name.
///
/// A run in a pattern also takes slashes, so this holds for names that hide a second `/projects/P/` further inside,
/// too. No resource is named like that; such names drop out of the questions that are asked about any resource.
pub fn told_to_be_in<'a>(scopes: impl IntoIterator<Item = &'a str>) -> Formula {
    let patterns = scopes.into_iter().flat_map(|scope| {
        [format!("//*/{scope}"), format!("//*/{scope}/*")].map(|glob| Pattern::glob(&glob, Case::Sensitive))
    });
    Formula::matches(Attribute::resource(), Patterns::of(patterns)).and(in_storage().not())
}

/// The resource belongs to Cloud Storage.
pub fn in_storage() -> Formula {
    Formula::matches(Attribute::resource(), Patterns::of([Pattern::prefix(STORAGE, Case::Sensitive)]))
}

/// The resource is a bucket or lies in one.
pub fn in_some_bucket() -> Formula {
    let some = Pattern::glob(&format!("{BUCKETS}?*"), Case::Sensitive);
    Formula::matches(Attribute::resource(), Patterns::of([some]))
}

/// The resource is a dataset or lies in one.
pub fn in_some_dataset() -> Formula {
    let some = Pattern::glob(&format!("{BIGQUERY}projects/*/datasets/?*"), Case::Sensitive);
    Formula::matches(Attribute::resource(), Patterns::of([some]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_have_one_name() {
        let bucket = "//storage.googleapis.com/projects/_/buckets/b";
        assert_eq!(full_name("//storage.googleapis.com/b"), bucket);
        assert_eq!(full_name("gs://b/"), bucket);
        assert_eq!(full_name("gs://b/x/y"), format!("{bucket}/objects/x/y"));
        assert_eq!(full_name(bucket), bucket);
        assert_eq!(super::bucket(&format!("{bucket}/objects/x")), Some("b"));
        assert_eq!(super::bucket(BUCKETS), None);
        assert_eq!(around_bucket(&format!("{bucket}/objects/x")), Some(bucket));
    }

    #[test]
    fn tables_lie_in_datasets() {
        let dataset = "//bigquery.googleapis.com/projects/p/datasets/d";
        assert_eq!(around_dataset(dataset), Some(dataset));
        assert_eq!(around_dataset(&format!("{dataset}/tables/t")), Some(dataset));
        for other in
            ["//bigquery.googleapis.com/projects/p/datasets/", "//bigquery.googleapis.com/projects/p/jobs/j"]
        {
            assert_eq!(around_dataset(other), None, "{other}");
        }
    }

    #[test]
    fn service_accounts_tell_their_project() {
        assert_eq!(service_account_project("a@p.iam.gserviceaccount.com"), Some("p"));
        assert_eq!(service_account_project("12-compute@developer.gserviceaccount.com"), Some("12"));
        assert_eq!(service_account_project("p@appspot.gserviceaccount.com"), Some("p"));
        assert_eq!(service_account_project("service-1@gcp-sa-pubsub.iam.gserviceaccount.com"), None);
        assert!(is_service_agent("service-1@gcp-sa-pubsub.iam.gserviceaccount.com"));
        assert!(is_service_agent("service-1@container-engine-robot.iam.gserviceaccount.com"));
        assert!(!is_service_agent("a@p.iam.gserviceaccount.com"));
        let scope = |mail: &str| service_agent_scope(mail);
        assert_eq!(scope("service-1@gcp-sa-pubsub.iam.gserviceaccount.com").as_deref(), Some("projects/1"));
        assert_eq!(scope("1@cloudservices.gserviceaccount.com").as_deref(), Some("projects/1"));
        assert_eq!(
            scope("service-org-2@gcp-sa-x.iam.gserviceaccount.com").as_deref(),
            Some("organizations/2")
        );
        assert_eq!(scope("a@p.iam.gserviceaccount.com"), None);
    }

    #[test]
    fn names_tell_scopes() {
        assert_eq!(told_scope("//compute.googleapis.com/projects/p/zones/z").as_deref(), Some("projects/p"));
        assert_eq!(told_scope("//storage.googleapis.com/projects/p/hmacKeys/k"), None);
        assert_eq!(told_scope("//x.googleapis.com/locations/l"), None);
        assert_eq!(scope_of("//cloudresourcemanager.googleapis.com/folders/7"), Some("folders/7"));
        let names: Vec<&str> = enclosing("//s/a/b").collect();
        assert_eq!(names, ["//s/a/b", "//s/a", "//s"]);
    }
}
