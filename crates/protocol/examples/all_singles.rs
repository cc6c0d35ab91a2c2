//! Every `f32` there is, written into JSON and read again: minutes of work, and so no test.
//!
//! `cargo run --release -p phalanx-protocol --example all_singles`

use std::error::Error;
use std::io::Write;

use phalanx_protocol::{InferOutput, InferResponse, Limits, OutputData, rest};
use phalanx_tensor::Tensor;

/// Singles in one message.
const AT_ONCE: u32 = 1 << 16;

fn main() -> Result<(), Box<dyn Error>> {
    let mut differing = 0_u64;
    let mut longer = 0_u64;
    for chunk in 0..u32::MAX / AT_ONCE + 1 {
        let bits = chunk * AT_ONCE..=chunk * AT_ONCE + (AT_ONCE - 1);
        let values: Vec<f32> = bits.map(f32::from_bits).filter(|value| value.is_finite()).collect();
        let (text, read) = there_and_back(&values)?;
        differing +=
            values.iter().zip(&read).filter(|(one, other)| one.to_bits() != other.to_bits()).count() as u64;
        longer +=
            values.iter().zip(text.split(',')).filter(|(value, text)| *text != reference(**value)).count()
                as u64;
        if chunk % 4096 == 4095 {
            writeln!(std::io::stderr(), "{} of 16 parts done", chunk / 4096 + 1)?;
        }
    }
    writeln!(
        std::io::stdout(),
        "read back as another number: {differing}; written otherwise than the shortest: {longer}"
    )?;
    if differing + longer > 0 { Err("not every single travels well".into()) } else { Ok(()) }
}

/// What a response's values are written as, with commas between them, and what they are read as.
fn there_and_back(values: &[f32]) -> Result<(String, Vec<f32>), Box<dyn Error>> {
    let tensor = Tensor::from_vec([values.len()], values.to_vec())?;
    let output = InferOutput { name: "y".into(), data: OutputData::Json(tensor) };
    let response = InferResponse { outputs: [output].into_iter().collect(), ..InferResponse::default() };
    let encoded = rest::encode_response(&response)?;
    let text = std::str::from_utf8(&encoded.body)?;
    let start = text.find("\"data\":[").ok_or("no data")? + 8;
    let end = text.rfind("]}]}").ok_or("no end")?;
    let read = rest::decode_response(&encoded.body, encoded.json_len, &Limits::default())?;
    let OutputData::Json(tensor) = &read.outputs[0].data else { return Err("no values in the JSON".into()) };
    Ok((text[start..end].to_owned(), tensor.to_vec()?))
}

/// The shortest decimal, as another library writes it.
fn reference(value: f32) -> String {
    zmij::Buffer::new().format_finite(value).to_owned()
}
