//! ARNs from parts: the services' templates tell where a resource's name has colons and where slashes.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html>

use super::ast::Arn;
use super::catalog;

/// Whether `name` is the prefix of a service: `s3`.
pub fn is_service(name: &str) -> bool {
    // Some ARNs carry another service than the actions on them; those are spelled out by the templates of others.
    catalog::current().service(name).is_some()
}

/// Whether the catalog has an action that `pattern` matches.
pub fn is_action(pattern: &str) -> bool {
    let catalog = catalog::current();
    if pattern.contains(['*', '?']) {
        catalog.matching(pattern).next().is_some()
    } else {
        catalog.action(pattern).is_some()
    }
}

/// Whether `name` looks like a region: `eu-west-1`, `us-gov-east-1`.
pub fn is_region(name: &str) -> bool {
    let mut parts = name.split('-').rev();
    let number = parts.next().is_some_and(|part| part.len() == 1 && part.bytes().all(|b| b.is_ascii_digit()));
    let words: Vec<&str> = parts.collect();
    let [ways @ .., continent] = words.as_slice() else { return false };
    let lower = continent.len() == 2 && continent.bytes().all(|byte| byte.is_ascii_lowercase());
    let direction = |way: &&str| {
        ["gov", "iso", "isob", "isoe", "isof", "central"].contains(way)
            || DIRECTIONS.iter().any(|one| way.starts_with(one))
    };
    number && lower && (1..=2).contains(&ways.len()) && ways.iter().all(direction)
}

/// How the middle of a region's name begins: `southeast` and `northwest` do too.
const DIRECTIONS: [&str; 4] = ["north", "south", "east", "west"];

/// The partition that a region belongs to.
pub fn partition(region: Option<&str>) -> &'static str {
    match region {
        Some(region) if region.starts_with("cn-") => "aws-cn",
        Some(region) if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}

/// The ARN of the resource of `account` whose name has these parts, as far apart as its service writes them: `function`
/// and `f` are `function:f` for Lambda, `table` and `t` are `table/t` for DynamoDB. What no template fits is joined by
/// slashes.
pub fn arn(service: &str, region: Option<&str>, account: &str, parts: &[String]) -> String {
    let templates =
        catalog::current().service(service).into_iter().flat_map(|service| service.resource_types());
    let templates = templates
        .flat_map(|kind| kind.arns())
        .filter_map(Arn::parse)
        .filter(|template| template.service == service && template.region.is_empty() == region.is_none());
    let fitting = templates.filter_map(|template| {
        let (name, fit) = fill(template.resource, parts)?;
        Some((fit, name, template.account.is_empty()))
    });
    let best = fitting.max_by(|a, b| a.0.cmp(&b.0).then_with(|| b.1.cmp(&a.1)));
    let (name, is_global) = match best {
        Some((_, name, is_global)) => (name, is_global),
        None => (parts.join("/"), false),
    };
    let account = if is_global { "" } else { account };
    format!("arn:{}:{service}:{}:{account}:{name}", partition(region), region.unwrap_or_default())
}

/// How well parts fit a template: whether all of it was used exactly, and how many of its words are fixed.
type Fit = (bool, usize);

