/* tests/fuzz/replay.c
 *
 * Runs a fuzz target over its corpus, in the place of libFuzzer: every file of the folders named,
 * each in memory of its own size.  Each file is a test in TAP's words, and a folder without a file
 * is a failure.
 */
#include "fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void replay(const char *path)
{
    FILE *file = fopen(path, "rb");
    long size;
    uint8_t *data;

    fuzz_must(file && fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0, "%s", path);
    rewind(file);
    data = malloc((size_t)size ? (size_t)size : 1);
    fuzz_must(data && fread(data, 1, (size_t)size, file) == (size_t)size, "%s", path);
    fclose(file);
    LLVMFuzzerTestOneInput(data, (size_t)size);
    free(data);
}

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* The files in the order of their names, so that a failure happens again. */
static int replay_folder(const char *folder, int number)
{
    struct dirent **names;
    int n = scandir(folder, &names, is_shown, alphasort);
    char path[4096];

    fuzz_must(n > 0, "no corpus in %s", folder);
    for (int i = 0; i < n; i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
        fprintf(stderr, "# %s\n", path); /* whose sanitizer's report follows, if one does */
        replay(path);
        printf("ok %d - %s\n", ++number, names[i]->d_name);
        free(names[i]);
    }
    free(names);
    return number;
}

int main(int argc, char **argv)
{
    int number = 0;

    LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    printf("ok %d - nothing at all\n", ++number);
    for (int i = 1; i < argc; i++)
        number = replay_folder(argv[i], number);
    printf("1..%d\n", number);
    return argc > 1 ? 0 : 2;
}
