#include "indexer/base/gzip.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

enum {
    AUTOMATIC_FORMAT = 15 + 32, /* zlib's code for: either header, the largest window */
    GZIP_FORMAT = 15 + 16,
    MEMORY_LEVEL = 8,
    CHUNK_BYTES = 64 * 1024
};

struct inflater {
    z_stream stream;
    bool between_members;
    bool any_member; /* one was read to its end */
};

struct inflater *inflater_new(void)
{
    struct inflater *z = xcalloc(1, sizeof(*z));
    if (inflateInit2(&z->stream, AUTOMATIC_FORMAT) != Z_OK) {
        fatal("out of memory for an inflater");
    }
    z->between_members = true;
    return z;
}

void inflater_free(struct inflater *z)
{
    if (z) {
        inflateEnd(&z->stream);
        free(z);
    }
}

/* Behind a member: zeros pad (tapes and some shops' exports do so), anything else starts the next one. */
static void start_member(struct inflater *z)
{
    while (z->any_member && z->stream.avail_in && *z->stream.next_in == 0) {
        z->stream.next_in++;
        z->stream.avail_in--;
    }
    if (z->stream.avail_in) {
        if (z->any_member) {
            inflateReset(&z->stream);
        }
        z->between_members = false;
    }
}

/* One call of inflate into at most room bytes of out. */
static enum status step(struct inflater *z, struct buf *out, size_t room, struct error *err)
{
    size_t chunk = room < CHUNK_BYTES ? room : CHUNK_BYTES;
    char *to = buf_reserve(out, chunk);
    if (!to) {
        return error_set(err, STATUS_LIMIT, "inflated data is over %zu bytes", out->limit_bytes);
    }
    z->stream.next_out = (Bytef *)to;
    z->stream.avail_out = (uInt)chunk;
    int code = inflate(&z->stream, Z_NO_FLUSH);
    out->size += chunk - z->stream.avail_out;
    if (code == Z_STREAM_END) {
        z->between_members = true;
        z->any_member = true;
    } else if (code == Z_MEM_ERROR) {
        return error_set(err, STATUS_LIMIT, "out of memory while inflating");
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
        return error_set(err, STATUS_FORMAT, "compressed data is damaged: %s",
                         z->stream.msg ? z->stream.msg : "it needs a dictionary");
    }
    return STATUS_OK;
}

enum status inflater_push(struct inflater *z, struct str input, size_t *used, struct buf *out, size_t max_out,
                          struct error *err)
{
    size_t taken = input.size < UINT_MAX ? input.size : UINT_MAX;
    size_t start = out->size;
    enum status status = STATUS_OK;
    z->stream.next_in = (z_const Bytef *)input.data;
    z->stream.avail_in = (uInt)taken;
    while (status == STATUS_OK && out->size - start < max_out) {
        if (z->between_members) {
            start_member(z);
        }
        if (z->between_members) {
            break;
        }
        uInt before = z->stream.avail_in;
        size_t size_before = out->size;
        status = step(z, out, max_out - (out->size - start), err);
        if (z->stream.avail_in == before && out->size == size_before) {
            break; /* it wants more input */
        }
    }
    *used = taken - z->stream.avail_in;
    return status;
}

bool inflater_done(const struct inflater *z)
{
    return z->between_members && z->any_member;
}

enum status gzip_compress(struct str data, int level, struct buf *out)
{
    z_stream stream = {0};
    if (data.size > UINT_MAX / 2) {
        return STATUS_LIMIT;
    }
    if (deflateInit2(&stream, level, Z_DEFLATED, GZIP_FORMAT, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
        return STATUS_LIMIT;
    }
    enum status status = STATUS_LIMIT;
    uLong bound = deflateBound(&stream, data.size);
    char *to = buf_reserve(out, bound);
    if (to) {
        stream.next_in = (z_const Bytef *)data.data;
        stream.avail_in = (uInt)data.size;
        stream.next_out = (Bytef *)to;
        stream.avail_out = (uInt)bound;
        int code = deflate(&stream, Z_FINISH);
        if (code == Z_STREAM_END) {
            out->size += bound - stream.avail_out;
            status = STATUS_OK;
        }
    }
    deflateEnd(&stream);
    return status;
}
