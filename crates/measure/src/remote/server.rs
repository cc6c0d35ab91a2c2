use std::rc::Rc;
use std::time::Duration;

use phalanx_tensor::{BatchAxis, Signature, Tensor};

use super::check::Check;
use super::generator::Speaks;
use super::prepared::Prepared;
use super::stream::Connector;
use super::{Access, LoadGenerator, RemoteError, RequestOptions, Target, Wire, event_loop, grpc, http};
use crate::Samples;
use crate::draw::Draw;

/// Distinct samples that are drawn, and the memory they may take.
const SAMPLES: usize = 256;
const SAMPLES_BYTES_MAX: usize = 64 << 20;

/// How long a server may take to describe a model.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server that has a model, of which it has said what it takes and gives.
#[derive(Clone, Debug)]
pub struct Server {
    target: Target,
    access: Access,
    model: String,
    version: String,
    connector: Rc<Connector>,
    signature: Signature,
}

impl Server {
    /// Asks the server at `target` for a model; an empty `version` lets it choose.
    ///
    /// # Errors
    /// [`RemoteError::Unreachable`] for a server that is not there, [`RemoteError::Metadata`] for a model that it does
    /// not have or describe, [`RemoteError::Silent`], [`RemoteError::Certificates`].
    pub fn ask(target: Target, access: Access, model: &str, version: &str) -> Result<Self, RemoteError> {
        let connector = Rc::new(Connector::new(&target, &access)?);
        let signature = event_loop(async {
            let asked = async {
                match target.wire {
                    Wire::Http => http::signature_of(&connector, &target, &access, (model, version)).await,
                    Wire::Grpc => grpc::signature_of(&connector, &target, &access, (model, version)).await,
                }
            };
            let silent = RemoteError::Silent { address: target.authority(), patience: PATIENCE };
            tokio::time::timeout(PATIENCE, asked).await.map_err(|_| silent)?
        })??;
        let (model, version) = (model.to_owned(), version.to_owned());
        Ok(Self { target, access, model, version, connector, signature })
    }

    /// Where it is.
    #[must_use]
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The model asked for.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// What the model takes and gives. An axis that may vary is called after its input and its place, such as
    /// `input_ids:1`; axis 0 is called `batch`.
    #[must_use]
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// Draws inputs for the model. A size given for an axis that is named by its place alone, such as `1`, holds for
    /// that axis of every input that leaves it open.
    ///
    /// # Errors
    /// As [`Samples::draw`].
    pub fn draw(&self, mut draw: Draw) -> Result<Samples, RemoteError> {
        for (axis, size) in std::mem::take(&mut draw.dims) {
            match axis.parse::<usize>() {
                Ok(place) => draw.dims.extend(self.open_axes(place).map(|name| (name, size))),
                Err(_) => drop(draw.dims.insert(axis, size)),
            }
        }
        let one = Samples::draw(&self.signature, &draw, 1)?;
        let sample_bytes: usize = one.get(0).iter().map(Tensor::size_bytes).sum();
        let count = (SAMPLES_BYTES_MAX / sample_bytes.max(1)).clamp(1, SAMPLES);
        Ok(Samples::draw(&self.signature, &draw, count)?)
    }

    fn open_axes(&self, place: usize) -> impl Iterator<Item = String> {
        let axis = move |info: &phalanx_tensor::TensorInfo| {
            let dim = info.dims.as_ref()?.get(place)?;
            dim.fixed().is_none().then(|| dim.to_string())
        };
        self.signature.inputs.iter().filter_map(axis)
    }

    /// Makes the requests that `samples` are sent with, sends the first of them, and looks closely at its answer.
    ///
    /// # Errors
    /// [`RemoteError::Option`] for options that the model or the protocol does not take, [`RemoteError::FirstRequest`]
    /// where that request is not answered as the model's description promises.
    pub fn load(&self, samples: &Samples, options: &RequestOptions) -> Result<LoadGenerator, RemoteError> {
        let prepared = Prepared::new((&self.model, &self.version), &self.signature, samples, options)?;
        let batched = !matches!(self.signature.batch_axis(), BatchAxis::None(_));
        let rows = batched.then_some(options.rows.get());
        let check = |answer: &_| {
            Check::new(&self.signature, rows, answer, options.compared)
                .map_err(|message| RemoteError::FirstRequest { model: self.model.clone(), message })
        };
        let Self { connector, target, access, .. } = self;
        match target.wire {
            Wire::Http => {
                let transport = http::HttpTransport::new(connector, target, access, &prepared)?;
                LoadGenerator::new(self, transport, Speaks::Http, options.clone(), check)
            }
            Wire::Grpc => {
                let transport = grpc::GrpcTransport::new(connector, target, access, &prepared)?;
                LoadGenerator::new(self, transport, Speaks::Grpc, options.clone(), check)
            }
        }
    }
}
