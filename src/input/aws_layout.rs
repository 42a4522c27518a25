//! Where a file of an AWS estate lies says whose it is. The answers of the command line often do not.
//!
//! `aws/111122223333/kms/eu-west-1/key/KEY/policy.json` is the policy of `arn:aws:kms:eu-west-1:111122223333:key/KEY`: below
//! the folder of the account, the folders spell the ARN (service, region if it has one, the parts of its name), and the
//! file is named after what it says. `…/key/KEY.json` is short for `…/key/KEY/policy.json`. A part that holds a slash or
//! a colon is percent-encoded: `%2Faws%2Flambda%2Ff`.

use super::load::stem;
use crate::clouds::aws::ast::is_account;
use crate::clouds::aws::names;

/// What a file of a resource's folder, or of an account's, says about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fact {
    /// The resource policy.
    Policy,
    /// Grants of a KMS key.
    Grants,
    /// S3 Block Public Access.
    PublicAccessBlock,
    /// The access control list of a bucket.
    Acl,
    /// Who owns the objects of a bucket.
    OwnershipControls,
    /// An access point of S3.
    AccessPoint,
}

/// The names of such files.
const FACTS: [(&str, Fact); 6] = [
    ("policy", Fact::Policy),
    ("grants", Fact::Grants),
    ("public-access-block", Fact::PublicAccessBlock),
    ("acl", Fact::Acl),
    ("ownership-controls", Fact::OwnershipControls),
    ("access-point", Fact::AccessPoint),
];

/// Whose file it is, by its path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The account that the innermost folder of twelve digits is named after.
    pub(super) account: Option<String>,
    /// The resource that the folders below it spell.
    pub(super) resource: Option<String>,
    /// What the file is named after; none when its name belongs to the resource.
    pub(super) fact: Option<Fact>,
}

impl Place {
    /// The place of a file.
    pub(super) fn of(path: &str) -> Self {
        let parts: Vec<&str> = path.split(['/', '\\']).collect();
        let Some((file, folders)) = parts.split_last() else { return Self::default() };
        let stem = title(file);
        let fact = FACTS.iter().find(|(name, _)| *name == stem).map(|(_, fact)| *fact);
        let Some(at) = folders.iter().rposition(|folder| is_account(folder)) else {
            return Self { fact, ..Self::default() };
        };
        let account = folders.get(at).copied().unwrap_or_default();
        let mut below: Vec<String> = folders.iter().skip(at + 1).map(|part| decoded(part)).collect();
        if fact.is_none() {
            below.push(decoded(&stem));
        }
        Self { account: Some(account.to_owned()), resource: resource(account, &below), fact }
    }

    /// Whether the folders, and not the name of the file, say which resource it is.
    pub(super) fn is_folder(&self) -> bool {
        self.resource.is_some() && self.fact.is_some()
    }
}

fn resource(account: &str, below: &[String]) -> Option<String> {
    let (service, rest) = below.split_first()?;
    let (region, name) = match rest.split_first() {
        Some((first, name)) if names::is_region(first) && !name.is_empty() => (Some(first.as_str()), name),
        _ => (None, rest),
    };
    (names::is_service(service) && !name.is_empty()).then(|| names::arn(service, region, account, name))
}

/// Whether a file lies where one of these commands is proposed to be written to (`Format::commands`): its name and its
/// folders, from that of the account or of the organization on, are those of the proposal. Capitals stand for ids.
pub(super) fn is_written_by(path: &str, commands: &[&str]) -> bool {
    let path = path.strip_suffix(".gz").unwrap_or(path);
    let parts: Vec<&str> = path.split(['/', '\\']).collect();
    let proposals = commands.iter().filter_map(|command| command.split_whitespace().next());
    proposals.map(|proposal| proposal.split('/').collect::<Vec<&str>>()).any(|proposal| {
        let start = parts.len().checked_sub(proposal.len());
        let tail = start.and_then(|start| parts.get(start..)).unwrap_or_default();
        let named = matches!(proposal.first(), Some(&("ACCOUNT" | "organization")));
        named && !tail.is_empty() && proposal.iter().zip(tail).all(|(proposed, part)| is_like(proposed, part))
    })
}

