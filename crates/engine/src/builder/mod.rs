//! The options of an engine, and its assembly.

mod assembly;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use phalanx_backend::{Devices, Optimize, Precision};
use phalanx_model::Model;
use phalanx_tensor::Tensor;

use crate::choice::Search;
use crate::trace::Trace;
use crate::{BackendChoice, Isolation, PadRule, Policy};

/// Rows of the largest batch that is tried where none was given.
const ROWS_MAX_DEFAULT: usize = 128;
const DEPTH_DEFAULT: usize = 2;
const QUEUE_LIMIT_DEFAULT: usize = 8192;
const MEMORY_BYTES_MAX_DEFAULT: u64 = 2 << 30;
const GROUPS_MAX_DEFAULT: usize = 64;
const WARMUP_BUDGET_DEFAULT: Duration = Duration::from_millis(400);

/// Describes an engine. Every option has a default that suits most models.
#[derive(Clone, Debug)]
pub struct EngineBuilder {
    model: Model,
    devices: Option<Devices>,
    backend: BackendChoice,
    search: Search,
    onnxruntime_library: Option<PathBuf>,
    lanes: Option<usize>,
    threads: Option<usize>,
    max_batch: Option<usize>,
    depth: usize,
    queues: Option<usize>,
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
            devices: None,
            backend: BackendChoice::Auto,
            search: Search::default(),
            onnxruntime_library: None,
            lanes: None,
            threads: None,
            max_batch: None,
            depth: DEPTH_DEFAULT,
            queues: None,
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

    /// What the model runs on: a [`Device`](phalanx_backend::Device), or several, such as GPUs, which all run what runs on
    /// the first and have lanes of their own. Without it the CPU; where the backend is searched for in processes of its
    /// own, what is fastest.
    #[must_use]
    pub fn device(mut self, devices: impl Into<Devices>) -> Self {
        self.devices = Some(devices.into());
        self
    }

    setters! {
        /// Which runtime runs it; `Auto` unless said otherwise.
        backend: BackendChoice => backend;
        /// How `Auto` finds it.
        search: Search => search;
        /// Lanes of each device, each with a thread of its own. Without it, shared out over the cores together with `threads`.
        lanes: usize => Some(lanes);
        /// Threads that one run may use.
        threads: usize => Some(threads);
        /// Rows of the largest batch. Without it, the size at which warm-up saw the most rows a second, up to 128.
        max_batch: usize => Some(max_batch);
        /// Batches of a lane that may be formed or running at once; 2 unless said otherwise. 1 gathers a batch only
        /// when the one before has ended.
        depth: usize => depth;
        /// Queues of each device, which share its lanes out: more callers at once, for smaller batches. Without it one, and
        /// for a GPU one for every two cores. Few callers use few of them, however many there are.
        queues: usize => Some(queues);
        /// The latency every request is promised.
        slo: Duration => Some(slo);
        /// The rule that forms batches; `SloWindow` unless said otherwise.
        policy: Policy => policy;
        /// Rows that may wait in each queue; 8192 unless said otherwise.
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
}
