use rustix::process::Signal;

/// Signals that a process gets, by their names.
const NAMES: [(Signal, &str); 21] = [
    (Signal::HUP, "SIGHUP"),
    (Signal::INT, "SIGINT"),
    (Signal::QUIT, "SIGQUIT"),
    (Signal::ILL, "SIGILL"),
    (Signal::TRAP, "SIGTRAP"),
    (Signal::ABORT, "SIGABRT"),
    (Signal::BUS, "SIGBUS"),
    (Signal::FPE, "SIGFPE"),
    (Signal::KILL, "SIGKILL"),
    (Signal::USR1, "SIGUSR1"),
    (Signal::SEGV, "SIGSEGV"),
    (Signal::USR2, "SIGUSR2"),
    (Signal::PIPE, "SIGPIPE"),
    (Signal::ALARM, "SIGALRM"),
    (Signal::TERM, "SIGTERM"),
    (Signal::XCPU, "SIGXCPU"),
    (Signal::XFSZ, "SIGXFSZ"),
    (Signal::VTALARM, "SIGVTALRM"),
    (Signal::PROF, "SIGPROF"),
    (Signal::IO, "SIGIO"),
    (Signal::SYS, "SIGSYS"),
];

/// Signals that a fault of the program itself raises.
const FAULTS: [Signal; 7] =
    [Signal::ILL, Signal::TRAP, Signal::ABORT, Signal::BUS, Signal::FPE, Signal::SEGV, Signal::SYS];

/// What a shell adds to a signal's number for the exit code of a command that it ended.
const SHELL: i32 = 128;

/// The name of a signal, such as `SIGSEGV`; `signal N` for one without.
#[must_use]
pub fn signal_name(number: i32) -> String {
    let named = NAMES.iter().find(|(signal, _)| signal.as_raw() == number);
    named.map_or_else(|| format!("signal {number}"), |(_, name)| (*name).to_owned())
}

/// The fault that a shell reports by this exit code.
pub(crate) fn reported_by(code: i32) -> Option<i32> {
    FAULTS.iter().map(|signal| signal.as_raw()).find(|signal| code == SHELL + signal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_their_names() {
        assert_eq!([signal_name(11), signal_name(6), signal_name(9)], ["SIGSEGV", "SIGABRT", "SIGKILL"]);
        assert_eq!(signal_name(40), "signal 40");
    }

    #[test]
    fn only_faults_are_read_out_of_an_exit_code() {
        assert_eq!((reported_by(139), reported_by(134)), (Some(11), Some(6)));
        assert_eq!((reported_by(130), reported_by(11), reported_by(255)), (None, None, None));
    }
}
