#include "indexer/build/object_store.h"

#include <stdio.h>
#include <stdlib.h>

#include "indexer/base/file.h"
#include "indexer/base/hash.h"

#define BATCH_BYTES (256u << 10)

void object_store_init(struct object_store *s, const struct docs_dictionary *shared, size_t memory_bytes,
                       const char *temp_dir)
{
    *s = (struct object_store){
        .shared = shared, .compressor = docs_compressor_new(), .memory_bytes = memory_bytes, .temp_dir = temp_dir};
}

/* Waits for the thread, which then is no more. */
static enum status join(struct object_store *s, struct error *err)
{
    stage_free(s->stage);
    s->stage = NULL;
    if (s->status != STATUS_OK && err)
        *err = s->error;
    return s->status;
}

void object_store_release(struct object_store *s)
{
    (void)join(s, NULL);
    for (int i = 0; i < STAGE_BATCHES; i++) {
        buf_release(&s->batches[i].texts);
        vec_release(&s->batches[i].sizes);
    }
    if (s->file) {
        file_close(s->file);
        (void)!file_remove(s->path, NULL);
    }
    free(s->path);
    docs_dictionary_free(s->trained);
    docs_compressor_free(s->compressor);
    buf_release(&s->samples);
    vec_release(&s->sample_sizes);
    buf_release(&s->bytes);
    vec_release(&s->ends);
}

static enum status spill(struct object_store *s, struct error *err)
{
    enum status status = STATUS_OK;

    if (!s->file) {
        uint64_t number = 0;
        char path[4096];

        random_bytes(&number, sizeof(number));
        snprintf(path, sizeof(path), "%s/objects-%016llx.tmp", s->temp_dir, (unsigned long long)number);
        s->path = strcpy(xmalloc(strlen(path) + 1), path);
        status = file_open(&s->file, path, FILE_CREATE, err);
    }
    if (status == STATUS_OK)
        status = file_write_at(s->file, s->start, s->bytes.data, s->bytes.size, err);
    s->start += s->bytes.size;
    buf_clear(&s->bytes);
    return status;
}

static enum status put(struct object_store *s, struct str text, struct error *err)
{
    docs_compress(s->compressor, s->shared ? s->shared : s->trained, text, &s->bytes);
    vec_push(&s->ends, s->start + s->bytes.size);
    if (s->memory_bytes && s->temp_dir && s->bytes.size > s->memory_bytes / 16)
        return spill(s, err);
    return STATUS_OK;
}

/* Trains on what was kept so far and compresses it. */
static enum status settle(struct object_store *s, struct error *err)
{
    enum status status = STATUS_OK;
    size_t at = 0;

    s->trained = docs_dictionary_train(buf_str(&s->samples), s->sample_sizes.items, s->sample_sizes.count);
    for (size_t i = 0; status == STATUS_OK && i < s->sample_sizes.count; i++) {
        status = put(s, str_slice(buf_str(&s->samples), at, at + s->sample_sizes.items[i]), err);
        at += s->sample_sizes.items[i];
    }
    buf_release(&s->samples);
    vec_release(&s->sample_sizes);
    return status;
}

static enum status take_text(struct object_store *s, struct str text, struct error *err)
{
    if (s->shared || s->trained)
        return put(s, text, err);
    buf_append_str(&s->samples, text);
    vec_push(&s->sample_sizes, text.size);
    return s->samples.size >= DOCS_SAMPLE_BYTES ? settle(s, err) : STATUS_OK;
}

static void take_batch(void *context, void *batch)
{
    struct object_store *s = context;
    struct object_batch *b = batch;
    size_t at = 0;

    for (size_t i = 0; s->status == STATUS_OK && i < b->sizes.count; i++) {
        s->status = take_text(s, str_slice(buf_str(&b->texts), at, at + b->sizes.items[i]), &s->error);
        at += b->sizes.items[i];
    }
    buf_clear(&b->texts);
    b->sizes.count = 0;
    if (s->status != STATUS_OK)
        atomic_store(&s->failed, true);
}

enum status object_store_add(struct object_store *s, struct str text, struct error *err)
{
    struct object_batch *b = NULL;

    if (!s->memory_bytes || !s->temp_dir)
        return take_text(s, text, err);
    if (!s->stage) {
        void *batches[STAGE_BATCHES];

        for (int i = 0; i < STAGE_BATCHES; i++)
            batches[i] = &s->batches[i];
        s->stage = stage_new("compress", batches, take_batch, s);
    }
    b = stage_batch(s->stage);
    buf_append_str(&b->texts, text);
    vec_push(&b->sizes, text.size);
    if (b->texts.size >= BATCH_BYTES)
        stage_send(s->stage);
    return atomic_load(&s->failed) ? join(s, err) : STATUS_OK;
}

static enum status write_one(struct object_store *s, uint32_t old, struct docs_writer *out, struct buf *piece,
                             struct error *err)
{
    uint64_t from = old ? s->ends.items[old - 1] : 0;
    size_t size = (size_t)(s->ends.items[old] - from), got = 0;
    enum status status = STATUS_OK;

    if (from >= s->start) {
        docs_writer_put(out, (struct str){s->bytes.data + (from - s->start), size});
        return STATUS_OK;
    }
    buf_clear(piece);
    buf_reserve(piece, size);
    status = file_read_at(s->file, from, piece->data, size, &got, err);
    if (status == STATUS_OK && got < size)
        status = error_set(err, STATUS_IO, "'%s': ends before its end", s->path);
    if (status == STATUS_OK)
        docs_writer_put(out, (struct str){piece->data, size});
    return status;
}

enum status object_store_write(struct object_store *s, const uint32_t *old_of_new, uint32_t count,
                               struct container_writer *w, struct error *err)
{
    struct docs_writer out;
    struct buf piece = BUF_EMPTY;
    enum status status = STATUS_OK;

    if (s->stage)
        stage_send(s->stage);
    status = join(s, err);
    if (status == STATUS_OK && !s->shared && !s->trained)
        status = settle(s, err);
    docs_writer_begin(&out, w, count);
    for (uint32_t i = 0; status == STATUS_OK && i < count; i++)
        status = write_one(s, old_of_new[i], &out, &piece, err);
    docs_writer_end(&out, docs_dictionary_bytes(s->shared ? s->shared : s->trained));
    buf_release(&piece);
    return status;
}
