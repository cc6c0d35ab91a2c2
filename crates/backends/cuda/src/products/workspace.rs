use crate::kernels::Chip;

/// NVIDIA recommends 32 MiB for Hopper, 4 MiB for others.
const BYTES: usize = 4 << 20;
const BYTES_HOPPER: usize = 32 << 20;
const HOPPER: u32 = 9;

/// What the library works in, in bytes; products that may run at once need one each.
pub(crate) const fn workspace_bytes(chip: &Chip) -> usize {
    if chip.major >= HOPPER { BYTES_HOPPER } else { BYTES }
}
