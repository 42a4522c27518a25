//! Which condition keys a request carries, which a sender can leave out, and what values some can have.
//!
//! A key is in a table here only where a page of AWS says so; what no page says is not known, and nothing is concluded
//! from it. Read on 2026-11-23. Availability of the global keys:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html>.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::ast::{Family, Quantifier, Test};
use super::catalog::{self, AccessLevel};
use super::keys;
use crate::clouds::documents::{Omission, Universal};
use crate::logic::{Attribute, Case, Decimal, Formula, Kind, Pattern, Patterns, Ranges, Token, Value};
use crate::model::{Gap, GapKind};

/// "This key is always included in the request context."
const ALWAYS: &[&str] = &[
    "aws:currenttime",
    "aws:epochtime",
    "aws:requestedregion",
    "aws:securetransport",
    "aws:useragent",
    "aws:viaawsservice",
];

/// Included in all signed requests. The page says more of the type and the id; for requests without a signature and of
/// services that is left open here.
const SIGNED: &[&str] = &[keys::PRINCIPAL_IS_SERVICE, keys::PRINCIPAL_TYPE, keys::USER_ID];

/// Keys that hold an account number: twelve digits.
const ACCOUNTS: &[&str] = &["aws:sourceaccount", "aws:vpceaccount"];

/// `aws:SourceIp` is an address of the internet: "use aws:VpcSourceIp for private ones", and a check of Access Analyzer
/// that finds these networks: <https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html>.
const PRIVATE: &[&str] = &["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"];

/// Calls about single items, which always name a partition key:
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html>.
const ITEM_CALLS: &[&str] = &[
    "dynamodb:batchgetitem",
    "dynamodb:batchwriteitem",
    "dynamodb:conditioncheckitem",
    "dynamodb:deleteitem",
    "dynamodb:getitem",
    "dynamodb:putitem",
    "dynamodb:query",
    "dynamodb:updateitem",
];

/// Lists all keys of a bucket unless a prefix is given:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>. Without a number they list 1,000, but a sender
/// who gives none does not get around a test of it: "the `s3:max-keys` key is always present in the request when you perform
/// the `ListBucket` operation",
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_Numeric>.
const LISTING: &[&str] = &["s3:listbucket", "s3:listbucketversions"];

/// Calls whose requests do not say who owns the resource: "the following actions don't support this key",
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceaccount>,
/// and the same of the organization. `events:PutEvents` is another one on buses that were targets before March 2023, which no
/// file tells.
const WITHOUT_OWNER: &[&str] = &[
    "auditmanager:updateassessmentframeworkshare",
    "detective:acceptinvitation",
    "ds:acceptshareddirectory",
    "ebs:*",
    "ec2:accepttransitgatewaypeeringattachment",
    "ec2:acceptvpcendpointconnections",
    "ec2:acceptvpcpeeringconnection",
    "ec2:createtransitgatewaypeeringattachment",
    "ec2:createvpcendpoint",
    "ec2:createvpcpeeringconnection",
    "es:acceptinboundconnection",
    "guardduty:acceptadministratorinvitation",
    "macie2:acceptinvitation",
    "route53:associatevpcwithhostedzone",
    "route53:createvpcassociationauthorization",
    "securityhub:acceptadministratorinvitation",
];

/// The keys that say who owns the resource.
pub(super) fn of_owners() -> [Attribute; 3] {
    [
        Attribute::text(keys::RESOURCE_ACCOUNT),
        Attribute::text(keys::RESOURCE_ORG_ID),
        Attribute::new(keys::RESOURCE_ORG_PATHS, Kind::TextSet),
    ]
}

/// Whether requests for an action do not say who owns the resource.
pub(super) fn names_no_owner(action: &str) -> bool {
    WITHOUT_OWNER.iter().any(|name| match name.strip_suffix('*') {
        Some(service) => action.get(..service.len()).is_some_and(|head| head.eq_ignore_ascii_case(service)),
        None => action.eq_ignore_ascii_case(name),
    })
}

