//! A certificate: what is replaced by what for whom, for which recorded use, from which inputs, and what is claimed of it.
//!
//! It is written by `report` and read again here. Nothing in it is believed: `verify` makes every claim anew from the
//! inputs. It holds no commands, because whoever runs them would have to believe those.

use serde::{Deserialize, Serialize};

use super::{Needed, Recorded, Suggestion};

/// The version of the shape.
pub const SCHEMA: &str = "leastwise/certificate/1";

/// A file of certificates that were made from the same inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// [`SCHEMA`].
    pub schema: String,
    /// The version of the program that made it.
    pub made_by: String,
    /// The time from which on requests were asked about, in microseconds since the Unix epoch, if one was given.
    pub now: Option<i64>,
    /// Everything that was read.
    pub inputs: Vec<Sealed>,
    /// The replacements. Each is claimed of the estate as it is, without the others.
    pub replacements: Vec<Replacement>,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// What it was read as.
    pub kind: Kind,
    /// Its path below the folder that was named, or its name.
    pub path: String,
    /// The SHA-256 of its text, decompressed, in hexadecimal digits.
    pub sha256: String,
}

/// What a file was read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A part of the estate.
    Estate,
    /// A log.
    Usage,
}

/// What one principal is to hold instead of what it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Replacement {
    /// The cloud.
    pub cloud: String,
    /// The full name of the principal.
    pub principal: String,
    /// The grants that were judged.
    pub held: Vec<Taken>,
    /// What is held in their place. What is in both lists stays.
    pub replacement: Vec<Given>,
    /// All that has to stay allowed.
    pub needs: Vec<Recorded>,
    /// What is claimed.
    pub claims: Claims,
}

/// A grant that is held: a role at a place, a policy of a principal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    /// What is granted.
    pub what: String,
    /// Where.
    pub on: String,
}

/// A grant that takes its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// The role, or the name of the policy.
    pub role: String,
    /// Where.
    pub on: String,
    /// The text of the policy, if it is one.
    pub policy: Option<String>,
}

/// What is claimed of a replacement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// How far it can be applied without looking.
    pub applicability: String,
    /// Whether everything needed stays allowed; `null` when undecided.
    pub keeps: Option<bool>,
    /// Whether nothing else becomes allowed; `null` when undecided.
    pub narrows: Option<bool>,
    /// What becomes allowed and was not.
    pub gained: Vec<Needed>,
    /// What becomes allowed and could be done with keys before.
    #[serde(default)]
    pub reached: Vec<Needed>,
    /// What both rest on without having it from the files.
    pub assumed: Vec<String>,
    /// How many recorded uses were replayed.
    pub replayed: u64,
}

/// Why a text is no certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// What is wrong, for people.
    pub message: String,
    /// The line, from 1; 0 if it is the whole.
    pub line: usize,
    /// The column in bytes, from 1.
    pub column: usize,
}

impl Certificate {
    /// Reads the text of a certificate.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        let read: Self = serde_json::from_str(text).map_err(|error| Unreadable {
            message: format!("this is no certificate: {error}"),
            line: error.line(),
            column: error.column(),
        })?;
        if read.schema != SCHEMA {
            let message = format!("the certificate is of schema `{}`, expected `{SCHEMA}`", read.schema);
            return Err(Unreadable { message, line: 0, column: 0 });
        }
        Ok(read)
    }

    /// The certificate of suggestions. Those that change nothing claim nothing and are not in it.
    pub fn of<'s>(
        suggestions: impl IntoIterator<Item = &'s Suggestion>,
        inputs: &[Sealed],
        now: Option<i64>,
    ) -> Self {
        let changing = suggestions.into_iter().filter(|one| one.changes_something());
        Self {
            schema: SCHEMA.to_owned(),
            made_by: format!("{} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")),
            now,
            inputs: inputs.to_vec(),
            replacements: changing.map(Replacement::of).collect(),
        }
    }
}

impl Replacement {
    pub(super) fn of(suggestion: &Suggestion) -> Self {
        let held =
            suggestion.held.iter().map(|held| Taken { what: held.what.clone(), on: held.place.clone() });
        let given = suggestion.replacement.iter().map(|one| Given {
            role: one.role.clone(),
            on: one.place.clone(),
            policy: one.text.clone(),
        });
        Self {
            cloud: suggestion.cloud.as_str().to_owned(),
            principal: suggestion.name.clone(),
            held: held.collect(),
            replacement: given.collect(),
            needs: suggestion.proven_for.clone(),
            claims: Claims::of(&suggestion.proof),
        }
    }
}

impl Claims {
    pub(super) fn of(proof: &super::Proof) -> Self {
        Self {
            applicability: proof.applicability().as_str().to_owned(),
            keeps: proof.keeps.holds,
            narrows: proof.narrows.holds,
            gained: proof.gained.clone(),
            reached: proof.reached.clone(),
            assumed: proof.assumed().into_iter().map(str::to_owned).collect(),
            replayed: proof.replayed,
        }
    }
}
