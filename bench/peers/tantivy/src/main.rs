//! Tantivy in process, for bench/peers: `build FEED_DIR INDEX_DIR VARIANT` and `serve INDEX_DIR VARIANT`, where the
//! variant is `two` (title and description apart, the title weighted) or `one` (both in one field). One segment,
//! frequencies without positions; facets by a lean collector over numeric codes read in bulk.

use std::collections::HashMap;
use std::fs;
use std::io::{self, BufRead, Write};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Instant;

use tantivy::collector::{Collector, Count, SegmentCollector, TopDocs};
use tantivy::columnar::ColumnValues;
use tantivy::query::{AllQuery, BooleanQuery, BoostQuery, FuzzyTermQuery, Occur, Query, RangeQuery, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions, FAST, INDEXED, STRING};
use tantivy::{DocAddress, DocId, Index, Order, Score, Searcher, SegmentReader, TantivyDocument, Term};

const FACETS: [&str; 5] = ["f_brand", "f_category", "f_color", "f_size", "f_material"];
const TOP_VALUES: usize = 10;

struct Fields {
    title: Field,
    description: Field,
    all: Field,
    category: Field,
    brand: Field,
    price: Field,
    popularity: Field,
    id: Field,
    facets: Vec<Field>,
}

fn schema(one: bool) -> (Schema, Fields) {
    let words = TextFieldIndexing::default()
        .set_tokenizer("whitespace")
        .set_index_option(IndexRecordOption::WithFreqs);
    let text = TextOptions::default().set_indexing_options(words);
    let mut b = Schema::builder();
    let title = b.add_text_field(if one { "all" } else { "title" }, text.clone());
    let description = if one { title } else { b.add_text_field("description", text) };
    let fields = Fields {
        title,
        description,
        all: title,
        category: b.add_text_field("category", STRING),
        brand: b.add_text_field("brand", STRING),
        price: b.add_u64_field("price", INDEXED | FAST),
        popularity: b.add_u64_field("popularity", FAST),
        id: b.add_u64_field("id", FAST),
        facets: FACETS.iter().map(|name| b.add_u64_field(name, FAST)).collect(),
    };
    (b.build(), fields)
}

fn levels(category: &str) -> Vec<&str> {
    let mut all: Vec<&str> = category.match_indices(" > ").map(|(at, _)| &category[..at]).collect();
    if !category.is_empty() {
        all.push(category);
    }
    all
}

/// Facet values as small numbers; 0 is none, so that every product has a value and columns are dense.
fn code(codes: &mut HashMap<String, u64>, value: &str) -> u64 {
    if value.is_empty() {
        return 0;
    }
    let next = codes.len() as u64 + 1;
    *codes.entry(value.to_string()).or_insert(next)
}

fn build(feed: &str, dir: &str, one: bool) -> tantivy::Result<()> {
    let (schema, f) = schema(one);
    fs::create_dir_all(dir)?;
    let index = Index::create_in_dir(dir, schema)?;
    let mut writer = index.writer_with_num_threads(2, 1 << 30)?;
    let mut codes: Vec<HashMap<String, u64>> = vec![HashMap::new(); FACETS.len()];
    let lines = io::BufReader::with_capacity(1 << 20, fs::File::open(format!("{feed}/products.tsv"))?).lines();
    for line in lines {
        let line = line?;
        let p: Vec<&str> = line.split('\t').collect();
        let mut doc = TantivyDocument::default();
        if one {
            doc.add_text(f.all, format!("{} {}", p[1], p[2]));
        } else {
            doc.add_text(f.title, p[1]);
            doc.add_text(f.description, p[2]);
        }
        let levels = levels(p[4]);
        for level in &levels {
            doc.add_text(f.category, level);
        }
        doc.add_text(f.brand, p[3]);
        doc.add_u64(f.price, p[8].parse().expect("a price"));
        doc.add_u64(f.popularity, p[10].parse().expect("a popularity"));
        doc.add_u64(f.id, p[0][1..].parse().expect("an id"));
        let values = [p[3], levels.get(1).copied().unwrap_or(""), p[5], p[6], p[7]];
        for (i, value) in values.iter().enumerate() {
            doc.add_u64(f.facets[i], code(&mut codes[i], value));
        }
        writer.add_document(doc)?;
    }
    writer.commit()?;
    let segments = index.searchable_segment_ids()?;
    if segments.len() > 1 {
        writer.merge(&segments).wait()?;
    }
    writer.garbage_collect_files().wait()?;
    writer.wait_merging_threads()?;
    Ok(())
}

struct Mode {
    facets: bool,
    any: bool,
    prefix: bool,
    total: bool,
    popularity: bool,
    top: usize,
}

