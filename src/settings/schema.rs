//! The JSON Schema of the settings, for editors. It knows keys, shapes and what they mean; what a platform wants of an
//! account only `check` knows.

mod listeners;

use deskbridge_connectors::Platform;
use serde_json::{Map, Value, json};

use crate::domain::mode::Mode;

/// The schema of a settings file.
pub fn schema() -> Value {
    let mut root = section(
        "The settings of deskbridge. Every key can also be set as DESKBRIDGE__SECTION__KEY.",
        vec![
            ("server", listeners::server()),
            ("admin", listeners::admin()),
            (
                "store",
                section(
                    "Where deliveries and decisions are kept.",
                    vec![("url", text("`sqlite:` and a file. Default: sqlite:deskbridge.db."))],
                ),
            ),
            (
                "model",
                required(
                    &["bundle"],
                    section(
                        "The model and how it runs.",
                        vec![
                            ("bundle", text("The folder that `deskbridge train` writes.")),
                            (
                                "challenger",
                                text(
                                    "A second bundle's folder: asked about every ticket too, decides nothing, and stands beside the first in the report.",
                                ),
                            ),
                            ("runtime", text("The ONNX Runtime library; searched for when left out.")),
                            (
                                "threads",
                                count(
                                    "Tickets classified at the same time, one thread each. Default: the cores, at most 4.",
                                    1,
                                ),
                            ),
                        ],
                    ),
                ),
            ),
            ("rulebook", text("The rulebook's file.")),
            (
                "sweep",
                section(
                    "Looking for tickets whose webhook never came.",
                    vec![
                        (
                            "enabled",
                            json!({ "description": "Whether to look. Default: true.", "type": "boolean" }),
                        ),
                        ("every", duration("How often each platform is looked through. Default: 5m.")),
                        (
                            "lag",
                            duration(
                                "How late a webhook may be. Younger tickets are not looked for. Default: 2m.",
                            ),
                        ),
                    ],
                ),
            ),
            (
                "settling",
                section(
                    "When the agents' own values are final, and where they are found.",
                    vec![
                        (
                            "after",
                            duration(
                                "A ticket nobody touched for so long has settled, as a solved one has. Default: 3d.",
                            ),
                        ),
                        (
                            "every",
                            duration("How often tickets that may have settled are looked for. Default: 15m."),
                        ),
                        (
                            "heads",
                            json!({
                                "description": "Where the agents' own choice of a head is found: priority, group, a field, or tags.",
                                "type": "object",
                                "additionalProperties": { "anyOf": [
                                    { "enum": ["priority", "group"] },
                                    { "type": "object", "properties": { "field": { "type": "string" } }, "required": ["field"], "additionalProperties": false },
                                    { "type": "object", "properties": { "tags": { "type": "array", "items": { "type": "string" } } }, "required": ["tags"], "additionalProperties": false },
                                ] },
                            }),
                        ),
                        (
                            "values",
                            json!({
                                "description": "By head: the platform's value to our label, where they differ by more than case, spaces, - and _.",
                                "type": "object",
                                "additionalProperties": { "type": "object", "additionalProperties": { "type": "string" } },
                            }),
                        ),
                    ],
                ),
            ),
            (
                "review",
                section(
                    "The review queue of the dashboard.",
                    vec![(
                        "tickets",
                        text(
                            "The tickets file that reviewed tickets are written to, .jsonl. Default: reviewed.jsonl beside the store.",
                        ),
                    )],
                ),
            ),
            (
                "promotion",
                section(
                    "What it takes for a label to act, and to be stopped.",
                    vec![
                        ("file", text("The promoted labels. Default: promotions.yaml beside the rulebook.")),
                        (
                            "required",
                            flag(
                                "Whether labels stay in shadow also while there is no such file. Default: false.",
                            ),
                        ),
                        (
                            "min_tickets",
                            count("Tickets that a label must have been held against. Default: 30.", 1),
                        ),
                        ("target", share("The precision its lower 95 % bound must reach. Default: 0.96.")),
                        (
                            "max_override",
                            share(
                                "The share of a live label's writes that people may override. Default: 0.1.",
                            ),
                        ),
                    ],
                ),
            ),
            ("mode", mode("The ceiling for all accounts. Default: shadow.")),
            (
                "log",
                section(
                    "What is logged and how.",
                    vec![
                        (
                            "format",
                            json!({ "description": "Readable lines, or one JSON object a line. Default: text.", "enum": ["text", "json"] }),
                        ),
                        ("level", text("error, warn, info, debug or trace, or directives. Default: info.")),
                    ],
                ),
            ),
            (
                "worker",
                section(
                    "How work is done.",
                    vec![
                        ("count", count("Tickets worked on at once. Default: 4.", 1)),
                        (
                            "lease",
                            duration("After this a crashed worker's ticket is taken up again. Default: 60s."),
                        ),
                        ("max_attempts", count("Then a delivery is set aside. Default: 8.", 1)),
                        ("max_age", duration("Likewise, whatever the attempts. Default: 24h.")),
                        (
                            "call_timeout",
                            duration("For one call to a platform; shorter than the lease. Default: 20s."),
                        ),
                    ],
                ),
            ),
            (
                "accounts",
                json!({
                    "description": "One entry an account; its name is the last part of its webhook address, /hooks/<name>.",
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": account(),
                }),
            ),
        ],
    );
    root["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    root["title"] = "deskbridge settings".into();
    root["type"] = "object".into();
    // What may also come from the environment is not required of the file; an editor would underline it for nothing.
    root
}

fn account() -> Value {
    let webhook = secret(
        "secrets",
        "The signing secrets; several are accepted at once, for rotation.",
        vec![
            ("tolerance", duration("How old a signed delivery may be.")),
            ("token_header", text("The header that carries a token.")),
        ],
    );
    let webhook = secret("tokens", "Tokens accepted in that header.", webhook);
    let basic = secret("password", "The password.", vec![("username", text("The user name."))]);
    let webhook = [webhook, vec![("basic_auth", section("A user name and password.", basic))]].concat();
    let credentials =
        vec![("client_id", text("The OAuth client.")), ("email", text("The agent of the API token."))];
    let credentials = ["client_secret", "api_token", "access_token", "api_key"]
        .into_iter()
        .fold(credentials, |keys, key| secret(key, "A credential.", keys));
    let segment = section(
        "How customers are told apart.",
        vec![
            ("field", text("The dotted field on the platform, as in organization.plan.")),
            (
                "map",
                json!({ "description": "The platform's value to our word.", "type": "object", "additionalProperties": text("Our word.") }),
            ),
            ("default", text("Our word where the field is empty or holds something else.")),
        ],
    );
    section(
        "One account.",
        vec![
            (
                "platform",
                json!({ "description": "Its platform.", "enum": Platform::ALL.map(Platform::as_str) }),
            ),
            ("base_url", text("Scheme and host; http:// is for this machine only.")),
            ("mode", mode("The stricter of this and the ceiling counts. Default: shadow.")),
            ("webhook", section("How its deliveries are verified.", webhook)),
            (
                "credentials",
                section(
                    "One complete set: { client_id, client_secret }, { email, api_token }, { access_token } or { api_key }.",
                    credentials,
                ),
            ),
            (
                "allow_public_replies",
                json!({ "description": "Whether a rule may answer the customer. Default: false.", "type": "boolean" }),
            ),
            ("api_version", text("The API version to pin.")),
            ("app_id", text("The workspace that deliveries must name.")),
            ("admin_id", text("The teammate on whose behalf changes are made.")),
            ("segment", segment),
            (
                "suggestion_field",
                text(
                    "A text field of the ticket that agents are told suggestions in, instead of a private note.",
                ),
            ),
            (
                "reply_limit",
                json!({
                    "description": "Public answers of one template a requester gets within a day, over all \
                         tickets of the account; off for any number. Default: 1.",
                    "anyOf": [{ "type": "integer", "minimum": 1, "maximum": 1000 }, { "enum": ["off"] }],
                }),
            ),
            ("allow_from", networks("The networks that its webhooks may come from; anywhere when left out.")),
            (
                "agents_share",
                json!({
                    "description": "The share of the platform's call limit that is left to agents and other programs. Default: 0.5.",
                    "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1,
                }),
            ),
        ],
    )
}

type Keys = Vec<(&'static str, Value)>;

fn section(description: &str, keys: Keys) -> Value {
    let properties: Map<String, Value> =
        keys.into_iter().map(|(key, schema)| (key.to_owned(), schema)).collect();
    json!({ "description": description, "type": ["object", "null"], "additionalProperties": false, "properties": properties })
}

fn required(keys: &[&str], mut section: Value) -> Value {
    section["required"] = keys.into();
    section
}

/// The key, and the same with `_file`, which names a file that holds it.
fn secret(key: &'static str, description: &str, mut keys: Keys) -> Keys {
    let (own, file) = SECRETS.into_iter().find(|(own, _)| *own == key).unwrap_or((key, key));
    let word = json!({ "type": ["string", "number"] });
    let many = json!({ "description": description, "anyOf": [word, { "type": "array", "items": word }] });
    keys.push((own, if own.ends_with('s') { many } else { text(description) }));
    keys.push((file, text(&format!("{description} A file that holds it, instead of `{own}`."))));
    keys
}

const SECRETS: [(&str, &str); 8] = [
    ("token", "token_file"),
    ("secrets", "secrets_file"),
    ("tokens", "tokens_file"),
    ("password", "password_file"),
    ("client_secret", "client_secret_file"),
    ("api_token", "api_token_file"),
    ("access_token", "access_token_file"),
    ("api_key", "api_key_file"),
];

fn text(description: &str) -> Value {
    json!({ "description": description, "type": ["string", "number", "boolean"] })
}

fn address(default: &str) -> Value {
    text(&format!("An IP address and a port. Default: {default}."))
}

fn count(description: &str, least: usize) -> Value {
    json!({ "description": description, "type": "integer", "minimum": least })
}

fn networks(description: &str) -> Value {
    let one = json!({ "type": "string" });
    json!({ "description": description, "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] })
}

fn flag(description: &str) -> Value {
    json!({ "description": description, "type": "boolean" })
}

fn share(description: &str) -> Value {
    json!({ "description": description, "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1 })
}

fn duration(description: &str) -> Value {
    json!({ "description": description, "type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$" })
}

fn mode(description: &str) -> Value {
    json!({ "description": description, "enum": Mode::ALL.map(Mode::as_str) })
}
