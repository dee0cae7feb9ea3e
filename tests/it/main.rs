//! The daemon over its public names: real sockets, real files, real signatures.

mod harness;
mod process;

mod dashboard;
mod echo;
mod export;
mod figures;
mod generate;
mod ingress;
mod store;

mod access;
mod actions;
mod besieged;
mod challenger;
mod chats;
mod cli;
mod cli_model;
mod crash;
mod disk;
mod doctor;
mod doctor_checks;
mod faults;
mod forget;
mod hostile;
mod journeys;
mod machines;
mod outage;
mod overload;
mod pacing;
mod parallel_run;
mod private;
mod race;
mod refusals;
mod replayed;
mod rooms;
mod rulebook;
mod starter;
mod store_files;
mod sweep;
mod terminal;
mod tidy;
mod undo;
