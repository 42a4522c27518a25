//! Subjects of identity providers that many share, and of clusters: how they are written, and tokens of somebody who
//! should not get in. Which policies let a token in is each cloud's business.
//!
//! A subject is a row of parts, each with what stands before it. The first says whose it is; whoever is a customer of the
//! provider gets tokens with a first part of its own, and any later parts it likes.

use std::collections::{BTreeMap, BTreeSet};

use super::federation;

/// How subjects of a provider are written.
#[derive(Clone, Debug)]
pub(super) struct Provider {
    /// The issuer without `https://`; where it ends in `.` or `/`, whatever follows is one, too, and where it begins with
    /// `.`, whatever stands before.
    host: &'static str,
    /// What stands before each part, and a part that is somebody else's; two, if `|` stands between.
    parts: &'static [(&'static str, &'static str)],
    /// Whether everybody can become a customer. A cluster has one owner, whose first parts are all its own.
    is_shared: bool,
    /// From the first of these parts on, a part that may be anything is too wide; after the last, it is meant to be.
    wide: std::ops::Range<usize>,
    /// The claims of a token: name, and how it is put together from the parts, `{0}` being the first.
    claims: &'static [(&'static str, &'static str)],
    /// Those that follow from the subject: name, parts that `/` joins, and what stands before in the first of them.
    told: &'static [(&'static str, &'static [usize], &'static str)],
}

/// The providers.
/// <https://docs.github.com/en/actions/reference/security/oidc>,
/// <https://docs.gitlab.com/ci/secrets/id_token_authentication/>,
/// <https://developer.hashicorp.com/terraform/cloud-docs/workspaces/dynamic-provider-credentials/workload-identity-tokens>,
/// <https://buildkite.com/docs/agent/cli/reference/oidc>,
/// <https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html>,
/// <https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity>,
/// <https://learn.microsoft.com/azure/aks/use-oidc-issuer>.
const PROVIDERS: &[Provider] = &[
    Provider {
        host: "token.actions.githubusercontent.com",
        parts: &[
            ("repo:", "somebody-else"),
            ("/", "any-other-repository"),
            (":", "pull_request|ref:refs/heads/main"),
        ],
        is_shared: true,
        wide: 1..3,
        claims: &[
            ("repository", "{0}/{1}"),
            ("repository_owner", "{0}"),
            ("repository_id", "1"),
            ("repository_owner_id", "1"),
            ("repository_visibility", "public"),
            ("actor", "{0}"),
            ("ref", "refs/heads/main"),
            ("ref_type", "branch"),
            ("event_name", "push"),
            ("workflow", "anything"),
        ],
        told: &[
            ("repository", &[0, 1], ""),
            ("repository_owner", &[0], ""),
            ("ref", &[2], "ref:"),
            ("environment", &[2], "environment:"),
        ],
    },
    Provider {
        host: "gitlab.com",
        parts: &[
            ("project_path:", "somebody-else"),
            ("/", "any-other-project"),
            (":ref_type:branch:ref:", "any-branch"),
        ],
        is_shared: true,
        wide: 1..3,
        claims: &[
            ("namespace_path", "{0}"),
            ("namespace_id", "1"),
            ("project_path", "{0}/{1}"),
            ("project_id", "1"),
            ("ref", "{2}"),
            ("ref_type", "branch"),
            ("ref_protected", "true"),
            ("user_login", "{0}"),
        ],
        told: &[("project_path", &[0, 1], ""), ("namespace_path", &[0], ""), ("ref", &[2], "")],
    },
    Provider {
        host: "app.terraform.io",
        parts: &[
            ("organization:", "somebody-else"),
            (":project:", "any-other-project"),
            (":workspace:", "any-other-workspace"),
            (":run_phase:", "apply"),
        ],
        is_shared: true,
        wide: 1..2,
        claims: &[
            ("terraform_organization_name", "{0}"),
            ("terraform_organization_id", "org-1"),
            ("terraform_project_name", "{1}"),
            ("terraform_project_id", "prj-1"),
            ("terraform_workspace_name", "{2}"),
            ("terraform_workspace_id", "ws-1"),
            ("terraform_run_phase", "{3}"),
        ],
        told: &[
            ("terraform_organization_name", &[0], ""),
            ("terraform_project_name", &[1], ""),
            ("terraform_workspace_name", &[2], ""),
            ("terraform_run_phase", &[3], ""),
        ],
    },
    Provider {
        host: "agent.buildkite.com",
        parts: &[
            ("organization:", "somebody-else"),
            (":pipeline:", "any-other-pipeline"),
            (":ref:refs/heads/", "any-branch"),
            (":commit:", "HEAD"),
            (":step:", "build"),
        ],
        is_shared: true,
        wide: 1..3,
        claims: &[("organization_slug", "{0}"), ("pipeline_slug", "{1}"), ("build_branch", "{2}")],
        told: &[("organization_slug", &[0], ""), ("pipeline_slug", &[1], ""), ("build_branch", &[2], "")],
    },
    Provider {
        host: "oidc.eks.",
        parts: &[("system:serviceaccount:", "any-namespace"), (":", "any-account")],
        is_shared: false,
        wide: 0..1,
        claims: &[],
        told: &[],
    },
    Provider {
        host: "container.googleapis.com/v1/projects/",
        parts: &[("system:serviceaccount:", "any-namespace"), (":", "any-account")],
        is_shared: false,
        wide: 0..1,
        claims: &[],
        told: &[],
    },
    Provider {
        host: ".oic.prod-aks.azure.com/",
        parts: &[("system:serviceaccount:", "any-namespace"), (":", "any-account")],
        is_shared: false,
        wide: 0..1,
        claims: &[],
        told: &[],
    },
];

