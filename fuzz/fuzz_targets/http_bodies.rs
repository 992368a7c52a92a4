#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| edgerm_fuzz::bodies::http_bodies(data));
