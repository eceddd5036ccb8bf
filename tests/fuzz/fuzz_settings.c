/* Any bytes as settings: refused with a message, or compiled, written, and read back as the same. Links: aisle_shard */
#include <stdlib.h>

#include "indexer/shard/dictionary.h"
#include "indexer/shard/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct settings *s = NULL, *back = NULL;
    struct error err = {0};
    struct buf out = BUF_EMPTY;

    if (settings_parse(&s, (struct str){(const char *)data, size}, NULL, &err) != STATUS_OK) {
        require(s == NULL && err.message[0] != '\0');
        return 0;
    }
    require(s->field_count >= 1 && s->group_attribute.size > 0);
    dictionary_free(dictionary_new(s));
    settings_write(s, &out, size % 2);
    require(settings_parse(&back, buf_str(&out), NULL, &err) == STATUS_OK);
    require(settings_compare(s, back) != SETTINGS_REBUILD);
    require(settings_compare(back, back) == SETTINGS_SAME);
    settings_free(back);
    settings_free(s);
    buf_release(&out);
    return 0;
}
