use std::path::Path;

use cudarc::driver::sys::CUdeviceptr;
use phalanx_backend::BackendError;
use phalanx_plan::{Plan, Step};

use super::memory::Memory;
use crate::driver::{Function, Gpu, Stream, time_us};
use crate::error;
use crate::kernels::{self, Argument, Chip, Launch, LowerError, ProductCall, Task};
use crate::products::{self, Addresses, Choice, Key};

/// A submission, or one of two ways to submit the same.
#[derive(Clone, Debug)]
pub(super) enum Work<K> {
    /// A generated kernel.
    Kernel(K),
    /// A product.
    Product(Box<Product<K>>),
}

/// A product, which the library or a kernel of ours computes, whichever was faster.
#[derive(Clone, Debug)]
pub(super) struct Product<K> {
    /// All of it, with what follows the sums.
    whole: ProductCall,
    /// The part that the library can do.
    sums: ProductCall,
    /// The rest, where there is one.
    follow: Option<K>,
    /// Kernels that do all of it.
    kernels: Vec<K>,
}

/// A kernel that is loaded, and how it is launched.
#[derive(Debug)]
pub(super) struct Loaded {
    launch: Launch,
    function: Function,
}

/// The work of a step, and the scratch bytes that it takes.
///
/// # Errors
/// [`LowerError`] where there is no kernel for it.
pub(super) fn lower(plan: &Plan, step: &Step, chip: &Chip) -> Result<(Vec<Work<Launch>>, usize), LowerError> {
    let lowered = kernels::lower(plan, step, chip)?;
    let work = lowered.tasks.into_iter().map(|task| match task {
        Task::Launch(launch) => Ok(Work::Kernel(launch)),
        Task::Product(call) => Product::new(plan, call, chip).map(|product| Work::Product(Box::new(product))),
    });
    Ok((work.collect::<Result<_, _>>()?, lowered.scratch_bytes))
}

impl Product<Launch> {
    fn new(plan: &Plan, whole: ProductCall, chip: &Chip) -> Result<Self, LowerError> {
        let (sums, is_whole) = products::split(&whole);
        let follow = if is_whole { None } else { Some(kernels::epilogue(plan, &whole)?) };
        let kernels = [
            kernels::small_product(&whole, chip)?,
            kernels::small_square(&whole, chip)?,
            kernels::small_tile(&whole, chip)?,
        ];
        Ok(Self { whole, sums, follow, kernels: kernels.into_iter().flatten().collect() })
    }
}

impl Work<Launch> {
    /// The same with its kernels compiled and loaded.
    ///
    /// # Errors
    /// [`BackendError::Prepare`] where one does not compile.
    pub(super) fn load(&self, gpu: &Gpu, folder: Option<&Path>) -> Result<Work<Loaded>, BackendError> {
        let load = |launch: &Launch| -> Result<Loaded, BackendError> {
            let function = gpu.kernels.function(launch, gpu.chip(), folder)?;
            Ok(Loaded { launch: launch.clone(), function })
        };
        Ok(match self {
            Self::Kernel(launch) => Work::Kernel(load(launch)?),
            Self::Product(product) => Work::Product(Box::new(Product {
                whole: product.whole.clone(),
                sums: product.sums.clone(),
                follow: product.follow.as_ref().map(load).transpose()?,
                kernels: product.kernels.iter().map(load).collect::<Result<_, _>>()?,
            })),
        })
    }
}

impl Work<Loaded> {
    /// Finds the fastest way to compute a product whose shape is new to this GPU, in memory that nobody else uses.
    ///
    /// # Errors
    /// [`BackendError::Prepare`] where there is no way.
    pub(super) fn tune(&self, plan: &Plan, memory: &Memory<'_>, stream: &Stream) -> Result<(), BackendError> {
        match self {
            Self::Kernel(_) => Ok(()),
            Self::Product(product) => product.tune(plan, memory, stream),
        }
    }

