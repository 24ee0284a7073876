//! Sessions for equipment: which way they take.

use super::world::{World, error};
use crate::job::*;
use crate::service::*;

fn asked(route: Route, via: &[Via]) -> SessionSubmission {
    SessionSubmission {
        origin: Origin::Emulator {
            name: "panel".into(),
        },
        route,
        via: via.to_vec(),
    }
}

fn direct(host: &str) -> Route {
    Route::Direct {
        server: Server {
            host: host.into(),
            port: 110,
            tls: Tls::None,
        },
        credentials: Some(Credentials {
            user: "pump7".into(),
            password: Secret::new("secret".into()),
            mechanism: Mechanism::Password,
            plain_auth: true,
        }),
    }
}

fn modem() -> Via {
    Via::Modem("lte".into())
}

#[tokio::test(start_paused = true)]
async fn the_next_way_is_taken_where_one_fails_and_not_where_the_server_says_no() {
    let world = World::new();
    let jobs = world.start().await;
    let both = asked(direct("pop.example.org"), &[modem(), Via::Ip]);
    jobs.open_mailbox(&both, &Unwatched).await.unwrap();
    assert_eq!(world.mailbox.0.lock().unwrap().sessions, 1);
    // The daemon's own way.
    let none = asked(direct("pop.example.org"), &[]);
    jobs.open_mailbox(&none, &Unwatched).await.unwrap();
    let alone = asked(direct("pop.example.org"), &[modem()]);
    let refused = jobs.open_mailbox(&alone, &Unwatched).await.err().unwrap();
    assert_eq!(refused.kind, ErrorKind::NoModem);
    let no = error(ErrorKind::AuthFailed);
    world.mailbox.0.lock().unwrap().refuses = Some(no.clone());
    let twice = asked(direct("pop.example.org"), &[Via::Ip, Via::Ip]);
    let refused = jobs.open_mailbox(&twice, &Unwatched).await.err().unwrap();
    assert_eq!(refused, no);
    assert_eq!(world.mailbox.0.lock().unwrap().sessions, 3);
    // Of several reasons one that may pass is told.
    let lost = error(ErrorKind::NoNetwork);
    world.mailbox.0.lock().unwrap().refuses = Some(lost.clone());
    let last = asked(direct("pop.example.org"), &[Via::Ip, modem()]);
    let refused = jobs.open_mailbox(&last, &Unwatched).await.err().unwrap();
    assert!(refused.is_temporary(), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn an_account_has_its_own_server_and_equipment_its_bounds() {
    let world = World::new();
    let jobs = world.start().await;
    let account = asked(Route::Account("alerts".into()), &[]);
    jobs.open_mailbox(&account, &Unwatched).await.unwrap();
    jobs.open_files(&account, true, &Unwatched).await.unwrap();
    let missing = asked(Route::Account("nobody".into()), &[]);
    let refused = jobs.open_files(&missing, true, &Unwatched).await;
    assert_eq!(refused.err().unwrap().kind, ErrorKind::NotFound);
    // A module would look the address up itself: what can be judged before is.
    let own = asked(direct("127.0.0.1"), &[modem(), Via::Ip]);
    let refused = jobs.open_mailbox(&own, &Unwatched).await.err().unwrap();
    assert_eq!(refused.kind, ErrorKind::NotAuthorized);
    let nobody = Route::Direct {
        server: super::world::server(),
        credentials: None,
    };
    let refused = jobs
        .open_mailbox(&asked(nobody, &[Via::Ip]), &Unwatched)
        .await;
    assert_eq!(refused.err().unwrap().kind, ErrorKind::InvalidArgument);
}
