//! Tasks that are containers, on a real engine: from the framework's call to what the container
//! itself finds of its limits, through kills of the agent and the engine.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and no harness of rustc's marks these as tests"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use edgerm_framework::api::{
    Constraints, Container, Mount, Network, Offer, Output, OutputData, PortMapping, Pull, Restart,
    Task, Transport,
};
use edgerm_framework::owned::Value;
use edgerm_framework::{Client, ConstraintsExt, Launch, Scheduler, TaskId, TaskState};
use edgerm_tests::docker::Engine;
use edgerm_tests::firmware::child::{Process, owned};
use edgerm_tests::firmware::programs::{self, Program};
use edgerm_tests::require::{Case, Component, run};

/// A bound on failure: what is waited for comes soon, or never.
const PATIENCE: Duration = Duration::from_secs(60);

const IMAGE: &str = "busybox:test";

/// Runs until it is told to end, which a process of that number does not do by itself.
const WAITS: &str = "trap 'echo bye; exit 0' TERM; echo up; while true; do sleep 1; done";

fn main() -> ExitCode {
    let case = |name, body: fn(&Path)| Case {
        name,
        component: Component::Docker,
        body,
    };
    run(&[
        case("a_container_has_what_its_task_holds", |_| {
            with_cluster(a_container_has_what_its_task_holds);
        }),
        case("what_cannot_run_is_refused_and_says_why", |_| {
            with_cluster(what_cannot_run_is_refused_and_says_why);
        }),
        case(
            "a_container_outlives_its_agent_and_an_agent_its_engine",
            |_| {
                with_cluster(a_container_outlives_its_agent_and_an_agent_its_engine);
            },
        ),
        case("what_is_somebody_elses_is_left_alone", |_| {
            with_cluster(what_is_somebody_elses_is_left_alone);
        }),
        case("an_agent_with_an_engine_is_measured", |_| {
            an_agent_with_an_engine_is_measured();
        }),
    ])
}

struct Cluster {
    engine: Engine,
    folder: tempfile::TempDir,
    _master: Process,
    coap: SocketAddr,
    agent: Process,
    client: Client,
    scheduler: Scheduler,
    /// Ports of this machine that the agent offers.
    ports: [u16; 2],
}

fn with_cluster<F: Future<Output = ()>>(test: impl FnOnce(Cluster) -> F) {
    programs::build();
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().expect("a runtime");
    runtime.block_on(async { test(Cluster::start().await).await });
}

impl Cluster {
    async fn start() -> Self {
        let engine = Engine::start();
        let folder = tempfile::tempdir().unwrap();
        let mut command = owned(Program::Master.path());
        command.args(["--http", "127.0.0.1:0", "--coap", "127.0.0.1:0"]);
        let master = Process::start("the master", command);
        let http = master.console().address("http_addr=");
        let coap = master.console().address("coap_addr=");
        let client = Client::new(&format!("http://{http}")).unwrap();
        let ports = free_ports();
        std::fs::create_dir(folder.path().join("given")).unwrap();
        let config = format!(
            "name = \"server\"\nhwmon = false\niio = false\nping_period = \"200ms\"\n\
             docker = {:?}\nports = \"{},{}\"\nmem = \"256MiB\"\n\
             [container]\nmounts = [{:?}]\n\
             [[sensor]]\nlabel = \"noise\"\nkind = \"sound\"\npath = \"/dev/urandom\"\n\
             access = \"exclusive\"\n",
            engine.socket(),
            ports[0].min(ports[1]),
            ports[0].max(ports[1]),
            folder.path().join("given"),
        );
        std::fs::write(folder.path().join("agent.toml"), config).unwrap();
        let agent = start_agent(folder.path(), coap);
        let scheduler = Scheduler::register(client.clone(), "load").await.unwrap();
        Self {
            engine,
            folder,
            _master: master,
            coap,
            agent,
            client,
            scheduler,
            ports,
        }
    }

