//! The daemon over its public names: real sockets, real files, real signatures.

mod ingress;
