use phalanx_batch::{LatencyModel, Nanos, Options, PolicyKind};
use proptest::prelude::*;

/// What a case is about: the scheduler's options and how long batches are expected to take.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) options: Options,
    pub(crate) alpha_ns: Nanos,
    pub(crate) beta_ns: Nanos,
    pub(crate) padded: bool,
}

/// One thing that happens. Indices pick among what is there, modulo its number.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Admit {
        group: usize,
        rows: usize,
        priority: i32,
        deadline_ns: Option<Nanos>,
    },
    Cancel {
        pick: usize,
    },
    /// A lane that has reason to ask does so.
    Ask {
        pick: usize,
    },
    /// An idle lane asks though nobody told it to.
    AskInVain {
        lane: usize,
    },
    Complete {
        lane: usize,
        pick: usize,
        noise: u64,
        ok: bool,
    },
    Release {
        pick: usize,
    },
    FormAhead,
    Lose {
        lane: usize,
    },
    Restore {
        lane: usize,
    },
    Wait {
        ns: Nanos,
    },
    /// All lanes that have reason to ask do so; then nothing may be left that could leave.
    Settle,
    Stop,
    DrainAll,
}

impl Setup {
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        let policy = prop_oneof![
            Just(PolicyKind::Immediate),
            (1..40_u64).prop_map(|us| PolicyKind::Delay { timeout_ns: us * 1000 }),
            (1..40_u64).prop_map(|us| PolicyKind::Adaptive { target_ns: us * 1000 }),
            Just(PolicyKind::SloWindow),
            Just(PolicyKind::Deferred),
            prop::option::of(1..40_000_u64).prop_map(|target_ns| PolicyKind::Aimd { target_ns }),
        ];
        let options = (policy, 1..4_usize, 1..5_usize, 1..17_usize, 1..80_usize, slo(), lead()).prop_map(
            |(policy, lanes, depth, rows_max, queue_rows_max, slo_ns, lead_ns)| Options {
                lanes,
                depth,
                rows_max,
                queue_rows_max,
                slo_ns,
                lead_ns,
                policy,
            },
        );
        (options, 0..2000_u64, 1..8000_u64, any::<bool>())
            .prop_map(|(options, alpha_ns, beta_ns, padded)| Self { options, alpha_ns, beta_ns, padded })
    }

    /// The measured times of the batches.
    pub(crate) fn latency(&self) -> LatencyModel {
        let rows_max = self.options.rows_max;
        let sizes: Vec<usize> =
            [1, 3, 8].into_iter().filter(|&size| size < rows_max).chain([rows_max]).collect();
        let mut latency =
            if self.padded { LatencyModel::buckets(&sizes) } else { LatencyModel::any(rows_max) };
        for (index, rows) in latency.sizes().to_vec().into_iter().enumerate() {
            latency.calibrate(index, self.run_ns(rows));
        }
        latency
    }

    pub(crate) fn run_ns(&self, rows: usize) -> Nanos {
        self.alpha_ns * rows as Nanos + self.beta_ns
    }
}

/// Whether this policy holds batches to the deadlines of their requests.
pub(crate) fn keeps_slo(policy: PolicyKind) -> bool {
    matches!(policy, PolicyKind::SloWindow | PolicyKind::Deferred)
}

fn slo() -> impl Strategy<Value = Option<Nanos>> {
    prop_oneof![Just(None), (2_000..80_000_u64).prop_map(Some)]
}

fn lead() -> impl Strategy<Value = Nanos> {
    prop_oneof![2 => Just(0), 1 => 1..10_000_u64]
}

impl Step {
    pub(crate) fn any() -> impl Strategy<Value = Self> {
        let admit = (0..3_usize, 1..20_usize, 0..3_i32, prop::option::weighted(0.3, 0..60_000_u64));
        // Mostly small requests of equal priority, as in life.
        let admit = (admit, 0..4_u8).prop_map(|((group, rows, priority, deadline_ns), plain)| Self::Admit {
            group: if plain > 1 { 0 } else { group },
            rows: if plain > 0 { 1 + rows % 3 } else { rows },
            priority: if plain > 0 { 0 } else { priority },
            deadline_ns,
        });
        let complete = (0..3_usize, 0..4_usize, 0..2000_u64, prop::bool::weighted(0.9));
        prop_oneof![
            240 => admit,
            30 => any::<usize>().prop_map(|pick| Self::Cancel { pick }),
            120 => any::<usize>().prop_map(|pick| Self::Ask { pick }),
            10 => (0..3_usize).prop_map(|lane| Self::AskInVain { lane }),
            80 => complete.prop_map(|(lane, pick, noise, ok)| Self::Complete { lane, pick, noise, ok }),
            80 => any::<usize>().prop_map(|pick| Self::Release { pick }),
            50 => Just(Self::FormAhead),
            4 => (0..3_usize).prop_map(|lane| Self::Lose { lane }),
            8 => (0..3_usize).prop_map(|lane| Self::Restore { lane }),
            80 => (0..20_000_u64).prop_map(|ns| Self::Wait { ns }),
            60 => Just(Self::Settle),
            1 => Just(Self::Stop),
            1 => Just(Self::DrainAll),
        ]
    }
}
