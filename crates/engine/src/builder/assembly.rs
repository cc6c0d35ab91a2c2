//! From the options to a running engine.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use phalanx_backend::{Backend, Buckets, Device, Devices, PrepareOptions, Program};
use phalanx_batch::{Options, Scheduler};

use super::{EngineBuilder, ROWS_MAX_DEFAULT};
use crate::choice::{self, Prepared, Wanted};
use crate::fallback::{Candidate, Pace, Stack};
use crate::hub::{BatchTimeout, Hub, QueueNumber, Settings};
use crate::pad::PadPlan;
use crate::queues::Queues;
use crate::submitters::Submitter;
use crate::warmup::{self, Findings};
use crate::{Batching, Engine, EngineError, EngineInfo, cores};

/// The longest that anything is waited for awake.
const SPIN_US_MAX: u32 = 50;
/// The longest that a batch may run, where nothing else was said.
const BATCH_TIMEOUT_MAX: Duration = Duration::from_secs(60);
/// How long before the end of a batch the next is handed to a device that works by itself: what waking a thread and
/// submitting take. At 100 µs, batches of 130 µs left with their first row, and the others together behind it.
const LEAD: Duration = Duration::from_micros(40);
/// Share of a device's nodes left on the CPU from which the user is warned.
const CPU_SHARE_WARNED: f64 = 0.1;
/// Cores whose callers keep the locks of one queue busy, where a device is fast enough for them: on an H200 with 16 cores
/// 4,096 callers got 0.75 M answers a second of one queue, 1.9 M of eight and 3.6 M of sixteen.
const CORES_PER_QUEUE: usize = 2;

/// The model on one of the devices.
struct Site {
    device: Device,
    program: Arc<dyn Program>,
    findings: Findings,
    submitter: Option<Arc<Submitter>>,
}

/// How lanes and rows are shared out.
struct Shares {
    /// Of each device.
    lanes: usize,
    /// Of each device.
    queues: usize,
    rows_max: usize,
}

