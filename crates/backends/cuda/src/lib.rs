//! The CUDA backend: a plan captured as one graph per bucket, for NVIDIA GPUs.

mod kernels;
