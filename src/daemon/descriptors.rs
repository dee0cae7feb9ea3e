//! Open files: the limit is raised as far as this user may, and connections get what the rest of
//! the daemon leaves.
//!
//! The store, calls to the platforms and files that are read again each need descriptors. If
//! connections could take all of them, whoever connects often enough could stop the work.

use super::Settings;

/// Kept for the runtime, the logs, the store's files and files that are read again.
const RESERVE: usize = 64;

/// Kept per account for connections to its platform.
const PER_ACCOUNT: usize = 4;

/// Connections beyond a listener's cap that are about to end: turned away, or closed for others.
const SPARE: usize = 32;

/// The number of connections that each listener may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shares {
    pub(super) hooks: usize,
    pub(super) hooks_per_peer: usize,
    pub(super) admin: usize,
    pub(super) spare: usize,
}

/// The numbers that the settings ask for.
#[derive(Clone, Copy, Debug)]
struct Asked {
    hooks: usize,
    hooks_per_peer: usize,
    admin: usize,
    /// Descriptors for work: a call per worker, and connections to each platform.
    work: usize,
}

/// Raises the limit of open files as far as this user may. Without it a shell's 1,024 would bound
/// connections, whatever the settings say.
pub fn raise() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        // If it cannot be raised it stays as it is, and connections are bounded by that.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
    }
}

/// Returns how many files this process may open; `None` if there is no limit.
fn allowed() -> Option<usize> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit};
        getrlimit(Resource::Nofile).current.map(|allowed| usize::try_from(allowed).unwrap_or(usize::MAX))
    }
    #[cfg(not(unix))]
    None
}

/// Divides the descriptors that this process may open, and logs the result.
pub(super) fn divide(settings: &Settings) -> Shares {
    let asked = Asked {
        hooks: settings.server.max_connections,
        hooks_per_peer: settings.server.max_connections_per_peer,
        admin: settings.admin.max_connections,
        work: settings.worker.count + PER_ACCOUNT * settings.accounts.len(),
    };
    let allowed = allowed();
    let shares = asked.share(allowed.unwrap_or(usize::MAX));
    tracing::info!(
        open_files = allowed,
        server_connections = shares.hooks,
        server_connections_per_peer = shares.hooks_per_peer,
        admin_connections = shares.admin,
        "connections are limited"
    );
    if shares.hooks < asked.hooks || shares.admin < asked.admin {
        let needed = asked.hooks + asked.admin + asked.reserve(SPARE);
        tracing::warn!(
            allowed,
            needed,
            "fewer files may be open than server.max_connections asks for; raise `ulimit -n` or lower the setting"
        );
    }
    shares
}

impl Asked {
    /// Returns the descriptors that connections must leave. Each listener needs the spare ones
    /// twice.
    fn reserve(&self, spare: usize) -> usize {
        RESERVE + self.work + 4 * spare
    }

    fn share(&self, allowed: usize) -> Shares {
        let spare = SPARE.min(allowed / 32).max(1);
        let left = allowed - self.reserve(spare).min(allowed / 2);
        let admin = self.admin.min(left / 4).max(1);
        let hooks = self.hooks.min(left.saturating_sub(admin)).max(1);
        // A peer has the same share of fewer connections.
        let hooks_per_peer = (self.hooks_per_peer * hooks / self.hooks.max(1)).max(1);
        Shares { hooks, hooks_per_peer, admin, spare }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Asked = Asked { hooks: 512, hooks_per_peer: 128, admin: 64, work: 16 };

    #[test]
    fn a_usual_limit_gives_what_is_asked_for() {
        let asked_for = Shares { hooks: 512, hooks_per_peer: 128, admin: 64, spare: 32 };
        for allowed in [1024, 20_000, usize::MAX] {
            assert_eq!(ASKED.share(allowed), asked_for, "{allowed}");
        }
    }

    #[test]
    fn a_lower_setting_is_kept() {
        let asked = Asked { hooks: 8, hooks_per_peer: 2, admin: 3, ..ASKED };
        assert_eq!(asked.share(20_000), Shares { hooks: 8, hooks_per_peer: 2, admin: 3, spare: 32 });
    }

    #[test]
    fn whatever_the_limit_connections_leave_descriptors_for_the_work() {
        for allowed in 2..2000 {
            let shares = ASKED.share(allowed);
            let taken = shares.hooks + shares.admin + 4 * shares.spare;
            assert!(
                shares.hooks >= 1 && shares.hooks_per_peer >= 1 && shares.admin >= 1,
                "{allowed}: {shares:?}"
            );
            assert!(shares.hooks_per_peer <= shares.hooks, "{allowed}: {shares:?}");
            if allowed >= 64 {
                let left = allowed.saturating_sub(taken);
                assert!(left >= (RESERVE + ASKED.work).min(allowed / 3), "{allowed}: {shares:?}");
            }
        }
    }
}
