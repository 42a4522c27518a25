//! Documents that say the same but for names: what is found in none of them is asked of one.
//!
//! Roles of an account trust the same few services, and buckets have the same policy with other names in it. Nearly
//! all of these documents give no reason for a finding. So where a question finds nothing in a document, it is not
//! asked of the others that are [alike](crate::clouds::documents::Sense). Where it finds something, each document is
//! asked for itself, because what is found has places, names and requests of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use rustc_hash::FxHashMap;

use crate::clouds::documents::{DocumentKind, Sense};

/// A question about one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Matter {
    /// Which statements its own denies cover.
    Denied,
    /// Which statements its others cover.
    Redundant,
    /// Which conditions never hold.
    Impossible,
    /// Which conditions always hold.
    Idle,
    /// Which denies requests can dodge.
    Dodged,
    /// Which allows let through what lacks a key.
    Vacuous,
}

impl Matter {
    fn bit(self) -> u8 {
        1 << self as u8
    }

    /// Whether the question takes actions and resources as plain texts, so that their names make no difference.
    fn is_about_texts(self) -> bool {
        !matches!(self, Self::Dodged | Self::Vacuous)
    }

    /// Whether documents of that sense give no reason for a finding.
    fn is_out_of_question(self, sense: &Sense) -> bool {
        match self {
            Self::Denied => !sense.opposed,
            Self::Redundant => !sense.doubled,
            Self::Impossible | Self::Idle => !sense.conditional,
            Self::Dodged => !sense.omissible,
            Self::Vacuous => !sense.universal,
        }
    }
}

const ALL: [Matter; 6] =
    [Matter::Denied, Matter::Redundant, Matter::Impossible, Matter::Idle, Matter::Dodged, Matter::Vacuous];

/// The questions that find nothing in documents that are alike, one bit for each.
type Quiet = Arc<AtomicU8>;

/// The documents that are like one. By default those that are like no other.
#[derive(Clone, Debug, Default)]
pub(super) struct Alike {
    plain: Quiet,
    renamed: Quiet,
}

impl Alike {
    pub(super) fn is_quiet(&self, matter: Matter) -> bool {
        self.of(matter).load(Ordering::Relaxed) & matter.bit() != 0
    }

    pub(super) fn be_quiet(&self, matter: Matter) {
        self.of(matter).fetch_or(matter.bit(), Ordering::Relaxed);
    }

    fn of(&self, matter: Matter) -> &AtomicU8 {
        if matter.is_about_texts() { &self.renamed } else { &self.plain }
    }
}

/// All documents of an estate by what they say.
#[derive(Default)]
pub(super) struct Likenesses {
    plain: FxHashMap<(DocumentKind, String), Quiet>,
    renamed: FxHashMap<(DocumentKind, String), Quiet>,
    /// Those with too little in them for any question.
    silent: Option<Alike>,
}

impl Likenesses {
    /// Those of one kind and sense.
    pub(super) fn of(&mut self, kind: DocumentKind, sense: Sense) -> Alike {
        let out_of_question = ALL.into_iter().filter(|matter| matter.is_out_of_question(&sense));
        let bits = out_of_question.fold(0, |bits, matter| bits | matter.bit());
        let quiet = || Arc::new(AtomicU8::new(bits));
        if sense.is_silent() {
            return self.silent.get_or_insert_with(|| Alike { plain: quiet(), renamed: quiet() }).clone();
        }
        // What only some documents are asked, the others need not be told apart for.
        let plain = match sense.plain {
            Some(text) => self.plain.entry((kind, text)).or_insert_with(quiet).clone(),
            None => quiet(),
        };
        let renamed = self.renamed.entry((kind, sense.renamed)).or_insert_with(quiet).clone();
        Alike { plain, renamed }
    }
}
