//! Activity logs of the clouds, reduced to who used which action on which resource.
//!
//! Invariant: Denied calls are not use; what cannot be mapped is listed, never dropped.