/// The requests that do not say who owns the resource.
pub(super) fn without_owner() -> Formula {
    calls(WITHOUT_OWNER)
}

/// What holds for every request, as far as it concerns these attributes. `signed` holds for those with a signature.
pub(super) fn facts(attributes: &BTreeSet<Attribute>, signed: &Formula) -> Vec<Formula> {
    let facts = attributes.iter().map(|attribute| {
        let name = attribute.name();
        if ALWAYS.contains(&name) {
            filled(attribute)
        } else if SIGNED.contains(&name) {
            signed.clone().implies(filled(attribute))
        } else if ACCOUNTS.contains(&name) && attribute.kind() == Kind::Text {
            let digits = Formula::matches(attribute.clone(), Patterns::globs(["????????????"]));
            Formula::present(attribute.clone()).implies(digits)
        } else if name == "aws:sourceip" && attribute.kind() == Kind::Address {
            Formula::within(attribute.clone(), private()).not()
        } else if *attribute == Attribute::principal() {
            no_wildcard(attribute)
        } else {
            Formula::True
        }
    });
    facts.filter(|fact| *fact != Formula::True).collect()
}

/// The key is there, and its text is not empty.
fn filled(attribute: &Attribute) -> Formula {
    match attribute.kind() {
        Kind::Text => Formula::matches(attribute.clone(), Patterns::globs(["?*"])),
        _ => Formula::present(attribute.clone()),
    }
}

/// ARNs of principals hold no wildcard, so a text with one that is compared letter by letter is none. Names and paths:
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-names>.
fn no_wildcard(attribute: &Attribute) -> Formula {
    let with = |c: char| {
        let head = "arn:".chars().map(Token::Char).chain([Token::Run]);
        Pattern::new(head.chain([Token::Char(c), Token::Run]), Case::Sensitive)
    };
    Formula::matches(attribute.clone(), Patterns::of([with('*'), with('?')])).not()
}

fn private() -> Ranges {
    let networks = PRIVATE.iter().filter_map(|text| text.parse().ok()).map(Ranges::network);
    networks.fold(Ranges::empty(), |all, network| all.union(&network))
}

/// Calls that are senseless without some keys: tags are there where tags are changed, and the partition key where an item
/// is meant.
pub(super) fn sensible(attributes: &BTreeSet<Attribute>) -> Formula {
    Formula::all(attributes.iter().filter(|attribute| attribute.kind() == Kind::TextSet).map(|attribute| {
        let there = Formula::any_in(attribute.clone(), Patterns::anything());
        match attribute.name() {
            "aws:tagkeys" => tagging().implies(there),
            "dynamodb:leadingkeys" => calls(ITEM_CALLS).implies(there),
            _ => Formula::True,
        }
    }))
}

/// The actions that change tags. `ec2:DeleteTags` without tags deletes all of them, so it is none of these:
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteTags.html>.
fn tagging() -> Formula {
    static ACTIONS: OnceLock<Formula> = OnceLock::new();
    let tagging = || {
        let actions = catalog::current().actions();
        let named = actions.filter(|action| action.level() == Some(AccessLevel::Tagging));
        let named = named.map(|action| action.folded()).filter(|name| *name != "ec2:deletetags");
        Formula::matches(
            Attribute::action(),
            Patterns::of(named.map(|name| Pattern::literal(name, Case::Sensitive))),
        )
    };
    ACTIONS.get_or_init(tagging).clone()
}

fn calls(names: &[&str]) -> Formula {
    Formula::matches(Attribute::action(), Patterns::globs(names.iter().copied()))
}

