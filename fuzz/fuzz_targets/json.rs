#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| phalanx_fuzz::json(input));
