//! What clouds work out from a whole estate once and ask for with every question: who owns which names, say.

use std::any::{Any, TypeId};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// One value of each type. A copy begins empty, and so does an estate that changes.
#[derive(Default)]
pub(super) struct Derived(Mutex<BTreeMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl Clone for Derived {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Derived {
    /// Forgets everything, because what it was worked out from changed.
    pub(super) fn forget(&mut self) {
        let values = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        if !values.is_empty() {
            values.clear();
        }
    }

    /// The value of that type; `make` is called when there is none yet, and may ask for values of other types.
    pub(super) fn get<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        if let Some(ready) = self.find() {
            return ready;
        }
        let made = Arc::new(make());
        let mut values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        values.insert(TypeId::of::<T>(), made.clone());
        made
    }

    fn find<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let values = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        values.get(&TypeId::of::<T>())?.clone().downcast().ok()
    }
}
