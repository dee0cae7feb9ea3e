//! The ONNX Runtime library: where it is, and loading it once.
//!
//! It is a shared library of its own, loaded at start-up, so that the build needs no network and users can swap it.
//! A process has one; whatever the path says, a failure is an error with a remedy and never a panic.
//! Reads no environment: `ORT_DYLIB_PATH` comes in as an argument.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use ort::environment::Environment;

use crate::error::Error;

/// What the library is called here.
pub const LIBRARY: &str = if cfg!(target_os = "macos") {
    "libonnxruntime.dylib"
} else if cfg!(target_os = "windows") {
    "onnxruntime.dll"
} else {
    "libonnxruntime.so"
};

/// Where the system's own loader is known to look; it is asked last.
const SYSTEM: [&str; 6] = [
    "/usr/local/lib",
    "/usr/lib",
    "/usr/lib64",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/opt/homebrew/lib",
];

/// The one library of this process, and where it came from.
static LOADED: Mutex<Option<(PathBuf, Environment)>> = Mutex::new(None);

/// A loaded ONNX Runtime; cheap to clone.
#[derive(Clone, Debug)]
pub struct Runtime {
    environment: Environment,
    path: PathBuf,
}

impl Runtime {
    /// Finds the library: what the settings say, what `ORT_DYLIB_PATH` says, beside the binary, in the project's
    /// `onnx/runtime`, where the system keeps libraries; the first that exists.
    ///
    /// A path that was asked for by name (the first two) must exist: falling through to another library in silence
    /// would hide a typing error.
    ///
    /// # Errors
    /// [`Error::Runtime`] listing every place and what to do.
    pub fn locate(
        explicit: Option<&Path>,
        from_environment: Option<&Path>,
        beside_binary: &Path,
        project: &Path,
    ) -> Result<PathBuf, Error> {
        for (source, named) in [("model.runtime", explicit), ("ORT_DYLIB_PATH", from_environment)] {
            let Some(named) = named.filter(|path| !path.as_os_str().is_empty()) else { continue };
            let path = if named.is_dir() { named.join(LIBRARY) } else { named.to_path_buf() };
            return if path.is_file() {
                Ok(path)
            } else {
                Err(Error::Runtime(format!("{source} names {}, which is not there", path.display())))
            };
        }
        let places = [beside_binary.join(LIBRARY), project.join("onnx/runtime").join(LIBRARY)]
            .into_iter()
            .chain(SYSTEM.iter().map(|folder| Path::new(folder).join(LIBRARY)));
        let mut looked = Vec::new();
        for place in places {
            if place.is_file() {
                return Ok(place);
            }
            looked.push(format!("\n  {}", place.display()));
        }
        Err(Error::Runtime(format!(
            "no library found; run `make setup`, or set `model.runtime` (or ORT_DYLIB_PATH) to {LIBRARY}. Looked at:{}",
            looked.concat()
        )))
    }

    /// Loads the library; asking again for the same path gives the same one.
    ///
    /// # Errors
    /// [`Error::Runtime`] when the file is no library, too old, or the process already uses another one.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let wrong = |what: String| Error::Runtime(format!("{}: {what}", path.display()));
        let path = path.canonicalize().map_err(|e| wrong(format!("{e}; `make setup` fetches it")))?;
        let mut loaded = LOADED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((first, environment)) = &*loaded {
            return if *first == path {
                Ok(Self { environment: environment.clone(), path })
            } else {
                Err(wrong(format!("this process already uses {}; restart to change", first.display())))
            };
        }
        let environment = ort::init_from(&path)
            .map_err(|e| wrong(remedy(&e)))?
            .with_name("deskbridge")
            .with_telemetry(false)
            .build()
            .map_err(|e| wrong(e.to_string()))?;
        *loaded = Some((path.clone(), environment.clone()));
        Ok(Self { environment, path })
    }

    /// The library's file, with links resolved.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }
}

fn remedy(error: &ort::LoadDynamicError) -> String {
    match error {
        ort::LoadDynamicError::BadVersion { version_str, .. } => format!(
            "this is ONNX Runtime {version_str}, 1.{} or newer is needed; `make setup` fetches one",
            ort::MINOR_VERSION
        ),
        ort::LoadDynamicError::Dlopen { .. } => {
            "not a shared library that loads on this machine; `make setup` fetches one".into()
        }
        _ => "a shared library, but not ONNX Runtime; `make setup` fetches one".into(),
    }
}

// Not `runtime/tests.rs`: that folder is where the fetched library lies.
#[cfg(test)]
#[path = "runtime_tests.rs"]
mod tests;
