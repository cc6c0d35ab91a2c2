use std::path::Path;

use phalanx_backend::{Backend, BackendError, DeviceInfo};

use super::Search;
use super::bench::{self, Unlisted};

/// What a backend finds on this machine, looked for as `search` does: where it has a program, in a process of that, since
/// a driver may crash or hang while it is asked. `library` is onnxruntime's, where it is not to be searched for.
///
/// # Errors
/// What the backend says; [`BackendError::Unavailable`] where the process did not come back with an answer.
pub fn devices(
    backend: &dyn Backend,
    library: Option<&Path>,
    search: &Search,
) -> Result<Vec<DeviceInfo>, BackendError> {
    // Whoever is not here at all says best itself why.
    backend.version()?;
    bench::of(search, library, search.trial_timeout).devices(backend).map_err(|unlisted| match unlisted {
        Unlisted::Refused(error) => error,
        Unlisted::Crashed(how) => BackendError::Unavailable {
            backend: backend.name(),
            reason: format!("the process that looked for its devices {how}"),
            hint: None,
        },
    })
}
