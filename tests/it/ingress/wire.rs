//! How the door speaks: keep-alive, pipelining, HTTP/2, and what it makes of noise.

use http::{HeaderMap, Version};

use super::rig::{Rig, created, delivery, http2, post, sign, signed};

#[tokio::test]
async fn one_connection_carries_many_deliveries() {
    let rig = Rig::open().await;
    let mut client = rig.connect().await;
    for event in ["1", "2", "3"] {
        client.write(delivery(event).as_bytes()).await;
        assert_eq!(client.answer().await.status, 200);
    }
    let body = created("4");
    let (front, back) = body.split_at(40);
    let chunked = format!(
        "POST /hooks/acme HTTP/1.1\r\nhost: bridge\r\n{}transfer-encoding: chunked\r\n\r\n{:x}\r\n{front}\r\n{:x}\r\n{back}\r\n0\r\n\r\n",
        sign(&body),
        front.len(),
        back.len()
    );
    for kept in [4, 4] {
        client.write(chunked.as_bytes()).await;
        let answer = client.answer().await;
        assert_eq!((answer.status, answer.header("connection")), (200, None));
        assert_eq!(rig.shelf.kept(), kept);
    }
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let rig = Rig::open().await;
    let mut client = rig.connect().await;
    let head = "HEAD /hooks/nobody HTTP/1.1\r\nhost: bridge\r\n\r\n";
    let all = [delivery("1"), delivery("2"), delivery("1"), head.to_owned(), delivery("3")].concat();
    client.write(all.as_bytes()).await;
    for status in [200, 200, 200, 404] {
        assert_eq!(client.answer().await.status, status);
    }
    client.closed().await;
    assert_eq!(rig.shelf.kept(), 2, "nothing is taken after a refusal");
}

#[tokio::test]
async fn the_invitation_to_send_a_body_is_given() {
    let rig = Rig::open().await;
    let mut client = rig.connect().await;
    let body = created("1");
    let request = post(&format!("expect: 100-continue\r\n{}", sign(&body)), &body);
    let (head, body) = request.split_at(request.len() - body.len());
    client.write(head.as_bytes()).await;
    assert_eq!(client.answer().await.status, 100);
    client.write(body.as_bytes()).await;
    assert_eq!(client.answer().await.status, 200);
}

#[tokio::test]
async fn http_2_is_spoken_by_prior_knowledge() {
    let rig = Rig::open().await;
    let client = http2();
    let url = format!("http://{}/hooks/acme", rig.at);
    let send = |body: String, headers| {
        let request = client.post(&url).headers(headers).body(body);
        async move { request.send().await.unwrap() }
    };
    let deliver = |event: String| {
        let body = created(&event);
        let headers = signed(&body);
        send(body, headers)
    };
    let all: Vec<_> = (0..50).map(|event| tokio::spawn(deliver(event.to_string()))).collect();
    for answer in all {
        let answer = answer.await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.version()), (200, Version::HTTP_2));
    }
    assert_eq!(rig.shelf.kept(), 50);
    assert_eq!(send(created("x"), HeaderMap::new()).await.status(), 401);
    assert_eq!(send("x".repeat(3_000_000), HeaderMap::new()).await.status(), 413);
    assert_eq!(client.get(&url).send().await.unwrap().status(), 405);
    assert_eq!(deliver("y".to_owned()).await.status(), 200, "the connection still serves");
}

#[tokio::test]
async fn noise_is_refused_and_hurts_nobody() {
    let rig = Rig::open().await;
    let mut noises: Vec<Vec<u8>> = [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS client says hello\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"POST /hooks/acme HTTP/9.9\r\n\r\n",
        b"POST /hooks/acme HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        b"POST /hooks/acme HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
        b"POST /hooks/acme HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nthis is no frame at all, is it? no, it is not one",
        b"\0\0\0\0\0\0\0\0\r\n\r\n",
    ]
    .map(<[u8]>::to_vec)
    .to_vec();
    noises.push(format!("GET /hooks/acme HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(200_000)).into_bytes());
    noises.push(format!("GET /hooks/acme HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(500)).into_bytes());
    let mut random = fastrand::Rng::with_seed(7);
    for length in 1..100 {
        let mut noise: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(length * 7).collect();
        noise.extend_from_slice(b"\r\n\r\n");
        noises.push(noise);
    }
    for noise in noises {
        let mut client = rig.connect().await;
        client.write(&noise).await;
        client.finish().await;
        // HTTP/2 is refused in frames, which are no head.
        if let Some(answer) = client.try_answer().await {
            assert!(
                (400..500).contains(&answer.status),
                "{answer:?} to {:?}",
                String::from_utf8_lossy(&noise)
            );
        }
    }
    assert_eq!(rig.send(delivery("1")).await.status, 200);
    assert_eq!(rig.shelf.kept(), 1);
}

#[tokio::test]
async fn a_client_that_closes_its_half_still_gets_its_answer() {
    let rig = Rig::open().await;
    let mut client = rig.connect().await;
    client.write(delivery("1").as_bytes()).await;
    client.finish().await;
    assert_eq!(client.answer().await.status, 200);
    client.closed().await;
}
