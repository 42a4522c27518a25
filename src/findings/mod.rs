//! Rules over an estate, and what they report.
//!
//! A rule judges effect, not text, wherever effect is what matters: it asks the evaluator, and its finding carries
//! the request that shows the problem. A rule's doc comment is the user's documentation of it.
//!
//! Invariant: one file per rule, named like the rule; no rule asks a solver. Promise: a new finding costs a new file
//! plus one line in [`RULES`].

mod administrator_access;
mod basic_role;
mod broad_impersonation;
mod confused_deputy;
mod cross_account_access;
mod default_service_account;
mod denied_allow;
mod documents;
mod dodgeable_deny;
mod exposure;
mod external_access;
mod finding;
mod guest_with_privileges;
mod idle_condition;
mod impossible_condition;
mod in_effect;
mod open_identity_provider;
mod outsiders;
mod path_to_administrator;
mod public_resource;
mod redundant_statement;
mod rule;
mod service_account_key;
mod standing_privilege;
mod vacuous_condition;
mod wide_identity_subject;
mod wildcard_action;

pub use finding::{Finding, Intent, Level, Related};
pub use outsiders::is_about_outsiders;
pub use rule::{Context, Meta, Rule, run};

/// Every rule, in the order in which rules are listed.
pub const RULES: &[&dyn Rule] = &[
    &administrator_access::AdministratorAccess,
    &basic_role::BasicRole,
    &broad_impersonation::BroadImpersonation,
    &confused_deputy::ConfusedDeputy,
    &cross_account_access::CrossAccountAccess,
    &default_service_account::DefaultServiceAccount,
    &denied_allow::DeniedAllow,
    &dodgeable_deny::DodgeableDeny,
    &external_access::ExternalAccess,
    &guest_with_privileges::GuestWithPrivileges,
    &idle_condition::IdleCondition,
    &impossible_condition::ImpossibleCondition,
    &open_identity_provider::OpenIdentityProvider,
    &path_to_administrator::PathToAdministrator,
    &public_resource::PublicResource,
    &redundant_statement::RedundantStatement,
    &service_account_key::ServiceAccountKey,
    &standing_privilege::StandingPrivilege,
    &vacuous_condition::VacuousCondition,
    &wide_identity_subject::WideIdentitySubject,
    &wildcard_action::WildcardAction,
];
