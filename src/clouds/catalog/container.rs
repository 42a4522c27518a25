//! The file around a catalog: what it is, where it comes from, its sections, and chunks that are
//! decompressed only when somebody asks for them.
//!
//! A file is a row of ordinary zstd frames with checksums, so `zstd -d` opens it. The first frame
//! holds the header and all sections; each chunk is a frame of its own. The header gives the chunks'
//! compressed lengths, and since they end the file, their places follow from its length.

use super::bytes::{Cursor, Writer};
use super::{CatalogError, Damage};
use std::io::{self, Read, Write};
use std::ops::Range;

const MAGIC: &[u8; 8] = b"LWCATv1\n";
/// The slowest level: files are written once and shipped often.
const LEVEL: i32 = 22;
/// More than any catalog unfolds to; a decompression bomb stops here.
const FRAME_LIMIT: u64 = 64 << 20;

/// What a catalog file says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartInfo {
    /// Where the facts come from: dataset or command, its version or date, its licence.
    pub sources: Vec<String>,
    /// The date of the newest source, `YYYY-MM-DD`, as far as it is known.
    pub date: String,
    /// The size of the compressed file in bytes.
    pub bytes: usize,
}

/// Puts a catalog file together.
#[derive(Debug)]
pub(crate) struct Builder {
    id: String,
    header: Writer,
    sections: Vec<Vec<u8>>,
    chunks: Vec<Vec<u8>>,
}

impl Builder {
    /// Begins the file of the part `id`.
    pub(crate) fn new(id: &str, sources: &[String], date: &str) -> Builder {
        let mut header = Writer::default();
        header.raw(MAGIC);
        header.text(id);
        header.text(date);
        header.number(sources.len());
        for source in sources {
            header.text(source);
        }
        Builder { id: id.to_owned(), header, sections: Vec::new(), chunks: Vec::new() }
    }

    /// Adds the next section, written by `fill`.
    pub(crate) fn section(&mut self, fill: impl FnOnce(&mut Writer)) {
        let mut writer = Writer::default();
        fill(&mut writer);
        self.sections.push(writer.finish());
    }

    /// Adds the next chunk.
    pub(crate) fn chunk(&mut self, bytes: Vec<u8>) {
        self.chunks.push(bytes);
    }

    /// The finished file.
    pub(crate) fn finish(self) -> Result<Vec<u8>, CatalogError> {
        let failed =
            |error: io::Error| CatalogError::new(&self.id, &format!("cannot be compressed: {error}"));
        let mut head = self.header;
        head.number(self.sections.len());
        for section in &self.sections {
            head.number(section.len());
        }
        let mut chunks = Vec::new();
        for chunk in &self.chunks {
            chunks.push(compress(chunk).map_err(&failed)?);
        }
        head.number(chunks.len());
        for chunk in &chunks {
            head.number(chunk.len());
        }
        for section in &self.sections {
            head.raw(section);
        }
        let mut file = compress(&head.finish()).map_err(&failed)?;
        for chunk in chunks {
            file.extend_from_slice(&chunk);
        }
        Ok(file)
    }
}

/// An opened catalog file.
#[derive(Debug)]
pub(crate) struct Container {
    /// What the file says about itself.
    pub(crate) info: PartInfo,
    body: Vec<u8>,
    sections: Vec<Range<usize>>,
    chunks: Vec<Vec<u8>>,
}

impl Container {
    /// Opens the file of the part `id`; another part's file is refused.
    pub(crate) fn open(id: &str, bytes: &[u8]) -> Result<Container, Damage> {
        let body = decompress(bytes)?;
        let mut cursor = Cursor::new(&body);
        if cursor.raw(MAGIC.len())? != MAGIC {
            return Err(Damage("it is not a catalog of this version"));
        }
        if cursor.text()? != id {
            return Err(Damage("it is the catalog of something else"));
        }
        let date = cursor.text()?;
        let sources = (0..cursor.count()?).map(|_| cursor.text()).collect::<Result<_, _>>()?;
        let lengths = cursor.count()?;
        let lengths = cursor.column(lengths, usize::MAX)?;
        let chunks = cursor.count()?;
        let chunks = split_chunks(bytes, &cursor.column(chunks, usize::MAX)?)?;
        let mut sections = Vec::new();
        for length in lengths {
            let start = body.len() - cursor.left();
            cursor.raw(length as usize)?;
            sections.push(start..start + length as usize);
        }
        cursor.end()?;
        Ok(Container { info: PartInfo { sources, date, bytes: bytes.len() }, body, sections, chunks })
    }

