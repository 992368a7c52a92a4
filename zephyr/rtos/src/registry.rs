//! Devices and attributes that the firmware adds, and whom it has told what happens: the side of
//! `include/edgerm.h` that looks behind its pointers.

use core::ffi::{CStr, c_char, c_int, c_void};
use core::ptr;

use edgerm_zephyr_sys as sys;

use crate::Errno;
use crate::guarded::Guarded;

/// Bytes of a label, a kind or a name at most.
const NAME: usize = 32;
/// Bytes of an attribute's text at most.
const TEXT: usize = 64;

static REGISTRY: Guarded<Registry> = Guarded::new(Registry {
    devices: ptr::null_mut(),
    attributes: ptr::null_mut(),
    hook: None,
    user: ptr::null_mut(),
});

/// Lists, linked through their members, each of which stays where it is.
struct Registry {
    devices: *mut sys::edgerm_device,
    attributes: *mut sys::edgerm_attribute,
    hook: sys::edgerm_hook_fn,
    user: *mut c_void,
}

// SAFETY: it is looked at by one thread at a time.
unsafe impl Send for Registry {}

/// Appends to the list that begins at `$head`, unless it is there.
macro_rules! append {
    ($head:expr, $new:expr) => {{
        let mut place: *mut *mut _ = $head;
        // SAFETY: whatever is in the list stays where it is, and its `next` is the list's own.
        unsafe {
            while !(*place).is_null() {
                if *place == $new {
                    return Err(Errno(sys::EALREADY as i32));
                }
                place = &raw mut (**place).next;
            }
            (*$new).next = ptr::null_mut();
            *place = $new;
        }
        Ok(())
    }};
}

/// Adds a device behind those that are there.
///
/// # Errors
///
/// `EINVAL` where it is none, `EALREADY` where it is there.
///
/// # Safety
///
/// `device` is null, or stays as it is from now on, with all that it points to.
pub unsafe fn add_device(device: *mut sys::edgerm_device) -> Result<(), Errno> {
    // SAFETY: the caller's.
    let told = unsafe { device.as_ref() }.ok_or(Errno(sys::EINVAL as i32))?;
    let is_one = told.read.is_some() != told.write.is_some();
    // SAFETY: the caller's.
    let is_named = unsafe { is_text(told.label, NAME) && is_text(told.kind, NAME) };
    if !is_one || !is_named {
        return Err(Errno(sys::EINVAL as i32));
    }
    REGISTRY.with(|registry| append!(&raw mut registry.devices, device))
}

/// Adds an attribute behind those that are there.
///
/// # Errors
///
/// `EINVAL` where it is none, `EALREADY` where it is there.
///
/// # Safety
///
/// `attribute` is null, or stays as it is from now on, with all that it points to.
pub unsafe fn add_attribute(attribute: *mut sys::edgerm_attribute) -> Result<(), Errno> {
    // SAFETY: the caller's.
    let told = unsafe { attribute.as_ref() }.ok_or(Errno(sys::EINVAL as i32))?;
    // SAFETY: the caller's.
    let is_one =
        unsafe { is_text(told.name, NAME) && (told.text.is_null() || is_text(told.text, TEXT)) };
    if !is_one {
        return Err(Errno(sys::EINVAL as i32));
    }
    REGISTRY.with(|registry| append!(&raw mut registry.attributes, attribute))
}

/// Has `hook` told what happens.
///
/// # Safety
///
/// `hook` may be called with `user` at any time from now on, until another one is set.
pub unsafe fn set_hook(hook: sys::edgerm_hook_fn, user: *mut c_void) {
    REGISTRY.with(|registry| (registry.hook, registry.user) = (hook, user));
}

/// Tells the firmware what happened, and to which task, else 0.
pub fn tell(event: sys::edgerm_event, task: u64) {
    let (hook, user) = REGISTRY.with(|registry| (registry.hook, registry.user));
    if let Some(hook) = hook {
        // SAFETY: whoever set the hook said so.
        unsafe { hook(event, task, user) };
    }
}

/// A device of the firmware's own.
#[derive(Clone, Copy, Debug)]
pub struct Device {
    raw: *mut sys::edgerm_device,
}

// SAFETY: whoever added it lets its functions be called on the agent's thread.
unsafe impl Send for Device {}

/// The devices that were added, in that order.
pub fn devices() -> impl Iterator<Item = Device> {
    let mut next = REGISTRY.with(|registry| registry.devices);
    core::iter::from_fn(move || {
        let raw = next;
        if raw.is_null() {
            return None;
        }
        // SAFETY: it is in the list, and stays where it is.
        next = REGISTRY.with(|_| unsafe { (*raw).next });
        Some(Device { raw })
    })
}

impl Device {
    const fn told(&self) -> &'static sys::edgerm_device {
        // SAFETY: it stays as it is, but for the list's `next`, which is not read here.
        unsafe { &*self.raw }
    }

    /// What it is called.
    pub fn label(&self) -> &'static str {
        text(self.told().label)
    }

    /// What it measures or moves.
    pub fn kind(&self) -> &'static str {
        text(self.told().kind)
    }

    /// Whether it is read; it is written otherwise.
    pub fn is_sensor(&self) -> bool {
        self.told().read.is_some()
    }

    /// Whether one task at a time may use it.
    pub fn is_exclusive(&self) -> bool {
        self.told().access == sys::EDGERM_EXCLUSIVE
    }

    /// Reads it: millionths of its unit.
    ///
    /// # Errors
    ///
    /// What its function says, and `ENOTSUP` where it is no sensor.
    pub fn read(&self) -> Result<i64, Errno> {
        let read = self.told().read.ok_or(Errno(sys::ENOTSUP as i32))?;
        let mut value = 0;
        // SAFETY: whoever added it said that it may be called so.
        Errno::check(unsafe { read(&mut value, self.told().user) })?;
        Ok(value)
    }

    /// Writes it: millionths of its unit.
    ///
    /// # Errors
    ///
    /// What its function says, and `ENOTSUP` where it is no actuator.
    pub fn write(&self, value: i64) -> Result<(), Errno> {
        let write = self.told().write.ok_or(Errno(sys::ENOTSUP as i32))?;
        // SAFETY: whoever added it said that it may be called so.
        Errno::check(unsafe { write(value, self.told().user) })?;
        Ok(())
    }
}

