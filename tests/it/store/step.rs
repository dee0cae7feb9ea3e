//! The steps of a random history.

use proptest::prelude::*;
use proptest::sample::Index;

/// One thing that happens to a store. Where it needs a claim or a dead letter, an index chooses among those there are.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Accept { account: usize, key: u8, ticket: u32 },
    Unreadable { account: usize, key: u8 },
    Claim,
    Renew(Index, i64),
    Journal(Index),
    Settle(Index),
    Postpone(Index, i64, bool),
    Bury(Index),
    Forget(Index),
    Requeue(Index),
    Drop(Index),
    Wake(usize),
    Pass(i64),
    Restart,
}

/// Any of them; deliveries and claims are the most frequent.
pub(crate) fn step() -> impl Strategy<Value = Step> {
    let which = any::<Index>;
    prop_oneof![
        8 => (0..2usize, 0..40u8, 1..5u32)
            .prop_map(|(account, key, ticket)| Step::Accept { account, key, ticket }),
        1 => (0..2usize, 0..40u8).prop_map(|(account, key)| Step::Unreadable { account, key }),
        8 => Just(Step::Claim),
        1 => (which(), 0..120i64).prop_map(|(index, seconds)| Step::Renew(index, seconds)),
        1 => which().prop_map(Step::Journal),
        3 => which().prop_map(Step::Settle),
        3 => (which(), 0..120i64, any::<bool>())
            .prop_map(|(index, seconds, counted)| Step::Postpone(index, seconds, counted)),
        2 => which().prop_map(Step::Bury),
        1 => which().prop_map(Step::Forget),
        2 => which().prop_map(Step::Requeue),
        1 => which().prop_map(Step::Drop),
        1 => (0..2usize).prop_map(Step::Wake),
        4 => (0..90i64).prop_map(Step::Pass),
        1 => Just(Step::Restart),
    ]
}
