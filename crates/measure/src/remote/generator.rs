use std::future::Future;
use std::rc::Rc;
use std::time::SystemTime;

use phalanx_protocol::InferResponse;
use tokio::runtime::{Builder, LocalOptions};

use super::check::Check;
use super::drive::{Driven, Watch, drive_closed, drive_open};
use super::grpc::GrpcTransport;
use super::http::HttpTransport;
use super::outcome::{Failure, Reply};
use super::transport::{Connection, Transport};
use super::{ClosedLoop, LoadReport, OpenLoop, RemoteError, RequestOptions, Server, report};
use crate::cpu_time;

/// Sends load to a server: requests made beforehand, which one alone has shown to be answered.
pub struct LoadGenerator {
    speaks: Speaks,
    check: Check,
    options: RequestOptions,
    about: report::About,
}

/// What is spoken with the server.
pub(super) enum Speaks {
    Http(Rc<HttpTransport>),
    Grpc(Rc<GrpcTransport>),
}

impl LoadGenerator {
    /// Sends the first request, alone, and learns from its answer what all others must be like.
    pub(super) fn new<T: Transport>(
        server: &Server,
        transport: T,
        speaks: impl FnOnce(T) -> Speaks,
        options: RequestOptions,
        check: impl FnOnce(&InferResponse) -> Result<Check, RemoteError>,
    ) -> Result<Self, RemoteError> {
        let check = check(&first_answer(&transport, server, &options)?)?;
        transport.expect(check.tensor_bytes());
        let about = report::About::new(server, &options);
        Ok(Self { speaks: speaks(transport), check, options, about })
    }

    /// Rows of each request.
    pub(super) fn rows(&self) -> usize {
        self.options.rows.get()
    }

    /// Sends requests at their own instants, whatever the server does, and waits for the last of them to be over.
    ///
    /// # Errors
    /// [`RemoteError::Interrupted`] after a break from `watch`; [`RemoteError::Runtime`]. What goes wrong with a
    /// request is counted.
    pub fn open_loop(&self, plan: &OpenLoop, watch: Watch<'_>) -> Result<LoadReport, RemoteError> {
        let (check, patience) = (self.check.clone(), self.options.patience);
        let run = match &self.speaks {
            Speaks::Http(transport) => measured(drive_open(transport, check, plan, patience, watch)),
            Speaks::Grpc(transport) => measured(drive_open(transport, check, plan, patience, watch)),
        };
        Ok(LoadReport::open(&self.about, plan, run?))
    }

    /// Lets callers ask one after the other, and waits for the last answer.
    ///
    /// # Errors
    /// As [`LoadGenerator::open_loop`].
    pub fn closed_loop(&self, plan: &ClosedLoop, watch: Watch<'_>) -> Result<LoadReport, RemoteError> {
        let (check, patience) = (self.check.clone(), self.options.patience);
        let run = match &self.speaks {
            Speaks::Http(transport) => measured(drive_closed(transport, check, plan, patience, watch)),
            Speaks::Grpc(transport) => measured(drive_closed(transport, check, plan, patience, watch)),
        };
        Ok(LoadReport::closed(&self.about, plan, run?))
    }
}

/// A load, and what it took here.
pub(super) struct Run {
    pub(super) driven: Driven,
    pub(super) began: SystemTime,
    /// CPU time of this process.
    pub(super) cpu: std::time::Duration,
}

fn measured(load: impl Future<Output = Result<Driven, RemoteError>>) -> Result<Run, RemoteError> {
    let (began, cpu) = (SystemTime::now(), cpu_time());
    let driven = event_loop(load)??;
    Ok(Run { driven, began, cpu: cpu_time().saturating_sub(cpu) })
}

/// Runs `work` on this thread, with what it spawns, and ends with it.
pub(super) fn event_loop<R>(work: impl Future<Output = R>) -> Result<R, RemoteError> {
    let runtime = Builder::new_current_thread().enable_all().build_local(LocalOptions::default());
    let runtime = runtime.map_err(|error| RemoteError::Runtime { message: error.to_string() })?;
    Ok(runtime.block_on(work))
}

/// Sends the first request, alone, and gives its whole answer.
fn first_answer(
    transport: &impl Transport,
    server: &Server,
    options: &RequestOptions,
) -> Result<InferResponse, RemoteError> {
    let refuse = |message: String| RemoteError::FirstRequest { model: server.model().to_owned(), message };
    let asked = event_loop(async {
        let mut connection = transport.connection(0);
        let ask = async {
            connection.open().await?;
            connection.ask(0, true).await
        };
        tokio::time::timeout(options.patience, ask).await.unwrap_or(Err(Failure::NoAnswer))
    })?;
    match asked {
        Ok(Reply::Answered(Some(answer))) => Ok(*answer),
        Ok(Reply::Answered(None)) => Err(refuse("its answer was not made out".to_owned())),
        Ok(Reply::Refused(refusal)) => Err(refuse(format!("{}: {}", refusal.status, refusal.reason))),
        Err(failure) => Err(refuse(failure.to_string())),
    }
}
