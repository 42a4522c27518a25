//! Users, groups, roles, policies and resource policies of AWS in a plan.
//!
//! The arguments are those of the provider's documentation:
//! <https://registry.terraform.io/providers/hashicorp/aws/latest/docs>.

use super::planned::{Given, Plan, Planned};
use crate::clouds::aws::AWS;
use crate::clouds::aws::ast::{Arn, is_account};
use crate::clouds::aws::estate::{add_policy, attach, home, mentioned, mentioned_in, policy, resource};
use crate::clouds::aws::parse::Capacity;
use crate::clouds::aws::rule::{BOUNDARY, IDENTITY, RESOURCE};
use crate::input::aws_managed::{self, unknown};
use crate::input::aws_members::{self, Member, Written};
use crate::model::{
    Estate, Gap, GapKind, Layer, Membership, Origin, PolicyId, PrincipalId, PrincipalKind, Target,
};
use crate::text::Problem;

/// Whether resources of this type are read here.
pub(super) fn reads(kind: &str) -> bool {
    MEMBERS.iter().any(|(known, _)| *known == kind)
        || OTHERS.contains(&kind)
        || PROTECTED.iter().any(|known| known.kind == kind)
}

/// Principals, with what stands before their names in ARNs.
const MEMBERS: [(&str, &str); 3] =
    [("aws_iam_user", "user"), ("aws_iam_group", "group"), ("aws_iam_role", "role")];

const OTHERS: [&str; 13] = [
    "aws_iam_policy",
    "aws_iam_role_policy",
    "aws_iam_user_policy",
    "aws_iam_group_policy",
    "aws_iam_role_policy_attachment",
    "aws_iam_user_policy_attachment",
    "aws_iam_group_policy_attachment",
    "aws_iam_policy_attachment",
    "aws_iam_group_membership",
    "aws_iam_user_group_membership",
    "aws_iam_role_policies_exclusive",
    "aws_iam_role_policy_attachments_exclusive",
    "aws_iam_policy_document",
];

/// A type of resource with a policy.
struct Protected {
    kind: &'static str,
    /// What holds the resource's name or ARN.
    key: &'static str,
    /// How its ARN is made of a plain name, where that is enough.
    arn: fn(&str) -> Option<String>,
}

const fn protected(kind: &'static str, key: &'static str) -> Protected {
    Protected { kind, key, arn: |_| None }
}

const PROTECTED: [Protected; 14] = [
    Protected {
        kind: "aws_s3_bucket_policy",
        key: "bucket",
        arn: |name| Some(format!("arn:aws:s3:::{name}")),
    },
    Protected { kind: "aws_sqs_queue_policy", key: "queue_url", arn: queue },
    protected("aws_sqs_queue", "arn"),
    protected("aws_sns_topic_policy", "arn"),
    protected("aws_sns_topic", "arn"),
    protected("aws_kms_key", "arn"),
    protected("aws_kms_key_policy", "key_id"),
    protected("aws_secretsmanager_secret_policy", "secret_arn"),
    protected("aws_secretsmanager_secret", "arn"),
    protected("aws_ecr_repository_policy", "repository"),
    protected("aws_dynamodb_resource_policy", "resource_arn"),
    protected("aws_kinesis_resource_policy", "resource_arn"),
    protected("aws_efs_file_system_policy", "file_system_id"),
    protected("aws_s3control_access_point_policy", "access_point_arn"),
];

/// The ARN of a queue by its URL: `https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`.
fn queue(url: &str) -> Option<String> {
    let mut parts = url.strip_prefix("https://sqs.")?.split('/');
    let (host, account, name) = (parts.next()?, parts.next()?, parts.next()?);
    let region = host.split('.').next()?;
    Some(format!("arn:aws:sqs:{region}:{account}:{name}"))
}

/// Puts what a plan tells of AWS into the estate.
pub(super) fn load(plan: &Plan<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
    if !plan.resources.iter().any(|planned| reads(planned.kind)) {
        return;
    }
    let mut loader = Loader { plan, account: account(plan), estate, problems, trusts: Vec::new() };
    let all: Vec<&Planned<'_>> = plan.resources.iter().collect();
    all.iter().filter(|planned| planned.kind == "aws_iam_policy").for_each(|one| loader.managed_policy(one));
    for planned in &all {
        if let Some((_, kind)) = MEMBERS.iter().find(|(known, _)| *known == planned.kind) {
            loader.member(planned, kind);
        }
    }
    for planned in &all {
        loader.other(planned);
    }
    for trust in std::mem::take(&mut loader.trusts) {
        mentioned_in(loader.estate, trust);
    }
}

