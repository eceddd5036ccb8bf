import java.io.IOException;
import org.apache.lucene.index.NumericDocValues;
import org.apache.lucene.search.DocIdStream;
import org.apache.lucene.search.TotalHits;

/** What differs between Lucene's versions: this is for 9. */
final class Versioned {
    private Versioned() {}

    static void collect(DocIdStream stream, int[] docs, Driver.Lean lean) throws IOException {
        stream.forEach(lean::collect);
    }

    static void longValues(NumericDocValues column, int size, int[] docs, long[] values) throws IOException {
        for (int i = 0; i < size; i++) {
            values[i] = column.advanceExact(docs[i]) ? column.longValue() : -1;
        }
    }

    static long value(TotalHits hits) {
        return hits.value;
    }
}