impl EngineBuilder {
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
        let sites = self.sites(&prepared, &options, &pad)?;
        let first = &sites[0];
        let shares = Shares {
            lanes,
            queues: self.queues_of_each(lanes, first.program.as_ref())?,
            rows_max: self.rows_max(&first.findings, first.program.as_ref()),
        };
        let info = self.info(&prepared, &sites, &shares, threads)?;
        let hubs = self.hubs(&prepared, &options, &sites, &shares, &pad);
        Ok(Engine::assemble(Queues::start(hubs, sites.len())?, info))
    }

    fn wanted<'a>(&'a self, options: &'a PrepareOptions, pad: &'a PadPlan) -> Wanted<'a> {
        Wanted {
            backend: &self.backend,
            library: self.onnxruntime_library.as_deref(),
            model: &self.model,
            device: self.devices.as_ref().map(Devices::first),
            options,
            given: self.warmup.as_deref(),
            pad,
            search: &self.search,
            isolation: self.isolation,
            worker_exe: self.worker_exe.as_deref(),
        }
    }

    /// The model on the device it was prepared for, and on the others that were asked for, each warmed up.
    fn sites(
        &self,
        prepared: &Prepared,
        options: &PrepareOptions,
        pad: &PadPlan,
    ) -> Result<Vec<Site>, EngineError> {
        let site = |device: Device, program: Arc<dyn Program>| -> Result<Site, EngineError> {
            let submitter = self.submitter(device)?.map(Arc::new);
            let given = self.warmup.as_deref();
            let findings = warmup::explore(&program, given, pad, self.warmup_budget)?;
            Ok(Site { device, program, findings, submitter })
        };
        let mut sites = vec![site(prepared.device, Arc::clone(&prepared.program))?];
        for &device in self.devices.iter().flat_map(Devices::others) {
            let program = prepared.backend.prepare(&self.model, device, options);
            sites.push(site(device, program.map_err(EngineError::Prepare)?)?);
        }
        Ok(sites)
    }

    fn submitter(&self, device: Device) -> Result<Option<Submitter>, EngineError> {
        let usual = self.accelerator_submitters_max.filter(|_| device != Device::Cpu);
        self.device_submitters_max.or(usual).map(|max| Submitter::on(device, max)).transpose()
    }

    fn check(&self) -> Result<(), EngineError> {
        let zero = [
            ("depth", self.depth == 0),
            ("queues", self.queues == Some(0)),
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
        let lanes = match self.lanes {
            None if limits.async_submit => lanes.max(self.queues.unwrap_or_else(|| self.queues_usual())),
            _ => lanes,
        };
        Ok(lanes.min(limits.lanes_max.max(1)))
    }

    /// Queues of a device that works by itself and leaves the cores to callers.
    fn queues_usual(&self) -> usize {
        let devices = self.devices.as_ref().map_or(1, |devices| devices.iter().count());
        (cores::available() / CORES_PER_QUEUE / devices).max(1)
    }

    /// How many queues share the lanes of a device out.
    fn queues_of_each(&self, lanes: usize, program: &dyn Program) -> Result<usize, EngineError> {
        match self.queues {
            Some(queues) if queues > lanes => {
                let expected = format!("at most one for each of the {lanes} lanes");
                Err(EngineError::invalid_option("queues", expected, queues))
            }
            Some(queues) => Ok(queues),
            None if program.limits().async_submit => Ok(self.queues_usual().min(lanes)),
            None => Ok(1),
        }
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
        sites: &[Site],
        shares: &Shares,
        threads: usize,
    ) -> Result<EngineInfo, EngineError> {
        let placement = prepared.program.placement();
        let device = Devices::from(prepared.device);
        let findings = &sites[0].findings;
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
        let padded_to = match sites[0].program.buckets() {
            Buckets::Fixed(mut sizes) => {
                sizes.retain(|&size| size <= shares.rows_max);
                sizes
            }
            Buckets::Any(_) => Vec::new(),
        };
        Ok(EngineInfo {
            backend: prepared.backend.name(),
            backend_version: prepared.backend.version().map_err(EngineError::Prepare)?,
            device: prepared.device,
            devices: Devices::new(sites.iter().map(|site| site.device)).unwrap_or(device),
            lanes: shares.lanes * sites.len(),
            queues: shares.queues * sites.len(),
            threads,
            max_batch: shares.rows_max,
            padded_to,
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

    /// The queues of all sites: the first of every site, then the second of every site, and so on.
    fn hubs(
        &self,
        prepared: &Prepared,
        options: &PrepareOptions,
        sites: &[Site],
        shares: &Shares,
        pad: &PadPlan,
    ) -> Vec<(Arc<Hub>, Option<Arc<Submitter>>)> {
        let stacks: Vec<Arc<Stack>> = sites
            .iter()
            .map(|site| {
                let first = Candidate::ready(prepared.backend.name(), site.device, Arc::clone(&site.program));
                let fallbacks = self.fallbacks(prepared, options);
                Arc::new(Stack::new(first, Arc::clone(&site.program), fallbacks, Pace::default()))
            })
            .collect();
        let (queues, devices) = (shares.queues * sites.len(), sites.len());
        let mut first_lane = 0;
        let hub = |queue: usize| {
            let (site, stack) = (&sites[queue % devices], &stacks[queue % devices]);
            let lanes = share_of(shares.lanes, queue / devices, shares.queues);
            let number = QueueNumber { queue, queues, devices, first_lane };
            first_lane += lanes;
            let scheduler = Scheduler::new(self.scheduling(lanes, shares.rows_max, site.program.as_ref()));
            let settings = self.settings(prepared, site, shares.rows_max, pad.clone(), number);
            let slot_bytes_max = if self.pooling { share(self.memory_bytes_max / 2, queues) } else { 0 };
            let hub = Hub::new(
                Arc::clone(stack),
                settings,
                scheduler,
                usize::try_from(slot_bytes_max).unwrap_or(usize::MAX),
            );
            (hub, site.submitter.clone())
        };
        (0..queues).map(hub).collect()
    }

    fn scheduling(&self, lanes: usize, rows_max: usize, program: &dyn Program) -> Options {
        Options {
            lanes,
            depth: self.depth,
            rows_max,
            queue_rows_max: self.queue_limit,
            slo_ns: self.slo.map(|slo| slo.as_nanos() as u64),
            lead_ns: if program.limits().async_submit { LEAD.as_nanos() as u64 } else { 0 },
            policy: self.policy,
        }
    }

    fn settings(
        &self,
        prepared: &Prepared,
        site: &Site,
        rows_max: usize,
        pad: PadPlan,
        number: QueueNumber,
    ) -> Settings {
        Settings {
            signature: self.model.signature().clone(),
            backend: prepared.backend.name(),
            batched: !matches!(site.findings.batching, Batching::Unbatched { .. }),
            buckets: site.program.buckets(),
            rows_max,
            pad,
            groups_max: self.groups_max,
            input_bytes_max: share(self.memory_bytes_max / 2, number.queues),
            latency: site.findings.latency.clone(),
            batch_timeout: match self.batch_timeout {
                Some(timeout) => BatchTimeout::Fixed(timeout.as_nanos() as u64),
                None => BatchTimeout::Measured { max_ns: BATCH_TIMEOUT_MAX.as_nanos() as u64 },
            },
            recovers: self.recover,
            spin: self.spin(site.program.as_ref()),
            trace: self.trace.clone(),
            number,
        }
    }

    /// How long lanes and blocking callers wait awake: only where the device works by itself, since else nobody gains.
    /// Twice as long as the end of a batch is waited for, since they begin to wait when the batch does.
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

/// What one of `queues` queues gets of `bytes`.
fn share(bytes: u64, queues: usize) -> u64 {
    (bytes / queues as u64).max(1)
}

/// How many of `whole` the part of this number gets, of so many parts.
fn share_of(whole: usize, part: usize, parts: usize) -> usize {
    whole / parts + usize::from(part < whole % parts)
}

fn at_least_one(option: &str, value: usize) -> Result<NonZeroUsize, EngineError> {
    NonZeroUsize::new(value).ok_or_else(|| EngineError::invalid_option(option, "at least 1", value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_are_shared_out_over_queues_without_a_rest() {
        let shares: Vec<usize> = (0..4).map(|part| share_of(10, part, 4)).collect();
        assert_eq!(shares, [3, 3, 2, 2]);
        assert_eq!((0..3).map(|part| share_of(3, part, 3)).sum::<usize>(), 3);
    }
}
