//! Whether two statements may be about one request, as far as the beginnings of their actions and resources tell. Most
//! statements of a policy are about other things than its others, and this shows it without a formula.

use super::ast::{Document, Element, Statement};
use crate::model::Effect;

/// So many texts are compared; in a document with more, all may meet.
const MOST: usize = 20_000;

/// Which statements of a document may be about one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Meeting {
    /// One that allows and one that denies.
    pub(super) opposed: bool,
    /// Two of the same effect.
    pub(super) doubled: bool,
}

impl Meeting {
    /// Looks at all pairs of statements.
    pub(super) fn of(document: &Document) -> Self {
        let mut steps = MOST;
        let mut found = Self::default();
        let allows = document.statements.iter().filter(|one| one.effect == Effect::Allow).count();
        let has_both = allows > 0 && allows < document.statements.len();
        for (at, one) in document.statements.iter().enumerate() {
            if found.doubled && (found.opposed || !has_both) {
                break;
            }
            for other in document.statements.iter().skip(at + 1) {
                let slot = if one.effect == other.effect { &mut found.doubled } else { &mut found.opposed };
                *slot = *slot || may_meet(one, other, &mut steps);
            }
        }
        found
    }
}

fn may_meet(one: &Statement, other: &Statement, steps: &mut usize) -> bool {
    let resources = match (&one.resource, &other.resource) {
        (Some(one), Some(other)) => lists_meet(one, other, steps, |one, other| texts_meet(one, other, same)),
        _ => true,
    };
    // Whoever writes a policy writes spaces around an action in vain, and letters of any case.
    let actions = |one: &str, other: &str| texts_meet(one.trim(), other.trim(), same_letter);
    resources && lists_meet(&one.action, &other.action, steps, actions)
}

fn lists_meet(one: &Element, other: &Element, steps: &mut usize, meet: impl Fn(&str, &str) -> bool) -> bool {
    let mut pair = |one: &str, other: &str| {
        *steps = steps.saturating_sub(1);
        *steps == 0 || meet(one, other)
    };
    one.negated
        || other.negated
        || one.values.iter().any(|one| other.values.iter().any(|other| pair(&one.value, &other.value)))
}

/// Whether both texts may match one, as far as they go before a wildcard or a variable.
fn texts_meet(one: &str, other: &str, same: impl Fn(u8, u8) -> bool) -> bool {
    let fixed = |text: &str| text.bytes().position(is_open).unwrap_or(text.len());
    let (own, their) = (fixed(one), fixed(other));
    let both = own.min(their);
    let agree = one.bytes().zip(other.bytes()).take(both).all(|(one, other)| same(one, other));
    // Where one text ends, the other must not go on with a letter.
    let is_short = |text: &str, at: usize, longer: usize| at == text.len() && at < longer;
    agree && !is_short(one, own, their) && !is_short(other, their, own)
}

fn is_open(byte: u8) -> bool {
    matches!(byte, b'*' | b'?' | b'$')
}

fn same(one: u8, other: u8) -> bool {
    one == other
}

fn same_letter(one: u8, other: u8) -> bool {
    one.eq_ignore_ascii_case(&other)
}

#[cfg(test)]
mod tests {
    use super::super::estate::written;
    use super::*;

    #[test]
    fn texts_meet_unless_their_beginnings_differ() {
        for (one, other, meet) in [
            ("s3:GetObject", "s3:getobject", true),
            ("s3:GetObject", "s3:GetObjectAcl", false),
            ("s3:Get*", "s3:GetObject", true),
            ("s3:Get*", "s3:PutObject", false),
            ("*", "sqs:SendMessage", true),
            ("s3:Get?bject", "s3:GetObjects", true),
            ("s3:*", "sqs:*", false),
            ("s3:a", "s3:a*", true),
            ("s3:ab", "s3:a", false),
            ("a${x}", "ab", true),
            ("", "a", false),
            ("", "*", true),
        ] {
            assert_eq!(texts_meet(one, other, same_letter), meet, "{one} {other}");
            assert_eq!(texts_meet(other, one, same_letter), meet, "{other} {one}");
        }
        assert!(!texts_meet("arn:aws:s3:::A", "arn:aws:s3:::a", same), "names tell letters apart");
    }

    #[test]
    fn statements_meet_in_actions_and_resources() {
        let of = |statements: &str| {
            let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
            Meeting::of(&written("p", &text).unwrap())
        };
        let one = |effect: &str, action: &str, resource: &str| {
            format!(r#"{{"Effect": "{effect}", {action}, {resource}}}"#)
        };
        let (get, queue) = (r#""Action": " s3:get* ""#, r#""Action": "sqs:*""#);
        let (a, b) = (r#""Resource": "a*""#, r#""Resource": "b*""#);
        let pair = |first: String, second: String| of(&format!("{first}, {second}"));
        let apart = Meeting::default();
        assert_eq!(pair(one("Allow", get, a), one("Allow", queue, a)), apart);
        assert_eq!(pair(one("Allow", get, a), one("Allow", get, b)), apart);
        let doubled = Meeting { doubled: true, ..apart };
        assert_eq!(pair(one("Allow", get, a), one("Allow", r#""Action": "S3:GetObject""#, a)), doubled);
        assert_eq!(pair(one("Deny", get, a), one("Deny", r#""NotAction": "s3:*""#, a)), doubled);
        assert_eq!(pair(one("Deny", get, a), one("Deny", get, r#""NotResource": "a*""#)), doubled);
        let opposed = Meeting { opposed: true, ..apart };
        assert_eq!(pair(one("Allow", get, a), one("Deny", r#""Action": "*""#, a)), opposed);
    }
}
