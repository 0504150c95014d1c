//! PocketIC's own Rust client against Cannery's server: most of what it can ask.
//!
//! `test/slow/pic-rust.test.ts` runs this, and lays the canisters and what they shall do into the folder `CANNERY_PROGRAMS`: a counter in Motoko,
//! and the universal canister with programs for it.

use candid::{Nat, Principal};
use pocket_ic::common::rest::{
    BlobCompression, CanisterHttpReplication, CanisterHttpReply, CanisterHttpResponse,
    MockCanisterHttpResponse, MockFlexibleCanisterHttpResponse, RawEffectivePrincipal,
};
use pocket_ic::{
    CanisterSettings, ErrorCode, IngressStatusResult, PocketIc, PocketIcBuilder, PocketIcState,
    RejectCode, Time, query_candid, update_candid,
};
use std::time::Duration;

const CYCLES: u128 = 10_000_000_000_000;
const NOBODY: Principal = Principal::anonymous();

fn file(name: &str) -> Vec<u8> {
    let folder = std::env::var("CANNERY_PROGRAMS").expect("CANNERY_PROGRAMS names a folder");
    std::fs::read(std::path::Path::new(&folder).join(name)).expect(name)
}

fn deployed(pic: &PocketIc, module: &str) -> Principal {
    let id = pic.create_canister();
    pic.add_cycles(id, CYCLES);
    pic.install_canister(id, file(module), vec![], None);
    id
}

fn count(pic: &PocketIc, counter: Principal) -> Nat {
    let (value,): (Nat,) = query_candid(pic, counter, "get", ()).unwrap();
    value
}

fn count_on(pic: &PocketIc, counter: Principal) -> Nat {
    let (value,): (Nat,) = update_candid(pic, counter, "inc", ()).unwrap();
    value
}

#[test]
fn a_canister_lives() {
    let pic = PocketIc::new();
    let counter = deployed(&pic, "counter.wasm");
    assert_eq!(counter.to_text(), "lxzze-o7777-77777-aaaaa-cai");
    assert_eq!(count_on(&pic, counter), Nat::from(1u8));
    assert_eq!(count(&pic, counter), Nat::from(1u8));
    pic.reinstall_canister(counter, file("counter.wasm"), vec![], None)
        .unwrap();
    assert_eq!(count(&pic, counter), Nat::from(0u8));
    pic.stop_canister(counter, None).unwrap();
    let refused = pic.update_call(counter, NOBODY, "inc", vec![]).unwrap_err();
    assert_eq!(
        (refused.error_code, refused.certified),
        (ErrorCode::CanisterStopped, false)
    );
    pic.start_canister(counter, None).unwrap();
    pic.uninstall_canister(counter, None).unwrap();
    assert!(
        pic.canister_status(counter, None)
            .unwrap()
            .module_hash
            .is_none()
    );
    pic.stop_canister(counter, None).unwrap();
    pic.delete_canister(counter, None).unwrap();
    assert!(!pic.canister_exists(counter));
    assert!(pic.get_subnet(counter).is_none());
}

#[test]
fn settings_and_controllers_are_kept() {
    let pic = PocketIc::new();
    let owner = Principal::self_authenticating([1; 32]);
    let id = pic.create_canister_with_settings(Some(owner), None);
    assert_eq!(pic.get_controllers(id), vec![owner]);
    let settings = CanisterSettings {
        freezing_threshold: Some(Nat::from(7u8)),
        ..Default::default()
    };
    let refused = pic
        .update_canister_settings(id, None, settings.clone())
        .unwrap_err();
    assert_eq!(refused.error_code, ErrorCode::CanisterInvalidController);
    pic.update_canister_settings(id, Some(owner), settings)
        .unwrap();
    let status = pic.canister_status(id, Some(owner)).unwrap();
    assert_eq!(status.settings.freezing_threshold, Nat::from(7u8));
    pic.set_controllers(id, Some(owner), vec![owner, NOBODY])
        .unwrap();
    assert_eq!(pic.get_controllers(id).len(), 2);
    let balance = pic.cycle_balance(id);
    assert_eq!(pic.add_cycles(id, 1 << 100), balance + (1 << 100));
}

#[test]
fn rejects_have_their_codes() {
    let pic = PocketIc::new();
    let id = deployed(&pic, "universal.wasm");
    let update = |program: &str| pic.update_call(id, NOBODY, "run", file(program));
    assert_eq!(update("hello.bin").unwrap(), b"hello");
    let trapped = update("trap.bin").unwrap_err();
    assert_eq!(
        (trapped.reject_code, trapped.error_code),
        (RejectCode::CanisterError, ErrorCode::CanisterCalledTrap)
    );
    assert!(
        trapped.certified && trapped.reject_message.contains("fell"),
        "{trapped:?}"
    );
    let rejected = update("reject.bin").unwrap_err();
    assert_eq!(
        (rejected.reject_code, rejected.error_code),
        (
            RejectCode::CanisterReject,
            ErrorCode::CanisterRejectedMessage
        )
    );
    let asked = pic
        .query_call(id, NOBODY, "look", file("trap.bin"))
        .unwrap_err();
    assert_eq!(
        (asked.error_code, asked.certified),
        (ErrorCode::CanisterCalledTrap, false)
    );
    let missing = pic.update_call(id, NOBODY, "nothing", vec![]).unwrap_err();
    assert_eq!(missing.error_code, ErrorCode::CanisterMethodNotFound);
}