/// Puts the parts into the placeholders of a template. The last placeholder takes what is left, with slashes.
fn fill(template: &str, parts: &[String]) -> Option<(String, Fit)> {
    let mut name = String::new();
    let mut given = parts.iter();
    let mut fixed = 0;
    let mut rest = template;
    let mut last_is_open = false;
    while !rest.is_empty() {
        let end = rest.find(['/', ':']).unwrap_or(rest.len());
        let (word, behind) = rest.split_at_checked(end)?;
        let part = given.next()?;
        last_is_open = word.contains("${");
        if !last_is_open && word != part {
            return None;
        }
        // A word that is only partly a placeholder is not taken apart.
        if last_is_open && !(word.starts_with("${") && word.ends_with('}')) {
            return None;
        }
        fixed += usize::from(!last_is_open);
        name.push_str(part);
        let mut behind = behind.chars();
        name.extend(behind.next());
        rest = behind.as_str();
    }
    let left: Vec<&str> = given.map(String::as_str).collect();
    if left.is_empty() {
        return Some((name, (true, fixed)));
    }
    (last_is_open && fixed > 0).then(|| (format!("{name}/{}", left.join("/")), (false, fixed)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_decides_how_parts_are_joined() {
        for (path, expected) in [
            ("s3 - b", "arn:aws:s3:::b"),
            ("s3 eu-west-1 accesspoint a", "arn:aws:s3:eu-west-1:1:accesspoint/a"),
            ("kms eu-west-1 key k", "arn:aws:kms:eu-west-1:1:key/k"),
            ("sqs eu-west-1 q", "arn:aws:sqs:eu-west-1:1:q"),
            ("sns eu-west-1 t", "arn:aws:sns:eu-west-1:1:t"),
            ("lambda eu-west-1 function f", "arn:aws:lambda:eu-west-1:1:function:f"),
            ("lambda eu-west-1 layer l 3", "arn:aws:lambda:eu-west-1:1:layer:l:3"),
            (
                "secretsmanager eu-west-1 secret s-AbCdEf",
                "arn:aws:secretsmanager:eu-west-1:1:secret:s-AbCdEf",
            ),
            ("ecr eu-west-1 repository team app", "arn:aws:ecr:eu-west-1:1:repository/team/app"),
            (
                "elasticfilesystem eu-west-1 file-system fs-1",
                "arn:aws:elasticfilesystem:eu-west-1:1:file-system/fs-1",
            ),
            ("dynamodb eu-west-1 table t", "arn:aws:dynamodb:eu-west-1:1:table/t"),
            ("kinesis eu-west-1 stream s", "arn:aws:kinesis:eu-west-1:1:stream/s"),
            ("es eu-west-1 domain d", "arn:aws:es:eu-west-1:1:domain/d"),
            ("execute-api eu-west-1 abc", "arn:aws:execute-api:eu-west-1:1:abc"),
            ("events eu-west-1 event-bus b", "arn:aws:events:eu-west-1:1:event-bus/b"),
            ("logs us-gov-east-1 log-group g", "arn:aws-us-gov:logs:us-gov-east-1:1:log-group:g"),
            ("glacier eu-west-1 vaults v", "arn:aws:glacier:eu-west-1:1:vaults/v"),
            ("backup cn-north-1 backup-vault v", "arn:aws-cn:backup:cn-north-1:1:backup-vault:v"),
            ("codeartifact eu-west-1 domain d", "arn:aws:codeartifact:eu-west-1:1:domain/d"),
            ("codeartifact eu-west-1 repository d r", "arn:aws:codeartifact:eu-west-1:1:repository/d/r"),
            ("iam - role team r", "arn:aws:iam::1:role/team/r"),
            ("iam - policy p", "arn:aws:iam::1:policy/p"),
            ("glue eu-west-1 catalog", "arn:aws:glue:eu-west-1:1:catalog"),
            ("newservice eu-west-1 thing x", "arn:aws:newservice:eu-west-1:1:thing/x"),
        ] {
            let mut words = path.split(' ');
            let (service, region) = (words.next().unwrap(), words.next().filter(|word| *word != "-"));
            let parts: Vec<String> = words.map(str::to_owned).collect();
            assert_eq!(arn(service, region, "1", &parts), expected, "{path}");
        }
    }

    #[test]
    fn regions_are_told_from_names() {
        assert!(["eu-west-1", "us-gov-east-1", "cn-north-1", "ap-southeast-4"].into_iter().all(is_region));
        assert!(!["eu-west", "b", "my-bucket-1", "1", "", "eu--1"].into_iter().any(is_region));
    }
}
