//! One forest in our engines, in LightGBM's fastest call and compiled by lleaves, in one process on one
//! core. `forests.py` makes the forests; without `VOUCH_FORESTS` there is nothing to measure.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use libloading::{Library, Symbol};
use std::ffi::{CString, c_char, c_int, c_void};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::ptr::null_mut;
use vouch::model::forest::{Engine, Kernel};
use vouch::model::import;

const SHAPES: [(usize, usize); 4] = [(15, 500), (30, 500), (100, 500), (15, 1000)];
const FLOAT64: c_int = 1;
const RAW_SCORE: c_int = 1;
/// Rows of the batch.
const BATCH: usize = 10_000;

type FromFile = unsafe extern "C" fn(*const c_char, *mut c_int, *mut *mut c_void) -> c_int;
type FastInit = unsafe extern "C" fn(
    *mut c_void, c_int, c_int, c_int, c_int, i32, *const c_char, *mut *mut c_void,
) -> c_int;
type Fast = unsafe extern "C" fn(*mut c_void, *const c_void, *mut i64, *mut f64) -> c_int;
type ForMat = unsafe extern "C" fn(
    *mut c_void, *const c_void, c_int, i32, i32, c_int, c_int, c_int, c_int, *const c_char, *mut i64, *mut f64,
) -> c_int;
type Root = unsafe extern "C" fn(*const f64, *mut f64, c_int, c_int);

/// A booster of LightGBM, ready for single rows and for batches.
struct LightGbm {
    library: Library,
    booster: *mut c_void,
    fast: *mut c_void,
    width: usize,
}

impl LightGbm {
    fn load(dir: &Path, model: &Path, width: usize) -> Self {
        let path = std::fs::read_to_string(dir.join("lightgbm")).expect("forests.py has run");
        let name = CString::new(model.to_str().expect("a name in UTF-8")).expect("a name");
        let (mut booster, mut fast, mut rounds) = (null_mut(), null_mut(), 0);
        // SAFETY: the signatures are those of LightGBM 4's c_api.h.
        unsafe {
            let library = Library::new(path.trim()).expect("LightGBM's library");
            let from: Symbol<FromFile> = library.get(b"LGBM_BoosterCreateFromModelfile").expect("4");
            assert_eq!(from(name.as_ptr(), &mut rounds, &mut booster), 0);
            let init: Symbol<FastInit> =
                library.get(b"LGBM_BoosterPredictForMatSingleRowFastInit").expect("4");
            let one = c"num_threads=1".as_ptr();
            let columns = i32::try_from(width).expect("few columns");
            assert_eq!(init(booster, RAW_SCORE, 0, -1, FLOAT64, columns, one, &mut fast), 0);
            drop((from, init));
            Self { library, booster, fast, width }
        }
    }

    fn fast(&self) -> Symbol<'_, Fast> {
        // SAFETY: see above.
        unsafe { self.library.get(b"LGBM_BoosterPredictForMatSingleRowFast").expect("4") }
    }

    fn margins(&self, rows: &[f64], out: &mut [f64]) {
        let columns = i32::try_from(self.width).expect("few columns");
        let count = i32::try_from(out.len()).expect("few rows");
        let mut length = 0;
        // SAFETY: see above; `out` holds a margin a row.
        unsafe {
            let all: Symbol<ForMat> = self.library.get(b"LGBM_BoosterPredictForMat").expect("4");
            let (rows, one) = (rows.as_ptr().cast(), c"num_threads=1".as_ptr());
            let done = all(
                self.booster, rows, FLOAT64, count, columns, 1, RAW_SCORE, 0, -1, one, &mut length,
                out.as_mut_ptr(),
            );
            assert_eq!((done, length), (0, i64::from(count)));
        }
    }
}

fn numbers(path: &Path) -> Vec<f64> {
    let bytes = std::fs::read(path).expect("forests.py has run");
    bytes.as_chunks::<8>().0.iter().map(|eight| f64::from_le_bytes(*eight)).collect()
}

fn bench(c: &mut Criterion) {
    let Some(dir) = std::env::var_os("VOUCH_FORESTS").map(PathBuf::from) else {
        eprintln!("forest: VOUCH_FORESTS is not set; see forests.py");
        return;
    };
    for (width, trees) in SHAPES {
        let name = format!("f{width}_t{trees}");
        let model = dir.join(format!("{name}.txt"));
        let (rows, margins) = (
            numbers(&dir.join(format!("{name}.rows"))),
            numbers(&dir.join(format!("{name}.margins"))),
        );
        let bytes = std::fs::read(&model).expect("forests.py has run");
        let forest = import::read(&bytes).expect("a model of LightGBM").forest;
        let mut group = c.benchmark_group(format!("forest/{name}"));
        group.throughput(Throughput::Elements(margins.len() as u64));
        for kernel in [Kernel::Avx2, Kernel::Packed] {
            let engine = Engine::with_kernel(&forest, kernel).expect("a sound forest");
            for (row, margin) in rows.chunks(width).zip(&margins) {
                assert!((engine.margin(row) - margin).abs() < 1e-9, "{name}");
            }
            group.bench_function(format!("ours {kernel:?}").to_lowercase(), |b| {
                b.iter(|| rows.chunks(width).map(|row| engine.margin(black_box(row))).sum::<f64>());
            });
        }
        let theirs = LightGbm::load(&dir, &model, width);
        let fast = theirs.fast();
        group.bench_function("lightgbm single row fast", |b| {
            let (mut length, mut margin) = (0, 0.0);
            b.iter(|| {
                for row in rows.chunks(width) {
                    let row = black_box(row).as_ptr().cast();
                    // SAFETY: a row of as many columns as the call was prepared for.
                    assert_eq!(unsafe { fast(theirs.fast, row, &mut length, &mut margin) }, 0);
                }
            });
        });
        if let Ok(library) = unsafe { Library::new(dir.join(format!("{name}.so"))) } {
            // SAFETY: lleaves 1 compiles this signature.
            let root: Symbol<Root> = unsafe { library.get(b"forest_root").expect("lleaves 1") };
            let mut margin = 0.0;
            for (row, expected) in rows.chunks(width).zip(&margins) {
                unsafe { root(row.as_ptr(), &mut margin, 0, 1) };
                assert!((margin - expected).abs() < 1e-9, "{name}: lleaves");
            }
            group.bench_function("lleaves", |b| {
                b.iter(|| {
                    for row in rows.chunks(width) {
                        unsafe { root(black_box(row).as_ptr(), &mut margin, 0, 1) };
                    }
                });
            });
        }
        let many: Vec<f64> = rows.iter().copied().cycle().take(BATCH * width).collect();
        let engine = Engine::new(&forest).expect("a sound forest");
        let mut out = vec![0.0; BATCH];
        group.throughput(Throughput::Elements(BATCH as u64)).sample_size(20);
        group.bench_function("batch ours", |b| b.iter(|| engine.margins(&many, width, &mut out)));
        group.bench_function("batch lightgbm", |b| b.iter(|| theirs.margins(&many, &mut out)));
        group.bench_function("load ours", |b| {
            b.iter(|| Engine::new(black_box(&forest)).expect("a sound forest"));
        });
        group.finish();
    }
}

criterion_group!(benches, bench);
criterion_main!(benches);
