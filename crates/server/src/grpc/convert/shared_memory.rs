use phalanx_protocol::grpc::proto::{
    CudaSharedMemoryStatusResponse, SystemSharedMemoryRegisterRequest, SystemSharedMemoryStatusResponse,
    cuda_shared_memory_status_response as cuda, system_shared_memory_status_response as system,
};
use phalanx_protocol::rest::metadata::{CudaRegion, SystemRegion, SystemRegistration};

pub(crate) fn registration(asked: SystemSharedMemoryRegisterRequest) -> (String, SystemRegistration) {
    let SystemSharedMemoryRegisterRequest { name, key, offset, byte_size } = asked;
    (name, SystemRegistration { key, offset, byte_size })
}

pub(crate) fn system_regions(regions: Vec<SystemRegion>) -> SystemSharedMemoryStatusResponse {
    let regions = regions.into_iter().map(|region| {
        let SystemRegion { name, key, offset, byte_size } = region;
        (name.clone(), system::RegionStatus { name, key, offset, byte_size })
    });
    SystemSharedMemoryStatusResponse { regions: regions.collect() }
}

pub(crate) fn cuda_regions(regions: Vec<CudaRegion>) -> CudaSharedMemoryStatusResponse {
    let regions = regions.into_iter().map(|region| {
        let CudaRegion { name, device_id, byte_size } = region;
        (name.clone(), cuda::RegionStatus { name, device_id, byte_size })
    });
    CudaSharedMemoryStatusResponse { regions: regions.collect() }
}
