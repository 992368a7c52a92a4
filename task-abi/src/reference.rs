//! The table as documentation, C header and Rust imports.
