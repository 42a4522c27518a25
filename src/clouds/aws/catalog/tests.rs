//! Lookup, encoding and reading, on small fixtures and on the shipped parts.