    /// A cursor over the section at `index`.
    pub(crate) fn section(&self, index: usize) -> Result<Cursor<'_>, Damage> {
        let range = self.sections.get(index).cloned().ok_or(Damage("a section is missing"))?;
        Ok(Cursor::new(self.body.get(range).unwrap_or_default()))
    }

    /// The compressed chunks; [`decompress`] opens one.
    pub(crate) fn into_chunks(self) -> Vec<Vec<u8>> {
        self.chunks
    }
}

/// Unfolds the first zstd frame of `bytes`.
pub(crate) fn decompress(bytes: &[u8]) -> Result<Vec<u8>, Damage> {
    let broken = |_| Damage("it cannot be decompressed");
    let decoder = zstd::stream::read::Decoder::new(bytes).map_err(broken)?.single_frame();
    let mut out = Vec::with_capacity(bytes.len().saturating_mul(4).min(1 << 22));
    decoder.take(FRAME_LIMIT + 1).read_to_end(&mut out).map_err(broken)?;
    if out.len() as u64 > FRAME_LIMIT {
        return Err(Damage("it unfolds to more than any catalog"));
    }
    Ok(out)
}

/// One zstd frame with checksum and content size.
fn compress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), LEVEL)?;
    encoder.include_checksum(true)?;
    encoder.set_pledged_src_size(Some(bytes.len() as u64))?;
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// The chunks' compressed bytes: they end the file.
fn split_chunks(bytes: &[u8], lengths: &[u32]) -> Result<Vec<Vec<u8>>, Damage> {
    let total: usize = lengths.iter().map(|length| *length as usize).sum();
    let start = bytes.len().checked_sub(total).ok_or(Damage("its chunks are cut off"))?;
    let mut cursor = Cursor::new(bytes.get(start..).unwrap_or_default());
    lengths.iter().map(|length| Ok(cursor.raw(*length as usize)?.to_vec())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut builder = Builder::new("sample", &["somebody, 2026-01-02".to_owned()], "2026-01-02");
        builder.section(|writer| writer.text("first"));
        builder.section(|writer| writer.number(7));
        builder.chunk(b"one".to_vec());
        builder.chunk(vec![b'x'; 5000]);
        builder.finish().unwrap()
    }

    #[test]
    fn a_file_comes_back() {
        let bytes = sample();
        let file = Container::open("sample", &bytes).unwrap();
        assert_eq!(file.info.sources, ["somebody, 2026-01-02"]);
        assert_eq!((file.info.date.as_str(), file.info.bytes), ("2026-01-02", bytes.len()));
        assert_eq!(file.section(0).unwrap().text().unwrap(), "first");
        assert_eq!(file.section(1).unwrap().number().unwrap(), 7);
        assert!(file.section(2).is_err());
        let chunks = file.into_chunks();
        assert_eq!(decompress(&chunks[0]).unwrap(), b"one");
        assert_eq!(decompress(&chunks[1]).unwrap(), vec![b'x'; 5000]);
        assert_eq!(
            Container::open("other", &bytes).unwrap_err(),
            Damage("it is the catalog of something else")
        );
    }

    #[test]
    fn every_truncation_and_every_flipped_byte_is_an_error_or_harmless() {
        let bytes = sample();
        for len in 0..bytes.len() {
            assert!(open_all(&bytes[..len]).is_err(), "cut at {len}");
        }
        for at in 0..bytes.len() {
            let mut forged = bytes.clone();
            forged[at] ^= 0x55;
            let _ = open_all(&forged);
        }
    }

    #[test]
    fn a_decompression_bomb_is_refused() {
        let blanks = vec![0u8; (FRAME_LIMIT + 10) as usize];
        let bomb = zstd::stream::encode_all(blanks.as_slice(), 1).unwrap();
        assert!(bomb.len() < 1 << 20);
        assert_eq!(decompress(&bomb), Err(Damage("it unfolds to more than any catalog")));
    }

    fn open_all(bytes: &[u8]) -> Result<(), Damage> {
        let file = Container::open("sample", bytes)?;
        for chunk in file.into_chunks() {
            decompress(&chunk)?;
        }
        Ok(())
    }
}
