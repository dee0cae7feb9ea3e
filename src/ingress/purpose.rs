//! What a listener is for.

/// What a listener is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Webhooks, from the internet.
    Hooks,
    /// Health, metrics and the dashboard.
    Admin,
}

impl Purpose {
    /// Every purpose.
    pub const ALL: [Self; 2] = [Self::Hooks, Self::Admin];

    /// Returns the listener's section in the settings.
    pub fn section(self) -> &'static str {
        match self {
            Self::Hooks => "server",
            Self::Admin => "admin",
        }
    }
}
