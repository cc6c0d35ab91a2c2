//! One scheduler and its lanes in virtual time: what the policies reach, and that depth does not make batches small.

mod closed_loop;
mod device;
mod goodput;
mod load;
mod machine;
mod overload;
mod rng;
