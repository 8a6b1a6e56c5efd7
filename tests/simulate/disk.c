/* tests/simulate/disk.c
 *
 * Files in memory, each twice: as a process sees it, and as a power cut would leave it.  Between
 * the two is the list of what was done and not synced, from which a cut takes nothing, all, the
 * first ones, or some, with writes torn at sectors of 512 bytes.  Names are durable only once their
 * directory is synced.
 */
#include "tests/simulate/sim.h"

#include <string.h>

enum { INODES = 64, NAMES = 12, NAME_MAX_ = 64, SECTOR = 512 };

typedef struct bytes {
    char *data;
    size_t n, cap;
} bytes;

struct inode {
    bytes live, durable;
    bool used;
};

typedef enum op_kind { OP_WRITE, OP_TRUNCATE, OP_LINK, OP_UNLINK } op_kind;

typedef struct op {
    op_kind kind;
    inode *f;
    int name; /* LINK, UNLINK */
    size_t at, n, data;
    bool done;
} op;

static struct {
    inode inodes[INODES];
    struct {
        char text[NAME_MAX_];
        inode *live, *durable;
    } names[NAMES];
    op *ops;
    size_t ops_n, ops_cap;
    bytes pool;   /* what the writes wrote */
    long version; /* of what is durable */
    bytes backup[NAMES];
    bool backed_up[NAMES], has_backup;
} disk;

static void resize(bytes *b, size_t n)
{
    if (n > b->cap) {
        b->cap = DS_MAX(n, b->cap * 2);
        b->data = keep_realloc(b->data, b->cap);
    }
    if (n > b->n)
        memset(b->data + b->n, 0, n - b->n);
    b->n = n;
}

static void put(bytes *b, size_t at, const void *data, size_t n)
{
    if (at + n > b->n)
        resize(b, at + n);
    if (n)
        memcpy(b->data + at, data, n);
}

static void copy(bytes *to, const bytes *from)
{
    to->n = 0;
    put(to, 0, from->data, from->n);
    resize(to, from->n);
}

void disk_format(void)
{
    for (size_t i = 0; i < INODES; i++) {
        disk.inodes[i].used = false;
        disk.inodes[i].live.n = disk.inodes[i].durable.n = 0;
    }
    memset(disk.names, 0, sizeof(disk.names));
    disk.ops_n = disk.pool.n = 0;
    disk.has_backup = false;
}

/* ---- names ----------------------------------------------------------------------------------- */

static int name_of(const char *text)
{
    for (int i = 0; i < NAMES; i++) {
        if (!disk.names[i].text[0])
            strncpy(disk.names[i].text, text, NAME_MAX_ - 1);
        if (!strcmp(disk.names[i].text, text))
            return i;
    }
    violation("the disk has no room for the name %s", text);
    return 0;
}

static bool referenced(const inode *f)
{
    for (int i = 0; i < NAMES; i++)
        if (disk.names[i].live == f || disk.names[i].durable == f)
            return true;
    for (size_t i = 0; i < disk.ops_n; i++)
        if (disk.ops[i].f == f)
            return true;
    return false;
}

static inode *new_inode(void)
{
    for (size_t i = 0; i < INODES; i++) {
        inode *f = &disk.inodes[i];

        if (f->used && referenced(f))
            continue;
        f->used = true;
        f->live.n = f->durable.n = 0;
        return f;
    }
    violation("the disk has no room for another file");
    return &disk.inodes[0];
}

static op *add_op(op_kind kind, inode *f)
{
    if (disk.ops_n == disk.ops_cap) {
        disk.ops_cap = disk.ops_cap ? disk.ops_cap * 2 : 256;
        disk.ops = keep_realloc(disk.ops, disk.ops_cap * sizeof(*disk.ops));
    }
    disk.ops[disk.ops_n] = (op){.kind = kind, .f = f};
    return &disk.ops[disk.ops_n++];
}

inode *disk_find(const char *name)
{
    return disk.names[name_of(name)].live;
}

inode *disk_create(const char *name)
{
    int at = name_of(name);
    inode *f = new_inode();

    disk.names[at].live = f;
    add_op(OP_LINK, f)->name = at;
    return f;
}

void disk_delete(const char *name)
{
    int at = name_of(name);

    if (!disk.names[at].live)
        return;
    add_op(OP_UNLINK, disk.names[at].live)->name = at;
    disk.names[at].live = NULL;
}

/* ---- contents -------------------------------------------------------------------------------- */

void disk_write(inode *f, size_t at, const void *data, size_t n)
{
    op *o = add_op(OP_WRITE, f);

    put(&f->live, at, data, n);
    o->at = at;
    o->n = n;
    o->data = disk.pool.n;
    put(&disk.pool, disk.pool.n, data, n);
}

