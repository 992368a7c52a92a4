use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::vec;
use std::vec::Vec;

use edgerm_agent_core::{ModuleCheck, StorageError};
use edgerm_protocol::ModuleId;
use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::{Flash, FlashError, FlashModules, Geometry, GeometryError, ModuleBytes};

const GEOMETRY: Geometry = Geometry {
    bytes: 8 * 256,
    erase_unit: 256,
    write_unit: 4,
    erased: 0xff,
};

/// NOR flash that takes nothing amiss silently: a write to what is not erased, one that is not
/// aligned or is twice in the same place panics. Its power can be cut in any operation.
#[derive(Clone)]
struct Nor {
    geometry: Geometry,
    bytes: Rc<RefCell<Vec<u8>>>,
    /// Which write units were written since they were erased.
    written: Rc<RefCell<Vec<bool>>>,
    /// Operations until the power is cut, which leaves half of that one.
    power: Rc<Cell<usize>>,
    erasures: Rc<Cell<usize>>,
}

impl Nor {
    fn new(geometry: Geometry) -> Self {
        let units = geometry.bytes / geometry.write_unit;
        Self {
            geometry,
            bytes: Rc::new(RefCell::new(vec![geometry.erased; geometry.bytes as usize])),
            written: Rc::new(RefCell::new(vec![false; units as usize])),
            power: Rc::new(Cell::new(usize::MAX)),
            erasures: Rc::default(),
        }
    }

    /// How much of `length` the operation does.
    fn spend(&self, length: usize) -> Result<usize, usize> {
        match self.power.get() {
            0 => Err(0),
            1 => {
                self.power.set(0);
                Err(length / 2)
            }
            left => {
                self.power.set(left - 1);
                Ok(length)
            }
        }
    }
}

impl Flash for Nor {
    fn geometry(&self) -> Geometry {
        self.geometry
    }

    fn read(&self, offset: u32, buffer: &mut [u8]) -> Result<(), FlashError> {
        let start = offset as usize;
        buffer.copy_from_slice(&self.bytes.borrow()[start..start + buffer.len()]);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), FlashError> {
        let unit = self.geometry.write_unit as usize;
        let start = offset as usize;
        assert!(start.is_multiple_of(unit) && bytes.len().is_multiple_of(unit));
        let done = self.spend(bytes.len());
        let length = done.unwrap_or_else(|part| part);
        for written in &mut self.written.borrow_mut()[start / unit..][..length.div_ceil(unit)] {
            assert!(!*written, "a write unit is written twice, at {offset}");
            *written = true;
        }
        self.bytes.borrow_mut()[start..start + length].copy_from_slice(&bytes[..length]);
        done.map(|_| ()).map_err(|_| FlashError)
    }

    fn erase(&mut self, offset: u32) -> Result<(), FlashError> {
        let (start, unit) = (offset as usize, self.geometry.erase_unit as usize);
        assert!(start.is_multiple_of(unit));
        let done = self.spend(unit);
        let length = done.unwrap_or_else(|part| part);
        let write_unit = self.geometry.write_unit as usize;
        self.bytes.borrow_mut()[start..start + length].fill(self.geometry.erased);
        self.written.borrow_mut()[start / write_unit..][..length / write_unit].fill(false);
        self.erasures.set(self.erasures.get() + 1);
        done.map(|_| ()).map_err(|_| FlashError)
    }

    fn mapped(&self) -> Option<&'static [u8]> {
        None
    }
}

type Modules = FlashModules<Nor, 3>;

fn on(flash: &Nor) -> Modules {
    Modules::new(flash.clone()).unwrap()
}

fn id(wasm: &[u8]) -> ModuleId {
    ModuleId(Sha256::digest(wasm).into())
}

/// Some bytes that no other `seed` gives; the last ones look erased.
fn module(seed: u8, length: usize) -> Vec<u8> {
    let bytes = (0_u8..=255).cycle().map(|byte| byte.wrapping_mul(7) ^ seed);
    let mut bytes: Vec<u8> = bytes.take(length).collect();
    bytes[length.saturating_sub(5)..].fill(0xff);
    bytes
}

fn size(wasm: &[u8]) -> u32 {
    u32::try_from(wasm.len()).unwrap()
}

fn wait<T>(mut call: impl FnMut() -> nb::Result<T, StorageError>) -> Result<T, StorageError> {
    // Erasures of all units, and a digest: more would be for ever.
    for _ in 0..100 {
        match call() {
            Ok(value) => return Ok(value),
            Err(nb::Error::Other(error)) => return Err(error),
            Err(nb::Error::WouldBlock) => {}
        }
    }
    panic!("a call goes on for ever");
}

