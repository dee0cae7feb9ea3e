//! The integration tests: one crate, so that the program is linked once.

mod ingress;
mod store;