    /// Submits it; products were tuned before.
    ///
    /// # Errors
    /// What the driver says.
    pub(super) fn submit(
        &self,
        plan: &Plan,
        memory: &Memory<'_>,
        stream: &Stream,
    ) -> Result<(), BackendError> {
        match self {
            Self::Kernel(kernel) => kernel.submit(plan, memory, stream),
            Self::Product(product) => product.submit(plan, memory, stream),
        }
    }
}

impl Product<Loaded> {
    fn tune(&self, plan: &Plan, memory: &Memory<'_>, stream: &Stream) -> Result<(), BackendError> {
        let addresses = addresses(&self.sums, plan, memory);
        let key = Key::new(&self.whole, &addresses);
        let choices = &stream.gpu().choices;
        if choices.get(&key).is_some() {
            return Ok(());
        }
        let follow = || self.follow.iter().try_for_each(|kernel| kernel.submit(plan, memory, stream));
        let mut best = products::fastest(&self.sums, &addresses, stream, follow)?
            .map(|(took_us, algorithm)| (took_us, Choice::Library(algorithm)));
        for (index, kernel) in self.kernels.iter().enumerate() {
            let took_us = time_us(stream, || kernel.submit(plan, memory, stream))?;
            if best.as_ref().is_none_or(|(fastest_us, _)| took_us < *fastest_us) {
                best = Some((took_us, Choice::Kernel(index)));
            }
        }
        let Some((_, choice)) = best else {
            let ProductCall { m, n, k, batch, .. } = self.whole;
            return Err(error::prepare(format!(
                "nothing multiplies {batch} times {m}x{k} by {k}x{n} of {}",
                self.whole.a.dtype
            )));
        };
        choices.insert(key, choice);
        Ok(())
    }

    fn submit(&self, plan: &Plan, memory: &Memory<'_>, stream: &Stream) -> Result<(), BackendError> {
        let addresses = addresses(&self.sums, plan, memory);
        match stream.gpu().choices.get(&Key::new(&self.whole, &addresses)) {
            Some(Choice::Library(algorithm)) => {
                products::submit(&self.sums, &addresses, &algorithm, stream)?;
                self.follow.iter().try_for_each(|kernel| kernel.submit(plan, memory, stream))
            }
            Some(Choice::Kernel(index)) => self.kernels[index].submit(plan, memory, stream),
            None => Err(error::prepare(format!("no way was chosen to multiply {} rows", self.whole.m))),
        }
    }
}

impl Loaded {
    fn submit(&self, plan: &Plan, memory: &Memory<'_>, stream: &Stream) -> Result<(), BackendError> {
        let mut words: Vec<u64> = self.launch.arguments.iter().map(|it| word(it, plan, memory)).collect();
        let Launch { grid, block, shared_bytes, .. } = self.launch;
        // SAFETY: the arguments are those that the kernel was generated for, over memory that the slot and its bucket
        // hold; whoever submits keeps both until the stream has come to this point.
        unsafe { self.function.launch(stream, grid, block, shared_bytes, &mut words) }
    }
}

fn word(argument: &Argument, plan: &Plan, memory: &Memory<'_>) -> u64 {
    match argument {
        Argument::Pointer(pointer) => memory.address(plan, pointer),
        Argument::U32(number) => u64::from(*number),
    }
}

fn addresses(call: &ProductCall, plan: &Plan, memory: &Memory<'_>) -> Addresses {
    let at = |pointer| -> CUdeviceptr { memory.address(plan, pointer) };
    let output = at(&call.d.pointer);
    Addresses {
        a: at(&call.a.pointer),
        b: at(&call.b.pointer),
        output,
        residual: call.c.as_ref().map_or(output, |residual| at(&residual.pointer)),
        bias: call.bias.as_ref().map_or(0, |bias| at(&bias.pointer)),
        workspace: memory.workspace,
        workspace_bytes: memory.workspace_bytes,
    }
}
