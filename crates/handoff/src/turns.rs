use crate::sync::{Condvar, Mutex, MutexGuard, lock};

/// Bounds how many threads use a device at once, and shares its time fairly: when a place becomes free, it goes to the
/// account that has used the device least (start-time fair queueing, after Goyal, Vin and Cheng, SIGCOMM 1996).
#[derive(Debug)]
pub struct Turns {
    state: Mutex<State>,
    ended: Condvar,
    places: usize,
}

#[derive(Debug)]
struct State {
    free: usize,
    /// How much each account has used, in nanoseconds; an account that rested catches up, so that it saves nothing.
    used_ns: Vec<Option<u64>>,
    /// Who waits: an account, and a number that grows.
    waiting: Vec<(usize, u64)>,
    /// What the account that was last let in had used then.
    floor_ns: u64,
    tickets: u64,
}

/// Whom the time of a turn is counted against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account(usize);

/// Held by one of the threads that may go on; [`Turn::end`] says how long it used the device.
#[derive(Debug)]
pub struct Turn<'a> {
    turns: &'a Turns,
    account: Account,
    used_ns: u64,
}

impl Turns {
    /// Turns for `places` threads at once, at least one.
    #[must_use]
    pub fn new(places: usize) -> Self {
        let places = places.max(1);
        let state = State { free: places, used_ns: Vec::new(), waiting: Vec::new(), floor_ns: 0, tickets: 0 };
        Self { state: Mutex::new(state), ended: Condvar::new(), places }
    }

    /// How many threads may go on at once.
    #[must_use]
    pub fn places(&self) -> usize {
        self.places
    }

    /// An account of its own for whoever shares the device.
    pub fn open_account(&self) -> Account {
        let mut state = lock(&self.state);
        let floor_ns = state.floor_ns;
        match state.used_ns.iter().position(Option::is_none) {
            Some(index) => {
                state.used_ns[index] = Some(floor_ns);
                Account(index)
            }
            None => {
                state.used_ns.push(Some(floor_ns));
                Account(state.used_ns.len() - 1)
            }
        }
    }

    /// Gives the account up; nobody takes a turn on it any more.
    pub fn close_account(&self, account: Account) {
        lock(&self.state).used_ns[account.0] = None;
    }

    /// A turn, if nobody has to wait for one.
    #[must_use]
    pub fn try_take(&self, account: Account) -> Option<Turn<'_>> {
        let mut state = lock(&self.state);
        if state.free == 0 || !state.waiting.is_empty() {
            return None;
        }
        Some(self.let_in(&mut state, account))
    }

    /// Waits for a turn.
    pub fn take(&self, account: Account) -> Turn<'_> {
        let mut state = lock(&self.state);
        state.catch_up(account);
        let ticket = state.tickets;
        state.tickets += 1;
        state.waiting.push((account.0, ticket));
        while state.free == 0 || state.next_ticket() != Some(ticket) {
            state = self.ended.wait(state).unwrap_or_else(std::sync::PoisonError::into_inner);
        }
        state.waiting.retain(|&(_, other)| other != ticket);
        let turn = self.let_in(&mut state, account);
        let another = state.free > 0 && !state.waiting.is_empty();
        drop(state);
        if another {
            self.ended.notify_all();
        }
        turn
    }

    fn let_in<'a>(&'a self, state: &mut MutexGuard<'_, State>, account: Account) -> Turn<'a> {
        state.free -= 1;
        state.floor_ns = state.catch_up(account);
        Turn { turns: self, account, used_ns: 0 }
    }
}

impl State {
    /// Raises what the account has used to what others had used when they were let in, and gives it.
    fn catch_up(&mut self, account: Account) -> u64 {
        let floor_ns = self.floor_ns;
        let used_ns = self.used_ns[account.0].get_or_insert(floor_ns);
        *used_ns = (*used_ns).max(floor_ns);
        *used_ns
    }

    /// Who of those that wait has used the device least, and of those, who came first.
    fn next_ticket(&self) -> Option<u64> {
        let least = self.waiting.iter().min_by_key(|(account, ticket)| (self.used_ns[*account], *ticket));
        least.map(|&(_, ticket)| ticket)
    }
}

impl Turn<'_> {
    /// Ends the turn, and counts the time against the account.
    pub fn end(mut self, used_ns: u64) {
        self.used_ns = used_ns;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = lock(&self.turns.state);
        if let Some(used_ns) = &mut state.used_ns[self.account.0] {
            *used_ns = used_ns.saturating_add(self.used_ns);
        }
        state.free += 1;
        let somebody_waits = !state.waiting.is_empty();
        drop(state);
        if somebody_waits {
            self.turns.ended.notify_all();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Who goes next, if both wait.
    fn next_of(turns: &Turns, accounts: [Account; 2]) -> Account {
        let mut state = lock(&turns.state);
        for account in accounts {
            state.catch_up(account);
            let ticket = state.tickets;
            state.tickets += 1;
            state.waiting.push((account.0, ticket));
        }
        let first = state.next_ticket();
        let next =
            state.waiting.iter().find(|(_, ticket)| Some(*ticket) == first).map(|&(account, _)| account);
        state.waiting.clear();
        Account(next.expect("two wait"))
    }

    #[test]
    fn time_is_shared_whatever_a_turn_costs() {
        let turns = Turns::new(1);
        let [heavy, light] = [turns.open_account(), turns.open_account()];
        let (mut heavy_ns, mut light_ns) = (0, 0);
        for _ in 0..10_000 {
            let account = next_of(&turns, [heavy, light]);
            let turn = turns.try_take(account).expect("the place is free");
            if account == heavy {
                heavy_ns += 100;
                turn.end(100);
            } else {
                light_ns += 7;
                turn.end(7);
            }
        }
        let share = f64::from(heavy_ns) / f64::from(heavy_ns + light_ns);
        assert!((0.49..0.51).contains(&share), "{share}");
    }

    #[test]
    fn who_rested_has_saved_nothing() {
        let turns = Turns::new(1);
        let [busy, resting] = [turns.open_account(), turns.open_account()];
        for _ in 0..100 {
            turns.try_take(busy).expect("the place is free").end(10);
        }
        // Two turns later at the latest it is the other's again.
        turns.try_take(resting).expect("the place is free").end(20);
        assert_eq!(next_of(&turns, [resting, busy]), busy);
    }

    #[test]
    fn no_more_go_on_than_there_are_places() {
        let turns = Turns::new(2);
        let account = turns.open_account();
        let first = turns.try_take(account);
        let second = turns.try_take(account);
        assert!(first.is_some() && second.is_some());
        assert!(turns.try_take(account).is_none());
        drop(first);
        assert!(turns.try_take(account).is_some());
    }

    #[test]
    fn accounts_are_used_again() {
        let turns = Turns::new(1);
        let account = turns.open_account();
        turns.close_account(account);
        assert_eq!(turns.open_account(), account);
    }
}
