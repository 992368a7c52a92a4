//! What follows a panic, and the heap.

use core::panic::PanicInfo;

use edgerm_zephyr_rtos::heap::Heap;
use edgerm_zephyr_rtos::log::{self, Level};
use edgerm_zephyr_rtos::thread;

#[global_allocator]
static HEAP: Heap = Heap;

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    log::write(Level::Error, format_args!("{info}"));
    thread::panic()
}
