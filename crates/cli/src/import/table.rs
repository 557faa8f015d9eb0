//! Reading CSV tables: a header row, then rows, each no longer than a bound.
//!
//! Nothing is known here of rules. A row with another number of fields than the header is a problem of that row; a
//! row that does not end within the bound, or a file that ends inside quotes, is an error of the whole table, for
//! nothing behind such a place can be believed.

use std::fs::File;
use std::io::{self, Read};

use anyhow::{Context as _, bail, ensure};
use csv::ByteRecord;

use super::mapping::Source;
use super::problem::{Problem, ProblemKind, shown};

/// The longest row, in bytes.
const MAX_ROW_BYTES: usize = 1 << 20;

/// What the CSV reader reads at a time; belongs to the bound, for it is read ahead of the row.
const BUFFER_BYTES: usize = 1 << 16;

/// The most columns.
const MAX_COLUMNS: usize = 4_096;

/// A table's name, columns and habits: what is needed to understand one of its rows.
#[derive(Debug, Clone)]
pub(super) struct Head {
    /// The name in the mapping.
    pub(super) source: String,
    /// The file, as it was given.
    pub(super) file: String,
    columns: Vec<String>,
    blank_values: Vec<String>,
}

impl Head {
    /// The number of the column of a name.
    ///
    /// # Errors
    /// That there is none, or that there are two.
    pub(super) fn column(&self, name: &str) -> anyhow::Result<usize> {
        let mut found = self.columns.iter().enumerate().filter(|(_, column)| *column == name);
        let Some((number, _)) = found.next() else {
            let near = (self.columns.iter()).find(|column| column.eq_ignore_ascii_case(name));
            let hint = near.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
            let all: Vec<_> = self.columns.iter().take(50).map(|column| shown(column)).collect();
            bail!(
                "source {:?} ({}) has no column {name:?}{hint}; its header has {}",
                self.source,
                self.file,
                all.join(", ")
            );
        };
        ensure!(
            found.next().is_none(),
            "source {:?} ({}) has two columns {name:?}; names of columns that are used must differ",
            self.source,
            self.file
        );
        Ok(number)
    }

    /// How many columns there are.
    pub(super) fn column_count(&self) -> usize {
        self.columns.len()
    }

    /// The name of a column.
    pub(super) fn column_name(&self, number: usize) -> &str {
        self.columns.get(number).map_or("", String::as_str)
    }
}

/// An open table.
#[derive(Debug)]
pub(super) struct Table {
    /// What its rows mean.
    pub(super) head: Head,
    /// How many bytes it has, where that is known.
    pub(super) size_bytes: Option<u64>,
    reader: csv::Reader<Bounded>,
    rows: u64,
    ended_open: bool,
}

/// One row as read.
#[derive(Debug, Default)]
pub(super) struct RawRow {
    record: ByteRecord,
    /// The row as spreadsheets count: the header is row 1.
    pub(super) number: u64,
}

impl Table {
    /// Opens a table and reads its header.
    ///
    /// # Errors
    /// The file, or what is wrong with the header.
    pub(super) fn open(name: &str, source: &Source) -> anyhow::Result<Self> {
        let Some(path) = &source.path else {
            bail!("source {name:?} has no path; give it in the mapping or as --input {name}=…");
        };
        let label = || format!("source {name:?} ({})", path.display());
        let file = File::open(path).with_context(label)?;
        let metadata = file.metadata().with_context(label)?;
        ensure!(!metadata.is_dir(), "{} is a folder; expected a CSV file", label());
        Self::from_reader(
            name,
            &path.display().to_string(),
            source,
            Box::new(file),
            metadata.is_file().then_some(metadata.len()),
        )
        .with_context(label)
    }

