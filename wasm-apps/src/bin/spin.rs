#![no_std]
#![no_main]
//! `spin` never returns, nor calls its node: only a kill ends it.

edgerm_task::main!(run);

fn run() {
    #[expect(clippy::empty_loop, reason = "it is what this task is for")]
    loop {}
}
