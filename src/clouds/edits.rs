//! What has to change in the files of an estate so that they say something else, in words that every cloud shares.
//!
//! Clouds know which value of which file says what; how a file is written is `text`'s business.

use crate::text::Span;
use crate::text::lists::New;

/// One change of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// An item of a list is taken out.
    Take {
        /// Where the item stands.
        item: Span,
        /// Whether what the list belongs to goes with its last item, out of the list that it is an item of.
        with_owner: bool,
    },
    /// An item is added to the innermost list that something stands in.
    AddBeside {
        /// Where that stands.
        beside: Span,
        /// The item.
        item: New,
    },
    /// An item is added to a list of the object that something stands in, or that it is.
    AddInto {
        /// Where that stands.
        inside: Span,
        /// The key of the list.
        key: &'static str,
        /// The item.
        item: New,
    },
}
