use proptest::prelude::*;

use super::super::scan::{Files, Folder, Stamp};
use super::super::wanted::{Given, Goal};
use super::*;

/// A model's folder, in the few ways that make a difference.
#[derive(Clone, Debug, PartialEq)]
struct Disk {
    /// The length of each version's model file; 0 where there is none.
    versions: BTreeMap<u64, u64>,
    policy: u8,
}

impl Disk {
    fn goal(&self) -> Goal {
        let files = |&bytes: &u64| -> Files {
            let stamp = Stamp { bytes, modified: None };
            (bytes > 0).then(|| ("model.onnx".into(), stamp)).into_iter().collect()
        };
        let config = match self.policy {
            0 => None,
            1 => Some("version_policy { all {} }"),
            2 => Some("version_policy { latest { num_versions: 2 } }"),
            _ => Some("version_policy { specific { versions: [ 1, 3 ] } }"),
        };
        let versions = self.versions.iter().map(|(version, bytes)| (*version, Ok(files(bytes))));
        let folder = Folder {
            path: "m".into(),
            config: config.map(|config| Ok(config.into())),
            warmup: None,
            versions: versions.collect(),
        };
        Goal::of("m", Some(&Ok(folder)), &Given::default())
    }

    fn plan(&self, attempts: &Attempts, again: bool) -> Plan {
        let goal = self.goal();
        Plan::new(&goal.wanted.unwrap(), &goal.on_disk, attempts, again)
    }
}

/// Carries a plan out; files of an odd length cannot be loaded.
fn follow(disk: &Disk, attempts: &mut Attempts, again: bool) -> Plan {
    let goal = disk.goal();
    let wanted = goal.wanted.unwrap();
    let plan = Plan::new(&wanted, &goal.on_disk, attempts, again);
    let mut failed = !plan.broken.is_empty();
    for &version in &plan.load {
        let is_odd = disk.versions[&version] % 2 == 1;
        failed |= is_odd;
        let outcome = if is_odd { Outcome::Failed("odd".to_owned()) } else { Outcome::Serves };
        attempts.insert(version, Attempt { source: wanted.source(version), outcome });
    }
    for version in plan.retire.iter().filter(|_| !failed) {
        attempts.remove(version);
        if goal.on_disk.contains(version) {
            attempts.insert(*version, Attempt { source: None, outcome: Outcome::Retired });
        }
    }
    plan
}

fn serving(attempts: &Attempts) -> Vec<u64> {
    let serves = attempts.iter().filter(|(_, attempt)| attempt.outcome == Outcome::Serves);
    serves.map(|(version, _)| *version).collect()
}

fn disk(versions: &[(u64, u64)]) -> Disk {
    Disk { versions: versions.iter().copied().collect(), policy: 0 }
}

#[test]
fn a_new_version_takes_over_once_it_is_loaded() {
    let mut attempts = Attempts::new();
    assert_eq!(follow(&disk(&[(1, 2)]), &mut attempts, false).load, [1]);
    let plan = follow(&disk(&[(1, 2), (2, 2)]), &mut attempts, false);
    assert_eq!((plan.load, plan.retire), (vec![2], vec![1]));
    assert_eq!(serving(&attempts), [2]);
    let plan = disk(&[(1, 2), (2, 2)]).plan(&attempts, false);
    assert_eq!(plan, Plan { keep: vec![2], ..Plan::default() });
    // The older one is wanted again when the newer is gone.
    let plan = follow(&disk(&[(1, 2)]), &mut attempts, false);
    assert_eq!((plan.load, plan.retire, serving(&attempts)), (vec![1], vec![2], vec![1]));
}

#[test]
fn what_fails_is_left_alone_until_it_changes_or_somebody_asks() {
    let mut attempts = Attempts::new();
    follow(&disk(&[(1, 2)]), &mut attempts, false);
    let broken = disk(&[(1, 2), (2, 3)]);
    assert_eq!(follow(&broken, &mut attempts, false).load, [2]);
    assert_eq!(serving(&attempts), [1]);
    let plan = broken.plan(&attempts, false);
    assert_eq!((plan.load, plan.broken), (vec![], vec![(2, "odd".to_owned())]));
    assert_eq!(broken.plan(&attempts, true).load, [2]);
    follow(&disk(&[(1, 2), (2, 4)]), &mut attempts, false);
    assert_eq!(serving(&attempts), [2]);
}

fn disks() -> impl Strategy<Value = Disk> {
    let versions = prop::collection::btree_map(1_u64..5, 0_u64..5, 1..5);
    (versions, 0_u8..4).prop_map(|(versions, policy)| Disk { versions, policy })
}

proptest! {
    #[test]
    fn what_is_served_follows_the_folder(history in prop::collection::vec((disks(), any::<bool>()), 1..12)) {
        let mut attempts = Attempts::new();
        for (disk, again) in history {
            let before = serving(&attempts);
            follow(&disk, &mut attempts, again);
            let wanted = disk.goal().wanted.unwrap().versions;
            let loads = |version: &u64| disk.versions.get(version).is_some_and(|bytes| *bytes > 0 && bytes % 2 == 0);
            let now = serving(&attempts);
            prop_assert!(wanted.keys().filter(|version| loads(version)).all(|version| now.contains(version)));
            if wanted.keys().all(loads) {
                let wanted: Vec<u64> = wanted.keys().copied().collect();
                prop_assert_eq!(&now, &wanted);
            } else {
                let dropped = before.iter().filter(|version| !wanted.contains_key(version));
                prop_assert!(dropped.clone().all(|version| now.contains(version)));
            }
            // Nothing is left to do, and nobody is kept who is neither wanted, served nor there.
            let plan = disk.plan(&attempts, false);
            prop_assert!(plan.load.is_empty());
            for (version, attempt) in &attempts {
                let rests = attempt.outcome == Outcome::Retired && disk.versions.contains_key(version);
                let lags = !plan.broken.is_empty();
                prop_assert!(wanted.contains_key(version) || rests || lags, "{version} {attempt:?}");
            }
        }
    }
}