/// The provider of that issuer, with or without `https://`.
pub(super) fn provider(issuer: &str) -> Option<&'static Provider> {
    let host = issuer.strip_prefix("https://").unwrap_or(issuer).trim_end_matches('/');
    let is_of = |one: &&Provider| match one.host {
        own if own.starts_with('.') => host.contains(own),
        own if own.ends_with(['.', '/']) => host.starts_with(own),
        own => own == host,
    };
    PROVIDERS.iter().find(is_of)
}

/// A subject that fits a pattern and that nobody named.
pub(super) fn anybody(pattern: &str) -> String {
    pattern.replace('*', ANYBODY).replace('?', "x")
}

const ANYBODY: &str = "any";

impl Provider {
    /// A subject that fits a pattern and that nobody named, whole if the pattern lets it be.
    pub(super) fn anybody(&self, pattern: &str) -> String {
        let plain = anybody(pattern);
        let Some(parts) = self.parts_of(pattern).filter(|parts| parts.len() < self.parts.len()) else {
            return plain;
        };
        let all = self.parts.iter().enumerate();
        let whole: String = all
            .map(|(at, (before, _))| format!("{before}{}", anybody(parts.get(at).copied().unwrap_or("*"))))
            .collect();
        if federation::fits(pattern, &whole) { whole } else { plain }
    }

    /// The claims that follow from a subject.
    pub(super) fn told(&self, subject: &str) -> BTreeMap<String, String> {
        let parts = self.parts_of(subject).unwrap_or_default();
        let told = self.told.iter().filter_map(|(name, places, before)| {
            let own: Option<Vec<&str>> = places.iter().map(|at| parts.get(*at).copied()).collect();
            Some(((*name).to_owned(), own?.join("/").strip_prefix(before)?.to_owned()))
        });
        told.collect()
    }

    /// The pattern of the subjects that have these claims, and the claims that no subject tells.
    pub(super) fn subject_of(
        &self,
        claims: &BTreeMap<String, String>,
    ) -> (Option<String>, BTreeMap<String, String>) {
        let mut parts: BTreeMap<usize, String> = BTreeMap::new();
        let mut rest = claims.clone();
        for (name, places, before) in self.told {
            let Some(value) = claims.get(*name) else { continue };
            let own: Vec<&str> = value.splitn(places.len(), '/').collect();
            if own.len() == places.len() {
                rest.remove(*name);
                for (at, part) in places.iter().zip(own) {
                    parts.entry(*at).or_insert_with(|| format!("{before}{part}"));
                }
            }
        }
        let Some(last) = parts.keys().next_back().copied() else { return (None, rest) };
        let mut pattern = String::new();
        for (at, (mark, _)) in self.parts.iter().enumerate().take(last + 1) {
            pattern.push_str(mark);
            pattern.push_str(parts.get(&at).map_or("*", String::as_str));
        }
        if let Some((mark, _)) = self.parts.get(last + 1) {
            pattern.push_str(mark);
            pattern.push('*');
        }
        (Some(pattern), rest)
    }

    /// Subjects of somebody else, for a provider that everybody can be a customer of.
    pub(super) fn strangers(&self) -> Vec<String> {
        if self.is_shared { self.subjects(&[]) } else { Vec::new() }
    }

    /// Subjects of somebody else that a pattern of subjects fits: one that leaves open how the first part ends.
    pub(super) fn strangers_like(&self, pattern: &str) -> Vec<String> {
        let open = |parts: &Vec<&str>| self.is_shared && parts.first().is_none_or(|part| has_wildcard(part));
        self.parts_of(pattern).filter(open).map(|parts| self.subjects(&parts)).unwrap_or_default()
    }

