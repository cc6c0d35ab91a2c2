use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicUsize, Ordering};

use phalanx_protocol::grpc::proto::infer_parameter::ParameterChoice;
use phalanx_protocol::grpc::proto::model_infer_request::InferRequestedOutputTensor;
use phalanx_protocol::grpc::proto::{
    ModelInferRequest, SystemSharedMemoryRegisterRequest, SystemSharedMemoryStatusRequest,
    SystemSharedMemoryUnregisterRequest,
};
use phalanx_server::ServerOptions;
use phalanx_shm::Region;
use rustix::fs::Mode;
use rustix::shm;
use serde_json::json;
use tonic::Code;

use crate::inference::{parameter, row};
use crate::rig::Rig;

/// A client's shared memory, which goes with it.
struct Memory {
    key: String,
    region: Region,
    _object: OwnedFd,
}

impl Memory {
    fn new(bytes: u64) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let key = format!("/phx-srv-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let flags = shm::OFlags::CREATE | shm::OFlags::EXCL | shm::OFlags::RDWR;
        let object = shm::open(&key, flags, Mode::RUSR | Mode::WUSR).unwrap();
        rustix::fs::ftruncate(&object, bytes).unwrap();
        let region = Region::open("client's", &key, 0, bytes).unwrap();
        Self { key, region, _object: object }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        shm::unlink(&self.key).unwrap();
    }
}

fn allowing() -> Rig {
    Rig::new(ServerOptions { allow_shared_memory: true, ..ServerOptions::default() })
}

fn register(rig: &Rig, name: &str, memory: &Memory, offset: u64, byte_size: u64) {
    let body = json!({"key": memory.key, "offset": offset, "byte_size": byte_size}).to_string();
    rig.post(&format!("/v2/systemsharedmemory/region/{name}/register"), &body).ok();
}

/// One row whose values are at `offset` of the region `in`, and go to `out_offset` of the region `out`.
fn request(offset: u64, out_offset: u64, out_bytes: u64) -> serde_json::Value {
    let place = |region: &str, offset: u64, bytes: u64| json!({"shared_memory_region": region, "shared_memory_offset": offset, "shared_memory_byte_size": bytes});
    json!({
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [1, 256], "parameters": place("in", offset, 1024)}],
        "outputs": [{"name": "y", "parameters": place("out", out_offset, out_bytes)}],
    })
}

#[test]
fn a_row_goes_in_and_out_without_being_sent() {
    let rig = allowing();
    let memory = Memory::new(8192);
    register(&rig, "in", &memory, 0, 4096);
    register(&rig, "out", &memory, 4096, 4096);
    let values: Vec<u8> = (0..256).flat_map(|value| (value as f32).to_le_bytes()).collect();
    memory.region.write(16, &values).unwrap();
    let answer = rig.post("/v2/models/null/infer", &request(16, 8, 2048).to_string()).ok();
    let output = &answer["outputs"][0];
    assert_eq!(output["parameters"]["shared_memory_region"], "out");
    assert_eq!(output["parameters"]["shared_memory_byte_size"], 1024);
    assert_eq!(output.get("data"), None);
    assert_eq!(memory.region.read(4096 + 8, 1024).unwrap(), values);
    assert_eq!(memory.region.read(4096, 8).unwrap(), [0; 8]);
    assert_eq!(memory.region.read(4096 + 1032, 1024).unwrap(), [0; 1024]);
}

