//! Notices that files have new contents, and when they have come to rest.
//!
//! It reads the few small files it watches once an interval and compares digests. Nothing finer is
//! as sturdy: editors replace a file by renaming another over it, and Kubernetes swaps a symbolic
//! link far above it, so that whoever waits for events on the path waits on something that is no
//! longer there. A file that is missing or half written for a moment is no news; contents are, once
//! they stay the same from one look to the next. It never reads what it watches beyond the digest.

use std::path::PathBuf;
use std::time::Duration;

use sha2::{Digest, Sha256};

/// The interval between two readings of the files.
pub const INTERVAL: Duration = Duration::from_secs(1);

type Contents = Vec<Option<[u8; 32]>>;

/// Files that are watched.
#[derive(Debug)]
pub struct Watch {
    paths: Vec<PathBuf>,
    /// Of these, those that may be missing; they stand last.
    optional: usize,
    /// The contents that were last reported or begun with.
    known: Contents,
    interval: Duration,
}

impl Watch {
    /// Watches these files from how they are now. The `optional` ones may come and go.
    pub fn new(mut paths: Vec<PathBuf>, optional: Vec<PathBuf>, interval: Duration) -> Self {
        let number = optional.len();
        paths.extend(optional);
        let known = contents(&paths);
        Self { paths, optional: number, known, interval }
    }

    /// Takes what is there now as known: somebody has just read it.
    pub fn catch_up(&mut self) {
        self.known = contents(&self.paths);
    }

    fn whole(&self, now: &Contents) -> bool {
        now.iter().take(now.len() - self.optional).all(Option::is_some)
    }

    /// Returns once all files that must be there are, hold something else than before, and have not
    /// changed for an interval. Safe to drop at any moment.
    pub async fn changed(&mut self) {
        let mut last = self.known.clone();
        loop {
            tokio::time::sleep(self.interval).await;
            let paths = self.paths.clone();
            let Ok(now) = tokio::task::spawn_blocking(move || contents(&paths)).await else { continue };
            if now != self.known && now == last && self.whole(&now) {
                self.known = now;
                return;
            }
            last = now;
        }
    }
}

fn contents(paths: &[PathBuf]) -> Contents {
    paths.iter().map(|path| std::fs::read(path).ok().map(|bytes| Sha256::digest(bytes).into())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(5);

    async fn quiet(watch: &mut Watch) -> bool {
        tokio::time::timeout(SHORT * 20, watch.changed()).await.is_err()
    }

    #[tokio::test]
    async fn a_renamed_file_and_a_swapped_link_are_noticed_and_an_absence_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for (name, text) in [("v1", "one"), ("v2", "two")] {
            std::fs::create_dir(at(name)).unwrap();
            std::fs::write(at(name).join("rules.yaml"), text).unwrap();
        }
        // As a mounted ConfigMap: the file's folder is a link that is swapped as a whole.
        std::os::unix::fs::symlink(at("v1"), at("data")).unwrap();
        let path = at("data").join("rules.yaml");
        let mut watch = Watch::new(vec![path.clone()], vec![at("not-yet")], SHORT);
        assert!(quiet(&mut watch).await);

        std::os::unix::fs::symlink(at("v2"), at("next")).unwrap();
        std::fs::rename(at("next"), at("data")).unwrap();
        watch.changed().await;
        assert!(quiet(&mut watch).await, "once");

        std::fs::remove_file(&path).unwrap();
        assert!(quiet(&mut watch).await, "a file that is gone is no news");
        std::fs::write(at("temporary"), "three").unwrap();
        std::fs::rename(at("temporary"), &path).unwrap();
        watch.changed().await;

        std::fs::write(at("not-yet"), "there").unwrap();
        watch.changed().await;
        std::fs::remove_file(at("not-yet")).unwrap();
        watch.changed().await;

        std::fs::write(&path, "four").unwrap();
        watch.catch_up();
        assert!(quiet(&mut watch).await, "what somebody has read already is no news");
    }
}
