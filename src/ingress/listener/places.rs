//! The places of a listener: how many connections it holds, for whom, and which one makes room for another.
//!
//! A connection is *unproven* until it has brought something authentic. When there is no place left, the oldest unproven
//! connection of the peer that has most of them is closed for the newcomer. Proven connections are never closed for
//! others: if there are only such, the newcomer is turned away.
//!
//! A connection whose first request has just begun is not closed for one of its own peer, or of a peer that holds as many,
//! for some moments ([`GRACE`]). Without that, under overload, every request would be cut off by the next. A request that
//! had arrived but was not read before its connection had to make room gets the same time.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Caps;
use crate::ingress::peer::Peer;

/// The time that a connection's first request may take before the connection is closed for one with the same claim, and
/// how long a request may take that was read only after its connection's place was given to another.
pub(super) const GRACE: Duration = Duration::from_millis(250);

/// How many connections in their grace are passed over in search of one that is not.
const PASSED_OVER: usize = 64;

/// The connections of a listener.
#[derive(Debug)]
pub(super) struct Places {
    caps: Caps,
    table: Mutex<Table>,
    /// Notified when a connection that was closed for another has ended.
    left: Notify,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoPlace {
    /// No connection may be closed for this one.
    AllTaken,
    /// Too many that were closed for others have not ended yet.
    StillLeaving,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    /// Places in use.
    held: usize,
    /// Connections that were closed for others and have not ended yet.
    leaving: usize,
    peers: HashMap<Peer, Holder>,
    /// Peers with unproven connections, by their number.
    crowds: BTreeSet<(usize, Peer)>,
}

/// What one peer holds.
#[derive(Debug, Default)]
struct Holder {
    held: usize,
    /// By age, because numbers grow.
    unproven: BTreeMap<u64, Unproven>,
}

#[derive(Debug)]
struct Unproven {
    /// When its first request began.
    asked_at: Option<Instant>,
    closed: CancellationToken,
}

impl Places {
    pub(super) fn new(caps: Caps) -> Arc<Self> {
        Arc::new(Self { caps, table: Mutex::default(), left: Notify::new() })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns when a connection that was closed for another has ended.
    pub(super) async fn left(&self) {
        self.left.notified().await;
    }

    /// Gives the peer a place, closing another connection for it if need be.
    ///
    /// # Errors
    /// [`NoPlace`].
    pub(super) fn admit(self: &Arc<Self>, address: IpAddr, now: Instant) -> Result<Place, NoPlace> {
        let peer = Peer::of(address);
        let mut table = self.table();
        let own = table.peers.get(&peer).map_or(0, |holder| holder.held);
        if own >= self.caps.per_peer && !self.caps.is_exempt(address) {
            self.close_one(&mut table, peer, Some(now))?;
        } else if table.held >= self.caps.connections {
            let &(crowd, victim) = table.crowds.last().ok_or(NoPlace::AllTaken)?;
            let grace = (victim == peer || crowd <= own + 1).then_some(now);
            self.close_one(&mut table, victim, grace)?;
        }
        let id = table.next;
        table.next += 1;
        table.held += 1;
        let closed = CancellationToken::new();
        let unproven = Unproven { asked_at: None, closed: closed.clone() };
        table.change(peer, |holder| {
            holder.held += 1;
            holder.unproven.insert(id, unproven);
        });
        Ok(Place(Claim { places: Arc::clone(self), peer, address, id, closed }))
    }

    /// Closes one unproven connection because the operating system has no descriptor left.
    pub(super) fn make_room(&self) {
        let mut table = self.table();
        if let Some(&(_, victim)) = table.crowds.last() {
            let _ = self.close_one(&mut table, victim, None);
        }
    }

    /// Closes the peer's oldest unproven connection that is not in its grace at the time that is given.
    fn close_one(&self, table: &mut Table, peer: Peer, grace_at: Option<Instant>) -> Result<(), NoPlace> {
        if table.leaving >= self.caps.spare {
            return Err(NoPlace::StillLeaving);
        }
        let is_spared = |unproven: &Unproven| {
            let times = grace_at.zip(unproven.asked_at);
            times.is_some_and(|(now, asked_at)| now.duration_since(asked_at) < GRACE)
        };
        let mut oldest =
            table.peers.get(&peer).into_iter().flat_map(|holder| holder.unproven.iter().take(PASSED_OVER));
        let chosen = oldest.find(|(_, unproven)| !is_spared(unproven));
        let id = *chosen.ok_or(NoPlace::AllTaken)?.0;
        table.change(peer, |holder| {
            if let Some(unproven) = holder.unproven.remove(&id) {
                unproven.closed.cancel();
                holder.held -= 1;
            }
        });
        table.held -= 1;
        table.leaving += 1;
        Ok(())
    }
}

impl Table {
    /// Changes what a peer holds, and keeps the order of crowds.
    fn change(&mut self, peer: Peer, change: impl FnOnce(&mut Holder)) {
        let holder = self.peers.entry(peer).or_default();
        self.crowds.remove(&(holder.unproven.len(), peer));
        change(holder);
        if !holder.unproven.is_empty() {
            self.crowds.insert((holder.unproven.len(), peer));
        }
        if holder.held == 0 {
            self.peers.remove(&peer);
        }
    }
}

/// A place of a connection; given back when dropped.
#[derive(Debug)]
pub(super) struct Place(Claim);

/// A connection's name at its listener. It holds no place.
#[derive(Clone, Debug)]
pub(super) struct Claim {
    places: Arc<Places>,
    peer: Peer,
    address: IpAddr,
    id: u64,
    closed: CancellationToken,
}

impl Place {
    /// Returns when the place was given to somebody else.
    pub(super) async fn lost(&self) {
        self.0.closed.cancelled().await;
    }

