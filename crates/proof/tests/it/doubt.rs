//! In doubt.