/// The account that the plan is about: the one that a data source told, or that most ARNs name.
fn account(plan: &Plan<'_>) -> String {
    let told = plan.data.iter().filter(|(kind, _)| *kind == "aws_caller_identity");
    let told = told.filter_map(|(_, values)| values.get("account_id")?.as_str()).next();
    let in_arn = || {
        let arns = plan.resources.iter().filter_map(|planned| Arn::parse(planned.text("arn")?));
        arns.map(|arn| arn.account).find(|account| is_account(account))
    };
    let own = || plan.account.as_deref().or_else(in_arn);
    told.or_else(own).unwrap_or("unknown").to_owned()
}

struct Loader<'a, 'p, 't> {
    plan: &'p Plan<'t>,
    account: String,
    estate: &'a mut Estate,
    problems: &'a mut Vec<Problem>,
    trusts: Vec<PolicyId>,
}

impl<'t> Loader<'_, '_, 't> {
    /// The ARN of a member or a policy. One that is not there yet is called by its name, or where that is not known
    /// either, by its address, which nothing else is called.
    fn arn(&self, planned: &Planned<'t>, kind: &str) -> String {
        if let Some(arn) = planned.text("arn") {
            return arn.to_owned();
        }
        let path = planned.text("path").unwrap_or("/");
        let name = planned.text("name").unwrap_or(planned.address);
        format!("arn:aws:iam::{}:{kind}{path}{name}", self.account)
    }

    fn managed_policy(&mut self, planned: &Planned<'t>) {
        let arn = self.arn(planned, "policy");
        let name = arn.split_once(":policy/").map_or(arn.as_str(), |(_, name)| name).to_owned();
        let document = self.document(planned, "policy", &name, Capacity::Identity);
        // What is attached by another file has the text that the plan gives it.
        match self.estate.find_policy(AWS, &arn) {
            Some(id) => {
                self.estate.replace_policy(id, crate::clouds::aws::estate::document_of(document));
            }
            None => {
                aws_managed::define(self.estate, &arn, document);
            }
        }
    }

    /// The document of a resource; one that is not known yet is a gap.
    fn document(
        &mut self,
        planned: &Planned<'t>,
        key: &'static str,
        name: &str,
        capacity: Capacity,
    ) -> crate::clouds::aws::ast::Document {
        let origin = planned.origin();
        let why = match planned.value(key) {
            Given::Known(tree) => {
                let route = planned.route.key(key);
                match policy(tree, name, &route, capacity, self.problems) {
                    Some(read) => return read,
                    None => "could not be read",
                }
            }
            Given::Later => self.plan.later,
            Given::Absent => "is not given",
        };
        let message = format!("the policy of `{}` {why}; it was taken to grant nothing", planned.address);
        unknown(name, None, origin, message)
    }

    fn member(&mut self, planned: &Planned<'t>, kind: &str) {
        let arn = self.arn(planned, kind);
        let principal = match kind {
            "user" => PrincipalKind::User,
            "group" => PrincipalKind::Group,
            _ => PrincipalKind::Role,
        };
        let id = self.add(planned, &arn, principal);
        if kind == "role" {
            self.role(planned, &arn, id);
        }
        match planned.value("permissions_boundary") {
            Given::Absent => {}
            Given::Known(tree) => {
                let named = tree.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
                if let Some(named) = named {
                    self.attach(&named, id, BOUNDARY, planned);
                }
            }
            Given::Later => match self.source_arn(planned, "permissions_boundary") {
                Some(named) => self.attach(&named, id, BOUNDARY, planned),
                None => {
                    let message = format!("its permission boundary {}", self.plan.later);
                    self.gap(planned, &message);
                }
            },
        }
    }

    fn add(&mut self, planned: &Planned<'t>, arn: &str, kind: PrincipalKind) -> PrincipalId {
        let tags = planned.values.get("tags_all").or(planned.values.get("tags"));
        let tags = tags.into_iter().flat_map(|tags| tags.entries());
        let tags: Vec<(&str, &str)> =
            tags.filter_map(|entry| Some((&*entry.key.value, entry.value.as_str()?))).collect();
        let (unique_id, path) = (planned.text("unique_id"), planned.text("path"));
        let origin = Origin { what: format!("`{arn}`"), ..planned.origin() };
        Member { arn, kind, unique_id, path, tags, instance_profiles: None, origin }.add(self.estate)
    }

