//! The last step of every way to a bundle: heads, lexicon and manifest beside an encoder that is in place, then all of it
//! moved to where it serves.
//!
//! Built in a folder of its own inside the bundle's, so that an earlier bundle stays whole until the very end.

use std::path::Path;

use super::export;
use super::fit::Linear;
use super::margin::Margins;
use super::problem::Problem;
use super::scope::Scope;
use crate::bundle::{FORMAT, HEADS, HeadEntry, LEXICON, Manifest, TOKENIZER, Training};
use crate::digest::ModelDigest;
use crate::encode::{Manners, Tokens};
use crate::error::Error;
use crate::lexicon::{self, Lexicon};
use crate::runtime::Runtime;

/// What a bundle is made of, apart from encoder and tokenizer.
pub(crate) struct Parts {
    /// The encoder's name, for people.
    pub(crate) encoder: String,
    pub(crate) manners: Manners,
    pub(crate) heads: Vec<(HeadEntry, Linear)>,
    /// What the lexicon says, a head each.
    pub(crate) margins: Vec<Margins>,
    pub(crate) lexicon: Lexicon,
    pub(crate) scope: Scope,
    pub(crate) training: Training,
}

/// Calls `build` with an empty folder inside `out`, which is gone afterwards.
///
/// # Errors
/// Those of `build`, or that there can be no such folder.
pub(crate) fn in_a_folder_of_its_own<T>(
    out: &Path,
    build: impl FnOnce(&Path) -> Result<T, Vec<Problem>>,
) -> Result<T, Vec<Problem>> {
    let building = out.join(format!(".building-{}", std::process::id()));
    let built = std::fs::create_dir_all(&building)
        .map_err(|e| vec![Problem::file(&building, e.to_string())])
        .and_then(|()| build(&building));
    // What is left there is of no use, and its going wrong is not what the caller needs to hear.
    let _ = std::fs::remove_dir_all(&building);
    built
}

/// Writes what is missing in `building`, where encoder and tokenizer are, and moves everything to `out`.
///
/// # Errors
/// Which file could not be written, or why the model does not run.
pub(crate) fn assemble(
    parts: Parts,
    building: &Path,
    out: &Path,
    runtime: &Runtime,
) -> Result<ModelDigest, Vec<Problem>> {
    let general = |e: Error| vec![Problem::general(e.to_string())];
    let tokens = Tokens::open(&building.join(TOKENIZER), parts.manners.clone()).map_err(general)?;
    let graph = export::heads_graph(&parts.heads, &parts.scope).map_err(|e| vec![Problem::general(e)])?;
    let heads: Vec<HeadEntry> = parts.heads.into_iter().map(|(entry, _)| entry).collect();
    let lexicon =
        lexicon::write(&parts.lexicon, &export::lexical(&heads, parts.margins, parts.scope.odd.as_ref()));
    let write = |name: &str, bytes: &[u8]| {
        let place = building.join(name);
        crate::files::write_whole(&place, bytes).map_err(|e| vec![Problem::file(&place, e.to_string())])
    };
    write(HEADS, &graph)?;
    write(LEXICON, &lexicon)?;
    let files = export::digests(building).map_err(|e| vec![Problem::file(building, e.to_string())])?;
    let golden = export::golden(building, &heads, &tokens, runtime).map_err(general)?;
    let manifest = Manifest {
        format: FORMAT,
        encoder: parts.encoder,
        max_length: parts.manners.max_length,
        prompt: parts.manners.prompt,
        heads,
        files,
        training: parts.training,
        golden,
    };
    export::publish(building, out, &manifest).map_err(general)
}
