//! Secrets and certificates of programs, by which whoever has a copy of them signs in as the program:
//! <https://learn.microsoft.com/entra/identity-platform/security-best-practices-for-app-registration>.
//!
//! Nobody acts as a program by a role here, and Azure makes no program run as one by itself, so the rest of what service
//! accounts of other clouds have stays empty.

use super::ast::Body;
use super::{Azure, CREDENTIAL, times};
use crate::clouds::{AccountKey, Cloud, Impersonator, ServiceAccounts};
use crate::model::{Estate, PrincipalId, Target};

impl ServiceAccounts for Azure {
    /// Those that have not ended before the requests that are asked about.
    fn keys(&self, estate: &Estate) -> Vec<AccountKey> {
        let earliest = estate.earliest().or_else(|| self.clocks().map(|clocks| clocks.since));
        let works = |until: &str| times::instant(until).zip(earliest).is_none_or(|(end, now)| end >= now);
        let attached = estate.attached_as(CREDENTIAL).filter_map(|attachment| {
            let Target::Principal(account) = attachment.target else { return None };
            let policy = estate.policy(attachment.policy)?;
            let Some(Body::Credential(one)) = policy.body.downcast_ref::<Body>() else { return None };
            let until = one.until.as_ref().map(|until| until.to_string());
            let key = AccountKey { account, id: policy.name.clone(), until, origin: policy.origin.clone() };
            key.until.as_deref().is_none_or(works).then_some(key)
        });
        attached.collect()
    }

    fn impersonators(&self, _estate: &Estate) -> Vec<Impersonator> {
        Vec::new()
    }

    fn default_of(&self, _estate: &Estate, _principal: PrincipalId) -> Option<&'static str> {
        None
    }
}
