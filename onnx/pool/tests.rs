use std::sync::mpsc;

use super::*;

#[test]
fn a_panic_costs_one_piece_of_work_and_no_thread() {
    let pool = Pool::start(vec![0usize]).unwrap();
    let (done, results) = mpsc::channel();
    for n in 0..6 {
        let done = done.clone();
        pool.submit(Box::new(move |count| {
            assert!(n % 2 == 0, "on purpose");
            *count += 1;
            done.send(*count).unwrap();
        }));
    }
    drop(done);
    assert_eq!(results.iter().collect::<Vec<_>>(), [1, 2, 3]);
}

#[test]
fn what_was_queued_is_done_before_the_pool_ends() {
    let pool = Pool::start(vec![(), ()]).unwrap();
    let (done, results) = mpsc::channel();
    for n in 0..100 {
        let done = done.clone();
        pool.submit(Box::new(move |()| done.send(n).unwrap()));
    }
    drop(pool);
    assert_eq!(results.try_iter().count(), 100);
}

#[test]
fn a_pool_may_end_on_one_of_its_own_threads() {
    let pool = Pool::start(vec![()]).unwrap();
    let (done, results) = mpsc::channel();
    let (hand_over, taken) = mpsc::channel::<Pool<()>>();
    pool.submit(Box::new(move |()| {
        drop(taken.recv().unwrap());
        done.send(()).unwrap();
    }));
    hand_over.send(pool).unwrap();
    results.recv().unwrap();
}
