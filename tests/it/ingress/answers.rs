//! What each request is answered with.

use deskbridge::ingress::Limits;

use super::rig::{Manner, Rig, created, delivery, post, post_to, sign, sign_with};

#[tokio::test]
async fn a_delivery_is_kept_once_and_acknowledged_each_time() {
    let rig = Rig::open().await;
    let first = rig.send(delivery("01A")).await;
    assert_eq!(first.status, 200);
    assert_eq!(first.header("content-length"), Some("0"));
    tokio::time::timeout(super::rig::PATIENCE, rig.arrived.notified()).await.expect("a worker is woken");
    assert_eq!(rig.send(delivery("01A")).await.status, 200);
    assert_eq!(rig.shelf.kept(), 1);
    assert_eq!(rig.send(delivery("01B")).await.status, 200);
    assert_eq!(rig.shelf.kept(), 2);
}

#[tokio::test]
async fn the_old_secret_is_accepted_during_rotation() {
    let rig = Rig::open().await;
    let body = created("01A");
    let request = post(&sign_with("old-secret-of-acme", super::rig::NOW, &body), &body);
    assert_eq!(rig.send(request).await.status, 200);
    assert_eq!(rig.shelf.kept(), 1);
}

#[tokio::test]
async fn an_authentic_event_about_no_ticket_is_acknowledged_and_not_kept() {
    let rig = Rig::open().await;
    let body = r#"{"type":"zen:event-type:user.created","id":"01U","detail":{"id":"1"}}"#;
    assert_eq!(rig.send(post(&sign(body), body)).await.status, 200);
    assert_eq!(rig.shelf.kept(), 0);
}

#[tokio::test]
async fn an_authentic_body_that_cannot_be_read_is_acknowledged_and_set_aside() {
    let rig = Rig::open().await;
    assert_eq!(rig.send(post(&sign("{nonsense"), "{nonsense")).await.status, 200);
    assert_eq!(rig.shelf.kept(), 1);
}

#[tokio::test]
async fn what_is_not_authentic_is_refused() {
    let rig = Rig::open().await;
    let body = created("01A");
    let good = sign(&body);
    let tag = good.lines().next().unwrap();
    for (what, request) in [
        ("no signature", post("", &body)),
        ("another secret", post(&sign_with("guessed", super::rig::NOW, &body), &body)),
        ("another body", post(&good, &body.replace("35436", "35437"))),
        ("an empty body", post(&good, "")),
        ("another time", post(&good.replace("08:00:00", "08:00:01"), &body)),
        ("an hour ago", post(&sign_with("new-secret-of-acme", "2026-11-20T07:00:00Z", &body), &body)),
        ("in an hour", post(&sign_with("new-secret-of-acme", "2026-11-20T09:00:00Z", &body), &body)),
        ("no base64", post(&good.replace(tag, "x-zendesk-webhook-signature: %%%"), &body)),
        ("signed twice", post(&format!("{good}{tag}\r\n"), &body)),
        (
            "signed once well and once badly",
            post(&format!("x-zendesk-webhook-signature: AAAA\r\n{good}"), &body),
        ),
    ] {
        assert_eq!(rig.send(request).await.status, 401, "{what}");
    }
    assert_eq!(rig.shelf.kept(), 0);
}

#[tokio::test]
async fn nothing_but_the_accounts_address_exists() {
    let rig = Rig::open().await;
    let body = created("01A");
    assert_eq!(rig.send(post_to("nobody", &sign(&body), &body)).await.status, 404);
    for path in [
        "/",
        "/hooks",
        "/hooks/",
        "/hooks/acme/",
        "/hooks//acme",
        "/hooks/acme/x",
        "/Hooks/acme",
        "/hooks/ACME",
        "/hooks/../hooks/acme",
        "/hooks/%61cme",
        "/livez",
        "/metrics",
        "/api/decisions",
        "*",
    ] {
        for method in ["GET", "POST", "HEAD", "DELETE", "OPTIONS"] {
            let request = format!("{method} {path} HTTP/1.1\r\nhost: bridge\r\ncontent-length: 0\r\n\r\n");
            assert_eq!(rig.send(request).await.status, 404, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn an_account_answers_to_post_and_head() {
    let rig = Rig::open().await;
    let ask = |method, account| format!("{method} /hooks/{account} HTTP/1.1\r\nhost: bridge\r\n\r\n");
    assert_eq!(rig.send(ask("HEAD", "acme")).await.status, 200);
    assert_eq!(rig.send(ask("HEAD", "nobody")).await.status, 404);
    for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW"] {
        let answer = rig.send(ask(method, "acme")).await;
        assert_eq!((answer.status, answer.header("allow")), (405, Some("HEAD, POST")), "{method}");
    }
    let body = created("01Q");
    let asked = post(&sign(&body), &body).replacen("/hooks/acme ", "/hooks/acme?from=zendesk ", 1);
    assert_eq!(rig.send(asked).await.status, 200, "a query is nobody's business");
}

#[tokio::test]
async fn a_body_over_the_cap_is_refused_before_it_is_read() {
    let rig = Rig::with(Limits { max_body_bytes: 1000, ..Limits::default() }).await;
    let head = "POST /hooks/acme HTTP/1.1\r\nhost: bridge\r\n";
    // The body never comes, and neither does the invitation to send it.
    let answer = rig.send(format!("{head}content-length: 1001\r\nexpect: 100-continue\r\n\r\n")).await;
    assert_eq!((answer.status, answer.header("connection")), (413, Some("close")));
    // Clients that say everything first, as most do, can say it and then read the answer: no reset overtakes it.
    let long = post("", &"x".repeat(5_000_000));
    let chunk = format!("1f4\r\n{}\r\n", "x".repeat(500));
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n{}", chunk.repeat(9000));
    for request in [long, chunked] {
        let mut client = rig.connect().await;
        assert!(client.write(request.as_bytes()).await, "the rest is read, to be thrown away");
        assert_eq!(client.answer().await.status, 413);
    }
    let fits = format!("{head}transfer-encoding: chunked\r\n\r\n{}0\r\n\r\n", chunk.repeat(2));
    assert_eq!(rig.send(fits).await.status, 401, "a body of exactly the cap is read");
}

#[tokio::test]
async fn a_compressed_body_is_refused() {
    let rig = Rig::open().await;
    let body = created("01A");
    let encoded = |encoding| post(&format!("{}content-encoding: {encoding}\r\n", sign(&body)), &body);
    let answer = rig.send(encoded("gzip")).await;
    assert_eq!((answer.status, answer.header("accept-encoding")), (415, Some("identity")));
    assert_eq!(rig.send(encoded("identity, gzip")).await.status, 415);
    assert_eq!(rig.send(encoded("identity")).await.status, 200);
}

#[tokio::test]
async fn under_pressure_the_platform_is_told_when_to_come_back() {
    let rig = Rig::open().await;
    for manner in [Manner::Busy, Manner::Broken, Manner::Panics] {
        rig.shelf.behave(manner);
        let answer = rig.send(delivery("01A")).await;
        assert_eq!(answer.status, 503, "{manner:?}");
        let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((5..60).contains(&seconds), "Zendesk repeats only within a minute");
    }
    rig.shelf.behave(Manner::Works);
    assert_eq!(rig.send(delivery("01A")).await.status, 200, "and afterwards all is well");
}
