//! Who may knock, over what, and with which secret: TLS on the public listener, the networks an account takes deliveries from, and
//! secrets that change while the daemon runs.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::harness::{House, ONE_OF_EVERYTHING, billing_ticket, wait_until};
use crate::process::{Served, ask, stderr};

/// Makes a certificate for localhost; returns it, for a client to trust.
pub(crate) fn certify(folder: &Path) -> reqwest::Certificate {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("chain.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap()
}

/// A client that trusts this certificate and no other. A new one each time: connections are not kept.
pub(crate) fn trusting(certificate: &reqwest::Certificate) -> reqwest::Client {
    reqwest::Client::builder().no_proxy().tls_certs_only([certificate.clone()]).build().unwrap()
}

fn with_tls(settings: String, folder: &Path) -> String {
    let tls = format!(
        "tls: {{ certificate: {:?}, key: {:?} }}, listen:",
        folder.join("chain.pem"),
        folder.join("key.pem")
    );
    settings.replacen("listen:", &tls, 1)
}

/// Settings for a daemon that is not started; returns their file.
fn settings_with_tls(house: &House) -> PathBuf {
    let config = house.write_settings("shadow", ONE_OF_EVERYTHING, "127.0.0.1:1", "127.0.0.1:2");
    let written = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, with_tls(written, &house.beside(""))).unwrap();
    config
}

