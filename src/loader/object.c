/* src/loader/object.c
 *
 * From a descriptor to a connector.  What was looked at is what is loaded: dlopen is given the
 * descriptor, not the path.  The machine it was built for is read from its head first, since the
 * dynamic linker's own words for that help nobody.
 */
#include "loader/object.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __LP64__
#define WORD_CLASS ELFCLASS64
#else
#define WORD_CLASS ELFCLASS32
#endif
#define WORD_ORDER (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB)

static const char *machine_name(unsigned machine)
{
    switch (machine) {
    case EM_X86_64:
        return "x86-64";
    case EM_386:
        return "i386";
    case EM_AARCH64:
        return "arm64";
    case EM_ARM:
        return "arm";
    case EM_RISCV:
        return "RISC-V";
    case EM_PPC64:
        return "POWER";
    case EM_S390:
        return "IBM Z";
    default:
        return "another machine";
    }
}

/* That of this library, from its own head in memory. */
static unsigned own_machine(void)
{
    static const int here = 0;
    ElfW(Ehdr) head = {.e_machine = EM_NONE};
    Dl_info info;

    if (dladdr(&here, &info) && info.dli_fbase)
        memcpy(&head, info.dli_fbase, sizeof head);
    return head.e_machine;
}

/* A file that was cut short (a copy that met a full disk) would be a signal when it is mapped. */
static bool is_whole(int fd, const ElfW(Ehdr) * head)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || head->e_phentsize != sizeof(ElfW(Phdr)))
        return false;
    for (size_t i = 0; i < head->e_phnum; i++) {
        ElfW(Phdr) part;
        off_t at = (off_t)(head->e_phoff + i * sizeof part);

        if (pread(fd, &part, sizeof part, at) != (ssize_t)sizeof part)
            return false;
        if (part.p_type == PT_LOAD && (part.p_filesz > (uint64_t)st.st_size ||
                                       part.p_offset > (uint64_t)st.st_size - part.p_filesz))
            return false;
    }
    return true;
}

static bool check_machine(const ElfW(Ehdr) * head, ds_err *err)
{
    if (head->e_ident[EI_CLASS] != WORD_CLASS || head->e_ident[EI_DATA] != WORD_ORDER)
        return ds_fail(err, DS_ERR_CONFIG,
                       "it is built for a machine of another word size or byte order; build it "
                       "for %s",
                       machine_name(own_machine()));
    if (head->e_machine != own_machine())
        return ds_fail(err, DS_ERR_CONFIG, "it is built for %s; build it for %s",
                       machine_name(head->e_machine), machine_name(own_machine()));
    return true;
}

static bool check_head(int fd, ds_err *err)
{
    ElfW(Ehdr) head;

    if (pread(fd, &head, sizeof head, 0) != (ssize_t)sizeof head ||
        memcmp(head.e_ident, ELFMAG, SELFMAG) != 0)
        return ds_fail(err, DS_ERR_CONFIG, "it is no shared object");
    if (!check_machine(&head, err))
        return false;
    if (head.e_type != ET_DYN)
        return ds_fail(err, DS_ERR_CONFIG, "it is no shared object");
    return is_whole(fd, &head) || ds_fail(err, DS_ERR_CONFIG, "it is cut short; install it again");
}

/* The dynamic linker names the object by the descriptor it was given: that says nothing to anyone.
 */
static const char *without_descriptor(const char *said)
{
    static const char before[] = "/proc/self/fd/";
    const char *colon = strstr(said, ": ");

    return strncmp(said, before, strlen(before)) == 0 && colon ? colon + 2 : said;
}

static void *open_object(int fd, const char *path, ds_err *err)
{
    char name[64];
    const char *said;
    void *handle;

    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (handle)
        return handle;
    said = dlerror();
    ds_fail(err, DS_ERR_CONFIG, "%.250s; `ldd %.150s` shows what it lacks",
            said ? without_descriptor(said) : "it cannot be loaded", path);
    return NULL;
}

/* The symbol as bytes, so that nothing is read that the object does not have; *n of them. */
static const void *find_symbol(void *handle, size_t *n)
{
    const void *at = dlsym(handle, DS_CONNECTOR_SYMBOL);
    const ElfW(Sym) *symbol = NULL;
    void *found = NULL;
    Dl_info info;

    *n = 0;
    if (!at || !dladdr1(at, &info, &found, RTLD_DL_SYMENT))
        return NULL;
    symbol = found;
    if (!symbol || ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT || info.dli_saddr != at)
        return NULL;
    *n = symbol->st_size;
    return at;
}

static const ds_connector *read_connector(void *handle, const char *kind, ds_err *err)
{
    struct {
        uint32_t abi, bytes;
    } head;
    size_t n;
    const void *at = find_symbol(handle, &n);

    if (!at || n < sizeof head) {
        ds_fail(err, DS_ERR_CONFIG,
                "it is no connector: it has no " DS_CONNECTOR_SYMBOL
                "; say DS_CONNECTOR(&source, &destination) in one of its files");
        return NULL;
    }
    memcpy(&head, at, sizeof head);
    if (head.abi != DS_CONNECTOR_ABI) {
        ds_fail(err, DS_ERR_CONFIG,
                "it was built for connector ABI %u, this durable-sync has %u; rebuild it with the "
                "headers of this version",
                head.abi, DS_CONNECTOR_ABI);
        return NULL;
    }
    if (head.bytes < sizeof(ds_connector) || n < sizeof(ds_connector)) {
        ds_fail(err, DS_ERR_CONFIG,
                "its " DS_CONNECTOR_SYMBOL " has %u bytes of %zu; rebuild it with the headers of "
                "this version",
                (unsigned)DS_MIN((size_t)head.bytes, n), sizeof(ds_connector));
        return NULL;
    }
    return ds_contract_check(at, kind, err) ? at : NULL;
}

bool ds_object_mentions(int fd, const char *text)
{
    char block[16 * 1024];
    size_t text_n = strlen(text), kept = 0;
    off_t at = 0;
    ssize_t got;

    while ((got = pread(fd, block + kept, sizeof block - kept, at)) > 0) {
        size_t n = kept + (size_t)got;

        if (memmem(block, n, text, text_n))
            return true;
        at += got;
        kept = DS_MIN(n, text_n - 1); /* it may lie across the end */
        memmove(block, block + n - kept, kept);
    }
    return false;
}

const ds_connector *ds_object_load(int fd, const char *path, const char *kind, ds_err *err)
{
    void *handle;
    const ds_connector *c;

    handle = check_head(fd, err) ? open_object(fd, path, err) : NULL;
    if (!handle) {
        close(fd);
        return NULL;
    }
    c = read_connector(handle, kind, err);
    if (!c)
        dlclose(handle); /* may leave it mapped, so that its name stays taken */
    return c;
}

const void *ds_object_symbol(int fd, const char *path, const char *symbol, ds_err *err)
{
    void *handle = check_head(fd, err) ? open_object(fd, path, err) : NULL;
    const void *found = handle ? dlsym(handle, symbol) : NULL;

    if (!handle)
        close(fd);
    else if (!found)
        ds_fail(err, DS_ERR_CONFIG, "it has no %s: it is of another release", symbol);
    return found;
}
