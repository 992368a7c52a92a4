//! Who the node is.

use core::ffi::{CStr, c_char};

use edgerm_zephyr_sys as sys;

/// Bytes of a name, and the NUL at its end.
const NAME: usize = 33;

/// What the node is called: `CONFIG_EDGERM_NAME`, or a name made of its board and its link address.
pub fn name() -> heapless::String<32> {
    let mut bytes = [0; NAME];
    // SAFETY: writes at most so many bytes, a NUL among them.
    unsafe { sys::edgerm_node_name(bytes.as_mut_ptr().cast::<c_char>(), bytes.len()) };
    let name = CStr::from_bytes_until_nul(&bytes).unwrap_or_default();
    let mut text = heapless::String::new();
    for character in name.to_str().unwrap_or_default().chars() {
        // It was cut to fit.
        let _fits = text.push(character);
    }
    text
}

/// The board, as Zephyr names it.
pub fn board() -> &'static str {
    // SAFETY: a text that ends with a NUL, for as long as the image runs.
    let board = unsafe { CStr::from_ptr(sys::edgerm_board.as_ptr()) };
    board.to_str().unwrap_or_default()
}
