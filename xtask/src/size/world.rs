//! What happens around the agent: a life that leaves out nothing an agent can meet, with each
//! body once as long as it may be. The clock is virtual.

use std::collections::VecDeque;

use anyhow::{Context, bail, ensure};
use edgerm_agent_core::RecordKey;
use edgerm_coap::oscore::Credential;
use edgerm_coap::{BlockOption, BlockSize, Code, Method, Request};
use edgerm_protocol::codec::{List, Text};
use edgerm_protocol::description::Description;
use edgerm_protocol::limits::{MAX_BODY, MAX_DESCRIPTION, MAX_PAYLOAD};
use edgerm_protocol::message::{Inspect, Kill, Launch, Message, Variable, path};
use edgerm_protocol::resource::{
    Access, Attribute, AttributeValue, Device, DeviceClass, Name, Range, Resource, Value,
};
use edgerm_protocol::{Instant, ModuleId, SessionId, TaskId, TaskState, encode};

use super::frame::{Input, Output};
use super::master::Master;
use super::probe::Probe;

/// Inputs after which something that was to happen has not.
const PATIENCE: usize = 10_000;

const MODULE_BYTES: u32 = 2_000;
const GOOD: ModuleId = ModuleId([1; 32]);
/// A module that has another digest, however often it is fetched.
const CORRUPT: ModuleId = ModuleId([2; 32]);
/// A module for which there is no room.
const UNSTORED: ModuleId = ModuleId([3; 32]);

/// The task of the record in `agent-core/records/end.v1`.
const ENDED_BEFORE: TaskId = TaskId(0x0123_4567_89ab_cdef);

pub(super) struct World {
    now: Instant,
    master: Master,
    to_agent: VecDeque<Input>,
    agent_timeout: Option<Instant>,
    /// Bytes stored of the module that came last.
    stored: u32,
    /// How many of the agent's datagrams get lost from now on.
    losses: usize,
    starts_fail: bool,
    records_fail: bool,
    /// Whether what is launched is to start again after a reboot.
    restarts: bool,
    refused_inputs: usize,
    messages: usize,
    next_task: u64,
}

impl World {
    pub(super) fn new(credential: Option<&Credential>) -> Self {
        let module = (0..=u8::MAX).cycle().take(MODULE_BYTES as usize).collect();
        Self {
            now: Instant::from_millis(0),
            master: Master::new(module, credential.cloned()),
            to_agent: VecDeque::new(),
            agent_timeout: None,
            stored: 0,
            losses: 0,
            starts_fail: false,
            records_fail: false,
            restarts: false,
            refused_inputs: 0,
            messages: 0,
            next_task: 1 << 56,
        }
    }

    /// The script.
    pub(super) fn run(
        mut self,
        probe: &mut Probe,
        credential: Option<&Credential>,
    ) -> anyhow::Result<()> {
        let description = description()?;
        probe.begin(credential, &description)?;
        self.restore(probe)?;
        self.give(probe, Input::Timeout)?;
        self.until(probe, |world| world.master.registrations == 1)?;
        ensure!(
            self.master.states.get(&ENDED_BEFORE) == Some(&TaskState::Errored),
            "the end before the boot was not told"
        );

        let (first, second) = (self.task(), self.task());
        self.refusals(probe)?;
        self.restarts = true;
        self.launch(probe, first, GOOD, Code::CHANGED)?;
        self.restarts = false;
        self.launch(probe, second, GOOD, Code::CHANGED)?;
        self.until_state(probe, first, TaskState::Running)?;
        self.until_state(probe, second, TaskState::Running)?;
        let third = self.task();
        self.launch(probe, third, GOOD, Code::UNPROCESSABLE_ENTITY)?;

        self.talk(probe, first)?;
        self.give(probe, Input::DescriptionChanged(description.clone()))?;
        self.until(probe, |world| world.master.registrations == 2)?;
        self.pull_description(probe, description.len())?;
        self.master.forgets = true;
        self.until(probe, |world| world.master.registrations == 3)?;

        self.records_fail = true;
        self.kill(probe, first, Code::CHANGED)?;
        self.until_state(probe, first, TaskState::Killed)?;
        self.records_fail = false;
        self.kill(probe, third, Code::NOT_FOUND)?;
        self.give(probe, Input::TaskTrapped(second, "integer divide by zero"))?;
        self.until_state(probe, second, TaskState::Errored)?;
        self.modules_that_cannot_be_had(probe)?;

        let (unstarted, ending, last) = (self.task(), self.task(), self.task());
        self.starts_fail = true;
        self.launch(probe, unstarted, GOOD, Code::CHANGED)?;
        self.until_state(probe, unstarted, TaskState::Rejected)?;
        self.starts_fail = false;
        for task in [ending, last] {
            self.launch(probe, task, GOOD, Code::CHANGED)?;
            self.until_state(probe, task, TaskState::Running)?;
        }
        self.give(probe, Input::TaskExited(ending, 3))?;
        self.until_state(probe, ending, TaskState::Errored)?;
        self.give(probe, Input::Leave)?;
        self.until(probe, |world| world.master.has_left)?;
        ensure!(
            self.refused_inputs == 2,
            "{} inputs were refused",
            self.refused_inputs
        );
        Ok(())
    }

