/* tests/fuzz/fuzz_jsonl.c
 *
 * JSON lines as a source: every line that is not blank is one record or one held one, however the
 * pages are cut.
 *
 * Input: one byte (records of a small page), then the file.
 */
#include "fuzz/pages.h"

#include "connectors/file/file.h"

#include <string.h>

static bool is_blank(const char *line, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (line[i] != ' ' && line[i] != '\t' && line[i] != '\r')
            return false;
    }
    return true;
}

static size_t count_lines(const char *text, size_t n)
{
    size_t count = 0;

    if (n >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        text += 3;
        n -= 3;
    }
    while (n) {
        const char *end = memchr(text, '\n', n);
        size_t len = end ? (size_t)(end - text) : n, step = len + (end != NULL);

        count += !is_blank(text, len);
        text += step;
        n -= step;
    }
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    DS_AUTO(ds_arena) a = ds_arena_new();
    fuzz_input in = {(const char *)data, n};
    size_t small = fuzz_byte(&in) % 7 + 1;
    const char *path = fuzz_path(a, "a.jsonl");
    fuzz_source from = {&ds_file_source, {{"path", path}, {"key", "id"}}};
    fuzz_read all;

    fuzz_put(path, in.at, in.left);
    all = fuzz_every_way(&from, small, a);
    if (all.whole)
        fuzz_must(all.n == count_lines(in.at, in.left), "%zu records", all.n);
    else
        fuzz_must(all.n == 0, "%zu records before %s", all.n, all.err.text);
    return 0;
}