/// The key that a `ForAllValues` test speaks of, where requests may lack it.
///
/// "ForAllValues also returns true if there are no context keys in the request":
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>.
/// With `IfExists` the author has said that they may.
///
/// For other keys of services that have many values (`ArrayOf…` in the service reference) nothing is concluded: they
/// mirror parameters, and the reference does not say which of these a call must have. `kms:GrantOperations` is never
/// absent, because a grant without operations is refused
/// (<https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html>). `dynamodb:Attributes` holds at least the
/// attributes of the key where an item is named; a scan may lack it, but what it returns then is for `dynamodb:Select` to
/// say, which AWS's examples test beside it
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_examples_dynamodb_attributes.html>).
pub(super) fn universal(test: &Test, formula: &Formula) -> Option<Universal> {
    let operator = test.operator;
    if operator.quantifier != Some(Quantifier::All) || operator.if_exists || operator.family == Family::Null {
        return None;
    }
    let name = keys::folded(&test.key.value);
    let key = formula.attributes().into_iter().find(|attribute| attribute.name() == name)?;
    let multivalued = keys::kind(&name) == Some(Kind::TextSet);
    let documented = name.starts_with("aws:") || name == "dynamodb:leadingkeys";
    if multivalued && !documented {
        return None;
    }
    let gap = (!documented).then(|| Gap {
        kind: GapKind::AssumedDefault,
        message: format!("requests were taken to be possible that lack `{}`", test.key.value),
        origin: None,
    });
    Some(Universal { key, multivalued, gap })
}

/// The keys that a sender can leave out where that amounts to giving them. A key whose absence means something else is
/// not among them: a request without a tag is about no tag, and without an access control list it asks for a private
/// object. `signed` holds for requests with a signature.
pub(super) fn omissions(signed: &Formula) -> Vec<Omission> {
    let text = |name: &str| keys::attribute(name, Kind::Text);
    let (present, age) = (
        Attribute::new("aws:multifactorauthpresent", Kind::Boolean),
        Attribute::new("aws:multifactorauthage", Kind::Number),
    );
    let encryption = text("s3:x-amz-server-side-encryption");
    let class = text("s3:x-amz-storage-class");
    let number = |units: i128| Value::Number(Decimal::from_units(units * ONE));
    let older = Ranges::above(&number(i128::from(keys::LONGEST_SESSION)), false).unwrap_or_else(Ranges::full);
    let put = || calls(&["s3:putobject"]);
    let is = |key: &Attribute, value: &str| Formula::matches(key.clone(), Patterns::literal(value));
    let omission = |key: &Attribute, requests: Formula, amounts_to: Formula, because: &'static str| {
        Omission { key: key.clone(), requests, amounts_to, because, gap: None }
    };
    // The keys of a second factor: "not present when an API or CLI command is called with long-term credentials".
    let no_factor = "requests with long-term access keys and of federated identities do not carry it, and come without a second factor";
    vec![
        omission(&present, signed.clone(), Formula::is_false(present.clone()), no_factor),
        omission(&age, signed.clone(), Formula::within(age.clone(), older), no_factor),
        omission(
            &text("s3:prefix"),
            calls(LISTING),
            Formula::True,
            "a list without a prefix shows the keys of every prefix",
        ),
        // <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html>
        omission(&class, put(), is(&class, "STANDARD"), "an object without a class is stored as `STANDARD`"),
        // <https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-bucket-encryption.html>
        Omission {
            gap: Some(Gap {
                kind: GapKind::AssumedDefault,
                message:
                    "buckets were taken to encrypt with `AES256` what comes without instructions, as S3 does \
                          unless a bucket says otherwise"
                        .to_owned(),
                origin: None,
            }),
            ..omission(
                &encryption,
                put(),
                is(&encryption, "AES256"),
                "an object without instructions is encrypted with `AES256`",
            )
        },
    ]
}

/// Whether [`omissions`] has the key of that name, given in lower case.
pub(super) fn can_be_omitted(name: &str) -> bool {
    static NAMES: OnceLock<Vec<String>> = OnceLock::new();
    let names = || omissions(&Formula::True).iter().map(|one| one.key.name().to_owned()).collect();
    NAMES.get_or_init(names).iter().any(|known| known == name)
}

/// The unit of [`Decimal`].
const ONE: i128 = 1_000_000_000_000;
