use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use phalanx_backend::{Backend, Device, Optimize, Precision, PrepareOptions, Program};
use phalanx_batch::{LaneId, Options, Scheduler};
use phalanx_model::Model;
use phalanx_tensor::Tensor;

use crate::choice::{self, Prepared, Search, Wanted};
use crate::fallback::{Candidate, Pace, Stack};
use crate::hub::{BatchTimeout, Hub, Settings};
use crate::pad::PadPlan;
use crate::submitters::Submitter;
use crate::threads::{Mover, Roster};
use crate::trace::Trace;
use crate::warmup::{self, Findings};
use crate::{BackendChoice, Batching, Engine, EngineError, EngineInfo, Isolation, PadRule, Policy, cores};

/// Rows of the largest batch that is tried where none was given.
const ROWS_MAX_DEFAULT: usize = 128;
const DEPTH_DEFAULT: usize = 2;
const QUEUE_LIMIT_DEFAULT: usize = 8192;
const MEMORY_BYTES_MAX_DEFAULT: u64 = 2 << 30;
const GROUPS_MAX_DEFAULT: usize = 64;
const WARMUP_BUDGET_DEFAULT: Duration = Duration::from_millis(400);
/// The longest that anything is waited for awake.
const SPIN_US_MAX: u32 = 50;
/// The longest that a batch may run, where nothing else was said.
const BATCH_TIMEOUT_MAX: Duration = Duration::from_secs(60);
/// How long before the end of a batch the next is handed to a device that works by itself: what waking a thread and
/// submitting take. At 100 µs, batches of 130 µs left with their first row, and the others together behind it.
const LEAD: Duration = Duration::from_micros(40);
/// Share of a device's nodes left on the CPU from which the user is warned.
const CPU_SHARE_WARNED: f64 = 0.1;

/// Describes an engine. Every option has a default that suits most models.
#[derive(Clone, Debug)]
pub struct EngineBuilder {
    model: Model,
    device: Option<Device>,
    backend: BackendChoice,
    search: Search,
    onnxruntime_library: Option<PathBuf>,
    lanes: Option<usize>,
    threads: Option<usize>,
    max_batch: Option<usize>,
    depth: usize,
    slo: Option<Duration>,
    policy: Policy,
    queue_limit: usize,
    optimize: Optimize,
    precision: Precision,
    spin_us: u32,
    pad: Vec<PadRule>,
    device_submitters_max: Option<usize>,
    accelerator_submitters_max: Option<usize>,
    memory_bytes_max: u64,
    pooling: bool,
    groups_max: usize,
    warmup: Option<Vec<Tensor>>,
    warmup_budget: Duration,
    batch_timeout: Option<Duration>,
    recover: bool,
    fallback: bool,
    isolation: Isolation,
    worker_exe: Option<PathBuf>,
    trace: Option<Arc<dyn Trace>>,
}

/// One setter an option: takes the value and gives the builder back.
macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $type:ty => $value:expr;)*) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(mut self, $name: $type) -> Self {
            self.$name = $value;
            self
        })*
    };
}

impl EngineBuilder {
    pub(crate) fn new(model: Model) -> Self {
        Self {
            model,
            device: None,
            backend: BackendChoice::Auto,
            search: Search::default(),
            onnxruntime_library: None,
            lanes: None,
            threads: None,
            max_batch: None,
            depth: DEPTH_DEFAULT,
            slo: None,
            policy: Policy::default(),
            queue_limit: QUEUE_LIMIT_DEFAULT,
            optimize: Optimize::default(),
            precision: Precision::default(),
            spin_us: 0,
            pad: Vec::new(),
            device_submitters_max: None,
            accelerator_submitters_max: None,
            memory_bytes_max: MEMORY_BYTES_MAX_DEFAULT,
            pooling: true,
            groups_max: GROUPS_MAX_DEFAULT,
            warmup: None,
            warmup_budget: WARMUP_BUDGET_DEFAULT,
            batch_timeout: None,
            recover: true,
            fallback: true,
            isolation: Isolation::default(),
            worker_exe: None,
            trace: None,
        }
    }