fn mode(name: &str) -> Mode {
    let m = |facets, any, prefix, total, popularity, top| Mode { facets, any, prefix, total, popularity, top };
    match name {
        "and5" => m(true, false, false, true, false, 24),
        "and" => m(false, false, false, true, false, 24),
        "or" => m(false, true, false, true, false, 10),
        "ortop" => m(false, true, false, false, false, 10),
        "typing5" => m(true, false, true, true, false, 24),
        "prefix" => m(false, false, true, true, true, 10),
        _ => panic!("there is no mode '{name}'"),
    }
}

struct Line {
    words: Vec<String>,
    category: String,
    brand: String,
    price: Option<(u64, u64)>,
}

fn line(text: &str) -> Line {
    let f: Vec<&str> = text.split('\t').collect();
    Line {
        words: f[0].split(' ').filter(|w| !w.is_empty()).map(String::from).collect(),
        category: f[1].to_string(),
        brand: f[2].to_string(),
        price: f[3].parse().ok().map(|low| (low, f[4].parse().expect("a highest price"))),
    }
}

fn term(field: Field, word: &str, prefix: bool) -> Box<dyn Query> {
    let term = Term::from_field_text(field, word);
    if prefix {
        Box::new(FuzzyTermQuery::new_prefix(term, 0, true))
    } else {
        Box::new(TermQuery::new(term, IndexRecordOption::WithFreqs))
    }
}

fn query(f: &Fields, one: bool, m: &Mode, l: &Line) -> BooleanQuery {
    let mut all: Vec<(Occur, Box<dyn Query>)> = vec![];
    let mut any: Vec<(Occur, Box<dyn Query>)> = vec![];
    for (i, word) in l.words.iter().enumerate() {
        let prefix = m.prefix && i + 1 == l.words.len();
        let mut fields: Vec<(Occur, Box<dyn Query>)> = vec![];
        if one {
            fields.push((Occur::Should, term(f.all, word, prefix)));
        } else {
            fields.push((Occur::Should, Box::new(BoostQuery::new(term(f.title, word, prefix), 3.0))));
            fields.push((Occur::Should, term(f.description, word, prefix)));
        }
        if m.any {
            any.extend(fields);
        } else if one {
            all.push((Occur::Must, fields.remove(0).1));
        } else {
            all.push((Occur::Must, Box::new(BooleanQuery::new(fields))));
        }
    }
    let mut filters: Vec<(Occur, Box<dyn Query>)> = vec![];
    let mut filter = |query: Box<dyn Query>| filters.push((Occur::Must, Box::new(tantivy::query::ConstScoreQuery::new(query, 0.0))));
    if !l.category.is_empty() {
        filter(Box::new(TermQuery::new(Term::from_field_text(f.category, &l.category), IndexRecordOption::Basic)));
    }
    if !l.brand.is_empty() {
        filter(Box::new(TermQuery::new(Term::from_field_text(f.brand, &l.brand), IndexRecordOption::Basic)));
    }
    if let Some((low, high)) = l.price {
        filter(Box::new(RangeQuery::new(
            Bound::Included(Term::from_field_u64(f.price, low)),
            Bound::Included(Term::from_field_u64(f.price, high)),
        )));
    }
    if m.any {
        if filters.is_empty() {
            return BooleanQuery::new(any);
        }
        all.push((Occur::Must, Box::new(BooleanQuery::new(any))));
    }
    if l.words.is_empty() && filters.is_empty() {
        all.push((Occur::Must, Box::new(AllQuery)));
    }
    all.extend(filters);
    BooleanQuery::new(all)
}

/// Counts codes, a block of documents at a time and facet by facet.
struct Lean;

struct LeanSegment {
    columns: Vec<Arc<dyn ColumnValues<u64>>>,
    counts: Vec<Vec<u32>>,
    docs: Vec<DocId>,
    values: Vec<u64>,
    total: u64,
}

impl LeanSegment {
    fn count(&mut self, docs: &[DocId]) {
        self.values.resize(docs.len(), 0);
        self.total += docs.len() as u64;
        for (column, counts) in self.columns.iter().zip(self.counts.iter_mut()) {
            column.get_vals(docs, &mut self.values);
            for value in &self.values {
                counts[*value as usize] += 1;
            }
        }
    }
}

impl Collector for Lean {
    type Fruit = (u64, u64);
    type Child = LeanSegment;

    fn for_segment(&self, _: u32, segment: &SegmentReader) -> tantivy::Result<LeanSegment> {
        let columns: Vec<Arc<dyn ColumnValues<u64>>> = FACETS
            .iter()
            .map(|name| segment.fast_fields().column_first_or_default::<u64>(name))
            .collect::<tantivy::Result<_>>()?;
        let counts = columns.iter().map(|c| vec![0; c.max_value() as usize + 1]).collect();
        Ok(LeanSegment { columns, counts, docs: Vec::with_capacity(1024), values: vec![], total: 0 })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn merge_fruits(&self, fruits: Vec<(u64, u64)>) -> tantivy::Result<(u64, u64)> {
        Ok(fruits.first().copied().unwrap_or((0, 0)))
    }
}

impl SegmentCollector for LeanSegment {
    type Fruit = (u64, u64);

