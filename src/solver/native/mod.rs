//! The native decision procedure: classes of values, then splitting.
