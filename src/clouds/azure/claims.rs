//! What a federated credential asks of a token: its subject, or a claims matching expression
//! (<https://learn.microsoft.com/entra/workload-id/workload-identities-flexible-federated-identity-credentials>):
//! comparisons of claims with texts, by `eq` or by `matches` with `*` and `?`, all of which have to hold.
//!
//! Not here: other versions of the language, which are problems where they are read.

use std::collections::BTreeMap;

use crate::clouds::federation;

/// One comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The claim.
    pub name: String,
    /// What it is compared with.
    pub value: String,
    /// Whether `*` and `?` stand for other texts.
    pub is_pattern: bool,
}

impl Claim {
    /// The comparison of the subject with a text.
    pub fn subject(text: &str) -> Self {
        Self { name: "sub".to_owned(), value: text.to_owned(), is_pattern: false }
    }

    /// Whether a token fulfils it; `None` if the token does not say the claim.
    pub(super) fn holds(&self, claims: &BTreeMap<String, String>) -> Option<bool> {
        let value = claims.get(&self.name)?;
        Some(if self.is_pattern { federation::fits(&self.value, value) } else { self.value == *value })
    }
}

/// Reads an expression. The error says what is expected where it is something else.
pub(super) fn read(text: &str) -> Result<Vec<Claim>, String> {
    let mut rest = text.trim();
    let mut claims = Vec::new();
    loop {
        let inner = rest.strip_prefix("claims[").ok_or_else(|| expected("`claims['NAME']`", rest))?;
        let (name, behind) = quoted(inner)?;
        let behind = behind.trim_start();
        let behind = behind.strip_prefix(']').ok_or_else(|| expected("`]`", behind))?.trim_start();
        let (is_pattern, behind) = match (behind.strip_prefix("matches "), behind.strip_prefix("eq ")) {
            (Some(behind), _) => (true, behind),
            (None, Some(behind)) => (false, behind),
            (None, None) => return Err(expected("`matches` or `eq`", behind)),
        };
        let (value, behind) = quoted(behind.trim_start())?;
        claims.push(Claim { name, value, is_pattern });
        let behind = behind.trim();
        if behind.is_empty() {
            return Ok(claims);
        }
        rest = behind.strip_prefix("and ").ok_or_else(|| expected("`and`", behind))?.trim_start();
    }
}

fn quoted(text: &str) -> Result<(String, &str), String> {
    let inner = text.strip_prefix('\'').ok_or_else(|| expected("a text in single quotes", text))?;
    let (value, behind) = inner.split_once('\'').ok_or_else(|| "a text has no second quote".to_owned())?;
    Ok((value.to_owned(), behind))
}

fn expected(what: &str, found: &str) -> String {
    let shown: String = found.chars().take(24).collect();
    if shown.is_empty() {
        format!("{what} is missing at the end")
    } else {
        format!("expected {what} at `{shown}`")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read_and_others_are_told() {
        let read_one =
            read("claims['sub'] matches 'repo:acme/app:*' and claims['job_workflow_ref'] eq 'a/b@c'")
                .unwrap();
        let claim = |name: &str, value: &str, is_pattern| Claim {
            name: name.to_owned(),
            value: value.to_owned(),
            is_pattern,
        };
        assert_eq!(
            read_one,
            [claim("sub", "repo:acme/app:*", true), claim("job_workflow_ref", "a/b@c", false)]
        );
        for (text, message) in [
            ("", "`claims['NAME']` is missing at the end"),
            ("claims['sub'] like 'x'", "expected `matches` or `eq` at `like 'x'`"),
            ("claims['sub'] eq 'x' or claims['sub'] eq 'y'", "expected `and` at `or claims['sub'] eq 'y'`"),
            ("claims['sub'] eq 'x", "a text has no second quote"),
        ] {
            assert_eq!(read(text).unwrap_err(), message, "{text}");
        }
    }

    #[test]
    fn a_claim_that_is_not_said_is_neither_right_nor_wrong() {
        let said = BTreeMap::from([("sub".to_owned(), "repo:acme/app:ref:refs/heads/main".to_owned())]);
        let all = read("claims['sub'] matches 'repo:acme/*' and claims['x'] eq 'y'").unwrap();
        assert_eq!(all.iter().map(|one| one.holds(&said)).collect::<Vec<_>>(), [Some(true), None]);
        assert_eq!(Claim::subject("repo:acme/*").holds(&said), Some(false));
    }
}
