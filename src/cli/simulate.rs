//! `leastwise simulate`: concrete decisions on scenarios.

use clap::Args;

use super::analysis;
use super::console::Console;
use super::exit::Exit;
use super::options::ReportOptions;
use crate::input::disk::Limits;
use crate::pipeline::{Settings, Task};
use crate::report::ContentKind;

/// Decide single requests from the policies that come with them, or from an estate.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub(super) struct Simulate {
    /// Files of scenarios, folders, globs, or `-` for standard input; `.gz` too.
    #[arg(required = true, value_name = "FILES")]
    paths: Vec<String>,
    /// Compare each decision with the scenario's `expected`, and fail if one differs.
    #[arg(long)]
    check: bool,
    /// The largest file that is read, in MiB after decompression.
    #[arg(long, value_name = "MIB", default_value_t = Limits::default().file_bytes >> 20)]
    max_file_size: u64,
    #[command(flatten)]
    report: ReportOptions,
}

const HELP: &str = r#"A scenario is an object; a file holds an array of them, one a line, or a single one:
  {"id": "1", "cloud": "aws",
   "request": {"principal": "arn:aws:iam::111122223333:user/ann", "action": "s3:GetObject",
               "resource": "arn:aws:s3:::b/k", "resource_account": "111122223333",
               "context": {"aws:SourceIp": "203.0.113.7"}},
   "policies": {"identity": [], "permission_boundaries": [], "session": [], "resource": {},
                "vpc_endpoint": [], "service_control": [[]], "resource_control": [[]]},
   "expected": "allowed"}
A kind of policies that is left out does not apply. Control policies are lists by level, the root
first; each level has the default resource control policy beside those that are given. `*` is a
principal without credentials; for a session of `GetFederationToken` a request may say `federated_by`, the
ARN of the user that opened it. For Azure the policies are what `az` prints, by kind:
  {"cloud": "azure", "request": {"principal": "OBJECT-ID", "action": "…/read", "resource": "/subscriptions/…",
                                 "context": {"@Request[subOperation]": "Blob.List"}},
   "policies": {"role_assignments": [], "role_definitions": [], "deny_assignments": [], "users": [], "groups": [],
                "service_principals": [], "group_members": {"GROUP": []}, "management_groups": {},
                "eligible_assignments": [], "directory_roles": [], "resources": [], "containers": []}}
Instead of `policies` a scenario may name the folder of an `estate`, by its path from where the file of scenarios lies;
what is known of its policies decides, and a principal may go by a shorter name or by its id:
  {"id": "2", "cloud": "gcp", "estate": "../exports", "expected": "allowed",
   "request": {"principal": "user:ann@example.com", "action": "storage.objects.get", "resource": "gs://b/x"}}
A decision is `allowed`, `explicitly_denied` or `implicitly_denied`.

Exit codes:
  0  every scenario was decided
  1  with `--check`: a decision differs from `expected`
  2  could not run, or could not read all of the input; what could be read is decided all the same"#;

impl Simulate {
    /// Runs the command.
    pub(super) fn run(&self, console: &mut Console) -> Exit {
        let file_bytes = self.max_file_size.saturating_mul(1 << 20);
        let limits = Limits { file_bytes, ..Limits::default() };
        let settings = Settings { limits, ..Settings::default() };
        let task = Task::Simulate { check: self.check };
        analysis::run_with(
            &task,
            ContentKind::Simulate,
            &self.paths,
            (&settings, &self.report),
            None,
            console,
        )
    }
}
