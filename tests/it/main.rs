//! The daemon over its public names: real sockets, real files, real signatures.

mod harness;
mod process;

mod dashboard;
mod export;
mod generate;
mod ingress;
mod store;

mod actions;
mod cli;
mod cli_model;
mod crash;
mod doctor;
mod doctor_checks;
mod faults;
mod journeys;
mod parallel_run;
mod replayed;
mod rulebook;
mod tidy;
mod undo;
