//! What every stand-in desk is furnished with: the same groups, agents, tags and fields under each platform's own
//! ids and names.

/// Brands (Freshdesk: products); every Zendesk ticket is of the first.
pub const BRANDS: [&str; 2] = ["Main store", "Outlet"];

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

/// Companies: name, the domain of their people's addresses, and the plan they pay for. Customers elsewhere belong to
/// none.
pub const COMPANIES: [(&str, &str, &str); 2] =
    [("Kestrel Systems", "kestrel.example", "enterprise"), ("Juniper Bakery", "juniper.example", "starter")];

/// The company of the person at this address, by its place in [`COMPANIES`].
pub fn company(email: &str) -> Option<usize> {
    let (_, host) = email.rsplit_once('@')?;
    COMPANIES.iter().position(|(_, domain, _)| host.eq_ignore_ascii_case(domain))
}

/// Several of these may be chosen at once; the labels are the same words capitalised.
pub const TOPICS: [&str; 3] = ["refunds", "delivery", "hardware"];

/// Where the agent with this address stands in [`AGENTS`].
pub fn agent(email: &str) -> Option<usize> {
    AGENTS.iter().position(|(_, known)| known.eq_ignore_ascii_case(email.trim()))
}