    fn role(&mut self, planned: &Planned<'t>, arn: &str, id: PrincipalId) {
        let route = planned.route.key("assume_role_policy");
        let tree = match planned.value("assume_role_policy") {
            Given::Known(tree) => Some(tree),
            Given::Later | Given::Absent => None,
        };
        let origin = Origin { what: format!("role `{arn}`"), ..planned.origin() };
        let written = Written { tree, route: &route };
        self.trusts.push(aws_members::trust(self.estate, self.problems, arn, written, origin));
        for (index, block) in blocks(planned, "inline_policy").iter().enumerate() {
            let Some(tree) = block.get("policy") else { continue };
            let name = block.get("name").and_then(crate::text::Tree::as_str).unwrap_or("inline policy");
            let route = planned.route.key("inline_policy").index(index).key("policy");
            let written = Written { tree: Some(tree), route: &route };
            aws_members::inline(self.estate, self.problems, (id, arn), name, written, planned.origin());
        }
        for named in planned.texts("managed_policy_arns") {
            self.attach(named, id, IDENTITY, planned);
        }
    }

    fn attach(&mut self, arn: &str, id: PrincipalId, layer: Layer, planned: &Planned<'t>) {
        let origin =
            Origin { what: format!("attachment of `{arn}` by `{}`", planned.address), ..planned.origin() };
        aws_members::managed(self.estate, arn, id, layer, origin);
    }

    fn gap(&mut self, planned: &Planned<'t>, why: &str) {
        let message = format!("`{}`: {why}; what it allows was not considered", planned.address);
        self.estate.add_gap(Gap { kind: GapKind::UnknownValue, message, origin: Some(planned.origin()) });
    }

    /// The ARN of the resource of the plan that a value is taken from.
    fn source_arn(&self, planned: &Planned<'t>, key: &str) -> Option<String> {
        let source = self.plan.source(planned, key)?;
        let kinds = MEMBERS.iter().chain([&("aws_iam_policy", "policy")]);
        let kind = kinds.filter(|(known, _)| *known == source.kind).map(|(_, kind)| *kind).next();
        match kind {
            Some(kind) => Some(self.arn(source, kind)),
            None if source.kind == "aws_s3_bucket" => {
                source.text("bucket").map(|name| format!("arn:aws:s3:::{name}"))
            }
            None => source.text("arn").map(str::to_owned),
        }
    }

    /// The principals that a value names, or is taken from.
    fn holders(&mut self, planned: &Planned<'t>, key: &str, kind: &'static str) -> Vec<PrincipalId> {
        let names: Vec<String> = match planned.value(key) {
            Given::Absent => return Vec::new(),
            Given::Known(tree) => match tree.as_list() {
                Some(_) => planned.texts(key).into_iter().map(str::to_owned).collect(),
                None => tree.as_str().map(str::to_owned).into_iter().collect(),
            },
            Given::Later => match self.source_arn(planned, key) {
                Some(arn) => return self.estate.find_principal(AWS, &arn).into_iter().collect(),
                None => {
                    self.gap(planned, &format!("its `{key}` {}", self.plan.later));
                    return Vec::new();
                }
            },
        };
        names.iter().map(|name| self.holder(planned, name, kind)).collect()
    }

    /// The principal of that name in the plan's account. Of one that no file tells of, nothing else is known.
    fn holder(&mut self, planned: &Planned<'t>, name: &str, kind: &'static str) -> PrincipalId {
        let name = name.rsplit('/').next().unwrap_or(name);
        let head = format!("arn:aws:iam::{}:{kind}/", self.account);
        let is_named = |principal: &str| {
            principal.strip_prefix(&head).is_some_and(|rest| rest.rsplit('/').next() == Some(name))
        };
        if let Some((id, _)) =
            self.estate.principals().find(|(_, one)| one.cloud == AWS && is_named(&one.name))
        {
            return id;
        }
        let arn = format!("{head}{name}");
        let (facts, origin) = (std::collections::BTreeMap::new(), planned.origin());
        let principal = match kind {
            "user" => PrincipalKind::User,
            "group" => PrincipalKind::Group,
            _ => PrincipalKind::Role,
        };
        let place = home(self.estate, &arn, true, &origin);
        let id = self.estate.add_principal(crate::model::Principal {
            cloud: AWS,
            name: arn.clone(),
            kind: principal,
            home: place,
            facts,
            origin: Origin { what: format!("`{arn}`"), ..origin.clone() },
        });
        let message = format!("`{arn}` is not in the input but for what `{}` gives it", planned.address);
        let document = unknown(&format!("policies of {arn}"), None, origin.clone(), message);
        let held = add_policy(self.estate, document);
        attach(self.estate, held, Target::Principal(id), IDENTITY, origin);
        id
    }

