//! What a cloud's concrete rule says to one request.

use super::{Effect, Gap, Layer, Origin};

/// The outcome of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It is allowed.
    Allowed,
    /// A rule forbids it.
    ExplicitlyDenied,
    /// No rule allows it, or a ceiling leaves it out.
    ImplicitlyDenied,
}

impl Verdict {
    /// All outcomes.
    pub const ALL: [Self; 3] = [Self::Allowed, Self::ExplicitlyDenied, Self::ImplicitlyDenied];

    /// The word for it in scenarios and their decisions: `allowed`, `explicitly_denied`, `implicitly_denied`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::ExplicitlyDenied => "explicitly_denied",
            Self::ImplicitlyDenied => "implicitly_denied",
        }
    }
}

/// A rule that took part in a decision.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// The layer it stands in.
    pub layer: Layer,
    /// Whether it gives or takes; `None` for a ceiling that leaves the request out.
    pub effect: Option<Effect>,
    /// Where the rule stands; for a ceiling, the ceiling.
    pub origin: Origin,
}

/// The outcome with its reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The outcome.
    pub verdict: Verdict,
    /// The rules that made the outcome: those that allowed an allowed request, those that forbade a denied one.
    pub because: Vec<Reason>,
    /// For a request that some rule would have allowed: what stopped it.
    pub blocked_by: Vec<Reason>,
    /// What is not known and could change the outcome.
    pub gaps: Vec<Gap>,
}

impl Decision {
    /// Whether the request is allowed.
    pub fn is_allowed(&self) -> bool {
        self.verdict == Verdict::Allowed
    }
}
