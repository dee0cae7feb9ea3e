/* A disk that loses its power: it keeps what a sync has covered apart from what was only written,
 * and writes the folder as it may be found after the cut.
 *
 * Any of the changes since a file's last sync are kept, in their order. Kept writes may be torn at
 * any byte or lack sectors. A file may be longer by bytes that were never written. A name appears,
 * goes or changes for good when its folder is synced; until then any of these changes are kept. A
 * sync of a file does not cover its name. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "disk.h"

enum { SECTOR = 512, UNSEEN = 97 };

struct disk disk;

void die(const char *why, const char *what) {
    dprintf(STDERR_FILENO, "power: %s: %s\n", why, what);
    _exit(UNSEEN);
}

void *memory(void *old, size_t size) {
    void *now = realloc(old, size ? size : 1);
    if (!now) die("no memory", "");
    return now;
}

/* splitmix64 */
uint64_t chance(uint64_t below) {
    uint64_t z = (disk.state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return (z ^ (z >> 31)) % below;
}

static void grow(struct body *body, size_t length, int garbage) {
    if (length > body->room) body->bytes = memory(body->bytes, body->room = length * 2);
    for (; body->length < length; body->length++) body->bytes[body->length] = garbage ? (unsigned char)chance(256) : 0;
}

/* The bytes from `from` to `to` of a write. */
static void put(struct body *body, const struct change *change, size_t from, size_t to, int garbage) {
    if (from >= to) return;
    grow(body, change->at + from, garbage);
    grow(body, change->at + to, 0);
    memcpy(body->bytes + change->at + from, change->bytes + from, to - from);
}

static void apply(struct body *body, const struct change *change, int garbage) {
    if (change->bytes) {
        put(body, change, 0, change->count, garbage);
    } else {
        if (change->at < body->length) body->length = change->at;
        grow(body, change->at, 0);
    }
}

/* A write of which the disk has the beginning, or some sectors. */
static void tear(struct body *body, const struct change *change, int garbage) {
    if (chance(2)) {
        put(body, change, 0, chance(change->count + 1), garbage);
        return;
    }
    for (size_t from = 0; from < change->count;) {
        size_t to = from + SECTOR - (change->at + from) % SECTOR;
        if (to > change->count) to = change->count;
        if (chance(2)) put(body, change, from, to, garbage);
        from = to;
    }
}

static struct body copy_of(const struct body *body) {
    struct body copy = {memory(NULL, body->length), body->length, body->length};
    if (body->length) memcpy(copy.bytes, body->bytes, body->length);
    return copy;
}

/* What a chooser keeps of a list: nothing, everything, the first ones, or any. */
struct chooser {
    uint64_t mode, left, odds;
};

static struct chooser choose(size_t among) {
    struct chooser chooser = {chance(5), chance(among + 1), 2};
    if (chooser.mode == 4) chooser.odds = 8;
    return chooser;
}

static int keeps(struct chooser *chooser) {
    switch (chooser->mode) {
    case 0: return 0;
    case 1: return 1;
    case 2: return chooser->left && chooser->left--;
    default: return chance(chooser->odds) != 0;
    }
}

static struct body after_the_cut(const struct file *file) {
    struct body body = copy_of(&file->synced);
    size_t among = 0;
    for (struct change *change = file->first; change; change = change->next) among++;
    struct chooser chooser = choose(among);
    int garbage = chance(4) == 0;
    for (struct change *change = file->first; change; change = change->next) {
        if (!keeps(&chooser)) {
            /* The length may reach the disk before the bytes do. */
            if (change->bytes && chance(8) == 0) grow(&body, change->at + change->count, garbage);
        } else if (change->bytes && chance(change->next ? 16 : 2) == 0) {
            tear(&body, change, garbage);
        } else {
            apply(&body, change, garbage);
        }
    }
    return body;
}

void sync_file(struct file *file) {
    while (file->first) {
        struct change *change = file->first;
        apply(&file->synced, change, 0);
        file->first = change->next;
        free(change->bytes);
        free(change);
    }
    file->last = &file->first;
}

void set_name(struct name **list, const char *name, struct file *file) {
    for (; *list; list = &(*list)->next) {
        if (strcmp((*list)->name, name) == 0) {
            (*list)->file = file;
            return;
        }
    }
    *list = memory(NULL, sizeof **list);
    memset(*list, 0, sizeof **list);
    strcpy((*list)->name, name);
    (*list)->file = file;
}

static void move(struct name **list, const struct name *move) {
    if (move->before[0]) set_name(list, move->before, NULL);
    set_name(list, move->name, move->file);
}

/* Straight to the kernel: the calls of libc are those of `calls.c`. */
static int open_file(const char *path, int flags) {
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0600);
}

