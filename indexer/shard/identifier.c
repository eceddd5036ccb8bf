#include "indexer/shard/identifier.h"

#include "indexer/base/limits.h"

static bool is_ignored(unsigned char c)
{
    return c < 0x80 && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z');
}

bool identifier_term(struct analysis *s, struct str value, struct buf *out)
{
    size_t start = out->size;

    if (value.size > 4 * LIMIT_TOKEN_BYTES)
        return false;
    buf_append_char(out, IDENTIFIER_PREFIX);
    analyze_fold(s, value, out);
    if (out->failed)
        return false;
    size_t kept = start + 1;
    for (size_t i = start + 1; i < out->size; i++) {
        if (!is_ignored((unsigned char)out->data[i]))
            out->data[kept++] = out->data[i];
    }
    if (kept == start + 1 || kept - start > LIMIT_TOKEN_BYTES)
        kept = start;
    out->size = kept;
    return kept > start;
}
