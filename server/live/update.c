#include "server/live/update.h"

static const struct {
    enum status status;
    const char *text;
} REASONS[UPDATE_REASON_END] = {
    [UPDATE_FINE] = {STATUS_OK, ""},
    [UPDATE_MALFORMED] = {STATUS_INPUT, "the line is malformed"},
    [UPDATE_NOT_MUTABLE] = {STATUS_INPUT, "the settings' 'mutableAttributes' do not name the attribute"},
    [UPDATE_NOT_A_NUMBER] = {STATUS_INPUT, "the attribute is not a number"},
    [UPDATE_KEY_NOT_TAKEN] = {STATUS_INPUT, "increments and decrements take no timestamp and no version"},
    [UPDATE_WRONG_KEY] = {STATUS_INPUT, "the settings order the attribute by another kind of key"},
    [UPDATE_FUTURE] = {STATUS_INPUT, "the timestamp is more than a minute ahead"},
    [UPDATE_WRONG_ID] = {STATUS_INPUT, "objectID must have 1 to 512 bytes of UTF-8"},
    [UPDATE_BELOW_MIN] = {STATUS_CONFLICT, "the result would be below 'min'"},
    [UPDATE_OTHER_VERSION] = {STATUS_CONFLICT, "'ifVersion' is not the attribute's key"},
    [UPDATE_TOO_LITTLE] = {STATUS_CONFLICT, "the stock is below 'ifStockAtLeast'"},
    [UPDATE_UNKNOWN_OBJECT] = {STATUS_NOT_FOUND, "there is no such object"},
    [UPDATE_HELD_FULL] = {STATUS_BUSY, "there is no such object, and no room to hold the update"},
    [UPDATE_NEEDS_WRITE] = {STATUS_CONFLICT, "the object must be written anew"},
    [UPDATE_TOO_LARGE] = {STATUS_LIMIT, "the object would be too large"},
    [UPDATE_NOT_WRITTEN] = {STATUS_IO, "the update could not be written"},
};

enum status update_status(enum update_reason reason)
{
    return REASONS[reason].status;
}

const char *update_reason_text(enum update_reason reason)
{
    return REASONS[reason].text;
}
