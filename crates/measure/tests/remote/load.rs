//! Open and closed loops, and what they count.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use phalanx_measure::remote::{
    Arrivals, CONNECTIONS, ClosedLoop, Counts, Format, GoodputSearch, LoadReport, OpenLoop, Profile,
    RemoteError, RequestOptions,
};

use crate::fake::{self, Asked, Reaction, zeros};

const MS: Duration = Duration::from_millis(1);

fn open(rate: f64, duration: Duration) -> OpenLoop {
    OpenLoop {
        profile: Profile::constant(rate, duration).unwrap(),
        arrivals: Arrivals::Constant,
        seed: 1,
        slo: Some(Duration::from_secs(5)),
        connections: CONNECTIONS,
        missed_max: None,
    }
}

fn go_on(_: Duration, _: Counts) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn load(address: SocketAddr, plan: &OpenLoop) -> LoadReport {
    fake::generator(address, &RequestOptions::default()).open_loop(plan, &mut go_on).unwrap()
}

/// A door that requests wait behind until a test opens it.
#[derive(Clone, Default)]
struct Door(Arc<(Mutex<bool>, Condvar)>);

impl Door {
    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        let shut = self.0.0.lock().unwrap();
        drop(self.0.1.wait_while(shut, |open| !*open).unwrap());
    }
}

#[test]
fn every_request_is_sent_once_and_answered() {
    let address = fake::start(|asked| Reaction::Send(asked.echo()));
    let plan = open(1000.0, 200 * MS);
    let plan = OpenLoop { profile: plan.profile.after_warm_up(50 * MS), ..plan };
    let report = load(address, &plan);
    let total = &report.total;
    assert_eq!((total.due, total.answered, total.in_time), (200, 200, 200));
    assert_eq!((total.refused, total.failed, total.not_sent), (0, 0, 0));
    assert_eq!(total.share, Some(1.0));
    assert!((total.goodput_per_s - 1000.0).abs() < 1e-6);
    let latency = total.latency.unwrap();
    assert!(latency.count == 200 && latency.p50_us <= latency.p99_us && latency.p99_us <= latency.max_us);
    assert_eq!(total.lateness.unwrap().count, 200);
}

#[test]
fn a_server_that_stalls_is_charged_for_all_that_came_meanwhile() {
    let door = Door::default();
    let behind = door.clone();
    let address = fake::start(move |asked: &Asked| {
        if asked.number > 0 {
            behind.pass();
        }
        Reaction::Send(asked.echo())
    });
    // One connection: all but the first request wait in the load generator.
    let plan = OpenLoop { connections: NonZeroUsize::MIN, ..open(100.0, 500 * MS) };
    let mut watch = |elapsed: Duration, counts: Counts| {
        if counts.due == 50 {
            assert!(elapsed >= 500 * MS, "{elapsed:?}");
            assert_eq!(counts.over(), 0);
            door.open();
        }
        ControlFlow::Continue(())
    };
    let report = fake::generator(address, &RequestOptions::default()).open_loop(&plan, &mut watch).unwrap();
    let total = &report.total;
    assert_eq!((total.due, total.answered), (50, 50));
    // Requests were due every 10 ms, from 10 to 500 ms, and none was answered before the last was due; all but the
    // first were sent after that.
    let (latency, lateness) = (total.latency.unwrap(), total.lateness.unwrap());
    assert!(latency.max_us >= 0.999 * 490e3 && latency.p50_us >= 0.999 * 240e3, "{latency:?}");
    assert!(lateness.p50_us >= 0.999 * 230e3, "{lateness:?}");
    assert_eq!(report.connections, 1);
}

