//! Microsoft Azure: the catalog only; evaluation is not built yet.
