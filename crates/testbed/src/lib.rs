//! A PostgreSQL cluster of one's own, for tests and benches.
