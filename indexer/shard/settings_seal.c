#include <inttypes.h>
#include <stdio.h>

#include "indexer/base/buf.h"
#include "indexer/base/hash.h"
#include "indexer/shard/settings.h"

enum { SEAL_BYTES = 19 }; /* a line's end, '#', 16 digits, a line's end */

static void seal_of(struct str text, char out[SEAL_BYTES + 1])
{
    snprintf(out, SEAL_BYTES + 1, "\n#%016" PRIx64 "\n", hash64(text.data, text.size));
}

void settings_seal(struct buf *text)
{
    char seal[SEAL_BYTES + 1];

    seal_of(buf_str(text), seal);
    buf_append(text, seal, SEAL_BYTES);
}

enum status settings_unseal(struct str *text, struct error *err)
{
    char seal[SEAL_BYTES + 1];
    struct str document;

    if (text->size < SEAL_BYTES || memcmp(text->data + text->size - SEAL_BYTES, "\n#", 2) != 0)
        return STATUS_OK;
    document = str_slice(*text, 0, text->size - SEAL_BYTES);
    seal_of(document, seal);
    if (memcmp(text->data + document.size, seal, SEAL_BYTES) != 0)
        return error_set(err, STATUS_FORMAT, "the checksum does not match");
    *text = document;
    return STATUS_OK;
}
