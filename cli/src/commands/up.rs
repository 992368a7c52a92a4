//! `edgerm up`.

use serde_json::json;

use super::{lists, program};
use crate::args::{Cli, Up};
use crate::cluster::Cluster;
use crate::console::Console;
use crate::exit::Failure;
use crate::interrupt::Interrupt;

pub(super) async fn up(console: &Console, args: &Up) -> Result<(), Failure> {
    let mut interrupt = Interrupt::listen()?;
    let cluster = Cluster::start(args.http, args.coap).await?;
    let own = cluster.show_token()?;
    let told = tokio::select! {
        told = tell(console, &cluster) => told,
        () = interrupt.raised() => Err(Failure::Interrupted),
    };
    if told.is_ok() {
        interrupt.raised().await;
        console.note("\nending the tasks and the nodes");
    }
    drop(own);
    cluster.shutdown().await;
    told
}

/// Tells where the cluster is, what it has and what to type next.
async fn tell(console: &Console, cluster: &Cluster) -> Result<(), Failure> {
    let client = cluster.client()?;
    cluster.until_registered(&client).await?;
    let (url, coap) = (cluster.url(), cluster.coap_addr());
    if console.is_json() {
        return console.print_json_line(&json!({ "master": url, "coap": coap.to_string() }));
    }
    if console.is_quiet() {
        return console.print(&url);
    }
    let at = if url == Cli::DEFAULT_MASTER {
        String::new()
    } else {
        format!(" --master {url}")
    };
    console.print(&format!(
        "EdgeRM is up: a master and {} nodes, all in this process.\n\n\
         HTTP for frameworks   {url}\n\
         CoAP for agents       {coap}\n\n",
        cluster.size()
    ))?;
    lists::agents(console, &client).await?;
    let edgerm = program();
    console.print(&format!(
        "\nIn another terminal:\n  \
         {edgerm} run wasm-apps/prebuilt/moving-average.wasm --on sensor=temperature \
         --count all --follow{at}\n  \
         {edgerm} agents{at}\n  \
         {edgerm} ps{at}\n\n\
         Ctrl-C ends it all."
    ))
}