#[test]
fn a_call_is_submitted_and_awaited() {
    let pic = PocketIc::new();
    let id = deployed(&pic, "universal.wasm");
    let caller = Principal::self_authenticating([2; 32]);
    let call = pic
        .submit_call(id, caller, "run", file("hello.bin"))
        .unwrap();
    assert!(pic.ingress_status(call.clone()).is_none());
    pic.tick();
    assert_eq!(pic.ingress_status(call.clone()).unwrap().unwrap(), b"hello");
    assert!(matches!(
        pic.ingress_status_as(call.clone(), NOBODY),
        IngressStatusResult::Forbidden(_)
    ));
    assert!(matches!(
        pic.ingress_status_as(call.clone(), caller),
        IngressStatusResult::Success(Ok(_))
    ));
    assert_eq!(pic.await_call(call).unwrap(), b"hello");
    let effective =
        RawEffectivePrincipal::SubnetId(pic.get_subnet(id).unwrap().as_slice().to_vec());
    let reply =
        pic.query_call_with_effective_principal(id, effective, NOBODY, "look", file("hello.bin"));
    assert_eq!(reply.unwrap(), b"hello");
}

#[test]
fn time_is_the_tests() {
    let pic = PocketIc::new();
    assert_eq!(
        pic.get_time().as_nanos_since_unix_epoch(),
        1_620_328_630_000_000_001
    );
    let time = Time::from_nanos_since_unix_epoch(1_700_000_000_000_000_000);
    pic.set_certified_time(time);
    pic.advance_time(Duration::from_secs(5));
    pic.tick();
    assert_eq!(pic.get_time(), time + Duration::from_secs(5));
    pic.tick();
    assert_eq!(
        pic.get_time(),
        time + Duration::from_secs(5) + Duration::from_nanos(1)
    );
}

#[test]
#[should_panic(expected = "SettingTimeIntoPast")]
fn time_does_not_go_back() {
    PocketIc::new().set_time(Time::from_nanos_since_unix_epoch(1));
}

#[test]
fn subnets_have_their_kinds_and_ranges() {
    let pic = PocketIcBuilder::new()
        .with_nns_subnet()
        .with_ii_subnet()
        .with_application_subnet()
        .with_system_subnet()
        .build();
    let topology = pic.topology();
    let nns = topology.get_nns().unwrap();
    assert!(
        pic.root_key().is_some() && topology.get_ii().is_some() && topology.get_sns().is_none()
    );
    assert_eq!(
        (
            topology.get_app_subnets().len(),
            topology.get_system_subnets().len()
        ),
        (1, 1)
    );
    let governance = Principal::from_text("rrkah-fqaaa-aaaaa-aaaaq-cai").unwrap();
    assert_eq!(
        pic.create_canister_with_id(None, None, governance).unwrap(),
        governance
    );
    assert_eq!(pic.get_subnet(governance), Some(nns));
    assert!(pic.create_canister_with_id(None, None, governance).is_err());
    let elsewhere = pic.create_canister_on_subnet(None, None, topology.get_system_subnets()[0]);
    assert_eq!(
        pic.get_subnet(elsewhere),
        Some(topology.get_system_subnets()[0])
    );
    assert_eq!(pic.get_subnet_metrics(nns).unwrap().num_canisters, 1);
}

#[test]
fn memory_snapshots_and_logs() {
    let pic = PocketIc::new();
    let id = deployed(&pic, "counter.wasm");
    count_on(&pic, id);
    pic.stop_canister(id, None).unwrap();
    let taken = pic.take_canister_snapshot(id, None, None).unwrap();
    pic.start_canister(id, None).unwrap();
    count_on(&pic, id);
    pic.stop_canister(id, None).unwrap();
    pic.load_canister_snapshot(id, None, taken.id.clone())
        .unwrap();
    pic.start_canister(id, None).unwrap();
    assert_eq!(count(&pic, id), Nat::from(1u8));
    let folder = tempfile::tempdir().unwrap();
    pic.canister_snapshot_download(id, NOBODY, taken.id.clone(), folder.path().to_path_buf());
    let uploaded = pic.canister_snapshot_upload(id, NOBODY, None, folder.path().to_path_buf());
    assert_eq!(pic.list_canister_snapshots(id, None).unwrap().len(), 2);
    pic.delete_canister_snapshot(id, None, taken.id).unwrap();
    assert_eq!(
        pic.list_canister_snapshots(id, None).unwrap()[0].id,
        uploaded
    );

    let universal = deployed(&pic, "universal.wasm");
    pic.update_call(universal, NOBODY, "run", file("print.bin"))
        .unwrap();
    let logs = pic.fetch_canister_logs(universal, NOBODY).unwrap();
    assert_eq!(
        logs.iter()
            .map(|record| record.content.clone())
            .collect::<Vec<_>>(),
        vec![b"printed".to_vec()]
    );
    pic.set_stable_memory(
        universal,
        b"stable".to_vec(),
        BlobCompression::NoCompression,
    );
    assert!(pic.get_stable_memory(universal).starts_with(b"stable"));
}

