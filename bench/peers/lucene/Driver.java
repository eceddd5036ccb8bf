import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.apache.lucene.analysis.core.WhitespaceAnalyzer;
import org.apache.lucene.document.Document;
import org.apache.lucene.document.Field;
import org.apache.lucene.document.FieldType;
import org.apache.lucene.document.LongField;
import org.apache.lucene.document.NumericDocValuesField;
import org.apache.lucene.document.StringField;
import org.apache.lucene.facet.FacetsCollector;
import org.apache.lucene.facet.FacetsCollectorManager;
import org.apache.lucene.facet.FacetsConfig;
import org.apache.lucene.facet.sortedset.DefaultSortedSetDocValuesReaderState;
import org.apache.lucene.facet.sortedset.SortedSetDocValuesFacetCounts;
import org.apache.lucene.facet.sortedset.SortedSetDocValuesFacetField;
import org.apache.lucene.facet.sortedset.SortedSetDocValuesReaderState;
import org.apache.lucene.index.DirectoryReader;
import org.apache.lucene.index.DocValues;
import org.apache.lucene.index.IndexOptions;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.IndexWriterConfig;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.BoostQuery;
import org.apache.lucene.search.Collector;
import org.apache.lucene.search.DocIdStream;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.LeafCollector;
import org.apache.lucene.search.MatchAllDocsQuery;
import org.apache.lucene.search.MultiCollector;
import org.apache.lucene.search.PrefixQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.Scorable;
import org.apache.lucene.search.ScoreMode;
import org.apache.lucene.search.Sort;
import org.apache.lucene.search.SortField;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.search.TopDocs;
import org.apache.lucene.search.TopFieldCollectorManager;
import org.apache.lucene.search.TopScoreDocCollectorManager;
import org.apache.lucene.store.MMapDirectory;

/**
 * Lucene in process, for bench/peers: {@code build FEED_DIR INDEX_DIR VARIANT} and {@code serve INDEX_DIR VARIANT}, where
 * the variant is {@code two} (title and description apart, the title weighted; facets by a lean collector over numeric
 * codes read in bulk), {@code module} (the same with the facet module) or {@code one} (title and description in one
 * field: no weights, but half the lists to read; lean facets). One segment, frequencies without positions.
 */
public final class Driver {
    static final String[] FACETS = {"brand", "category", "color", "size", "material"};
    static final int TOP_VALUES = 10;

    final String variant;

    Driver(String variant) {
        this.variant = variant;
    }

    public static void main(String[] args) throws Exception {
        if (args.length == 4 && args[0].equals("build")) {
            new Driver(args[3]).build(Path.of(args[1]), Path.of(args[2]));
        } else if (args.length == 3 && args[0].equals("serve")) {
            new Driver(args[2]).serve(Path.of(args[1]));
        } else {
            System.err.println("usage: Driver build FEED_DIR INDEX_DIR VARIANT | Driver serve INDEX_DIR VARIANT");
            System.exit(2);
        }
    }

    // ---- indexing ----

    /** Facet values as small numbers, in the order of their first sight. */
    static final class Codes {
        private final Map<String, Integer> codes = new HashMap<>();

        synchronized int of(String value) {
            return codes.computeIfAbsent(value, v -> codes.size());
        }
    }

    private final FacetsConfig config = new FacetsConfig();
    private final Codes[] codes = new Codes[FACETS.length];
    private final FieldType text = new FieldType();

    private static final List<String> END = new ArrayList<>();