    setters! {
        /// What the model runs on. Without it, the CPU; where the backend is searched for in processes of its own, what
        /// is fastest.
        device: Device => Some(device);
        /// Which runtime runs it; `Auto` unless said otherwise.
        backend: BackendChoice => backend;
        /// How `Auto` finds it.
        search: Search => search;
        /// Lanes, each with a thread of its own. Without it, shared out over the cores together with `threads`.
        lanes: usize => Some(lanes);
        /// Threads that one run may use.
        threads: usize => Some(threads);
        /// Rows of the largest batch. Without it, the size at which warm-up saw the most rows a second, up to 128.
        max_batch: usize => Some(max_batch);
        /// Batches of a lane that may be formed or running at once; 2 unless said otherwise. 1 gathers a batch only
        /// when the one before has ended.
        depth: usize => depth;
        /// The latency every request is promised.
        slo: Duration => Some(slo);
        /// The rule that forms batches; `SloWindow` unless said otherwise.
        policy: Policy => policy;
        /// Rows that may wait; 8192 unless said otherwise.
        queue_limit: usize => queue_limit;
        /// How much the backend may rewrite the model.
        optimize: Optimize => optimize;
        /// The arithmetic inside the model.
        precision: Precision => precision;
        /// Microseconds that the end of a batch on a GPU, and then the next batch, may be waited for awake: sooner answers,
        /// for cores that are busy while requests come. 0 unless said otherwise; at most 50 count.
        spin_us: u32 => spin_us;
        /// Which axes are padded, so that requests of different lengths share batches.
        pad: Vec<PadRule> => pad;
        /// How many lanes of all engines in this process may submit to the device at once; no limit unless given.
        device_submitters_max: usize => Some(device_submitters_max);
        /// The same, only where the device turns out not to be the CPU and no other number was given.
        accelerator_submitters_max: usize => Some(accelerator_submitters_max);
        /// Memory for the inputs of unanswered requests and for pooled buffers, half each; 2 GiB unless said otherwise.
        memory_bytes_max: u64 => memory_bytes_max;
        /// Whether the buffers of batches and answers are used again, as they are unless said otherwise, or made anew
        /// each time.
        pooling: bool => pooling;
        /// Different row shapes kept at once; 64 unless said otherwise.
        groups_max: usize => groups_max;
        /// Rows to warm up with, one tensor an input. Without it, random numbers, and integers of 0 and 1.
        warmup: Vec<Tensor> => Some(warmup);
        /// How long warm-up may measure batch times; 400 ms unless said otherwise.
        warmup_budget: Duration => warmup_budget;
        /// How long a batch may run before its lane is given up and its requests are answered with an error. Without it
        /// a minute; where a lane can be stopped from outside (a worker process), ten times what such batches take.
        batch_timeout: Duration => Some(batch_timeout);
        /// Whether the requests of a batch that failed, or took its lane down, are run again, apart from others, until
        /// the one at fault is found; they are unless said otherwise.
        recover: bool => recover;
        /// Whether the next candidate runs the batches that the chosen backend fails to run, and takes over where that
        /// happens more often; it does unless said otherwise. Else the requests are answered with the error.
        fallback: bool => fallback;
        /// Whether lanes run in threads or in worker processes; threads unless said otherwise.
        isolation: Isolation => isolation;
        /// The executable of worker processes. Without it this program where it is `phalanx`, else the `phalanx` beside
        /// it. One of your own calls [`worker_main`](crate::worker_main) first thing in `main`.
        worker_exe: PathBuf => Some(worker_exe);
        /// Who is told how each batch spends its time; nobody unless given, and then it costs nothing.
        trace: Arc<dyn Trace> => Some(trace);
        /// Where onnxruntime's library is, where it is not to be searched for.
        onnxruntime_library: PathBuf => Some(onnxruntime_library);
    }

    /// Prepares the model, warms it up and starts the lanes.
    ///
    /// # Errors
    /// [`EngineError::Prepare`] or [`EngineError::NoBackend`] where the model cannot be prepared,
    /// [`EngineError::InvalidOption`] for options that make no sense, [`EngineError::InvalidInput`] or
    /// [`EngineError::BackendFailed`] where the warm-up sample does not run.
    pub fn build(self) -> Result<Engine, EngineError> {
        self.check()?;
        let pad = PadPlan::new(&self.pad, self.model.signature())?;
        let (lanes, threads) = cores::share_out(self.lanes, self.threads)?;
        let options = PrepareOptions {
            threads: at_least_one("threads", threads)?,
            optimize: self.optimize,
            precision: self.precision,
            rows_max: at_least_one("max_batch", self.max_batch.unwrap_or(ROWS_MAX_DEFAULT))?,
            shapes_max: at_least_one("groups_max", self.groups_max)?,
            spin_us: self.spin_us,
        };
        let mut prepared = choice::prepare(&self.wanted(&options, &pad))?;
        let lanes = self.lanes_within(lanes, prepared.program.as_ref(), &mut prepared.warnings)?;
        let submitter = self.submitter(prepared.device)?;
        let findings = warmup::explore(&prepared.program, self.warmup.as_deref(), &pad, self.warmup_budget)?;
        let rows_max = self.rows_max(&findings, prepared.program.as_ref());
        let info = self.info(&prepared, &findings, lanes, threads, rows_max)?;
        let hub = self.hub(&prepared, &options, findings, lanes, rows_max, pad);
        start(&hub, info, submitter)
    }

