use phalanx_batch::{Nanos, Options};

use crate::{Noise, Rule, SimulateError, Times};

const SLO_DEFAULT_NS: Nanos = 50_000_000;
const ROWS_MAX_DEFAULT: usize = 256;
const QUEUE_ROWS_MAX_DEFAULT: usize = 1 << 20;

/// Limits of what is simulated.
const DEVICES_MAX: usize = 4096;
const SERVED_MAX: usize = 256;

/// Devices and the models that they serve.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Equal devices. Each model has a lane on each; where there are several models, one lane at a time runs on a device,
    /// and the next turn goes to the model that has used the devices least.
    pub devices: usize,
    /// The models.
    pub served: Vec<Served>,
}

/// A model that is served.
#[derive(Clone, Debug)]
pub struct Served {
    /// What it is called.
    pub name: String,
    /// How long its batches take.
    pub times: Times,
    /// How they vary.
    pub noise: Noise,
    /// What its callers were promised, in nanoseconds.
    pub slo_ns: Nanos,
    /// How its batches are formed.
    pub rule: Rule,
    /// Batches of a lane that may be formed or running at once.
    pub depth: usize,
    /// Rows of the largest batch.
    pub rows_max: usize,
    /// Rows that may wait.
    pub queue_rows_max: usize,
    /// How long before its end the next batch is submitted, in nanoseconds; zero for a device that blocks.
    pub lead_ns: Nanos,
    /// Its share of all requests, relative to the other models'.
    pub share: f64,
    /// What its requests are like.
    pub classes: Vec<Class>,
}

/// A kind of request.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Class {
    /// Its share of its model's requests, relative to the other classes'.
    pub share: f64,
    /// Rows of a request.
    pub rows: usize,
    /// The higher goes first.
    pub priority: i32,
    /// The deadline that a request brings, in nanoseconds after its arrival; the SLO where it brings none.
    pub deadline_ns: Option<Nanos>,
}

impl Default for Class {
    fn default() -> Self {
        Self { share: 1.0, rows: 1, priority: 0, deadline_ns: None }
    }
}

impl Served {
    /// A model with these times and the engine's usual options, but for batches of up to 256 rows.
    #[must_use]
    pub fn new(name: &str, times: Times) -> Self {
        Self {
            name: name.to_owned(),
            times,
            noise: Noise::default(),
            slo_ns: SLO_DEFAULT_NS,
            rule: Rule::default(),
            depth: Options::default().depth,
            rows_max: ROWS_MAX_DEFAULT,
            queue_rows_max: QUEUE_ROWS_MAX_DEFAULT,
            lead_ns: 0,
            share: 1.0,
            classes: vec![Class::default()],
        }
    }

    /// Rows of a request, on the average.
    pub(crate) fn rows_mean(&self) -> f64 {
        let total: f64 = self.classes.iter().map(|class| class.share).sum();
        let rows: f64 = self.classes.iter().map(|class| class.share * class.rows as f64).sum();
        if total > 0.0 { rows / total } else { 1.0 }
    }

    fn check(&self, several: bool) -> Result<(), SimulateError> {
        self.noise.check()?;
        for (option, value) in [
            ("slo", self.slo_ns),
            ("depth", self.depth as u64),
            ("max_batch", self.rows_max as u64),
            ("queue_limit", self.queue_rows_max as u64),
            ("classes", self.classes.len() as u64),
        ] {
            if value == 0 {
                return Err(SimulateError::option(option, "more than zero", 0));
            }
        }
        let shares = self.classes.iter().map(|class| class.share).chain([self.share]);
        if let Some(share) = shares.into_iter().find(|share| !(share.is_finite() && *share > 0.0)) {
            return Err(SimulateError::option("share", "a number above 0", share));
        }
        if let Some(class) = self.classes.iter().find(|class| !(1..=self.rows_max).contains(&class.rows)) {
            return Err(SimulateError::option("rows", "a request that one batch holds", class.rows));
        }
        match self.rule {
            Rule::Textbook(_) if several || self.classes.len() > 1 || self.classes[0] != Class::default() => {
                Err(SimulateError::option(
                    "policy",
                    "one of the engine's for several models or kinds of request",
                    self.rule,
                ))
            }
            Rule::Engine(_) if several && self.lead_ns > 0 => Err(SimulateError::option(
                "lead",
                "devices that block, where several models share them",
                self.lead_ns,
            )),
            Rule::Engine(_) | Rule::Textbook(_) => Ok(()),
        }
    }
}

impl Setup {
    /// # Errors
    /// [`SimulateError::Option`] for what makes no sense.
    pub(crate) fn check(&self) -> Result<(), SimulateError> {
        if !(1..=DEVICES_MAX).contains(&self.devices) {
            return Err(SimulateError::option("devices", "a number from 1 to 4096", self.devices));
        }
        if !(1..=SERVED_MAX).contains(&self.served.len()) {
            return Err(SimulateError::option("models", "1 to 256", self.served.len()));
        }
        self.served.iter().try_for_each(|served| served.check(self.served.len() > 1))
    }
}