    fn from_reader(
        name: &str,
        file: &str,
        source: &Source,
        input: Box<dyn Read>,
        size_bytes: Option<u64>,
    ) -> anyhow::Result<Self> {
        let quote = source.quote.bytes().next();
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(source.delimiter.bytes().next().unwrap_or(b','))
            .quote(quote.unwrap_or(b'"'))
            .quoting(quote.is_some())
            .buffer_capacity(BUFFER_BYTES)
            .from_reader(Bounded { input, quote, since_row_bytes: 0, quotes: 0 });
        let mut header = ByteRecord::new();
        ensure!(read(&mut reader, &mut header, 1)?, "the file is empty; expected a header row");
        if header.get(0).is_some_and(|field| field.starts_with(b"\xff\xfe") || field.starts_with(b"\xfe\xff"))
        {
            bail!(
                "the file is UTF-16; expected UTF-8: convert it, for example with iconv -f utf-16 -t utf-8"
            );
        }
        ensure!(
            header.len() <= MAX_COLUMNS,
            "the header has {} columns; expected at most {MAX_COLUMNS}",
            header.len()
        );
        let mut columns = Vec::with_capacity(header.len());
        for field in &header {
            let Ok(column) = std::str::from_utf8(field) else {
                bail!("the header is not UTF-8: {}", shown(&String::from_utf8_lossy(field)));
            };
            columns.push(column.trim().to_owned());
        }
        Ok(Self {
            head: Head {
                source: name.to_owned(),
                file: file.to_owned(),
                columns,
                blank_values: source.blank_values.clone(),
            },
            size_bytes,
            reader,
            rows: 1,
            ended_open: false,
        })
    }

    /// Reads the next row; whether there was one.
    ///
    /// # Errors
    /// The file, a row beyond the bound, or an end inside quotes.
    pub(super) fn next(&mut self, row: &mut RawRow) -> anyhow::Result<bool> {
        self.rows += 1;
        let label = |head: &Head| format!("source {:?} ({})", head.source, head.file);
        if read(&mut self.reader, &mut row.record, self.rows).with_context(|| label(&self.head))? {
            row.number = self.rows;
            self.ended_open = row.record.iter().any(|field| field.contains(&b'\n'));
            return Ok(true);
        }
        ensure!(
            !(self.ended_open && self.reader.get_ref().quotes % 2 == 1),
            "{}: row {} holds a line break and is the last, and the quotes of the file do not pair; \
             close the quote, or set quote = \"\" if the file does not quote",
            label(&self.head),
            self.rows - 1
        );
        Ok(false)
    }

    /// How many bytes were read so far.
    pub(super) fn position_bytes(&self) -> u64 {
        self.reader.position().byte()
    }
}

impl RawRow {
    /// The row's problem if it has another number of fields than the header.
    pub(super) fn check(&self, head: &Head) -> Result<(), Problem> {
        let (found, expected) = (self.record.len(), head.column_count());
        if found == expected {
            return Ok(());
        }
        let breaks: usize =
            (self.record.iter()).map(|field| field.iter().filter(|byte| **byte == b'\n').count()).sum();
        let hint = if breaks > 0 {
            format!("; it runs over {} lines: is a quote not closed?", breaks + 1)
        } else {
            String::new()
        };
        Err(Problem {
            kind: ProblemKind::WrongColumnCount,
            field: head.source.clone(),
            columns: Vec::new(),
            detail: format!("found {found} columns, expected {expected} as in the header{hint}"),
        })
    }

    /// The trimmed text of a column; empty where it is blank by the source's words.
    ///
    /// # Errors
    /// That it is not UTF-8.
    pub(super) fn text<'r>(&'r self, head: &Head, column: usize) -> Result<&'r str, Problem> {
        let bytes = self.record.get(column).unwrap_or_default();
        let text = std::str::from_utf8(bytes).map_err(|_| Problem {
            kind: ProblemKind::NotUtf8,
            field: head.source.clone(),
            columns: vec![head.column_name(column).to_owned()],
            detail: format!(
                "found {}, expected UTF-8; convert the file, for example with iconv -f windows-1252 -t utf-8",
                shown(&String::from_utf8_lossy(bytes))
            ),
        })?;
        let text = text.trim();
        let blank = head.blank_values.iter().any(|blank| blank == text);
        Ok(if blank { "" } else { text })
    }
}

fn read(reader: &mut csv::Reader<Bounded>, record: &mut ByteRecord, row: u64) -> anyhow::Result<bool> {
    reader.get_mut().since_row_bytes = 0;
    reader.read_byte_record(record).with_context(|| format!("row {row}"))
}

/// A reader that fails when one row takes too many bytes, and counts quotes.
struct Bounded {
    input: Box<dyn Read>,
    quote: Option<u8>,
    since_row_bytes: usize,
    quotes: u64,
}

