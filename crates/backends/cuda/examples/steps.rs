//! Where the time of a batch goes on a GPU: each submission by itself.
//!
//!     steps MODEL PRECISION BATCHES
#![expect(clippy::print_stdout, reason = "its output is figures")]

use phalanx_backend::{Backend, Device, PrepareOptions};
use phalanx_model::Model;
use phalanx_tensor::Tensor;

/// Size of axes that are free besides axis 0.
const FREE: usize = 32;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [model, precision, batches] = &arguments[..] else {
        return Err("expected MODEL PRECISION BATCHES".into());
    };
    let model = Model::load(std::path::Path::new(model))?;
    let options = PrepareOptions { precision: precision.parse()?, ..PrepareOptions::default() };
    for batch in batches.split(',') {
        let rows: usize = batch.parse()?;
        let shapes = phalanx_backend::fit::shapes_with(model.signature(), rows, Some(FREE));
        let shapes = shapes.ok_or("the model has an input without a shape")?;
        let inputs = model.signature().inputs.iter().zip(&shapes);
        let inputs: Vec<Tensor> =
            inputs.map(|(info, shape)| Tensor::zeros(info.dtype, shape.clone())).collect::<Result<_, _>>()?;
        let times =
            phalanx_cuda::Cuda::new().operator_times(&model, Device::Cuda(0), &options, &inputs, 1)?;
        let times = times.ok_or("the backend does not tell")?;
        let total: f64 = times.iter().map(|step| step.mean_ns).sum::<f64>() / 1e3;
        println!("{} {precision}, {rows} rows: {total:.1} us in {} submissions", model.name(), times.len());
        for step in times {
            println!("{:9.2} us  {:<10} {}", step.mean_ns / 1e3, step.operator, step.node);
        }
    }
    Ok(())
}
