use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use phalanx_backend::Program;

use super::{BATCH, POWERS, Rows};
use crate::strategy::{Crew, Direct, Order, Parameters, Raw, Rule, Strategy};
use crate::suite::{Group, Subject};
use crate::{MeasureError, WaitedLane};

/// Threads and workers of the seeds' curves.
const THREADS: [usize; 5] = [1, 2, 4, 8, 16];
const WORKERS: [usize; 4] = [1, 2, 4, 8];
const WORKER_BATCHES: [usize; 4] = [1, 32, 64, 128];
const DEPTHS: [usize; 5] = [1, 2, 4, 8, 16];

/// Lanes that share the samples under way, and how many those are.
const HYBRID_LANES: [usize; 4] = [8, 4, 2, 1];
const HYBRID_SAMPLES: [usize; 3] = [8, 64, 256];

/// A bare loop. One wait every k batches needs several in flight, which a crew has and the loop has not.
pub(in crate::suite) fn raw(subject: &Subject) -> Vec<Group<'_>> {
    let sizes = subject.fitting(&subject.batches);
    let open = {
        let sizes = sizes.clone();
        move || -> Result<Rows<'_>, MeasureError> {
            if let Rule::Every(_) = subject.rule {
                let crew = subject.crew(1)?;
                return Ok(sizes.iter().map(|&rows| one_lane(subject, &crew, "raw", rows)).collect());
            }
            let lane = Rc::new(RefCell::new(WaitedLane::open(&*subject.program)?));
            let raw = |&rows: &usize| -> Result<Box<dyn Strategy + '_>, MeasureError> {
                let raw = Raw::new(&*subject.program, &lane, &subject.samples, rows)?;
                Ok(Box::new(raw.io(subject.io)))
            };
            sizes.iter().map(raw).collect()
        }
    };
    vec![Group::new("raw", "batches of one lane", sizes.len(), open)]
}

/// The same as `threads`, with one of them.
pub(in crate::suite) fn batching(subject: &Subject) -> Vec<Group<'_>> {
    let sizes = subject.fitting(&POWERS);
    let count = sizes.len();
    let open = move || {
        let crew = subject.crew(1)?;
        Ok(sizes.iter().map(|&rows| one_lane(subject, &crew, "batching", rows)).collect())
    };
    vec![Group::new("batching", "batches of one lane", count, open)]
}

fn one_lane<'a>(
    subject: &'a Subject,
    crew: &Rc<RefCell<Crew>>,
    strategy: &'static str,
    rows: usize,
) -> Box<dyn Strategy + 'a> {
    let parameters = Parameters::default().scaled("batch", rows);
    Box::new(Direct::new(crew, subject.order(strategy, rows), rows, parameters))
}

pub(in crate::suite) fn threads(subject: &Subject) -> Vec<Group<'_>> {
    let sizes = subject.fitting(&[1, BATCH]);
    let group = |threads: usize, is_shared: bool| {
        let sizes = sizes.clone();
        let program = if is_shared { "shared" } else { "own" };
        let about = format!("threads {threads}, program {program}");
        Group::new("threads", about, sizes.len(), move || {
            let programs =
                if is_shared { vec![Arc::clone(&subject.program)] } else { own(subject, threads)? };
            let crew = Crew::open(&programs, threads, &subject.samples, &subject.answers)?;
            let row = |&rows: &usize| -> Box<dyn Strategy + '_> {
                let parameters = Parameters::default().scaled("threads", threads);
                let parameters = parameters.with("batch", rows).with("program", program);
                Box::new(Direct::new(&crew, subject.order("threads", rows), threads, parameters))
            };
            Ok(sizes.iter().map(row).collect())
        })
    };
    THREADS.iter().flat_map(|&threads| [group(threads, true), group(threads, false)]).collect()
}

fn own(subject: &Subject, threads: usize) -> Result<Vec<Arc<dyn Program>>, MeasureError> {
    (0..threads).map(|_| subject.prepare(&subject.options)).collect()
}

pub(in crate::suite) fn process_pool(subject: &Subject) -> Vec<Group<'_>> {
    let sizes = subject.fitting(&WORKER_BATCHES);
    let group = |&workers: &usize| {
        let sizes = sizes.clone();
        Group::new("process-pool", format!("workers {workers}"), sizes.len(), move || {
            let crew = subject.worker_crew(workers)?;
            let row = |&rows: &usize| -> Box<dyn Strategy + '_> {
                let parameters = Parameters::default().scaled("workers", workers).with("batch", rows);
                Box::new(Direct::new(&crew, subject.order("process-pool", rows), workers, parameters))
            };
            Ok(sizes.iter().map(row).collect())
        })
    };
    WORKERS.iter().map(group).collect()
}

/// For each number of lanes its batch sizes, so that as many samples are under way.
pub(in crate::suite) fn hybrid(subject: &Subject) -> Vec<Group<'_>> {
    let group = |&lanes: &usize| {
        let sizes = HYBRID_SAMPLES.map(|samples| samples / lanes);
        let sizes = subject.fitting(&sizes);
        Group::new("hybrid", format!("lanes {lanes}"), sizes.len(), move || {
            let crew = subject.crew(lanes)?;
            let row = |&rows: &usize| -> Box<dyn Strategy + '_> {
                let samples = lanes * rows;
                let parameters = Parameters::default().with("lanes", lanes).scaled("batch", rows);
                let parameters = parameters.scaled("under way", samples);
                Box::new(Direct::new(&crew, subject.order("hybrid", rows), samples, parameters))
            };
            Ok(sizes.iter().map(row).collect())
        })
    };
    HYBRID_LANES.iter().map(group).collect()
}

pub(in crate::suite) fn pipelined(subject: &Subject) -> Vec<Group<'_>> {
    let rows = subject.fitting(&[BATCH]).first().copied().unwrap_or(1);
    let limits = subject.program.limits();
    let about = if limits.async_submit { "depths of one lane" } else { "depths of one lane that blocks" };
    vec![Group::new("pipelined", about, DEPTHS.len(), move || {
        let crew = subject.crew(1)?;
        let row = |&depth: &usize| -> Box<dyn Strategy + '_> {
            let submit = if limits.async_submit { "returns" } else { "blocks" };
            let parameters = Parameters::default().scaled("depth", depth).with("batch", rows);
            let order = Order { depth, ..subject.order("pipelined", rows) };
            Box::new(Direct::new(&crew, order, depth, parameters.with("submit", submit)))
        };
        Ok(DEPTHS.iter().map(row).collect())
    })]
}
