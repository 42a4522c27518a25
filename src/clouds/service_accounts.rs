//! Clouds with accounts for programs: what is known of their keys, who may act as many of them at once, and which of
//! them exist without anybody having asked for them.

use crate::model::{Estate, Origin, PrincipalId, Question};

/// A cloud with accounts for programs.
pub trait ServiceAccounts: Sync {
    /// The keys of accounts that were made by users and still work, in the order of the estate.
    fn keys(&self, estate: &Estate) -> Vec<AccountKey>;

    /// Whoever is given, by a role on a whole scope, what it takes to act as the accounts in it. Roles that span all
    /// services are left out. Whether it comes to that is what the question asks.
    fn impersonators(&self, estate: &Estate) -> Vec<Impersonator>;

    /// The service whose programs run as this account unless they are told otherwise; `None` for all other accounts.
    fn default_of(&self, estate: &Estate, principal: PrincipalId) -> Option<&'static str>;
}

/// A key of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountKey {
    /// Whose it is.
    pub account: PrincipalId,
    /// Its id.
    pub id: String,
    /// Until when it works, as its list says; `None` for a key that never expires.
    pub until: Option<String>,
    /// Where it is listed.
    pub origin: Origin,
}

/// Somebody who may act as all accounts of a scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impersonator {
    /// Who.
    pub holder: PrincipalId,
    /// By which role.
    pub role: String,
    /// The name of the scope.
    pub place: String,
    /// Whether more than one account or project can stand below the scope: a folder, an organization.
    pub is_wide: bool,
    /// How many accounts of the scope are known.
    pub accounts: usize,
    /// Whether the holder may act as one of them.
    pub question: Question,
    /// Where the role is bound.
    pub origin: Origin,
}