    fn collect(&mut self, doc: DocId, _: Score) {
        self.docs.push(doc);
        if self.docs.len() == 1024 {
            let docs = std::mem::take(&mut self.docs);
            self.count(&docs);
            self.docs = docs;
            self.docs.clear();
        }
    }

    fn collect_block(&mut self, docs: &[DocId]) {
        self.count(docs);
    }

    fn harvest(mut self) -> (u64, u64) {
        let docs = std::mem::take(&mut self.docs);
        self.count(&docs);
        let mut sum = 0;
        for (f, counts) in self.counts.iter_mut().enumerate() {
            let values = &mut counts[1..];
            let top = values.len().min(TOP_VALUES);
            if top == 0 {
                continue;
            }
            values.select_nth_unstable_by(top - 1, |a, b| b.cmp(a));
            sum += (f as u64 + 1) * values[..top].iter().map(|c| *c as u64).sum::<u64>();
        }
        (self.total, sum)
    }
}

struct Answer {
    hits: i64,
    facets: u64,
    docs: Vec<DocAddress>,
}

fn run(s: &Searcher, f: &Fields, one: bool, m: &Mode, l: &Line) -> tantivy::Result<Answer> {
    let query = query(f, one, m, l);
    let addresses = |top: Vec<(Score, DocAddress)>| top.into_iter().map(|(_, doc)| doc).collect();
    if m.popularity || l.words.is_empty() {
        let top = TopDocs::with_limit(m.top).order_by_fast_field::<u64>("popularity", Order::Desc);
        if m.facets {
            let (top, (total, facets)) = s.search(&query, &(top, Lean))?;
            return Ok(Answer { hits: total as i64, facets, docs: top.into_iter().map(|(_, doc)| doc).collect() });
        }
        let (top, total) = s.search(&query, &(top, Count))?;
        return Ok(Answer { hits: total as i64, facets: 0, docs: top.into_iter().map(|(_, doc)| doc).collect() });
    }
    let top = TopDocs::with_limit(m.top).order_by_score();
    if m.facets {
        let (top, (total, facets)) = s.search(&query, &(top, Lean))?;
        Ok(Answer { hits: total as i64, facets, docs: addresses(top) })
    } else if m.total {
        let (top, total) = s.search(&query, &(top, Count))?;
        Ok(Answer { hits: total as i64, facets: 0, docs: addresses(top) })
    } else {
        let top = s.search(&query, &top)?;
        Ok(Answer { hits: -1, facets: 0, docs: addresses(top) })
    }
}

fn cpu_ns() -> u64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut t) };
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}

fn serve(dir: &str, one: bool) -> tantivy::Result<()> {
    let index = Index::open_in_dir(dir)?;
    let (_, f) = schema(one);
    let searcher = index.reader()?.searcher();
    assert_eq!(searcher.segment_readers().len(), 1, "one segment was wanted");
    let ids = searcher.segment_reader(0).fast_fields().column_first_or_default::<u64>("id")?;
    eprintln!("tantivy: {} products, 1 segment", searcher.num_docs());
    let mut files: HashMap<String, Vec<Line>> = HashMap::new();
    let mut id_sum = 0u64; // read of every hit, so that no engine gets away with less than its identity
    for command in io::stdin().lock().lines() {
        let command = command?;
        let c: Vec<&str> = command.split(' ').collect();
        let m = mode(c[0]);
        if !files.contains_key(c[1]) {
            let text = fs::read_to_string(c[1])?;
            files.insert(c[1].to_string(), text.lines().map(line).collect());
        }
        let lines = &files[c[1]];
        let first: usize = c[2].parse().expect("a number");
        let count: usize = c[3].parse().expect("a number");
        let mut out = String::new();
        for i in first..first + count {
            let wall = Instant::now();
            let cpu = cpu_ns();
            let answer = run(&searcher, &f, one, &m, &lines[i % lines.len()])?;
            id_sum += answer.docs.iter().map(|d| ids.get_val(d.doc_id)).sum::<u64>();
            let cpu = cpu_ns() - cpu;
            out += &format!("{} {} {} {}\n", wall.elapsed().as_nanos(), cpu, answer.hits, answer.facets);
        }
        out += ".\n";
        io::stdout().write_all(out.as_bytes())?;
        io::stdout().flush()?;
    }
    eprintln!("tantivy: {id_sum} is the sum of the hits' numbers");
    Ok(())
}

fn main() -> tantivy::Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[1..] {
        ["build", feed, dir, variant] => build(feed, dir, variant == "one"),
        ["serve", dir, variant] => serve(dir, variant == "one"),
        _ => {
            eprintln!("usage: aisle-bench-tantivy build FEED_DIR INDEX_DIR VARIANT | serve INDEX_DIR VARIANT");
            std::process::exit(2)
        }
    }
}