    fn wanted<'a>(&'a self, options: &'a PrepareOptions, pad: &'a PadPlan) -> Wanted<'a> {
        Wanted {
            backend: &self.backend,
            library: self.onnxruntime_library.as_deref(),
            model: &self.model,
            device: self.device,
            options,
            given: self.warmup.as_deref(),
            pad,
            search: &self.search,
            isolation: self.isolation,
            worker_exe: self.worker_exe.as_deref(),
        }
    }

    fn submitter(&self, device: Device) -> Result<Option<Submitter>, EngineError> {
        let usual = self.accelerator_submitters_max.filter(|_| device != Device::Cpu);
        self.device_submitters_max.or(usual).map(|max| Submitter::on(device, max)).transpose()
    }

    fn check(&self) -> Result<(), EngineError> {
        let zero = [
            ("depth", self.depth == 0),
            ("queue_limit", self.queue_limit == 0),
            ("memory_bytes_max", self.memory_bytes_max == 0),
            ("slo", self.slo.is_some_and(|slo| slo.is_zero())),
            ("batch_timeout", self.batch_timeout.is_some_and(|timeout| timeout.is_zero())),
        ];
        if let Some((option, _)) = zero.iter().find(|(_, is_zero)| *is_zero) {
            return Err(EngineError::invalid_option(*option, "more than zero", 0));
        }
        match self.max_batch {
            Some(max_batch) if max_batch > self.queue_limit => Err(EngineError::invalid_option(
                "max_batch and queue_limit",
                "a queue that holds at least one batch",
                format!("batches of {max_batch} rows and a queue of {}", self.queue_limit),
            )),
            _ => Ok(()),
        }
    }

    fn lanes_within(
        &self,
        lanes: usize,
        program: &dyn Program,
        warnings: &mut Vec<String>,
    ) -> Result<usize, EngineError> {
        let limits = program.limits();
        if self.lanes.is_some() && lanes > limits.lanes_max {
            return Err(EngineError::invalid_option("lanes", format!("at most {}", limits.lanes_max), lanes));
        }
        if limits.async_submit && self.depth > limits.depth_max {
            warnings.push(format!("depth {} is more than the backend's {}", self.depth, limits.depth_max));
        }
        Ok(lanes.min(limits.lanes_max.max(1)))
    }

    fn rows_max(&self, findings: &Findings, program: &dyn Program) -> usize {
        let largest = program.buckets().max().max(1);
        match findings.batching {
            Batching::Unbatched { .. } => 1,
            Batching::Fixed(rows) => rows,
            Batching::Batched => match self.max_batch {
                Some(max_batch) => max_batch.min(largest),
                None => warmup::most_efficient(&findings.times_ns, &findings.latency).min(largest),
            },
        }
    }

    fn info(
        &self,
        prepared: &Prepared,
        findings: &Findings,
        lanes: usize,
        threads: usize,
        rows_max: usize,
    ) -> Result<EngineInfo, EngineError> {
        let placement = prepared.program.placement();
        let mut warnings = prepared.warnings.clone();
        warnings.extend(findings.warnings.iter().cloned());
        if placement.cpu_share() > CPU_SHARE_WARNED {
            let left: usize = placement.on_cpu.iter().map(|(_, count)| count).sum();
            let nodes = placement.nodes;
            warnings.push(format!("{left} of {nodes} nodes run on the CPU and not on {}", prepared.device));
        }
        if let (Some(slo), Some(&(_, one_row_ns))) = (self.slo, findings.times_ns.first())
            && u128::from(one_row_ns) > slo.as_nanos()
        {
            let one_row = Duration::from_nanos(one_row_ns);
            warnings.push(format!("the SLO of {slo:?} is shorter than a batch of one row ({one_row:?})"));
        }
        Ok(EngineInfo {
            backend: prepared.backend.name(),
            backend_version: prepared.backend.version().map_err(EngineError::Prepare)?,
            device: prepared.device,
            lanes,
            threads,
            max_batch: rows_max,
            depth: self.depth,
            queue_limit: self.queue_limit,
            policy: self.policy,
            precision: self.precision,
            optimize: self.optimize,
            isolation: self.isolation,
            batching: findings.batching.clone(),
            placement,
            choice: prepared.choice.clone(),
            fallbacks: prepared.fallback_candidates(),
            batch_times_ns: findings.times_ns.clone(),
            warnings,
            hints: prepared.hints.clone(),
        })
    }

    fn hub(
        &self,
        prepared: &Prepared,
        options: &PrepareOptions,
        findings: Findings,
        lanes: usize,
        rows_max: usize,
        pad: PadPlan,
    ) -> Arc<Hub> {
        let program = &prepared.program;
        let scheduler = Scheduler::new(Options {
            lanes,
            depth: self.depth,
            rows_max,
            queue_rows_max: self.queue_limit,
            slo_ns: self.slo.map(|slo| slo.as_nanos() as u64),
            lead_ns: if program.limits().async_submit { LEAD.as_nanos() as u64 } else { 0 },
            policy: self.policy,
        });
        let settings = Settings {
            signature: self.model.signature().clone(),
            backend: prepared.backend.name(),
            batched: !matches!(findings.batching, Batching::Unbatched { .. }),
            buckets: program.buckets(),
            rows_max,
            pad,
            groups_max: self.groups_max,
            input_bytes_max: self.memory_bytes_max / 2,
            latency: findings.latency,
            batch_timeout: match self.batch_timeout {
                Some(timeout) => BatchTimeout::Fixed(timeout.as_nanos() as u64),
                None => BatchTimeout::Measured { max_ns: BATCH_TIMEOUT_MAX.as_nanos() as u64 },
            },
            recovers: self.recover,
            spin: self.spin(program.as_ref()),
            trace: self.trace.clone(),
        };
        let slot_bytes_max = match self.pooling {
            true => usize::try_from(self.memory_bytes_max / 2).unwrap_or(usize::MAX),
            false => 0,
        };
        let first = Candidate::ready(prepared.backend.name(), prepared.device, Arc::clone(program));
        let stack =
            Stack::new(first, Arc::clone(program), self.fallbacks(prepared, options), Pace::default());
        Hub::new(stack, settings, scheduler, slot_bytes_max)
    }
}

