//! Plans of Terraform and OpenTofu: `terraform show -json PLAN`.
//!
//! <https://developer.hashicorp.com/terraform/internals/json-format>. A plan tells each resource as it is and as it is
//! going to be: the estate takes what is going to be, and [`Format::load_before`] what is. A value that is only known
//! after the apply is a gap on what it bears on, unless the plan's configuration says which resource it is taken from:
//! that resource is the same everywhere, whatever it will be called. Resources about access that are not read are gaps,
//! too. What the resources of a cloud mean is in the file of that cloud.

mod aws;
mod google;
mod planned;

use super::{Confidence, Document, Format};
use crate::model::{Estate, Gap, GapKind};
use crate::text::{Problem, Tree};
use planned::{Plan, Side};

/// The format.
#[derive(Clone, Copy, Debug)]
pub(super) struct TerraformPlan;

impl Format for TerraformPlan {
    fn id(&self) -> &'static str {
        ID
    }

    fn summary(&self) -> &'static str {
        "plans of Terraform and OpenTofu: `terraform show -json PLAN`"
    }

    fn commands(&self) -> &'static [&'static str] {
        &["plan.json    terraform show -json PLAN"]
    }

    /// Whatever else tells of a principal is known before a plan changes it.
    fn is_joined(&self) -> bool {
        true
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        let plans = tree.get("format_version").is_some()
            && (tree.get("resource_changes").is_some() || tree.get("planned_values").is_some());
        if plans { Confidence::Certain } else { Confidence::No }
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        load(document, Side::After, estate, problems);
    }

    fn load_before(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        load(document, Side::Before, estate, problems);
    }
}

/// The id of the format.
pub(super) const ID: &str = "terraform-plan";

fn load(document: &Document<'_>, side: Side, estate: &mut Estate, problems: &mut Vec<Problem>) {
    let plan = Plan::read(document.tree, side, problems);
    aws::load(&plan, estate, problems);
    google::load(&plan, estate, problems);
    for planned in &plan.resources {
        if aws::reads(planned.kind) || google::reads(planned.kind) || !is_about_access(planned.kind) {
            continue;
        }
        // What changes is told apart from what stays, so that a change is never taken for nothing.
        let changes = if planned.changes {
            format!(", and the plan changes it ({})", side.word())
        } else {
            String::new()
        };
        let message = format!(
            "`{}` is a `{}`, which is not read{changes}; what it allows was not considered",
            planned.address, planned.kind
        );
        estate.add_gap(Gap { kind: GapKind::MissingPolicy, message, origin: Some(planned.origin()) });
    }
}

/// Types of resources that give or take access, by their names.
fn is_about_access(kind: &str) -> bool {
    const PARTS: [&str; 9] = [
        "_iam_",
        "_policy",
        "_permission",
        "role_assignment",
        "role_definition",
        "_grant",
        "custom_role",
        "_acl",
        "_ssoadmin_",
    ];
    const DIRECTORY: [&str; 5] = [
        "azuread_app_role",
        "azuread_directory_role",
        "azuread_group",
        "azuread_application",
        "aws_organizations_",
    ];
    /// They name or protect somebody, and give nothing.
    const HARMLESS: [&str; 9] = [
        "aws_iam_instance_profile",
        "aws_iam_access_key",
        "aws_iam_account_alias",
        "aws_iam_account_password_policy",
        "aws_iam_openid_connect_provider",
        "aws_iam_saml_provider",
        "aws_iam_server_certificate",
        "aws_appautoscaling_policy",
        "aws_autoscaling_policy",
    ];
    !HARMLESS.contains(&kind)
        && (PARTS.iter().any(|part| kind.contains(part))
            || DIRECTORY.iter().any(|name| kind.starts_with(name)))
}

#[cfg(test)]
mod tests;