    /// Returns true if the place was given to somebody else.
    pub(super) fn is_lost(&self) -> bool {
        self.0.closed.is_cancelled()
    }

    pub(super) fn claim(&self) -> Claim {
        self.0.clone()
    }
}

impl Claim {
    pub(super) fn address(&self) -> IpAddr {
        self.address
    }

    /// Notes that the connection's first request has begun. Returns false if the place was given to another before.
    pub(super) fn ask(&self, now: Instant) -> bool {
        let mut table = self.places.table();
        let unproven = table.peers.get_mut(&self.peer).and_then(|holder| holder.unproven.get_mut(&self.id));
        if let Some(unproven) = unproven {
            unproven.asked_at.get_or_insert(now);
        }
        !self.closed.is_cancelled()
    }

    /// Notes that the connection has brought something authentic.
    pub(super) fn prove(&self) {
        let mut table = self.places.table();
        if table.peers.contains_key(&self.peer) {
            table.change(self.peer, |holder| _ = holder.unproven.remove(&self.id));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Claim { places, peer, id, closed, .. } = &self.0;
        let mut table = places.table();
        if closed.is_cancelled() {
            table.leaving -= 1;
            places.left.notify_one();
            return;
        }
        table.held -= 1;
        table.change(*peer, |holder| {
            holder.unproven.remove(id);
            holder.held -= 1;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(connections: usize, per_peer: usize) -> Arc<Places> {
        let exempt = vec!["10.0.0.0/8".parse().unwrap()];
        Places::new(Caps { connections, per_peer, spare: 2, exempt })
    }

    fn admit(places: &Arc<Places>, address: &str, now: Instant) -> Option<Place> {
        places.admit(address.parse().unwrap(), now).ok()
    }

    #[tokio::test]
    async fn the_largest_crowd_makes_room_and_who_proved_itself_never_does() {
        let now = Instant::now();
        let places = places(4, 4);
        let crowd: Vec<_> = (0..3).map(|_| admit(&places, "192.0.2.1", now).unwrap()).collect();
        let proven = admit(&places, "192.0.2.2", now).unwrap();
        proven.claim().prove();
        crowd[0].claim().prove();
        let other = admit(&places, "192.0.2.3", now).unwrap();
        assert_eq!(
            crowd.iter().map(Place::is_lost).collect::<Vec<_>>(),
            [false, true, false],
            "the oldest unproven"
        );
        assert!(!proven.is_lost());
        other.claim().prove();
        crowd[2].claim().prove();
        assert!(admit(&places, "192.0.2.4", now + GRACE).is_none(), "everybody here has proved itself");
        drop(other);
        assert!(admit(&places, "192.0.2.4", now + GRACE).is_some());
    }

    #[tokio::test]
    async fn a_peer_over_its_cap_makes_room_for_itself_alone() {
        let now = Instant::now();
        let places = places(100, 2);
        let first = admit(&places, "192.0.2.1", now).unwrap();
        let second = admit(&places, "192.0.2.1", now).unwrap();
        let other = admit(&places, "192.0.2.2", now).unwrap();
        assert!(first.claim().ask(now));
        let third = admit(&places, "192.0.2.1", now).unwrap();
        assert_eq!(
            [&first, &second, &third, &other].map(Place::is_lost),
            [false, true, false, false],
            "who is silent"
        );
        assert!(third.claim().ask(now));
        assert!(admit(&places, "192.0.2.1", now).is_none(), "both have just asked");
        assert!(admit(&places, "192.0.2.1", now + GRACE).is_some());
        assert!(first.is_lost() && !third.is_lost(), "the oldest");
        assert!(!first.claim().ask(now), "too late");
        let proxied: Vec<_> = (0..50).filter_map(|_| admit(&places, "10.1.2.3", now)).collect();
        assert_eq!(proxied.len(), 50, "a trusted proxy speaks for many");
    }

    #[tokio::test]
    async fn those_that_leave_are_bounded_too_and_nothing_is_counted_twice() {
        let now = Instant::now();
        let places = places(8, 8);
        let mut crowd: Vec<_> = (0..8).map(|_| admit(&places, "192.0.2.1", now).unwrap()).collect();
        let others: Vec<_> = (2..9).map_while(|n| admit(&places, &format!("192.0.2.{n}"), now)).collect();
        assert_eq!(others.len(), 2, "two may be leaving at a time");
        crowd.retain(|place| !place.is_lost());
        assert!(admit(&places, "192.0.2.77", now).is_some());
        crowd[0].claim().prove();
        drop((crowd, others));
        let table = places.table();
        assert_eq!((table.held, table.leaving, table.peers.len(), table.crowds.len()), (0, 0, 0, 0));
    }

    #[tokio::test]
    async fn peers_that_hold_as_many_leave_each_other_their_first_moments() {
        let now = Instant::now();
        let places = places(3, 3);
        let held: Vec<_> = (1..4).map(|n| admit(&places, &format!("192.0.2.{n}"), now).unwrap()).collect();
        assert!(held.iter().all(|place| place.claim().ask(now)));
        assert!(admit(&places, "192.0.2.9", now).is_none());
        assert!(admit(&places, "192.0.2.9", now + GRACE).is_some());
        assert_eq!(held.iter().filter(|place| place.is_lost()).count(), 1);
    }
}