impl EngineBuilder {
    /// How long lanes and blocking callers wait awake: only where the device works by itself, since else nobody gains. Twice
    /// as long as the end of a batch is waited for, since they begin to wait when the batch does.
    fn spin(&self, program: &dyn Program) -> Duration {
        let spin_us = if program.limits().async_submit { self.spin_us.min(SPIN_US_MAX) } else { 0 };
        Duration::from_micros((2 * spin_us).into())
    }

    /// What takes over where the preferred backend fails, to be prepared when that happens.
    fn fallbacks(&self, prepared: &Prepared, options: &PrepareOptions) -> Vec<Candidate> {
        let allowed = if self.fallback { prepared.fallbacks.as_slice() } else { &[] };
        let later = |(backend, device): &(Arc<dyn Backend>, Device)| {
            let (name, device) = (backend.name(), *device);
            let (backend, model, options) = (Arc::clone(backend), self.model.clone(), options.clone());
            Candidate::later(name, device, Box::new(move || backend.prepare(&model, device, &options)))
        };
        allowed.iter().map(later).collect()
    }
}

fn start(hub: &Arc<Hub>, info: EngineInfo, submitter: Option<Submitter>) -> Result<Engine, EngineError> {
    let roster = Arc::new(Roster::new(submitter));
    let mover = Mover { hub: Arc::clone(hub), roster: Arc::clone(&roster) };
    let mover = std::thread::Builder::new()
        .name("phalanx-mover".to_owned())
        .spawn(move || mover.run())
        .map_err(|error| EngineError::Thread { message: error.to_string() })?;
    // From here on a failure stops what has been started.
    let lanes = info.lanes;
    let engine = Engine::assemble(Arc::clone(hub), info, Arc::clone(&roster), mover);
    for lane in 0..lanes {
        roster.start(hub, LaneId(lane))?;
    }
    Ok(engine)
}

fn at_least_one(option: &str, value: usize) -> Result<std::num::NonZeroUsize, EngineError> {
    std::num::NonZeroUsize::new(value).ok_or_else(|| EngineError::invalid_option(option, "at least 1", value))
}
