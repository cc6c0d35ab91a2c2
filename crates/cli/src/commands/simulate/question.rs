use clap::error::ErrorKind;
use phalanx_simulate::{
    Class, Goodput, Load, Noise, Outcome, Rule, Run, Search, Served, Setup, Times, goodput, run,
};

use super::files;
use crate::args::{BatchTime, Rules, SimulateArgs, When};
use crate::failure::Failure;

/// The share of the requests, at the beginning, that do not count.
pub(super) const WARM_UP: f64 = 0.3;

/// What is to be simulated.
pub(super) struct Question<'a> {
    pub(super) args: &'a SimulateArgs,
    pub(super) cases: Vec<Case>,
    pub(super) rules: Vec<Rule>,
    pub(super) arrivals: Vec<(String, Vec<Load>)>,
}

/// Devices with what they serve, but for the rule.
pub(super) struct Case {
    pub(super) name: String,
    setup: Setup,
}

/// One simulation, by the places of what it is made of.
#[derive(Clone, Copy)]
pub(super) struct Cell {
    pub(super) case: usize,
    pub(super) rule: usize,
    pub(super) arrivals: usize,
}

/// What a simulation gave.
pub(super) enum Answer {
    Goodput(Goodput),
    At(Outcome),
}

impl<'a> Question<'a> {
    pub(super) fn ask(args: &'a SimulateArgs) -> Result<Self, Failure> {
        let cases = cases(args)?;
        let plain = args.class.is_empty() && !args.together;
        let possible = |rule: &Rule| plain || matches!(rule, Rule::Engine(_));
        let mut rules = Vec::new();
        for wanted in &args.policy {
            match wanted {
                Rules::All => rules.extend(Rule::PUBLISHED.into_iter().filter(possible)),
                Rules::One(rule) => rules.push(*rule),
            }
        }
        let arrivals = args.arrivals.iter().map(|when| Ok((name(when), loads(args, when)?)));
        Ok(Self { args, cases, rules, arrivals: arrivals.collect::<Result<_, Failure>>()? })
    }

    /// All simulations, a row of the table after the other.
    pub(super) fn cells(&self) -> Vec<Cell> {
        let rows = (0..self.rules.len()).flat_map(|rule| (0..self.cases.len()).map(move |case| (rule, case)));
        let cells = rows.flat_map(|(rule, case)| {
            (0..self.arrivals.len()).map(move |arrivals| Cell { case, rule, arrivals })
        });
        cells.collect()
    }

    pub(super) fn answer(&self, cell: &Cell) -> Result<Answer, Failure> {
        let setup = self.setup(cell);
        let loads = &self.arrivals[cell.arrivals].1;
        let Self { args, .. } = self;
        match args.rate {
            Some(rate_per_s) => {
                let plan = Run { rate_per_s, warm_up: WARM_UP, seed: args.seed };
                run(&setup, loads, &plan).map(Answer::At)
            }
            None => {
                let search =
                    Search { share_min: args.inside, warm_up: WARM_UP, seed: args.seed, ..Search::default() };
                goodput(&setup, loads, &search).map(Answer::Goodput)
            }
        }
        .map_err(Failure::new)
    }

    /// What is simulated in this cell.
    pub(super) fn setup(&self, cell: &Cell) -> Setup {
        let mut setup = self.cases[cell.case].setup.clone();
        setup.served.iter_mut().for_each(|served| served.rule = self.rules[cell.rule]);
        setup
    }
}

fn cases(args: &SimulateArgs) -> Result<Vec<Case>, Failure> {
    let count = args.batch_time.len();
    let slos = match args.slo.as_slice() {
        [slo] => vec![*slo; count],
        slos if slos.len() == count => slos.to_vec(),
        slos => {
            let message =
                format_args!("expected an --slo for each of {count} --batch-time, got {}", slos.len());
            return Err(Failure::usage(ErrorKind::WrongNumberOfValues, message));
        }
    };
    if !args.shares.is_empty() && args.shares.len() != count {
        let message = format_args!("expected {count} --shares, got {}", args.shares.len());
        return Err(Failure::usage(ErrorKind::WrongNumberOfValues, message));
    }
    let mut served = Vec::new();
    for (index, (time, slo_ns)) in args.batch_time.iter().zip(slos).enumerate() {
        served.push(self::served(args, time, slo_ns, args.shares.get(index).copied().unwrap_or(1.0))?);
    }
    let devices = args.devices.get();
    if args.together {
        let names: Vec<&str> = served.iter().map(|served| served.name.as_str()).collect();
        return Ok(vec![Case { name: names.join(" and "), setup: Setup { devices, served } }]);
    }
    let case =
        |served: Served| Case { name: served.name.clone(), setup: Setup { devices, served: vec![served] } };
    Ok(served.into_iter().map(case).collect())
}

fn served(args: &SimulateArgs, time: &BatchTime, slo_ns: f64, share: f64) -> Result<Served, Failure> {
    let slo_ms = slo_ns / 1e6;
    let (name, times) = match time {
        BatchTime::Line { alpha_ns, beta_ns } => (
            format!("α {} β {} SLO {slo_ms}", alpha_ns / 1e6, beta_ns / 1e6),
            Times::line(*alpha_ns, *beta_ns).map_err(Failure::new)?,
        ),
        BatchTime::File(path) => {
            let stem = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
            (format!("{stem} SLO {slo_ms}"), files::times(path)?)
        }
    };
    let classes = if args.class.is_empty() { vec![Class::default()] } else { args.class.clone() };
    Ok(Served {
        noise: Noise::LogNormal(args.noise),
        slo_ns: slo_ns as u64,
        depth: args.depth.get(),
        rows_max: args.max_batch.get(),
        lead_ns: args.lead as u64,
        share,
        classes,
        ..Served::new(&name, times)
    })
}

pub(super) fn name(when: &When) -> String {
    match when {
        When::Drawn(arrivals) => arrivals.to_string(),
        When::Trace(path) => format!("trace:{}", path.display()),
    }
}

pub(super) fn loads(args: &SimulateArgs, when: &When) -> Result<Vec<Load>, Failure> {
    match when {
        When::Drawn(arrivals) => {
            let next = |seed: &u64| Some(seed.wrapping_mul(10).wrapping_add(args.seed));
            let seeds = std::iter::successors(Some(args.seed), next).take(args.seeds as usize);
            Ok(seeds.map(|seed| Load::draw(*arrivals, args.requests as usize, seed)).collect())
        }
        When::Trace(path) => Ok(vec![files::load(path)?]),
    }
}
