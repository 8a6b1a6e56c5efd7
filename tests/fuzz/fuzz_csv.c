/* tests/fuzz/fuzz_csv.c
 *
 * CSV as a source: the same records however the pages are cut; and a row that is written from its
 * values reads as them.
 *
 * Input: one byte (records of a small page, and the delimiter), then the file.
 */
#include "fuzz/pages.h"

#include "connectors/file/csv.h"
#include "connectors/file/file.h"

#include <string.h>

static void write_and_read(const ds_record *rec, char delimiter)
{
    DS_AUTO_BUF(row, 64 * DS_MIB);
    uint32_t i = 0;
    char *at, *end;

    for (; i < rec->props_n; i++) {
        if (i)
            ds_buf_char(&row, delimiter);
        ds_csv_add(&row, rec->props[i].value.as.text, delimiter);
    }
    ds_buf_char(&row, '\n'); /* the line end, which the last value may be ended over */
    end = row.data + row.n - 1;
    at = row.data;
    for (i = 0; at; i++) {
        ds_csv_field field = ds_csv_next(&at, end, delimiter);
        const char *text = ds_csv_value(&field);

        fuzz_must(i < rec->props_n && !field.bad, "a value too many: %s", text);
        fuzz_must(strcmp(text, rec->props[i].value.as.text) == 0, "%s became %s",
                  rec->props[i].value.as.text, text);
    }
    fuzz_must(i == rec->props_n, "%u values of %u", i, rec->props_n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const delimiters[] = {",", ";", "\t", "|"};
    DS_AUTO(ds_arena) a = ds_arena_new();
    fuzz_input in = {(const char *)data, n};
    unsigned byte = fuzz_byte(&in);
    const char *path = fuzz_path(a, "a.csv"), *delimiter = delimiters[byte / 8 % 4];
    fuzz_source from = {&ds_file_source, {{"path", path}, {"key", "id"}, {"delimiter", delimiter}}};
    fuzz_read all;

    fuzz_put(path, in.at, in.left);
    all = fuzz_every_way(&from, byte % 7 + 1, a);
    for (size_t i = 0; i < all.n; i++) {
        if (!all.records[i]->hold && all.records[i]->props_n)
            write_and_read(all.records[i], *delimiter);
    }
    return 0;
}