    /// Subjects of the same customer, but none that was meant: where a pattern leaves a whole part open that should be
    /// told.
    pub(super) fn insiders_like(&self, pattern: &str) -> Vec<String> {
        let is_own =
            |parts: &[&str]| !self.is_shared || parts.first().is_some_and(|part| !has_wildcard(part));
        let is_wide = |parts: &[&str]| {
            let mut open = self.wide.clone().map(|at| parts.get(at).is_none_or(|part| *part == "*"));
            open.any(|open| open)
        };
        let parts = self.parts_of(pattern).filter(|parts| is_own(parts) && is_wide(parts));
        parts.map(|parts| self.subjects(&parts)).unwrap_or_default()
    }

    /// Subjects of anybody within a cluster that should be told.
    pub(super) fn insiders(&self) -> Vec<String> {
        if self.is_shared { Vec::new() } else { self.subjects(&[]) }
    }

    /// The parts of a pattern of subjects; those that a wildcard has swallowed at its end are missing, and those in its
    /// midst are `*`. `None` if it does not begin like a subject.
    fn parts_of<'p>(&self, pattern: &'p str) -> Option<Vec<&'p str>> {
        let (first, _) = self.parts.first()?;
        let Some(mut rest) = pattern.strip_prefix(first) else {
            let begun = pattern.find(['*', '?']).and_then(|end| pattern.get(..end))?;
            return first.starts_with(begun).then(Vec::new);
        };
        let mut found: Vec<&str> = Vec::new();
        loop {
            // A wildcard may stand for the mark of the next part, and then a later one comes first.
            let marks = self.parts.iter().enumerate().skip(found.len() + 1);
            let next = marks.filter_map(|(at, (mark, _))| Some((rest.find(mark)?, at, *mark))).min();
            let Some((length, at, mark)) = next else {
                found.push(self.without_mark(rest, found.len()));
                return Some(found);
            };
            found.push(rest.get(..length)?);
            found.resize(at, "*");
            rest = rest.get(length + mark.len()..)?;
        }
    }

    /// What is spelled out of a part whose mark of the next one has begun before a wildcard: `acme:*` is `acme`.
    fn without_mark<'p>(&self, rest: &'p str, at: usize) -> &'p str {
        let head = rest.find(['*', '?']).and_then(|end| rest.get(..end));
        let mark = self.parts.get(at + 1).map(|(mark, _)| *mark);
        let (Some(head), Some(mark)) = (head, mark) else { return rest };
        let begun = (1..mark.len()).rev().find_map(|end| head.strip_suffix(mark.get(..end)?));
        begun.unwrap_or(rest)
    }

    /// The subjects that fit these parts of a pattern.
    fn subjects(&self, parts: &[&str]) -> Vec<String> {
        let mut subjects = vec![String::new()];
        for (at, (before, others)) in self.parts.iter().enumerate() {
            let part = |other: &str| match parts.get(at) {
                Some(part) => part.replace('*', other).replace('?', "x"),
                None => other.to_owned(),
            };
            let ends: BTreeSet<String> = others.split('|').map(part).collect();
            let mut longer = Vec::new();
            for start in &subjects {
                longer.extend(ends.iter().map(|end| format!("{start}{before}{end}")));
            }
            subjects = longer;
        }
        subjects
    }

    /// The claims of a token of somebody; of somebody else without a name. The audience is what was asked for.
    pub(super) fn claims(&self, whose: Option<&str>) -> BTreeMap<String, String> {
        let owner: Vec<&str> = whose.into_iter().collect();
        let part = |at: usize| match owner.get(at) {
            Some(own) => *own,
            None => self.parts.get(at).and_then(|(_, other)| other.split('|').next()).unwrap_or_default(),
        };
        let filled = |text: &str| {
            let all = (0..self.parts.len()).map(|at| (format!("{{{at}}}"), part(at)));
            all.fold(text.to_owned(), |text, (place, value)| text.replace(&place, value))
        };
        let mut claims: BTreeMap<String, String> =
            self.claims.iter().map(|(name, text)| ((*name).to_owned(), filled(text))).collect();
        claims.extend(self.subjects(&owner).into_iter().next().map(|sub| ("sub".to_owned(), sub)));
        claims.insert("iss".to_owned(), format!("https://{}", self.host));
        claims
    }
}

