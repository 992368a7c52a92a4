//! A framework in fifty lines: it runs a module on every node that has a thermometer, prints
//! what each emits first, and leaves.
//!
//! With a cluster up (`cargo run --release -- up`):
//!
//! ```text
//! cargo run -p edgerm-framework --example thermometers -- \
//!     http://127.0.0.1:8080 wasm-apps/prebuilt/moving-average.wasm
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use edgerm_framework::api::{Constraints, MAX_PAGE, OutputData};
use edgerm_framework::{Client, ConstraintsExt, Error, Launch, Scheduler};

/// What the first reading of each node is, by the node's name.
pub(crate) async fn readings(
    url: &str,
    wasm: Vec<u8>,
) -> Result<BTreeMap<String, OutputData>, Error> {
    let client = Client::new(url)?;
    let module = client.upload_module(wasm).await?;
    let scheduler = Scheduler::register(client.clone(), "thermometers").await?;

    let on = Constraints::default()
        .sensor("temperature")
        .module(&module, None);
    let mut tasks = Vec::new();
    for offer in scheduler
        .offers(&on, MAX_PAGE, Duration::from_secs(10))
        .await?
    {
        // The offer is of agents that have what was asked for: here is which device that is.
        let Some(devices) = on.assign(&offer) else {
            continue;
        };
        let launch = Launch::new("thermometer", &module).devices(devices);
        tasks.push(scheduler.launch(&offer, launch).await?);
    }

    let mut readings = BTreeMap::new();
    for task in tasks {
        let mut outputs = client.follow_output(task.id);
        if let Some(output) = outputs.next().await? {
            readings.insert(task.agent_name, output.data);
        }
    }
    // Ends the tasks too.
    scheduler.tear_down().await?;
    Ok(readings)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(url), Some(module)) = (args.next(), args.next()) else {
        return Err("usage: thermometers MASTER_URL MODULE".into());
    };
    for (node, reading) in readings(&url, std::fs::read(module)?).await? {
        println!("{node}: {reading:?}");
    }
    Ok(())
}
