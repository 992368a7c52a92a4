//! The ports put together, and their loop.

use edgerm_agent_core::Config;
use edgerm_driver::port::{Event, Events, Platform, Ports};
use edgerm_driver::{Driver, Node, Options, Wait, describe};
use edgerm_protocol::limits::MAX_DESCRIPTION;
use edgerm_task_abi::Feature;

use crate::clock::{self, Clock};
use crate::console::print_line;
use crate::network::{Buffers, Network};
use crate::page::Page;
use crate::startup::halt;
use crate::storage::{MAX_MODULE, Storage};
use crate::switch;
use crate::thermometer::Thermometer;
use crate::thread::{SLOTS, TASK_MEMORY, TaskThread};

struct Board;

impl Platform for Board {
    type Network = Network;
    type Clock = Clock;
    type Storage = Storage;
    type Records = ();
    type Threads = TaskThread;
    type Devices = Thermometer;
    type Events = Log;
}

type Agent = Driver<Board, { SLOTS + 2 }, SLOTS>;

/// Runs the node for as long as it is not told to leave.
pub(crate) fn run() -> ! {
    static mut BUFFERS: Buffers = Buffers::new();
    let Some(page) = Page::read() else {
        print_line!("the page is empty: see tests/bare-metal/README.md");
        halt()
    };
    print_line!("the master is at {}", page.master);
    // SAFETY: this function runs once, and names this static nowhere else.
    let buffers = unsafe { &mut *(&raw mut BUFFERS) };
    let Some(mut agent) = agent(&page, buffers) else {
        print_line!("the node cannot be made");
        halt()
    };
    loop {
        let alarm = match agent.poll() {
            Wait::Left => halt(),
            Wait::Event => None,
            Wait::Until(instant) => Some(instant),
        };
        let ports = agent.ports_mut();
        let alarm = alarm.into_iter().chain(ports.network.poll()).min();
        clock::set_alarm(alarm.unwrap_or(clock::now() + FAR));
        switch::rest(ports.threads.may_run());
    }
}

/// When the agent looks around where nothing is due.
const FAR: core::time::Duration = core::time::Duration::from_secs(60);

fn agent(page: &Page, buffers: &'static mut Buffers) -> Option<Agent> {
    let [seed, ..] = page.entropy.as_chunks().0 else {
        return None;
    };
    let ports = Ports {
        network: Network::new(page.master, u64::from_le_bytes(*seed), buffers)?,
        clock: Clock,
        storage: Storage::new().ok()?,
        records: (),
        threads: TaskThread::new(),
        devices: Thermometer::new(),
        events: Log,
    };
    let mut features = [Feature::MutableGlobals; Feature::ALL.len()];
    let mut count = 0;
    for (place, feature) in features.iter_mut().zip(edgerm_engine_wasm3::features()) {
        *place = feature;
        count += 1;
    }
    let node = Node {
        cpus: 1000,
        mem: TASK_MEMORY.into(),
        disk: 0,
        slots: SLOTS,
        max_task_mem: TASK_MEMORY,
        max_module: MAX_MODULE,
        restarts: false,
        os: "",
        arch: "arm",
        board: "mps2_an385",
        features: &features[..count],
        attributes: &[],
    };
    let mut buffer = [0; MAX_DESCRIPTION];
    let options = Options {
        name: "bare-metal",
        description: describe(&node, &ports.devices, &mut buffer).ok()?,
        core: Config {
            max_task_mem: TASK_MEMORY,
            max_module: MAX_MODULE,
            max_outputs: 4,
            ..Config::default()
        },
        value_bytes: 512,
        log_bytes: 512,
        credential: page.credential.as_ref(),
        entropy: page.entropy,
    };
    Driver::new(ports, &options).ok()
}

/// What happens, on the console.
struct Log;

impl Events for Log {
    fn on_event(&mut self, event: Event<'_>) {
        match event {
            Event::Registered(agent) => print_line!("registered as {agent}"),
            Event::Refused(code, why) => print_line!("refused: {code} {why}"),
            Event::TaskStarting(task) => print_line!("task {task} starts"),
            Event::TaskStarted(task) => print_line!("task {task} runs"),
            Event::TaskNotStarted(task, why) => print_line!("task {task} does not start: {why}"),
            Event::TaskStopping(task, _) => print_line!("task {task} is to end"),
            Event::TaskEnded(task, end) => print_line!("task {task} ended: {end:?}"),
            Event::StorageFailed(module, error) => print_line!("module {module}: {error:?}"),
            Event::NotSent => print_line!("a datagram could not be sent"),
            Event::Left => print_line!("left"),
            // Of records, which are not kept, and events to come.
            _ => {}
        }
    }
}