#[test]
fn the_same_over_grpc() {
    let rig = allowing();
    let memory = Memory::new(4096);
    let string = |text: &str| parameter(ParameterChoice::StringParam(text.to_owned()));
    let number = |value: i64| parameter(ParameterChoice::Int64Param(value));
    let place = |region: &str, offset: i64| {
        [
            ("shared_memory_region".to_owned(), string(region)),
            ("shared_memory_offset".to_owned(), number(offset)),
            ("shared_memory_byte_size".to_owned(), number(1024)),
        ]
    };
    memory.region.write(0, &row(6.0).raw_input_contents[0]).unwrap();
    rig.runtime.block_on(async {
        let mut client = rig.grpc().await.client();
        let region = SystemSharedMemoryRegisterRequest {
            name: "both".to_owned(),
            key: memory.key.clone(),
            offset: 0,
            byte_size: 4096,
        };
        client.system_shared_memory_register(region.clone()).await.unwrap();
        let twice = client.system_shared_memory_register(region).await.unwrap_err();
        assert_eq!(twice.code(), Code::InvalidArgument, "{twice}");
        let status = client.system_shared_memory_status(SystemSharedMemoryStatusRequest::default()).await;
        assert_eq!(status.unwrap().into_inner().regions["both"].byte_size, 4096);

        let mut request = ModelInferRequest { raw_input_contents: Vec::new(), ..row(0.0) };
        request.inputs[0].parameters = place("both", 0).into();
        request.outputs =
            vec![InferRequestedOutputTensor { name: "y".to_owned(), parameters: place("both", 2048).into() }];
        let answer = client.model_infer(request.clone()).await.unwrap().into_inner();
        assert!(answer.outputs[0].parameters.contains_key("shared_memory_region"));
        assert_eq!(memory.region.read(2048, 1024).unwrap(), row(6.0).raw_input_contents[0]);

        let all = SystemSharedMemoryUnregisterRequest::default();
        client.system_shared_memory_unregister(all).await.unwrap();
        let gone = client.model_infer(request).await.unwrap_err();
        assert_eq!(gone.code(), Code::InvalidArgument, "{gone}");
        assert!(gone.message().contains("\"both\""), "{gone}");
    });
}

#[test]
fn nothing_outside_a_region_is_touched() {
    let rig = allowing();
    let memory = Memory::new(8192);
    register(&rig, "in", &memory, 0, 2048);
    register(&rig, "out", &memory, 4096, 2048);
    for (offset, out_offset, out_bytes) in [
        (1025, 0, 1024),
        (u64::MAX, 0, 1024),
        (u64::MAX - 1023, 0, 1024),
        (0, 1025, 1024),
        (0, 0, 2049),
        (0, u64::MAX, 1024),
        (0, 0, 1023),
    ] {
        let body = request(offset, out_offset, out_bytes).to_string();
        rig.post("/v2/models/null/infer", &body).error(400);
    }
    assert_eq!(memory.region.read(0, 8192).unwrap(), [0; 8192]);
    rig.post("/v2/models/null/infer", &request(1024, 1024, 1024).to_string()).ok();
}

#[test]
fn regions_are_registered_listed_and_forgotten() {
    let rig = allowing();
    let memory = Memory::new(4096);
    register(&rig, "one", &memory, 0, 4096);
    register(&rig, "two", &memory, 1024, 1024);
    let two = json!({"name": "two", "key": memory.key, "offset": 1024, "byte_size": 1024});
    assert_eq!(rig.get("/v2/systemsharedmemory/region/two/status").ok(), json!([two]));
    assert_eq!(rig.get("/v2/systemsharedmemory/status").ok()[1], two);
    rig.get("/v2/systemsharedmemory/region/three/status").error(400);
    for wrong in [
        json!({"key": memory.key, "offset": 1, "byte_size": 4096}),
        json!({"key": memory.key, "byte_size": 0}),
        json!({"key": "/phx-is-not-there", "byte_size": 1}),
        json!({"key": "/../etc/passwd", "byte_size": 1}),
        json!({"key": memory.key}),
        json!({"key": memory.key, "byte_size": -1}),
    ] {
        rig.post("/v2/systemsharedmemory/region/three/register", &wrong.to_string()).error(400);
    }
    rig.post("/v2/systemsharedmemory/region/one/unregister", "").ok();
    rig.post("/v2/systemsharedmemory/region/one/unregister", "").ok();
    assert_eq!(rig.get("/v2/systemsharedmemory/status").ok(), json!([two]));
    rig.post("/v2/systemsharedmemory/unregister", "").ok();
    assert_eq!(rig.get("/v2/systemsharedmemory/status").ok(), json!([]));
}

#[test]
fn nothing_of_it_is_allowed_unless_it_is() {
    let rig = Rig::plain();
    let memory = Memory::new(4096);
    let body = json!({"key": memory.key, "byte_size": 4096}).to_string();
    let refused = rig.post("/v2/systemsharedmemory/region/in/register", &body);
    assert!(refused.error(403).contains("--allow-shared-memory"));
    rig.get("/v2/systemsharedmemory/status").error(403);
    rig.post("/v2/models/null/infer", &request(0, 0, 1024).to_string()).error(403);
    rig.runtime.block_on(async {
        let mut client = rig.grpc().await.client();
        let status = client.system_shared_memory_status(SystemSharedMemoryStatusRequest::default()).await;
        assert_eq!(status.unwrap_err().code(), Code::PermissionDenied);
    });
}