    /// What an earlier boot left: an end that was not acknowledged, and something damaged.
    fn restore(&mut self, probe: &mut Probe) -> anyhow::Result<()> {
        let end = include_bytes!("../../../agent-core/records/end.v1");
        self.give(probe, Input::Restore(RecordKey(1), end.to_vec()))?;
        self.give(probe, Input::Restore(RecordKey(2), b"damaged".to_vec()))
    }

    /// What nobody should send, and what cannot be done.
    fn refusals(&mut self, probe: &mut Probe) -> anyhow::Result<()> {
        for garbage in [&b"garbage"[..], &[0x40, 0x01, 0x00], &[0; MAX_BODY]] {
            self.give(probe, Input::Datagram(garbage.to_vec()))?;
        }
        let post = |path, body| Request::post_cbor(path, body);
        let get = Request::new(Method::Get, &[path::LAUNCH]);
        for (request, code) in [
            (post(&[path::LAUNCH], b"\xa1\x00"), Code::BAD_REQUEST),
            (post(&["no", "such", "path"], b""), Code::NOT_FOUND),
            (get, Code::METHOD_NOT_ALLOWED),
        ] {
            self.ask(probe, &request, code)?;
        }
        let task = self.task();
        let launch = self.launch_of(task, GOOD);
        let beyond = Name::new("no-such-device")?;
        for (launch, code) in [
            (
                Launch {
                    session: SessionId(1),
                    ..launch.clone()
                },
                Code::UNAUTHORIZED,
            ),
            (
                Launch {
                    mem: u32::MAX,
                    ..launch.clone()
                },
                Code::UNPROCESSABLE_ENTITY,
            ),
            (
                Launch {
                    module_size: 0,
                    ..launch.clone()
                },
                Code::UNPROCESSABLE_ENTITY,
            ),
            (
                Launch {
                    devices: List::from_first([beyond]),
                    ..launch
                },
                Code::UNPROCESSABLE_ENTITY,
            ),
        ] {
            let mut buffer = [0; MAX_BODY];
            let body = encode(&launch, &mut buffer)?;
            self.ask(probe, &Request::post_cbor(&[path::LAUNCH], body), code)?;
        }
        // The driver errs.
        self.give(probe, Input::TaskStarted(task))
    }

    /// A running task logs, emits and is sent a message, on a link that loses something.
    fn talk(&mut self, probe: &mut Probe, task: TaskId) -> anyhow::Result<()> {
        self.losses = 2;
        self.give(probe, Input::TaskLogged(task))?;
        for _ in 0..2 {
            self.give(probe, Input::TaskOutput(task, vec![b'x'; MAX_PAYLOAD]))?;
        }
        self.until(probe, |world| world.master.outputs == 2)?;
        let mut buffer = [0; MAX_BODY];
        let message = Message {
            session: self.master.session,
            task,
            payload: &[b'm'; MAX_PAYLOAD],
        };
        let body = encode(&message, &mut buffer)?;
        self.ask(
            probe,
            &Request::post_cbor(&[path::MESSAGE], body),
            Code::CHANGED,
        )?;
        ensure!(
            self.messages == 1,
            "the task got {} messages",
            self.messages
        );
        let inspect = Inspect {
            session: self.master.session,
            task,
            after: Some(1),
        };
        let body = encode(&inspect, &mut buffer)?;
        self.ask(
            probe,
            &Request::post_cbor(&[path::INSPECT], body),
            Code::CHANGED,
        )?;
        Ok(())
    }

    fn pull_description(&mut self, probe: &mut Probe, length: usize) -> anyhow::Result<()> {
        let size = BlockSize::B64;
        for number in 0..length.div_ceil(usize::from(size.bytes())) {
            let number = u32::try_from(number)?;
            let block = BlockOption::new(number, false, size).context("a block")?;
            let get = Request::get_block(&[path::DESCRIPTION], block);
            self.ask(probe, &get, Code::CONTENT)?;
        }
        let beyond = BlockOption::new(BlockOption::MAX_NUMBER, false, size).context("a block")?;
        let get = Request::get_block(&[path::DESCRIPTION], beyond);
        self.ask(probe, &get, Code::BAD_REQUEST)
    }