impl std::fmt::Debug for Bounded {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Bounded").field("quotes", &self.quotes).finish_non_exhaustive()
    }
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.since_row_bytes > MAX_ROW_BYTES {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "is longer than {MAX_ROW_BYTES} bytes; is a quote not closed? (quote = \"\" for files that do not quote)"
                ),
            ));
        }
        let count = self.input.read(buffer)?;
        self.since_row_bytes += count;
        if let Some(quote) = self.quote {
            let found = buffer[..count].iter().filter(|byte| **byte == quote).count();
            self.quotes += u64::try_from(found).unwrap_or(u64::MAX);
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        toml::from_str(text).unwrap()
    }

    fn open(options: &str, bytes: &[u8]) -> anyhow::Result<Table> {
        let input = io::Cursor::new(bytes.to_vec());
        Table::from_reader("t", "t.csv", &source(options), Box::new(input), None)
    }

    /// All rows as `number:field|field`, or the error.
    fn rows(options: &str, bytes: &[u8]) -> Result<Vec<String>, String> {
        let attempt = || -> anyhow::Result<Vec<String>> {
            let mut table = open(options, bytes)?;
            let mut rows = Vec::new();
            let mut row = RawRow::default();
            while table.next(&mut row)? {
                let fields = match row.check(&table.head) {
                    Err(problem) => problem.to_string(),
                    Ok(()) => (0..table.head.column_count())
                        .map(|column| match row.text(&table.head, column) {
                            Ok(text) => text.to_owned(),
                            Err(problem) => problem.kind.name().to_owned(),
                        })
                        .collect::<Vec<_>>()
                        .join("|"),
                };
                rows.push(format!("{}:{fields}", row.number));
            }
            Ok(rows)
        };
        attempt().map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn tables_are_read_as_configured() {
        let semicolons = "delimiter = \";\"\nquote = \"'\"";
        for (options, text, expected) in [
            ("", "a,b\n1,2\n", vec!["2:1|2"]),
            ("", "\u{feff}a,b\r\n 1 ,\"2,\"\"3\"\"\"\r\n\r\n4,5", vec!["2:1|2,\"3\"", "3:4|5"]),
            (semicolons, "a;b\n1;'2;3'\n", vec!["2:1|2;3"]),
            ("quote = \"\"", "a,b\n\"1,2\n", vec!["2:\"1|2"]),
            ("blank_values = [\"NULL\", \"-\"]", "a,b\nNULL, - \n", vec!["2:|"]),
            ("", "a,b\n1,\"2\n3\"\n", vec!["2:1|2\n3"]),
            ("", "a,b\n", vec![]),
        ] {
            assert_eq!(rows(options, text.as_bytes()).unwrap(), expected, "{text:?}");
        }
        assert_eq!(rows("", b"a,b\nM\xfcller,2\n").unwrap(), ["2:not UTF-8|2"]);
    }

    #[test]
    fn wrong_counts_are_problems_of_their_rows() {
        assert_eq!(
            rows("", b"a,b\n1\n1,2\n1,2,3\n\"1\n2\"x\n").unwrap(),
            [
                "2:t: found 1 columns, expected 2 as in the header",
                "3:1|2",
                "4:t: found 3 columns, expected 2 as in the header",
                "5:t: found 1 columns, expected 2 as in the header; it runs over 2 lines: is a quote not closed?",
            ]
        );
    }

    #[test]
    fn what_cannot_be_believed_ends_the_table() {
        let endless = format!("a,b\n1,\"{}", "x\n".repeat(MAX_ROW_BYTES));
        let utf16: Vec<u8> =
            [0xff, 0xfe].into_iter().chain("a,b\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
        let wide = "a,".repeat(MAX_COLUMNS + 1);
        for (bytes, expected) in [
            (&b""[..], "the file is empty"),
            (endless.as_bytes(), "row 2: is longer than 1048576 bytes"),
            (b"a,b\n1,\"2\n3,4\n5,6\n", "row 2 holds a line break and is the last"),
            (&utf16, "is UTF-16; expected UTF-8"),
            (b"a,\xe4\n1,2\n", "the header is not UTF-8"),
            (wide.as_bytes(), "the header has 4098 columns"),
        ] {
            let error = rows("", bytes).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn columns_are_found_or_suggested() {
        let head = open("", b"Deal ID, stage,x,x\n").unwrap().head;
        assert_eq!(head.column("Deal ID").unwrap(), 0);
        assert_eq!(head.column("stage").unwrap(), 1);
        for (name, expected) in [
            ("deal id", "did you mean \"Deal ID\"?"),
            ("owner", "has no column \"owner\"; its header has \"Deal ID\", \"stage\""),
            ("x", "has two columns \"x\""),
        ] {
            let error = head.column(name).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
