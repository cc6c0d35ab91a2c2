//! Generated kernels: the steps of a plan as CUDA C++.