/// An attribute of the firmware's own: its name, and a text or else a number.
#[derive(Clone, Copy, Debug)]
pub struct Attribute {
    /// What it is called.
    pub name: &'static str,
    /// Its text, where it is one.
    pub text: Option<&'static str>,
    /// Its number, where it is none.
    pub number: u64,
}

/// The attributes that were added, in that order.
pub fn attributes() -> impl Iterator<Item = Attribute> {
    let mut next = REGISTRY.with(|registry| registry.attributes);
    core::iter::from_fn(move || {
        let raw = next;
        // SAFETY: it is in the list, and stays where it is.
        let told = unsafe { raw.as_ref() }?;
        // SAFETY: as above.
        next = REGISTRY.with(|_| unsafe { (*raw).next });
        Some(Attribute {
            name: text(told.name),
            text: (!told.text.is_null()).then(|| text(told.text)),
            number: told.number,
        })
    })
}

/// Whether it is a text of 1 to `longest` bytes without control characters.
///
/// # Safety
///
/// It is null, or ends with a NUL.
unsafe fn is_text(start: *const c_char, longest: usize) -> bool {
    // SAFETY: the caller's.
    !start.is_null() && {
        let text = unsafe { CStr::from_ptr(start) };
        let is_shown = |text: &str| !text.chars().any(char::is_control);
        (1..=longest).contains(&text.count_bytes()) && text.to_str().is_ok_and(is_shown)
    }
}

/// A text of something that was added.
fn text(start: *const c_char) -> &'static str {
    // SAFETY: `is_text` looked at it when it was added, and it stays as it was.
    unsafe { CStr::from_ptr(start) }
        .to_str()
        .unwrap_or_default()
}

/// A device of firmware in Rust, in a static.
pub struct RustDevice {
    raw: core::cell::UnsafeCell<sys::edgerm_device>,
    function: Function,
}

#[derive(Clone, Copy)]
enum Function {
    Read(fn() -> Result<i64, Errno>),
    Write(fn(i64) -> Result<(), Errno>),
}

// SAFETY: what of it changes is the registry's, which is guarded.
unsafe impl Sync for RustDevice {}

impl RustDevice {
    /// A sensor that any number of tasks may read: in millionths of the unit of its kind.
    pub const fn sensor(
        label: &'static CStr,
        kind: &'static CStr,
        read: fn() -> Result<i64, Errno>,
    ) -> Self {
        Self::new(label, kind, Function::Read(read))
    }

    /// An actuator for one task at a time.
    pub const fn actuator(
        label: &'static CStr,
        kind: &'static CStr,
        write: fn(i64) -> Result<(), Errno>,
    ) -> Self {
        Self::new(label, kind, Function::Write(write))
    }

    const fn new(label: &'static CStr, kind: &'static CStr, function: Function) -> Self {
        let (access, read, write): (_, sys::edgerm_read_fn, sys::edgerm_write_fn) = match function {
            Function::Read(_) => (sys::EDGERM_SHARED, Some(read_in_rust), None),
            Function::Write(_) => (sys::EDGERM_EXCLUSIVE, None, Some(write_in_rust)),
        };
        Self {
            raw: core::cell::UnsafeCell::new(sys::edgerm_device {
                label: label.as_ptr(),
                kind: kind.as_ptr(),
                access,
                read,
                write,
                user: ptr::null_mut(),
                next: ptr::null_mut(),
            }),
            function,
        }
    }

    /// Offers it.
    ///
    /// # Errors
    ///
    /// As [`add_device`].
    pub fn register(&'static self) -> Result<(), Errno> {
        let raw = self.raw.get();
        // SAFETY: a static stays where it is; this is its own address, whenever it is written.
        unsafe {
            (&raw mut (*raw).user).write(ptr::from_ref(self).cast_mut().cast());
            add_device(raw)
        }
    }
}

impl core::fmt::Debug for RustDevice {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("RustDevice").finish_non_exhaustive()
    }
}

unsafe extern "C" fn read_in_rust(value: *mut i64, user: *mut c_void) -> c_int {
    // SAFETY: `register` set it.
    let device = unsafe { &*user.cast::<RustDevice>() };
    match device.function {
        Function::Read(read) => match read() {
            Ok(read) => {
                // SAFETY: whoever calls a device's function has room for a value.
                unsafe { *value = read };
                0
            }
            Err(Errno(errno)) => -errno,
        },
        Function::Write(_) => -(sys::ENOTSUP as c_int),
    }
}

unsafe extern "C" fn write_in_rust(value: i64, user: *mut c_void) -> c_int {
    // SAFETY: `register` set it.
    let device = unsafe { &*user.cast::<RustDevice>() };
    match device.function {
        Function::Write(write) => write(value).map_or_else(|Errno(errno)| -errno, |()| 0),
        Function::Read(_) => -(sys::ENOTSUP as c_int),
    }
}
