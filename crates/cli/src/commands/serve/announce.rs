use phalanx_server::Server;

use crate::args::{LogFormat, ServerArgs};
use crate::{session, terminal};

/// Says of every model that it answers, and where: a line an address.
pub(super) fn ready(server: &Server, args: &ServerArgs) {
    let served = server.served();
    if served.is_empty() {
        step(args, "ready: no model is loaded yet");
    }
    for (name, version, info) in &served {
        info.warnings.iter().for_each(|warning| terminal::warning(&format!("{name}: {warning}")));
        info.hints.iter().for_each(|hint| terminal::hint(hint));
        let several = served.iter().filter(|(other, ..)| other == name).count() > 1;
        let path = match several {
            true => format!("/v2/models/{name}/versions/{version}/infer"),
            false => format!("/v2/models/{name}/infer"),
        };
        let runs = session::describe(info);
        for origin in origins(server, args) {
            let place = if origin.starts_with("http") { format!("{origin}{path}") } else { origin };
            match args.log_format {
                LogFormat::Text => terminal::words(&format!("ready: {name} at {place} ({runs})")),
                LogFormat::Json => tracing::info!(model = name, version, place, runs, "ready"),
            }
        }
    }
}

/// Says where the server can be asked whether it is ready, which it is not yet.
pub(super) fn listening(server: &Server, args: &ServerArgs) {
    step(args, &format!("listening at {}", origins(server, args).join(" and ")));
}

/// The addresses with their protocols, HTTP before gRPC.
fn origins(server: &Server, args: &ServerArgs) -> Vec<String> {
    let secure = if args.tls_cert.is_some() { "s" } else { "" };
    let protocols = [args.http.0.map(|_| "http"), args.grpc.0.map(|_| "grpc")].into_iter().flatten();
    let origins = protocols.zip(server.addresses());
    origins.map(|(protocol, address)| format!("{protocol}{secure}://{address}")).collect()
}

/// Says what the server is about to do or has done.
pub(super) fn step(args: &ServerArgs, text: &str) {
    match args.log_format {
        LogFormat::Text => terminal::words(text),
        LogFormat::Json => tracing::info!("{text}"),
    }
}
