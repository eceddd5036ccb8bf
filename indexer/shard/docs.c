#include "indexer/shard/docs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <zdict.h>
#include <zstd.h>

#define LEVEL       3
#define SAMPLES_MIN 100

struct docs_dictionary {
    struct buf bytes;
    ZSTD_CDict *compress; /* made at the first use: readers never need it */
    ZSTD_DDict *decompress;
    pthread_mutex_t lock;
};

struct docs_compressor {
    ZSTD_CCtx *context;
};

struct docs_dictionary *docs_dictionary_new(struct str bytes)
{
    struct docs_dictionary *d = xcalloc(1, sizeof(*d));

    buf_append_str(&d->bytes, bytes);
    pthread_mutex_init(&d->lock, NULL);
    if (bytes.size)
        d->decompress = ZSTD_createDDict(bytes.data, bytes.size);
    return d;
}

void docs_dictionary_free(struct docs_dictionary *d)
{
    if (!d)
        return;
    ZSTD_freeCDict(d->compress);
    ZSTD_freeDDict(d->decompress);
    pthread_mutex_destroy(&d->lock);
    buf_release(&d->bytes);
    free(d);
}

struct str docs_dictionary_bytes(const struct docs_dictionary *d)
{
    return buf_str(&d->bytes);
}

struct docs_dictionary *docs_dictionary_train(struct str samples, const size_t *sizes, size_t count)
{
    struct docs_dictionary *d = NULL;
    char *bytes = NULL;
    size_t capacity = samples.size / 10 < DOCS_DICTIONARY_BYTES ? samples.size / 10 : DOCS_DICTIONARY_BYTES;
    size_t size = 0;

    if (count >= SAMPLES_MIN && count <= UINT32_MAX && capacity >= 1024) {
        bytes = xmalloc(capacity);
        size = ZDICT_trainFromBuffer(bytes, capacity, samples.data, sizes, (unsigned)count);
        if (ZDICT_isError(size))
            size = 0;
    }
    d = docs_dictionary_new((struct str){bytes, size});
    free(bytes);
    return d;
}

struct docs_compressor *docs_compressor_new(void)
{
    struct docs_compressor *c = xcalloc(1, sizeof(*c));

    c->context = ZSTD_createCCtx();
    if (!c->context)
        fatal("out of memory for a compressor");
    return c;
}

void docs_compressor_free(struct docs_compressor *c)
{
    if (!c)
        return;
    ZSTD_freeCCtx(c->context);
    free(c);
}

static const ZSTD_CDict *compress_dictionary(const struct docs_dictionary *d)
{
    struct docs_dictionary *m = (struct docs_dictionary *)d;

    if (d->bytes.size == 0)
        return NULL;
    pthread_mutex_lock(&m->lock);
    if (!m->compress)
        m->compress = ZSTD_createCDict(d->bytes.data, d->bytes.size, LEVEL);
    pthread_mutex_unlock(&m->lock);
    return m->compress;
}

void docs_compress(struct docs_compressor *c, const struct docs_dictionary *d, struct str text, struct buf *out)
{
    const ZSTD_CDict *dictionary = compress_dictionary(d);
    size_t bound = ZSTD_compressBound(text.size);
    char *to = buf_reserve(out, bound);
    size_t size = 0;

    if (!to)
        return;
    if (dictionary)
        size = ZSTD_compress_usingCDict(c->context, to, bound, text.data, text.size, dictionary);
    else
        size = ZSTD_compressCCtx(c->context, to, bound, text.data, text.size, LEVEL);
    if (ZSTD_isError(size))
        fatal("compression failed: %s", ZSTD_getErrorName(size));
    out->size += size;
}

/* --- a decompression context a thread --- */
static pthread_key_t context_key;
static pthread_once_t context_once = PTHREAD_ONCE_INIT;

static void context_free(void *context)
{
    ZSTD_freeDCtx(context);
}

static void context_key_make(void)
{
    if (pthread_key_create(&context_key, context_free) != 0)
        fatal("no thread key left");
}

static ZSTD_DCtx *thread_context(void)
{
    ZSTD_DCtx *context = NULL;

    pthread_once(&context_once, context_key_make);
    context = pthread_getspecific(context_key);
    if (!context) {
        context = ZSTD_createDCtx();
        if (!context || pthread_setspecific(context_key, context) != 0)
            fatal("out of memory for a decompressor");
    }
    return context;
}

enum status docs_decompress(const struct docs_dictionary *d, struct str bytes, size_t limit_bytes, struct buf *out,
                            struct error *err)
{
    unsigned long long stated = ZSTD_getFrameContentSize(bytes.data, bytes.size);
    char *to = NULL;
    size_t size = 0;

    if (stated == ZSTD_CONTENTSIZE_ERROR || stated == ZSTD_CONTENTSIZE_UNKNOWN || stated > limit_bytes)
        return error_set(err, STATUS_FORMAT, "stored object: is no compressed frame");
    to = buf_reserve(out, (size_t)stated + 1);
    if (!to)
        return error_set(err, STATUS_LIMIT, "stored object: larger than its buffer");
    if (d->decompress)
        size = ZSTD_decompress_usingDDict(thread_context(), to, (size_t)stated, bytes.data, bytes.size, d->decompress);
    else
        size = ZSTD_decompressDCtx(thread_context(), to, (size_t)stated, bytes.data, bytes.size);
    if (ZSTD_isError(size) || size != stated)
        return error_set(err, STATUS_FORMAT, "stored object: %s",
                         ZSTD_isError(size) ? ZSTD_getErrorName(size) : "wrong size");
    out->size += size;
    return STATUS_OK;
}
