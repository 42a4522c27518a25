//! What a change of policies means for the files of an account: entries of the lists of inline and attached policies.
//!
//! Policies that would become managed ones are left to the commands: in an export they stand apart from who holds them.

use crate::clouds::edits::Edit;
use crate::clouds::own_policies::{HeldPolicy, NewPolicy};
use crate::model::{Principal, PrincipalKind};
use crate::text::lists::New;

/// The changes of the files.
pub(super) fn edits(
    principal: Option<&Principal>,
    held: &[HeldPolicy],
    new: &[NewPolicy],
) -> Result<Vec<Edit>, String> {
    let inside = principal.and_then(|who| who.origin.span).ok_or("it is in none of the files")?;
    let key = match principal.map(|who| who.kind) {
        Some(PrincipalKind::User) => "UserPolicyList",
        _ => "RolePolicyList",
    };
    let take = held.iter().map(|one| {
        let item = one.origin.span.ok_or_else(|| format!("no file shows that it holds `{}`", one.name))?;
        Ok(Edit::Take { item, with_owner: false })
    });
    let add = new.iter().map(|one| {
        if one.is_shared {
            return Err(format!("`{}` becomes a managed policy: use the commands", one.name));
        }
        let name = New::Text(one.name.clone());
        let document = New::Json(one.text.clone());
        let item = New::Map(vec![("PolicyName", name), ("PolicyDocument", document)]);
        Ok(Edit::AddInto { inside, key, item })
    });
    take.chain(add).collect()
}
