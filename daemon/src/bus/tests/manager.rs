//! What callers want of the daemon as a whole.

use super::*;
use crate::bus::Errand;
use crate::service::{Error, ErrorKind};
use hayes_dbus::ManagerProxy;
use std::path::PathBuf;

/// Whether this was asked for as the next errand; it comes to `result`.
async fn is_told(
    stage: &mut Stage,
    path: &str,
    present: bool,
    result: Result<(), Error>,
) -> zbus::Result<()> {
    let manager = ManagerProxy::new(&stage.caller).await.unwrap();
    let daemon = async {
        let Some(Errand::Device(device, told)) = stage.errands.recv().await else {
            panic!("another errand");
        };
        assert_eq!(device, PathBuf::from(path));
        told.send(result).unwrap();
    };
    tokio::join!(manager.report_device(path, present, none()), daemon).0
}

#[tokio::test]
async fn devices_are_reported() {
    let mut stage = Stage::set().await;
    let path = "/dev/ttyUSB2";
    is_told(&mut stage, path, true, Ok(())).await.unwrap();
    is_told(&mut stage, path, false, Ok(())).await.unwrap();
    let nobody = || Error::new(ErrorKind::NotFound, "no port has it");
    let error = is_told(&mut stage, path, true, Err(nobody())).await;
    assert!(error.unwrap_err().to_string().contains("no port has it"));
    // A device that went took its other names with it.
    let gone = is_told(&mut stage, path, false, Err(nobody())).await;
    gone.unwrap();
    let manager = ManagerProxy::new(&stage.caller).await.unwrap();
    for wrong in ["", "ttyUSB2", "pty:panel"] {
        let error = manager.report_device(wrong, true, none()).await;
        assert!(error.unwrap_err().to_string().contains("`path`"), "{wrong}");
    }
    let unknown = HashMap::from([("x", Variant::from(1_u32))]);
    assert!(manager.report_device(path, true, unknown).await.is_err());
    assert!(stage.errands.try_recv().is_err());
}
