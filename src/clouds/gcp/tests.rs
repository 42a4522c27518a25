//! How the bindings decide: concrete and symbolic side by side.
