//! Comments `leastwise: ignore RULE REASON` in the files that are analysed.

use super::RuleIds;
use super::table;
use crate::guardrails::Name;
use crate::model::Origin;
use crate::review::InlineIgnore;
use crate::text::{Comment, Problem};

/// How such a comment begins.
pub const INLINE_SIGN: &str = "leastwise:";

/// Those among the comments that say what is meant.
pub fn inline_ignores(
    comments: Vec<Comment>,
    rules: RuleIds<'_>,
    problems: &mut Vec<Problem>,
) -> Vec<InlineIgnore> {
    comments.iter().filter_map(|comment| read(comment, rules, problems)).collect()
}

fn read(comment: &Comment, rules: RuleIds<'_>, problems: &mut Vec<Problem>) -> Option<InlineIgnore> {
    let rest = comment.text.strip_prefix(INLINE_SIGN)?;
    let mut words = rest.split_whitespace();
    let help = "write it as `# leastwise: ignore RULE REASON`";
    let (Some("ignore"), Some(rule)) = (words.next(), words.next()) else {
        let message = format!("the comment `{}` says nothing that is known here", comment.text);
        problems.push(Problem::warning("inline-ignore", message).at(comment.span).help(help));
        return None;
    };
    let origin = Origin { span: Some(comment.span), ..Origin::default() };
    let name = Name { text: rule.into(), origin };
    if !rules.0.contains(&rule) {
        problems.push(table::no_such(&name, "rule", rules.0));
        return None;
    }
    let reason: Vec<&str> = words.collect();
    if reason.is_empty() {
        let message = format!("the comment that ignores `{rule}` gives no reason, so it does not count");
        problems.push(Problem::error("inline-ignore", message).at(comment.span).help(help));
        return None;
    }
    let reason = reason.join(" ").into();
    Some(InlineIgnore { rule: name.text, reason, span: comment.span, covers: comment.covers })
}
