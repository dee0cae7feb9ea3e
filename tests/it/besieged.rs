//! The real process, with the few descriptors that a shell gives, and floods on both its listeners.

use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use deskbridge::daemon::descriptors;
use tokio::net::TcpStream;

use crate::access::{certify, trusting};
use crate::harness::{House, ONE_OF_EVERYTHING, asked, billing_ticket, wait_until};
use crate::process::Served;

/// Connections that say nothing; more than the process may open files.
const SILENT: usize = 1050;
/// How many files the process may open.
const UNDER: &str = "ulimit -n 1024";
/// The time that a probe may take.
const PATIENCE: Duration = Duration::from_secs(1);
/// The address of probes that do not share the flood's.
const APART: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9));
/// Seconds that a flood lasts where nothing else is said.
const SECONDS: u64 = 3;

/// Probes from one address, and those that were not answered 200 in time.
#[derive(Default)]
struct Probes {
    asked: usize,
    unanswered: Vec<String>,
}

impl Probes {
    /// Sends a probe over a connection of its own.
    async fn ask(&mut self, url: &str, from: IpAddr) {
        let client = reqwest::Client::builder().no_proxy().local_address(from).build().unwrap();
        let answer = client.head(url).timeout(PATIENCE).send().await;
        self.asked += 1;
        match answer.map(|answer| answer.status().as_u16()) {
            Ok(200) => {}
            other => self.unanswered.push(format!("{url}: {other:?}")),
        }
    }

    /// Checks the share of probes, in percent, that were answered. One more may be lost to a busy machine.
    fn expect(&self, percent: usize) {
        assert!(self.asked > 20, "{} probes are too few", self.asked);
        let allowed = 1 + self.asked * (100 - percent) / 100;
        assert!(self.unanswered.len() <= allowed, "of {} failed {:?}", self.asked, self.unanswered);
    }
}

/// Connects again and again, so that `SILENT` connections are open or being opened all the time.
async fn hold_silent(to: String) {
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..SILENT {
        let to = to.clone();
        clients.spawn(async move {
            loop {
                if let Ok(mut stream) = TcpStream::connect(&to).await {
                    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
                }
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        });
    }
    while clients.join_next().await.is_some() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_to_the_admin_listener_starve_neither_probes_nor_deliveries() {
    descriptors::raise();
    let house = House::without_a_daemon().await;
    let served = Served::start_under(&house, "shadow", ONE_OF_EVERYTHING, UNDER).await;
    let log = served.log();
    assert!(log.contains("connections are limited") && log.contains("open_files=1024"), "{log}");
    let (_, admin) = served.admin.split_once("//").unwrap();
    let flood = tokio::spawn(hold_silent(admin.to_owned()));
    let client = || reqwest::Client::builder().no_proxy().build().unwrap();
    // The flood is there once the listener makes room for newcomers.
    wait_until("the flood is there", async || {
        let metrics = client().get(format!("{}/metrics", served.admin)).send().await;
        match metrics {
            Ok(answer) => {
                answer.text().await.is_ok_and(|text| text.contains(r#"listener="admin",reason="displaced""#))
            }
            Err(_) => false,
        }
    })
    .await;
    let mut apart = Probes::default();
    let mut beside = Probes::default();
    let begun = Instant::now();
    let lasts = Duration::from_secs(asked("DESKBRIDGE_FLOOD", SECONDS));
    while begun.elapsed() < lasts {
        for url in [
            format!("{}/livez", served.admin),
            format!("{}/readyz", served.admin),
            format!("http://{}/hooks/zendesk", served.hooks()),
        ] {
            apart.ask(&url, APART).await;
            beside.ask(&url, IpAddr::from(Ipv4Addr::LOCALHOST)).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    apart.expect(99);
    // The flood's own address is emptied for its next connection in some 30 ms, whoever holds one there.
    beside.expect(80);
    // The store has descriptors, too: a ticket goes all the way.
    let desk = &house.desks[0];
    let ticket = desk.open(billing_ticket()).await;
    wait_until("it is decided", async || !house.decided(desk.as_ref(), &ticket).await.is_empty()).await;
    flood.abort();
    assert!(!served.log().contains("a connection could not be accepted"), "descriptors did not run out");
    assert!(served.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_of_open_files_is_raised_and_a_lower_setting_is_kept() {
    let house = House::without_a_daemon().await;
    let change = |settings: String| settings.replacen("listen:", "max_connections: 40, listen:", 1);
    let served =
        Served::start_changed(&house, "shadow", ONE_OF_EVERYTHING, "ulimit -Sn 200; ulimit -Hn 700", change)
            .await;
    let log = served.log();
    for said in ["open_files=700", "server_connections=40", "admin_connections=64"] {
        assert!(log.contains(said), "{said} is missing in {log}");
    }
    assert!(served.terminate().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_listener_speaks_tls_and_takes_up_a_new_certificate() {
    let house = House::without_a_daemon().await;
    let folder = house.beside("");
    let first = certify(&folder);
    let change = |settings: String| {
        let tls = format!(
            "admin: {{ tls: {{ certificate: {:?}, key: {:?} }}, listen:",
            folder.join("chain.pem"),
            folder.join("key.pem")
        );
        settings.replacen("admin: { listen:", &tls, 1)
    };
    let served = Served::start_secured(&house, "shadow", ONE_OF_EVERYTHING, trusting(&first), change).await;
    let url = format!("{}/livez", served.admin);
    assert!(url.starts_with("https://"));
    assert_eq!(trusting(&first).get(&url).send().await.unwrap().status(), 200);
    let plain = reqwest::Client::builder().no_proxy().build().unwrap();
    assert!(plain.get(url.replace("https", "http")).send().await.is_err(), "plain HTTP is no way in");
    let metrics = trusting(&first).get(format!("{}/metrics", served.admin)).send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    assert!(metrics.contains("deskbridge_admin_certificate_expiry_timestamp_seconds "), "{metrics}");
    let second = certify(&folder);
    wait_until("the new certificate is used", async || trusting(&second).get(&url).send().await.is_ok())
        .await;
    assert!(trusting(&first).get(&url).send().await.is_err(), "nobody gets the old one any more");
    assert!(served.terminate().success());
}