#[test]
fn a_stalled_server_gets_all_the_connections_it_takes() {
    let door = Door::default();
    let behind = door.clone();
    let (came, arrived) = channel();
    let address = fake::start(move |asked: &Asked| {
        if asked.number > 0 {
            came.send(()).unwrap();
            behind.pass();
        }
        Reaction::Send(asked.echo())
    });
    let mut seen = 0;
    let mut watch = |_, _| {
        seen += arrived.try_iter().count();
        if seen == 20 {
            door.open();
        }
        ControlFlow::Continue(())
    };
    let generator = fake::generator(address, &RequestOptions::default());
    let report = generator.open_loop(&open(100.0, 200 * MS), &mut watch).unwrap();
    assert_eq!((report.total.answered, report.connections), (20, 20));
}

#[test]
fn what_is_closed_within_an_answer_is_an_error_and_no_hang() {
    let address = fake::start(|asked| {
        let mut answer = asked.echo();
        match asked.number % 3 {
            1 => {
                answer.truncate(answer.len() - 1);
                Reaction::SendAndClose(answer)
            }
            2 => Reaction::SendAndClose(Vec::new()),
            _ => Reaction::Send(answer),
        }
    });
    // Requests 0 was sent to look at its answer; 1 to 60 follow.
    let report = load(address, &open(300.0, 200 * MS));
    let total = &report.total;
    assert_eq!((total.due, total.answered, total.failed), (60, 20, 40));
    let kinds: Vec<_> = total.failures.iter().map(|failure| (&*failure.kind, failure.count)).collect();
    assert_eq!(kinds.len(), 2, "{kinds:?}");
    assert!(kinds.contains(&("closed within the answer", 20)), "{kinds:?}");
    assert!(kinds.contains(&("closed before the answer", 20)), "{kinds:?}");
    assert!((total.share.unwrap() - 1.0 / 3.0).abs() < 1e-9);
}

#[test]
fn a_server_that_announces_that_it_closes_is_connected_to_anew() {
    let address = fake::start(|asked| {
        let answer = asked.echo();
        let head = b"HTTP/1.1 200 OK\r\n";
        Reaction::SendAndClose([head, &b"Connection: close\r\n"[..], &answer[head.len()..]].concat())
    });
    let report = load(address, &open(100.0, 200 * MS));
    assert_eq!((report.total.due, report.total.answered), (20, 20), "{:?}", report.total.failures);
}

#[test]
fn refusals_are_counted_by_status_and_reason() {
    let address = fake::start(|asked| match asked.number % 4 {
        1 => {
            let text = format!("{} requests wait", asked.number);
            Reaction::Send(fake::refusal("429 Too Many Requests", "Retry-After: 2\r\n", &text))
        }
        2 => Reaction::Send(fake::refusal("503 Service Unavailable", "Retry-After: 1\r\n", "stopping")),
        3 => Reaction::Send(fake::refusal("500 Internal Server Error", "", "broken")),
        _ => Reaction::Send(asked.echo()),
    });
    let report = load(address, &open(400.0, 200 * MS));
    let total = &report.total;
    assert_eq!((total.due, total.answered, total.refused, total.failed), (80, 20, 40, 20));
    for (status, reason, retry) in [("HTTP 429", "# requests wait", 2.0), ("HTTP 503", "stopping", 1.0)] {
        let refusal = total.refusals.iter().find(|refusal| refusal.status == status).unwrap();
        assert_eq!((&*refusal.reason, refusal.count, refusal.with_retry_after), (reason, 20, 20));
        assert_eq!(refusal.retry_after_s, Some([retry; 2]));
        assert_eq!((refusal.latency.unwrap().count, refusal.since_sent.unwrap().count), (20, 20));
    }
    assert_eq!((&*total.failures[0].kind, total.failures.len()), ("HTTP 500", 1));
    assert_eq!(total.latency.unwrap().count, 20);
}

