//! Files that NumPy 2.4 wrote, in `tests/data`.

use std::fs::File;
use std::io::Cursor;
use std::path::PathBuf;

use phalanx_tensor::Tensor;

use super::{Archive, ArrayReader};

fn read(bytes: &'static [u8]) -> Tensor {
    ArrayReader::open(Box::new(Cursor::new(bytes))).unwrap().whole().unwrap()
}

macro_rules! data {
    ($name:literal) => {
        include_bytes!(concat!("../../tests/data/", $name))
    };
}

#[test]
fn arrays_in_any_order_are_read() {
    let tensor = read(data!("f4_c.npy"));
    assert_eq!(
        (&**tensor.shape(), &*tensor.to_vec::<f32>().unwrap()),
        (&[2, 3][..], &[0., 1., 2., 3., 4., 5.][..])
    );
    let tensor = read(data!("i8_fortran.npy"));
    assert_eq!(
        (&**tensor.shape(), &*tensor.to_vec::<i64>().unwrap()),
        (&[2, 3][..], &[0, 1, 2, 3, 4, 5][..])
    );
    assert_eq!(read(data!("f8_big_endian.npy")).to_vec::<f64>().unwrap(), [0., 1., 2.]);
    assert_eq!(read(data!("text.npy")).strings().unwrap(), ["a", "été", ""]);
}

#[test]
fn archives_are_read_compressed_or_not() {
    let open = |name: &str| {
        let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
        Archive::new(move || File::open(&path)).unwrap()
    };
    let expected: Vec<f32> = (0_u8..12).map(f32::from).collect();
    for name in ["stored.npz", "compressed.npz"] {
        let tensor = open(name).array("x").unwrap().whole().unwrap();
        assert_eq!((&**tensor.shape(), tensor.to_vec::<f32>().unwrap()), (&[4, 3][..], expected.clone()));
    }
    let archive = open("compressed.npz");
    assert_eq!(archive.array("flag").unwrap().whole().unwrap().bytes(), [1, 0]);
    let half = archive.array("half").unwrap().whole().unwrap();
    assert_eq!(
        (half.shape().len(), half.to_vec::<half::f16>().unwrap()),
        (0, vec![half::f16::from_f32(1.5)])
    );
}
