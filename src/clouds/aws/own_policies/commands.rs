//! The commands that change what a principal holds, in an order that gives before it takes.
//!
//! <https://docs.aws.amazon.com/cli/latest/reference/iam/>. What is deleted is saved first, from where it lies.

use crate::clouds::aws::ast::Arn;
use crate::clouds::own_policies::{HeldPolicy, NewPolicy};
use crate::model::Principal;

/// The commands that make the change, and those that take it back.
pub(super) fn commands(
    principal: &Principal,
    held: &[HeldPolicy],
    new: &[NewPolicy],
) -> (Vec<String>, Vec<String>) {
    let Some(who) = Who::of(&principal.name) else { return (Vec::new(), Vec::new()) };
    let save = held.iter().filter(|one| !one.is_shared).map(|one| who.save(&one.name));
    let give = new.iter().flat_map(|one| who.give(one));
    let apply = save.chain(give).chain(held.iter().map(|one| who.take(one))).collect();
    let back = held.iter().map(|one| who.give_back(one));
    let rollback = back.chain(new.iter().flat_map(|one| who.remove(one))).collect();
    (apply, rollback)
}

/// Whose policies are changed, in the words of the commands.
struct Who<'a> {
    arn: Arn<'a>,
    /// `role` or `user`.
    kind: &'a str,
    name: &'a str,
}

impl<'a> Who<'a> {
    fn of(arn: &'a str) -> Option<Self> {
        let arn = Arn::parse(arn)?;
        let (kind, path) = arn.resource.split_once('/')?;
        let name = path.rsplit('/').next()?;
        matches!(kind, "role" | "user").then_some(Self { arn, kind, name })
    }

    fn command(&self, verb: &str, what: &str, rest: &str) -> String {
        let Self { kind, name, .. } = self;
        format!("aws iam {verb}-{kind}-policy --{kind}-name {} {what} {rest}", quoted(name))
            .trim_end()
            .to_owned()
    }

    /// The file that keeps an inline policy.
    fn file(&self, policy: &str) -> String {
        format!("{}-{policy}.json", self.name)
    }

    fn save(&self, policy: &str) -> String {
        let rest = format!("--query PolicyDocument > {}", quoted(&self.file(policy)));
        self.command("get", &format!("--policy-name {}", quoted(policy)), &rest)
    }

    fn arn_of(&self, policy: &str) -> String {
        format!("arn:{}:iam::{}:policy/{policy}", self.arn.partition, self.arn.account)
    }

    fn give(&self, new: &NewPolicy) -> Vec<String> {
        let document = format!("--policy-document {}", quoted(&new.text));
        let name = format!("--policy-name {}", quoted(&new.name));
        if !new.is_shared {
            return vec![self.command("put", &name, &document)];
        }
        let arn = format!("--policy-arn {}", self.arn_of(&new.name));
        vec![format!("aws iam create-policy {name} {document}"), self.command("attach", &arn, "")]
    }

    fn remove(&self, new: &NewPolicy) -> Vec<String> {
        if !new.is_shared {
            return vec![self.command("delete", &format!("--policy-name {}", quoted(&new.name)), "")];
        }
        let arn = format!("--policy-arn {}", self.arn_of(&new.name));
        vec![self.command("detach", &arn, ""), format!("aws iam delete-policy {arn}")]
    }

    fn take(&self, held: &HeldPolicy) -> String {
        if held.is_shared {
            return self.command("detach", &format!("--policy-arn {}", held.name), "");
        }
        self.command("delete", &format!("--policy-name {}", quoted(&held.name)), "")
    }

    fn give_back(&self, held: &HeldPolicy) -> String {
        if held.is_shared {
            return self.command("attach", &format!("--policy-arn {}", held.name), "");
        }
        let document = format!("--policy-document {}", quoted(&format!("file://{}", self.file(&held.name))));
        self.command("put", &format!("--policy-name {}", quoted(&held.name)), &document)
    }
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@=+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_shell_takes_words_as_they_are() {
        assert_eq!(quoted("role-1.json"), "role-1.json");
        assert_eq!(quoted("{\"a\":'b'}"), r#"'{"a":'\''b'\''}'"#);
        assert_eq!(quoted(""), "''");
    }
}
