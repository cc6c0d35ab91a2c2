use std::ffi::c_void;

use cudarc::cublaslt::{result, sys};
use cudarc::driver::sys::CUdeviceptr;
use phalanx_backend::BackendError;
use phalanx_plan::Activation;
use phalanx_tensor::DType;

use crate::driver::{Gpu, Stream, blas_failed};
use crate::error;
use crate::kernels::{Matrix, ProductCall};

/// Where the operands of a product lie.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    pub(crate) a: CUdeviceptr,
    pub(crate) b: CUdeviceptr,
    pub(crate) output: CUdeviceptr,
    /// That of the output where there is no residual.
    pub(crate) residual: CUdeviceptr,
    /// 0 where there is no bias.
    pub(crate) bias: CUdeviceptr,
    pub(crate) workspace: CUdeviceptr,
    pub(crate) workspace_bytes: usize,
}

impl Addresses {
    /// What a, b, residual and output are multiples of, in bytes, up to what the library asks for.
    pub(super) fn alignments(&self) -> [u32; 4] {
        let alignment = |address: CUdeviceptr| 1_u32 << address.trailing_zeros().min(8);
        [self.a, self.b, self.residual, self.output].map(alignment)
    }
}

/// A product in the library's words. Its matrices are stored by columns: ours, by rows, are their transposes, so that
/// `dᵀ = bᵀ·aᵀ` is what it is asked for.
pub(super) struct Descriptors {
    scale: f32,
    has_residual: bool,
    operation: Operation,
    /// Of bᵀ, aᵀ, cᵀ, dᵀ.
    layouts: [MatrixLayout; 4],
}

struct Operation(sys::cublasLtMatmulDesc_t);
struct MatrixLayout(sys::cublasLtMatrixLayout_t);
struct Preference(sys::cublasLtMatmulPreference_t);

impl Drop for Operation {
    fn drop(&mut self) {
        // SAFETY: it is destroyed once.
        let _ = unsafe { result::destroy_matmul_desc(self.0) };
    }
}

impl Drop for MatrixLayout {
    fn drop(&mut self) {
        // SAFETY: it is destroyed once.
        let _ = unsafe { result::destroy_matrix_layout(self.0) };
    }
}

impl Drop for Preference {
    fn drop(&mut self) {
        // SAFETY: it is destroyed once.
        let _ = unsafe { result::destroy_matmul_pref(self.0) };
    }
}

impl Descriptors {
    /// Of the addresses only that of the bias is kept.
    pub(super) fn new(call: &ProductCall, addresses: &Addresses) -> Result<Self, BackendError> {
        let operation = operation(call, addresses)?;
        let ProductCall { m, n, k, batch, .. } = *call;
        let residual = call.c.as_ref().unwrap_or(&call.d);
        let layouts = [
            layout(&call.b, k, n, batch)?,
            layout(&call.a, m, k, batch)?,
            layout(residual, m, n, batch)?,
            layout(&call.d, m, n, batch)?,
        ];
        Ok(Self { scale: call.scale, has_residual: call.c.is_some(), operation, layouts })
    }

    /// The algorithms that the library's heuristics propose for operands that lie there, the most promising first.
    pub(super) fn algorithms(
        &self,
        gpu: &Gpu,
        addresses: &Addresses,
        count: usize,
    ) -> Result<Vec<sys::cublasLtMatmulAlgo_t>, BackendError> {
        let preference = preference(addresses)?;
        let mut found = vec![std::mem::MaybeUninit::<sys::cublasLtMatmulHeuristicResult_t>::uninit(); count];
        let mut len = 0;
        let [b, a, residual, output] = &self.layouts;
        // SAFETY: all descriptors live, and there is room for `count` results.
        let status = unsafe {
            sys::cublasLtMatmulAlgoGetHeuristic(
                gpu.blas(),
                self.operation.0,
                b.0,
                a.0,
                residual.0,
                output.0,
                preference.0,
                i32::try_from(count).unwrap_or(1),
                found.as_mut_ptr().cast(),
                &raw mut len,
            )
        };
        if status == sys::cublasStatus_t::CUBLAS_STATUS_NOT_SUPPORTED {
            return Ok(Vec::new());
        }
        status.result().map_err(blas_failed("choose an algorithm"))?;
        // SAFETY: the library has written the first `len`.
        let found =
            found.iter().take(usize::try_from(len).unwrap_or(0)).map(|it| unsafe { it.assume_init() });
        let usable = found.filter(|it| {
            it.state == sys::cublasStatus_t::CUBLAS_STATUS_SUCCESS
                && it.workspaceSize <= addresses.workspace_bytes
        });
        Ok(usable.map(|it| it.algo).collect())
    }

