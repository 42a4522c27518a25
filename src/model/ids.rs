//! Names of clouds and indexes into an estate.

use std::fmt;

/// Which cloud a thing belongs to. Opaque on purpose: outside `clouds/` nothing can branch on a cloud.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloudId(&'static str);

impl CloudId {
    /// The cloud of that short name. Called once per cloud, where the cloud is defined.
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// The short name, as it stands in reports.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for CloudId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for CloudId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub(super) u32);

        impl $name {
            /// The position in the estate's list.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

index! {
    /// A principal of an [`super::Estate`].
    PrincipalId
}
index! {
    /// A resource of an [`super::Estate`].
    ResourceId
}
index! {
    /// A scope of an [`super::Estate`].
    ScopeId
}
index! {
    /// A policy of an [`super::Estate`].
    PolicyId
}