    fn modules_that_cannot_be_had(&mut self, probe: &mut Probe) -> anyhow::Result<()> {
        for module in [CORRUPT, UNSTORED] {
            let task = self.task();
            self.launch(probe, task, module, Code::CHANGED)?;
            self.until_state(probe, task, TaskState::Rejected)?;
        }
        Ok(())
    }

    fn launch_of(&self, task: TaskId, module: ModuleId) -> Launch<'static> {
        let variables = ["INTERVAL", "UNIT", "THRESHOLD", "LABEL"];
        let variables = variables.into_iter().filter_map(|key| {
            let value = "a value of thirty-two characters";
            Some(Variable {
                key: Text::new(key).ok()?,
                value,
            })
        });
        let devices = ["thermometer", "heater"];
        Launch {
            session: self.master.session,
            task,
            module,
            module_size: MODULE_BYTES,
            mem: 4096,
            cpus: Some(100),
            permissions: Some(0xff),
            devices: List::from_first(devices.into_iter().filter_map(|name| Name::new(name).ok())),
            env: List::from_first(variables),
            restart: Some(self.restarts),
            stop_after_disconnected: Some(3_600),
            deadline: None,
            max_silence: None,
            max_restarts: None,
        }
    }

    fn launch(
        &mut self,
        probe: &mut Probe,
        task: TaskId,
        module: ModuleId,
        code: Code,
    ) -> anyhow::Result<()> {
        let mut buffer = [0; MAX_BODY];
        let body = encode(&self.launch_of(task, module), &mut buffer)?;
        self.ask(probe, &Request::post_cbor(&[path::LAUNCH], body), code)
    }

    fn kill(&mut self, probe: &mut Probe, task: TaskId, code: Code) -> anyhow::Result<()> {
        let mut buffer = [0; MAX_BODY];
        let session = self.master.session;
        let body = encode(&Kill { session, task }, &mut buffer)?;
        self.ask(probe, &Request::post_cbor(&[path::KILL], body), code)
    }

    /// Asks the agent, which is to answer with this code.
    fn ask(&mut self, probe: &mut Probe, request: &Request<'_>, code: Code) -> anyhow::Result<()> {
        self.master.answer = None;
        self.master.endpoint.request(self.now, request)?;
        self.until(probe, |world| world.master.answer.is_some())?;
        let answer = self.master.answer;
        ensure!(
            answer == Some(code),
            "{:?} is answered {answer:?}",
            request.path
        );
        Ok(())
    }

    fn until_state(
        &mut self,
        probe: &mut Probe,
        task: TaskId,
        state: TaskState,
    ) -> anyhow::Result<()> {
        self.until(probe, |world| {
            world.master.states.get(&task) == Some(&state)
        })
        .with_context(|| format!("task {task} is not {state}"))
    }

    /// Lets things happen until this is so.
    fn until(&mut self, probe: &mut Probe, is_so: impl Fn(&Self) -> bool) -> anyhow::Result<()> {
        for _ in 0..PATIENCE {
            if let Some(input) = self.to_agent.pop_front() {
                self.give(probe, input)?;
            } else if let Some(datagram) = self.master.poll_transmit() {
                self.to_agent.push_back(Input::Datagram(datagram));
            } else if is_so(self) {
                return Ok(());
            } else {
                self.pass_time(probe)?;
            }
        }
        bail!("what was to happen has not")
    }

    /// Nothing happens until somebody's time is up.
    fn pass_time(&mut self, probe: &mut Probe) -> anyhow::Result<()> {
        let timeouts = [self.agent_timeout, self.master.endpoint.poll_timeout()];
        let next = timeouts.into_iter().flatten().min();
        self.now = self.now.max(next.context("nothing will ever happen")?);
        self.master.on_timeout(self.now)?;
        self.give(probe, Input::Timeout)
    }

    fn give(&mut self, probe: &mut Probe, input: Input) -> anyhow::Result<()> {
        for output in probe.give(self.now, &input)? {
            self.on_output(output)?;
        }
        Ok(())
    }

    fn on_output(&mut self, output: Output) -> anyhow::Result<()> {
        match output {
            Output::Transmit(_) if self.losses > 0 => self.losses -= 1,
            Output::Transmit(datagram) => self.master.on_datagram(self.now, &datagram)?,
            Output::CheckModule(module, size) => {
                let check = match module {
                    CORRUPT if self.stored == size => Input::ModuleCorrupt(module),
                    GOOD if self.stored == size => Input::ModuleVerified(module),
                    _ => Input::ModulePartial(module, 0),
                };
                self.stored = 0;
                self.to_agent.push_back(check);
            }
            Output::StoreBlock(module, offset, length) => {
                self.stored = offset + u32::try_from(length)?;
                let stored = match module {
                    UNSTORED if offset > 0 => Input::StorageFull(module),
                    _ => Input::BlockStored(module),
                };
                self.to_agent.push_back(stored);
            }
            Output::Persist(key) if self.records_fail => {
                self.to_agent.push_back(Input::PersistFailed(key));
            }
            Output::Persist(key) | Output::Erase(key) => {
                self.to_agent.push_back(Input::Persisted(key));
            }
            Output::StartTask(task) => self.to_agent.push_back(if self.starts_fail {
                Input::TaskStartFailed(task, "the module needs more memory than there is")
            } else {
                Input::TaskStarted(task)
            }),
            Output::StopTask(task) => self.to_agent.push_back(Input::TaskKilled(task)),
            Output::TaskMessage(task) => {
                self.messages += 1;
                self.to_agent.push_back(Input::MessageTaken(task, true));
            }
            Output::InspectTask(task) => {
                self.to_agent
                    .push_back(Input::Inspected(task, vec![0; MAX_PAYLOAD]));
            }
            Output::Refused => self.refused_inputs += 1,
            Output::RegistrationRefused => bail!("the registration was refused"),
            Output::Timeout(at) => self.agent_timeout = at,
            Output::TaskLog | Output::Taken | Output::Registered | Output::Left => {}
        }
        Ok(())
    }

    /// An id that no task had.
    fn task(&mut self) -> TaskId {
        self.next_task += 1;
        TaskId(self.next_task)
    }
}

