//! Coverage-guided fuzzing of everything that reads outside bytes: `make fuzz`, and a bounded run of it in `make test`.
//!
//! One program for all targets, because linking is what takes long; `DESKBRIDGE_FUZZ` names the target. A target holds what must be
//! true of any bytes at all: no panic, no hang, and what else its function says. The corpora beside this file are what earlier
//! runs found worth keeping, and each begins with real files of its kind.

#![no_main]

mod answers;
mod deliveries;
mod files;
mod mails;

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;

/// Takes any bytes.
type Target = fn(&[u8]);

/// Every target, by its corpus' name.
const TARGETS: [(&str, Target); 8] = [
    ("verify", deliveries::verify),
    ("wire", deliveries::wire),
    ("answers", answers::answers),
    ("mails", mails::mails),
    ("rulebook", files::rulebook),
    ("settings", files::settings),
    ("tickets", files::tickets),
    ("manifest", files::manifest),
];

#[expect(clippy::disallowed_methods, reason = "libFuzzer has the command line for itself")]
fn named() -> Target {
    let named = std::env::var("DESKBRIDGE_FUZZ").unwrap_or_default();
    let found = TARGETS.iter().find(|(name, _)| *name == named);
    let known = TARGETS.map(|(name, _)| name).join(", ");
    found.unwrap_or_else(|| panic!("DESKBRIDGE_FUZZ is `{named}`; it names one of {known}")).1
}

static TARGET: OnceLock<Target> = OnceLock::new();

fuzz_target!(|data: &[u8]| TARGET.get_or_init(named)(data));