    fn start_agent(&mut self) {
        self.agent = start_agent(self.folder.path(), self.coap);
    }

    /// An offer of the agent, once it runs containers.
    async fn offer(&self) -> Offer {
        let until = Instant::now() + PATIENCE;
        loop {
            let on = Constraints::default().containers();
            let offers = self.scheduler.offers(&on, 1, Duration::from_secs(5));
            if let Some(offer) = offers.await.unwrap().pop() {
                return offer;
            }
            assert!(Instant::now() < until, "{}", self.agent.console().text());
        }
    }

    /// Launches a container on the agent, once it offers to run some.
    async fn launch(&self, launch: Launch) -> TaskId {
        let offer = self.offer().await;
        self.scheduler.launch(&offer, launch).await.unwrap().id
    }

    async fn until(&self, task: TaskId, is: impl Fn(&Task) -> bool) -> Task {
        let until = Instant::now() + PATIENCE;
        loop {
            let shown = self.client.task(task).await.unwrap();
            if is(&shown) {
                return shown;
            }
            assert!(
                Instant::now() < until,
                "{shown:?}\n{}",
                self.agent.console().text()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn ended(&self, task: TaskId) -> Task {
        self.until(task, |task| task.state.is_terminal()).await
    }

    async fn running(&self, task: TaskId) -> Task {
        let shown = self
            .until(task, |task| task.state >= TaskState::Running)
            .await;
        assert_eq!(shown.state, TaskState::Running, "{shown:?}");
        shown
    }

    /// The lines that a task wrote, until one of them is `last`, or it has ended.
    async fn lines(&self, task: TaskId, last: &str) -> Vec<String> {
        let mut follower = self.client.follow_output_and_log(task);
        let mut lines = Vec::new();
        let read = async {
            while let Some(Output { data, .. }) = follower.next().await.unwrap() {
                let OutputData::Text(line) = data else {
                    panic!("{data:?} is no line");
                };
                let is_last = line == last;
                lines.push(line);
                if is_last {
                    break;
                }
            }
        };
        assert!(
            tokio::time::timeout(PATIENCE, read).await.is_ok(),
            "{lines:?}"
        );
        lines
    }

    async fn until_containers_are(&self, expected: &[String]) {
        let until = Instant::now() + PATIENCE;
        while self.containers() != expected {
            assert!(Instant::now() < until, "{:?}", self.containers());
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Names of all containers of the engine.
    fn containers(&self) -> Vec<String> {
        let names = self.engine.docker(&["ps", "-a", "--format", "{{.Names}}"]);
        names.lines().map(str::to_owned).collect()
    }
}

fn start_agent(folder: &Path, coap: SocketAddr) -> Process {
    let mut command = owned(Program::Agent.path());
    command
        .arg("--config")
        .arg(folder.join("agent.toml"))
        .args(["--master", &coap.to_string()])
        .arg("--data-dir")
        .arg(folder.join("state"));
    Process::start("the agent", command)
}

fn free_ports() -> [u16; 2] {
    let listen = || TcpListener::bind("127.0.0.1:0").unwrap();
    let both = [listen(), listen()];
    both.map(|it| it.local_addr().unwrap().port())
}

fn shell(script: &str) -> Container {
    let mut container = Container::new(IMAGE);
    let command = ["sh", "-c", script].map(str::to_owned);
    container.command = Some(command.into());
    container
}

async fn a_container_has_what_its_task_holds(cluster: Cluster) {
    let [first, second] = cluster.ports;
    // What it finds of itself, and a server that greets.
    let mut container = shell(
        "cat /sys/fs/cgroup/memory/memory.limit_in_bytes /sys/fs/cgroup/memory.max 2>/dev/null; \
         cat /sys/fs/cgroup/pids/pids.max /sys/fs/cgroup/pids.max 2>/dev/null; \
         head -n 6 /proc/self/status | tail -n 1 >/dev/null; \
         while read key value; do case $key in CapEff:|NoNewPrivs:) echo $key $value;; esac; \
         done </proc/self/status; \
         echo $GREETING; touch /x 2>/dev/null || echo the root is read-only; \
         touch /tmp/x && echo but not /tmp; touch /given/x && echo nor what is given; \
         head -c 4 /dev/urandom >/dev/null && echo it has its device; \
         echo to stderr >&2; echo ready; nc -l -p 80 -e echo hello",
    );
    container.ports = vec![PortMapping {
        host: first,
        container: 80,
        protocol: Transport::Tcp,
    }];
    container.pids = Some(20);
    container.read_only_root = true;
    container.mounts = vec![
        Mount {
            source: None,
            target: "/tmp".to_owned(),
            read_only: false,
        },
        Mount {
            source: Some(cluster.folder.path().join("given").display().to_string()),
            target: "/given".to_owned(),
            read_only: false,
        },
    ];
    let launch = Launch::container("greeter", container)
        .mem(32 << 20)
        .cpus(500)
        .env("GREETING", "good = morning")
        .devices(vec!["noise".to_owned()])
        .ports(vec![first]);
    let task = cluster.launch(launch).await;
    let shown = cluster.running(task).await;
    assert_eq!(shown.container.unwrap().image, IMAGE);
    let lines = cluster.lines(task, "ready").await;
    for line in [
        "33554432",
        "20",
        "CapEff: 0000000000000000",
        "NoNewPrivs: 1",
        "good = morning",
        "the root is read-only",
        "but not /tmp",
        "nor what is given",
        "it has its device",
        "ready",
    ] {
        assert!(lines.iter().any(|it| it == line), "{line}: {lines:?}");
    }
    assert!(cluster.folder.path().join("given/x").exists());

    // The port and the device are held: the offer has neither.
    let offer = cluster.offer().await;
    let Some(Value::Ranges(left)) = offer.resources.get("ports") else {
        panic!("{:?}", offer.resources);
    };
    assert_eq!(
        (left.len(), left[0].start, left[0].end),
        (1, second, second)
    );
    assert_eq!(offer.resources.get("noise"), None);
    cluster
        .scheduler
        .decline(&offer, Duration::ZERO)
        .await
        .unwrap();

    let mut stream = TcpStream::connect(("127.0.0.1", first)).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut heard = String::new();
    stream.write_all(b"\n").unwrap();
    stream.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "hello\n");
    let ended = cluster.ended(task).await;
    assert_eq!(
        (ended.state, ended.exit_code),
        (TaskState::Completed, Some(0))
    );
    assert_eq!(cluster.containers(), Vec::<String>::new());
    let lines = cluster.lines(task, "").await;
    assert!(lines.contains(&"to stderr".to_owned()), "{lines:?}");

    // Told to end, it may say good-bye.
    let task = cluster
        .launch(Launch::container("waiter", shell(WAITS)))
        .await;
    cluster.lines(task, "up").await;
    cluster.scheduler.kill(task).await.unwrap();
    assert_eq!(cluster.ended(task).await.state, TaskState::Killed);
    assert_eq!(cluster.lines(task, "").await, ["up", "bye"]);
    // One that does not listen is killed.
    let mut deaf = shell("trap '' TERM; echo up; while true; do :; done");
    deaf.stop_grace_s = Some(1);
    let task = cluster.launch(Launch::container("deaf", deaf)).await;
    cluster.lines(task, "up").await;
    cluster.scheduler.kill(task).await.unwrap();
    assert_eq!(cluster.ended(task).await.state, TaskState::Killed);
    // What it used up to then is known.
    let ended = format!("ended task={task}");
    let ended = cluster.agent.console().line_with(0, &ended);
    for used in ["cpu_ms=", "mem_peak="] {
        let number = ended.split(used).nth(1).unwrap_or_default();
        let number = number.split(' ').next().unwrap_or_default();
        assert!(number.parse::<u64>().is_ok_and(|it| it > 0), "{ended}");
    }
    assert_eq!(cluster.containers(), Vec::<String>::new());
}

async fn what_cannot_run_is_refused_and_says_why(cluster: Cluster) {
    let detail = |task: &Task| task.detail.clone().unwrap_or_default();

    // More memory than it has.
    let greedy = shell("dd if=/dev/zero of=/tmp/x bs=1M count=64; echo never");
    let mut greedy = Container { ..greedy };
    greedy.mounts = vec![Mount {
        source: None,
        target: "/tmp".to_owned(),
        read_only: false,
    }];
    greedy.command = greedy.command.map(|mut command| {
        // The shell itself takes it, so that nothing else is killed in its stead.
        "x=a; while true; do x=$x$x; done".clone_into(&mut command[2]);
        command
    });
    let task = cluster
        .launch(Launch::container("greedy", greedy).mem(16 << 20))
        .await;
    let ended = cluster.ended(task).await;
    assert_eq!(ended.state, TaskState::Errored, "{ended:?}");
    assert_eq!(detail(&ended), "out of memory: it had 16777216 bytes");

    // A failure of its own.
    let task = cluster
        .launch(Launch::container("fails", shell("exit 3")))
        .await;
    let ended = cluster.ended(task).await;
    assert_eq!(
        (ended.state, ended.exit_code),
        (TaskState::Errored, Some(3))
    );

    // An image that is nowhere, and one that may not be looked for.
    let mut nowhere = shell("true");
    nowhere.image = "127.0.0.1:1/nowhere:1".to_owned();
    let task = cluster
        .launch(Launch::container("nowhere", nowhere.clone()))
        .await;
    let ended = cluster.ended(task).await;
    assert_eq!(ended.state, TaskState::Rejected);
    assert_eq!(detail(&ended), "cannot pull 127.0.0.1:1/nowhere:1");
    let lines = cluster.lines(task, "").await;
    assert_eq!(lines[0], "pulling 127.0.0.1:1/nowhere:1");
    nowhere.pull = Pull::Never;
    let task = cluster.launch(Launch::container("nowhere", nowhere)).await;
    let ended = cluster.ended(task).await;
    assert_eq!(detail(&ended), "there is no image 127.0.0.1:1/nowhere:1");

    // What the operator of the agent does not allow.
    let mut host = shell("true");
    host.network = Network::Host;
    let mut etc = shell("true");
    etc.mounts = vec![Mount {
        source: Some("/etc".to_owned()),
        target: "/etc".to_owned(),
        read_only: true,
    }];
    let mut admin = shell("true");
    admin.capabilities = vec!["SYS_ADMIN".to_owned()];
    for (container, reason) in [
        (host, "this agent gives no container its own network"),
        (etc, "this agent gives no container /etc"),
        (admin, "this agent lets no container keep SYS_ADMIN"),
    ] {
        let task = cluster.launch(Launch::container("greedy", container)).await;
        let ended = cluster.ended(task).await;
        assert_eq!(ended.state, TaskState::Rejected);
        assert_eq!(detail(&ended), reason);
    }

    // One that nobody finds any more has ended.
    let task = cluster
        .launch(Launch::container("removed", shell(WAITS)))
        .await;
    cluster.lines(task, "up").await;
    cluster
        .engine
        .docker(&["rm", "--force", &format!("edgerm-{task}")]);
    let ended = cluster.ended(task).await;
    assert_eq!(ended.state, TaskState::Errored);
    // A container that is removed is killed first: the agent learns of the one or the other.
    let told = (ended.exit_code, detail(&ended));
    let removed = (None, "somebody removed its container".to_owned());
    assert!(
        told == removed || told == (Some(137), String::new()),
        "{told:?}"
    );
}

async fn a_container_outlives_its_agent_and_an_agent_its_engine(mut cluster: Cluster) {
    let (stays, ends) = (shell(WAITS), shell("echo up; sleep 2; exit 5"));
    let task = cluster
        .launch(Launch::container("stays", stays.clone()))
        .await;
    cluster.lines(task, "up").await;
    let brief = cluster.launch(Launch::container("ends", ends)).await;
    cluster.lines(brief, "up").await;
    // Nobody reads what this one writes, until its agent is another.
    let unread = shell("echo out; echo err >&2; sleep 1000");
    let unread = cluster.launch(Launch::container("unread", unread)).await;
    let again = Launch::container("again", stays).restart(Restart::OnFailure);
    let again = cluster.launch(again).await;
    cluster.lines(again, "up").await;
    let name = format!("edgerm-{task}");
    let started = |cluster: &Cluster| {
        let what = "{{.State.StartedAt}} {{.State.Running}}";
        cluster.engine.docker(&["inspect", "--format", what, &name])
    };
    let before = started(&cluster);
    assert!(before.ends_with("true"));

    // Once it is written down what was fetched, nothing of it is told again.
    let fetched = cluster.folder.path().join("state/containers");
    let fetched = fetched.join(format!("{task}.fetched"));
    let until = Instant::now() + PATIENCE;
    while !fetched.exists() {
        assert!(Instant::now() < until, "{}", fetched.display());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // Killed, with one of them ending meanwhile.
    cluster.agent.kill();
    let what = "{{.State.ExitCode}} {{.State.Running}}";
    let gone = format!("edgerm-{brief}");
    let until = Instant::now() + PATIENCE;
    while cluster.engine.docker(&["inspect", "--format", what, &gone]) != "5 false" {
        assert!(Instant::now() < until, "it does not end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    cluster.start_agent();
    let ended = cluster.ended(brief).await;
    assert_eq!(
        (ended.state, ended.exit_code),
        (TaskState::Errored, Some(5))
    );
    let taken_up = format!("carries on with its container task={task}");
    cluster.agent.console().line_with(0, &taken_up);
    cluster.running(task).await;
    assert_eq!(started(&cluster), before, "it is the same container");
    cluster.scheduler.kill(task).await.unwrap();
    assert_eq!(cluster.ended(task).await.state, TaskState::Killed);
    assert_eq!(cluster.lines(task, "").await, ["up", "bye"]);
    cluster.running(unread).await;
    cluster.scheduler.kill(unread).await.unwrap();
    assert_eq!(cluster.ended(unread).await.state, TaskState::Killed);
    let mut lines = cluster.lines(unread, "").await;
    lines.sort_unstable();
    assert_eq!(lines, ["err", "out"]);

    // The engine ends, and what it ran; then it is back.
    let lost = cluster
        .launch(Launch::container("lost", shell(WAITS)))
        .await;
    cluster.lines(lost, "up").await;
    let had = cluster.agent.console().position();
    cluster.engine.end();
    cluster.agent.console().line_with(had, "is_there=false");
    let without = async |cluster: &Cluster| {
        let agents = cluster.client.agents().all().await.unwrap();
        agents[0].attributes.get("executors").unwrap().to_string()
    };
    let until = Instant::now() + PATIENCE;
    while without(&cluster).await != "wasm" {
        assert!(Instant::now() < until, "{}", without(&cluster).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    cluster.engine.begin();
    let ended = cluster.ended(lost).await;
    assert_eq!(ended.state, TaskState::Errored, "{ended:?}");
    let detail = ended.detail.unwrap_or_default();
    assert_eq!(detail, "ended with the container engine, 0");
    // The one that says so runs again.
    let name = format!("name=edgerm-{again}");
    let until = Instant::now() + PATIENCE;
    while cluster
        .engine
        .docker(&["ps", "--quiet", "--filter", &name])
        .is_empty()
    {
        assert!(Instant::now() < until, "{}", cluster.agent.console().text());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(
        cluster.client.task(again).await.unwrap().state,
        TaskState::Running
    );
    cluster.scheduler.kill(again).await.unwrap();
    assert_eq!(cluster.ended(again).await.state, TaskState::Killed);
    let task = cluster
        .launch(Launch::container("anew", shell("echo back")))
        .await;
    assert_eq!(cluster.ended(task).await.state, TaskState::Completed);
    assert_eq!(cluster.containers(), Vec::<String>::new());
}

async fn what_is_somebody_elses_is_left_alone(mut cluster: Cluster) {
    let others = |name: &str, labels: &[&str]| {
        let mut arguments = vec!["run", "--detach", "--name", name];
        for label in labels {
            arguments.extend(["--label", label]);
        }
        arguments.extend([IMAGE, "sh", "-c", WAITS]);
        cluster.engine.docker(&arguments)
    };
    // One of a person, one of another agent of the same name, one that is named as ours would be.
    let task = TaskId(0x0123_4567_89ab_cdef);
    let alike = format!("edgerm-{task}");
    let labels = [
        "edgerm.agent=server",
        "edgerm.owner=00",
        "edgerm.task=0123456789abcdee",
    ];
    others("theirs", &[]);
    others("of-another-agent", &labels);
    others(&alike, &[]);
    let before = cluster.containers();
    assert_eq!(before.len(), 3);

    let mine = cluster
        .launch(Launch::container("mine", shell(WAITS)))
        .await;
    cluster.lines(mine, "up").await;
    cluster.agent.kill();
    cluster.start_agent();
    cluster.running(mine).await;
    cluster.scheduler.kill(mine).await.unwrap();
    assert_eq!(cluster.ended(mine).await.state, TaskState::Killed);
    // Whether it was taken up again by then or not, its container goes.
    cluster.until_containers_are(&before).await;
    // A task that would have the name of one of them does not touch it.
    let offer = cluster.offer().await;
    let body = serde_json::json!({
        "framework": cluster.scheduler.id(),
        "tasks": [{
            "id": task,
            "name": "namesake",
            "container": { "image": IMAGE, "command": ["true"] },
            "resources": { "mem": 16 << 20 },
        }],
    });
    let accept = serde_json::from_value(body).unwrap();
    cluster.client.accept(offer.id, &accept).await.unwrap();
    let ended = cluster.ended(task).await;
    assert_eq!(ended.state, TaskState::Rejected, "{ended:?}");
    cluster.until_containers_are(&before).await;
    let up = cluster.engine.docker(&["ps", "--format", "{{.Names}}"]);
    assert_eq!(up.lines().count(), 3, "{up}");
    // Nor is anything of them told to anybody.
    let agents = cluster.client.agents().all().await.unwrap();
    let told = serde_json::to_string(&agents).unwrap();
    assert!(!told.contains("theirs"), "{told}");
}

/// `edgerm bench agent --docker`.
fn an_agent_with_an_engine_is_measured() {
    programs::build();
    let mut engine = Engine::start();
    let bench = || {
        owned(Program::Command.path())
            .args(["bench", "agent", "-n", "1", "--idle", "1s", "-o", "json"])
            .arg("--docker")
            .arg(engine.socket())
            .output()
            .unwrap()
    };
    let output = bench();
    assert!(output.status.success(), "{output:?}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for (number, executors, bound) in [
        (0, &["wasm"][..], 6_u64 << 20),
        (1, &["wasm", "docker"], 10 << 20),
    ] {
        let agent = &report["agents"][number];
        assert_eq!(agent["executors"], serde_json::json!(executors), "{report}");
        assert_eq!(agent["bounds"]["pssBytes"], bound, "{report}");
        assert_eq!(agent["start"]["runs"], 1, "{report}");
        assert!(agent["pssBytes"].as_u64().unwrap() > 0, "{report}");
    }
    engine.end();
}