fn check(modules: &mut Modules, wasm: &[u8]) -> Result<ModuleCheck, StorageError> {
    wait(|| modules.check(id(wasm), size(wasm)))
}

/// What the agent does: asks, and stores in blocks until the module is there. Tells how many
/// blocks that took.
fn fetch(modules: &mut Modules, wasm: &[u8], block: usize) -> Result<usize, StorageError> {
    for blocks in 0..1000 {
        let have = match check(modules, wasm)? {
            ModuleCheck::Verified => return Ok(blocks),
            ModuleCheck::Corrupt => 0,
            ModuleCheck::Partial(have) => have as usize,
        };
        let start = have / block * block;
        let bytes = &wasm[start..wasm.len().min(start + block)];
        wait(|| modules.store(id(wasm), size(&wasm[..start]), bytes))?;
    }
    panic!("a fetch goes on for ever");
}

fn content(modules: &mut Modules, wasm: &[u8]) -> Result<Vec<u8>, StorageError> {
    assert_eq!(check(modules, wasm), Ok(ModuleCheck::Verified));
    let bytes = wait(|| modules.load(id(wasm)))?;
    modules.release(id(wasm));
    Ok(bytes.as_ref().to_vec())
}

#[test]
fn what_is_stored_is_loaded_in_this_boot_and_the_next() {
    let flash = Nor::new(GEOMETRY);
    for (seed, length) in [(1, 1), (2, 192), (3, 500)] {
        let wasm = module(seed, length);
        fetch(&mut on(&flash), &wasm, 64).unwrap();
        assert_eq!(content(&mut on(&flash), &wasm), Ok(wasm.clone()));
        assert_eq!(check(&mut on(&flash), &wasm), Ok(ModuleCheck::Verified));
    }
}

#[test]
fn a_fetch_goes_on_after_a_reboot_where_it_was() {
    let flash = Nor::new(GEOMETRY);
    let wasm = module(1, 600);
    let mut modules = on(&flash);
    assert_eq!(check(&mut modules, &wasm), Ok(ModuleCheck::Partial(0)));
    for start in [0, 64, 128] {
        let block = &wasm[start..start + 64];
        wait(|| modules.store(id(&wasm), size(&wasm[..start]), block)).unwrap();
    }
    assert_eq!(check(&mut on(&flash), &wasm), Ok(ModuleCheck::Partial(192)));
    let blocks = fetch(&mut on(&flash), &wasm, 64).unwrap();
    assert_eq!(blocks, (600_usize - 192).div_ceil(64));
}

#[test]
fn the_module_that_was_used_longest_ago_makes_room() {
    let flash = Nor::new(GEOMETRY);
    let mut modules = on(&flash);
    // Three units each of eight.
    let (first, second, third) = (module(1, 700), module(2, 700), module(3, 700));
    fetch(&mut modules, &first, 256).unwrap();
    fetch(&mut modules, &second, 256).unwrap();
    assert_eq!(check(&mut modules, &first), Ok(ModuleCheck::Verified));
    fetch(&mut modules, &third, 256).unwrap();
    assert_eq!(check(&mut modules, &first), Ok(ModuleCheck::Verified));
    assert_eq!(check(&mut modules, &second), Ok(ModuleCheck::Partial(0)));
    // So it is after a reboot.
    let mut modules = on(&flash);
    assert_eq!(check(&mut modules, &first), Ok(ModuleCheck::Verified));
    assert_eq!(check(&mut modules, &third), Ok(ModuleCheck::Verified));
}

#[test]
fn what_runs_stays() {
    let flash = Nor::new(GEOMETRY);
    let mut modules = on(&flash);
    let (running, other) = (module(1, 900), module(2, 1200));
    fetch(&mut modules, &running, 256).unwrap();
    let bytes = wait(|| modules.load(id(&running))).unwrap();
    assert_eq!(bytes, ModuleBytes::Owned(running.clone()));
    assert_eq!(fetch(&mut modules, &other, 256), Err(StorageError::Full));
    assert_eq!(check(&mut modules, &running), Ok(ModuleCheck::Verified));
    modules.release(id(&running));
    assert!(fetch(&mut modules, &other, 256).is_ok());
}

#[test]
fn what_is_too_large_for_the_partition_is_refused_before_anything_is_erased() {
    let flash = Nor::new(GEOMETRY);
    let mut modules = on(&flash);
    let small = module(1, 10);
    fetch(&mut modules, &small, 64).unwrap();
    let erasures = flash.erasures.get();
    let largest = modules.largest() as usize;
    let large = module(2, largest + 1);
    assert_eq!(fetch(&mut modules, &large, 64), Err(StorageError::Full));
    assert_eq!(check(&mut modules, &small), Ok(ModuleCheck::Verified));
    assert_eq!(flash.erasures.get(), erasures);
    assert!(fetch(&mut modules, &module(3, largest), 64).is_ok());
}

