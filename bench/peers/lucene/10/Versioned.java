import java.io.IOException;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.search.DocIdStream;
import org.apache.lucene.search.TotalHits;

/** What differs between Lucene's versions: this is for 10. */
final class Versioned {
    private Versioned() {}

    static void collect(DocIdStream stream, int[] docs, Driver.Lean lean) throws IOException {
        for (int n; (n = stream.intoArray(docs)) != 0;) {
            lean.flush(n);
        }
    }

    static void longValues(NumericDocValues column, int size, int[] docs, long[] values) throws IOException {
        column.longValues(size, docs, values, -1L);
    }

    static long value(TotalHits hits) {
        return hits.value();
    }
}
