//! What every stand-in desk is furnished with: the same groups, agents, tags and fields under each platform's own
//! ids and names.

/// Groups or teams, by name.
pub const GROUPS: [&str; 7] =
    ["Billing", "Technical Support", "Account Care", "Logistics", "Returns", "Sales", "Customer Voice"];

/// Agents: name and address. The first is the bridge's own identity on every desk.
pub const AGENTS: [(&str, &str); 3] = [
    ("Deskbridge", "deskbridge@desk.example"),
    ("Ada Lovelace", "ada@desk.example"),
    ("Grace Hopper", "grace@desk.example"),
];

/// The stored values of the category dropdown; the labels are the same words capitalised.
pub const CATEGORIES: [&str; 7] =
    ["billing", "technical", "account", "shipping", "returns", "sales", "feedback"];

/// Label of a stored category value.
pub fn label(category: &str) -> String {
    let mut letters = category.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}
