//! The functions that a node gives to its tasks, as they are.
//!
//! Written by `cargo xtask host-api` out of task-abi/src/table.rs.

// SAFETY: the node checks every pointer and length that it is given against the
// task's memory; see `docs/host-api.md`. What is declared `safe` is given none.
#[link(wasm_import_module = "edgerm")]
unsafe extern "C" {
    /// Tells the version of the host API that the node serves.
    ///
    /// Returns the major version times 65,536, plus the minor one.
    pub safe fn abi_version() -> i32;

    /// Ends the task with an exit code: 0 is success.
    ///
    /// Does not return.
    pub safe fn exit(code: i32) -> !;

    /// Waits for this many milliseconds, 0 to 4,294,967,295. The node may sleep meanwhile.
    ///
    /// Returns 0.
    pub safe fn sleep_ms(duration_ms: u32) -> i32;

    /// Writes one line of UTF-8 to the task's log, at level 1 (error), 2 (warning), 3 (info) or
    /// 4 (debug). A line longer than 200 bytes is cut. The node keeps the newest lines, and
    /// sends those that somebody reads: logging never waits, and costs no message where nobody
    /// does.
    ///
    /// Returns 0, or a negative error code.
    pub fn log(level: i32, line: *const u8, length: usize) -> i32;

    /// Tells the milliseconds since an instant that the node chose. They never go backwards.
    ///
    /// Returns the milliseconds, or a negative error code.
    pub safe fn clock_monotonic_ms() -> i64;

    /// Tells the milliseconds since 1970-01-01 UTC. They may jump when the node's clock is set.
    ///
    /// Returns the milliseconds, or a negative error code.
    pub safe fn clock_unix_ms() -> i64;

    /// Copies the value of an environment variable of the launch into the buffer.
    ///
    /// Returns the bytes of the value, or a negative error code.
    pub fn env_get(key: *const u8, key_length: usize, value: *mut u8, value_length: usize) -> i32;

    /// Opens a sensor by its label or, for the first one of a kind, by its kind
    /// (`temperature`). The sensor must be among the devices of the launch.
    ///
    /// Returns a handle, 0 or more, which lasts as long as the task, or a negative error code.
    pub fn sensor_open(name: *const u8, length: usize) -> i32;

    /// Reads a sensor. The value is in millionths of the unit that Zephyr's `sensor_value` has
    /// for the sensor's kind: a temperature of 21.5 degrees Celsius is 21,500,000.
    ///
    /// Returns 0, or a negative error code.
    pub fn sensor_read(sensor: i32, value: *mut i64) -> i32;

    /// Opens an actuator, as `sensor_open` does a sensor.
    ///
    /// Returns a handle, 0 or more, which lasts as long as the task, or a negative error code.
    pub fn actuator_open(name: *const u8, length: usize) -> i32;

    /// Sets an actuator. The value is in millionths of the unit of the actuator's kind; what is
    /// on or off is on at any value but 0.
    ///
    /// Returns 0, or a negative error code.
    pub safe fn actuator_write(actuator: i32, value: i64) -> i32;

    /// Queues 0 to 800 bytes for the task's framework. While the queue is full, as it will be
    /// when the master is out of reach, the call waits for room.
    ///
    /// Returns 0, or a negative error code.
    pub fn emit(payload: *const u8, length: usize, timeout_ms: i32) -> i32;

    /// Takes the oldest message from the task's framework, waiting for one where there is none.
    /// A buffer of 800 bytes holds any message.
    ///
    /// Returns the bytes of the message, or a negative error code.
    pub fn message_receive(message: *mut u8, length: usize, timeout_ms: i32) -> i32;

    /// Copies what is stored under a key into the buffer. A buffer of 256 bytes holds any
    /// value.
    ///
    /// Returns the bytes of the value, or a negative error code.
    pub fn kv_get(key: *const u8, key_length: usize, value: *mut u8, value_length: usize) -> i32;

    /// Stores at most 256 bytes under a key. Each task has its own keys, for as long as it
    /// runs; a node with storage may keep them until it starts the task again. An empty value
    /// removes the key.
    ///
    /// Returns 0, or a negative error code.
    pub fn kv_set(key: *const u8, key_length: usize, value: *const u8, value_length: usize) -> i32;

    /// Posts at most 800 bytes to a `coap://` URI of at most 255 bytes and waits for the
    /// response.
    ///
    /// Returns the response's code: 204 for 2.04 Changed, or a negative error code.
    pub fn coap_post(
        uri: *const u8,
        uri_length: usize,
        payload: *const u8,
        payload_length: usize,
        timeout_ms: i32,
    ) -> i32;
}