/// What a small node has: 16 resources and attributes, one of each kind among them.
fn description() -> anyhow::Result<Vec<u8>> {
    let device = |class, kind, access| -> anyhow::Result<Value<'_>> {
        let kind = Name::new(kind)?;
        Ok(Value::Device(Device {
            class,
            kind,
            access,
        }))
    };
    let (sensor, actuator) = (DeviceClass::Sensor, DeviceClass::Actuator);
    let ports = Range {
        start: 5_000,
        end: 5_010,
    };
    let resources = [
        ("tasks", Value::Scalar(2)),
        ("mem", Value::Scalar(32_768)),
        ("ports", Value::Ranges(List::from_first([ports]))),
        (
            "buttons",
            Value::Set(List::from_first([Name::new("left")?, Name::new("right")?])),
        ),
        (
            "thermometer",
            device(sensor, "temperature", Access::Shared)?,
        ),
        ("hygrometer", device(sensor, "humidity", Access::Shared)?),
        ("barometer", device(sensor, "pressure", Access::Shared)?),
        ("lamp", device(actuator, "led", Access::Exclusive)?),
        ("heater", device(actuator, "relay", Access::Exclusive)?),
    ];
    let wasm = Text::new("wasm")?;
    let attributes = [
        ("os", AttributeValue::Text(Text::new("zephyr")?)),
        ("arch", AttributeValue::Text(Text::new("arm")?)),
        ("board", AttributeValue::Text(Text::new("lm3s6965evb")?)),
        ("executors", AttributeValue::Texts(List::from_first([wasm]))),
        ("max_task_mem", AttributeValue::Number(16_384)),
        (
            "location",
            AttributeValue::Text(Text::new("geo:40.4433,-79.9436")?),
        ),
        (
            "domain",
            AttributeValue::Text(Text::new("thermometer.example")?),
        ),
    ];
    let named = |(name, value)| {
        Ok(Resource {
            name: Name::new(name)?,
            value,
        })
    };
    let resources: Vec<Resource<'_>> = resources
        .into_iter()
        .map(named)
        .collect::<anyhow::Result<_>>()?;
    let named = |(name, value)| {
        Ok(Attribute {
            name: Name::new(name)?,
            value,
        })
    };
    let attributes: Vec<Attribute<'_>> = attributes
        .into_iter()
        .map(named)
        .collect::<anyhow::Result<_>>()?;
    let description = Description {
        resources: &resources,
        attributes: &attributes,
    };
    let mut buffer = [0; MAX_DESCRIPTION];
    Ok(encode(&description, &mut buffer)?.to_vec())
}
