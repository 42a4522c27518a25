//! Names and types of what a request consists of.

use std::fmt;
use std::sync::{Arc, LazyLock};

/// A named, typed part of a request: the principal, the action, the resource, or a context key.
///
/// Names are compared byte by byte. Clouds whose key names ignore case fold them before they build attributes.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Attribute {
    name: Arc<str>,
    kind: Kind,
}

/// What values an attribute takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Unicode text.
    Text,
    /// An exact decimal number.
    Number,
    /// A point in time.
    Instant,
    /// An IPv4 or IPv6 address.
    Address,
    /// True or false.
    Boolean,
    /// A set of texts; it may be empty, which is not the same as absent.
    TextSet,
}

static PRINCIPAL: LazyLock<Attribute> = LazyLock::new(|| Attribute::new("principal", Kind::Text));
static ACTION: LazyLock<Attribute> = LazyLock::new(|| Attribute::new("action", Kind::Text));
static RESOURCE: LazyLock<Attribute> = LazyLock::new(|| Attribute::new("resource", Kind::Text));

impl Attribute {
    /// An attribute of that name and kind.
    pub fn new(name: impl Into<Arc<str>>, kind: Kind) -> Self {
        Self { name: name.into(), kind }
    }

    /// A text attribute of that name.
    pub fn text(name: impl Into<Arc<str>>) -> Self {
        Self::new(name, Kind::Text)
    }

    /// Who asks, as the cloud writes its principals.
    pub fn principal() -> Self {
        PRINCIPAL.clone()
    }

    /// What is asked for, folded to lower case by clouds whose actions ignore case.
    pub fn action() -> Self {
        ACTION.clone()
    }

    /// What it is asked on, as the cloud writes its resources.
    pub fn resource() -> Self {
        RESOURCE.clone()
    }

    /// Whether every request has it: the principal, the action and the resource.
    pub fn is_always_present(&self) -> bool {
        self.kind == Kind::Text && matches!(&*self.name, "principal" | "action" | "resource")
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The kind of its values.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

impl fmt::Debug for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}
