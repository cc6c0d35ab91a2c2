use std::ffi::{c_char, c_void};
use std::ptr;

use bytes::Bytes;
use ort::sys::{OrtAllocator, OrtApi, OrtTensorTypeAndShapeInfo, OrtValue};
use phalanx_tensor::{DType, HostBuffer, Shape, Tensor};
use smallvec::SmallVec;

use super::{Fault, Handle, check, dtype};
use crate::Library;

/// Dimensions as the C interface takes them.
type Dims = SmallVec<[i64; 8]>;

/// A tensor as the runtime sees it: over memory of the caller's, or of its own.
pub(crate) struct Value {
    handle: Handle<OrtValue>,
}

impl Value {
    /// A tensor of shape `dims` over the `len` bytes at `data`, which the runtime neither copies nor frees.
    ///
    /// # Safety
    /// Whenever a run uses the value, `data` must be valid for `len` bytes: to be read for an input, to be written
    /// for an output.
    pub(crate) unsafe fn over(
        library: &'static Library,
        (data, len): (*mut u8, usize),
        dtype: DType,
        dims: &[usize],
    ) -> Result<Self, Fault> {
        let (name, dims) = (element(dtype)?, signed(dims)?);
        let (api, memory) = (library.api(), library.cpu_memory().as_ptr());
        // SAFETY: the pointers to memory description and dimensions are valid for the call, which checks `len`
        // against the shape; it stores `data` without reading it.
        let handle = unsafe {
            Handle::create(api, |out| {
                let data = data.cast::<c_void>();
                (api.CreateTensorWithDataAsOrtValue)(memory, data, len, dims.as_ptr(), dims.len(), name, out)
            })?
        };
        Ok(Self { handle })
    }

    /// A tensor of strings, copied.
    pub(crate) fn strings(
        library: &'static Library,
        values: &[String],
        dims: &[usize],
    ) -> Result<Self, Fault> {
        let (name, dims) = (element(DType::String)?, signed(dims)?);
        let api = library.api();
        let mut allocator: *mut OrtAllocator = ptr::null_mut();
        // SAFETY: the default allocator is the runtime's own, never released, and valid for the process.
        check(api, unsafe { (api.GetAllocatorWithDefaultOptions)(&mut allocator) })?;
        // SAFETY: allocator and dimensions are valid for the call.
        let handle = unsafe {
            Handle::create(api, |out| {
                (api.CreateTensorAsOrtValue)(allocator, dims.as_ptr(), dims.len(), name, out)
            })?
        };
        let tensor = Self { handle };
        for (index, value) in values.iter().enumerate() {
            tensor.write_string(index, value)?;
        }
        Ok(tensor)
    }

    /// Writes one element by its length, since a terminated string could hold no NUL.
    fn write_string(&self, index: usize, value: &str) -> Result<(), Fault> {
        let api = self.handle.api();
        let mut target: *mut c_char = ptr::null_mut();
        // SAFETY: the value is a tensor of strings; the runtime checks `index`.
        let status = unsafe {
            (api.GetResizedStringTensorElementBuffer)(self.as_ptr(), index, value.len(), &mut target)
        };
        check(api, status)?;
        // SAFETY: on success `target` has room for exactly the length asked for.
        unsafe { ptr::copy_nonoverlapping(value.as_ptr(), target.cast::<u8>(), value.len()) };
        Ok(())
    }

    /// Takes over an output that a run allocated; `None` where it is null.
    ///
    /// # Safety
    /// Nothing else may release it.
    pub(crate) unsafe fn take(api: &'static OrtApi, value: *mut OrtValue) -> Option<Self> {
        // SAFETY: the caller's promise.
        unsafe { Handle::take(api, value) }.map(|handle| Self { handle })
    }

    pub(crate) fn as_ptr(&self) -> *mut OrtValue {
        self.handle.as_ptr()
    }

