//! The example in `examples/` does what it says.

use edgerm_framework::api::OutputData;

use crate::cluster::{Cluster, THERMOMETER};

#[expect(dead_code, reason = "its main is for people; its work is tested")]
#[path = "../../examples/thermometers.rs"]
mod thermometers;

#[tokio::test]
async fn the_example_reads_every_thermometer() {
    let cluster = Cluster::start().await;
    let wasm = wat::parse_str(THERMOMETER).unwrap();
    let readings = thermometers::readings(cluster.client.url(), wasm)
        .await
        .unwrap();
    let expected = [("bench".to_owned(), OutputData::Text("21500000".into()))];
    assert_eq!(readings.into_iter().collect::<Vec<_>>(), expected);
    assert!(cluster.client.frameworks().all().await.unwrap().is_empty());
    cluster.shutdown().await;
}
