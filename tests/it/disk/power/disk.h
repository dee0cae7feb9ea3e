/* The disk of `disk.c`, as `calls.c` uses it. */
#pragma once
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Nothing of this stands before a function of the process. */
#pragma GCC visibility push(hidden)

struct body {
    unsigned char *bytes;
    size_t length, room;
};

/* One unsynced change of a file: a write, or a truncation where `bytes` is NULL. */
struct change {
    struct change *next;
    size_t at, count;
    unsigned char *bytes;
};

/* A file, known by its inode; it outlives its names, as on a disk. */
struct file {
    struct file *next;
    dev_t device;
    ino_t inode;
    int log;
    struct body synced;
    struct change *first, **last;
};

/* A name in the folder. In the list of moves: one unsynced change. A rename also takes the name
 * `before` away, at the same moment. */
struct name {
    struct name *next;
    char name[NAME_MAX + 1], before[NAME_MAX + 1];
    struct file *file;
};

struct disk {
    const char *folder, *image;
    struct file *files;
    struct name *names, *moves;
    uint64_t state;
};

extern struct disk disk;

_Noreturn void die(const char *why, const char *what);
void *memory(void *old, size_t size);
uint64_t chance(uint64_t below);
struct body read_file(int fd);
void set_name(struct name **list, const char *name, struct file *file);
struct file *add_file(dev_t device, ino_t inode, int log);
struct file *file_at(dev_t device, ino_t inode);
struct file *file_named(const char *name);
void add_change(struct file *file, size_t at, const void *bytes, size_t count);
void add_move(const char *name, const char *before, struct file *file);
void sync_file(struct file *file);
void sync_folder(void);
_Noreturn void cut(void);

#pragma GCC visibility pop