static void write_file(const char *name, const struct body *body) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", disk.image, name);
    int fd = open_file( path, O_WRONLY | O_CREAT | O_TRUNC);
    for (size_t done = 0; done < body->length;) {
        ssize_t wrote = syscall(SYS_pwrite64, fd, body->bytes + done, body->length - done, done);
        if (wrote <= 0) die("cannot write the image", path);
        done += (size_t)wrote;
    }
    if (fd < 0 || close(fd) != 0) die("cannot write the image", path);
}

struct body read_file(int fd) {
    struct body body = {0};
    for (;;) {
        unsigned char bytes[65536];
        ssize_t got = pread(fd, bytes, sizeof bytes, (off_t)body.length);
        if (got < 0) die("cannot read", disk.folder);
        if (got == 0) return body;
        struct change change = {.at = body.length, .count = (size_t)got, .bytes = bytes};
        apply(&body, &change, 0);
    }
}

/* Everything that was seen makes up the files as they are: nothing went past this library. */
static void compare(void) {
    struct name *now = NULL;
    for (struct name *name = disk.names; name; name = name->next) set_name(&now, name->name, name->file);
    for (struct name *each = disk.moves; each; each = each->next) move(&now, each);
    for (struct name *name = now; name; name = name->next) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", disk.folder, name->name);
        int fd = open_file( path, O_RDONLY);
        if ((fd >= 0) != (name->file != NULL)) die("a name changed unseen", path);
        if (!name->file) continue;
        struct body seen = copy_of(&name->file->synced), real = read_file(fd);
        for (struct change *change = name->file->first; change; change = change->next) apply(&seen, change, 0);
        if (seen.length != real.length || (seen.length && memcmp(seen.bytes, real.bytes, seen.length) != 0))
            die("a file changed unseen", path);
        close(fd);
    }
}

void cut(void) {
    compare();
    size_t among = 0;
    for (struct name *each = disk.moves; each; each = each->next) among++;
    struct chooser chooser = choose(among);
    for (struct name *each = disk.moves; each; each = each->next) {
        if (keeps(&chooser)) move(&disk.names, each);
    }
    for (struct name *name = disk.names; name; name = name->next) {
        if (!name->file) continue;
        struct body body = after_the_cut(name->file);
        write_file(name->name, &body);
    }
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

void sync_folder(void) {
    while (disk.moves) {
        struct name *first = disk.moves;
        move(&disk.names, first);
        disk.moves = first->next;
        free(first);
    }
}

struct file *file_at(dev_t device, ino_t inode) {
    struct file *file = disk.files;
    while (file && (file->device != device || file->inode != inode)) file = file->next;
    return file;
}

struct file *add_file(dev_t device, ino_t inode, int log) {
    struct file *file = file_at(device, inode);
    /* The number of a file that is gone was given to a new one. */
    if (file) file->inode = 0;
    file = memory(NULL, sizeof *file);
    *file = (struct file){.next = disk.files, .device = device, .inode = inode, .log = log};
    file->last = &file->first;
    return disk.files = file;
}

void add_change(struct file *file, size_t at, const void *bytes, size_t count) {
    struct change *change = memory(NULL, sizeof *change);
    *change = (struct change){.at = at, .count = count};
    if (bytes) change->bytes = memcpy(memory(NULL, count), bytes, count);
    *file->last = change;
    file->last = &change->next;
}

void add_move(const char *name, const char *before, struct file *file) {
    struct name **last = &disk.moves;
    while (*last) last = &(*last)->next;
    *last = memory(NULL, sizeof **last);
    **last = (struct name){.file = file};
    strcpy((*last)->name, name);
    strcpy((*last)->before, before);
}

struct file *file_named(const char *name) {
    struct file *file = NULL;
    for (struct name *each = disk.names; each; each = each->next)
        if (strcmp(each->name, name) == 0) file = each->file;
    for (struct name *each = disk.moves; each; each = each->next) {
        if (strcmp(each->before, name) == 0) file = NULL;
        if (strcmp(each->name, name) == 0) file = each->file;
    }
    return file;
}
