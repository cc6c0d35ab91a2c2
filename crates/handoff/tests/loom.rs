//! Every interleaving of the threads that meet in this crate. Built only with `--cfg loom`.
#![cfg(loom)]

use loom::future::block_on;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;
use phalanx_handoff::{Inbox, Ticket, Turns};

#[test]
fn an_answer_reaches_a_waiting_caller() {
    loom::model(|| {
        let ticket = Arc::new(Ticket::default());
        let engine = Arc::clone(&ticket);
        let answering = thread::spawn(move || engine.fulfil(7).unwrap());
        let answer = block_on(std::future::poll_fn(|context| ticket.poll(context)));
        assert_eq!(answer, 7);
        answering.join().unwrap();
    });
}

#[test]
fn an_answer_to_a_caller_that_leaves_is_owned_by_exactly_one_side() {
    loom::model(|| {
        let ticket = Arc::new(Ticket::default());
        let engine = Arc::clone(&ticket);
        let answering = thread::spawn(move || engine.fulfil(7).is_err());
        let taken_along = ticket.leave().is_some();
        let came_back = answering.join().unwrap();
        assert!(taken_along != came_back, "the answer is with one of the two");
    });
}

#[test]
fn two_answers_at_once_give_one() {
    loom::model(|| {
        let ticket = Arc::new(Ticket::default());
        let engine = Arc::clone(&ticket);
        let first = thread::spawn(move || engine.fulfil(1).is_ok());
        let second = ticket.fulfil(2).is_ok();
        assert!(first.join().unwrap() != second);
        let answer = block_on(std::future::poll_fn(|context| ticket.poll(context)));
        assert_eq!(answer, if second { 2 } else { 1 });
    });
}

#[test]
fn no_item_is_lost_between_a_push_and_a_sleep() {
    loom::model(|| {
        let inbox = Arc::new(Inbox::default());
        let sender = Arc::clone(&inbox);
        let sending = thread::spawn(move || {
            sender.push(1);
            sender.push(2);
            sender.close();
        });
        assert_eq!(inbox.pop(), Some(1));
        assert_eq!(inbox.pop(), Some(2));
        assert_eq!(inbox.pop(), None);
        sending.join().unwrap();
    });
}

#[test]
fn no_more_take_turns_at_once_than_there_are_places() {
    loom::model(|| {
        let turns = Arc::new(Turns::new(1));
        let inside = Arc::new(AtomicUsize::new(0));
        let enter = |turns: &Turns, inside: &AtomicUsize| {
            let account = turns.open_account();
            let turn = turns.take(account);
            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
            inside.fetch_sub(1, Ordering::SeqCst);
            turn.end(1);
        };
        let (other_turns, other_inside) = (Arc::clone(&turns), Arc::clone(&inside));
        let other = thread::spawn(move || enter(&other_turns, &other_inside));
        enter(&turns, &inside);
        other.join().unwrap();
    });
}

#[test]
fn no_ring_is_lost_between_a_look_and_a_sleep() {
    use phalanx_handoff::Bell;
    use std::task::{Poll, Waker};

    loom::model(|| {
        let bell = Arc::new(Bell::default());
        let ringer = Arc::clone(&bell);
        let ringing = thread::spawn(move || {
            ringer.ring(Waker::noop().clone());
            ringer.ring(Waker::noop().clone());
        });
        let mut heard = 0;
        while heard < 2 {
            let mut tasks = Vec::new();
            block_on(std::future::poll_fn(|context| match bell.poll(context, &mut tasks) {
                Poll::Ready(()) => Poll::Ready(()),
                Poll::Pending => Poll::Pending,
            }));
            heard += tasks.len();
        }
        ringing.join().unwrap();
    });
}