    /// Its dtype and shape.
    pub(crate) fn describe(&self) -> Result<(DType, Shape), Fault> {
        let api = self.handle.api();
        let mut is_tensor = 0;
        // SAFETY: the value is alive.
        check(api, unsafe { (api.IsTensor)(self.as_ptr(), &mut is_tensor) })?;
        if is_tensor == 0 {
            return Err(Fault::new("expected a tensor, got a sequence, a map or nothing"));
        }
        // SAFETY: the value is alive and a tensor; the description is a new object.
        let info: Handle<OrtTensorTypeAndShapeInfo> =
            unsafe { Handle::create(api, |out| (api.GetTensorTypeAndShape)(self.as_ptr(), out))? };
        let (mut code, mut rank) = (0_i32, 0_usize);
        // SAFETY: `info` is alive; a C enumeration is written like an `int`, and read as one, as in `fault`.
        check(api, unsafe { (api.GetTensorElementType)(info.as_ptr(), (&raw mut code).cast()) })?;
        // SAFETY: as above.
        check(api, unsafe { (api.GetDimensionsCount)(info.as_ptr(), &mut rank) })?;
        let mut dims = Dims::from_elem(0, rank);
        // SAFETY: `dims` has room for `rank` dimensions.
        check(api, unsafe { (api.GetDimensions)(info.as_ptr(), dims.as_mut_ptr(), rank) })?;
        let dtype = dtype::from_runtime(code)
            .ok_or_else(|| Fault::new(format!("the runtime's element type {code} is not supported")))?;
        let shape = dims.iter().map(|&dim| usize::try_from(dim)).collect::<Result<Shape, _>>();
        shape
            .map(|shape| (dtype, shape))
            .map_err(|_| Fault::new(format!("the runtime gave a tensor of shape {dims:?}")))
    }

    /// Copies its bytes to `target`, which must be as long.
    pub(crate) fn copy_to(&self, target: &mut [u8]) -> Result<(), Fault> {
        let (dtype, shape) = self.describe()?;
        let len = shape.size_bytes(dtype).map_err(|error| Fault::new(error.to_string()))?;
        if len != target.len() {
            return Err(Fault::new(format!("expected {} bytes, got {shape} of {dtype}", target.len())));
        }
        let api = self.handle.api();
        let mut data = ptr::null_mut();
        // SAFETY: the value is alive, a tensor, and holds no strings: those have no size, and ended above.
        check(api, unsafe { (api.GetTensorMutableData)(self.as_ptr(), &mut data) })?;
        if len > 0 {
            // SAFETY: a tensor's data is as long as its shape says, and `target` is as long; a new allocation of
            // the runtime's and a slice of ours cannot overlap, and where the value is over an input, that is not
            // what `target` borrows mutably.
            unsafe { ptr::copy_nonoverlapping(data.cast::<u8>().cast_const(), target.as_mut_ptr(), len) };
        }
        Ok(())
    }

    /// A copy that owns its data.
    pub(crate) fn to_tensor(&self) -> Result<Tensor, Fault> {
        let (dtype, shape) = self.describe()?;
        if dtype == DType::String {
            return self.to_strings(shape);
        }
        let len = shape.size_bytes(dtype).map_err(|error| Fault::new(error.to_string()))?;
        let mut buffer = HostBuffer::heap(len);
        self.copy_to(buffer.as_mut_slice())?;
        Tensor::from_bytes(dtype, shape, Bytes::from_owner(buffer))
            .map_err(|error| Fault::new(error.to_string()))
    }

    fn to_strings(&self, shape: Shape) -> Result<Tensor, Fault> {
        let api = self.handle.api();
        let count = shape.elements().ok_or_else(|| Fault::new(format!("shape {shape} overflows")))?;
        let mut values = Vec::with_capacity(count);
        for index in 0..count {
            let mut len = 0;
            // SAFETY: the value is a tensor of strings; the runtime checks `index`.
            check(api, unsafe { (api.GetStringTensorElementLength)(self.as_ptr(), index, &mut len) })?;
            let mut text = vec![0_u8; len];
            // SAFETY: `text` has room for the `len` bytes that the element has.
            let status =
                unsafe { (api.GetStringTensorElement)(self.as_ptr(), len, index, text.as_mut_ptr().cast()) };
            check(api, status)?;
            let text = String::from_utf8(text);
            values.push(text.map_err(|_| Fault::new(format!("element {index} of an output is not UTF-8")))?);
        }
        Tensor::from_strings(shape, values).map_err(|error| Fault::new(error.to_string()))
    }
}

fn element(dtype: DType) -> Result<ort::sys::ONNXTensorElementDataType, Fault> {
    dtype::to_runtime(dtype).ok_or_else(|| Fault::new(format!("dtype {dtype} is not supported")))
}

fn signed(dims: &[usize]) -> Result<Dims, Fault> {
    let dims = dims.iter().map(|&dim| i64::try_from(dim)).collect::<Result<_, _>>();
    dims.map_err(|_| Fault::new("a dimension does not fit in 63 bits"))
}