size_t disk_read(const inode *f, size_t at, void *data, size_t n)
{
    size_t there = at < f->live.n ? DS_MIN(n, f->live.n - at) : 0;

    if (there)
        memcpy(data, f->live.data + at, there);
    return there;
}

void disk_truncate(inode *f, size_t n)
{
    resize(&f->live, n);
    add_op(OP_TRUNCATE, f)->n = n;
}

size_t disk_size(const inode *f)
{
    return f->live.n;
}

/* ---- becoming durable ------------------------------------------------------------------------ */

static void apply(const op *o, bool torn)
{
    disk.version++;
    switch (o->kind) {
    case OP_WRITE:
        for (size_t at = 0; at < o->n;) {
            size_t part = DS_MIN(SECTOR - (o->at + at) % SECTOR, o->n - at);

            if (!torn || dice(2))
                put(&o->f->durable, o->at + at, disk.pool.data + o->data + at, part);
            at += part;
        }
        break;
    case OP_TRUNCATE:
        resize(&o->f->durable, o->n);
        break;
    case OP_LINK:
        disk.names[o->name].durable = o->f;
        break;
    case OP_UNLINK:
        if (disk.names[o->name].durable == o->f)
            disk.names[o->name].durable = NULL;
        break;
    }
}

static bool is_of_names(const op *o)
{
    return o->kind == OP_LINK || o->kind == OP_UNLINK;
}

/* Those of `f`, or with NULL those of names. */
static void apply_some(const inode *f)
{
    size_t kept = 0;

    for (size_t i = 0; i < disk.ops_n; i++) {
        op *o = &disk.ops[i];

        if (f ? !is_of_names(o) && o->f == f : is_of_names(o))
            apply(o, false);
        else
            disk.ops[kept++] = *o;
    }
    disk.ops_n = kept;
    if (!kept)
        disk.pool.n = 0;
}

void disk_sync(inode *f)
{
    apply_some(f);
}

void disk_sync_names(void)
{
    apply_some(NULL);
}

/* ---- cuts ------------------------------------------------------------------------------------ */

static bool survives(int how, size_t nth, size_t n)
{
    switch (how) {
    case 1: /* nothing */
        return false;
    case 2: /* everything */
        return true;
    case 3:
        return nth < n / 3;
    case 4:
        return nth < n * 2 / 3;
    default:
        return dice(2);
    }
}

void disk_cut(int how)
{
    if (how == 0)
        return; /* the system lives on, and writes it all some day */
    for (size_t i = 0; i < disk.ops_n; i++)
        if (survives(how, i, disk.ops_n))
            apply(&disk.ops[i], how >= 6);
    disk.ops_n = disk.pool.n = 0;
    for (int i = 0; i < NAMES; i++)
        disk.names[i].live = disk.names[i].durable;
    for (size_t i = 0; i < INODES; i++)
        if (disk.inodes[i].used)
            copy(&disk.inodes[i].live, &disk.inodes[i].durable);
}

void disk_backup(void)
{
    for (int i = 0; i < NAMES; i++) {
        disk.backed_up[i] = disk.names[i].live;
        if (disk.names[i].live)
            copy(&disk.backup[i], &disk.names[i].live->live);
    }
    disk.has_backup = true;
}

bool disk_restore(void)
{
    if (!disk.has_backup)
        return false;
    disk_cut(2);
    disk.version++;
    for (int i = 0; i < NAMES; i++) {
        disk.names[i].live = disk.names[i].durable = NULL;
        if (!disk.backed_up[i])
            continue;
        disk.names[i].live = disk.names[i].durable = new_inode();
        copy(&disk.names[i].live->live, &disk.backup[i]);
        copy(&disk.names[i].live->durable, &disk.backup[i]);
    }
    return true;
}

void disk_forget(const char *name)
{
    int at = name_of(name);
    const inode *f = disk.names[at].live;
    size_t kept = 0;

    for (size_t i = 0; i < disk.ops_n; i++) {
        const op *o = &disk.ops[i];

        if ((!f || o->f != f) && !(is_of_names(o) && o->name == at))
            disk.ops[kept++] = *o;
    }
    disk.ops_n = kept;
    disk.names[at].live = disk.names[at].durable = NULL;
}

long disk_version(void)
{
    return disk.version;
}

void disk_show_durable(const char *name, const char *as)
{
    const inode *from = disk.names[name_of(name)].durable;
    int to = name_of(as);

    disk.names[to].live = NULL;
    if (!from)
        return;
    disk.names[to].live = new_inode();
    copy(&disk.names[to].live->live, &from->durable);
}