#[tokio::test(flavor = "multi_thread")]
async fn the_door_speaks_tls_and_takes_up_a_new_certificate() {
    let house = House::without_a_daemon().await;
    let folder = house.beside("");
    let first = certify(&folder);
    let change = |settings| with_tls(settings, &folder);
    let served = Served::start_changed(&house, "shadow", ONE_OF_EVERYTHING, ":", change).await;
    let (_, port) = served.hooks().rsplit_once(':').unwrap();
    let url = format!("https://localhost:{port}/hooks/zendesk");
    let answer = trusting(&first).head(&url).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, http::Version::HTTP_2));
    let plain = reqwest::Client::builder().no_proxy().build().unwrap();
    assert!(plain.head(url.replace("https", "http")).send().await.is_err(), "plain HTTP is no way in");
    // Who says nothing is not waited for longer than a head may take.
    let silent = tokio::net::TcpStream::connect(served.hooks()).await.unwrap();
    let mut byte = [0];
    let ended = tokio::time::timeout(Duration::from_secs(15), async {
        tokio::io::AsyncReadExt::read(&mut { silent }, &mut byte).await
    });
    assert!(matches!(ended.await, Ok(Ok(0) | Err(_))), "the silent client is cut off");

    let metrics = plain.get(format!("{}/metrics", served.admin)).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("deskbridge_certificate_expiry_timestamp_seconds "), "{metrics}");

    let second = certify(&folder);
    wait_until("the new certificate is used", async || trusting(&second).head(&url).send().await.is_ok())
        .await;
    assert!(trusting(&first).head(&url).send().await.is_err(), "nobody gets the old one any more");
    // One that cannot be used is told, and the good one stays.
    std::fs::write(folder.join("key.pem"), "no key").unwrap();
    wait_until("it is told", async || served.log().contains("the new certificate cannot be used")).await;
    assert!(trusting(&second).head(&url).send().await.unwrap().status().is_success());
    assert!(served.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_cannot_be_used_is_told_by_check() {
    let house = House::without_a_daemon().await;
    let folder = house.beside("");
    let config = settings_with_tls(&house);
    let said = || {
        let output = ask(&["check", "--config", config.to_str().unwrap()], "");
        assert_eq!(output.status.code(), Some(78), "{}", stderr(&output));
        stderr(&output)
    };
    assert!(said().contains("chain.pem"), "{}", said());
    certify(&folder);
    let key = std::fs::read(folder.join("key.pem")).unwrap();
    certify(&folder);
    std::fs::write(folder.join("key.pem"), key).unwrap();
    assert!(said().contains("the key is not the certificate's"), "{}", said());
    std::fs::write(
        folder.join("key.pem"),
        "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n",
    )
    .unwrap();
    assert!(!said().contains("c2VjcmV0"), "{}", said());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_has_ended_is_told_by_doctor() {
    let house = House::without_a_daemon().await;
    let folder = house.beside("");
    let config = settings_with_tls(&house);
    let rows = || {
        let output = tokio::task::block_in_place(|| {
            ask(&["doctor", "--json", "--config", config.to_str().unwrap()], "")
        });
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        said["checks"].as_array().unwrap().iter().find(|row| row["check"] == "certificate").cloned()
    };
    certify(&folder);
    assert_eq!(rows().unwrap()["state"], "fine");
    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2020, 2, 1);
    let key = rcgen::KeyPair::from_pem(&std::fs::read_to_string(folder.join("key.pem")).unwrap()).unwrap();
    std::fs::write(folder.join("chain.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
    let told = rows().unwrap();
    assert_eq!(told["state"], "wrong", "{told}");
    assert!(told["seen"].as_str().unwrap().contains("2020-02-01"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_takes_deliveries_from_its_own_networks() {
    let house = House::without_a_daemon().await;
    let change = |settings: String| {
        settings.replacen("listen:", "trusted_proxies: 127.0.0.1, listen:", 1).replacen(
            "  zendesk:\n",
            "  zendesk:\n    allow_from: [203.0.113.0/24]\n",
            1,
        )
    };
    let served = Served::start_changed(&house, "shadow", ONE_OF_EVERYTHING, ":", change).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    for (account, sender, status) in [
        ("zendesk", None, 403),
        ("zendesk", Some("203.0.113.7"), 200),
        ("zendesk", Some("203.0.113.7, 198.51.100.1"), 403),
        ("intercom", None, 200),
        ("intercom", Some("198.51.100.1"), 200),
    ] {
        let mut request = client.head(format!("http://{}/hooks/{account}", served.hooks()));
        if let Some(sender) = sender {
            request = request.header("x-forwarded-for", sender);
        }
        assert_eq!(request.send().await.unwrap().status().as_u16(), status, "{account} {sender:?}");
    }
    // The stand-ins come from here, so that Zendesk's are turned away and the others' are not.
    let [_, intercom, _] = &house.desks[..] else { panic!("three desks") };
    let ticket = intercom.open(billing_ticket()).await;
    wait_until("it is decided", async || !house.decided(intercom.as_ref(), &ticket).await.is_empty()).await;
    let posted =
        client.post(format!("http://{}/hooks/zendesk", served.hooks())).body("{}").send().await.unwrap();
    assert_eq!(posted.status(), 403, "before anything is verified");
    let metrics = client.get(format!("{}/metrics", served.admin)).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains(r#"account="zendesk",outcome="elsewhere"} 3"#), "{metrics}");
    assert!(served.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_that_change_are_taken_up_without_a_restart() {
    let house = House::without_a_daemon().await;
    let file = |name: &str| house.beside(name);
    let change = |settings: String| {
        // Every webhook secret and Intercom's token move into files of their own.
        let mut out = String::new();
        let mut rest = settings.as_str();
        let mut n = 0;
        while let Some(at) = rest.find("secrets: [\"") {
            let (before, after) = rest.split_at(at);
            let (secret, tail) = after["secrets: [\"".len()..].split_once("\"]").unwrap();
            std::fs::write(file(&format!("webhook-{n}")), secret).unwrap();
            out += &format!("{before}secrets_file: {:?}", file(&format!("webhook-{n}")));
            rest = tail;
            n += 1;
        }
        out += rest;
        assert_eq!(n, 3);
        let (before, after) = out.split_once("access_token: \"").unwrap();
        let (token, tail) = after.split_once('"').unwrap();
        std::fs::write(file("right-token"), token).unwrap();
        std::fs::write(file("token"), "a token that was withdrawn").unwrap();
        std::fs::write(file("admin-token"), "the first token").unwrap();
        let changed = format!("{before}access_token_file: {:?}{tail}", file("token"));
        let admin =
            format!("admin: {{ max_wrong_tokens: 10000, token_file: {:?}, listen:", file("admin-token"));
        changed.replacen("admin: { listen:", &admin, 1)
    };
    let served = Served::start_changed(&house, "shadow", ONE_OF_EVERYTHING, ":", change).await;
    let [zendesk, intercom, freshdesk] = &house.desks[..] else { panic!("three desks") };
    let waiting = intercom.open(billing_ticket()).await;
    wait_until("it is refused", async || intercom.requests().iter().any(|call| call.status == 401)).await;

    // A webhook secret that is replaced: what the old one signed is refused; with both in the file it is taken again.
    let ticket = zendesk.open(billing_ticket()).await;
    let old = std::fs::read_to_string(file("webhook-0")).unwrap();
    std::fs::write(file("webhook-0"), "another signing secret").unwrap();
    wait_until("the new secret alone is accepted", async || zendesk.redeliver(&ticket).await == 401).await;
    std::fs::write(file("webhook-0"), format!("another signing secret\n{old}\n")).unwrap();
    wait_until("both are accepted", async || zendesk.redeliver(&ticket).await == 200).await;
    let other = freshdesk.open(billing_ticket()).await;
    wait_until("others go on", async || !house.decided(freshdesk.as_ref(), &other).await.is_empty()).await;

    // The admin listener's own.
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let asked = async |token: &str| {
        let request = client.get(format!("{}/metrics", served.admin)).bearer_auth(token);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!((asked("the first token").await, asked("the second token").await), (200, 401));
    std::fs::write(file("admin-token"), "the second token").unwrap();
    wait_until("the second token is asked for", async || asked("the second token").await == 200).await;
    assert_eq!(asked("the first token").await, 401);

    std::fs::copy(file("right-token"), file("token")).unwrap();
    wait_until("the waiting ticket is decided", async || {
        !house.decided(intercom.as_ref(), &waiting).await.is_empty()
    })
    .await;
    // A file that holds nothing is told, and the old secrets stay.
    std::fs::write(file("webhook-0"), "\n").unwrap();
    wait_until("it is told", async || served.log().contains("the old secrets stay")).await;
    assert_eq!(zendesk.redeliver(&ticket).await, 200);
    let log = served.log();
    for name in ["webhook-0", "right-token"] {
        let secret = std::fs::read_to_string(file(name)).unwrap();
        assert!(secret.trim().is_empty() || !log.contains(secret.trim()), "{name}");
    }
    assert!(!log.contains(&old) && !log.contains("another signing secret"));
    assert!(served.terminate().success());
}
