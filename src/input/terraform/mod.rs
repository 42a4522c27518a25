//! Terraform and OpenTofu: what plans and sources say of access.
//!
//! A plan in JSON tells resources with their values, and a source is worked out to the same; what the resources of a cloud
//! mean is in the file of that cloud. Resources about access that are not read are gaps.

mod aws;
mod google;
mod plan;
mod planned;
mod source;

pub(super) use plan::TerraformPlan;
pub(super) use source::{ENDINGS, TerraformSource};

use crate::model::{Estate, Gap, GapKind};
use crate::text::Problem;
use planned::Plan;
pub(super) use planned::Written;

/// Puts resources that are written elsewhere, in the words of Terraform, into the estate.
pub(super) fn load_written(
    written: &[Written],
    account: String,
    later: &'static str,
    estate: &mut Estate,
    problems: &mut Vec<Problem>,
) {
    load(&Plan::of_source(written, account, later), estate, problems);
}

/// Puts what resources say into the estate.
fn load(plan: &Plan<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
    aws::load(plan, estate, problems);
    google::load(plan, estate, problems);
    for planned in &plan.resources {
        if reads(planned.kind) || !is_about_access(planned.kind) {
            continue;
        }
        // What changes is told apart from what stays, so that a change is never taken for nothing.
        let message = format!(
            "`{}` is a `{}`, which is not read{}; what it allows was not considered",
            planned.address, planned.kind, planned.mark
        );
        estate.add_gap(Gap { kind: GapKind::MissingPolicy, message, origin: Some(planned.origin()) });
    }
}

/// Whether resources of this type are read.
fn reads(kind: &str) -> bool {
    aws::reads(kind) || google::reads(kind)
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