/// Whether a name is like the proposed one: `task-definition-NAME.json` has any text for `NAME`.
fn is_like(proposed: &str, part: &str) -> bool {
    let is_id = |c: char| c.is_ascii_uppercase();
    match proposed {
        "ACCOUNT" => is_account(part),
        "REGION" => names::is_region(part),
        _ => match (proposed.find(is_id), proposed.rfind(is_id)) {
            (Some(first), Some(last)) => {
                let (head, tail) = (proposed.get(..first), proposed.get(last + 1..));
                let rest = head.and_then(|head| part.strip_prefix(head));
                rest.zip(tail).is_some_and(|(rest, tail)| rest.len() > tail.len() && rest.ends_with(tail))
            }
            _ => proposed == part,
        },
    }
}

/// The file's name without folders and ending.
pub(super) fn title(path: &str) -> String {
    if path == "-" {
        return "standard input".to_owned();
    }
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let name = name.strip_suffix(".gz").unwrap_or(name);
    stem(name).unwrap_or(name).to_owned()
}

/// `%2F` and the like as the characters they stand for; what is no such code stays as it is.
fn decoded(part: &str) -> String {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = match tail {
            [high, low, ..] if *first == b'%' => digit(*high).zip(digit(*low)),
            _ => None,
        };
        bytes.push(code.map_or(*first, |(high, low)| high << 4 | low));
        rest = tail.get(if code.is_some() { 2 } else { 0 }..).unwrap_or_default();
    }
    String::from_utf8(bytes).unwrap_or_else(|_| part.to_owned())
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_spell_the_arn() {
        for (path, resource, fact) in [
            ("e/aws/111122223333/s3/b/policy.json", Some("arn:aws:s3:::b"), Some(Fact::Policy)),
            ("e/aws/111122223333/s3/b.json.gz", Some("arn:aws:s3:::b"), None),
            (
                "111122223333/kms/eu-west-1/key/k/grants.json",
                Some("arn:aws:kms:eu-west-1:111122223333:key/k"),
                Some(Fact::Grants),
            ),
            (
                "111122223333/logs/eu-west-1/log-group/%2Faws%2Ff/policy.json",
                Some("arn:aws:logs:eu-west-1:111122223333:log-group:/aws/f"),
                Some(Fact::Policy),
            ),
            ("111122223333/public-access-block.json", None, Some(Fact::PublicAccessBlock)),
            ("111122223333/bucket-b.json", None, None),
            ("111122223333/folder/bucket-b.json", None, None),
            ("b/policy.json", None, Some(Fact::Policy)),
        ] {
            let place = Place::of(path);
            assert_eq!((place.resource.as_deref(), place.fact), (resource, fact), "{path}");
        }
        assert_eq!(Place::of("prod/111122223333/x.json").account.as_deref(), Some("111122223333"));
        assert_eq!(Place::of("-"), Place::default());
    }

    #[test]
    fn a_file_lies_where_a_command_is_written_to() {
        let commands = [
            "ACCOUNT/ecs/REGION/task-definition-NAME.json    aws ecs",
            "organization/roots.json aws",
            "b.json aws",
        ];
        for (path, expected) in [
            ("x/111122223333/ecs/eu-west-1/task-definition-a.json.gz", true),
            ("111122223333/ecs/eu-west-1/task-definition-.json", false),
            ("111122223333/ecs/nowhere/task-definition-a.json", false),
            ("1/ecs/eu-west-1/task-definition-a.json", false),
            ("aws/organization/roots.json", true),
            ("roots.json", false),
            ("111122223333/b.json", false),
        ] {
            assert_eq!(is_written_by(path, &commands), expected, "{path}");
        }
    }

    #[test]
    fn codes_are_decoded_and_others_left_alone() {
        assert_eq!(decoded("a%2Fb%3ac%"), "a/b:c%");
        assert_eq!(decoded("%ff"), "%ff");
        assert_eq!(decoded("100%zz"), "100%zz");
    }
}
