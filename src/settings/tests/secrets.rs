//! Secrets that can be guessed, and files with secrets that others may read.

use super::*;

#[test]
fn secrets_that_can_be_guessed_are_warned_about() {
    let webhook = |written: &str| account().replace("secrets: [s3cr3t-one-that-nobody-guesses]", written);
    let warned = |text: String, environment: &[(&str, &str)]| {
        let found = load(&text, environment).unwrap_or_else(|found| panic!("{}", shown(&found.problems))).1;
        assert!(found.iter().all(|one| one.severity == Severity::Warning && one.snippet.is_none()));
        assert!(found.iter().all(|one| one.help.as_ref().unwrap().contains("openssl rand")));
        found.into_iter().map(|one| one.message).collect::<Vec<_>>()
    };
    let short = |what: &str| format!("`{what}` is shorter than 16 characters and can be guessed");
    let simple = |what: &str| format!("`{what}` repeats a few characters and can be guessed");
    let fine = format!("{BASE}{}", account());
    assert_eq!(warned(fine.clone(), &[]), [""; 0]);
    assert_eq!(warned(format!("{BASE}admin: {{ token: x }}\n{}", account()), &[]), [short("admin.token")]);
    let secrets = "accounts.acme.webhook.secrets";
    assert_eq!(warned(format!("{BASE}{}", webhook("secrets: [x]")), &[]), [short(secrets)]);
    assert_eq!(
        warned(
            format!(
                "{BASE}{}",
                webhook("secrets: [fifteen-letters, 0123456789abcdef, abababababababababab]")
            ),
            &[]
        ),
        [short(secrets), simple(secrets)]
    );
    assert_eq!(
        warned(fine.clone(), &[("DESKBRIDGE__ADMIN__TOKEN", "hunter2")]),
        [short("admin.token")],
        "from the environment too"
    );
    // What a platform has made is not the user's to choose.
    assert_eq!(warned(fine.replace("client_secret: s3cr3t-two", "client_secret: s"), &[]), [""; 0]);
}

#[cfg(unix)]
#[test]
fn files_with_secrets_that_others_may_read_are_warned_about() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let set = |name: &str, mode| {
        std::fs::set_permissions(at(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    std::fs::write(at("token"), "a token that is long enough\n").unwrap();
    std::fs::write(at("d.yaml"), format!("{BASE}admin: {{ token_file: {:?} }}\n{}", at("token"), account()))
        .unwrap();
    let warned = || {
        let found = Settings::load(&at("d.yaml"), Vec::new());
        let found = found.unwrap_or_else(|found| panic!("{}", shown(&found.problems))).1;
        found.into_iter().map(|one| (one.line, one.message, one.help.unwrap_or_default())).collect::<Vec<_>>()
    };
    for (mode, told) in [(0o600, 0), (0o640, 0), (0o644, 2), (0o666, 2), (0o602, 2), (0o604, 2)] {
        set("token", mode);
        set("d.yaml", mode);
        let found = warned();
        assert_eq!(found.len(), told, "{mode:o}: {found:?}");
        for (line, message, help) in found {
            assert!(line > 0 && message.contains(&format!("(mode {mode:04o})")), "{message}");
            assert!(help.contains("chmod 600"), "{help}");
        }
    }
    // Settings without a secret of their own may be read by everybody.
    let own = std::fs::read_to_string(at("d.yaml")).unwrap();
    let moved = own
        .replace("secrets: [s3cr3t-one-that-nobody-guesses]", &format!("secrets_file: {:?}", at("token")))
        .replace("client_secret: s3cr3t-two", &format!("client_secret_file: {:?}", at("token")));
    std::fs::write(at("d.yaml"), moved).unwrap();
    set("token", 0o600);
    set("d.yaml", 0o644);
    assert_eq!(warned(), []);
}