#[test]
fn a_server_that_never_answers_does_not_hold_the_load_up() {
    let door = Door::default();
    let behind = door.clone();
    let address = fake::start(move |asked| {
        if asked.number > 0 {
            behind.pass();
        }
        Reaction::Send(asked.echo())
    });
    let options = RequestOptions { patience: 100 * MS, ..RequestOptions::default() };
    let plan = OpenLoop { connections: NonZeroUsize::new(2).unwrap(), ..open(100.0, 300 * MS) };
    let report = fake::generator(address, &options).open_loop(&plan, &mut go_on).unwrap();
    door.open();
    let total = &report.total;
    assert_eq!((total.due, total.answered, total.failed + total.not_sent), (30, 0, 30));
    assert!(total.failures.iter().all(|failure| failure.kind == "no answer"), "{:?}", total.failures);
    assert!(total.failed >= 2 && total.share == Some(0.0), "{total:?}");
}

#[test]
fn answers_of_another_length_are_errors() {
    let address = fake::start(|asked| {
        Reaction::Send(if asked.number == 0 { asked.echo() } else { asked.answer(zeros(2)) })
    });
    let report = load(address, &open(100.0, 100 * MS));
    assert_eq!((report.total.answered, &*report.total.failures[0].kind), (0, "wrong length"));
    assert!(report.total.failures[0].first.contains("has 24 bytes of tensors, expected 12"));
}

