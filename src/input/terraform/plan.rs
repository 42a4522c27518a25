//! Plans of Terraform and OpenTofu: `terraform show -json PLAN`.
//!
//! <https://developer.hashicorp.com/terraform/internals/json-format>. A plan tells each resource as it is and as it is
//! going to be: the estate takes what is going to be, and [`Format::load_before`] what is. A value that is only known
//! after the apply is a gap on what it bears on, unless the plan's configuration says which resource it is taken from:
//! that resource is the same everywhere, whatever it will be called. Resources about access that are not read are gaps,
//! too. What the resources of a cloud mean is in the file of that cloud.

use super::load as load_plan;
use super::planned::{Plan, Side};
use crate::input::{Confidence, Document, Format};
use crate::model::Estate;
use crate::text::{Problem, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub(in crate::input) struct TerraformPlan;

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
const ID: &str = "terraform-plan";

fn load(document: &Document<'_>, side: Side, estate: &mut Estate, problems: &mut Vec<Problem>) {
    let plan = Plan::read(document.tree, side, problems);
    load_plan(&plan, estate, problems);
}

#[cfg(test)]
mod tests;
