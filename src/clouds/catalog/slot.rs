//! Where the program keeps a catalog: decoded on first use, at most once, replaceable before that.

use super::{CatalogError, Damage};
use std::sync::OnceLock;

/// A catalog that is decoded when somebody first asks for it.
#[derive(Debug)]
pub(crate) struct Slot<T: 'static> {
    id: &'static str,
    shipped: &'static [u8],
    decode: fn(&[u8]) -> Result<T, Damage>,
    loaded: OnceLock<Result<T, CatalogError>>,
    empty: OnceLock<T>,
}

impl<T: Default> Slot<T> {
    /// A slot for the part `id`, shipped as `shipped`.
    pub(crate) const fn new(
        id: &'static str,
        shipped: &'static [u8],
        decode: fn(&[u8]) -> Result<T, Damage>,
    ) -> Slot<T> {
        Slot { id, shipped, decode, loaded: OnceLock::new(), empty: OnceLock::new() }
    }

    /// The catalog, or why it cannot be read.
    pub(crate) fn get(&'static self) -> Result<&'static T, CatalogError> {
        let loaded = self.loaded.get_or_init(|| self.decode(self.shipped));
        loaded.as_ref().map_err(Clone::clone)
    }

    /// The catalog, or an empty one when it cannot be read.
    pub(crate) fn get_or_empty(&'static self) -> &'static T {
        self.get().unwrap_or_else(|_| self.empty.get_or_init(T::default))
    }

    /// Puts another catalog in the place of the shipped one.
    pub(crate) fn install(&'static self, bytes: &[u8]) -> Result<(), CatalogError> {
        let decoded = self.decode(bytes)?;
        let late = |_| CatalogError::new(self.id, "is already in use and cannot be replaced any more");
        self.loaded.set(Ok(decoded)).map_err(late)
    }

    /// Decodes `bytes` as this slot's part.
    pub(crate) fn decode(&self, bytes: &[u8]) -> Result<T, CatalogError> {
        (self.decode)(bytes).map_err(|damage| CatalogError::damaged(self.id, damage))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(bytes: &[u8]) -> Result<usize, Damage> {
        if bytes.is_empty() { Err(Damage("it is empty")) } else { Ok(bytes.len()) }
    }

    #[test]
    fn the_shipped_catalog_is_used_unless_another_came_first() {
        static SHIPPED: Slot<usize> = Slot::new("sample", b"abc", length);
        assert_eq!(SHIPPED.get(), Ok(&3));
        assert!(SHIPPED.install(b"four").is_err());

        static REPLACED: Slot<usize> = Slot::new("sample", b"abc", length);
        assert!(REPLACED.install(b"").is_err());
        assert_eq!(REPLACED.install(b"four"), Ok(()));
        assert_eq!(REPLACED.get(), Ok(&4));
    }

    #[test]
    fn a_broken_catalog_is_an_error_and_an_empty_catalog() {
        static BROKEN: Slot<usize> = Slot::new("sample", b"", length);
        let error = BROKEN.get().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the catalog `sample` cannot be read: it is empty; \
             rebuild it with `leastwise catalog build` or reinstall leastwise"
        );
        assert_eq!(BROKEN.get_or_empty(), &0);
    }
}
