//! Regions of real shared-memory objects, as a client would make them.

use std::sync::atomic::{AtomicUsize, Ordering};

use phalanx_shm::{Limits, Region, Regions, ShmError};
use proptest::prelude::*;
use rustix::fs::Mode;
use rustix::shm;

/// A client's object, which goes with it.
struct Client {
    key: String,
    object: std::os::fd::OwnedFd,
}

impl Client {
    fn new(bytes: u64) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let key = format!("/phx-{}-{number}", std::process::id());
        let flags = shm::OFlags::CREATE | shm::OFlags::EXCL | shm::OFlags::RDWR;
        let object = shm::open(&key, flags, Mode::RUSR | Mode::WUSR).expect("a new object can be made");
        rustix::fs::ftruncate(&object, bytes).expect("it can be given a size");
        Self { key, object }
    }

    fn region(&self, offset: u64, byte_size: u64) -> Result<Region, ShmError> {
        Region::open("r", &self.key, offset, byte_size)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        shm::unlink(&self.key).expect("the object is there until now");
    }
}

#[test]
fn what_is_written_is_read_also_by_another_region() {
    let client = Client::new(64);
    let (whole, part) = (client.region(0, 64).unwrap(), client.region(16, 8).unwrap());
    part.write(2, &[1, 2, 3]).unwrap();
    assert_eq!(whole.read(17, 6).unwrap(), [0, 1, 2, 3, 0, 0]);
    assert_eq!(part.read(0, 8).unwrap(), whole.read(16, 8).unwrap());
    assert_eq!(
        (part.name().as_str(), part.key(), part.offset(), part.byte_size()),
        ("r", &*client.key, 16, 8)
    );
}

#[test]
fn a_region_has_to_be_inside_its_object() {
    let client = Client::new(64);
    assert!(client.region(0, 64).is_ok());
    assert!(client.region(63, 1).is_ok());
    for (offset, byte_size) in [(0, 65), (64, 1), (1, 64), (u64::MAX, 1), (1, u64::MAX), (u64::MAX, u64::MAX)]
    {
        let error = client.region(offset, byte_size).unwrap_err();
        assert!(matches!(error, ShmError::BeyondObject { size: 64, .. }), "{offset} {byte_size}: {error}");
    }
    assert!(matches!(client.region(0, 0), Err(ShmError::Empty { .. })));
    assert!(matches!(Region::open("r", "/phx-is-not-there", 0, 1), Err(ShmError::Object { .. })));
}

#[cfg(target_os = "linux")]
#[test]
fn an_object_that_shrinks_is_an_error() {
    let client = Client::new(8192);
    let region = client.region(0, 8192).unwrap();
    rustix::fs::ftruncate(&client.object, 100).unwrap();
    assert!(matches!(region.read(0, 8), Err(ShmError::BeyondObject { size: 100, .. })));
    assert!(matches!(region.write(4096, &[1]), Err(ShmError::BeyondObject { size: 100, .. })));
}

#[cfg(target_os = "linux")]
#[test]
fn links_and_pipes_are_not_opened() {
    let own = tempfile();
    let link = format!("phx-{}-link", std::process::id());
    std::os::unix::fs::symlink(&own, format!("/dev/shm/{link}")).unwrap();
    let linked = Region::open("r", &link, 0, 1);
    std::fs::remove_file(format!("/dev/shm/{link}")).unwrap();
    std::fs::remove_file(own).unwrap();
    assert!(matches!(linked, Err(ShmError::Object { .. })), "{linked:?}");

    let pipe = format!("phx-{}-pipe", std::process::id());
    let path = format!("/dev/shm/{pipe}");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)
        .unwrap();
    let piped = Region::open("r", &pipe, 0, 1);
    std::fs::remove_file(path).unwrap();
    assert!(matches!(piped, Err(ShmError::Object { .. })), "{piped:?}");
}

#[cfg(target_os = "linux")]
fn tempfile() -> std::path::PathBuf {
    let path = std::env::temp_dir().join(format!("phx-{}", std::process::id()));
    std::fs::write(&path, "not to be touched").expect("a file can be written");
    path
}

#[test]
fn names_and_limits_are_kept() {
    let client = Client::new(64);
    let regions = Regions::new(Limits { regions_max: 2, bytes_max: 40 });
    regions.register("a", &client.key, 0, 16).unwrap();
    assert!(matches!(regions.register("a", &client.key, 0, 16), Err(ShmError::Registered { .. })));
    assert!(matches!(
        regions.register("b", &client.key, 0, 25),
        Err(ShmError::TooMany { what: "bytes", .. })
    ));
    regions.register("b", &client.key, 8, 24).unwrap();
    assert!(matches!(
        regions.register("c", &client.key, 0, 1),
        Err(ShmError::TooMany { what: "regions", .. })
    ));
    assert_eq!(regions.list().iter().map(|region| region.offset()).collect::<Vec<_>>(), [0, 8]);

    let kept = regions.get("a").unwrap();
    regions.unregister("a").unwrap();
    assert!(matches!(regions.unregister("a"), Err(ShmError::Unknown { .. })));
    assert!(matches!(regions.get("a"), Err(ShmError::Unknown { .. })));
    assert_eq!(kept.read(0, 16).unwrap(), [0; 16]);
    regions.unregister_all();
    assert!(regions.list().is_empty());
}

proptest! {
    #[test]
    fn nothing_outside_the_region_is_read_or_written(
        start in 0_u64..32,
        byte_size in 1_u64..32,
        offset in prop_oneof![0_u64..40, Just(u64::MAX), any::<u64>()],
        len in 0_usize..40,
    ) {
        let client = Client::new(64);
        let (object, region) = (client.region(0, 64).unwrap(), client.region(start, byte_size).unwrap());
        let is_inside = offset.checked_add(len as u64).is_some_and(|end| end <= byte_size);
        prop_assert_eq!(region.write(offset, &vec![9; len]).is_ok(), is_inside);
        prop_assert_eq!(region.read(offset, len as u64).is_ok(), is_inside);
        let all = object.read(0, 64).unwrap();
        for (at, byte) in (0_u64..).zip(all) {
            let is_written = is_inside && at >= start + offset && at < start + offset + len as u64;
            prop_assert_eq!(byte, if is_written { 9 } else { 0 }, "byte {}", at);
        }
    }
}