    /// Submits the product.
    pub(super) fn submit(
        &self,
        addresses: &Addresses,
        algorithm: &sys::cublasLtMatmulAlgo_t,
        stream: &Stream,
    ) -> Result<(), BackendError> {
        let (alpha, beta) = (self.scale, if self.has_residual { 1.0_f32 } else { 0.0 });
        let [b, a, residual, output] = &self.layouts;
        let at = |address: CUdeviceptr| address as *mut c_void;
        // SAFETY: the descriptors live; the addresses are those of matrices as they describe, which whoever made them
        // vouches for, and live until the stream has come to this point.
        let submitted = unsafe {
            result::matmul(
                stream.gpu().blas(),
                self.operation.0,
                (&raw const alpha).cast(),
                (&raw const beta).cast(),
                at(addresses.b),
                b.0,
                at(addresses.a),
                a.0,
                at(addresses.residual),
                residual.0,
                at(addresses.output),
                output.0,
                algorithm,
                at(addresses.workspace),
                addresses.workspace_bytes,
                stream.raw().cast(),
            )
        };
        submitted.map_err(blas_failed("submit a product"))
    }
}

fn preference(addresses: &Addresses) -> Result<Preference, BackendError> {
    use sys::cublasLtMatmulPreferenceAttributes_t as Attribute;
    let preference = Preference(result::create_matmul_pref().map_err(blas_failed("describe a product"))?);
    let [a, b, residual, output] = addresses.alignments();
    let bytes = addresses.workspace_bytes;
    set_preference(&preference, Attribute::CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &bytes)?;
    for (attribute, alignment) in [
        (Attribute::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, b),
        (Attribute::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, a),
        (Attribute::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, residual),
        (Attribute::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, output),
    ] {
        set_preference(&preference, attribute, &alignment)?;
    }
    Ok(preference)
}

fn operation(call: &ProductCall, addresses: &Addresses) -> Result<Operation, BackendError> {
    use sys::cublasLtMatmulDescAttributes_t as Attribute;
    let compute = if call.allow_tf32 {
        sys::cublasComputeType_t::CUBLAS_COMPUTE_32F_FAST_TF32
    } else {
        sys::cublasComputeType_t::CUBLAS_COMPUTE_32F
    };
    let raw = result::create_matmul_desc(compute, sys::cudaDataType::CUDA_R_32F)
        .map_err(blas_failed("describe a product"))?;
    let operation = Operation(raw);
    let transposed = |matrix: &Matrix| i32::from(matrix.is_transposed);
    set(&operation, Attribute::CUBLASLT_MATMUL_DESC_TRANSA, &transposed(&call.b))?;
    set(&operation, Attribute::CUBLASLT_MATMUL_DESC_TRANSB, &transposed(&call.a))?;
    set(&operation, Attribute::CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue(call)?)?;
    if let Some(bias) = &call.bias {
        set(&operation, Attribute::CUBLASLT_MATMUL_DESC_BIAS_POINTER, &addresses.bias)?;
        let dtype = data_type(bias.dtype)? as i32;
        set(&operation, Attribute::CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE, &dtype)?;
    }
    Ok(operation)
}

