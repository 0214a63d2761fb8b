//! A file of pages only, with whatever they are drawn by. The same pages give the same bytes.
#![expect(clippy::float_arithmetic, reason = "the format's numbers are floats")]

use super::file::File;
use super::pages::is_left_out;
use super::token::{Dict, Value};
use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write;

/// The catalogue and the list of pages.
const CATALOGUE: u32 = 1;
const LIST: u32 = 2;

/// Lower left corner and size of what a page shows, in points.
pub(super) type Area = ((f64, f64), (f64, f64));

/// Objects under way to a file.
#[derive(Default)]
pub(super) struct Written {
    /// Numbers from 3 on, each with its object.
    objects: Vec<Vec<u8>>,
    pages: Vec<u32>,
    /// New numbers of the original's objects.
    numbers: BTreeMap<u32, u32>,
    /// Those not copied yet, in the order they were met.
    waiting: Vec<u32>,
}

impl Written {
    /// Adds an object; its number.
    pub(super) fn add(&mut self, object: Vec<u8>) -> u32 {
        self.objects.push(object);
        u32::try_from(self.objects.len()).unwrap_or(u32::MAX).saturating_add(LIST)
    }

    /// Adds a stream; its number. `head` is its dictionary without brackets and length.
    pub(super) fn add_stream(&mut self, head: &str, data: &[u8]) -> u32 {
        let mut object = format!("<<{head}/Length {}>>\nstream\n", data.len()).into_bytes();
        object.extend_from_slice(data);
        object.extend_from_slice(b"\nendstream");
        self.add(object)
    }

    /// Adds a page of the original that shows an area of its plane, turned by so many quarters; the
    /// length of its resources, which another page may have, too.
    pub(super) fn page(
        &mut self,
        area: Area,
        turns: u8,
        resources: &Value,
        contents: &[u8],
    ) -> usize {
        let mut written = Vec::new();
        self.write(resources, &mut written);
        self.put_page(area, turns, &written, contents);
        written.len()
    }

    /// The same for a page of ours: its resources name objects of this file.
    pub(super) fn own_page(&mut self, area: Area, turns: u8, resources: &Value, contents: &[u8]) {
        let mut written = Vec::new();
        resources.write(&mut written, &mut Some);
        self.put_page(area, turns, &written, contents);
    }

    fn put_page(&mut self, (corner, size): Area, turns: u8, resources: &[u8], contents: &[u8]) {
        let contents = self.add_stream("/Filter/FlateDecode", &deflated(contents));
        let (x1, y1) = (corner.0 + size.0, corner.1 + size.1);
        let mut page = format!(
            "<</Type/Page/Parent {LIST} 0 R/MediaBox[{} {} {x1} {y1}]/Rotate {}/Contents {contents} 0 R/Resources ",
            corner.0,
            corner.1,
            u32::from(turns) * 90
        )
        .into_bytes();
        page.extend_from_slice(resources);
        page.extend_from_slice(b">>");
        let number = self.add(page);
        self.pages.push(number);
    }

    fn write(&mut self, value: &Value, out: &mut Vec<u8>) {
        let Self { objects, numbers, waiting, .. } = self;
        cleaned(value).write(out, &mut |number| {
            Some(*numbers.entry(number).or_insert_with(|| {
                waiting.push(number);
                objects.push(Vec::new()); // its place; filled by `copy`
                u32::try_from(objects.len()).unwrap_or(u32::MAX).saturating_add(LIST)
            }))
        });
    }

    /// Copies every object the pages lead to.
    pub(super) fn copy(&mut self, file: &File<'_>) {
        while let Some(number) = self.waiting.pop() {
            let mut object = Vec::new();
            match file.get(number) {
                Some((Value::Dict(dict), Some(raw))) => {
                    // A stream may lie in another file, which is not there.
                    let is_kept = |key: &[u8]| !matches!(key, b"Length" | b"F" | b"FFilter");
                    let head = dict.0.iter().filter(|(key, _)| is_kept(key));
                    let mut head = Dict(head.cloned().collect());
                    let length = raw.len().to_string().into_bytes().into_boxed_slice();
                    head.0.push((Box::from(*b"Length"), Value::Plain(length)));
                    self.write(&Value::Dict(head), &mut object);
                    object.extend_from_slice(b"\nstream\n");
                    object.extend_from_slice(raw);
                    object.extend_from_slice(b"\nendstream");
                }
                Some((value, _)) => self.write(value, &mut object),
                None => object.extend_from_slice(b"null"),
            }
            let place = self.numbers.get(&number).and_then(|new| new.checked_sub(LIST + 1));
            let place = place.and_then(|place| usize::try_from(place).ok());
            if let Some(held) = place.and_then(|place| self.objects.get_mut(place)) {
                *held = object;
            }
        }
    }

    /// The file.
    pub(super) fn finish(self) -> Vec<u8> {
        let kids: Vec<String> = self.pages.iter().map(|page| format!("{page} 0 R")).collect();
        let kids = kids.join(" ");
        let first = [
            format!("<</Type/Catalog/Pages {LIST} 0 R>>").into_bytes(),
            format!("<</Type/Pages/Count {}/Kids[{kids}]>>", self.pages.len()).into_bytes(),
        ];
        let mut out = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
        let mut table = String::from("0000000000 65535 f \n");
        let mut count = 1;
        for object in first.into_iter().chain(self.objects) {
            // Writing to a string cannot fail.
            let _ = writeln!(table, "{:010} 00000 n ", out.len());
            out.extend_from_slice(format!("{count} 0 obj\n").as_bytes());
            out.extend_from_slice(&object);
            out.extend_from_slice(b"\nendobj\n");
            count += 1;
        }
        let start = out.len();
        let end = format!(
            "xref\n0 {count}\n{table}trailer\n<</Size {count}/Root {CATALOGUE} 0 R>>\nstartxref\n{start}\n%%EOF\n"
        );
        out.extend_from_slice(end.as_bytes());
        out
    }
}

/// Without what leads out of the page.
fn cleaned(value: &Value) -> Value {
    match value {
        Value::Dict(dict) => {
            let kept = dict.0.iter().filter(|(key, _)| !is_left_out(key));
            Value::Dict(Dict(kept.map(|(key, value)| (key.clone(), cleaned(value))).collect()))
        }
        Value::Array(values) => Value::Array(values.iter().map(cleaned).collect()),
        plain => plain.clone(),
    }
}

/// Packed for a stream.
pub(super) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut packer = ZlibEncoder::new(Vec::new(), Compression::default());
    // Writing to memory cannot fail.
    let _ = packer.write_all(bytes);
    packer.finish().unwrap_or_default()
}