#[test]
fn answers_that_change_are_found() {
    let address = fake::start(|asked| {
        let tensor = asked.tensor();
        let values: Vec<f32> =
            tensor.to_vec::<f32>().unwrap().iter().map(|x| x + asked.number as f32).collect();
        Reaction::Send(asked.answer(phalanx_tensor::Tensor::from_vec([1, 3], values).unwrap()))
    });
    let options = RequestOptions { compared: true, ..RequestOptions::default() };
    let plan = ClosedLoop {
        callers: NonZeroUsize::MIN,
        warm_up: Duration::ZERO,
        duration: Duration::from_secs(60),
        slo: None,
    };
    let mut watch = |_, counts: Counts| {
        if counts.failed > 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let ended = fake::generator(address, &options).closed_loop(&plan, &mut watch);
    assert!(matches!(ended, Err(RemoteError::Interrupted)));
}

#[test]
fn callers_wait_for_their_answers() {
    for format in [Format::Binary, Format::Json] {
        let (busy, most) = (Arc::new(Mutex::new((0_usize, 0_usize))), Door::default());
        most.open();
        let under_way = Arc::clone(&busy);
        let address = fake::start(move |asked| {
            {
                let mut busy = under_way.lock().unwrap();
                busy.0 += 1;
                busy.1 = busy.1.max(busy.0);
            }
            let answer = asked.echo();
            under_way.lock().unwrap().0 -= 1;
            Reaction::Send(answer)
        });
        let plan = ClosedLoop {
            callers: NonZeroUsize::new(3).unwrap(),
            warm_up: 20 * MS,
            duration: 100 * MS,
            slo: Some(Duration::from_secs(5)),
        };
        let options =
            RequestOptions { format, rows: NonZeroUsize::new(2).unwrap(), ..RequestOptions::default() };
        let report = fake::generator(address, &options).closed_loop(&plan, &mut go_on).unwrap();
        let total = &report.total;
        assert!(total.answered > 0 && total.due == total.answered, "{total:?}");
        assert!((total.rows_per_s - 2.0 * total.throughput_per_s).abs() < 1e-6);
        assert!(busy.lock().unwrap().1 <= 3);
        assert_eq!((report.connections, report.callers), (3, Some(3)));
    }
}

#[test]
fn steps_are_reported_one_by_one() {
    let address = fake::start(|asked| Reaction::Send(asked.echo()));
    let plan = open(1.0, MS);
    let profile = Profile::multiples(200.0, &[0.5, 2.0], 100 * MS).unwrap();
    let report = load(address, &OpenLoop { profile: profile.after_warm_up(50 * MS), ..plan });
    let due: Vec<_> = report.steps.iter().map(|step| (step.due, step.answered, step.rate)).collect();
    assert_eq!(due, [(10, 10, Some([100.0; 2])), (40, 40, Some([400.0; 2]))]);
    assert_eq!((report.total.due, report.total.seconds), (50, 0.2));
}

#[test]
fn histograms_are_written_as_a_standard_log() {
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
    let address = fake::start(|asked| match asked.number % 2 {
        1 => Reaction::Send(fake::refusal("429 Too Many Requests", "", "full")),
        _ => Reaction::Send(asked.echo()),
    });
    let report = load(address, &open(100.0, 100 * MS));
    let mut log = Vec::new();
    report.write_hdr(&mut log).unwrap();
    let mut histograms = Vec::new();
    for entry in IntervalLogIterator::new(&log) {
        if let LogEntry::Interval(interval) = entry.unwrap() {
            let bytes = base64(interval.encoded_histogram());
            let histogram: hdrhistogram::Histogram<u64> =
                Deserializer::new().deserialize(&mut &*bytes).unwrap();
            histograms.push((interval.tag().map(|tag| tag.as_str().to_owned()), histogram.len()));
        }
    }
    assert_eq!(histograms, [(None, 5), (Some("refused".to_owned()), 5)]);
}

/// The bytes that a text of base 64 stands for.
fn base64(text: &str) -> Vec<u8> {
    let value = |byte: u8| match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let bits = text
        .bytes()
        .filter(|&byte| byte != b'=')
        .flat_map(|byte| (0..6).rev().map(move |bit| value(byte) >> bit & 1));
    let bits: Vec<u8> = bits.collect();
    bits.chunks_exact(8).map(|bits| bits.iter().fold(0, |byte, bit| byte << 1 | bit)).collect()
}

fn search(probes_max: u32) -> GoodputSearch {
    GoodputSearch {
        rate: Some(200.0),
        arrivals: Arrivals::Poisson,
        seed: 1,
        slo: Duration::from_secs(5),
        share: 0.99,
        duration: 100 * MS,
        warm_up: Duration::ZERO,
        precision: 0.02,
        probes_max,
        connections: CONNECTIONS,
    }
}

#[test]
fn a_search_goes_up_while_the_server_keeps_up() {
    let address = fake::start(|asked| Reaction::Send(asked.echo()));
    let generator = fake::generator(address, &RequestOptions::default());
    let (probes, probed): (Sender<f64>, _) = channel();
    let report = generator
        .find_goodput(&search(3), &mut go_on, &mut |probe| probes.send(probe.rate).unwrap())
        .unwrap();
    assert_eq!(probed.try_iter().collect::<Vec<_>>(), [200.0, 250.0, 390.625]);
    assert_eq!((report.goodput_per_s, report.confirmed), (Some(390.625), false));
    assert!(report.best().is_some_and(|probe| probe.holds && probe.report.total.failed == 0));
}

#[test]
fn a_search_ends_early_where_the_outcome_is_clear() {
    let address = fake::start(|asked| match asked.number {
        0 => Reaction::Send(asked.echo()),
        _ => Reaction::Send(fake::refusal("429 Too Many Requests", "", "full")),
    });
    let generator = fake::generator(address, &RequestOptions::default());
    let plan = GoodputSearch { rate: Some(1000.0), duration: Duration::from_secs(60), ..search(2) };
    let report = generator.find_goodput(&plan, &mut go_on, &mut |_| ()).unwrap();
    assert_eq!((report.goodput_per_s, report.probes.len()), (None, 2));
    assert!(report.probes.iter().all(|probe| probe.report.ended_early && !probe.holds));
}

#[test]
fn a_break_ends_a_load_at_once() {
    let address = fake::start(|asked| Reaction::Send(asked.echo()));
    let plan = open(10.0, Duration::from_secs(3600));
    let generator = fake::generator(address, &RequestOptions::default());
    let ended = generator.open_loop(&plan, &mut |_, _| ControlFlow::Break(()));
    assert!(matches!(ended, Err(RemoteError::Interrupted)));
}
