//! The cloud-neutral vocabulary: estate, principals, resources, scopes, grants, requests, usage, origins, gaps.
//!
//! Invariant: Holds data and lookups only; decides nothing.
