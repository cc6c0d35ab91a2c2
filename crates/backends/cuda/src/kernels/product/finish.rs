use std::sync::Arc;

use phalanx_plan::Activation;

use crate::kernels::error::count;
use crate::kernels::expression::{element, float};
use crate::kernels::{Argument, Launch, LowerError, ProductCall};

/// What follows the sums of a product's kernel, as the function `finish(sum, batch, row, column)` of a struct of what it
/// reads.
pub(super) struct Finish {
    /// The struct.
    pub(super) text: String,
    /// Parameters of the kernel for its fields, each followed by a comma.
    pub(super) parameters: String,
    /// What initialises the struct.
    pub(super) passed: &'static str,
    /// The arguments.
    pub(super) arguments: Vec<Argument>,
}

impl Finish {
    /// Names in the text of every product's kernel: its sizes, where its matrices lie, and what follows the sums.
    pub(super) fn names(&self, call: &ProductCall) -> Result<Vec<(&'static str, String)>, LowerError> {
        Ok(vec![
            ("D", element(call.d.dtype, "a matrix")?.to_owned()),
            ("N", call.n.to_string()),
            ("K", call.k.to_string()),
            ("A_LEADING", call.a.leading.to_string()),
            ("B_LEADING", call.b.leading.to_string()),
            ("D_LEADING", call.d.leading.to_string()),
            ("A_BATCH", call.a.batch_stride.to_string()),
            ("B_BATCH", call.b.batch_stride.to_string()),
            ("D_BATCH", call.d.batch_stride.to_string()),
            ("PARAMETERS", self.parameters.clone()),
            ("PASSED", self.passed.to_owned()),
        ])
    }

    /// The launch of a kernel `product` that takes the result, both matrices, what follows the sums and the number of rows.
    pub(super) fn launch(
        self,
        call: &ProductCall,
        text: String,
        grid: [u32; 3],
        threads: u32,
    ) -> Result<Launch, LowerError> {
        let pointers = [call.d.pointer, call.a.pointer, call.b.pointer];
        let mut arguments: Vec<Argument> = pointers.into_iter().map(Argument::Pointer).collect();
        arguments.extend(self.arguments);
        arguments.push(Argument::U32(count("rows of a product", call.m)?));
        let (source, block) = (Arc::from(text), [threads, 1, 1]);
        Ok(Launch { source, entry: "product", grid, block, shared_bytes: 0, arguments })
    }

    pub(super) fn new(call: &ProductCall) -> Result<Self, LowerError> {
        let (mut fields, mut parameters, mut body, mut arguments) =
            (String::new(), String::new(), String::new(), Vec::new());
        let mut passed = "";
        if call.scale != 1.0 {
            body.push_str(&format!("        x *= {};\n", float(call.scale)));
        }
        if let Some(bias) = &call.bias {
            let dtype = element(bias.dtype, "a bias")?;
            fields.push_str(&format!("    const {dtype}* bias;\n"));
            parameters.push_str(&format!("const {dtype}* bias, "));
            body.push_str(&format!(
                "        x += read(bias[batch * (size_t){} + column]);\n",
                bias.batch_stride
            ));
            arguments.push(Argument::Pointer(bias.pointer));
            passed = "bias";
        }
        if let Some(c) = &call.c {
            let dtype = element(c.dtype, "a residual")?;
            fields.push_str(&format!("    const {dtype}* residual;\n"));
            parameters.push_str(&format!("const {dtype}* residual, "));
            let place = format!("batch * (size_t){} + row * (size_t){} + column", c.batch_stride, c.leading);
            body.push_str(&format!("        x += read(residual[{place}]);\n"));
            arguments.push(Argument::Pointer(c.pointer));
            passed = if passed.is_empty() { "residual" } else { "bias, residual" };
        }
        let result = match call.activation {
            Activation::None => "x",
            Activation::Relu => "fmaxf(x, 0.0f)",
            Activation::GeluErf => "gelu(x)",
            Activation::GeluTanh => "gelu_tanh(x)",
        };
        let text = format!(
            "struct Finish {{
{fields}    __device__ __forceinline__ float operator()(float x, unsigned batch, unsigned row, unsigned column) const {{
{body}        return {result};
    }}
}};
"
        );
        Ok(Self { text, parameters, passed, arguments })
    }
}
