#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "indexer/base/file.h"
#include "indexer/base/gzip.h"
#include "indexer/build/feed_internal.h"

struct feed_source {
    struct file *file; /* NULL: standard input */
    uint64_t read_bytes;
    uint64_t total_bytes;
    struct inflater *inflater; /* NULL: plain */
    bool input_ended;

    struct buf packed; /* read, not yet unpacked: from packed_at */
    size_t packed_at;
    struct buf raw; /* unpacked, not yet decoded: used only when there is an encoding to decode */
    enum feed_encoding encoding;
    struct buf window; /* from window_at */
    size_t window_at;
    uint64_t offset;
    bool ended;
    struct error failure; /* what ended the reading too early */
};

static enum status read_some(struct feed_source *s, struct buf *out, struct error *err)
{
    char *to = buf_reserve(out, FEED_CHUNK_BYTES);
    size_t got = 0;
    if (s->file) {
        enum status status = file_read_at(s->file, s->read_bytes, to, FEED_CHUNK_BYTES, &got, err);
        if (status != STATUS_OK) {
            return status;
        }
    } else {
        ssize_t n;
        do {
            n = read(STDIN_FILENO, to, FEED_CHUNK_BYTES);
        } while (n < 0 && errno == EINTR);
        if (n < 0) {
            return error_errno(err, "standard input");
        }
        got = (size_t)n;
    }
    s->input_ended = got == 0;
    s->read_bytes += got;
    out->size += got;
    return STATUS_OK;
}

enum status feed_source_open(struct feed_source **out, const char *path, struct error *err)
{
    struct feed_source *s = xcalloc(1, sizeof(*s));
    enum status status = STATUS_OK;
    if (strcmp(path, "-") != 0) {
        status = file_open(&s->file, path, FILE_READ, err);
        if (status == STATUS_OK) {
            status = file_size(s->file, &s->total_bytes, err);
        }
    }
    if (status == STATUS_OK) {
        status = read_some(s, &s->packed, err);
    }
    if (status == STATUS_OK && gzip_is(buf_str(&s->packed))) {
        s->inflater = inflater_new();
    }
    if (status != STATUS_OK) {
        feed_source_close(s);
        s = NULL;
    }
    *out = s;
    return status;
}

void feed_source_close(struct feed_source *s)
{
    if (!s) {
        return;
    }
    file_close(s->file);
    inflater_free(s->inflater);
    buf_release(&s->packed);
    buf_release(&s->raw);
    buf_release(&s->window);
    free(s);
}

static enum status inflate_some(struct feed_source *s, struct str input, size_t *used, struct buf *out,
                                struct error *err)
{
    size_t before = out->size;
    enum status status = inflater_push(s->inflater, input, used, out, FEED_CHUNK_BYTES, err);
    if (status == STATUS_OK && input.size == 0 && out->size == before && !inflater_done(s->inflater)) {
        status = error_set(err, STATUS_FORMAT, "the gzip stream ends before its end");
    }
    return status;
}

/* Appends some unpacked bytes to out; none means the end. */
static enum status unpack_some(struct feed_source *s, struct buf *out, struct error *err)
{
    size_t before = out->size;
    bool last = false;
    while (out->size == before && !last) {
        if (s->packed_at == s->packed.size && !s->input_ended) {
            buf_clear(&s->packed);
            s->packed_at = 0;
            enum status status = read_some(s, &s->packed, err);
            if (status != STATUS_OK) {
                return status;
            }
        }
        struct str rest = {s->packed.data + s->packed_at, s->packed.size - s->packed_at};
        size_t used = rest.size;
        last = rest.size == 0;
        if (s->inflater) {
            enum status status = inflate_some(s, rest, &used, out, err);
            if (status != STATUS_OK) {
                return status;
            }
        } else {
            buf_append(out, rest.data, rest.size);
        }
        s->packed_at += used;
    }
    return STATUS_OK;
}

static enum status fill_some(struct feed_source *s, struct error *err)
{
    if (s->encoding == FEED_UTF8) {
        size_t before = s->window.size;
        enum status status = unpack_some(s, &s->window, err);
        s->ended = status == STATUS_OK && s->window.size == before;
        return status;
    }
    size_t before = s->raw.size;
    enum status status = unpack_some(s, &s->raw, err);
    if (status != STATUS_OK) {
        return status;
    }
    s->ended = s->raw.size == before;
    size_t used = feed_encoding_decode(s->encoding, buf_str(&s->raw), s->ended, &s->window);
    memmove(s->raw.data, s->raw.data + used, s->raw.size - used);
    s->raw.size -= used;
    return STATUS_OK;
}

void feed_source_fill(struct feed_source *s, size_t wanted)
{
    if (s->window_at > 0 && s->window.size - s->window_at < wanted) {
        memmove(s->window.data, s->window.data + s->window_at, s->window.size - s->window_at);
        s->window.size -= s->window_at;
        s->window_at = 0;
    }
    while (!s->ended && s->window.size - s->window_at < wanted) {
        if (fill_some(s, &s->failure) != STATUS_OK) {
            s->ended = true; /* what was read so far is good: the reader takes it first */
        }
    }
}

enum status feed_source_failure(const struct feed_source *s, struct error *err)
{
    if (s->failure.code != STATUS_OK && err) {
        *err = s->failure;
    }
    return s->failure.code;
}

struct str feed_source_window(const struct feed_source *s)
{
    return (struct str){s->window.data ? s->window.data + s->window_at : "", s->window.size - s->window_at};
}

bool feed_source_ended(const struct feed_source *s)
{
    return s->ended;
}

void feed_source_consume(struct feed_source *s, size_t size)
{
    s->window_at += size;
    s->offset += size;
}

void feed_source_decode(struct feed_source *s, enum feed_encoding encoding)
{
    struct str window = feed_source_window(s);
    buf_append(&s->raw, window.data, window.size);
    buf_clear(&s->window);
    s->window_at = 0;
    s->encoding = encoding;
    size_t used = feed_encoding_decode(encoding, buf_str(&s->raw), s->ended, &s->window);
    memmove(s->raw.data, s->raw.data + used, s->raw.size - used);
    s->raw.size -= used;
}

uint64_t feed_source_offset(const struct feed_source *s)
{
    return s->offset;
}

uint64_t feed_source_bytes_read(const struct feed_source *s)
{
    return s->read_bytes;
}

uint64_t feed_source_bytes_total(const struct feed_source *s)
{
    return s->total_bytes;
}