    fn other(&mut self, planned: &Planned<'t>) {
        match planned.kind {
            "aws_iam_role_policy" => self.inline(planned, "role", "role"),
            "aws_iam_user_policy" => self.inline(planned, "user", "user"),
            "aws_iam_group_policy" => self.inline(planned, "group", "group"),
            "aws_iam_role_policy_attachment" => self.attachment(planned, &[("role", "role")]),
            "aws_iam_user_policy_attachment" => self.attachment(planned, &[("user", "user")]),
            "aws_iam_group_policy_attachment" => self.attachment(planned, &[("group", "group")]),
            "aws_iam_policy_attachment" => {
                self.attachment(planned, &[("roles", "role"), ("users", "user"), ("groups", "group")]);
            }
            "aws_iam_group_membership" => self.membership(planned, "group", "users"),
            "aws_iam_user_group_membership" => self.membership(planned, "groups", "user"),
            kind => {
                if let Some(known) = PROTECTED.iter().find(|known| known.kind == kind) {
                    self.protected(planned, known);
                }
            }
        }
    }

    fn inline(&mut self, planned: &Planned<'t>, key: &str, kind: &'static str) {
        for id in self.holders(planned, key, kind) {
            let held = planned.text("name").unwrap_or("inline policy");
            let holder = self.estate.principal(id).map(|one| one.name.clone()).unwrap_or_default();
            let name = format!("{}/{held}", holder.rsplit('/').next().unwrap_or(&holder));
            let document = self.document(planned, "policy", &name, Capacity::Identity);
            let held = add_policy(self.estate, document);
            attach(self.estate, held, Target::Principal(id), IDENTITY, planned.origin());
        }
    }

    fn attachment(&mut self, planned: &Planned<'t>, holders: &[(&str, &'static str)]) {
        let arn = match planned.value("policy_arn") {
            Given::Known(tree) => tree.as_str().map(str::to_owned),
            Given::Later | Given::Absent => self.source_arn(planned, "policy_arn"),
        };
        let Some(arn) = arn else {
            return self.gap(planned, &format!("which policy it attaches {}", self.plan.later));
        };
        for (key, kind) in holders {
            for id in self.holders(planned, key, kind) {
                self.attach(&arn, id, IDENTITY, planned);
            }
        }
    }

    fn membership(&mut self, planned: &Planned<'t>, groups: &str, users: &str) {
        let members = self.holders(planned, users, "user");
        for group in self.holders(planned, groups, "group") {
            for member in &members {
                let origin = planned.origin();
                self.estate.add_membership(Membership { group, member: *member, origin });
            }
        }
    }

    /// The policy of a resource. A resource without one of its own is no matter of this.
    fn protected(&mut self, planned: &Planned<'t>, known: &Protected) {
        if matches!(planned.value("policy"), Given::Absent) || planned.text("policy") == Some("") {
            return;
        }
        let given = planned.text(known.key);
        let whole = given.filter(|text| text.starts_with("arn:")).map(str::to_owned);
        let arn = whole.or_else(|| given.and_then(known.arn)).or_else(|| self.source_arn(planned, known.key));
        // A resource that is not there yet is itself and nothing else.
        let arn = arn.unwrap_or_else(|| symbol(planned, &self.account));
        let name = format!("policy of {arn}");
        let document = self.document(planned, "policy", &name, Capacity::Resource);
        mentioned(self.estate, &document);
        let held = add_policy(self.estate, document);
        let place = home(self.estate, &arn, true, &planned.origin());
        let owner = crate::clouds::aws::estate::account(self.estate, &self.account, &planned.origin());
        let target = resource(self.estate, &arn, place.or(owner), planned.origin());
        attach(self.estate, held, Target::Resource(target), RESOURCE, planned.origin());
    }
}

/// What a resource is called whose ARN is not known yet.
fn symbol(planned: &Planned<'_>, account: &str) -> String {
    let service = match planned.kind.strip_prefix("aws_").and_then(|rest| rest.split('_').next()) {
        Some("efs") => "elasticfilesystem",
        Some(service) => service,
        None => "unknown",
    };
    format!("arn:aws:{service}:unknown:{account}:{}", planned.address)
}

fn blocks<'t>(planned: &Planned<'t>, key: &str) -> &'t [crate::text::Tree] {
    planned.values.get(key).and_then(crate::text::Tree::as_list).unwrap_or_default()
}
