//! The two readings of AWS's rules against each other, against cases from elsewhere, and against AWS's pages.

mod agreement;
mod oracle;
mod requests;
mod rules;
mod scenario;