fn has_wildcard(part: &str) -> bool {
    part.contains(['*', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_else_and_somebody_inside_are_told_from_a_pattern() {
        let github = provider("https://token.actions.githubusercontent.com").unwrap();
        for (pattern, stranger, insider) in [
            ("repo:acme/app:ref:refs/heads/main", None, None),
            ("repo:acme/app:*", None, Some("repo:acme/app:pull_request")),
            ("repo:acme/app:ref:refs/heads/*", None, None),
            ("repo:acme/app*", None, Some("repo:acme/appany-other-repository:pull_request")),
            (
                "repo:acme/*:ref:refs/heads/main",
                None,
                Some("repo:acme/any-other-repository:ref:refs/heads/main"),
            ),
            ("repo:*/app:*", Some("repo:somebody-else/app:pull_request"), None),
            (
                "repo:*:ref:refs/heads/main",
                Some("repo:somebody-else/any-other-repository:ref:refs/heads/main"),
                None,
            ),
            ("repo:acme/*", None, Some("repo:acme/any-other-repository:pull_request")),
            ("repo:acme*", Some("repo:acmesomebody-else/any-other-repository:pull_request"), None),
            ("repo:*", Some("repo:somebody-else/any-other-repository:pull_request"), None),
            ("*", Some("repo:somebody-else/any-other-repository:pull_request"), None),
            ("something:*", None, None),
        ] {
            assert_eq!(github.strangers_like(pattern).first().map(String::as_str), stranger, "{pattern}");
            assert_eq!(github.insiders_like(pattern).first().map(String::as_str), insider, "{pattern}");
        }
        let terraform = provider("app.terraform.io").unwrap();
        let other =
            "organization:acme:project:any-other-project:workspace:any-other-workspace:run_phase:apply";
        assert_eq!(terraform.insiders_like("organization:acme:*"), [other]);
        assert_eq!(terraform.insiders_like("organization:acme:project:p:*"), [] as [&str; 0]);
        let cluster = provider("oidc.eks.eu-west-1.amazonaws.com/id/ABC").unwrap();
        let pod = "system:serviceaccount:any-namespace:any-account";
        assert_eq!(cluster.insiders_like("system:serviceaccount:*"), [pod]);
        assert_eq!(cluster.insiders_like("system:serviceaccount:n:*"), [] as [&str; 0]);
        assert!(cluster.strangers().is_empty());
        let branch = "repo:acme/app:ref:refs/heads/main".to_owned();
        assert!(github.insiders_like("repo:acme/app:*").contains(&branch));
        assert!(provider("idp.example.com").is_none());
    }

    #[test]
    fn a_subject_tells_claims_and_claims_a_subject() {
        let github = provider("https://token.actions.githubusercontent.com/").unwrap();
        let told = github.told("repo:acme/app:ref:refs/heads/main");
        assert_eq!(told["repository"], "acme/app");
        assert_eq!(told["ref"], "refs/heads/main");
        assert!(!told.contains_key("environment") && !told.contains_key("repository_id"));
        for (pattern, anybody) in [
            ("repo:acme/app:*", "repo:acme/app:any"),
            ("repo:acme/*", "repo:acme/any:any"),
            ("repo:acme/app:ref:refs/heads/*", "repo:acme/app:ref:refs/heads/any"),
            ("repo:acme/app:ref:refs/heads/main", "repo:acme/app:ref:refs/heads/main"),
            ("repo:acme/*:pull_request", "repo:acme/any:pull_request"),
            ("*", "repo:any/any:any"),
        ] {
            assert_eq!(github.anybody(pattern), anybody, "{pattern}");
        }
        let claims = |all: &[(&str, &str)]| -> BTreeMap<String, String> {
            all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let asked = claims(&[("repository", "acme/app"), ("actor", "bob")]);
        assert_eq!(
            github.subject_of(&asked),
            (Some("repo:acme/app:*".to_owned()), claims(&[("actor", "bob")]))
        );
        let asked = claims(&[("repository_owner", "acme")]);
        assert_eq!(github.subject_of(&asked).0.as_deref(), Some("repo:acme/*"));
        let asked = claims(&[("environment", "production")]);
        assert_eq!(github.subject_of(&asked).0.as_deref(), Some("repo:*/*:environment:production"));
        for issuer in [
            "https://container.googleapis.com/v1/projects/p/locations/l/clusters/c",
            "https://westeurope.oic.prod-aks.azure.com/3d1e2be9-a10a-4a0c-8380-7ce190f98ed9/1/",
        ] {
            assert!(!provider(issuer).unwrap().is_shared);
        }
    }

    #[test]
    fn claims_fit_the_subject() {
        let github = provider("token.actions.githubusercontent.com").unwrap();
        let claims = github.claims(Some("acme"));
        assert_eq!(claims["sub"], "repo:acme/any-other-repository:pull_request");
        assert_eq!(claims["repository"], "acme/any-other-repository");
        assert_eq!(github.claims(None)["repository_owner"], "somebody-else");
    }
}