#[test]
fn a_wrong_digest_is_told_once_and_removed() {
    let flash = Nor::new(GEOMETRY);
    let mut modules = on(&flash);
    let wasm = module(1, 100);
    let mut wrong = wasm.clone();
    wrong[50] ^= 1;
    assert_eq!(check(&mut modules, &wasm), Ok(ModuleCheck::Partial(0)));
    wait(|| modules.store(id(&wasm), 0, &wrong)).unwrap();
    assert_eq!(check(&mut modules, &wasm), Ok(ModuleCheck::Corrupt));
    assert_eq!(check(&mut modules, &wasm), Ok(ModuleCheck::Partial(0)));
    fetch(&mut modules, &wasm, 64).unwrap();
    assert_eq!(content(&mut modules, &wasm), Ok(wasm));
}

#[test]
fn what_was_not_asked_for_is_not_stored() {
    let flash = Nor::new(GEOMETRY);
    let mut modules = on(&flash);
    let wasm = module(1, 100);
    let stored = wait(|| modules.store(id(&wasm), 0, &wasm));
    assert_eq!(stored, Err(StorageError::Io));
    // Behind a gap, and behind the end that was told.
    assert_eq!(check(&mut modules, &wasm), Ok(ModuleCheck::Partial(0)));
    let behind = wait(|| modules.store(id(&wasm), 64, &wasm[64..]));
    assert_eq!(behind, Err(StorageError::Io));
    let beyond = wait(|| modules.store(id(&wasm), 0, &module(1, 101)));
    assert_eq!(beyond, Err(StorageError::Io));
    assert!(modules.load(id(&wasm)).is_err());
}

/// Tasks wait for their modules, and were asked for together.
#[test]
fn modules_that_were_asked_for_are_stored_one_after_another() {
    let mut modules = on(&Nor::new(GEOMETRY));
    let wasm = [1, 2, 3].map(|seed| module(seed, 300));
    for wasm in &wasm {
        assert_eq!(check(&mut modules, wasm), Ok(ModuleCheck::Partial(0)));
    }
    for wasm in &wasm {
        wait(|| modules.store(id(wasm), 0, wasm)).unwrap();
    }
    for wasm in &wasm {
        assert_eq!(content(&mut modules, wasm).as_ref(), Ok(wasm));
    }
}

#[test]
fn erasures_go_round() {
    let flash = Nor::new(GEOMETRY);
    let mut modules = on(&flash);
    let mut firsts = Vec::new();
    for seed in 0..8 {
        fetch(&mut modules, &module(seed, 100), 64).unwrap();
        let bytes = flash.bytes.borrow();
        let header = |first: &usize| bytes[first * 256..][..32] == id(&module(seed, 100)).0;
        firsts.extend((0..8).find(header));
    }
    assert_eq!(firsts, [0, 1, 2, 3, 4, 5, 6, 7]);
}

#[test]
fn sizes_that_suit_no_modules_are_told() {
    let cases = [
        (3, 256, 2048, GeometryError::WriteUnit(3)),
        (128, 256, 2048, GeometryError::WriteUnit(128)),
        (4, 32, 2048, GeometryError::EraseUnit(32)),
        (4, 102, 2048, GeometryError::EraseUnit(102)),
        (4, 256, 255, GeometryError::Size(255)),
    ];
    for (write_unit, erase_unit, bytes, error) in cases {
        let flash = Nor::new(Geometry {
            bytes,
            erase_unit,
            write_unit,
            erased: 0xff,
        });
        assert_eq!(Modules::new(flash).err(), Some(error));
    }
}

proptest! {
    /// Power is cut again and again, in the middle of whatever is done then. A module that is
    /// there in the end is the right one, and no write unit was written twice.
    #[test]
    fn power_may_be_cut_at_any_time(
        cuts in prop::collection::vec(1_usize..40, 0..12),
        lengths in prop::collection::vec(1_usize..1400, 1..5),
        write_unit in prop::sample::select(vec![1_u32, 4, 16]),
    ) {
        let flash = Nor::new(Geometry { write_unit, ..GEOMETRY });
        let mut cuts = cuts.into_iter();
        for (seed, length) in (0..).zip(&lengths) {
            let wasm = module(seed, *length);
            loop {
                let cut = cuts.next();
                flash.power.set(cut.unwrap_or(usize::MAX));
                if fetch(&mut on(&flash), &wasm, 64).is_ok() {
                    break;
                }
                prop_assert!(cut.is_some(), "nothing was in the way of {} bytes", length);
            }
            flash.power.set(usize::MAX);
            prop_assert_eq!(content(&mut on(&flash), &wasm), Ok(wasm));
        }
    }
}
