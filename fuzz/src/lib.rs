//! What the targets do: the very file that the test `fuzz_corpus` replays the corpus with.

#[path = "../../tests/src/fuzz.rs"]
pub mod bodies;