#[test]
fn chunks_are_installed() {
    let pic = PocketIc::new();
    let id = pic.create_canister();
    pic.add_cycles(id, CYCLES);
    let hash = pic.upload_chunk(id, None, b"chunk".to_vec()).unwrap();
    assert_eq!(pic.stored_chunks(id, None).unwrap(), vec![hash]);
    pic.clear_chunk_store(id, None).unwrap();
    assert!(pic.stored_chunks(id, None).unwrap().is_empty());
}

#[test]
fn outcalls_are_answered_by_the_test() {
    let pic = PocketIc::new();
    let id = deployed(&pic, "universal.wasm");
    let call = pic
        .submit_call(id, NOBODY, "run", file("outcall.bin"))
        .unwrap();
    pic.tick();
    pic.tick();
    let [request] = &pic.get_canister_http()[..] else {
        panic!("one outcall waits")
    };
    assert_eq!(request.url, "https://example.org/price");
    assert_eq!(
        request.replication,
        CanisterHttpReplication::FullyReplicated
    );
    pic.mock_canister_http_response(MockCanisterHttpResponse {
        subnet_id: request.subnet_id,
        request_id: request.request_id,
        response: CanisterHttpResponse::CanisterHttpReply(CanisterHttpReply {
            status: 200,
            headers: vec![],
            body: b"seven".to_vec(),
        }),
        additional_responses: vec![],
    });
    assert!(pic.get_canister_http().is_empty());
    let reply = pic.await_call(call).unwrap();
    assert!(reply.windows(5).any(|bytes| bytes == b"seven"));
}

#[test]
fn committees_of_flexible_outcalls_are_answered_for_one_by_one() {
    let pic = PocketIcBuilder::new().with_system_subnet().build();
    let id = deployed(&pic, "universal.wasm");
    let call = pic
        .submit_call(id, NOBODY, "run", file("flexible.bin"))
        .unwrap();
    pic.tick();
    pic.tick();
    let [request] = &pic.get_canister_http()[..] else {
        panic!("one outcall waits")
    };
    assert_eq!(
        request.replication,
        CanisterHttpReplication::Flexible {
            total_requests: 3,
            min_responses: 2,
            max_responses: 3
        }
    );
    let responses = [&b"seven"[..], b"eight"].map(|body| {
        CanisterHttpResponse::CanisterHttpReply(CanisterHttpReply {
            status: 200,
            headers: vec![],
            body: body.to_vec(),
        })
    });
    pic.mock_flexible_canister_http_response(MockFlexibleCanisterHttpResponse {
        subnet_id: request.subnet_id,
        request_id: request.request_id,
        responses: responses.to_vec(),
    });
    let reply = pic.await_call(call).unwrap();
    for body in [b"seven", b"eight"] {
        assert!(reply.windows(5).any(|bytes| bytes == body));
    }
}

#[test]
fn a_live_instance_goes_on_by_itself() {
    let mut pic = PocketIcBuilder::new()
        .with_nns_subnet()
        .with_application_subnet()
        .build();
    let counter = deployed(&pic, "universal.wasm");
    let url = pic.make_live(None);
    assert!(pic.auto_progress_enabled() && pic.url() == Some(url.clone()));
    let call = pic
        .submit_call(counter, NOBODY, "run", file("hello.bin"))
        .unwrap();
    assert_eq!(pic.await_call_no_ticks(call).unwrap(), b"hello");
    let place = pocket_ic::get_default_effective_canister_id(url.to_string()).unwrap();
    assert_eq!(place, counter);
    pic.stop_live();
    assert!(!pic.auto_progress_enabled());
}

#[test]
fn a_state_outlives_its_instance() {
    let pic = PocketIcBuilder::new()
        .with_application_subnet()
        .with_state(PocketIcState::new())
        .build();
    let counter = deployed(&pic, "counter.wasm");
    count_on(&pic, counter);
    let time = pic.get_time();
    let state = pic.drop_and_take_state().unwrap();
    let pic = PocketIcBuilder::new().with_state(state).build();
    assert_eq!(count(&pic, counter), Nat::from(1u8));
    assert!(pic.get_time() > time);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_asynchronous_client_does_too() {
    use pocket_ic::nonblocking::PocketIc;
    let pic = PocketIc::new().await;
    let id = pic.create_canister().await;
    pic.add_cycles(id, CYCLES).await;
    pic.install_canister(id, file("universal.wasm"), vec![], None)
        .await;
    assert_eq!(
        pic.update_call(id, NOBODY, "run", file("hello.bin"))
            .await
            .unwrap(),
        b"hello"
    );
    let number = pic.instance_id;
    pic.drop().await;
    assert_eq!(PocketIc::list_instances().await[number], "Deleted");
}