fn epilogue(call: &ProductCall) -> Result<u32, BackendError> {
    use sys::cublasLtEpilogue_t as Epilogue;
    let epilogue = match (call.activation, call.bias.is_some()) {
        (Activation::None, false) => Epilogue::CUBLASLT_EPILOGUE_DEFAULT,
        (Activation::None, true) => Epilogue::CUBLASLT_EPILOGUE_BIAS,
        (Activation::Relu, false) => Epilogue::CUBLASLT_EPILOGUE_RELU,
        (Activation::Relu, true) => Epilogue::CUBLASLT_EPILOGUE_RELU_BIAS,
        (Activation::GeluTanh, false) => Epilogue::CUBLASLT_EPILOGUE_GELU,
        (Activation::GeluTanh, true) => Epilogue::CUBLASLT_EPILOGUE_GELU_BIAS,
        (Activation::GeluErf, _) => {
            return Err(error::prepare("cuBLASLt has no exact GELU".to_owned()));
        }
    };
    Ok(epilogue as u32)
}

/// One of our matrices, of `rows` by `columns`, as the library stores its transpose.
fn layout(matrix: &Matrix, rows: usize, columns: usize, batch: usize) -> Result<MatrixLayout, BackendError> {
    use sys::cublasLtMatrixLayoutAttribute_t as Attribute;
    let (height, width) = if matrix.is_transposed { (rows, columns) } else { (columns, rows) };
    let leading = i64::try_from(matrix.leading).unwrap_or(i64::MAX);
    let raw = result::create_matrix_layout(data_type(matrix.dtype)?, height as u64, width as u64, leading);
    let layout = MatrixLayout(raw.map_err(blas_failed("describe a matrix"))?);
    if batch > 1 {
        let count = i32::try_from(batch).unwrap_or(i32::MAX);
        let stride = i64::try_from(matrix.batch_stride).unwrap_or(i64::MAX);
        set_layout(&layout, Attribute::CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &count)?;
        set_layout(&layout, Attribute::CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &stride)?;
    }
    Ok(layout)
}

fn data_type(dtype: DType) -> Result<sys::cudaDataType, BackendError> {
    match dtype {
        DType::F32 => Ok(sys::cudaDataType::CUDA_R_32F),
        DType::F16 => Ok(sys::cudaDataType::CUDA_R_16F),
        DType::BF16 => Ok(sys::cudaDataType::CUDA_R_16BF),
        other => Err(error::prepare(format!("cuBLASLt multiplies no matrices of {other}"))),
    }
}

fn set<T>(
    operation: &Operation,
    attribute: sys::cublasLtMatmulDescAttributes_t,
    value: &T,
) -> Result<(), BackendError> {
    // SAFETY: the descriptor lives, and the library copies the value, whose type is that of the attribute.
    unsafe {
        result::set_matmul_desc_attribute(
            operation.0,
            attribute,
            std::ptr::from_ref(value).cast(),
            size_of::<T>(),
        )
    }
    .map_err(blas_failed("describe a product"))
}

fn set_layout<T>(
    layout: &MatrixLayout,
    attribute: sys::cublasLtMatrixLayoutAttribute_t,
    value: &T,
) -> Result<(), BackendError> {
    // SAFETY: as in `set`.
    unsafe {
        result::set_matrix_layout_attribute(
            layout.0,
            attribute,
            std::ptr::from_ref(value).cast(),
            size_of::<T>(),
        )
    }
    .map_err(blas_failed("describe a matrix"))
}

fn set_preference<T>(
    preference: &Preference,
    attribute: sys::cublasLtMatmulPreferenceAttributes_t,
    value: &T,
) -> Result<(), BackendError> {
    // SAFETY: as in `set`.
    unsafe {
        result::set_matmul_pref_attribute(
            preference.0,
            attribute,
            std::ptr::from_ref(value).cast(),
            size_of::<T>(),
        )
    }
    .map_err(blas_failed("describe a product"))
}
