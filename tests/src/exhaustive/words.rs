//! Steps in words.

use edgerm_protocol::decode;
use edgerm_protocol::message::{
    Kill, Ping, ReceivedLaunch, Register, Registered, StatusUpdate, path,
};

use super::cluster::Cluster;
use super::message::{Message, MessageId};
use super::node::NodeInput;
use super::record::RecordInput;
use super::state::{Action, Datagram, Slot, State};
use super::world::World;

/// A step, for a person.
pub(super) fn told(world: &World, state: &State, action: Action) -> String {
    let name = Cluster::node_name;
    match action {
        Action::Deliver(node, datagram) => {
            let said = message(world, &state.slots[node], datagram);
            let name = name(node);
            match datagram {
                Datagram::Up => format!("the master hears {name}: {said}"),
                Datagram::LateUp(_) => format!("the master hears {name}, late: {said}"),
                Datagram::Down => format!("{name} is answered: {said}"),
                Datagram::Ask => format!("{name} is asked: {said}"),
                Datagram::LateAsk(_) => format!("{name} is asked, late: {said}"),
                Datagram::Reply => format!("the master is answered by {name}: {said}"),
            }
        }
        Action::Lose(node, datagram) => {
            let said = message(world, &state.slots[node], datagram);
            format!("lost between the master and {}: {said}", name(node))
        }
        Action::Double(node, datagram) => {
            let said = message(world, &state.slots[node], datagram);
            format!("will come again at {}: {said}", name(node))
        }
        Action::LoseHeart(node) => {
            format!("{} waits no more, though all is on its way", name(node))
        }
        Action::LoseHeartOf(node) => {
            format!(
                "the master waits for {} no more, though all is on its way",
                name(node)
            )
        }
        Action::Node(node, input) => happened(world, state, node, input),
        Action::Master(input) => decided(input),
        Action::Crash(lost) => {
            let lost: Vec<&str> = (0..lost.len())
                .filter(|node| lost[*node])
                .map(name)
                .collect();
            match lost.is_empty() {
                true => "the master crashes and is back".to_owned(),
                false => format!(
                    "the master crashes and is back; what was on its way to and from {} is lost",
                    lost.join(" and ")
                ),
            }
        }
    }
}

fn happened(world: &World, state: &State, node: usize, input: NodeInput) -> String {
    let name = Cluster::node_name(node);
    match input {
        NodeInput::Boot => format!("{name} boots"),
        NodeInput::Crash(0) => format!("{name} crashes"),
        NodeInput::Crash(written) => format!("{name} crashes, {written} of its writes are done"),
        NodeInput::Timeout => match world.nodes.view(state.slots[node].node).is_asking {
            true => format!("{name} waits for an answer no more"),
            false => format!("{name}: a ping or a registration is due"),
        },
        NodeInput::Started(task) => format!("{name}: task {task} runs"),
        NodeInput::Exited(task) => format!("{name}: task {task} exits with 0"),
        NodeInput::Killed(task) => format!("{name}: task {task} is ended"),
        NodeInput::Written => format!("{name}: a record is written"),
        NodeInput::Answer(_) | NodeInput::Ask(_) => format!("{name} hears"),
    }
}

fn decided(input: RecordInput) -> String {
    let name = Cluster::node_name;
    let task = Cluster::task;
    match input {
        RecordInput::Timeout(node) => format!("the master waits for {} no more", name(node)),
        RecordInput::Unreachable(node) => format!("{} is UNREACHABLE to the master", name(node)),
        RecordInput::Gone(node) => format!("{} is given up", name(node)),
        RecordInput::Offer(framework, node) => {
            format!("{} is offered to framework {framework}", name(node))
        }
        RecordInput::Expire(node, _) => format!("an offer of {} expires", name(node)),
        RecordInput::Accept(node, _, index) => {
            format!(
                "an offer of {} is accepted with task {}",
                name(node),
                task(index)
            )
        }
        RecordInput::Kill(index) => format!("task {} is to be killed", task(index)),
        RecordInput::Leave(framework) => format!("framework {framework} leaves"),
        RecordInput::Crash => "the master crashes".to_owned(),
        RecordInput::Request(..) | RecordInput::Reply(..) => "the master hears".to_owned(),
    }
}

fn message(world: &World, slot: &Slot, datagram: Datagram) -> String {
    let id = match datagram {
        Datagram::Up => slot.up,
        Datagram::Down => slot.down,
        Datagram::Ask => slot.ask,
        Datagram::Reply => slot.reply,
        Datagram::LateUp(place) => slot.late_ups[place],
        Datagram::LateAsk(place) => slot.late_asks[place],
    };
    id.map_or_else(String::new, |id| said(world, id))
}

fn said(world: &World, id: MessageId) -> String {
    match world.messages.get(id) {
        Message::Request { path, body } => match path.as_str() {
            path::REGISTER => decode::<Register<'_>>(body).map_or_else(
                |_| "register".to_owned(),
                |it| format!("register, boot {}{}", it.boot, updates(&it.tasks)),
            ),
            path::PING => decode::<Ping<'_>>(body).map_or_else(
                |_| "ping".to_owned(),
                |it| format!("ping, session {}{}", it.session, updates(&it.updates)),
            ),
            path::LAUNCH => decode::<ReceivedLaunch<'_>>(body).map_or_else(
                |_| "launch".to_owned(),
                |it| format!("launch task {}, session {}", it.task, it.session),
            ),
            path::KILL => decode::<Kill>(body).map_or_else(
                |_| "kill".to_owned(),
                |it| format!("kill task {}, session {}", it.task, it.session),
            ),
            other => other.to_owned(),
        },
        Message::Response { code, body } => match decode::<Registered>(body) {
            Ok(it) if code.is_success() => {
                let unwanted: Vec<String> = it.unwanted.iter().map(ToString::to_string).collect();
                let session = it.session;
                format!("{code} registered, session {session}, unwanted: {unwanted:?}")
            }
            Ok(_) | Err(_) if code.is_success() => code.to_string(),
            Ok(_) | Err(_) => format!("{code} {}", String::from_utf8_lossy(body)),
        },
    }
}

fn updates(updates: &[StatusUpdate<'_>]) -> String {
    let each = updates
        .iter()
        .map(|it| format!(", task {} {}", it.task, it.state));
    each.collect()
}
