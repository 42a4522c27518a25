//! Session policies: what whoever hands out sessions of a role passes along with `sts assume-role --policy`. AWS keeps them
//! nowhere, so the file says whose they are: `{"PrincipalArn": "arn:aws:iam::111122223333:role/r", "SessionPolicies": [...]}`.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session>. All sessions of the role are
//! taken to be opened with them, which every answer about the role says.

use super::aws_managed;
use super::{Confidence, Document, Format};
use crate::clouds::aws::AWS;
use crate::clouds::aws::estate::{add_policy, attach, policy, silent};
use crate::clouds::aws::parse::Capacity;
use crate::clouds::aws::rule::SESSION;
use crate::model::{Estate, Gap, GapKind, Origin, PrincipalId, Target};
use crate::text::{Problem, Route, Tree};

/// The format.
#[derive(Clone, Copy, Debug)]
pub(super) struct AwsSessionPolicy;

const POLICIES: &str = "SessionPolicies";

impl Format for AwsSessionPolicy {
    fn id(&self) -> &'static str {
        "aws-session-policy"
    }

    fn summary(&self) -> &'static str {
        "session policies of a role: {\"PrincipalArn\": \"arn:...\", \"SessionPolicies\": [...]}, documents or ARNs"
    }

    fn is_joined(&self) -> bool {
        true
    }

    fn detects(&self, tree: &Tree) -> Confidence {
        if tree.get(POLICIES).is_some() { Confidence::Certain } else { Confidence::No }
    }

    fn load(&self, document: &Document<'_>, estate: &mut Estate, problems: &mut Vec<Problem>) {
        let tree = document.tree;
        let Some(given) = tree.get(POLICIES) else { return };
        let named = tree.get("PrincipalArn").and_then(Tree::as_str);
        let Some(id) = named.and_then(|arn| estate.find_principal(AWS, arn)) else {
            let message = match named {
                Some(arn) => format!("`{arn}`, whose session policies these are, is in none of the files"),
                None => "`PrincipalArn` does not say whose session policies these are".to_owned(),
            };
            let problem = Problem::error("aws-session-of-whom", message).at(tree.span);
            problems.push(problem.help("write the ARN of a role whose account is among the files"));
            return;
        };
        let list = given.as_list().unwrap_or(std::slice::from_ref(given));
        for (index, item) in list.iter().enumerate() {
            let route = Route::root().key(POLICIES).index(index);
            load(item, &route, id, named.unwrap_or_default(), estate, problems);
        }
    }
}

fn load(
    item: &Tree,
    route: &Route,
    id: PrincipalId,
    who: &str,
    estate: &mut Estate,
    problems: &mut Vec<Problem>,
) {
    let what = format!("session policy of `{who}`");
    let origin = Origin { span: Some(item.span), route: route.clone(), what };
    let managed = item.as_str().filter(|text| text.starts_with("arn:"));
    let attached = match managed {
        Some(arn) => aws_managed::refer(estate, arn, SESSION, &origin),
        None => {
            let name = format!("session policy of {who}");
            let Some(read) = policy(item, &name, route, Capacity::Identity, problems) else { return };
            add_policy(estate, read)
        }
    };
    attach(estate, attached, Target::Principal(id), SESSION, origin.clone());
    let gap = Gap {
        kind: GapKind::AssumedDefault,
        message: format!(
            "all sessions of `{who}` were taken to be opened with the session policies in the input"
        ),
        origin: Some(origin.clone()),
    };
    let note = add_policy(estate, silent("how sessions are opened", vec![gap]));
    attach(estate, note, Target::Principal(id), SESSION, origin);
}