    void build(Path feed, Path index) throws Exception {
        text.setTokenized(true);
        text.setIndexOptions(IndexOptions.DOCS_AND_FREQS);
        text.freeze();
        Arrays.setAll(codes, i -> new Codes());
        IndexWriterConfig options = new IndexWriterConfig(new WhitespaceAnalyzer()).setRAMBufferSizeMB(512);
        options.setUseCompoundFile(false);
        try (IndexWriter writer = new IndexWriter(new MMapDirectory(index), options);
                BufferedReader in = Files.newBufferedReader(feed.resolve("products.tsv"))) {
            BlockingQueue<List<String>> queue = new ArrayBlockingQueue<>(64);
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
                Thread thread = new Thread(() -> addAll(queue, writer));
                thread.setUncaughtExceptionHandler((t, e) -> {
                    e.printStackTrace();
                    System.exit(3);
                });
                threads.add(thread);
                thread.start();
            }
            List<String> lines = new ArrayList<>();
            for (String line; (line = in.readLine()) != null;) {
                lines.add(line);
                if (lines.size() == 1000) {
                    queue.put(lines);
                    lines = new ArrayList<>();
                }
            }
            queue.put(lines);
            for (Thread thread : threads) {
                queue.put(END);
            }
            for (Thread thread : threads) {
                thread.join();
            }
            writer.forceMerge(1);
            writer.commit();
        }
    }

    private void addAll(BlockingQueue<List<String>> queue, IndexWriter writer) {
        try {
            for (List<String> lines; (lines = queue.take()) != END;) {
                for (String line : lines) {
                    writer.addDocument(document(line.split("\t", -1)));
                }
            }
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<String> levels(String category) {
        List<String> levels = new ArrayList<>();
        for (int at = category.indexOf(" > "); at >= 0; at = category.indexOf(" > ", at + 1)) {
            levels.add(category.substring(0, at));
        }
        if (!category.isEmpty()) {
            levels.add(category);
        }
        return levels;
    }

    private Document document(String[] f) throws IOException {
        Document d = new Document();
        d.add(new NumericDocValuesField("id", Long.parseLong(f[0].substring(1))));
        if (variant.equals("one")) {
            d.add(new Field("all", f[1] + " " + f[2], text));
        } else {
            d.add(new Field("title", f[1], text));
            d.add(new Field("description", f[2], text));
        }
        List<String> levels = levels(f[4]);
        for (String level : levels) {
            d.add(new StringField("category", level, Field.Store.NO));
        }
        d.add(new StringField("brand", f[3], Field.Store.NO));
        d.add(new LongField("price", Long.parseLong(f[8]), Field.Store.NO));
        d.add(new NumericDocValuesField("popularity", Long.parseLong(f[10])));
        String[] values = {f[3], levels.size() > 1 ? levels.get(1) : "", f[5], f[6], f[7]};
        for (int i = 0; i < FACETS.length; i++) {
            if (values[i].isEmpty()) {
                continue;
            }
            if (variant.equals("module")) {
                d.add(new SortedSetDocValuesFacetField(FACETS[i], values[i]));
            } else {
                d.add(new NumericDocValuesField("f_" + FACETS[i], codes[i].of(values[i])));
            }
        }
        return variant.equals("module") ? config.build(d) : d;
    }

    // ---- queries ----

    record Mode(boolean facets, boolean any, boolean prefix, boolean total, boolean popularity, int top) {
        static Mode of(String name) {
            return switch (name) {
                case "and5" -> new Mode(true, false, false, true, false, 24);
                case "and" -> new Mode(false, false, false, true, false, 24);
                case "or" -> new Mode(false, true, false, true, false, 10);
                case "ortop" -> new Mode(false, true, false, false, false, 10);
                case "typing5" -> new Mode(true, false, true, true, false, 24);
                case "prefix" -> new Mode(false, false, true, true, true, 10);
                default -> throw new IllegalArgumentException("there is no mode '" + name + "'");
            };
        }
    }

    record Line(String[] words, String category, String brand, long low, long high) {
        static Line of(String line) {
            String[] f = line.split("\t", -1);
            return new Line(f[0].isEmpty() ? new String[0] : f[0].split(" "), f[1], f[2],
                    f[3].isEmpty() ? -1 : Long.parseLong(f[3]), f[4].isEmpty() ? -1 : Long.parseLong(f[4]));
        }
    }

    private Query term(String field, String word, boolean prefix) {
        Term term = new Term(field, word);
        return prefix ? new PrefixQuery(term) : new TermQuery(term);
    }

    private void addWord(BooleanQuery.Builder to, String word, boolean prefix, boolean any) {
        Occur occur = any ? Occur.SHOULD : Occur.MUST;
        if (variant.equals("one")) {
            to.add(term("all", word, prefix), occur);
            return;
        }
        Query title = new BoostQuery(term("title", word, prefix), 3);
        Query description = term("description", word, prefix);
        if (any) {
            to.add(title, occur).add(description, occur);
        } else {
            to.add(new BooleanQuery.Builder().add(title, Occur.SHOULD).add(description, Occur.SHOULD).build(), occur);
        }
    }

    private Query query(Mode mode, Line line) {
        BooleanQuery.Builder b = new BooleanQuery.Builder();
        if (line.words.length == 0) {
            b.add(new MatchAllDocsQuery(), Occur.MUST);
        }
        for (int i = 0; i < line.words.length; i++) {
            addWord(b, line.words[i], mode.prefix && i == line.words.length - 1, mode.any);
        }
        if (mode.any) {
            b.setMinimumNumberShouldMatch(1);
        }
        if (!line.category.isEmpty()) {
            b.add(new TermQuery(new Term("category", line.category)), Occur.FILTER);
        }
        if (!line.brand.isEmpty()) {
            b.add(new TermQuery(new Term("brand", line.brand)), Occur.FILTER);
        }
        if (line.low >= 0) {
            b.add(LongField.newRangeQuery("price", line.low, line.high), Occur.FILTER);
        }
        return b.build();
    }

    // ---- facets ----

    /** Counts codes, a buffer of documents at a time and facet by facet. */
    static final class Lean implements Collector, LeafCollector {
        private final int[] docs = new int[4096];
        private final long[] values = new long[4096];
        private final NumericDocValues[] columns = new NumericDocValues[FACETS.length];
        private final int[][] counts;
        private int size;

        Lean(int[][] counts) {
            this.counts = counts;
        }

        @Override
        public LeafCollector getLeafCollector(LeafReaderContext context) throws IOException {
            for (int i = 0; i < FACETS.length; i++) {
                columns[i] = DocValues.getNumeric(context.reader(), "f_" + FACETS[i]);
            }
            return this;
        }

        @Override
        public ScoreMode scoreMode() {
            return ScoreMode.COMPLETE_NO_SCORES;
        }

        @Override
        public void setScorer(Scorable scorer) {}

        @Override
        public void collect(int doc) throws IOException {
            docs[size++] = doc;
            if (size == docs.length) {
                flush();
            }
        }

        @Override
        public void collect(DocIdStream stream) throws IOException {
            flush();
            Versioned.collect(stream, docs, this);
        }

        @Override
        public void finish() throws IOException {
            flush();
        }

        /** The first n documents of the buffer. */
        void flush(int n) throws IOException {
            size = n;
            flush();
        }

        private void flush() throws IOException {
            for (int f = 0; f < FACETS.length && size > 0; f++) {
                Versioned.longValues(columns[f], size, docs, values);
                int[] count = counts[f];
                for (int i = 0; i < size; i++) {
                    if (values[i] >= 0) {
                        count[(int) values[i]]++;
                    }
                }
            }
            size = 0;
        }

        long sum() {
            long sum = 0;
            for (int f = 0; f < FACETS.length; f++) {
                sum += (f + 1) * topSum(counts[f]);
            }
            return sum;
        }

        private static long topSum(int[] counts) {
            int[] top = new int[TOP_VALUES];
            for (int count : counts) {
                if (count > top[0]) {
                    int i = 1;
                    for (; i < TOP_VALUES && top[i] < count; i++) {
                        top[i - 1] = top[i];
                    }
                    top[i - 1] = count;
                }
            }
            return Arrays.stream(top).sum();
        }
    }

    private int[][] clearedCounts() {
        for (int[] count : counts) {
            Arrays.fill(count, 0);
        }
        return counts;
    }

    // ---- serving ----

    private IndexSearcher searcher;
    private SortedSetDocValuesReaderState state;
    private int[][] counts;
    private long hits;
    private long facets;
    private long idSum; // read of every hit, so that no engine gets away with less than its identity

    private static final Sort BY_POPULARITY = new Sort(new SortField("popularity", SortField.Type.LONG, true));

    private int[][] roomForCounts(DirectoryReader reader) throws IOException {
        int[][] room = new int[FACETS.length][];
        for (int f = 0; f < FACETS.length; f++) {
            long most = -1;
            for (LeafReaderContext leaf : reader.leaves()) {
                NumericDocValues column = DocValues.getNumeric(leaf.reader(), "f_" + FACETS[f]);
                while (column.nextDoc() != NumericDocValues.NO_MORE_DOCS) {
                    most = Math.max(most, column.longValue());
                }
            }
            room[f] = new int[(int) most + 1];
        }
        return room;
    }

    private TopDocs search(Query query, Mode mode, boolean sorted, Lean lean) throws IOException {
        int threshold = mode.total ? Integer.MAX_VALUE : mode.top;
        if (sorted) {
            var manager = new TopFieldCollectorManager(BY_POPULARITY, mode.top, null, threshold);
            var collector = manager.newCollector();
            searcher.search(query, lean == null ? collector : MultiCollector.wrap(collector, lean));
            return collector.topDocs();
        }
        var manager = new TopScoreDocCollectorManager(mode.top, null, threshold);
        var collector = manager.newCollector();
        searcher.search(query, lean == null ? collector : MultiCollector.wrap(collector, lean));
        return collector.topDocs();
    }

    private void run(Mode mode, Line line) throws IOException {
        Query query = query(mode, line);
        boolean sorted = mode.popularity || line.words.length == 0;
        TopDocs top;
        facets = 0;
        if (mode.facets && variant.equals("module")) {
            var result = sorted
                    ? FacetsCollectorManager.search(searcher, query, mode.top, BY_POPULARITY, new FacetsCollectorManager())
                    : FacetsCollectorManager.search(searcher, query, mode.top, new FacetsCollectorManager());
            top = result.topDocs();
            FacetsCollector collector = result.facetsCollector();
            var counted = new SortedSetDocValuesFacetCounts(state, collector);
            for (int f = 0; f < FACETS.length; f++) {
                var children = counted.getTopChildren(TOP_VALUES, FACETS[f]);
                long sum = 0;
                for (int i = 0; children != null && i < children.labelValues.length; i++) {
                    sum += children.labelValues[i].value.longValue();
                }
                facets += (f + 1) * sum;
            }
        } else {
            Lean lean = mode.facets ? new Lean(clearedCounts()) : null;
            top = search(query, mode, sorted, lean);
            facets = lean == null ? 0 : lean.sum();
        }
        readIds(top);
        hits = mode.total ? Versioned.value(top.totalHits) : -1;
    }

    private void readIds(TopDocs top) throws IOException {
        int[] docs = new int[top.scoreDocs.length];
        for (int i = 0; i < docs.length; i++) {
            docs[i] = top.scoreDocs[i].doc;
        }
        Arrays.sort(docs);
        NumericDocValues ids = DocValues.getNumeric(searcher.getIndexReader().leaves().get(0).reader(), "id");
        for (int doc : docs) {
            if (ids.advanceExact(doc)) {
                idSum += ids.longValue();
            }
        }
    }

    void serve(Path index) throws Exception {
        ThreadMXBean cpu = ManagementFactory.getThreadMXBean();
        try (DirectoryReader reader = DirectoryReader.open(new MMapDirectory(index))) {
            if (reader.leaves().size() != 1) {
                throw new IllegalStateException(reader.leaves().size() + " segments, one was wanted");
            }
            searcher = new IndexSearcher(reader);
            searcher.setQueryCache(null);
            if (variant.equals("module")) {
                state = new DefaultSortedSetDocValuesReaderState(reader, config);
            } else {
                counts = roomForCounts(reader);
            }
            System.err.println("lucene: " + reader.numDocs() + " products, 1 segment");
            Map<String, List<Line>> files = new HashMap<>();
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String command; (command = in.readLine()) != null;) {
                String[] c = command.split(" ");
                Mode mode = Mode.of(c[0]);
                List<Line> lines = files.get(c[1]);
                if (lines == null) {
                    lines = Files.readAllLines(Path.of(c[1])).stream().map(Line::of).toList();
                    files.put(c[1], lines);
                }
                int first = Integer.parseInt(c[2]);
                int count = Integer.parseInt(c[3]);
                StringBuilder out = new StringBuilder();
                for (int i = first; i < first + count; i++) {
                    long wallStart = System.nanoTime();
                    long cpuStart = cpu.getCurrentThreadCpuTime();
                    run(mode, lines.get(i % lines.size()));
                    long cpuTime = cpu.getCurrentThreadCpuTime() - cpuStart;
                    long wall = System.nanoTime() - wallStart;
                    out.append(wall).append(' ').append(cpuTime).append(' ').append(hits).append(' ').append(facets)
                            .append('\n');
                }
                System.out.print(out.append(".\n"));
                System.out.flush();
            }
        }
        System.err.println("lucene: " + idSum + " is the sum of the hits' numbers");
    }
}
