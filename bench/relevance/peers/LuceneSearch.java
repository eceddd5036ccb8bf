// Lucene's part of engines.py: BM25 with boosted fields, summed and the best one, and combined fields (BM25F).
import java.io.*;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.*;
import org.apache.lucene.analysis.*;
import org.apache.lucene.analysis.en.EnglishAnalyzer;
import org.apache.lucene.analysis.tokenattributes.CharTermAttribute;
import org.apache.lucene.document.*;
import org.apache.lucene.index.*;
import org.apache.lucene.search.*;
import org.apache.lucene.store.*;
import org.apache.lucene.util.BytesRef;

public class LuceneSearch {
    static final int HITS = 100;
    static final Analyzer ANALYZER = new EnglishAnalyzer();

    static List<String[]> read(String path, int columns) throws IOException {
        List<String[]> rows = new ArrayList<>();
        for (String line : Files.readAllLines(Path.of(path), StandardCharsets.UTF_8))
            rows.add(Arrays.copyOf(line.split("\t", -1), columns));
        return rows;
    }

    static Set<String> terms(String text) throws IOException {
        Set<String> found = new LinkedHashSet<>();
        try (TokenStream stream = ANALYZER.tokenStream("f", text)) {
            CharTermAttribute term = stream.addAttribute(CharTermAttribute.class);
            stream.reset();
            while (stream.incrementToken())
                found.add(term.toString());
            stream.end();
        }
        return found;
    }

    static String field(int i) {
        return "f" + i;
    }

    // A word: the sum over fields, or with tie 0 its best field.
    static Query word(String term, float[] weights, boolean best) {
        List<Query> parts = new ArrayList<>();
        for (int i = 0; i < weights.length; i++)
            parts.add(new BoostQuery(new TermQuery(new Term(field(i), term)), weights[i]));
        if (best)
            return new DisjunctionMaxQuery(parts, 0);
        BooleanQuery.Builder sum = new BooleanQuery.Builder();
        for (Query part : parts)
            sum.add(part, BooleanClause.Occur.SHOULD);
        return sum.build();
    }

    static Query combined(String term, float[] weights) {
        BM25FQuery.Builder builder = new BM25FQuery.Builder();
        for (int i = 0; i < weights.length; i++)
            builder.addField(field(i), weights[i]);
        builder.addTerm(new BytesRef(term));
        return builder.build();
    }

    static void search(IndexSearcher searcher, String[] query, float[] weights, String label) throws IOException {
        BooleanQuery.Builder any = new BooleanQuery.Builder();
        for (String term : terms(query[1])) {
            Query one = label.equals("combined fields") ? combined(term, weights)
                                                        : word(term, weights, label.equals("BM25, best field"));
            any.add(one, BooleanClause.Occur.SHOULD);
        }
        for (ScoreDoc hit : searcher.search(any.build(), HITS).scoreDocs)
            System.out.println(query[0] + "\t" + searcher.doc(hit.doc).get("id") + "\t" + label);
    }

    public static void main(String[] args) throws IOException {
        // combined fields take weights from 1 on
        float[] weights = new float[args.length - 3];
        float least = 1;
        for (int i = 0; i < weights.length; i++)
            least = Math.min(least, Float.parseFloat(args[3 + i]));
        for (int i = 0; i < weights.length; i++)
            weights[i] = Float.parseFloat(args[3 + i]) / least;
        try (Directory directory = FSDirectory.open(Path.of(args[0]))) {
            try (IndexWriter writer = new IndexWriter(directory, new IndexWriterConfig(ANALYZER))) {
                for (String[] row : read(args[1], weights.length + 1)) {
                    Document document = new Document();
                    document.add(new StringField("id", row[0], Field.Store.YES));
                    for (int i = 0; i < weights.length; i++)
                        document.add(new TextField(field(i), row[i + 1] == null ? "" : row[i + 1], Field.Store.NO));
                    writer.addDocument(document);
                }
            }
            try (DirectoryReader reader = DirectoryReader.open(directory)) {
                IndexSearcher searcher = new IndexSearcher(reader);
                for (String label : List.of("BM25, sum of fields", "BM25, best field", "combined fields")) {
                    for (String[] query : read(args[2], 2))
                        search(searcher, query, weights, label);
                }
            }
        }
    }
}
